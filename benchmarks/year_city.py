"""A city of Baltimore's size for `benchmarks.year`: 240,000 parcels, 44 tiles of 10,000 pixels.

One square kilometer of the demo city is rendered as two years saw it, and laid side by side 44
times; each copy has its own ids and streets. Parcels beyond the flyover make up the rest. The
vacant lots are drawn from one seed.
"""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.transform import Affine, from_origin
from tqdm import tqdm

from benchmarks.fixture import FORMATS
from demo_city import tables
from demo_city.camera import CAMERAS, photograph
from demo_city.city_file import CAD_COLUMNS, city_toml
from demo_city.deliver import HALO_PX, render_tile
from demo_city.layout import CityPlan
from demo_city.noise import stream
from demo_city.tiles import CITY_CRS, PIXEL, TILE_PX, Tile, plan_year

Rows = TypeVar("Rows", pd.DataFrame, gpd.GeoDataFrame)

SIDE_PX = 10_000
PIXEL_FT = PIXEL[CITY_CRS]
COPIES = (11, 4)
"""Copies of the picture from west to east, and from north to south."""
PARCELS = 240_000
DISTRICT_COLUMNS = 2
"""Columns of copies that share their districts."""
PATTERN = CityPlan(parcels=4_700, seed=0)
"""The part of the demo city that is laid side by side."""
INSIDE_PX = 360
"""Where the picture starts, from the corner of the first flyover's grid: past its slanting edge."""
YEARS = (2022, 2024)
"""Flyovers: those of the demo without a change of CRS between them."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One copy of the picture."""

    number: int
    """Running number, row by row."""

    @property
    def offset_ft(self) -> tuple[float, float]:
        """How far east and north of the first copy it lies; a copy to the south is negative."""
        row, column = divmod(self.number, COPIES[0])
        side_ft = SIDE_PX * PIXEL_FT
        return column * side_ft, -row * side_ft

    def named(self, rows: Rows) -> Rows:
        """Give parcels their own ids, blocks, streets, neighborhoods and districts."""
        mark = f"{self.number:02d}"
        named = rows.copy()
        _, column = divmod(self.number, COPIES[0])
        group = column // DISTRICT_COLUMNS + 1
        for name, first in _DISTRICTS.items():
            if name in named:
                named[name] = f"{first}{group}"
        for name in {"parcel_id", "block", "building_id"} & set(named.columns):
            named[name] = mark + named[name]
        if "neighborhood" in named:
            named["neighborhood"] += f" {_PLACES[self.number].title()}"
        if "address" in named:
            named["address"] = named["address"].str.replace(
                _STREET, rf"\1 {_PLACES[self.number]}", regex=True
            )
        return named


_DISTRICTS = {"fire_district": "F", "inspection_district": "I"}
_STREET = r"^(\d+ [NESW])"
_PLACES = [
    first + second
    for first in ("AL", "BER", "COR", "DAN", "EL", "FAR", "GAL", "HOL")
    for second in ("BURY", "DALE", "FORD", "HAM", "LEY", "WICK")
]


def year_city(out: Path, *, vacants: int, kind: str, registry: Path) -> Path:
    """Return the city file; what is on disk already is kept."""
    city = out / "city.toml"
    record = json.dumps({"vacants": vacants, "kind": kind, "parcels": PARCELS})
    done = out / "done.json"
    if done.exists() and done.read_text(encoding="utf-8") == record:
        return city

    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for year in YEARS:
        _write_flyover(out / "flyover" / str(year), year, kind)
    _write_tables(out, vacants)
    own = f'{city_toml(YEARS)}\n[mlflow]\nuri = "sqlite:///{registry.resolve()}"\n'
    city.write_text(own, encoding="utf-8")
    (out / "cad_columns.toml").write_text(CAD_COLUMNS, encoding="utf-8")
    done.write_text(record, encoding="utf-8")
    return city


def _left_top(year: int) -> tuple[float, float]:
    """Return the upper left corner of the first picture, feet: a whole pixel of the year's grid."""
    first, grid = (plan_year(PATTERN, y)[0][0].grid for y in (YEARS[0], year))
    start = np.array(first.left_top) + np.array((1, -1)) * INSIDE_PX * PIXEL_FT
    steps = np.round((start - np.array(grid.left_top)) / PIXEL_FT)
    left, top = np.array(grid.left_top) + steps * PIXEL_FT
    return float(left), float(top)


def _write_flyover(folder: Path, year: int, kind: str) -> None:
    """Render the picture once, and write it at every place."""
    folder.mkdir(parents=True)
    left, top = _left_top(year)
    first = folder / "tile_00.tif"
    _write_first(first, _picture(year, left, top), kind, from_origin(left, top, PIXEL_FT, PIXEL_FT))
    for copy in tqdm(_copies()[1:], desc=f"flyover {year}", unit="tile"):
        path = folder / f"tile_{copy.number:02d}.tif"
        shutil.copyfile(first, path)
        east, north = copy.offset_ft
        with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK=True) as target:
            target.transform = from_origin(left + east, top + north, PIXEL_FT, PIXEL_FT)


