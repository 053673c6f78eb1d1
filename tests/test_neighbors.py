"""Occupied sides come from shared walls, street sides from lines without a neighbor.

Both agree with shapely's own buffers.
"""

from collections.abc import Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, scale, translate
from shapely.geometry.base import BaseGeometry

from imagery.crs import meters_per_unit
from imagery.roll.edges import covered_length, edges_of
from imagery.roll.neighbors import COMPASS, sides_of
from imagery.roll.outlines import roofs_of, true_to_scale

CRS = "EPSG:32618"
WEST = 360_000.0
SOUTH = 4_350_000.0
ORIGIN = (WEST, SOUTH)
Shapes = Sequence[BaseGeometry | None]


def box(left: float, bottom: float, right: float, top: float) -> shapely.Polygon:
    """Make a rectangle, in meters from the origin."""
    return shapely.box(WEST + left, SOUTH + bottom, WEST + right, SOUTH + top)


def sides(
    lots: Shapes,
    occupied: Sequence[bool] | None,
    buildings: Shapes | None = None,
    crs: str = CRS,
) -> tuple[str, str]:
    """Return occupied and street sides of the first lot.

    Everything is drawn in UTM and given in `crs`.
    """
    outlines = gpd.GeoSeries(lots, crs=CRS).to_crs(crs)
    houses = None
    if buildings is not None:
        houses = gpd.GeoSeries(buildings, crs=CRS).to_crs(crs)
    lived_in = None
    if occupied is not None:
        lived_in = np.array(occupied)

    found, street = sides_of(outlines, np.array([0]), occupied=lived_in, buildings=houses)
    return found[0], street[0]


ROW = [box(6, 0, 12, 22), box(0, 0, 6, 22), box(12, 0, 18, 22), box(6, 22, 12, 44)]
"""A lot, its neighbors west and east, and the lot behind it: back to back, without an alley."""
HOUSES = [box(6, 0, 12, 12), box(0, 0, 6, 12), box(12, 0, 18, 12), box(6, 32, 12, 44)]


def test_row_house_without_outlines_counts_every_lot_that_adjoins() -> None:
    assert sides(ROW, [False, True, True, True]) == ("E,N,W", "S")
    assert sides(ROW, [True, False, True, False]) == ("E", "S")


def test_back_fence_is_no_wall() -> None:
    assert sides(ROW, [False, True, True, True], HOUSES) == ("E,W", "S")


def test_one_outline_for_the_whole_row_holds_party_walls() -> None:
    rows = [box(0, 0, 18, 12), box(0, 32, 18, 44)]
    assert sides(ROW, [False, True, True, True], rows) == ("E,W", "S")


def test_detached_houses_share_no_wall_though_their_lots_adjoin() -> None:
    houses = [box(7.2, 0, 10.8, 12), box(1.2, 0, 4.8, 12), box(12, 0, 18, 12), HOUSES[3]]
    assert sides(ROW, [False, True, True, True], houses) == ("", "S")


@pytest.mark.parametrize(
    ("depth_m", "gap_m", "expected"),
    [(2.1, 0.0, "W"), (1.9, 0.0, ""), (8.0, 0.2, "W"), (8.0, 0.6, "")],
)
def test_a_wall_must_be_two_meters_long_and_half_a_meter_near(
    depth_m: float, gap_m: float, expected: str
) -> None:
    western = box(0, 12 - depth_m, 6 - gap_m, 20)
    houses = [box(6, 0, 12, 12), western, HOUSES[3]]
    assert sides(ROW, [False, True, False, False], houses)[0] == expected


def test_a_lot_whose_outline_is_not_known_goes_by_its_parcel() -> None:
    assert sides(ROW, [False, True, True, True], [HOUSES[0], HOUSES[2], HOUSES[3]]) == ("E,W", "S")


def test_alley_separates() -> None:
    lots = [box(0, 0, 6, 22), box(0, 26.5, 6, 48.5)]
    assert sides(lots, [False, True]) == ("", "E,N,S,W")


def test_corner_lot_lies_on_two_streets_and_its_alley() -> None:
    assert sides([box(0, 0, 6, 22), box(6, 0, 12, 22)], [False, True]) == ("E", "N,S,W")


def test_short_touch_is_no_neighbor_but_a_street_side_must_be_half_open() -> None:
    assert sides([box(0, 0, 6, 22), box(6, 19, 12, 40)], [False, True]) == ("", "E,N,S,W")
    assert sides([box(0, 0, 6, 22), box(6, 4, 12, 40)], [False, True]) == ("E", "N,S,W")


