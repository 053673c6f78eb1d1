"""Displaced tiles are found to half a pixel, moved back or set aside.

Tiles in the right place are left alone.
"""

import json
from itertools import product
from pathlib import Path

import cv2
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from cities import Roofwatch, write_raster
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from imagery.chips.registration import TileShift, displaced, move_back
from imagery.chips.store import open_store
from imagery.flyover.headers import read_header
from imagery.flyover.tiles import Tile

METRIC = "EPSG:32618"
FEET = "EPSG:2248"
GSD_M = 0.25
SIDE_PX = 256
LEFT = 360_000.0
TOP = 4_350_000.0
ROWS = 4
COLUMNS = 16
ROOF_STEP_PX = (62, 32)
"""Rows and columns from one roof to the next."""
ROOF_START_PX = (8, 6)
"""Row and column where the first roof begins."""
ROOF_PX = (48, 20)
"""Height and width of a roof."""
TRUE_SHIFT_M = (1.37, -0.88)
"""How far east and north the second tile of 2024 is delivered."""
TILE_2024 = ("--year", 2024, "--executor", "serial", "--quiet", "--json")
CITY_TOML = f"""
[city]
name = "Town"
workspace = "workspace"

[parcels]
path = "parcels.gpkg"
id = "parcel_id"

[vacant]
path = "vacant.csv"
id = "parcel_id"

[[flyover]]
year = 2023
path = "2023"
date = "2023-03-01"

[[flyover]]
year = 2024
path = "2024"
date = "2024-03-01"

[model]
gsd_m = {GSD_M}
margin_m = 3

[tile]
"""


def draw_town(seed: int) -> NDArray[np.uint8]:
    """Return a picture of two tiles of roofs side by side, (H, W, 3).

    Roofs have the same places every year. Their colors change a little, the light much.
    """
    town = np.random.default_rng(7)
    light = np.random.default_rng(seed)
    shape = (SIDE_PX, 2 * SIDE_PX)
    picture = np.full((*shape, 3), 110, np.float64) + town.normal(0, 3, (*shape, 1))

    for y, x in roof_places():
        gray = town.integers(50, 210) + light.integers(-25, 25)
        picture[y : y + ROOF_PX[0], x : x + ROOF_PX[1]] = gray
        hatch_y = y + town.integers(4, 40)
        hatch_x = x + town.integers(2, 14)
        picture[hatch_y : hatch_y + 5, hatch_x : hatch_x + 5] = town.integers(0, 255)

    bright = 0.7 + 0.5 * light.random()
    blurred = cv2.GaussianBlur(picture * bright, (0, 0), 0.7)
    noise = light.normal(0, 4, picture.shape)
    return np.clip(blurred + noise, 1, 255).astype(np.uint8)


def roof_places() -> list[tuple[int, int]]:
    """Return the row and column at which each roof begins."""
    places = []
    for row, column in product(range(ROWS), range(COLUMNS)):
        y = ROOF_START_PX[0] + ROOF_STEP_PX[0] * row
        x = ROOF_START_PX[1] + ROOF_STEP_PX[1] * column
        places.append((y, x))
    return places


