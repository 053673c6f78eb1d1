"""Any parcel, any tiles, any CRS: chips agree with the whole mosaic in memory."""

from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from mosaics import (
    EVERYTHING,
    LOTS,
    METRIC,
    QUICK,
    UNITS_PER_M,
    Bools,
    Floats,
    Grid,
    Layout,
    Lot,
    Patch,
    grid_of,
    layouts,
    one_tile,
    open_folder,
    pixels_to_xy,
    slope,
    write_layout,
    write_tile,
)
from numpy.typing import NDArray
from one_lot import cut_lot
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject
from shapely.affinity import rotate, translate
from shapely.geometry.base import BaseGeometry

from imagery.boxes import PixelBox
from imagery.chips.chip import Chip
from imagery.chips.grids import chip_grids, draw_mask
from imagery.chips.plan import plan_cuts
from imagery.chips.settings import TileSettings
from imagery.chips.tasks import CutSettings
from imagery.flyover.tiles import Tile

METRIC_CRS = (METRIC, "EPSG:26985", "EPSG:32617")
OUTLINE_M = 0.005
"""How well the smallest turned rectangle is known at coordinates of millions of meters."""
MOST_GRAY = 1.0
"""Largest difference from the reference, gray levels."""
ONE_METER = CutSettings(gsd_m=1.0, margin_m=0.0, max_side_m=120.0, metric_crs=CRS(METRIC).to_wkt())
SOME_LOTS = st.lists(LOTS, min_size=1, max_size=5)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How chips are laid out, in units of the tiles' scale."""

    zoom: float
    """Meters per pixel of a chip over those of the tiles."""
    margin: int
    """Margin around the parcel over the meters per pixel of the tiles."""

    def settings(self, gsd_m: float) -> TileSettings:
        """Return the settings for tiles of a scale."""
        return replace(
            EVERYTHING,
            gsd_m=self.zoom * gsd_m,
            margin_m=self.margin * gsd_m,
            max_side_m=min(120, 120 * self.zoom * gsd_m),
        )


SCALES = st.builds(Scale, zoom=st.sampled_from((1.0, 0.7, 0.5)), margin=st.sampled_from((0, 3)))


def footprint(has_data: Bools, column: Floats, row: Floats, reach_px: int) -> tuple[Bools, Bools]:
    """Return where all, and where any, of the source pixels under a chip pixel hold data.

    Args:
        has_data: Where the mosaic holds data, (H, W).
        column: Where the chip's pixel centers fall on the mosaic.
        row: The same for rows.
        reach_px: How far around the four pixels of bilinear resampling to look.
    """
    border_px = 2 * reach_px + 3
    padded = np.pad(has_data, border_px)
    height, width = has_data.shape
    left = np.floor(np.clip(column, -reach_px - 2, width + reach_px)).astype(int) + border_px
    top = np.floor(np.clip(row, -reach_px - 2, height + reach_px)).astype(int) + border_px

    steps = range(-reach_px, 2 + reach_px)
    under = np.stack([padded[top + down, left + right] for down, right in product(steps, steps)])
    return np.asarray(under.all(axis=0)), np.asarray(under.any(axis=0))


def warp(mosaic: Floats, layout: Layout, grid: Grid) -> Floats:
    """Return the mosaic on a chip's grid by GDAL, -1 where it has no data.

    Every pixel is located exactly, and nothing is averaged.
    """
    warped = np.full((3, *grid.shape), -1, np.float32)
    reproject(
        mosaic.astype(np.float32),
        warped,
        src_transform=layout.transform,
        src_crs=layout.crs,
        src_nodata=-1,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=-1,
        resampling=Resampling.bilinear,
        tolerance=0,
        XSCALE=1,
        YSCALE=1,
    )
    return warped.astype(np.float64)


def check_grid(chip: Chip, outline: BaseGeometry, tile_settings: TileSettings) -> None:
    """A chip is not mirrored, to scale and centered, and holds the parcel if that fits."""
    grid = grid_of(chip)
    height, width = grid.shape
    gsd_m = tile_settings.gsd_m
    assert grid.transform.determinant == pytest.approx(-gsd_m * gsd_m)
    assert grid.transform.a == pytest.approx(-grid.transform.e)
    assert grid.transform.b == pytest.approx(grid.transform.d)
    assert height <= width

    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    frame = shapely.Polygon([grid.transform @ corner for corner in corners])
    largest_part = max(shapely.get_parts(outline).tolist(), key=shapely.area)
    if max(height, width) * gsd_m < tile_settings.max_side_m:
        assert is_centered(frame, outline)
        kept = outline
        if outline.equals(outline.convex_hull):
            kept = outline.buffer(tile_settings.margin_m, join_style="mitre")
        assert frame.buffer(OUTLINE_M).contains(kept)
    else:
        assert width == np.ceil(tile_settings.max_side_m / gsd_m)
        assert is_centered(frame, outline) or is_centered(frame, largest_part)


