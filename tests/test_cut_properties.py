"""Any parcel, any tiles, any CRS: chips against the whole mosaic in memory, and the chip stage against itself however it is cut up, stopped or repeated."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from one_lot import cut_lot
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject
from shapely.affinity import rotate, scale, translate
from shapely.geometry.base import BaseGeometry

from imagery.chips import plan
from imagery.chips.chip import Chip
from imagery.chips.cutting import Work
from imagery.chips.grids import chip_grids, draw_mask
from imagery.chips.inputs import CutInputs
from imagery.chips.plan import plan_cuts
from imagery.chips.settings import TileSettings
from imagery.chips.store import ChipStore
from imagery.chips.tasks import CutJob, CutSettings
from imagery.chips.tiling import CutRunner, tile_parcels
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.flyover.tiles import Tile
from imagery.roll.parcels import ROLL_COLUMNS, VacantRoll

Floats = NDArray[np.float64]
LON, LAT = -76.62, 39.29
UNITS_PER_M = {
    "EPSG:32618": 1.0,
    "EPSG:26918": 1.0,
    "EPSG:2248": 1 / 0.3048006096,
    "EPSG:4326": 1 / 111_320,
    "EPSG:3857": 1 / np.cos(np.radians(LAT)),
}
METRIC = ("EPSG:32618", "EPSG:26985", "EPSG:32617")
FORMATS: dict[str, dict[str, object]] = {
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
"""Lossless ways to store a tile; the last one says by alpha where it has no data, the others by nodata 0."""
EVERYTHING = TileSettings(min_covered=1e-9, max_nodata=0.999, max_shadow=1.0, max_canopy=1.0)
"""Limits that let every chip pass of which anything can be seen."""
OUTLINE_M = 0.005
"""How well the smallest turned rectangle is known at coordinates of millions of meters."""
MOST_GRAY = 1.0
"""Largest difference from the reference, gray levels."""
ONE_METER = CutSettings(
    gsd_m=1.0, margin_m=0.0, max_side_m=120.0, metric_crs=CRS(METRIC[0]).to_wkt()
)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""To shrink an example takes minutes here, and says little more."""
quick = settings(
    max_examples=50,
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One tile of a layout."""

    window: tuple[int, int, int, int]
    """Pixels of the mosaic: (row from, row to, column from, column to)."""
    kind: str
    """How it is stored, a key of `FORMATS`."""
    hole: tuple[int, int, int, int] | None
    """Pixels of the tile without data, None for none."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A mosaic and how it is split."""

    crs: str
    """CRS of the tiles."""
    gsd_m: float
    """Meters per pixel."""
    turn: float
    """By how much the pixel grid is turned against its CRS, degrees."""
    shape: tuple[int, int]
    """(rows, columns) of the mosaic."""
    patches: tuple[Patch, ...]
    """Tiles in the order of their file names: the first one counts where they overlap."""
    seed: int
    """Seed of the noise."""

    @property
    def transform(self) -> Affine:
        """Affine from mosaic (column, row) to the CRS; the mosaic's center lies at `LON`, `LAT`."""
        x, y = Transformer.from_crs(4326, self.crs, always_xy=True).transform(LON, LAT)
        side = self.gsd_m * UNITS_PER_M[self.crs]
        return (
            Affine.translation(x, y)
            @ Affine.rotation(self.turn)
            @ Affine.scale(side, -side)
            @ Affine.translation(-self.shape[1] / 2, -self.shape[0] / 2)
        )


@dataclass(frozen=True, kw_only=True)
class Lot:
    """A parcel in pixels of the mosaic."""

    kind: str
    """A key of `SHAPES`."""
    place: tuple[float, float]
    """Where its center lies, (x, y) as shares of the mosaic; beyond 0 and 1 it lies outside."""
    sides: tuple[float, float]
    """Length of its sides, pixels."""
    angle: float
    """Degrees."""

    def outline(self, layout: Layout, metric: str) -> BaseGeometry:
        """Return the outline in a metric CRS."""
        x, y = layout.transform @ (self.place[0] * layout.shape[1], self.place[1] * layout.shape[0])
        x, y = Transformer.from_crs(layout.crs, metric, always_xy=True).transform(x, y)
        width, height = (
            (6.4e2, 6.3e2)
            if self.kind == "forty hectares"
            else (side * layout.gsd_m for side in self.sides)
        )
        return translate(
            rotate(
                scale(SHAPES[self.kind], width, height, origin=(0, 0)), self.angle, origin=(0, 0)
            ),
            x,
            y,
        )


OUTER, INNER = (
    [(-0.5, -0.5), (0.1, -0.5), (0.1, 0.5), (-0.5, 0.5)],
    [(-0.3, -0.2), (-0.05, -0.2), (-0.05, 0.3), (-0.3, 0.3)],
)
SHAPES: dict[str, BaseGeometry] = {
    "box": shapely.box(-0.5, -0.5, 0.5, 0.5),
    "ell": shapely.box(-0.5, -0.5, 0.5, 0.5).difference(shapely.box(0, 0, 0.5, 0.5)),
    "parts": shapely.MultiPolygon(
        [shapely.Polygon(OUTER, [INNER]), shapely.box(0.25, 0.1, 0.5, 0.4)]
    ),
    "pixel": shapely.box(-0.01, -0.01, 0.01, 0.01),
    "forty hectares": shapely.box(-0.5, -0.5, 0.5, 0.5),
}


@st.composite
def layouts(draw: st.DrawFn, crs: str | None = None) -> Layout:
    """Split a mosaic at random rows and columns; let tiles overlap, lack, and hold holes."""
    shape = draw(st.tuples(st.integers(20, 192), st.integers(20, 192)))
    bands = [0, *sorted(draw(st.sets(st.integers(1, shape[0] - 1), max_size=3))), shape[0]]
    patches: list[Patch] = []
    for top, bottom in pairwise(bands):
        for left, right in pairwise(
            [0, *sorted(draw(st.sets(st.integers(1, shape[1] - 1), max_size=3))), shape[1]]
        ):
            if patches and draw(st.integers(0, 7)) == 7:
                continue  # a tile that is missing
            more = draw(st.sampled_from((0, 0, 1, 5)))
            window = (
                max(0, top - more),
                min(shape[0], bottom + more),
                max(0, left - more),
                min(shape[1], right + more),
            )
            rows, columns = window[1] - window[0], window[3] - window[2]
            hole = (
                (
                    rows // 3,
                    rows // 3 + 1 + rows // 4,
                    columns // 2,
                    columns // 2 + 1 + columns // 5,
                )
                if draw(st.integers(0, 4)) == 4
                else None
            )
            patches.append(
                Patch(window=window, kind=draw(st.sampled_from(sorted(FORMATS))), hole=hole)
            )
    crs = crs or draw(st.sampled_from(sorted(UNITS_PER_M)))
    turn = 0.0 if crs == "EPSG:4326" else draw(st.sampled_from((0.0, 0.0, 17.0, 90.0)))
    order, seed = draw(st.permutations(patches)), draw(st.integers(0, 999))
    return Layout(
        crs=crs,
        gsd_m=draw(st.sampled_from((0.1, 0.3, 1.0, 3.0))),
        turn=turn,
        shape=shape,
        patches=tuple(order),
        seed=seed,
    )


shares, lengths = st.floats(-0.05, 1.05), st.floats(2, 60)
lots = st.builds(
    Lot,
    kind=st.sampled_from(sorted(SHAPES)),
    place=st.tuples(shares, shares),
    sides=st.tuples(lengths, lengths),
    angle=st.floats(0, 180),
)


def write_layout(folder: Path, layout: Layout, *, smooth: bool = False) -> Floats:
    """Write the tiles, noise or a ramp over the ground; return the mosaic (3, H, W) that they show, -1 where none has data."""
    mosaic = np.full((3, *layout.shape), -1.0)
    for number, patch in reversed(list(enumerate(layout.patches))):
        r0, r1, c0, c1 = patch.window
        there = mosaic[:, r0:r1, c0:c1]
        noise = (
            ramp(layout)[:, r0:r1, c0:c1]
            if smooth
            else np.random.default_rng((layout.seed, number))
            .integers(1, 256, there.shape)
            .astype(np.uint8)
        )
        held = np.ones(there.shape[1:], bool)
        if patch.hole:
            held[patch.hole[0] : patch.hole[1], patch.hole[2] : patch.hole[3]] = False
        there[:, held] = noise[:, held]
        if patch.kind == "clear":
            stored = np.concatenate([noise, held[None] * np.uint8(255)])
        else:
            stored = noise * held
        write_tile(
            folder / f"{folder.name}_{number:02d}.tif",
            stored,
            layout.crs,
            layout.transform @ Affine.translation(c0, r0),
            nodata=None if patch.kind == "clear" else 0,
            **FORMATS[patch.kind],
        )
    return mosaic


def ramp(layout: Layout) -> NDArray[np.uint8]:
    """Return a picture whose red and green tell the place on the ground, (3, H, W)."""
    rows, columns = np.mgrid[: layout.shape[0], : layout.shape[1]] + 0.5
    x, y = Transformer.from_crs(layout.crs, METRIC[0], always_xy=True).transform(
        *pixels_to_xy(layout.transform, columns, rows)
    )
    return np.rint(slope(x, y, layout.gsd_m)).astype(np.uint8)


def slope(x: Floats, y: Floats, gsd_m: float) -> Floats:
    """Return the colors of a place in `METRIC[0]`, 0.8 gray levels per pixel away from the center."""
    east, north = Transformer.from_crs(4326, METRIC[0], always_xy=True).transform(LON, LAT)
    return np.stack(
        [128 + 0.8 * (x - east) / gsd_m, 128 + 0.8 * (y - north) / gsd_m, np.full_like(x, 90)]
    )


def write_tile(
    path: Path, pixels: NDArray[np.uint8], crs: str, transform: Affine, **options: object
) -> Path:
    """Write a GeoTIFF."""
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
    return a * columns + b * rows + c, d * columns + e * rows + f


def open_folder(folder: Path) -> Flyover:
    return open_flyover(2023, (str(folder),))


def centers(
    transform: Affine, shape: tuple[int, int], metric: str, layout: Layout
) -> tuple[Floats, Floats]:
    """Return where the pixel centers of a chip fall on the mosaic, exactly: column and row, (H, W) each, pixel centers being whole."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    x, y = Transformer.from_crs(metric, layout.crs, always_xy=True).transform(
        *pixels_to_xy(transform, columns, rows)
    )
    column, row = pixels_to_xy(~layout.transform, x, y)
    return column - 0.5, row - 0.5


def footprint(
    held: NDArray[np.bool_], column: Floats, row: Floats, reach: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where all, and where any, of the source pixels under a chip pixel hold data; `reach` 0 is those of bilinear resampling."""
    padded = np.pad(held, 2 * reach + 3)
    x, y = (
        np.floor(np.clip(at, -reach - 2, side + reach)).astype(int) + 2 * reach + 3
        for at, side in ((column, held.shape[1]), (row, held.shape[0]))
    )
    under = np.stack(
        [
            padded[y + down, x + right]
            for down in range(-reach, 2 + reach)
            for right in range(-reach, 2 + reach)
        ]
    )
    return np.asarray(under.all(axis=0)), np.asarray(under.any(axis=0))


def warp(
    mosaic: Floats, layout: Layout, transform: Affine, shape: tuple[int, int], metric: str
) -> Floats:
    """Return the mosaic on a chip's grid by GDAL, every pixel located exactly and no averaging; -1 where it has no data."""
    warped = np.full((3, *shape), -1, np.float32)
    reproject(
        mosaic.astype(np.float32),
        warped,
        src_transform=layout.transform,
        src_crs=layout.crs,
        src_nodata=-1,
        dst_transform=transform,
        dst_crs=metric,
        dst_nodata=-1,
        resampling=Resampling.bilinear,
        tolerance=0,
        XSCALE=1,
        YSCALE=1,
    )
    return warped.astype(np.float64)


def check_grid(chip: Chip, outline: BaseGeometry, tile_settings: TileSettings) -> None:
    """A chip is upright or turned but no mirror image, to scale, centered, and holds the parcel unless that is too long."""
    transform, (height, width) = Affine(*chip.transform), chip.mask.shape
    gsd = tile_settings.gsd_m
    assert transform.determinant == pytest.approx(-gsd * gsd)
    assert (transform.a, transform.b) == pytest.approx((-transform.e, transform.d))
    assert height <= width
    frame = shapely.Polygon(
        [transform @ corner for corner in ((0, 0), (width, 0), (width, height), (0, height))]
    )
    middles = [
        shapely.get_coordinates(ring)[:4].mean(axis=0)
        for ring in (frame, shapely.oriented_envelope(outline))
    ]
    assert middles[0] == pytest.approx(middles[1], abs=OUTLINE_M)
    if max(height, width) * gsd < tile_settings.max_side_m:
        kept = (
            outline.buffer(tile_settings.margin_m, join_style="mitre")
            if outline.equals(outline.convex_hull)
            else outline
        )
        assert frame.buffer(OUTLINE_M).contains(kept)
    else:
        assert width == np.ceil(tile_settings.max_side_m / gsd)
    rows, columns = np.mgrid[:height, :width] + 0.5
    x, y = pixels_to_xy(transform, columns, rows)
    inside = shapely.contains_xy(outline.buffer(-gsd), x, y)
    assert chip.mask[inside].all()
    near = shapely.contains_xy(outline.buffer(1.01 * gsd), x, y)
    assert not chip.mask[~near].any() or chip.mask.sum() == 1


def largest_gray(chip: Chip, mosaic: Floats, layout: Layout, metric: str) -> float:
    """Compare a chip with the mosaic, pixel by pixel; return the largest difference in gray levels."""
    transform, shape = Affine(*chip.transform), chip.mask.shape
    expected, got = warp(mosaic, layout, transform, shape, metric), chip.pixels.astype(np.float64)
    held, where = mosaic[0] >= 0, centers(transform, shape, metric, layout)
    full, some = footprint(held, *where, 0)
    _, near = footprint(held, *where, 1)
    assert (expected[:, full] >= 0).all()
    assert not got[:, ~near].any()
    apart = np.abs(got - expected).max(axis=0)
    border = some & ~full & (got > 0).any(axis=0) & (expected[0] >= 0)
    return float(max(apart[full].max(initial=0), apart[border].max(initial=0)))


@quick
@given(
    data=st.data(),
    layout=layouts(),
    metric=st.sampled_from(METRIC),
    zoom=st.sampled_from((1.0, 0.7, 0.5)),
    margin=st.sampled_from((0, 3)),
)
def test_any_chip_is_cut_as_from_the_mosaic(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    layout: Layout,
    metric: str,
    zoom: float,
    margin: int,
) -> None:
    """Every pixel of a chip is what bilinear resampling of the whole mosaic gives; where nothing is known it is black."""
    folder = tmp_path_factory.mktemp("layout")
    mosaic = write_layout(folder, layout)
    flyover = open_folder(folder)
    tile_settings = replace(
        EVERYTHING,
        gsd_m=zoom * layout.gsd_m,
        margin_m=margin * layout.gsd_m,
        max_side_m=min(120, 120 * zoom * layout.gsd_m),
    )
    for lot in data.draw(st.lists(lots, min_size=1, max_size=5)):
        outline = lot.outline(layout, metric)
        row = cut_lot(outline, flyover, tile_settings, metric)
        if row.chip is None:
            grid = chip_grids(
                np.array([outline], object),
                gsd_m=tile_settings.gsd_m,
                margin_m=tile_settings.margin_m,
                max_side_m=tile_settings.max_side_m,
            )[0]
            full, _ = footprint(
                mosaic[0] >= 0,
                *centers(Affine(*grid.transform), (grid.height, grid.width), metric, layout),
                0,
            )
            inside = draw_mask(outline, grid)
            assert row.reason in ("no_imagery", "nodata")
            assert full[inside].mean() < 0.01
            continue
        check_grid(row.chip, outline, tile_settings)
        worst = largest_gray(row.chip, mosaic, layout, metric)
        assert worst <= MOST_GRAY


@settings(quick, max_examples=12)
@given(data=st.data(), layout=layouts(), coarser=st.sampled_from((2.0, 3.0, 4.4)))
def test_a_coarser_chip_is_an_average_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, layout: Layout, coarser: float
) -> None:
    """Averaging shifts nothing: on a ramp, a coarser chip shows the colors of its own pixel centers."""
    folder = tmp_path_factory.mktemp("layout")
    mosaic = write_layout(folder, layout, smooth=True)
    for lot in data.draw(st.lists(lots, min_size=1, max_size=5)):
        tile_settings = replace(
            EVERYTHING, gsd_m=coarser * layout.gsd_m, margin_m=2 * layout.gsd_m, max_side_m=120
        )
        chip = cut_lot(
            lot.outline(layout, METRIC[0]),
            open_folder(folder),
            settings=tile_settings,
            crs=METRIC[0],
        ).chip
        if chip is not None:
            transform, shape = Affine(*chip.transform), chip.mask.shape
            full, _ = footprint(mosaic[0] >= 0, *centers(transform, shape, METRIC[0], layout), 9)
            rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
            apart = np.abs(
                chip.pixels - slope(*pixels_to_xy(transform, columns, rows), layout.gsd_m)
            ).max(axis=0)
            assert apart[full].max(initial=0) <= 1.5


