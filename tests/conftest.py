"""A tiny city whose pixels tell their own place, and the command line as a function."""

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from hypothesis import settings
from numpy.typing import NDArray
from rasterio.transform import from_origin

from roofwatch.cli import main

CRS = "EPSG:32618"
GSD_M = 0.5
LEFT, TOP = 360_000.0, 4_350_064.0
SIDE_PX = 128
TILE_PX = 64
YEARS = (2023, 2024)
ROW_TOPS_M = (1, 14, 27, 41)
PER_ROW = 6
STRANGER = "9999 999"

CITY_TOML = """
[city]
name = "Tinyville"
workspace = "workspace"

[parcels]
path = "parcels.gpkg"
id = "parcel_id"
block = "block"
address = "address"
fire_district = "battalion"

[vacant]
path = "vacant.csv"
id = "parcel_id"
notice_date = "notice_date"

[labels]
path = "labels.csv"
id = "parcel_id"
collapsed = "collapsed"
year = "year"

[[flyover]]
year = 2023
path = "flyover/2023"
date = "2023-03-01"

[[flyover]]
year = 2024
path = "flyover/2024"
date = "2024-03-01"

[model]
gsd_m = 0.5
margin_m = 2
input_px = 64
views = ["roof_grey"]
turns = 1

[train]
bootstrap = 20
"""


THIRD_PARTY_WARNINGS = (
    "ignore:Use `@` matmul instead:PendingDeprecationWarning",  # rasterio multiplies affines with `*`
    "ignore:The ``noload`` loader strategy is deprecated",  # MLflow's SQL store
)
"""Warnings of libraries that nothing here can change."""


def pytest_configure(config: pytest.Config) -> None:
    """Let warnings of libraries pass that nothing here can change."""
    for line in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", line)
    settings.register_profile("calm", deadline=None)  # a busy machine is no failure
    settings.load_profile("calm")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one command line came to."""

    code: int
    """Exit code."""
    out: str
    """Stdout."""
    err: str
    """Stderr."""

    @property
    def answer(self) -> dict[str, object]:
        """Parse stdout as one strict JSON object."""
        answer = json.loads(self.out, parse_constant=_no_constant)
        assert isinstance(answer, dict)
        return answer

    @property
    def error(self) -> str:
        """Return the only line on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


def _no_constant(name: str) -> float:
    raise AssertionError(f"stdout holds {name}, which is no JSON")


