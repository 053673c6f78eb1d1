"""The photo under a printed map is in its place, whatever the tiles are."""

import io
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS, Transformer

from gis_export.printing import tile_memory
from gis_export.printing.frame import Frame, PageBox, frame_around
from gis_export.printing.map_edge import grid_cell, scale_bar
from gis_export.printing.map_picture import lightened, picture, read_gray
from gis_export.printing.photo import Photo, photo_of
from gis_export.printing.tile_memory import DATA, TileMemory
from imagery.boxes import GroundBox, PixelBox
from imagery.flyover.flyover import Flyover, open_flyover

UTM = CRS("EPSG:26918")
WEST = 500_000.0
NORTH = 4_300_000.0


def make_frame(
    *,
    center: tuple[float, float] = (WEST + 50, NORTH - 50),
    scale: float = 1000,
    side_mm: float = 60,
) -> Frame:
    """Return a square frame on a page."""
    return Frame(
        crs=UTM,
        center=center,
        scale=scale,
        page=PageBox(left_mm=10, top_mm=20, width_mm=side_mm, height_mm=side_mm),
    )


def write_tile(
    path: Path,
    pixels: NDArray[np.generic],
    transform: Affine,
    crs: str = "EPSG:26918",
    **more: object,
) -> None:
    """Write pixels (bands, H, W) as a tile."""
    count, height, width = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=count,
        dtype=pixels.dtype,
        crs=crs,
        transform=transform,
        **more,
    ) as target:
        target.write(pixels)


def one_meter(east_m: float = 0) -> Affine:
    """Return the transform of a tile of 1 m pixels."""
    return Affine(1, 0, WEST + east_m, 0, -1, NORTH)