def is_centered(frame: BaseGeometry, outline: BaseGeometry) -> bool:
    """Tell whether a chip lies around the middle of the box of an outline."""
    middle = center_of(shapely.oriented_envelope(outline))
    return bool(np.allclose(center_of(frame), middle, rtol=0, atol=OUTLINE_M))


def center_of(rectangle: BaseGeometry) -> Floats:
    """Return the mean of four corners."""
    return np.asarray(shapely.get_coordinates(rectangle)[:4].mean(axis=0))


def check_mask(chip: Chip, outline: BaseGeometry) -> None:
    """The mask covers the parcel to within a pixel, and has at least one pixel."""
    x, y = grid_of(chip).centers()
    inside = shapely.contains_xy(outline.buffer(-chip.gsd_m), x, y)
    assert chip.mask[inside].all()

    near = shapely.contains_xy(outline.buffer(1.01 * chip.gsd_m), x, y)
    assert not chip.mask[~near].any() or chip.mask.sum() == 1


def largest_gray(chip: Chip, mosaic: Floats, layout: Layout) -> float:
    """Compare a chip with the mosaic; return the largest difference of a pixel, gray levels."""
    grid = grid_of(chip)
    expected = warp(mosaic, layout, grid)
    got = chip.pixels.astype(np.float64)

    column, row = grid.on_mosaic(layout)
    full, some = footprint(mosaic[0] >= 0, column, row, 0)
    _, near = footprint(mosaic[0] >= 0, column, row, 1)
    assert (expected[:, full] >= 0).all()
    assert not got[:, ~near].any()

    difference = np.abs(got - expected).max(axis=0)
    border = some & ~full & (got > 0).any(axis=0) & (expected[0] >= 0)
    return float(difference[full | border].max(initial=0))


def check_nothing_there(
    outline: BaseGeometry, mosaic: Floats, layout: Layout, tile_settings: TileSettings, metric: str
) -> None:
    """A parcel without a chip lies where the mosaic holds no data."""
    place = chip_grids(
        np.array([outline], object),
        gsd_m=tile_settings.gsd_m,
        margin_m=tile_settings.margin_m,
        max_side_m=tile_settings.max_side_m,
    )[0]
    shape = (place.height, place.width)
    grid = Grid(transform=Affine(*place.transform), shape=shape, crs=metric)

    full, _ = footprint(mosaic[0] >= 0, *grid.on_mosaic(layout), 0)
    inside = draw_mask(outline, place)
    assert full[inside].mean() < 0.01


@QUICK
@given(data=st.data(), layout=layouts(), metric=st.sampled_from(METRIC_CRS), scale=SCALES)
def test_any_chip_is_cut_as_from_the_mosaic(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    layout: Layout,
    metric: str,
    scale: Scale,
) -> None:
    """Every pixel of a chip is what bilinear resampling of the whole mosaic gives.

    Where nothing is known it is black.
    """
    folder = tmp_path_factory.mktemp("layout")
    mosaic = write_layout(folder, layout)
    flyover = open_folder(folder)
    tile_settings = scale.settings(layout.gsd_m)

    for lot in data.draw(SOME_LOTS):
        outline = lot.outline(layout, metric)
        row = cut_lot(outline, flyover, tile_settings, metric)
        if row.chip is None:
            assert row.reason in ("no_imagery", "nodata")
            check_nothing_there(outline, mosaic, layout, tile_settings, metric)
        else:
            check_grid(row.chip, outline, tile_settings)
            check_mask(row.chip, outline)
            assert largest_gray(row.chip, mosaic, layout) <= MOST_GRAY


def slope_difference(chip: Chip, gsd_m: float) -> Floats:
    """Return how far each pixel is from the color of its place, gray levels, (H, W)."""
    x, y = grid_of(chip).centers()
    return np.asarray(np.abs(chip.pixels - slope(x, y, gsd_m)).max(axis=0))