def _write_first(path: Path, picture: NDArray[np.uint8], kind: str, transform: Affine) -> None:
    """Write the picture at its first place."""
    profile = {
        "width": SIDE_PX,
        "height": SIDE_PX,
        "count": 3,
        "dtype": "uint8",
        "crs": CITY_CRS,
        "transform": transform,
    }
    if kind != "cog":
        with rasterio.open(path, "w", **profile, **FORMATS[kind]) as target:
            target.write(picture.transpose(2, 0, 1))
        return

    with MemoryFile() as memory, memory.open(driver="GTiff", **profile) as source:
        source.write(picture.transpose(2, 0, 1))
        rasterio.shutil.copy(
            source, path, driver="COG", compress="JPEG", quality=85, overview_resampling="average"
        )


def _copies() -> list[Copy]:
    return [Copy(number=number) for number in range(COPIES[0] * COPIES[1])]


def _picture(year: int, left: float, top: float) -> NDArray[np.uint8]:
    """Return the picture (SIDE_PX, SIDE_PX, 3) whose upper left corner is given in feet."""
    kept, lost = plan_year(PATTERN, year)
    tiles = [replace(tile, shift_ft=0.0) for tile in (*kept, *lost)]
    picture = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    with ProcessPoolExecutor() as pool:
        images = pool.map(_photograph, tiles)
        for tile, image in tqdm(zip(tiles, images, strict=True), total=len(tiles), desc="render"):
            column = tile.column * TILE_PX - round((left - tile.grid.left_top[0]) / PIXEL_FT)
            row = tile.row * TILE_PX - round((tile.grid.left_top[1] - top) / PIXEL_FT)
            _paste(picture, image, row, column)
    return picture


def _photograph(tile: Tile) -> NDArray[np.uint8]:
    """Return a tile as the camera saw it, without the slanting edge of the flight."""
    scene = render_tile(PATTERN, tile, HALO_PX)
    rng = stream(PATTERN.seed, "camera", tile.grid.year, tile.row, tile.column)
    photo = photograph(rng, scene, CAMERAS[tile.grid.year])
    return photo[HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]


def _paste(picture: NDArray[np.uint8], image: NDArray[np.uint8], row: int, column: int) -> None:
    """Put the part of an image that lies in the picture where it belongs."""
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + len(image), SIDE_PX), min(column + len(image), SIDE_PX)
    if top < bottom and left < right:
        picture[top:bottom, left:right] = image[
            top - row : bottom - row, left - column : right - column
        ]


def _write_tables(out: Path, vacants: int) -> None:
    """Write parcels, outlines, notices and addresses of all copies, and parcels beyond them."""
    pattern = out / "pattern"
    pattern.mkdir()
    tables.write_parcels(PATTERN, pattern / "parcels.gpkg")
    tables.write_footprints(PATTERN, pattern / "buildings.gpkg")
    tables.write_vacant(PATTERN, pattern / "vacant.csv")
    tables.write_labels(PATTERN, pattern / "labels.csv")

    lots = _inside(gpd.read_file(pattern / "parcels.gpkg"))
    houses = _inside(gpd.read_file(pattern / "buildings.gpkg"))
    notices = pd.read_csv(pattern / "vacant.csv", dtype="str")
    on_roll = set(notices["parcel_id"].str.replace(" ", ""))

    parcels = _repeat(lots)
    stripped = parcels["parcel_id"].str.replace(" ", "")
    could = np.flatnonzero(stripped.str[2:].isin(on_roll))
    rng = np.random.default_rng(0)
    chosen = parcels.iloc[np.sort(rng.choice(could, vacants, replace=False))]
    days = np.datetime64("2006-01-01") + rng.integers(0, 5800, vacants)
    roll = pd.DataFrame({"parcel_id": chosen["parcel_id"].to_numpy(), "notice_date": days})
    roll.to_csv(out / "vacant.csv", index=False)

    beyond = parcels.iloc[: PARCELS - len(parcels)].copy()
    beyond["parcel_id"] = "X" + beyond["parcel_id"]
    beyond["address"] = beyond["address"].str.replace(_STREET, r"\1 OUTER", regex=True)
    beyond.geometry = beyond.translate(0, COPIES[1] * SIDE_PX * PIXEL_FT)
    every = pd.concat([parcels, beyond], ignore_index=True)
    every.to_file(out / "parcels.gpkg")
    _repeat(houses).to_file(out / "buildings.gpkg")
    every[["address"]].assign(alias="").to_csv(out / "addresses.csv", index=False)

    labels = pd.read_csv(pattern / "labels.csv", dtype="str")
    labeled = pd.concat([copy.named(labels) for copy in _copies()])
    labeled[labeled["parcel_id"].isin(chosen["parcel_id"])].to_csv(out / "labels.csv", index=False)
    shutil.rmtree(pattern)


def _inside(shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what has its middle in the first picture."""
    left, top = _left_top(YEARS[0])
    side_ft = SIDE_PX * PIXEL_FT
    middle = shapes.centroid
    inside = middle.x.between(left, left + side_ft) & middle.y.between(top - side_ft, top)
    return shapes[inside].reset_index(drop=True)


def _repeat(shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what every copy shows."""
    repeated = []
    for copy in _copies():
        named = copy.named(shapes)
        named.geometry = shapes.translate(*copy.offset_ft)
        repeated.append(named)
    return gpd.GeoDataFrame(pd.concat(repeated, ignore_index=True), crs=shapes.crs)
