"""The one reader at low resolution: all kinds of tiles, and what of them is no data."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from gis_export.fire.map.base_map import write_base_map
from gis_export.fire.map.ground import Ground
from imagery.boxes import PixelBox
from imagery.flyover.coarse import CoarsePixels, read_coarse, sample_values
from imagery.flyover.flyover import open_flyover
from imagery.flyover.headers import read_header
from imagery.flyover.tiles import Tile

WEST = 500_000.0
NORTH = 4_300_000.0
SIDE_PX = 32
WHOLE = PixelBox(row_start=0, row_stop=SIDE_PX, column_start=0, column_stop=SIDE_PX)
HALF = (SIDE_PX // 2, SIDE_PX // 2)


def place_pixels() -> NDArray[np.uint8]:
    """Return pixels (3, H, W) whose values encode their row and column."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    return np.stack([7 * rows, 7 * columns, 3 * rows + 4 * columns]).astype(np.uint8)


def write_tile(path: Path, pixels: NDArray[np.generic], **profile: object) -> Tile:
    """Write pixels (bands, H, W) of 1 m as a tile."""
    count, height, width = pixels.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=pixels.dtype,
        crs="EPSG:26918",
        transform=Affine(1, 0, WEST, 0, -1, NORTH),
        **profile,
    ) as target:
        target.write(pixels)
    return read_header(str(path))


def write_palette(path: Path, numbers: NDArray[np.uint8]) -> Tile:
    """Write a palette tile as PNG: 1 is orange, 2 is blue, 3 is see-through."""
    image = Image.fromarray(numbers, mode="P")
    image.putpalette([0, 0, 0, 250, 120, 10, 10, 20, 230, 9, 9, 9])
    image.save(path, transparency=3)
    path.with_suffix(".pgw").write_text(f"1\n0\n0\n-1\n{WEST + 0.5}\n{NORTH - 0.5}\n")
    path.with_suffix(".prj").write_text(CRS("EPSG:26918").to_wkt("WKT1_ESRI"))
    return read_header(str(path))


def write_mask(path: str, mask: NDArray[np.uint8]) -> None:
    """Add a mask to a tile, 0 where there is no data."""
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
        target.write_mask(mask)


def read_half(tile: Tile, *, white: float = 255.0) -> CoarsePixels:
    """Read a whole tile at half its size."""
    return read_coarse(tile, WHOLE, HALF, white=white)


def test_part_of_an_8_bit_tile_is_what_rasterio_averages(tmp_path: Path) -> None:
    tile = write_tile(tmp_path / "a.tif", place_pixels())
    box = PixelBox(row_start=4, row_stop=20, column_start=10, column_stop=30)

    pixels = read_coarse(tile, box, (4, 5), white=255.0)

    with rasterio.open(tile.path) as source:
        wanted = source.read(
            window=Window(10, 4, 20, 16), out_shape=(3, 4, 5), resampling=Resampling.average
        )
    assert (pixels.color == wanted).all()
    assert pixels.is_data.shape == (4, 5)
    assert pixels.is_data.all()


def test_a_coarse_read_that_does_not_fit_into_memory_is_refused(tmp_path: Path) -> None:
    tile = write_tile(tmp_path / "a.tif", place_pixels())
    with pytest.raises(RasterioError, match="30000 x 20000 coarse pixels"):
        read_coarse(tile, WHOLE, (20_000, 30_000), white=255.0)


def test_a_palette_shows_its_colors_and_its_transparent_one_is_no_data(tmp_path: Path) -> None:
    numbers = np.full((SIDE_PX, SIDE_PX), 1, np.uint8)
    numbers[:, 16:] = 2
    numbers[16:] = 3
    pixels = read_half(write_palette(tmp_path / "a.png", numbers))

    assert pixels.color[:, 0, 0].tolist() == [250, 120, 10]
    assert pixels.color[:, 0, -1].tolist() == [10, 20, 230]
    assert pixels.is_data[:8].all()
    assert not pixels.is_data[8:].any()


def test_deep_pixels_are_scaled_to_white(tmp_path: Path) -> None:
    values = np.full((3, SIDE_PX, SIDE_PX), 1000, np.uint16)
    values[:, :, 16:] = 9000
    pixels = read_half(write_tile(tmp_path / "a.tif", values), white=2000.0)

    assert (pixels.color[:, :, :8] == 127).all()
    assert (pixels.color[:, :, 8:] == 255).all()


def test_nan_is_no_data_and_does_not_darken_its_neighbors(tmp_path: Path) -> None:
    values = np.full((3, SIDE_PX, SIDE_PX), 0.5, np.float32)
    values[:, 16:] = np.nan
    pixels = read_half(write_tile(tmp_path / "a.tif", values), white=1.0)

    assert pixels.is_data[:8].all()
    assert not pixels.is_data[8:].any()
    assert (pixels.color[:, :8] == 127).all()


def test_nodata_mask_and_alpha_are_no_data(tmp_path: Path) -> None:
    values = place_pixels()
    values[:, 16:] = 255
    nodata = write_tile(tmp_path / "nodata.tif", values, nodata=255)

    masked = write_tile(tmp_path / "masked.tif", values)
    mask = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)
    mask[16:] = 0
    write_mask(masked.path, mask)

    alpha = write_tile(tmp_path / "alpha.tif", np.concatenate([values, mask[None]]))
    with rasterio.open(alpha.path, "r+") as target:
        target.colorinterp = (
            ColorInterp.red,
            ColorInterp.green,
            ColorInterp.blue,
            ColorInterp.alpha,
        )

    for path in (nodata.path, masked.path, alpha.path):
        pixels = read_half(read_header(path))
        assert pixels.is_data[:8].all(), path
        assert not pixels.is_data[8:].any(), path


def test_samples_leave_out_what_is_no_data(tmp_path: Path) -> None:
    values = np.full((1, SIDE_PX, SIDE_PX), 700, np.uint16)
    values[:, 16:] = 60_000
    tile = write_tile(tmp_path / "a.tif", values)
    mask = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)
    mask[16:] = 0
    write_mask(tile.path, mask)

    assert set(sample_values(read_header(tile.path)).tolist()) == {700}


@pytest.mark.parametrize("kind", ["palette", "nan"])
def test_the_fire_map_shows_palettes_and_leaves_nan_out(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "flyover"
    folder.mkdir()
    if kind == "palette":
        numbers = np.full((64, 64), 1, np.uint8)
        numbers[32:] = 3
        write_palette(folder / "a.png", numbers)
    else:
        values = np.full((3, 64, 64), 100.0, np.float32)
        values[0] = 200.0
        values[:, 32:] = np.nan
        write_tile(folder / "a.tif", values)
    ground = Ground(
        crs=CRS("EPSG:26918"), west_m=WEST, north_m=NORTH, width_m=64.0, height_m=64.0, gsd_m=1.0
    )

    write_base_map(open_flyover(2026, (str(folder),)), ground, tmp_path)

    with Image.open(tmp_path / "base/0/0_0.webp") as image:
        rgba = np.asarray(image.convert("RGBA")).astype(int)
    red, _, blue, alpha = rgba[10, 32]
    assert red > blue + 50
    assert alpha == 255
    assert rgba[50, 32, 3] == 0