def write_year(folder: Path, seed: int, shift_m: tuple[float, float]) -> None:
    """Write two tiles; the second is delivered with a shift to the east and north."""
    picture = draw_town(seed).transpose(2, 0, 1)
    west = picture[:, :, :SIDE_PX]
    east = picture[:, :, SIDE_PX:]

    write_raster(folder / "tile_0.tif", west, left=LEFT, top=TOP, gsd=GSD_M, crs=METRIC)
    left = LEFT + SIDE_PX * GSD_M + shift_m[0]
    top = TOP + shift_m[1]
    write_raster(folder / "tile_1.tif", east, left=left, top=top, gsd=GSD_M, crs=METRIC)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A town of two flyovers, the second with a displaced tile."""
    write_year(tmp_path / "2023", 1, (0.0, 0.0))
    write_year(tmp_path / "2024", 2, TRUE_SHIFT_M)

    height, width = ROOF_PX
    lots = []
    for y, x in roof_places():
        west = LEFT + x * GSD_M
        north = TOP - y * GSD_M
        lots.append(shapely.box(west, north - height * GSD_M, west + width * GSD_M, north))
    ids = [f"{number:03d}" for number in range(len(lots))]
    parcels = gpd.GeoDataFrame({"parcel_id": ids}, geometry=lots, crs=METRIC)
    parcels.to_file(tmp_path / "parcels.gpkg")
    pd.DataFrame({"parcel_id": ids}).to_csv(tmp_path / "vacant.csv", index=False)

    path = tmp_path / "city.toml"
    path.write_text(CITY_TOML)
    return path


def add_to_tile_settings(city: Path, line: str) -> None:
    """Add a line to [tile], the last table of the city file."""
    city.write_text(f"{CITY_TOML}{line}\n")


def year_folder(city: Path, year: int) -> Path:
    """Return the folder of a year in the workspace."""
    return city.parent / "workspace" / str(year)


def shifts_of(city: Path, year: int) -> dict[str, tuple[float | None, float | None]]:
    """Return the measured shifts east and north, meters, by tile."""
    facts = json.loads((year_folder(city, year) / "registration.json").read_text())
    return {shift["tile"]: (shift["east_m"], shift["north_m"]) for shift in facts["tiles"]}


def lengths_of(city: Path, year: int) -> list[float]:
    """Return the lengths of all shifts that could be measured, meters."""
    shifts = shifts_of(city, year).values()
    return [float(np.hypot(east, north or 0)) for east, north in shifts if east is not None]


def test_displaced_tile_is_found_and_laid_back(city: Path, roofwatch: Roofwatch) -> None:
    """The shift is right to half a pixel, and the other tiles raise no alarm."""
    ran = roofwatch("tile", city, *TILE_2024)

    assert ran.code == 0, ran.err
    (line,) = ran.texts("displaced_tiles")
    assert line.startswith("tile_1.tif is displaced 1.3")
    assert "laid where it belongs" in line

    shifts = shifts_of(city, 2024)
    measured = np.array(shifts["tile_1.tif"], float)
    assert measured == pytest.approx(np.array(TRUE_SHIFT_M), abs=GSD_M / 2)
    assert np.hypot(*np.array(shifts["tile_0.tif"], float)) < GSD_M / 2
    assert all(length_m < 0.5 for length_m in lengths_of(city, 2023))

    # The chips come from the true place.
    first_year = open_store(year_folder(city, 2023) / "chips")
    second_year = open_store(year_folder(city, 2024) / "chips")
    for parcel_id in ("009", "012", "030", "062"):
        before = first_year.read(parcel_id)
        after = second_year.read(parcel_id)
        assert before is not None and after is not None
        grays = [chip.pixels[:, chip.mask].mean(axis=0).ravel() for chip in (before, after)]
        assert np.corrcoef(*grays)[0, 1] > 0.7


def test_check_names_the_tile(city: Path, roofwatch: Roofwatch) -> None:
    """Headers alone do not show it; --pixels names the tile."""
    headers = roofwatch("check", city, "--year", 2024, "--quiet", "--json")
    assert headers.answer["displaced_tiles"] == []
    assert not (year_folder(city, 2024) / "chips").exists()

    pixels = roofwatch("check", city, "--pixels", *TILE_2024)
    (line,) = pixels.texts("displaced_tiles")
    assert line.split()[0] == "tile_1.tif"
    assert "tile_1.tif" in (year_folder(city, 2024) / "check.html").read_text()


def test_quarantine(city: Path, roofwatch: Roofwatch) -> None:
    """On demand the parcels of a displaced tile are not assessed, and the reason is given."""
    add_to_tile_settings(city, 'registration = "quarantine"')

    roofwatch("tile", city, *TILE_2024)

    manifest = open_store(year_folder(city, 2024) / "chips").manifest
    reasons = manifest.groupby("tiles")["reason"].unique().map(set).to_dict()
    assert reasons["tile_0.tif"] == {""}
    assert reasons["tile_1.tif"] == {"tile_shifted"}


@pytest.mark.parametrize("line", ['registration = "off"', "max_shift = 0.9"])
def test_nothing_is_done_on_demand(city: Path, roofwatch: Roofwatch, line: str) -> None:
    """Switched off, or with a wide limit, tiles stay where they are."""
    add_to_tile_settings(city, line)
    ran = roofwatch("tile", city, *TILE_2024)
    assert ran.answer["displaced_tiles"] == []


def test_another_limit_needs_no_other_measurement(city: Path, roofwatch: Roofwatch) -> None:
    """A limit that is widened later leaves the tile as delivered; a narrow one moves it back."""
    chips = year_folder(city, 2024) / "chips"
    measured = year_folder(city, 2024) / "registration.json"
    narrow = city.read_text()

    assert len(roofwatch("tile", city, *TILE_2024).texts("displaced_tiles")) == 1
    before = measured.stat().st_mtime_ns
    moved_back = open_store(chips).read("012")

    add_to_tile_settings(city, "max_shift = 0.9")
    assert roofwatch("tile", city, *TILE_2024).answer["displaced_tiles"] == []
    delivered = open_store(chips).read("012")

    city.write_text(narrow)
    assert len(roofwatch("tile", city, *TILE_2024).texts("displaced_tiles")) == 1
    again = open_store(chips).read("012")

    assert moved_back is not None and delivered is not None and again is not None
    assert not np.array_equal(moved_back.pixels, delivered.pixels)
    np.testing.assert_array_equal(moved_back.pixels, again.pixels)
    assert measured.stat().st_mtime_ns == before


def test_noise_is_no_shift(city: Path, roofwatch: Roofwatch) -> None:
    """A year unlike the one before, and unlike the outlines, moves nothing."""
    for number in (0, 1):
        rng = np.random.default_rng(number)
        noise = rng.integers(1, 255, (3, SIDE_PX, SIDE_PX)).astype(np.uint8)
        with rasterio.open(city.parent / "2024" / f"tile_{number}.tif", "r+") as target:
            target.write(noise)

    ran = roofwatch("tile", city, *TILE_2024)

    assert ran.answer["displaced_tiles"] == []
    assert all(length_m < GSD_M for length_m in lengths_of(city, 2024))


def test_second_run_measures_nothing(city: Path, roofwatch: Roofwatch) -> None:
    """What was measured is kept with the chips."""
    roofwatch("tile", city, *TILE_2024)
    folder = year_folder(city, 2024)
    paths = [folder / "registration.json", *(folder / "chips").iterdir()]
    before = {path: path.stat().st_mtime_ns for path in paths}

    roofwatch("tile", city, *TILE_2024)

    assert {path: path.stat().st_mtime_ns for path in paths} == before


def corner_in_meters(tile: Tile) -> NDArray[np.float64]:
    """Return x and y of a tile's upper left corner in `METRIC`."""
    to_metric = Transformer.from_crs(FEET, METRIC, always_xy=True)
    return np.array(to_metric.transform(tile.transform[2], tile.transform[5]))


def test_move_back_in_feet(tmp_path: Path) -> None:
    """A shift in meters is taken off a tile in US survey feet."""
    gray = np.full((3, 20, 20), 9, np.uint8)
    path = tmp_path / "feet.tif"
    write_raster(path, gray, left=1_420_000.0, top=600_000.0, gsd=0.5, crs=FEET)
    tile = read_header(str(path))
    shift = TileShift(tile="feet.tif", chips=9, against="2023", east_m=3.0, north_m=-4.0)

    moved = move_back(tile, shift, CRS(METRIC))

    movement_m = corner_in_meters(moved) - corner_in_meters(tile)
    assert movement_m == pytest.approx((-3.0, 4.0), abs=1e-3)
    assert displaced([shift], 4.9) == [shift]
    assert displaced([shift], 5.1) == []
