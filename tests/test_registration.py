"""Displaced tiles: found to half a pixel, laid back or set aside; tiles that lie right are left alone."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from rasterio.transform import from_origin

from imagery.chips.registration import TileShift, displaced, move_back
from imagery.chips.store import open_store
from imagery.flyover.headers import read_header

METRIC, FEET = "EPSG:32618", "EPSG:2248"
GSD_M, SIDE_PX = 0.25, 256
LEFT, TOP = 360_000.0, 4_350_000.0
TRUE_SHIFT_M = (1.37, -0.88)
Ran = Callable[..., object]


def draw_town(seed: int) -> NDArray[np.uint8]:
    """Two tiles of roofs side by side: their places are the same every year, their colors change a little, their light much."""
    town, light = np.random.default_rng(7), np.random.default_rng(seed)
    picture = np.full((SIDE_PX, 2 * SIDE_PX, 3), 110, np.float64) + town.normal(
        0, 3, (SIDE_PX, 2 * SIDE_PX, 1)
    )
    for row in range(4):
        for column in range(16):
            y, x = 8 + 62 * row, 6 + 32 * column
            picture[y : y + 48, x : x + 20] = town.integers(50, 210) + light.integers(-25, 25)
            hatch_y, hatch_x = town.integers(4, 40), town.integers(2, 14)
            picture[y + hatch_y : y + hatch_y + 5, x + hatch_x : x + hatch_x + 5] = town.integers(
                0, 255
            )
    bright = 0.7 + 0.5 * light.random()
    return np.clip(
        cv2.GaussianBlur(picture * bright, (0, 0), 0.7) + light.normal(0, 4, picture.shape), 1, 255
    ).astype(np.uint8)


def write_year(folder: Path, seed: int, shift_m: tuple[float, float]) -> None:
    """Write two tiles; the second is delivered with a shift."""
    folder.mkdir(parents=True)
    picture = draw_town(seed)
    for number in (0, 1):
        left = LEFT + number * SIDE_PX * GSD_M + (shift_m[0] if number else 0.0)
        transform = from_origin(left, TOP + (shift_m[1] if number else 0.0), GSD_M, GSD_M)
        part = picture[:, number * SIDE_PX : (number + 1) * SIDE_PX].transpose(2, 0, 1)
        with rasterio.open(
            folder / f"tile_{number}.tif",
            "w",
            driver="GTiff",
            count=3,
            width=SIDE_PX,
            height=SIDE_PX,
            dtype="uint8",
            crs=METRIC,
            transform=transform,
        ) as target:
            target.write(part)


@pytest.fixture
def town(tmp_path: Path) -> Callable[..., Path]:
    """Build a town of two flyovers, the second with a displaced tile; returns the city file."""

    def build(tile: str = "", shift_m: tuple[float, float] = TRUE_SHIFT_M) -> Path:
        write_year(tmp_path / "2023", 1, (0.0, 0.0))
        write_year(tmp_path / "2024", 2, shift_m)
        boxes = [
            shapely.box(
                LEFT + (6 + 32 * column) * GSD_M,
                TOP - (56 + 62 * row) * GSD_M,
                LEFT + (26 + 32 * column) * GSD_M,
                TOP - (8 + 62 * row) * GSD_M,
            )
            for row in range(4)
            for column in range(16)
        ]
        ids = [f"{number:03d}" for number in range(len(boxes))]
        gpd.GeoDataFrame({"parcel_id": ids}, geometry=boxes, crs=METRIC).to_file(
            tmp_path / "parcels.gpkg"
        )
        pd.DataFrame({"parcel_id": ids}).to_csv(tmp_path / "vacant.csv", index=False)
        flyovers = "".join(
            f'[[flyover]]\nyear = {year}\npath = "{year}"\ndate = "{year}-03-01"\n'
            for year in (2023, 2024)
        )
        (tmp_path / "city.toml").write_text(
            f'[city]\nname = "Town"\nworkspace = "workspace"\n[parcels]\npath = "parcels.gpkg"\nid = "parcel_id"\n[vacant]\npath = "vacant.csv"\nid = "parcel_id"\n'
            f"{flyovers}[model]\ngsd_m = {GSD_M}\nmargin_m = 3\n[tile]\n{tile}\n"
        )
        return tmp_path / "city.toml"

    return build


def shifts_of(city: Path, year: int) -> dict[str, tuple[float | None, float | None]]:
    facts = json.loads((city.parent / "workspace" / str(year) / "registration.json").read_text())
    return {one["tile"]: (one["east_m"], one["north_m"]) for one in facts["tiles"]}


def test_displaced_tile_is_found_and_laid_back(town: Callable[..., Path], roofwatch: Ran) -> None:
    """The shift is right to half a pixel, the other tiles raise no alarm, and the chips come from the true place."""
    city = town()
    ran = roofwatch("tile", city, "--year", 2024, "--executor", "serial", "--quiet", "--json")
    assert ran.code == 0, ran.err  # type: ignore[attr-defined]
    lines = ran.answer["displaced_tiles"]  # type: ignore[attr-defined]
    assert len(lines) == 1
    assert lines[0].startswith("tile_1.tif is displaced 1.3")
    assert "laid where it belongs" in lines[0]
    now = shifts_of(city, 2024)
    assert np.array(now["tile_1.tif"], float) == pytest.approx(
        np.array(TRUE_SHIFT_M), abs=GSD_M / 2
    )
    assert np.hypot(*np.array(now["tile_0.tif"], float)) < GSD_M / 2
    assert all(
        east is None or np.hypot(east, north or 0) < 0.5
        for east, north in shifts_of(city, 2023).values()
    )
    stores = [open_store(city.parent / "workspace" / str(year) / "chips") for year in (2023, 2024)]
    pairs = [[store.read(f"{number:03d}") for store in stores] for number in (9, 12, 30, 62)]
    for before, after in pairs:
        assert before is not None and after is not None
        grays = [chip.pixels[:, chip.mask].mean(axis=0).ravel() for chip in (before, after)]
        assert np.corrcoef(*grays)[0, 1] > 0.7


def test_check_tells_of_it(town: Callable[..., Path], roofwatch: Ran) -> None:
    """Headers alone say nothing; --pixels names the tile."""
    city = town()
    headers = roofwatch("check", city, "--year", 2024, "--quiet", "--json")
    assert headers.answer["displaced_tiles"] == []  # type: ignore[attr-defined]
    assert not (city.parent / "workspace" / "2024" / "chips").exists()
    pixels = roofwatch(
        "check", city, "--year", 2024, "--pixels", "--executor", "serial", "--quiet", "--json"
    )
    assert [line.split()[0] for line in pixels.answer["displaced_tiles"]] == ["tile_1.tif"]  # type: ignore[attr-defined]
    assert "tile_1.tif" in (city.parent / "workspace" / "2024" / "check.html").read_text()


def test_quarantine(town: Callable[..., Path], roofwatch: Ran) -> None:
    """On demand the parcels of a displaced tile are not assessed, and the reason says why."""
    city = town('registration = "quarantine"')
    roofwatch("tile", city, "--year", 2024, "--executor", "serial", "--quiet")
    manifest = open_store(city.parent / "workspace" / "2024" / "chips").manifest
    reasons = manifest.groupby("tiles")["reason"].unique().map(set).to_dict()
    assert reasons["tile_0.tif"] == {""}
    assert reasons["tile_1.tif"] == {"tile_shifted"}


@pytest.mark.parametrize("tile", ['registration = "off"', "max_shift = 0.9"])
def test_nothing_is_done_on_demand(town: Callable[..., Path], roofwatch: Ran, tile: str) -> None:
    """Switched off, or with a wide limit, tiles stay where they are."""
    ran = roofwatch("tile", town(tile), "--year", 2024, "--executor", "serial", "--quiet", "--json")
    assert ran.answer["displaced_tiles"] == []  # type: ignore[attr-defined]


def test_another_limit_needs_no_other_measurement(
    town: Callable[..., Path], roofwatch: Ran
) -> None:
    """A limit that is widened later lets the tile lie where it was delivered, and one that is narrowed lays it back again."""
    city = town()
    narrow, measured = city.read_text(), city.parent / "workspace" / "2024" / "registration.json"
    command = ("tile", city, "--year", 2024, "--executor", "serial", "--quiet", "--json")
    assert len(roofwatch(*command).answer["displaced_tiles"]) == 1  # type: ignore[attr-defined]
    chips, before = city.parent / "workspace" / "2024" / "chips", measured.stat().st_mtime_ns
    laid_back = open_store(chips).read("012")
    city.write_text(narrow + "max_shift = 0.9\n")
    assert roofwatch(*command).answer["displaced_tiles"] == []  # type: ignore[attr-defined]
    delivered = open_store(chips).read("012")
    city.write_text(narrow)
    assert len(roofwatch(*command).answer["displaced_tiles"]) == 1  # type: ignore[attr-defined]
    again = open_store(chips).read("012")
    assert laid_back is not None and delivered is not None and again is not None
    assert not np.array_equal(laid_back.pixels, delivered.pixels)
    np.testing.assert_array_equal(laid_back.pixels, again.pixels)
    assert measured.stat().st_mtime_ns == before


def test_noise_is_no_shift(town: Callable[..., Path], roofwatch: Ran) -> None:
    """A year without any likeness to the one before, or to the outlines, tells nothing and moves nothing."""
    city = town()
    for number in (0, 1):
        with rasterio.open(city.parent / "2024" / f"tile_{number}.tif", "r+") as target:
            target.write(
                np.random.default_rng(number)
                .integers(1, 255, (3, SIDE_PX, SIDE_PX))
                .astype(np.uint8)
            )
    ran = roofwatch("tile", city, "--year", 2024, "--executor", "serial", "--quiet", "--json")
    assert ran.answer["displaced_tiles"] == []  # type: ignore[attr-defined]
    assert all(
        east is None or np.hypot(east, north or 0) < GSD_M
        for east, north in shifts_of(city, 2024).values()
    )


def test_second_run_measures_nothing(town: Callable[..., Path], roofwatch: Ran) -> None:
    """What was measured is kept with the chips."""
    city = town()
    roofwatch("tile", city, "--year", 2024, "--executor", "serial", "--quiet")
    folder = city.parent / "workspace" / "2024"
    before = {
        path: path.stat().st_mtime_ns
        for path in [folder / "registration.json", *(folder / "chips").iterdir()]
    }
    roofwatch("tile", city, "--year", 2024, "--executor", "serial", "--quiet")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_move_back_in_feet(tmp_path: Path, write_raster: Callable[..., Path]) -> None:
    """A shift in meters is taken off a tile in US survey feet."""
    path = write_raster(
        tmp_path / "feet.tif",
        np.full((3, 20, 20), 9, np.uint8),
        crs=FEET,
        left=1_420_000.0,
        top=600_000.0,
        gsd=0.5,
    )
    tile = read_header(str(path))
    shift = TileShift(tile="feet.tif", chips=9, against="2023", east_m=3.0, north_m=-4.0)
    moved = move_back(tile, shift, CRS(METRIC))
    to_metric = Transformer.from_crs(FEET, METRIC, always_xy=True)
    before, after = (
        np.array(to_metric.transform(one.transform[2], one.transform[5])) for one in (tile, moved)
    )
    assert after - before == pytest.approx((-3.0, 4.0), abs=1e-3)
    assert displaced([shift], 4.9) == [shift]
    assert displaced([shift], 5.1) == []