@settings(QUICK, max_examples=12)
@given(data=st.data(), layout=layouts(), coarser=st.sampled_from((2.0, 3.0, 4.4)))
def test_a_coarser_chip_is_an_average_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, layout: Layout, coarser: float
) -> None:
    """Averaging shifts nothing: on a ramp, a coarser chip shows the colors of its own places."""
    folder = tmp_path_factory.mktemp("layout")
    mosaic = write_layout(folder, layout, smooth=True)
    gsd_m = coarser * layout.gsd_m
    tile_settings = replace(EVERYTHING, gsd_m=gsd_m, margin_m=2 * layout.gsd_m, max_side_m=120)

    for lot in data.draw(SOME_LOTS):
        outline = lot.outline(layout, METRIC)
        chip = cut_lot(outline, open_folder(folder), tile_settings, METRIC).chip
        if chip is not None:
            full, _ = footprint(mosaic[0] >= 0, *grid_of(chip).on_mosaic(layout), 9)
            assert slope_difference(chip, layout.gsd_m)[full].max(initial=0) <= 1.5


@pytest.mark.parametrize("gsd_m", [0.3, 1.0, 3.0])
def test_a_seam_just_beyond_the_edge_is_seen(tmp_path: Path, gsd_m: float) -> None:
    """The outermost pixels of a fine chip are blended with the tile next door.

    The chip ends 0.2 pixels before that tile.
    """
    halves = (
        PixelBox(row_start=0, row_stop=60, column_start=0, column_stop=30),
        PixelBox(row_start=0, row_stop=60, column_start=30, column_stop=60),
    )
    patches = tuple(Patch(window=half, kind="raw", hole=None) for half in halves)
    layout = Layout(crs=METRIC, gsd_m=gsd_m, turn=0.0, shape=(60, 60), patches=patches, seed=0)
    mosaic = write_layout(tmp_path, layout)
    lot = Lot(kind="box", place=(19.8 / 60, 0.5), sides=(20.0, 10.0), angle=0.0)

    tile_settings = replace(EVERYTHING, gsd_m=gsd_m / 2, margin_m=0)
    row = cut_lot(lot.outline(layout, METRIC), open_folder(tmp_path), tile_settings, METRIC)

    assert row.chip is not None
    assert largest_gray(row.chip, mosaic, layout) <= MOST_GRAY


@settings(QUICK, max_examples=12)
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
    first_mosaic = write_layout(folder / "a", first, smooth=True)
    second_mosaic = write_layout(folder / "b", second, smooth=True)
    max_side_m = 120 * first.gsd_m
    tile_settings = replace(EVERYTHING, gsd_m=first.gsd_m, margin_m=0, max_side_m=max_side_m)

    for lot in data.draw(SOME_LOTS):
        outline = lot.outline(first, METRIC)
        chip = cut_lot(outline, open_folder(folder), tile_settings, METRIC).chip
        if chip is not None:
            grid = grid_of(chip)
            in_first, _ = footprint(first_mosaic[0] >= 0, *grid.on_mosaic(first), 0)
            in_second, _ = footprint(second_mosaic[0] >= 0, *grid.on_mosaic(second), 0)
            difference = slope_difference(chip, first.gsd_m)
            assert difference[in_first | in_second].max(initial=0) <= 1.7


JPEG_PLACE = Affine(1, 0, 360_000, 0, -1, 4_350_000)
JPEG_LOT = shapely.box(360_020, 4_349_410, 360_180, 4_349_990)