@pytest.mark.parametrize("gsd_m", [0.3, 1.0, 3.0])
def test_a_seam_just_beyond_the_edge_is_seen(tmp_path: Path, gsd_m: float) -> None:
    """The outermost pixels of a chip finer than its tiles are blended with the tile next door, though the chip ends 0.2 pixels before it."""
    patches = tuple(
        Patch(window=(0, 60, left, left + 30), kind="raw", hole=None) for left in (0, 30)
    )
    layout = Layout(
        crs="EPSG:32618", gsd_m=gsd_m, turn=0.0, shape=(60, 60), patches=patches, seed=0
    )
    mosaic, lot = (
        write_layout(tmp_path, layout),
        Lot(kind="box", place=(19.8 / 60, 0.5), sides=(20.0, 10.0), angle=0.0),
    )
    row = cut_lot(
        lot.outline(layout, METRIC[0]),
        open_folder(tmp_path),
        settings=replace(EVERYTHING, gsd_m=gsd_m / 2, margin_m=0),
        crs=METRIC[0],
    )
    assert row.chip is not None
    assert largest_gray(row.chip, mosaic, layout, METRIC[0]) <= MOST_GRAY


def one_tile(layout: Layout, crs: str, turn: float) -> Layout:
    """Return another picture of a layout's center, in one tile with a hole."""
    patch = Patch(window=(0, layout.shape[1], 0, layout.shape[0]), kind="lzw", hole=(3, 9, 3, 9))
    return replace(
        layout, crs=crs, turn=turn, shape=layout.shape[::-1], patches=(patch,), seed=layout.seed + 1
    )


