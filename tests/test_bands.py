"""Bands by what files declare: every order, layout, compression and kind of mask.

What is read is compared with the colors that were written, with GDAL, and with a reader of our
own that shares nothing with it.
"""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import rasterio
from cities import RasterWriter
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from tiff_reader import read_tiff

from imagery.flyover.bands import Bands, find_bands
from imagery.flyover.decode import GDAL, TURBO, choose_decoder, decode_unit, read_unit
from imagery.flyover.flyover import Flyover, open_flyover
from imagery.flyover.gdal_env import decoding
from imagery.flyover.headers import read_header
from imagery.flyover.pixels import DATA, NODATA
from imagery.flyover.tiles import Tile, at_scale

RED = ColorInterp.red
GREEN = ColorInterp.green
BLUE = ColorInterp.blue
INFRARED = ColorInterp.nir
ALPHA = ColorInterp.alpha
GRAY = ColorInterp.gray
NONE = ColorInterp.undefined
SIDE_PX = 32
LOSSY = ("jpeg", "webp")
SLACK = 3
"""Gray levels by which decoders of JPEG differ."""
HOLE = (slice(0, 16), slice(0, 16))
"""Pixels without data; a whole block of JPEG, so that no color leaks into it."""

Order = tuple[ColorInterp, ...]
Picture = NDArray[np.uint8]