def gray(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return gray values (H, W) as three equal bands."""
    return np.repeat(values[None], 3, axis=0)


def open_folder(folder: Path) -> Flyover:
    """Return the flyover of a folder."""
    return open_flyover(2026, (str(folder),), date(2026, 3, 9))


def photo_in(folder: Path) -> Photo:
    """Return the photo of the tiles in a folder."""
    photo = photo_of(open_folder(folder), UTM)
    assert photo is not None
    return photo


def test_place_on_paper_by_hand() -> None:
    frame = make_frame()  # 60 mm at 1:1,000 are 60 m
    places = [[WEST + 20, NORTH - 20], [WEST + 80, NORTH - 80], [WEST + 50, NORTH - 50]]
    assert frame.ground.bounds == (WEST + 20, NORTH - 80, WEST + 80, NORTH - 20)
    assert frame.place(np.array(places)).tolist() == [[10, 20], [70, 80], [40, 50]]

    assert grid_cell(frame, 11, 21) == "A1"
    assert grid_cell(frame, 69, 79) == "D4"
    assert grid_cell(frame, 26, 36) == "B2"
    assert scale_bar(1250) == (100, 24.384)  # 100 ft = 30.48 m


def test_pixels_that_tell_their_place_are_found_there(tmp_path: Path) -> None:
    columns, rows = np.meshgrid(np.arange(100), np.arange(100))
    values = (50 + columns + rows // 2).astype(np.uint8)
    write_tile(tmp_path / "west.tif", gray(values[:, :50]), one_meter())
    write_tile(tmp_path / "east.tif", gray(values[:, 50:]), one_meter(50))
    frame = make_frame()

    found, seen = read_gray(photo_in(tmp_path), frame)

    assert seen.all()
    height, width = frame.shape_px
    for row, column in ((10, 10), (10, width - 10), (height - 10, 10), (height // 2, width // 3)):
        x, y = frame.transform * (column + 0.5, row + 0.5)
        assert abs(int(found[row, column]) - (50 + (x - WEST) + (NORTH - y) / 2)) < 2


def test_a_tile_in_feet_falls_where_pyproj_puts_it(tmp_path: Path) -> None:
    to_feet = Transformer.from_crs(UTM, "EPSG:2248", always_xy=True)
    to_utm = Transformer.from_crs("EPSG:2248", UTM, always_xy=True)
    left_ft, top_ft = to_feet.transform(WEST, NORTH)
    values = np.full((400, 400), 60, np.uint8)
    values[200:206, 150:156] = 250  # six feet square
    transform = Affine(1, 0, left_ft, 0, -1, top_ft)
    write_tile(tmp_path / "feet.tif", gray(values), transform, "EPSG:2248")
    frame = make_frame(scale=1000)

    found, _ = read_gray(photo_in(tmp_path), frame)

    rows, columns = np.nonzero(found > 160)
    spot = frame.transform * (columns.mean() + 0.5, rows.mean() + 0.5)
    assert spot == pytest.approx(to_utm.transform(left_ft + 153, top_ft - 203), abs=0.2)


def test_data_covers_a_black_border_and_a_border_alone_is_left_white(tmp_path: Path) -> None:
    whole = np.full((100, 100), 120, np.uint8)
    bordered = np.full((100, 100), 90, np.uint8)
    bordered[:, :60] = 0

    write_tile(tmp_path / "a.tif", gray(bordered), one_meter())
    _, seen = read_gray(photo_in(tmp_path), make_frame())
    assert not seen[:, : seen.shape[1] // 2].any()
    assert seen[:, -100:].all()

    write_tile(tmp_path / "b.tif", gray(whole), one_meter())
    found, seen = read_gray(photo_in(tmp_path), make_frame())
    assert seen.all()
    assert (found[:, :100] == 120).all()
    assert (found[:, -100:] == 90).all()


def test_a_shadow_stays(tmp_path: Path) -> None:
    values = np.full((100, 100), 120, np.uint8)
    values[40:46, 40:60] = 0
    write_tile(tmp_path / "a.tif", gray(values), one_meter())

    _, seen = read_gray(photo_in(tmp_path), make_frame())

    assert seen.all()


def test_deep_pixels_are_scaled_to_white(tmp_path: Path) -> None:
    deep = np.full((3, 100, 100), 2000, np.uint16)
    deep[:, :, 50:] = 1000
    write_tile(tmp_path / "a.tif", deep, one_meter())

    found, _ = read_gray(photo_in(tmp_path), make_frame())

    assert found[100, 10] == 255
    assert abs(int(found[100, -10]) - 127) < 2


def test_palette_tiles_show_their_colors(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    numbers = np.full((1, 100, 100), 7, np.uint8)
    write_tile(path, numbers, one_meter(), photometric="palette")
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, {7: (180, 180, 180, 255)})

    found, _ = read_gray(photo_in(tmp_path), make_frame())

    assert (found == 180).all()


def test_picture_is_light_gray_and_a_tile_that_breaks_is_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for index in range(2):
        values = rng.integers(0, 255, (100, 50), dtype=np.uint8)
        transform = one_meter(50 * index)
        write_tile(tmp_path / f"t{index}.tif", gray(values), transform, compress="deflate")
    photo = photo_in(tmp_path)
    raw = (tmp_path / "t1.tif").read_bytes()
    (tmp_path / "t1.tif").write_bytes(raw[:200] + bytes(len(raw) - 200))

    found = picture(photo, make_frame())

    assert found is not None
    with Image.open(io.BytesIO(found)) as image:
        assert (image.mode, image.size) == ("L", (354, 354))
        values = np.asarray(image)
    assert values[:, :150].min() >= 100
    assert np.median(values[:, :150]) > 200
    assert (values[:, 200:] > 245).mean() > 0.9


def test_without_ground_there_is_no_picture(tmp_path: Path) -> None:
    assert photo_of(None, UTM) is None
    assert picture(None, make_frame()) is None

    write_tile(tmp_path / "a.tif", gray(np.full((10, 10), 120, np.uint8)), one_meter())
    elsewhere = make_frame(center=(WEST + 5000, NORTH))
    assert picture(photo_in(tmp_path), elsewhere) is None


def test_a_tile_is_read_once_for_maps_of_one_scale(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for index in range(2):
        values = rng.integers(60, 200, (400, 200), dtype=np.uint8)
        transform = Affine(0.25, 0, WEST + 50 * index, 0, -0.25, NORTH)
        write_tile(tmp_path / f"t{index}.tif", gray(values), transform)
    photo = photo_in(tmp_path)
    scales = (1000, 2500, 5200)  # sampled as read, coarsened, read again

    first_reads = [read_gray(photo, make_frame(scale=scale)) for scale in scales]
    for path in tmp_path.glob("*.tif"):
        path.unlink()

    for scale, (found, seen) in zip(scales, first_reads, strict=True):
        found_again, seen_again = read_gray(photo, make_frame(scale=scale))
        assert (found_again == found).all()
        assert (seen_again == seen).all()
        assert seen.any()


def test_what_is_remembered_takes_no_more_than_allowed(tmp_path: Path) -> None:
    for index in range(3):
        values = np.full((40, 40), 50 + index, np.uint8)
        transform = one_meter(40 * index)
        write_tile(tmp_path / f"t{index}.tif", gray(values), transform)
    tiles = open_folder(tmp_path).tiles
    memory = TileMemory(255.0, most_bytes=2 * 2 * 40 * 40)
    corner = PixelBox(row_start=0, row_stop=10, column_start=0, column_stop=10)
    whole = PixelBox(row_start=0, row_stop=40, column_start=0, column_stop=40)

    for tile in (*tiles, tiles[0]):
        found = memory.read(tile, corner, 1.0)
        assert found is not None
        assert found.box == whole
        assert (found.gray == 50 + tiles.index(tile)).all()
        assert memory.bytes <= memory.most_bytes
    assert [path for path, *_ in memory.kept] == [tiles[2].path, tiles[0].path]


@given(
    corner=st.tuples(st.integers(0, 90), st.integers(0, 70)),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    is_coarse=st.booleans(),
)
def test_a_large_tile_is_read_in_cells(
    tmp_path_factory: pytest.TempPathFactory,
    corner: tuple[int, int],
    size: tuple[int, int],
    is_coarse: bool,
) -> None:
    """Cells of 16 coarse pixels: any part has the pixels of the tile, or means of 2 x 2 of them."""
    folder = tmp_path_factory.mktemp("large")
    values = np.random.default_rng(1).integers(20, 255, (102, 84), dtype=np.uint8)
    write_tile(folder / "t.tif", gray(values), one_meter())
    (tile,) = open_folder(folder).tiles
    row, column = corner
    height, width = size
    part = PixelBox(
        row_start=row, row_stop=row + height, column_start=column, column_stop=column + width
    )
    box = part.overlap(PixelBox.whole(102, 84))
    level = 2 if is_coarse else 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_memory, "_WHOLE_PX", 1)
        patch.setattr(tile_memory, "_CELL_PX", 16)
        found = TileMemory(255.0).read(tile, box, level)

    assert found is not None
    assert found.box.overlap(box) == box
    assert (found.known == DATA).all()
    top, left = found.box.row_start, found.box.column_start
    rows, columns = found.gray.shape
    shown = values[top : top + rows * level, left : left + columns * level].astype(float)
    means = shown.reshape(rows, level, columns, level).mean(axis=(1, 3))
    assert np.abs(found.gray - means).max() <= 1


def test_a_tile_without_overviews_is_decoded_once_for_all_scales(tmp_path: Path) -> None:
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) // 17
    path = tmp_path / "t.tif"
    write_tile(path, gray(values.astype(np.uint8)), one_meter(0))
    (tile,) = open_folder(tmp_path).tiles
    whole = PixelBox.whole(64, 64)
    memory = TileMemory(255.0)
    finest = memory.read(tile, whole, 1.0)
    path.unlink()

    coarse = memory.read(tile, whole, 32.0)

    assert finest is not None
    assert coarse is not None
    halves = finest.gray.reshape(2, 32, 2, 32).mean(axis=(1, 3))
    assert np.abs(coarse.gray - halves).max() <= 1


@given(arrays(np.uint8, (7, 9)), arrays(np.bool_, (7, 9)))
def test_the_photo_is_lightened_around_its_median(
    values: NDArray[np.uint8], seen: NDArray[np.bool_]
) -> None:
    light = lightened(values, seen)
    assert (light[~seen] == 255).all()

    if seen.any():
        median = np.quantile(values[seen], 0.5, method="inverted_cdf")
        wanted = np.clip(226 + (values.astype(float) - median) * 0.42, 120, 250)
        assert np.abs(light[seen] - wanted[seen]).max() <= 1


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(50, 200), st.floats(40, 200))
def test_a_frame_around_a_box_shows_all_of_it(
    width_m: float, height_m: float, width_mm: float, height_mm: float
) -> None:
    box = GroundBox(west=WEST, south=NORTH, east=WEST + width_m, north=NORTH + height_m)
    page = PageBox(left_mm=10, top_mm=10, width_mm=width_mm, height_mm=height_mm)

    frame = frame_around(box, UTM, page, finest=1250)

    shown = frame.ground
    assert shown.west <= box.west
    assert shown.south <= box.south
    assert shown.east >= box.east
    assert shown.north >= box.north
    assert frame.scale >= 1250
