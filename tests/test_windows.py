"""Chip grids: the long side lies along x, nothing is mirrored, the parcel is inside."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from imagery.chips.affine import pixel_to_xy, xy_to_pixel
from imagery.chips.grids import ChipGrid, chip_grids, draw_mask

LEFT = 360_000.0
TOP = 4_350_000.0


@st.composite
def lots(draw: st.DrawFn) -> shapely.Polygon:
    """A turned rectangle somewhere in a UTM zone, clearly longer than wide."""
    width_m = draw(st.floats(4, 15))
    length_m = width_m * draw(st.floats(1.2, 6))
    west = draw(st.floats(200_000, 800_000))
    south = draw(st.floats(1e6, 8e6))
    box = shapely.box(west, south, west + length_m, south + width_m)

    turned = rotate(box, draw(st.floats(-180, 180)))
    assert isinstance(turned, shapely.Polygon)
    return turned


def grid_of(
    shape: BaseGeometry, gsd_m: float = 0.25, margin_m: float = 3.0, max_side_m: float = 200.0
) -> ChipGrid:
    """Lay a grid over one parcel."""
    shapes = np.array([shape], dtype=object)
    return chip_grids(shapes, gsd_m=gsd_m, margin_m=margin_m, max_side_m=max_side_m)[0]


def test_worked_example() -> None:
    """A lot of 12 x 6 m, 2 m around it at 0.5 m: 32 x 20 pixels from its north-west corner."""
    lot = shapely.box(LEFT, TOP - 6, LEFT + 12, TOP)

    grid = grid_of(lot, gsd_m=0.5, margin_m=2, max_side_m=100)
    mask = draw_mask(lot, grid)

    assert (grid.height, grid.width) == (20, 32)
    assert grid.transform == pytest.approx((0.5, 0, LEFT - 2, 0, -0.5, TOP + 2))
    expected = np.zeros((20, 32), bool)
    expected[4:16, 4:28] = True
    assert (mask ^ expected).sum() <= 24 + 12 + 1  # one seam of pixels may fall either way
    assert mask[4:16, 4:28].all()


def test_upright_lot_is_turned_by_a_quarter() -> None:
    """A lot of 6 x 12 m gives the same shape; its long side runs along the columns."""
    lot = shapely.box(LEFT, TOP - 12, LEFT + 6, TOP)

    grid = grid_of(lot, gsd_m=0.5, margin_m=2, max_side_m=100)

    assert (grid.height, grid.width) == (20, 32)
    a, _, _, d, _, _ = grid.transform
    assert (abs(a), abs(d)) == pytest.approx((0, 0.5), abs=1e-9)


def test_long_sides_are_cut_around_the_center() -> None:
    """A chip is never longer than max_side_m."""
    lot = shapely.box(LEFT, TOP - 6, LEFT + 300, TOP)

    grid = grid_of(lot, gsd_m=0.5, margin_m=2, max_side_m=40)

    assert (grid.height, grid.width) == (20, 80)
    assert grid.corners.mean(axis=0) == pytest.approx((LEFT + 150, TOP - 3))


@given(lots())
def test_long_side_lies_along_x(lot: shapely.Polygon) -> None:
    """The columns run along the longest side of the lot."""
    grid = grid_of(lot)
    assert grid.width >= grid.height

    ends = np.asarray(lot.exterior.coords)
    sides = np.diff(ends, axis=0)
    longest = sides[np.hypot(*sides.T).argmax()]
    a, _, _, d, _, _ = grid.transform
    sine = abs(a * longest[1] - d * longest[0]) / math.hypot(a, d) / math.hypot(*longest)
    assert sine < 1e-3


@given(lots(), st.floats(0.05, 1.0))
def test_no_mirror_and_square_pixels(lot: shapely.Polygon, gsd_m: float) -> None:
    """Rows run to the right of columns as in a north-up image, and pixels are square."""
    a, b, _, d, e, _ = grid_of(lot, gsd_m).transform
    assert a * e - b * d == pytest.approx(-(gsd_m**2))
    assert math.hypot(a, d) == pytest.approx(gsd_m)
    assert a * b + d * e == pytest.approx(0, abs=1e-9)
    assert a >= -1e-9  # within a quarter turn of east


@given(
    lots(), st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=1, max_size=5)
)
def test_pixel_to_xy_and_back(lot: shapely.Polygon, places: list[tuple[float, float]]) -> None:
    """One undoes the other."""
    transform = grid_of(lot).transform
    there = pixel_to_xy(transform, np.array(places))
    np.testing.assert_allclose(xy_to_pixel(transform, there), places, atol=1e-4)


@given(lots(), st.floats(0, 5))
def test_lot_and_margin_are_inside(lot: shapely.Polygon, margin_m: float) -> None:
    """Every corner keeps its margin to the edge of the chip."""
    grid = grid_of(lot, 0.25, margin_m)
    pixels = xy_to_pixel(grid.transform, np.asarray(lot.exterior.coords))
    margin_px = margin_m / 0.25 - 2e-2  # 5 mm: the box around a lot is rounded at 6,000 km
    assert (pixels >= margin_px).all()
    assert (pixels <= np.array([grid.width, grid.height]) - margin_px).all()


@given(lots())
def test_mask_area_is_the_lots(lot: shapely.Polygon) -> None:
    """The mask covers the lot, give or take a pixel along its edge."""
    grid = grid_of(lot)
    assert abs(draw_mask(lot, grid).sum() * 0.25**2 - lot.area) <= 0.25 * lot.length


def test_holes_are_left_out() -> None:
    """A courtyard is not roof."""
    outer = shapely.box(LEFT, TOP - 10, LEFT + 20, TOP)
    lot = outer.difference(shapely.box(LEFT + 5, TOP - 8, LEFT + 15, TOP - 2))
    mask = draw_mask(lot, grid_of(lot, 0.5, 0))
    assert mask.shape == (20, 40)
    assert not mask[6:14, 12:28].any()
    assert mask[:3].all()
    assert mask[:, :8].all()


def test_all_parts_are_drawn() -> None:
    """Two buildings on one lot are both roof, the yard between them is not."""
    west = shapely.box(LEFT, TOP - 8, LEFT + 6, TOP)
    east = shapely.box(LEFT + 14, TOP - 8, LEFT + 20, TOP)
    lot = shapely.MultiPolygon([west, east])

    mask = draw_mask(lot, grid_of(lot, gsd_m=0.5, margin_m=0, max_side_m=100))
    assert mask.shape == (16, 40)
    assert mask[:, :11].all()
    assert mask[:, 29:].all()
    assert not mask[:, 14:27].any()


def test_a_speck_still_has_a_pixel() -> None:
    """A lot smaller than a pixel has a mask."""
    speck = shapely.Point(LEFT, TOP).buffer(0.01)
    assert draw_mask(speck, grid_of(speck, 1.0, 2.0)).sum() >= 1
