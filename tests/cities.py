"""The tiny city of the tests: its pixels tell their own place."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin

CRS = "EPSG:32618"
GSD_M = 0.5
LEFT = 360_000.0
TOP = 4_350_064.0
SIDE_PX = 128
TILE_PX = 64
YEARS = (2023, 2024)
ROW_TOPS_M = (1, 14, 27, 41)
PER_ROW = 6
STRANGER = "9999 999"
"""A notice that matches no parcel."""
DRIVERS = {".jp2": "JP2OpenJPEG", ".jpg": "JPEG"}
"""By suffix; all others are GTiff."""

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


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Result of one command line."""

    code: int
    """Exit code."""
    out: str
    """Stdout."""
    err: str
    """Stderr."""

    @property
    def answer(self) -> dict[str, object]:
        """Parse stdout as one strict JSON object."""
        answer = json.loads(self.out, parse_constant=_refuse_constant)
        assert isinstance(answer, dict)
        return answer

    @property
    def error(self) -> str:
        """Return the only line on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]

    def texts(self, key: str) -> list[str]:
        """Return a list of texts of the answer."""
        values = self.answer[key]
        assert isinstance(values, list)
        return [str(value) for value in values]


class Roofwatch(Protocol):
    """Runs one command line here."""

    def __call__(self, *arguments: object) -> Ran:
        """Run `roofwatch` with some arguments."""


class CityBuilder(Protocol):
    """Builds the tiny city in a folder."""

    def __call__(self, folder: Path, text: str = CITY_TOML) -> Path:
        """Write all files and return the city file."""


class RasterWriter(Protocol):
    """Writes an array as a georeferenced image."""

    def __call__(  # noqa: PLR0913  # parts of one georeference
        self,
        path: Path,
        pixels: NDArray[np.generic],
        *,
        left: float = LEFT,
        top: float = TOP,
        gsd: float = GSD_M,
        crs: str = CRS,
        **options: object,
    ) -> Path:
        """Write (bands, H, W) and return the path."""


class Storage(TypedDict, total=False):
    """How an image is stored: options of GDAL's drivers."""

    driver: str
    compress: str
    photometric: str
    interleave: str
    predictor: int
    tiled: bool
    blockxsize: int
    blockysize: int
    ALPHA: str
    JPEG_QUALITY: str
    QUALITY: str
    REVERSIBLE: str


class TilesWriter(Protocol):
    """Writes the picture of the city as four tiles."""

    def __call__(self, folder: Path, pixels: NDArray[np.uint8]) -> list[Path]:
        """Write (3, H, W) and return the paths."""


@dataclass(frozen=True, kw_only=True)
class DoneCity:
    """A city after its first yearly run."""

    path: Path
    """The city file."""
    ran: Ran
    """What the run printed."""

    @property
    def workspace(self) -> Path:
        """Return the workspace."""
        return self.path.parent / "workspace"


def place_pixels() -> NDArray[np.uint8]:
    """Return (3, 128, 128) uint8: red is twice the column, green twice the row, blue 90."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    blue = np.full_like(rows, 90)
    return np.stack([2 * columns, 2 * rows, blue]).astype(np.uint8)


def write_raster(  # noqa: PLR0913  # parts of one georeference
    path: Path,
    pixels: NDArray[np.generic],
    *,
    left: float = LEFT,
    top: float = TOP,
    gsd: float = GSD_M,
    crs: str = CRS,
    **options: object,
) -> Path:
    """Write an array (bands, H, W) as a georeferenced image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = pixels.shape
    profile = {
        "driver": DRIVERS.get(path.suffix, "GTiff"),
        "count": bands,
        "height": height,
        "width": width,
        "dtype": pixels.dtype.name,
        "crs": crs,
        "transform": from_origin(left, top, gsd, gsd),
        **options,
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(pixels)
    return path


def write_tiles(folder: Path, pixels: NDArray[np.uint8]) -> list[Path]:
    """Write a picture as four tiles that meet in its center."""
    paths = []
    for row in (0, TILE_PX):
        for column in (0, TILE_PX):
            part = pixels[:, row : row + TILE_PX, column : column + TILE_PX]
            path = write_raster(
                folder / f"tile_{row}_{column}.tif",
                part,
                left=LEFT + column * GSD_M,
                top=TOP - row * GSD_M,
            )
            paths.append(path)
    return paths


def make_houses() -> gpd.GeoDataFrame:
    """Return 24 lots of 6 x 12 m in 8 blocks.

    Every other one is failing, and one lies on the corner of four tiles.
    """
    rows = []
    for line, top_m in enumerate(ROW_TOPS_M):
        north = TOP - top_m
        for number in range(PER_ROW):
            gap_m = 12 if number >= 5 else 0
            west = LEFT + 5 + 6 * number + gap_m
            side = "W" if number < 3 else "E"
            rows.append(
                {
                    "parcel_id": f"{216 + line:04d} {number + 1:03d}",
                    "block": f"B{line}{side}",
                    "address": f"{100 + 2 * number} Row {line}",
                    "battalion": f"Bn {1 + line % 2}",
                    "failing": (line + number) % 2,
                    "geometry": shapely.box(west, north - 12, west + 6, north),
                }
            )
    return gpd.GeoDataFrame(rows, crs=CRS)


def paint_city(houses: gpd.GeoDataFrame, year: int) -> NDArray[np.uint8]:
    """Return the picture of a year, (3, 128, 128), with bright noise on failing roofs."""
    pixels = place_pixels() // 2
    rng = np.random.default_rng(year)
    for house in houses[houses["failing"] == 1].geometry:
        west, south, east, north = house.bounds
        rows = slice(int((TOP - north) / GSD_M), int((TOP - south) / GSD_M))
        columns = slice(int((west - LEFT) / GSD_M), int((east - LEFT) / GSD_M))

        shape = (1, rows.stop - rows.start, columns.stop - columns.start)
        noise = rng.integers(0, 2, shape) * 160
        pixels[:, rows, columns] = np.clip(noise + 80, 0, 255)
    return pixels


def write_city(folder: Path, text: str = CITY_TOML) -> Path:
    """Write the tiny city into a folder and return its city file."""
    folder.mkdir(parents=True, exist_ok=True)
    houses = make_houses()
    for year in YEARS:
        write_tiles(folder / "flyover" / str(year), paint_city(houses, year))
    houses.drop(columns="failing").to_file(folder / "parcels.gpkg")

    ids = [*houses["parcel_id"], STRANGER]
    vacant = pd.DataFrame({"parcel_id": ids, "notice_date": "2020-05-01"})
    vacant.to_csv(folder / "vacant.csv", index=False)

    labels = houses[["parcel_id", "failing"]].rename(columns={"failing": "collapsed"})
    pd.DataFrame(labels).assign(year=2023).to_csv(folder / "labels.csv", index=False)

    path = folder / "city.toml"
    path.write_text(text)
    return path


def _refuse_constant(name: str) -> float:
    raise AssertionError(f"stdout holds {name}, which is no JSON")