def test_sliver_between_parcels_is_no_street() -> None:
    lots = [box(0, 0, 6, 22), box(6.3, 0, 12, 22), box(-6, 0, 0.2, 22)]
    assert sides(lots, [False, True, True]) == ("E,W", "N,S")


def test_stacked_parcels_are_no_neighbors() -> None:
    assert sides([box(0, 0, 6, 22), box(0, 0, 6, 22)], [False, True]) == ("", "E,N,S,W")


@pytest.mark.parametrize(
    ("turn", "expected"), [(4, "E,W"), (20, "E,W"), (30, "NE,SW"), (90, "N,S"), (130, "NW,SE")]
)
def test_directions_are_those_of_the_walls(turn: float, expected: str) -> None:
    lots = [rotate(shape, turn, origin=ORIGIN) for shape in ROW]
    houses = [rotate(shape, turn, origin=ORIGIN) for shape in HOUSES]
    assert sides(lots, [False, True, True, True], houses)[0] == expected


@pytest.mark.parametrize("crs", ["EPSG:2248", "EPSG:4326", "EPSG:3857", "EPSG:26985"])
def test_any_crs_says_the_same(crs: str) -> None:
    assert sides(ROW, [False, True, True, True], HOUSES, crs) == ("E,W", "S")

    lots = gpd.GeoSeries(ROW, crs=CRS).to_crs(crs)
    houses = gpd.GeoSeries(HOUSES, crs=CRS).to_crs(4326)
    occupied = np.array([False, True, True, True])
    found, street = sides_of(lots, np.array([0]), occupied=occupied, buildings=houses)
    assert (found, street) == (["E,W"], ["S"])


def test_what_is_not_known_is_unknown() -> None:
    assert sides(ROW, None) == ("U", "S")
    assert sides([None, *ROW], [False] * 5) == ("U", "U")
    assert sides([None], None) == ("U", "U")


def bow_tie(left: float) -> shapely.Polygon:
    """Make an invalid outline of 36 m2 that crosses itself."""
    west = WEST + left
    corners = [(west, SOUTH), (west + 6, SOUTH + 12), (west + 6, SOUTH), (west, SOUTH + 12)]
    return shapely.Polygon(corners)


def test_invalid_and_missing_outlines_do_no_harm() -> None:
    houses = [*HOUSES, None, shapely.Polygon(), bow_tie(0)]
    assert sides(ROW, [False, False, True, False], houses)[0] == "E"


def test_parcel_in_a_hole_has_one_neighbor_all_around() -> None:
    lots = [box(10, 10, 20, 20), box(0, 0, 30, 30) - box(10, 10, 20, 20)]
    assert sides(lots, [False, True]) == ("E,N,S,W", "")


def test_ring_direction_does_not_matter() -> None:
    reverse = [shapely.reverse(shape) for shape in ROW]
    assert sides(reverse, [False, True, True, True], HOUSES) == ("E,W", "S")

    edges = edges_of(np.array([ROW[0], shapely.reverse(ROW[0])], dtype=object))
    middles = edges.start + edges.along * edges.length[:, None] / 2
    outside = middles + edges.outward * 0.1
    assert set(edges.owner) == {0, 1}
    assert not shapely.contains_xy(ROW[0], *outside.T).any()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(0, 12)), max_size=30))
def test_covered_length_is_that_of_the_union(intervals: list[tuple[int, int, int]]) -> None:
    table = np.array(intervals, dtype=int).reshape(-1, 3)
    starts = table[:, 1].astype(float)
    ends = starts + table[:, 2]

    covered = covered_length(table[:, 0], starts, ends, 4)

    cells: list[set[int]] = [set() for _ in range(4)]
    for group, start, length in intervals:
        cells[group].update(range(start, start + length))
    assert covered == pytest.approx([len(group) for group in cells])


def faces(house: BaseGeometry, other: BaseGeometry) -> bool:
    """Tell by shapely's own buffers whether two houses share a wall."""
    wall = house.buffer(0.05).intersection(other.boundary)
    return bool(wall.length > 2)