def draw_waves() -> NDArray[np.uint8]:
    """Return a smooth picture of 600 x 200 pixels, (3, 600, 200)."""
    rows, columns = np.mgrid[:600, :200]
    blue = 128 + 90 * np.sin(rows / 9) * np.cos(columns / 7)
    return np.stack([60 + columns // 2, rows // 4 + 40, blue]).astype(np.uint8)


def write_jpeg(path: Path, pixels: NDArray[np.uint8], subsampling: int) -> None:
    """Write (3, H, W) at `JPEG_PLACE`, with a world file and its CRS."""
    image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    image.save(path, quality=80, subsampling=subsampling)
    path.with_suffix(".jgw").write_text("1\n0\n0\n-1\n360000.5\n4349999.5\n")
    path.with_suffix(".prj").write_text(CRS(METRIC).to_wkt("WKT1_GDAL"))


@pytest.mark.parametrize(
    ("subsampling", "neighbor", "decoder"),
    [(0, False, "libjpeg-turbo"), (2, False, "libjpeg-turbo"), (0, True, "gdal")],
)
def test_jpeg_is_what_pillow_decodes(
    tmp_path: Path, subsampling: int, neighbor: bool, decoder: str
) -> None:
    """A JPEG holds what Pillow decodes, alone or beside a GeoTIFF.

    Beside a GeoTIFF it is decoded band by band, by GDAL, whose own libjpeg smooths 4:2:0 in
    another way.
    """
    picture = draw_waves()
    write_jpeg(tmp_path / "tile.jpg", picture, subsampling)
    if neighbor:
        next_door = JPEG_PLACE @ Affine.translation(200, 0)
        write_tile(tmp_path / "raw.tif", picture, crs=METRIC, transform=next_door)
    flyover = open_folder(tmp_path)
    outlines = gpd.GeoSeries([JPEG_LOT], crs=METRIC)
    ids = np.array(["0001"], object)
    assert plan_cuts(ids, outlines, flyover.tiles, ONE_METER).decoder == decoder

    tile_settings = TileSettings(gsd_m=1.0, margin_m=0.0, max_side_m=700.0)
    chip = cut_lot(JPEG_LOT, flyover, tile_settings, METRIC).chip

    with Image.open(tmp_path / "tile.jpg") as opened:
        expected = np.asarray(opened.convert("RGB")).astype(int)[10:590, 20:180]
    assert chip is not None
    got = chip.pixels.transpose(1, 2, 0).astype(int)
    differences = [np.abs(np.rot90(got, turn) - expected).max() for turn in (1, 3)]
    assert min(differences) <= (1 if neighbor else 0)


@given(
    lon=st.floats(-170, 170),
    lat=st.floats(-60, 60),
    angle=st.floats(0, 180),
    crs=st.sampled_from(("EPSG:4326", "EPSG:3857")),
)
@settings(QUICK, max_examples=25)
def test_one_affine_per_chip_is_enough(lon: float, lat: float, angle: float, crs: str) -> None:
    """Over 120 m, the straight map of a view is off by less than 1/50 of a 10 cm pixel."""
    metric = CRS(gpd.GeoSeries(gpd.points_from_xy([lon], [lat]), crs=4326).estimate_utm_crs())
    tile = tile_around(lon, lat, crs)
    east, north = Transformer.from_crs(4326, metric, always_xy=True).transform(lon, lat)
    lot = translate(rotate(shapely.box(-60, -60, 60, 60), angle), east, north)

    cut_settings = replace(ONE_METER, gsd_m=0.1, metric_crs=metric.to_wkt())
    outlines = gpd.GeoSeries([lot], crs=metric)
    cuts = plan_cuts(np.array(["0001"], object), outlines, (tile,), cut_settings)

    tasks = (*cuts.inner, *cuts.seams)
    (parcel,) = chain.from_iterable(task.parcels for task in tasks)
    view = parcel.views[0]
    first_read = next(
        read for read in view.reads if (read.in_view.row_start, read.in_view.column_start) == (0, 0)
    )
    corner = Affine.translation(first_read.in_tile.column_start, first_read.in_tile.row_start)
    columns, rows = np.meshgrid(
        np.linspace(0, parcel.grid.width, 9), np.linspace(0, parcel.grid.height, 9)
    )
    straight = pixels_to_xy(corner @ Affine(*view.matrix), columns, rows)

    from_metric = Transformer.from_crs(metric, crs, always_xy=True)
    x, y = from_metric.transform(*pixels_to_xy(Affine(*parcel.grid.transform), columns, rows))
    curved = pixels_to_xy(~Affine(*tile.transform), x, y)
    assert np.hypot(*np.subtract(curved, straight)).max() < 0.02


def tile_around(lon: float, lat: float, crs: str) -> Tile:
    """Return a tile of 4000 x 4000 pixels of about 10 cm around a place."""
    side = 0.1 / np.cos(np.radians(lat))
    if crs == "EPSG:4326":
        side = 0.1 * UNITS_PER_M[crs]
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    return Tile(
        path="tile.tif",
        crs=CRS(crs).to_wkt(),
        transform=(side, 0, x - 2000 * side, 0, -side, y + 2000 * side),
        width=4000,
        height=4000,
        bands=(1, 2, 3),
        depth="uint8",
        driver="GTiff",
        block=(512, 512),
        gsd_m=0.1,
    )