def place_pixels() -> NDArray[np.uint8]:
    """Return (3, 128, 128) uint8: red is twice the column, green twice the row, blue 90."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    return np.stack([2 * columns, 2 * rows, np.full_like(rows, 90)]).astype(np.uint8)


def _write_raster(
    path: Path,
    pixels: NDArray[np.generic],
    *,
    left: float = LEFT,
    top: float = TOP,
    gsd: float = GSD_M,
    crs: str = CRS,
    **options: object,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    driver = {".jp2": "JP2OpenJPEG", ".jpg": "JPEG"}.get(path.suffix, "GTiff")
    profile = {
        "driver": driver,
        "count": pixels.shape[0],
        "height": pixels.shape[1],
        "width": pixels.shape[2],
        "dtype": pixels.dtype.name,
        "crs": crs,
        "transform": from_origin(left, top, gsd, gsd),
        **options,
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(pixels)
    return path


def _write_tiles(folder: Path, pixels: NDArray[np.uint8]) -> list[Path]:
    """Write a picture as four tiles that meet in its center."""
    paths = []
    for row in (0, TILE_PX):
        for column in (0, TILE_PX):
            part = pixels[:, row : row + TILE_PX, column : column + TILE_PX]
            place = {"left": LEFT + column * GSD_M, "top": TOP - row * GSD_M}
            paths.append(_write_raster(folder / f"tile_{row}_{column}.tif", part, **place))
    return paths


def _houses() -> gpd.GeoDataFrame:
    """24 lots of 6 x 12 m in 8 blocks; every other one is failing; one lies on the corner of four tiles."""
    rows = []
    for line, top_m in enumerate(ROW_TOPS_M):
        for number in range(PER_ROW):
            west, north = LEFT + 5 + 6 * number + (12 if number >= 5 else 0), TOP - top_m
            rows.append(
                {
                    "parcel_id": f"{216 + line:04d} {number + 1:03d}",
                    "block": f"B{line}{'W' if number < 3 else 'E'}",
                    "address": f"{100 + 2 * number} Row {line}",
                    "battalion": f"Bn {1 + line % 2}",
                    "failing": (line + number) % 2,
                    "geometry": shapely.box(west, north - 12, west + 6, north),
                }
            )
    return gpd.GeoDataFrame(rows, crs=CRS)


def _paint(houses: gpd.GeoDataFrame, year: int) -> NDArray[np.uint8]:
    """Paint bright noise on failing roofs."""
    pixels, rng = place_pixels() // 2, np.random.default_rng(year)
    for house in houses[houses["failing"] == 1].geometry:
        west, south, east, north = house.bounds
        rows = slice(int((TOP - north) / GSD_M), int((TOP - south) / GSD_M))
        columns = slice(int((west - LEFT) / GSD_M), int((east - LEFT) / GSD_M))
        noise = rng.integers(0, 2, (1, rows.stop - rows.start, columns.stop - columns.start)) * 160
        pixels[:, rows, columns] = np.clip(noise + 80, 0, 255)
    return pixels


def _write_city(folder: Path, text: str = CITY_TOML) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    houses = _houses()
    for year in YEARS:
        _write_tiles(folder / "flyover" / str(year), _paint(houses, year))
    houses.drop(columns="failing").to_file(folder / "parcels.gpkg")
    vacant = pd.DataFrame(
        {"parcel_id": [*houses["parcel_id"], STRANGER], "notice_date": "2020-05-01"}
    )
    vacant.to_csv(folder / "vacant.csv", index=False)
    labels = pd.DataFrame(
        {"parcel_id": houses["parcel_id"], "collapsed": houses["failing"], "year": 2023}
    )
    labels.to_csv(folder / "labels.csv", index=False)
    (folder / "city.toml").write_text(text)
    return folder / "city.toml"


@pytest.fixture(scope="session")
def pixels() -> NDArray[np.uint8]:
    """The picture of the whole city, before any roof fails."""
    return place_pixels()


@pytest.fixture(scope="session")
def write_raster() -> Callable[..., Path]:
    """Write an array (bands, H, W) as a georeferenced image."""
    return _write_raster


@pytest.fixture(scope="session")
def write_tiles() -> Callable[[Path, NDArray[np.uint8]], list[Path]]:
    """Write the picture as four tiles."""
    return _write_tiles


@pytest.fixture(scope="session")
def houses() -> gpd.GeoDataFrame:
    """The lots of the tiny city, with `failing`."""
    return _houses()


@pytest.fixture(scope="session")
def tiny_city() -> Callable[..., Path]:
    """Build a city in a folder, with other TOML on demand; returns the city file."""
    return _write_city


@pytest.fixture(scope="session")
def city_toml() -> str:
    """The TOML of the tiny city."""
    return CITY_TOML


@pytest.fixture
def roofwatch(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run one command line here."""

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    return run


@dataclass(frozen=True, kw_only=True)
class DoneCity:
    """A city after its first yearly run."""

    path: Path
    """The city file."""
    ran: Ran
    """What the run printed."""

    @property
    def workspace(self) -> Path:
        """The workspace."""
        return self.path.parent / "workspace"


@pytest.fixture(scope="session")
def done_city(tmp_path_factory: pytest.TempPathFactory) -> DoneCity:
    """The tiny city after `run --year 2023`; tests leave it as they found it, or only add to it."""
    path = _write_city(tmp_path_factory.mktemp("done"))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(
            ["run", str(path), "--year", "2023", "--executor", "serial", "--json", "--quiet"]
        )
    return DoneCity(path=path, ran=Ran(code=code, out=out.getvalue(), err=err.getvalue()))
