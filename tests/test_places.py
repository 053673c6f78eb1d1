"""Places: strays change no chip, an impossible CRS is refused, scale is that of the ground."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from cities import LEFT, TOP, CityBuilder, RasterWriter, Roofwatch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from imagery.chips.laying import lay_grids
from imagery.chips.plan import plan_cuts
from imagery.chips.tasks import CutSettings, ParcelCut
from imagery.chips.tiling import metric_crs, roof_shapes
from imagery.crs import ground_meters_per_unit
from imagery.flyover.flyover import open_flyover
from imagery.flyover.tiles import Tile
from imagery.roll.declared import Layer
from imagery.roll.lots import clean_outlines
from imagery.roll.notices import Notices
from imagery.roll.parcels import VacantRoll, join_roll

LOCAL = (
    'ENGCRS["Site grid",EDATUM["Site"],CS[Cartesian,2],AXIS["x",east,ORDER[1]],'
    'AXIS["y",north,ORDER[2]],LENGTHUNIT["metre",1]]'
)
TEXTS = ("address", "block", "neighborhood", "fire_district", "inspection_district")


def degrees_of_lots() -> gpd.GeoSeries:
    """Return six lots of 6 x 12 m side by side, in degrees."""
    boxes = [shapely.box(LEFT + 6 * n, TOP - 20, LEFT + 6 * n + 6, TOP - 8) for n in range(6)]
    return gpd.GeoSeries(boxes, crs=32618).to_crs(4326)


def roll_of(shapes: gpd.GeoSeries) -> VacantRoll:
    """Return the roll of vacants "0", "1", ... with these parcels."""
    ids = [str(number) for number in range(len(shapes))]
    lots = gpd.GeoDataFrame({"parcel_id": ids, "occupied": 0}, geometry=shapes, crs=shapes.crs)
    for column in TEXTS:
        lots[column] = ""
    layer = Layer(section="parcels", file="parcels.gpkg", crs=CRS(shapes.crs))
    notices = pd.DataFrame({"row": range(2, len(ids) + 2), "raw": ids, "notice_date": None})
    notices = notices.assign(lon=np.nan, lat=np.nan, point_fault="", is_partial=False)
    read = Notices(table=notices)
    return join_roll(clean_outlines(lots, layer), read, None, occupancy=False)


def cuts_of(roll: VacantRoll, tiles: tuple[Tile, ...]) -> dict[str, ParcelCut]:
    """Return everything that the bytes of each chip depend on, by parcel."""
    shapes, crs = roof_shapes(roll, None)
    cut = CutSettings(gsd_m=0.5, margin_m=2, max_side_m=120, metric_crs=crs.to_wkt())
    ids = roll.table["parcel_id"].to_numpy(dtype=object)
    plan = plan_cuts(ids, shapes, tiles, cut)
    return {parcel.parcel_id: parcel for task in plan.tasks for parcel in task.parcels}


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory, write_raster: RasterWriter) -> tuple[Tile, ...]:
    """Return the header of one tile under the six lots."""
    path = tmp_path_factory.mktemp("tiles") / "tile.tif"
    write_raster(path, np.full((3, 128, 128), 90, np.uint8))
    return open_flyover(2023, (str(path),)).tiles


far_lon = st.floats(-180, 179.9).filter(lambda lon: abs(lon + 76.6) > 3)
stray = st.tuples(far_lon, st.floats(-80, 80), st.floats(1e-6, 0.5))


@settings(max_examples=30)
@given(strays=st.lists(stray, min_size=1, max_size=3))
def test_strays_change_no_other_chip(
    tiles: tuple[Tile, ...], strays: list[tuple[float, float, float]]
) -> None:
    """Wherever stray parcels lie, all others are cut from the same pixels by the same grid."""
    lots = degrees_of_lots()
    boxes = [shapely.box(lon, lat, lon + side, lat + side) for lon, lat, side in strays]
    before = cuts_of(roll_of(lots), tiles)
    roll = roll_of(gpd.GeoSeries([*lots, *boxes], crs=4326))

    assert len(before) == 6
    assert cuts_of(roll, tiles) == before
    names = [str(number) for number in range(6, 6 + len(strays))]
    assert roll.table.set_index("parcel_id").geometry[names].isna().all()
    assert [trouble.total for trouble in roll.troubles] == [len(strays)]
    assert "km from the other parcels" in roll.troubles[0].line


def test_zone_of_most() -> None:
    """The zone is that of most vacants, though the middle of all bounds is in another one."""
    lots = degrees_of_lots()
    near = shapely.box(-78.9, 39.2, -78.8999, 39.2001)
    roll = roll_of(gpd.GeoSeries([*lots, near], crs=4326))
    assert metric_crs(roll).to_epsg() == 32618


@pytest.mark.parametrize("latitude", [0.0, 45.0, 52.5, 60.0, -45.0])
@pytest.mark.parametrize("code", [3857, 4326, 3395])
def test_ground_scale(code: int, latitude: float) -> None:
    """A unit has the meters that the ellipsoid has there, by an independent measure."""
    to_crs = Transformer.from_crs(4326, code, always_xy=True)
    x, y = to_crs.transform(10.0, latitude)
    side = 100 if code != 4326 else 1e-3
    ring = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    from_crs = Transformer.from_crs(code, 4326, always_xy=True)
    lon, lat = from_crs.transform(*np.array(ring).T)
    area_m2 = abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0])

    found = ground_meters_per_unit(CRS(code).to_wkt(), x, y)
    assert found == pytest.approx(np.sqrt(area_m2) / side, rel=1e-4)


@pytest.mark.parametrize("code", [3857, 4326])
@pytest.mark.parametrize("latitude", [45.0, 60.0])
def test_gsd_on_the_ground(
    tmp_path: Path, write_raster: RasterWriter, code: int, latitude: float
) -> None:
    """A tile of Web Mercator or degrees has the pixels that the ground shows, in meters."""
    x, y = Transformer.from_crs(4326, code, always_xy=True).transform(-100.0, latitude)
    pixel = 0.2 if code == 3857 else 2e-6
    path = write_raster(
        tmp_path / "t.tif", np.full((3, 64, 64), 90, np.uint8), left=x, top=y, gsd=pixel,
        crs=f"EPSG:{code}",
    )  # fmt: skip
    tile = open_flyover(2023, (str(path),)).tiles[0]

    back = Transformer.from_crs(code, 4326, always_xy=True)
    lon, lat = back.transform(*np.array(tile.corners).T)
    area_m2 = abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0])
    assert tile.gsd_m == pytest.approx(np.sqrt(area_m2) / 64, rel=1e-4)


def test_far_parts() -> None:
    """What a chip has no room for is counted; the largest part is shown if that is more."""
    house = shapely.box(0, 0, 10, 10)
    shed = shapely.box(300, 0, 302, 1)
    long = shapely.box(0, 0, 200, 10)
    twins = shapely.union_all([house, shapely.box(300, 0, 310, 10)])
    shapes = np.array([house, shapely.union_all([house, shed]), long, twins], dtype=object)

    laid = lay_grids(shapes, gsd_m=0.5, margin_m=2, max_side_m=120)

    assert laid.inside_shares[:3] == pytest.approx([1, 100 / 102, 0.6])
    assert laid.inside_shares[3] == pytest.approx(0.5)
    assert (laid.grids.widths[:2] == 28).all() and laid.grids.widths[2] == 240


def test_slivers_hold_no_roof(tiles: tuple[Tile, ...]) -> None:
    """Less ground than a roof needs is `no_roof_area`, no chip."""
    sliver = shapely.box(LEFT, TOP - 20, LEFT + 0.002, TOP - 19.998)
    lots = gpd.GeoSeries([sliver, shapely.box(LEFT, TOP - 20, LEFT + 6, TOP - 8)], crs=32618)
    cut = CutSettings(
        gsd_m=0.5, margin_m=2, max_side_m=120, metric_crs=CRS(32618).to_wkt(), min_roof_m2=4
    )
    plan = plan_cuts(np.array(["0", "1"], dtype=object), lots, tiles, cut)
    assert plan.absent == (("0", "no_roof_area"),)


def add_footprints(city: Path, shapes: gpd.GeoSeries) -> None:
    """Write building outlines and name them in the city file."""
    gpd.GeoDataFrame(geometry=shapes).to_file(city.parent / "houses.gpkg")
    section = '[footprints]\npath = "houses.gpkg"\n\n[labels]'
    city.write_text(city.read_text().replace("[labels]", section, 1))


def houses_at(east_m: float) -> gpd.GeoSeries:
    """Return outlines that cover the city, moved to the east."""
    whole = shapely.box(LEFT - 50, TOP - 114, LEFT + 114, TOP + 50)
    return gpd.GeoSeries([whole], crs=32618).translate(east_m, 0)


OUTLINES = {
    "elsewhere": (houses_at(50_000), "houses.gpkg: vacants without a building outline", "50.0 km"),
    "points": (houses_at(0).centroid, "houses.gpkg holds no building outline: 1 x a point", ""),
    "empty": (houses_at(0)[:0], "houses.gpkg holds no row", ""),
    "local": (houses_at(0).set_crs(LOCAL, allow_override=True), "local CRS (Site grid)", ""),
    "degrees": (
        houses_at(0).set_crs(4326, allow_override=True),
        "declares the CRS WGS 84",
        "look like projected numbers",
    ),
}


@pytest.mark.parametrize("kind", OUTLINES)
def test_outlines_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, kind: str
) -> None:
    """Outlines that are not those of the city stop check and tile in one line each."""
    shapes, what, more = OUTLINES[kind]
    city = tiny_city(tmp_path / "city")
    add_footprints(city, shapes)

    for stage in ("check", "tile"):
        ran = roofwatch(stage, city, "--year", 2023, "--executor", "serial", "--quiet")
        assert ran.code == 3, ran.out
        lines = [line for line in (ran.out + ran.err).splitlines() if what in line]
        assert len(lines) == 1 and more in lines[0]


def test_good_outlines_go(tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch) -> None:
    """The remedy leads to GO: outlines of the city, with one stray far away that is named."""
    city = tiny_city(tmp_path / "city")
    stray_house = houses_at(2_000_000)
    add_footprints(city, gpd.GeoSeries([*houses_at(0), *stray_house], crs=32618))

    ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")

    assert ran.code == 0 and ran.answer["verdict"] == "GO"
    assert any("more than 300 km from the vacants" in line for line in ran.texts("warnings"))


def notices_by_place(city: Path, points: gpd.GeoSeries) -> None:
    """Let the list of notices hold points alone."""
    degrees = points.to_crs(4326)
    table = pd.DataFrame({"lon": degrees.x, "lat": degrees.y})
    table.to_csv(city.parent / "vacant.csv", index=False)
    old = 'id = "parcel_id"\nnotice_date = "notice_date"'
    city.write_text(city.read_text().replace(old, 'lon = "lat"\nlat = "lon"', 1))


def test_swapped_notices(tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch) -> None:
    """Latitude in place of longitude is recognized; the remedy leads to GO."""
    city = tiny_city(tmp_path / "city")
    lots = gpd.read_file(city.parent / "parcels.gpkg")
    notices_by_place(city, lots.representative_point())

    ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")
    assert ran.code == 3
    fixes = [line for line in ran.texts("fixes") if "latitude and longitude are swapped" in line]
    assert len(fixes) == 1

    city.write_text(
        city.read_text().replace('lon = "lat"\nlat = "lon"', 'lon = "lon"\nlat = "lat"')
    )
    assert roofwatch("check", city, "--year", 2023, "--quiet").code == 0


NUMBERS = {
    "degrees called feet": (4326, 2248, "look like degrees"),
    "feet called degrees": (2248, 4326, "look like projected numbers"),
    "meters called degrees": (32618, 4326, "look like projected numbers"),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_another_crs(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, kind: str
) -> None:
    """Numbers that cannot be in the declared CRS are recognized for parcels and tiles."""
    true, declared, said = NUMBERS[kind]
    city = tiny_city(tmp_path / "city")
    lots = gpd.read_file(city.parent / "parcels.gpkg").to_crs(true)
    (city.parent / "parcels.gpkg").unlink()
    lots.set_crs(declared, allow_override=True).to_file(city.parent / "parcels.gpkg")

    ran = roofwatch("check", city, "--year", 2023, "--quiet")
    assert ran.code == 3
    assert "[parcels] path: parcels.gpkg declares the CRS" in ran.error and said in ran.error


def test_old_datum(tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch) -> None:
    """NAD27 parcels on WGS 84 imagery agree to meters only; NAD83 and WGS 84 count as one."""
    city = tiny_city(tmp_path / "city")
    lots = gpd.read_file(city.parent / "parcels.gpkg")

    found = {}
    for code in (26718, 26918, 2248, 3857):
        (city.parent / "parcels.gpkg").unlink()
        lots.to_crs(code).to_file(city.parent / "parcels.gpkg")
        ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")
        found[code] = ran.texts("fixes")

    assert [code for code, fixes in found.items() if fixes] == [26718]
    (line,) = found[26718]
    assert "NAD27 to WGS 84" in line and "want 2.0 m" in line and "pyproj sync --file" in line


def test_few_bad_vacants_are_named(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    """A sliver and a parcel beyond the imagery are named with size and distance; check says GO."""
    city = tiny_city(tmp_path / "city")
    lots = gpd.read_file(city.parent / "parcels.gpkg")
    shapes = lots.geometry.to_numpy().copy()
    shapes[0] = shapely.box(LEFT, TOP - 20, LEFT + 0.002, TOP - 19.998)
    shapes[1] = shapely.box(LEFT + 9000, TOP - 20, LEFT + 9010, TOP - 10)
    (city.parent / "parcels.gpkg").unlink()
    lots.set_geometry(gpd.GeoSeries(shapes, crs=lots.crs)).to_file(city.parent / "parcels.gpkg")

    ran = roofwatch("check", city, "--year", 2023, "--json", "--quiet")

    assert ran.code == 0
    first, second = lots["parcel_id"].iloc[:2]
    notes = ran.texts("warnings")
    assert any(f"min_roof_m2: 1: '{first}' (4e-06 m2)" in note for note in notes)
    assert any(f"farthest from any tile: '{second}' 8," in note for note in notes)