@settings(quick, max_examples=12)
@given(
    data=st.data(),
    first=layouts(),
    crs=st.sampled_from(sorted(UNITS_PER_M)),
    turn=st.sampled_from((0.0, 5.0)),
)
def test_tiles_of_two_grids_fill_each_other(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    first: Layout,
    crs: str,
    turn: float,
) -> None:
    """Where one grid has no data the other one counts, each in its own place."""
    folder = tmp_path_factory.mktemp("layouts")
    second = one_tile(first, crs, turn)
    mosaics = [
        (one, write_layout(folder / name, one, smooth=True))
        for name, one in (("a", first), ("b", second))
    ]
    for lot in data.draw(st.lists(lots, min_size=1, max_size=5)):
        tile_settings = replace(
            EVERYTHING, gsd_m=first.gsd_m, margin_m=0, max_side_m=120 * first.gsd_m
        )
        chip = cut_lot(
            lot.outline(first, METRIC[0]),
            open_folder(folder),
            settings=tile_settings,
            crs=METRIC[0],
        ).chip
        if chip is not None:
            transform, shape = Affine(*chip.transform), chip.mask.shape
            full = np.logical_or(
                *(
                    footprint(mosaic[0] >= 0, *centers(transform, shape, METRIC[0], one), 0)[0]
                    for one, mosaic in mosaics
                )
            )
            rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
            apart = np.abs(
                chip.pixels - slope(*pixels_to_xy(transform, columns, rows), first.gsd_m)
            ).max(axis=0)
            assert apart[full].max(initial=0) <= 1.7


