"""Mosaics in memory, the tiles that they are split into, and the lots that lie on them.

A mosaic's center lies at `LON`, `LAT`. Tiles hold noise, or a ramp whose colors tell the place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from cities import Storage
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.affinity import rotate, scale, translate
from shapely.geometry.base import BaseGeometry

from imagery.boxes import PixelBox
from imagery.chips.chip import Chip
from imagery.chips.cutting import Work
from imagery.chips.settings import TileSettings
from imagery.chips.tasks import CutJob
from imagery.flyover.flyover import Flyover, open_flyover

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LON = -76.62
LAT = 39.29
UNITS_PER_M = {
    "EPSG:32618": 1.0,
    "EPSG:26918": 1.0,
    "EPSG:2248": 1 / 0.3048006096,
    "EPSG:4326": 1 / 111_320,
    "EPSG:3857": 1 / np.cos(np.radians(LAT)),
}
METRIC = "EPSG:32618"
FORMATS: dict[str, Storage] = {
    "raw": {},
    "deflate": {
        "tiled": True,
        "blockxsize": 32,
        "blockysize": 16,
        "compress": "deflate",
        "predictor": 2,
    },
    "lzw": {"compress": "lzw", "blockysize": 7},
    "tiled": {"tiled": True, "blockxsize": 16, "blockysize": 16},
    "planes": {
        "compress": "deflate",
        "interleave": "band",
        "tiled": True,
        "blockxsize": 16,
        "blockysize": 32,
    },
    "clear": {"compress": "deflate", "photometric": "RGB", "ALPHA": "YES"},
}
"""Lossless ways to store a tile; "clear" marks no data by alpha, the others by nodata 0."""
EVERYTHING = TileSettings(min_covered=1e-9, max_nodata=0.999, max_shadow=1.0, max_canopy=1.0)
"""Limits that let every chip pass of which anything can be seen."""
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""To shrink an example takes minutes here, and tells little more."""
QUICK = settings(
    max_examples=50,
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One tile of a layout."""

    window: PixelBox
    """Its pixels of the mosaic."""
    kind: str
    """How it is stored, a key of `FORMATS`."""
    hole: PixelBox | None
    """Pixels of the tile without data, None for none."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A mosaic and how it is split."""

    crs: str
    """CRS of the tiles."""
    gsd_m: float
    """Meters per pixel."""
    turn: float
    """Angle of the pixel grid to its CRS, degrees."""
    shape: tuple[int, int]
    """(rows, columns) of the mosaic."""
    patches: tuple[Patch, ...]
    """Tiles in the order of their file names: the first one counts where they overlap."""
    seed: int
    """Seed of the noise."""

    @property
    def transform(self) -> Affine:
        """Affine from mosaic (column, row) to the CRS."""
        x, y = Transformer.from_crs(4326, self.crs, always_xy=True).transform(LON, LAT)
        side = self.gsd_m * UNITS_PER_M[self.crs]
        height, width = self.shape
        return (
            Affine.translation(x, y)
            @ Affine.rotation(self.turn)
            @ Affine.scale(side, -side)
            @ Affine.translation(-width / 2, -height / 2)
        )


OUTER = [(-0.5, -0.5), (0.1, -0.5), (0.1, 0.5), (-0.5, 0.5)]
INNER = [(-0.3, -0.2), (-0.05, -0.2), (-0.05, 0.3), (-0.3, 0.3)]
BOX = shapely.box(-0.5, -0.5, 0.5, 0.5)
SHAPES: dict[str, BaseGeometry] = {
    "box": BOX,
    "ell": BOX.difference(shapely.box(0, 0, 0.5, 0.5)),
    "parts": shapely.MultiPolygon(
        [shapely.Polygon(OUTER, [INNER]), shapely.box(0.25, 0.1, 0.5, 0.4)]
    ),
    "pixel": shapely.box(-0.01, -0.01, 0.01, 0.01),
    "forty hectares": BOX,
}


@dataclass(frozen=True, kw_only=True)
class Lot:
    """A parcel in pixels of the mosaic."""

    kind: str
    """A key of `SHAPES`."""
    place: tuple[float, float]
    """Its center, (x, y) as shares of the mosaic; below 0 and above 1 it lies outside."""
    sides: tuple[float, float]
    """Length of its sides, pixels."""
    angle: float
    """Degrees."""

    def outline(self, layout: Layout, metric: str) -> BaseGeometry:
        """Return the outline in a metric CRS."""
        height, width = layout.shape
        x, y = layout.transform @ (self.place[0] * width, self.place[1] * height)
        east, north = Transformer.from_crs(layout.crs, metric, always_xy=True).transform(x, y)

        width_m = self.sides[0] * layout.gsd_m
        height_m = self.sides[1] * layout.gsd_m
        if self.kind == "forty hectares":
            width_m = 640
            height_m = 630

        shape = scale(SHAPES[self.kind], width_m, height_m, origin=(0, 0))
        return translate(rotate(shape, self.angle, origin=(0, 0)), east, north)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Where the pixels of a chip lie."""

    transform: Affine
    """Affine from (column, row) to the CRS."""
    shape: tuple[int, int]
    """(rows, columns)."""
    crs: str
    """A CRS in meters."""

    def centers(self) -> tuple[Floats, Floats]:
        """Return x and y of all pixel centers, (H, W) each."""
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]] + 0.5
        return pixels_to_xy(self.transform, columns, rows)

    def on_mosaic(self, layout: Layout) -> tuple[Floats, Floats]:
        """Return where the pixel centers fall on a mosaic, exactly.

        Returns:
            Column and row, (H, W) each. Centers of the mosaic's pixels are whole numbers.
        """
        x, y = Transformer.from_crs(self.crs, layout.crs, always_xy=True).transform(*self.centers())
        column, row = pixels_to_xy(~layout.transform, x, y)
        return column - 0.5, row - 0.5


def grid_of(chip: Chip) -> Grid:
    """Return the grid of a chip."""
    height, width = chip.mask.shape
    return Grid(transform=Affine(*chip.transform), shape=(height, width), crs=chip.crs)


@st.composite
def cell_edges(draw: st.DrawFn, length: int) -> list[int]:
    """Split a length at random places."""
    places = draw(st.sets(st.integers(1, length - 1), max_size=3))
    return [0, *sorted(places), length]


@st.composite
def patches_over(draw: st.DrawFn, cell: PixelBox, shape: tuple[int, int]) -> Patch:
    """Make a tile that covers a cell and may overlap with others or hold a hole."""
    more = draw(st.sampled_from((0, 0, 1, 5)))
    window = PixelBox(
        row_start=max(0, cell.row_start - more),
        row_stop=min(shape[0], cell.row_stop + more),
        column_start=max(0, cell.column_start - more),
        column_stop=min(shape[1], cell.column_stop + more),
    )

    hole = None
    if draw(st.integers(0, 4)) == 4:
        row = window.height // 3
        column = window.width // 2
        hole = PixelBox(
            row_start=row,
            row_stop=row + 1 + window.height // 4,
            column_start=column,
            column_stop=column + 1 + window.width // 5,
        )
    return Patch(window=window, kind=draw(st.sampled_from(sorted(FORMATS))), hole=hole)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Split a mosaic at random rows and columns; tiles overlap, are missing, and hold holes."""
    shape = draw(st.tuples(st.integers(20, 192), st.integers(20, 192)))
    patches: list[Patch] = []
    for top, bottom in pairwise(draw(cell_edges(shape[0]))):
        for left, right in pairwise(draw(cell_edges(shape[1]))):
            is_missing = bool(patches) and draw(st.integers(0, 7)) == 7
            if not is_missing:
                cell = PixelBox(
                    row_start=top, row_stop=bottom, column_start=left, column_stop=right
                )
                patches.append(draw(patches_over(cell, shape)))

    crs = draw(st.sampled_from(sorted(UNITS_PER_M)))
    turn = 0.0
    if crs != "EPSG:4326":
        turn = draw(st.sampled_from((0.0, 0.0, 17.0, 90.0)))
    return Layout(
        crs=crs,
        gsd_m=draw(st.sampled_from((0.1, 0.3, 1.0, 3.0))),
        turn=turn,
        shape=shape,
        patches=tuple(draw(st.permutations(patches))),
        seed=draw(st.integers(0, 999)),
    )


SHARES = st.floats(-0.05, 1.05)
LENGTHS = st.floats(2, 60)
LOTS = st.builds(
    Lot,
    kind=st.sampled_from(sorted(SHAPES)),
    place=st.tuples(SHARES, SHARES),
    sides=st.tuples(LENGTHS, LENGTHS),
    angle=st.floats(0, 180),
)


def one_tile(layout: Layout, crs: str, turn: float) -> Layout:
    """Return another picture of a layout's center, in one tile with a hole."""
    height, width = layout.shape
    hole = PixelBox(row_start=3, row_stop=9, column_start=3, column_stop=9)
    patch = Patch(window=PixelBox.whole(width, height), kind="lzw", hole=hole)
    return Layout(
        crs=crs,
        gsd_m=layout.gsd_m,
        turn=turn,
        shape=(width, height),
        patches=(patch,),
        seed=layout.seed + 1,
    )


def write_layout(folder: Path, layout: Layout, *, smooth: bool = False) -> Floats:
    """Write the tiles, with noise or with a ramp over the ground.

    Returns:
        The mosaic (3, H, W) that they show, -1 where none has data.
    """
    mosaic = np.full((3, *layout.shape), -1.0)
    for number, patch in reversed(list(enumerate(layout.patches))):
        rows, columns = patch.window.slices
        picture = draw_patch(layout, number, smooth=smooth)
        has_data = np.ones(picture.shape[1:], bool)
        if patch.hole:
            has_data[patch.hole.slices] = False
        mosaic[:, rows, columns][:, has_data] = picture[:, has_data]

        stored = picture * has_data
        nodata: int | None = 0
        if patch.kind == "clear":
            stored = np.concatenate([picture, has_data[None] * np.uint8(255)])
            nodata = None
        corner = Affine.translation(patch.window.column_start, patch.window.row_start)
        write_tile(
            folder / f"{folder.name}_{number:02d}.tif",
            stored,
            crs=layout.crs,
            transform=layout.transform @ corner,
            nodata=nodata,
            **FORMATS[patch.kind],
        )
    return mosaic


def draw_patch(layout: Layout, number: int, *, smooth: bool) -> NDArray[np.uint8]:
    """Return the picture of a tile without its hole, (3, H, W)."""
    window = layout.patches[number].window
    if smooth:
        rows, columns = window.slices
        return ramp(layout)[:, rows, columns]
    rng = np.random.default_rng((layout.seed, number))
    return rng.integers(1, 256, (3, window.height, window.width)).astype(np.uint8)


def ramp(layout: Layout) -> NDArray[np.uint8]:
    """Return a picture whose red and green tell the place on the ground, (3, H, W)."""
    grid = Grid(transform=layout.transform, shape=layout.shape, crs=layout.crs)
    to_metric = Transformer.from_crs(layout.crs, METRIC, always_xy=True)
    x, y = to_metric.transform(*grid.centers())
    return np.rint(slope(x, y, layout.gsd_m)).astype(np.uint8)


def slope(x: Floats, y: Floats, gsd_m: float) -> Floats:
    """Return the colors of places in `METRIC`, 0.8 gray levels per pixel, (3, H, W)."""
    east, north = Transformer.from_crs(4326, METRIC, always_xy=True).transform(LON, LAT)
    red = 128 + 0.8 * (x - east) / gsd_m
    green = 128 + 0.8 * (y - north) / gsd_m
    return np.stack([red, green, np.full_like(x, 90)])


def write_tile(
    path: Path, pixels: NDArray[np.uint8], *, crs: str, transform: Affine, **options: object
) -> Path:
    """Write (bands, H, W) as a GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype="uint8",
        crs=crs,
        transform=transform,
        **options,
    ) as target:
        target.write(pixels)
    return path


def pixels_to_xy(transform: Affine, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Map arrays of columns and rows."""
    a, b, c, d, e, f = transform[:6]
    x = a * columns + b * rows + c
    y = d * columns + e * rows + f
    return x, y


def open_folder(folder: Path) -> Flyover:
    """Open all tiles of a folder."""
    return open_flyover(2023, (str(folder),))


def serial(function: Callable[[CutJob], Work], jobs: Sequence[CutJob]) -> Iterator[Work]:
    """Do one job after the other."""
    return map(function, jobs)