def direction(lot: BaseGeometry, other: BaseGeometry) -> str:
    """Return the point of the compass at which another lot lies."""
    offset = np.array(other.centroid.coords[0]) - np.array(lot.centroid.coords[0])
    return COMPASS[round(np.degrees(np.arctan2(*offset)) / 45) % 8]


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(-180, 180))
def test_agrees_with_buffers_on_a_street_of_random_lots(seed: int, turn: float) -> None:
    """Shapely's buffers and intersections, lot by lot, find the same walls."""
    rng = np.random.default_rng(seed)
    lots = []
    houses = []
    for left, right in pairwise(np.cumsum(rng.uniform(4, 9, 9))):
        lot = box(left, 0, right, 22)
        gaps = rng.choice([0, 0, 1.5], 2)
        house = box(left + gaps[0], 0, right - gaps[1], rng.uniform(6, 16))
        lots.append(rotate(lot, turn, origin=ORIGIN))
        houses.append(rotate(house, turn, origin=ORIGIN))
    occupied = rng.random(8) < 0.6

    found, _ = sides_of(
        gpd.GeoSeries(lots, crs=CRS),
        np.arange(8),
        occupied=occupied.astype(np.int8),
        buildings=gpd.GeoSeries(houses, crs=CRS),
    )

    for place, names in enumerate(found):
        expected = set()
        for other in (place - 1, place + 1):
            if 0 <= other < 8 and occupied[other] and faces(houses[place], houses[other]):
                expected.add(direction(lots[place], lots[other]))
        assert set(filter(None, names.split(","))) == expected


def test_roofs_are_parcels_cut_to_their_buildings() -> None:
    row = box(-10, 0, 30, 12)
    sheds = [box(6, 18, 9, 20), box(9, 18, 12, 20)]
    grazing = box(11, 21.5, 13, 22.5)
    tie = bow_tie(40)
    lots = gpd.GeoSeries([ROW[0], ROW[3], None, box(40, 0, 46, 22)], index=[5, 6, 7, 8], crs=CRS)

    roofs = roofs_of(lots, gpd.GeoSeries([row, *sheds, grazing, tie, None], crs=CRS))

    assert list(roofs.index) == [5, 6, 7, 8]
    assert roofs.iloc[0].equals(ROW[0] & shapely.union_all([row, *sheds, grazing]))
    assert roofs.iloc[1].equals(ROW[3]), "half a square meter grazes it"
    assert roofs.iloc[2] is None
    assert roofs.iloc[3].area == pytest.approx(36)


def test_roofs_come_back_in_the_crs_of_the_parcels() -> None:
    lots = gpd.GeoSeries(ROW, crs=CRS)
    houses = gpd.GeoSeries(HOUSES, crs=CRS)

    near = roofs_of(lots, houses.to_crs(4326))

    assert near.crs == lots.crs
    expected = roofs_of(lots, houses)
    assert shapely.hausdorff_distance(near.to_numpy(), expected.to_numpy()).max() < 1e-3


def test_units_and_scale() -> None:
    lots = gpd.GeoSeries(ROW, crs=CRS)
    assert meters_per_unit(lots.to_crs(2248).crs) == pytest.approx(1200 / 3937)
    for crs, kept in ((2248, True), (26985, True), (3857, False), (4326, False)):
        shapes, unit_m = true_to_scale(lots.to_crs(crs))
        assert (shapes.crs.to_epsg() == crs) is kept
        assert shapes.area.iloc[0] * unit_m**2 == pytest.approx(132, rel=0.003)


def test_moving_a_city_changes_nothing() -> None:
    moved = [translate(scale(shape, origin=ORIGIN), 1234.5, -987.6) for shape in ROW]
    assert sides(moved, [False, True, True, True]) == sides(ROW, [False, True, True, True])


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(-180, 180))
def test_roofs_agree_with_plain_intersections(seed: int, turn: float) -> None:
    """What is left of each lot is its intersection with all buildings together.

    Lots and houses lie anyhow, and turned.
    """
    rng = np.random.default_rng(seed)
    shapes = [box(6 * place, 0, 6 * place + 6, 22) for place in range(5)]
    for left, low in rng.uniform(-5, 28, (7, 2)):
        width_m, height_m = rng.uniform(0.5, 14, 2)
        shapes.append(box(left, low, left + width_m, low + height_m))
    turned = gpd.GeoSeries([rotate(shape, turn, origin=ORIGIN) for shape in shapes], crs=CRS)
    lots = turned.iloc[:5]
    houses = turned.iloc[5:]

    roofs = roofs_of(lots, houses)

    union = shapely.union_all(houses.to_numpy())
    for lot, roof in zip(lots, roofs, strict=True):
        covered_m2 = (lot & union).area
        expected_m2 = covered_m2 if covered_m2 > 4 else lot.area
        if abs(covered_m2 - 4) > 0.5:
            assert roof.area == pytest.approx(expected_m2, abs=0.3)