def serial(function: Callable[[CutJob], Work], jobs: Sequence[CutJob]) -> Iterator[Work]:
    return map(function, jobs)


@dataclass(frozen=True, kw_only=True)
class Town:
    """A layout and its parcels."""

    layout: Layout
    """The tiles."""
    lots: tuple[Lot, ...]
    """The parcels."""
    other: str = ""
    """CRS of one more tile, which shows the same center; "" for none."""

    def photograph(self, folder: Path) -> None:
        """Write the tiles."""
        write_layout(folder, self.layout)
        if self.other:
            write_layout(folder / "other", one_tile(self.layout, self.other, 0))

    def roll(self) -> VacantRoll:
        """Return the parcels as a roll, and one that has no outline."""
        shapes = [lot.outline(self.layout, METRIC[0]) for lot in self.lots]
        table = gpd.GeoDataFrame(geometry=[*shapes, None], crs=METRIC[0])
        table = table.assign(**dict.fromkeys(ROLL_COLUMNS[:-1], "")).assign(
            parcel_id=[f"{number:04d}" for number in range(len(table))]
        )
        return VacantRoll(
            table=gpd.GeoDataFrame(table[list(ROLL_COLUMNS)]),
            notices=0,
            joined_by_place=0,
            unmatched=(),
        )

    def tile(self, photos: Path, folder: Path, runner: CutRunner = serial) -> ChipStore:
        """Cut all chips."""
        gsd = 0.5 * self.layout.gsd_m
        inputs = CutInputs(
            roll=self.roll(),
            flyover=open_folder(photos),
            settings=replace(EVERYTHING, gsd_m=gsd, margin_m=3 * gsd, max_side_m=120 * gsd),
            footprints=None,
        )
        return tile_parcels(inputs, folder, runner)


