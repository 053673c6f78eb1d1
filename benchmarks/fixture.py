"""The bench city: tiles of 7.62 cm in EPSG:2248, row-house lots turned a few degrees, 9% vacant.

Everything comes from one seed. Four pictures serve all tiles, because the cost of decoding does
not depend on what they show.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin
from shapely.affinity import rotate

from imagery.flyover.flyover import Flyover, open_flyover
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll

CRS = "EPSG:2248"
FOOT_M = 1200 / 3937
GSD_FT = 0.25
LEFT_FT = 1_420_000.0
TOP_FT = 600_000.0
YEAR = 2024

LOT_WIDTH_FT = 5.0 / FOOT_M
LOT_DEPTH_FT = 22.0 / FOOT_M
LOT_PITCH_PX = 10_000 / 136
ROW_PITCH_PX = 10_000 / 28
VACANT = 0.09
PICTURES = 4
PATCH_PX = 60
GRAIN_PX = 1024
FORMATS: dict[str, dict[str, Any]] = {
    "jpeg": {
        "driver": "GTiff",
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "JPEG",
        "photometric": "YCBCR",
        "jpeg_quality": 85,
    },
    "deflate": {
        "driver": "GTiff",
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "DEFLATE",
        "predictor": 2,
        "interleave": "pixel",
    },
    "striped": {"driver": "GTiff", "interleave": "pixel"},
    "jp2": {
        "driver": "JP2OpenJPEG",
        "QUALITY": "20",
        "REVERSIBLE": "NO",
        "BLOCKXSIZE": "1024",
        "BLOCKYSIZE": "1024",
    },
}


@dataclass(frozen=True, kw_only=True)
class CitySize:
    """How many tiles a bench city has."""

    columns: int
    """Tiles from west to east."""
    rows: int
    """Tiles from north to south."""
    side_px: int = 10_000
    """Side of a tile, pixels."""

    @property
    def name(self) -> str:
        """Name for files and folders."""
        return f"{self.columns}x{self.rows}_{self.side_px}"

    def transform(self, number: int) -> Affine:
        """Return the affine of a tile, numbered row by row."""
        row, column = divmod(number, self.columns)
        side_ft = self.side_px * GSD_FT
        return from_origin(LEFT_FT + column * side_ft, TOP_FT - row * side_ft, GSD_FT, GSD_FT)


@dataclass(frozen=True, kw_only=True)
class BenchCity:
    """Tiles and roll."""

    roll: VacantRoll
    """Vacant lots."""
    flyover: Flyover
    """The tiles."""


def bench_city(folder: Path, kind: str, size: CitySize) -> BenchCity:
    """Return a city; what is on disk already is kept.

    Args:
        folder: Where tiles and tables are kept.
        kind: Key of `FORMATS`.
        size: How many tiles it has.
    """
    tiles = folder / f"{kind}_{size.name}"
    if not (tiles / "done").exists():
        _write_tiles(tiles, kind, size)
        (tiles / "done").touch()

    tables = folder / f"lots_{size.name}"
    if not (tables / "vacant.csv").exists():
        _write_lots(tables, size)

    roll = read_roll(
        ParcelFile(path=tables / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=tables / "vacant.csv", id=("parcel_id",)),
    )
    return BenchCity(roll=roll, flyover=open_flyover(YEAR, (str(tiles),)))


def _write_tiles(folder: Path, kind: str, size: CitySize) -> None:
    """Write the tiles; those after the first four are copies at another place."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix = ".jp2" if kind == "jp2" else ".tif"
    for number in range(size.columns * size.rows):
        path = folder / f"tile_{number:03d}{suffix}"
        twin = folder / f"tile_{number % PICTURES:03d}{suffix}"

        # The place of a JPEG 2000 file cannot be changed.
        if number < PICTURES or kind == "jp2":
            _write_tile(path, kind, size, number)
        else:
            shutil.copyfile(twin, path)
            with rasterio.open(path, "r+") as target:
                target.transform = size.transform(number)


def _write_tile(path: Path, kind: str, size: CitySize, number: int) -> None:
    with rasterio.open(
        path,
        "w",
        width=size.side_px,
        height=size.side_px,
        count=3,
        dtype="uint8",
        crs=CRS,
        transform=size.transform(number),
        **FORMATS[kind],
    ) as target:
        target.write(_picture(size.side_px, number % PICTURES).transpose(2, 0, 1))


def _picture(side_px: int, seed: int) -> NDArray[np.uint8]:
    """Return patches of roof color with grain, (side, side, 3)."""
    rng = np.random.default_rng(seed)
    count = side_px // PATCH_PX + 1
    coarse = rng.integers(40, 210, (count, count, 3)).astype(np.uint8)
    patches = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_NEAREST)

    grain = rng.normal(0, 7, (GRAIN_PX, GRAIN_PX)).astype(np.int16)
    repeats = side_px // GRAIN_PX + 1
    everywhere = np.tile(grain, (repeats, repeats))[:side_px, :side_px]
    picture: NDArray[np.int16] = np.clip(patches.astype(np.int16) + everywhere[..., None], 1, 255)
    return picture.astype(np.uint8)


def _write_lots(folder: Path, size: CitySize) -> None:
    """Lay rows of lots over the tiles without regard for seams; each row is turned a little."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    width_px = size.columns * size.side_px
    height_px = size.rows * size.side_px
    across = round(width_px / LOT_PITCH_PX)
    down = round(height_px / ROW_PITCH_PX)

    xs = LEFT_FT + (np.arange(across) + 0.5) * width_px * GSD_FT / across
    ys = TOP_FT - (np.arange(down) + 0.5) * height_px * GSD_FT / down
    angles_deg = rng.uniform(-6, 6, down)
    ids = []
    shapes = []
    for row, (y, angle_deg) in enumerate(zip(ys, angles_deg, strict=True)):
        for column, x in enumerate(xs):
            ids.append(f"{row:04d} {column:04d}")
            shapes.append(_lot(x, y, angle_deg))
    lots = gpd.GeoDataFrame({"parcel_id": ids}, geometry=shapes, crs=CRS)
    lots.to_file(folder / "parcels.gpkg")

    count = max(1, round(VACANT * len(ids)))
    vacant = lots.iloc[np.sort(rng.choice(len(ids), count, replace=False))]
    pd.DataFrame({"parcel_id": vacant["parcel_id"]}).to_csv(folder / "vacant.csv", index=False)


def _lot(x: float, y: float, angle_deg: float) -> shapely.Polygon:
    """Return the outline of a lot around its center."""
    half_width = LOT_WIDTH_FT / 2
    half_depth = LOT_DEPTH_FT / 2
    upright = shapely.box(x - half_width, y - half_depth, x + half_width, y + half_depth)
    return rotate(upright, angle_deg)