def picture() -> dict[ColorInterp, Picture]:
    """Return a smooth picture by color, (32, 32) each; no two colors are alike."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    ramps = {
        RED: 200 - 2 * rows,
        GREEN: 90 + 2 * columns,
        BLUE: 40 + rows + columns,
        INFRARED: 240 - columns,
    }
    return {color: ramp.astype(np.uint8) for color, ramp in ramps.items()}


ORDERS: tuple[Order, ...] = (
    *permutations((RED, GREEN, BLUE)),
    *permutations((RED, GREEN, BLUE, INFRARED)),
)
COLORS = picture()
EXPECTED = np.stack([COLORS[RED], COLORS[GREEN], COLORS[BLUE]], axis=2)


def write(path: Path, order: Order, mask: str, **options: object) -> Path:
    """Write the picture with its bands in some order."""
    bands = np.stack([COLORS[color] for color in order])
    declared = order
    if mask == "nodata":
        bands[:, *HOLE] = 0
    if mask == "alpha":
        alpha = np.full((1, SIDE_PX, SIDE_PX), 255, np.uint8)
        alpha[:, *HOLE] = 0
        bands = np.concatenate([bands, alpha])
        declared = (*order, ALPHA)

    profile = {
        "driver": "GTiff",
        "count": len(bands),
        "height": SIDE_PX,
        "width": SIDE_PX,
        "dtype": "uint8",
        "crs": "EPSG:32618",
        "transform": rasterio.transform.from_origin(360_000, 4_350_000, 0.25, 0.25),
        "nodata": 0 if mask == "nodata" else None,
    }
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", **(profile | options)) as target,
    ):
        target.colorinterp = declared
        target.write(bands)
        if mask == "mask":
            is_data = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)
            is_data[HOLE] = 0
            target.write_mask(is_data)
    return path


def read(tile: Tile) -> Picture:
    """Return a tile, RGBX (32, 32, 4), as the decoder of its flyover reads it."""
    decoder = choose_decoder((tile,))
    rows, columns = decode_unit(tile, decoder)
    pixels = np.zeros((SIDE_PX, SIDE_PX, 4), np.uint8)
    with decoding():
        for row in range(SIDE_PX // rows):
            for column in range(SIDE_PX // columns):
                unit, _ = read_unit(tile, (row, column), decoder=decoder, white=255)
                top = row * rows
                left = column * columns
                pixels[top : top + rows, left : left + columns] = unit
    return pixels


def difference(one: Picture, other: Picture) -> int:
    return int(np.abs(one.astype(int) - other).max())


def by_gdal(path: Path, order: Order) -> Picture:
    """Return red, green and blue as GDAL reads the bands that were written, (32, 32, 3)."""
    with rasterio.open(path) as source:
        bands = source.read([order.index(color) + 1 for color in (RED, GREEN, BLUE)])
    return np.moveaxis(bands, 0, 2)


@pytest.mark.parametrize("compress", ["none", "deflate", "lzw", "zstd", "jpeg", "webp"])
@pytest.mark.parametrize("interleave", ["pixel", "band"])
@pytest.mark.parametrize("mask", ["none", "nodata", "alpha", "mask"])
def test_every_order_is_read_as_declared(
    tmp_path: Path, compress: str, interleave: str, mask: str
) -> None:
    """Red, green and blue are found wherever they lie, and what has no data says so."""
    if compress == "webp" and (interleave == "band" or mask == "nodata"):
        pytest.skip("WebP holds pixels of three or four bands, and cannot keep a value")

    is_data = np.ones((SIDE_PX, SIDE_PX), bool)
    orders = ORDERS
    if mask != "none":
        is_data[HOLE] = False
        orders = ORDERS[len(compress + interleave) % 3 :: 3]
    for number, order in enumerate(orders):
        is_one_block = compress == "webp" or (compress == "jpeg" and interleave == "pixel")
        if is_one_block and len(order) + (mask == "alpha") > 4:
            continue
        path = write(
            tmp_path / f"{number}.tif",
            order,
            mask,
            compress=compress,
            interleave=interleave,
            photometric="minisblack",
            tiled=True,
            blockxsize=16,
            blockysize=16,
            **({"webp_lossless": True} if compress == "webp" else {}),
        )
        tile = read_header(str(path))
        assert (tile.problem, tile.assumed) == ("", "")
        pixels = read(tile)

        color = pixels[..., :3]
        own = np.stack([read_tiff(path)[order.index(c)] for c in (RED, GREEN, BLUE)], axis=2)
        slack = SLACK if compress == "jpeg" else 0
        assert difference(color[is_data], by_gdal(path, order)[is_data]) <= slack
        assert difference(color[is_data], own[is_data]) <= slack
        assert difference(color[is_data], EXPECTED[is_data]) <= 4 * slack
        np.testing.assert_array_equal(pixels[..., 3], np.where(is_data, DATA, NODATA))


@pytest.mark.parametrize(
    ("storage", "decoder"),
    [
        ({"photometric": "ycbcr"}, TURBO),
        ({"photometric": "rgb"}, TURBO),
        ({"photometric": "rgb", "interleave": "band"}, GDAL),
        ({"photometric": "rgb", "nodata": 0}, TURBO),
    ],
    ids=["YCbCr", "RGB", "planes", "nodata"],
)
def test_fast_path_of_jpeg_is_taken_where_tags_allow_it(
    tmp_path: Path, storage: dict[str, object], decoder: str
) -> None:
    """For every layout that libjpeg-turbo takes, it gives what GDAL gives."""
    options = {"compress": "jpeg", "tiled": True, "blockxsize": 16, "blockysize": 16} | storage
    path = write(tmp_path / "tile.tif", (RED, GREEN, BLUE), "none", **options)

    tile = read_header(str(path))

    assert choose_decoder((tile,)) == decoder
    color = read(tile)[..., :3]
    assert difference(color, by_gdal(path, (RED, GREEN, BLUE))) <= SLACK
    assert difference(color, np.moveaxis(read_tiff(path), 0, 2)) <= SLACK


def test_four_bands_in_one_jpeg_are_read_by_gdal(tmp_path: Path) -> None:
    """libjpeg-turbo would take four parts for inks."""
    order = (RED, GREEN, BLUE, INFRARED)
    path = write(tmp_path / "four.tif", order, "none", compress="jpeg", photometric="minisblack")
    tile = read_header(str(path))
    assert choose_decoder((tile,)) == GDAL
    assert difference(read(tile)[..., :3], by_gdal(path, order)) <= SLACK


def test_orders_of_jpeg_2000(tmp_path: Path) -> None:
    """The colors of a JP2 are found wherever they lie."""
    lossless = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    for number, order in enumerate(ORDERS[:6]):
        path = write(tmp_path / f"{number}.jp2", order, "none", **lossless)
        tile = read_header(str(path))
        assert tile.assumed == ""
        np.testing.assert_array_equal(read(tile)[..., :3], EXPECTED)


def test_jpeg_reads_its_overview_and_not_the_places_of_another_file(tmp_path: Path) -> None:
    """An overview in an .ovr has its blocks there; GDAL reads it."""
    options = {"compress": "jpeg", "photometric": "ycbcr", "tiled": True}
    path = write(tmp_path / "tile.tif", (RED, GREEN, BLUE), "none", **options)
    with (
        rasterio.Env(TIFF_USE_OVR="YES", COMPRESS_OVERVIEW="JPEG"),
        rasterio.open(path, "r+") as target,
    ):
        target.build_overviews([2])

    tile = at_scale(read_header(str(path)), 0.5)

    assert (tile.level, choose_decoder((tile,))) == (0, GDAL)


@pytest.mark.parametrize(
    ("colors", "words", "bands"),
    [
        ((INFRARED, RED, GREEN, BLUE), None, Bands(color=(2, 3, 4))),
        ((ALPHA, BLUE, GREEN, RED), None, Bands(color=(4, 3, 2), alpha=1)),
        ((GRAY, ALPHA), None, Bands(color=(1, 1, 1), alpha=2)),
        ((GRAY, NONE, NONE, NONE), ("nir", "Red", "Green", "Blue"), Bands(color=(2, 3, 4))),
        ((RED, GREEN, BLUE, ALPHA), (None, None, None, "NIR"), Bands(color=(1, 2, 3))),
        ((RED, GREEN, BLUE, NONE), None, Bands(color=(1, 2, 3))),
        ((NONE, GREEN, BLUE), None, Bands(color=(1, 2, 3), assumed="band 1 as red")),
        (
            (GRAY, NONE, NONE),
            None,
            Bands(color=(1, 2, 3), assumed="bands 1, 2, 3 as red, green, blue"),
        ),
        (
            (GRAY, NONE, NONE, NONE),
            None,
            Bands(color=(1, 2, 3), assumed="bands 1, 2, 3 as red, green, blue, band 4 as infrared"),
        ),
        ((GRAY, NONE), None, Bands(color=(1, 1, 1), assumed="band 1 as gray")),
    ],
)
def test_worked_examples(colors: Order, words: tuple[str | None, ...] | None, bands: Bands) -> None:
    """What is declared counts first, then what is described, and else the assumption is named."""
    assert find_bands(colors, words or (None,) * len(colors)) == bands


@pytest.mark.parametrize(
    ("colors", "words", "problem"),
    [
        ((INFRARED, RED, GREEN), (None,) * 3, "without blue"),
        ((ALPHA,), (None,), "an alpha band alone"),
        ((GRAY, NONE, NONE, NONE, NONE), (None,) * 5, "declares the color of none"),
        ((RED, GREEN, BLUE), ("Blue", "Green", "Red"), "described as 'Blue'"),
        ((ColorInterp.cyan, ColorInterp.magenta, ColorInterp.yellow), (None,) * 3, "is CMYK"),
    ],
)
def test_what_cannot_be_told_is_refused(
    colors: Order, words: tuple[str | None, ...], problem: str
) -> None:
    """False colors are never shown as true ones."""
    assert problem in find_bands(colors, words).problem


def open_one(path: Path) -> Flyover:
    return open_flyover(2023, (str(path),))


def test_undeclared_order_is_one_line(tmp_path: Path, write_raster: RasterWriter) -> None:
    """`check` names the assumption; declaring the bands, as the line says, ends the trouble."""
    bands = np.stack([COLORS[color] for color in (INFRARED, RED, GREEN, BLUE)])
    path = write_raster(tmp_path / "tile.tif", bands, photometric="minisblack")
    (trouble,) = open_one(path).troubles
    assert "order of their bands" in trouble.line
    assert "bands 1, 2, 3 as red, green, blue, band 4 as infrared" in trouble.line
    assert not trouble.is_fix

    with rasterio.open(path, "r+") as target:
        target.colorinterp = (INFRARED, RED, GREEN, BLUE)

    flyover = open_one(path)
    assert flyover.troubles == ()
    assert flyover.tiles[0].bands == (2, 3, 4)


def test_negative_is_refused(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Where 0 is white, a hole would be bright."""
    path = write_raster(tmp_path / "film.tif", COLORS[RED][None], photometric="miniswhite")
    assert "holds a negative" in read_header(str(path)).problem