towns = st.builds(
    Town,
    layout=layouts(),
    lots=st.lists(lots, min_size=1, max_size=14).map(tuple),
    other=st.sampled_from(("", "", "EPSG:4326", "EPSG:32618")),
)
few = settings(quick, max_examples=7)
some_parcels = st.sampled_from((1, 2, 5))


@contextmanager
def task_parcels(number: int) -> Iterator[None]:
    """Plan tasks of so many parcels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "TASK_PARCELS", number)
        yield


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all shards and of the manifest; nothing else but the plan may lie beside them."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "plan.json"}
    assert all(name == "manifest.parquet" or name.startswith("shard_") for name in files)
    return files


def marks(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written again."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


def chips(store: ChipStore) -> dict[str, tuple[object, ...]]:
    """Return all that is known of every parcel, wherever it is stored."""
    rows = store.manifest.drop(columns=["shard", "index", "offset"]).astype(str)
    found: dict[str, tuple[object, ...]] = {}
    for parcel_id, *row in rows.to_numpy().tolist():
        chip = store.read(parcel_id)
        found[parcel_id] = (*row, chip and chip.pixels.tobytes(), chip and chip.mask.tobytes())
    return found


@settings(quick, max_examples=12)
@given(town=towns, number=some_parcels)
def test_tasks_leave_no_trace(
    tmp_path_factory: pytest.TempPathFactory, town: Town, number: int
) -> None:
    """However the work is shared out, chips are the same byte for byte, every parcel has one row, and every unit is decoded once."""
    folder = tmp_path_factory.mktemp("town")
    town.photograph(folder / "photos")
    one = town.tile(folder / "photos", folder / "one")
    with task_parcels(number):
        many = town.tile(folder / "photos", folder / "many")
        before = marks(folder / "many")
        again = town.tile(folder / "photos", folder / "many")
    assert chips(many) == chips(one)
    assert many.manifest["parcel_id"].tolist() == town.roll().table["parcel_id"].tolist()
    assert one.units_decoded == one.units_touched == many.units_touched == many.units_decoded
    assert (again.units_decoded, marks(folder / "many")) == (0, before)


@few
@given(data=st.data(), town=towns, number=some_parcels, manifest=st.booleans())
def test_lost_files_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    town: Town,
    number: int,
    manifest: bool,
) -> None:
    """Whatever pixels or rows were lost, the next run ends with the same bytes and touches no other shard."""
    folder = tmp_path_factory.mktemp("town")
    town.photograph(folder / "photos")
    with task_parcels(number):
        whole = town.tile(folder / "photos", folder / "chips")
        before, stood = contents(folder / "chips"), marks(folder / "chips")
        lost = (
            data.draw(st.sets(st.sampled_from(sorted(set(before) - {"manifest.parquet"}))))
            if len(before) > 1
            else set()
        )
        for name in lost | ({"manifest.parquet"} if manifest else set()):
            (folder / "chips" / name).unlink()
        again = town.tile(folder / "photos", folder / "chips")
    assert contents(folder / "chips") == before
    assert again.units_decoded <= (whole.units_touched if lost else 0)
    cut = {Path(name).stem for name in lost}
    kept = [name for name in before if name.startswith("shard_") and Path(name).stem not in cut]
    assert {name: marks(folder / "chips")[name] for name in kept} == {
        name: stood[name] for name in kept
    }


@few
@given(data=st.data(), town=towns, number=some_parcels)
def test_a_new_tile_changes_its_own_shards(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, town: Town, number: int
) -> None:
    """After one tile was delivered again, the shards that see it are cut anew, no other, and all is as in a first run."""
    folder = tmp_path_factory.mktemp("town")
    town.photograph(folder / "photos")
    new = data.draw(st.sampled_from(sorted((folder / "photos").rglob("*.tif"))))
    with task_parcels(number):
        town.tile(folder / "photos", folder / "chips")
        before = marks(folder / "chips")
        paint(new)
        town.tile(folder / "photos", folder / "chips")
        town.tile(folder / "photos", folder / "fresh")
    assert contents(folder / "chips") == contents(folder / "fresh")
    after = marks(folder / "chips")
    rows = {path.stem: pd.read_parquet(path) for path in (folder / "chips").glob("shard_*.parquet")}
    seen = {
        stem
        for stem, table in rows.items()
        if table["tiles"].str.split("|").map(set).map(lambda names: new.name in names).any()
    }
    assert {
        Path(name).stem
        for name in after
        if name.startswith("shard_") and after[name] != before[name]
    } == seen


def paint(path: Path) -> None:
    """Write other pixels over a tile."""
    with rasterio.open(path) as source:
        pixels, profile = source.read(), source.profile
    path.unlink()
    with rasterio.open(path, "w", **profile) as target:
        target.write(np.concatenate([255 - pixels[:3], pixels[3:]]))


@few
@given(town=towns, number=some_parcels, jobs=st.integers(0, 12), renewed=st.booleans())
def test_a_killed_run_goes_on(
    tmp_path_factory: pytest.TempPathFactory, town: Town, number: int, jobs: int, renewed: bool
) -> None:
    """Killed after some jobs, in either phase, the next run decodes what is left, and ends as if nothing had happened, new tiles or not."""
    folder = tmp_path_factory.mktemp("town")
    done: list[Work] = []
    town.photograph(folder / "photos")

    def killed(function: Callable[[CutJob], Work], some: Sequence[CutJob]) -> Iterator[Work]:
        for job in some:
            if len(done) == jobs:
                raise KeyboardInterrupt
            done.append(function(job))
            yield done[-1]

    with task_parcels(number):
        try:
            town.tile(folder / "photos", folder / "chips", killed)
        except KeyboardInterrupt:
            assert not (folder / "chips" / "manifest.parquet").exists()
        if renewed:
            paint(folder / "photos" / "photos_00.tif")
        rest = town.tile(folder / "photos", folder / "chips")
        fresh = town.tile(folder / "photos", folder / "fresh")
    assert contents(folder / "chips") == contents(folder / "fresh")
    if not renewed and rest.units_touched:
        assert rest.units_decoded + sum(work.units for work in done) == fresh.units_touched


@pytest.mark.parametrize("number", [1, 2, 300])
def test_units_counted_by_hand(tmp_path: Path, number: int) -> None:
    """Four lots on two tiles of 2 x 2 blocks touch all blocks of the first and two of the second; decoded one by one they would be eight."""
    blocks = {"tiled": True, "blockxsize": 32, "blockysize": 32, "compress": "deflate"}
    for name, left in (("00.tif", 0), ("01.tif", 64)):
        noise = np.random.default_rng(left).integers(1, 256, (3, 64, 64)).astype(np.uint8)
        write_tile(
            tmp_path / "photos" / name,
            noise,
            METRIC[0],
            Affine(1, 0, 360_000 + left, 0, -1, 4_350_000),
            **blocks,
        )
    boxes = {
        "one block": (4, 4, 16, 12),
        "four blocks": (26, 26, 38, 36),
        "the other tile": (104, 40, 116, 48),
        "the seam": (58, 4, 70, 12),
    }
    shapes = [
        shapely.box(360_000 + left, 4_350_000 - bottom, 360_000 + right, 4_350_000 - top)
        for left, top, right, bottom in boxes.values()
    ]
    table = gpd.GeoDataFrame(
        {**dict.fromkeys(ROLL_COLUMNS[:-1], ""), "parcel_id": list(boxes)},
        geometry=shapes,
        crs=METRIC[0],
    )
    roll = VacantRoll(table=table, notices=0, joined_by_place=0, unmatched=())
    with task_parcels(number):
        inputs = CutInputs(
            roll=roll,
            flyover=open_folder(tmp_path / "photos"),
            settings=TileSettings(gsd_m=1.0, margin_m=0.0),
            footprints=None,
        )
        store = tile_parcels(inputs, tmp_path / "chips", serial)
    assert (store.units_touched, store.units_decoded) == (6, 6)
    assert store.manifest.set_index("parcel_id")["tiles"].to_dict() == {
        "one block": "00.tif",
        "four blocks": "00.tif",
        "the other tile": "01.tif",
        "the seam": "00.tif|01.tif",
    }
    assert store.manifest.set_index("parcel_id").loc[
        list(boxes), ["height", "width"]
    ].to_numpy().tolist() == [[8, 12], [10, 12], [8, 12], [8, 12]]


def test_a_coarser_model_reads_the_overview(tmp_path: Path) -> None:
    """At twice the scale the pixels come from the overview, here of another color, and a quarter of the blocks is decoded."""
    blocks = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
    path = write_tile(
        tmp_path / "photos" / "tile.tif",
        np.full((3, 256, 256), 200, np.uint8),
        METRIC[0],
        Affine(0.25, 0, 360_000, 0, -0.25, 4_350_000),
        **blocks,
    )
    with rasterio.Env(GDAL_TIFF_OVR_BLOCKSIZE="64"), rasterio.open(path, "r+") as target:
        target.build_overviews([2], Resampling.average)
    with rasterio.open(path, "r+") as target:
        target.write(np.full((3, 256, 256), 100, np.uint8))
    table = gpd.GeoDataFrame(
        {**dict.fromkeys(ROLL_COLUMNS[:-1], ""), "parcel_id": ["0001"]},
        geometry=[shapely.box(360_000, 4_349_936, 360_064, 4_350_000)],
        crs=METRIC[0],
    )
    roll = VacantRoll(table=table, notices=0, joined_by_place=0, unmatched=())
    for gsd_m, gray, units in ((0.25, 100, 16), (0.5, 200, 4)):
        inputs = CutInputs(
            roll=roll,
            flyover=open_folder(tmp_path / "photos"),
            settings=TileSettings(gsd_m=gsd_m, margin_m=0.0),
            footprints=None,
        )
        store = tile_parcels(inputs, tmp_path / str(gsd_m), serial)
        chip = store.read("0001")
        assert chip is not None
        assert np.unique(chip.pixels).tolist() == [gray]
        assert (store.units_touched, store.units_decoded) == (units, units)


@pytest.mark.parametrize(
    ("subsampling", "neighbor", "decoder"),
    [(0, False, "libjpeg-turbo"), (2, False, "libjpeg-turbo"), (0, True, "gdal")],
)
def test_jpeg_is_what_pillow_decodes(
    tmp_path: Path, subsampling: int, neighbor: bool, decoder: str
) -> None:
    """A JPEG decoded at once, or beside a GeoTIFF band by band, holds what Pillow finds in the whole picture (GDAL's own libjpeg smooths 4:2:0 in another way)."""
    rows, columns = np.mgrid[:600, :200]
    picture = np.stack(
        [60 + columns // 2, rows // 4 + 40, 128 + 90 * np.sin(rows / 9) * np.cos(columns / 7)]
    ).astype(np.uint8)
    photos, place, shape = (
        tmp_path / "photos",
        Affine(1, 0, 360_000, 0, -1, 4_350_000),
        shapely.box(360_020, 4_349_410, 360_180, 4_349_990),
    )
    photos.mkdir()
    Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0))).save(
        photos / "tile.jpg", quality=80, subsampling=subsampling
    )
    (photos / "tile.jgw").write_text("1\n0\n0\n-1\n360000.5\n4349999.5\n")
    (photos / "tile.prj").write_text(CRS(METRIC[0]).to_wkt("WKT1_GDAL"))
    if neighbor:
        write_tile(photos / "raw.tif", picture, METRIC[0], place @ Affine.translation(200, 0))
    flyover = open_folder(photos)
    row = cut_lot(
        shape,
        flyover,
        settings=TileSettings(gsd_m=1.0, margin_m=0.0, max_side_m=700.0),
        crs=METRIC[0],
    )
    assert (
        plan_cuts(
            np.array(["0001"], object),
            gpd.GeoSeries([shape], crs=METRIC[0]),
            flyover.tiles,
            ONE_METER,
        ).decoder
        == decoder
    )
    with Image.open(photos / "tile.jpg") as opened:
        expected = np.asarray(opened.convert("RGB")).astype(int)[10:590, 20:180]
    assert row.chip is not None
    turned = [np.rot90(row.chip.pixels.transpose(1, 2, 0).astype(int), turn) for turn in (1, 3)]
    assert min(np.abs(one - expected).max() for one in turned) <= (1 if neighbor else 0)


