"""The bench city: tiles of 10,000 x 10,000 pixels of 7.62 cm in EPSG:2248, row-house lots of 5 x 22 m turned a few degrees, 9% vacant.

Everything comes from one seed. Four pictures serve all tiles, for the cost of decoding does not hang on what they show.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin
from shapely.affinity import rotate

from imagery.flyover.flyover import Flyover, open_flyover
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll

CRS = "EPSG:2248"
FOOT_M = 1200 / 3937
GSD_FT = 0.25
LEFT, TOP = 1_420_000.0, 600_000.0
PICTURES = 4
LOT_M, ROWS, COLUMNS = (5.0, 22.0), 28, 136
VACANT = 0.09
FORMATS = {
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
class BenchCity:
    """Tiles and roll."""

    roll: VacantRoll
    """Vacant lots."""
    flyover: Flyover
    """The tiles."""


def bench_city(
    folder: Path, kind: str, *, columns: int, rows: int, side_px: int = 10_000, seed: int = 0
) -> BenchCity:
    """Return a city of columns x rows tiles in one of `FORMATS`; what is on disk already is kept.

    Args:
        folder: Where tiles and tables lie.
        kind: Key of `FORMATS`.
        columns: Tiles from west to east.
        rows: Tiles from north to south.
        side_px: Side of a tile.
        seed: Seed of pictures and lots.
    """
    place = folder / f"{kind}_{columns}x{rows}_{side_px}"
    tables = folder / f"lots_{columns}x{rows}_{side_px}"
    if not (place / "done").exists():
        _write_tiles(place, kind, columns=columns, rows=rows, side_px=side_px, seed=seed)
        (place / "done").touch()
    if not (tables / "vacant.csv").exists():
        _write_lots(tables, columns=columns, rows=rows, side_px=side_px, seed=seed)
    roll = read_roll(
        ParcelFile(path=tables / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=tables / "vacant.csv", id=("parcel_id",)),
    )
    return BenchCity(roll=roll, flyover=open_flyover(2024, (str(place),)))


def _write_tiles(
    place: Path, kind: str, *, columns: int, rows: int, side_px: int, seed: int
) -> None:
    place.mkdir(parents=True, exist_ok=True)
    suffix = ".jp2" if kind == "jp2" else ".tif"
    for number in range(columns * rows):
        path = place / f"tile_{number:03d}{suffix}"
        row, column = divmod(number, columns)
        transform = from_origin(
            LEFT + column * side_px * GSD_FT, TOP - row * side_px * GSD_FT, GSD_FT, GSD_FT
        )
        twin = place / f"tile_{number % PICTURES:03d}{suffix}"
        if number >= PICTURES and kind != "jp2":
            shutil.copyfile(twin, path)
            with rasterio.open(path, "r+") as target:
                target.transform = transform
            continue
        picture = _picture(side_px, seed + number % PICTURES)
        with rasterio.open(
            path,
            "w",
            width=side_px,
            height=side_px,
            count=3,
            dtype="uint8",
            crs=CRS,
            transform=transform,
            **FORMATS[kind],
        ) as target:
            target.write(picture.transpose(2, 0, 1))


def _picture(side_px: int, seed: int) -> NDArray[np.uint8]:
    """Return patches of roof color with grain, (side, side, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 210, (side_px // 60 + 1, side_px // 60 + 1, 3)).astype(np.uint8)
    patches = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_NEAREST)
    grain = rng.normal(0, 7, (1024, 1024)).astype(np.int16)
    tiled = np.tile(grain, (side_px // 1024 + 1, side_px // 1024 + 1))[:side_px, :side_px]
    return np.clip(patches.astype(np.int16) + tiled[..., None], 1, 255).astype(np.uint8)


def _write_lots(tables: Path, *, columns: int, rows: int, side_px: int, seed: int) -> None:
    """Lay rows of lots over the tiles without regard for seams."""
    tables.mkdir(parents=True, exist_ok=True)
    rng, side_ft = np.random.default_rng(seed), side_px * GSD_FT
    width, height = LOT_M[0] / FOOT_M, LOT_M[1] / FOOT_M
    across, down = (
        round(COLUMNS * columns * side_px / 10_000),
        round(ROWS * rows * side_px / 10_000),
    )
    x = LEFT + (np.arange(across) + 0.5) * columns * side_ft / across
    y = TOP - (np.arange(down) + 0.5) * rows * side_ft / down
    angles = rng.uniform(-6, 6, down)
    shapes = [
        rotate(
            shapely.box(at - width / 2, line - height / 2, at + width / 2, line + height / 2), angle
        )
        for line, angle in zip(y, angles, strict=True)
        for at in x
    ]
    ids = [f"{row:04d} {column:04d}" for row in range(down) for column in range(across)]
    gpd.GeoDataFrame({"parcel_id": ids}, geometry=shapes, crs=CRS).to_file(tables / "parcels.gpkg")
    chosen = sorted(rng.choice(len(ids), max(1, round(VACANT * len(ids))), replace=False))
    pd.DataFrame({"parcel_id": [ids[number] for number in chosen]}).to_csv(
        tables / "vacant.csv", index=False
    )