@given(
    lon=st.floats(-170, 170),
    lat=st.floats(-60, 60),
    angle=st.floats(0, 180),
    crs=st.sampled_from(("EPSG:4326", "EPSG:3857")),
)
@settings(quick, max_examples=25)
def test_one_affine_per_chip_is_enough(lon: float, lat: float, angle: float, crs: str) -> None:
    """Over 120 m, the straight map of a view strays less than 1/50 of a 10 cm pixel from the curved truth."""
    metric = CRS(gpd.GeoSeries(gpd.points_from_xy([lon], [lat]), crs=4326).estimate_utm_crs())
    side = UNITS_PER_M["EPSG:4326"] * 0.1 if crs == "EPSG:4326" else 0.1 / np.cos(np.radians(lat))
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    transform = Affine(side, 0, x - 2000 * side, 0, -side, y + 2000 * side)
    tile = Tile(
        path="tile.tif",
        crs=CRS(crs).to_wkt(),
        transform=transform[:6],
        width=4000,
        height=4000,
        bands=(1, 2, 3),
        depth="uint8",
        driver="GTiff",
        block=(512, 512),
        gsd_m=0.1,
    )
    lot = translate(
        rotate(shapely.box(-60, -60, 60, 60), angle),
        *Transformer.from_crs(4326, metric, always_xy=True).transform(lon, lat),
    )
    cuts = plan_cuts(
        np.array(["0001"], object),
        gpd.GeoSeries([lot], crs=metric),
        (tile,),
        replace(ONE_METER, gsd_m=0.1, metric_crs=metric.to_wkt()),
    )
    (parcel,) = (parcel for task in (*cuts.inner, *cuts.seams) for parcel in task.parcels)
    corners = {
        (read.in_view.row_start, read.in_view.column_start): read.in_tile
        for read in parcel.views[0].reads
    }
    corner = corners[0, 0]
    straight = Affine.translation(corner.column_start, corner.row_start) @ Affine(
        *parcel.views[0].matrix
    )
    columns, rows = np.meshgrid(
        np.linspace(0, parcel.grid.width, 9), np.linspace(0, parcel.grid.height, 9)
    )
    x, y = Transformer.from_crs(metric, crs, always_xy=True).transform(
        *pixels_to_xy(Affine(*parcel.grid.transform), columns, rows)
    )
    strayed = np.subtract(pixels_to_xy(~transform, x, y), pixels_to_xy(straight, columns, rows))
    assert np.hypot(*strayed).max() < 0.02
