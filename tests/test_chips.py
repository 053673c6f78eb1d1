"""Chips agree with rasterio: across seams, in other CRS, in every format.

Where there is no chip there is a reason.
"""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.mask
import shapely
from cities import RasterWriter, Storage, TilesWriter
from numpy.typing import NDArray
from one_lot import cut_lot
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.shutil import copy
from rasterio.warp import calculate_default_transform, reproject
from rasterio.windows import from_bounds
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from imagery.chips.chip import Chip
from imagery.chips.settings import TileSettings
from imagery.errors import InputError, MissingInput
from imagery.flyover.flyover import open_flyover

METRIC = "EPSG:32618"
LEFT = 360_000.0
TOP = 4_350_064.0
Picture = NDArray[np.uint8]
LOT = shapely.box(LEFT + 4, TOP - 10, LEFT + 16, TOP - 4)
CORNER = rotate(shapely.box(LEFT + 26, TOP - 35, LEFT + 38, TOP - 29), 20)


def cut(
    paths: list[Path], shape: BaseGeometry = LOT, *, margin_m: float = 0.0
) -> tuple[Chip | None, str]:
    """Cut at 0.5 m out of tiles; return the chip and the reason if there is none."""
    flyover = open_flyover(2023, tuple(str(path) for path in paths))
    settings = TileSettings(gsd_m=0.5, margin_m=margin_m, max_side_m=100)
    row = cut_lot(shape, flyover, settings, METRIC)
    return row.chip, row.reason


def picture(
    paths: list[Path], shape: BaseGeometry = LOT, *, margin_m: float = 0.0
) -> NDArray[np.int64]:
    """Return the pixels of a chip that must be there, (3, H, W)."""
    chip, reason = cut(paths, shape, margin_m=margin_m)
    assert reason == ""
    assert chip is not None
    return chip.pixels.astype(np.int64)


def test_aligned_chip_is_the_window(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """At native scale without margin, a chip holds the same pixels as the tile."""
    path = write_raster(tmp_path / "tile.tif", pixels)
    with rasterio.open(path) as source:
        window = source.read(window=from_bounds(*LOT.bounds, transform=source.transform))
    np.testing.assert_array_equal(picture([path]), window)


def test_mask_is_that_of_rasterio(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """Inside a slanted outline, the mask agrees with rasterio.mask but for the edge."""
    path = write_raster(tmp_path / "tile.tif", pixels)
    slanted = shapely.Polygon(
        [(LEFT + 4, TOP - 10), (LEFT + 16, TOP - 10), (LEFT + 16, TOP - 4), (LEFT + 7, TOP - 4)]
    )

    chip, _ = cut([path], slanted)

    assert chip is not None
    with rasterio.open(path) as source:
        reference, _ = rasterio.mask.mask(source, [slanted], crop=True, filled=False)
    outside = reference.mask[0]
    assert chip.mask.shape == outside.shape
    assert (chip.mask == outside).mean() < 0.06


def test_upright_lot_is_turned_not_mirrored(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """The window is turned by a quarter, one way or the other."""
    path = write_raster(tmp_path / "tile.tif", pixels)
    lot = shapely.box(LEFT + 4, TOP - 16, LEFT + 10, TOP - 4)
    window = pixels[:, 8:32, 8:20].astype(int)

    got = picture([path], lot)

    turns = [np.abs(got - np.rot90(window, turn, axes=(1, 2))).max() for turn in (1, 3)]
    assert min(turns) <= 2


def test_turned_lot_shows_its_own_place(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """Colors of a slanted chip name the column and row they come from."""
    path = write_raster(tmp_path / "tile.tif", pixels)

    chip, _ = cut([path], CORNER, margin_m=2)

    assert chip is not None
    a, b, c, d, e, f = chip.transform
    rows, columns = np.mgrid[: chip.mask.shape[0], : chip.mask.shape[1]] + 0.5
    x = a * columns + b * rows + c
    y = d * columns + e * rows + f
    assert np.abs(chip.pixels[0] - 2.0 * ((x - LEFT) / 0.5 - 0.5)).max() <= 1.5
    assert np.abs(chip.pixels[1] - 2.0 * ((TOP - y) / 0.5 - 0.5)).max() <= 1.5


def test_four_tile_corner_is_seamless(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, write_tiles: TilesWriter
) -> None:
    """A lot on the corner of four tiles looks as if cut from the whole mosaic."""
    whole = picture([write_raster(tmp_path / "mosaic" / "whole.tif", pixels)], CORNER, margin_m=4)
    pieced = picture(write_tiles(tmp_path / "tiles", pixels), CORNER, margin_m=4)
    assert np.abs(whole - pieced).max() <= 2


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2248", "EPSG:3857"])
def test_other_crs_agrees_with_warp(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, crs: str
) -> None:
    """Degrees, feet and web meters show the same ground as rasterio.warp does."""
    path = write_raster(tmp_path / "meters.tif", pixels)
    with rasterio.open(path) as source:
        transform, width, height = calculate_default_transform(
            source.crs,
            crs,
            source.width,
            source.height,
            *source.bounds,
            dst_width=256,
            dst_height=256,
        )
        warped = np.zeros((3, height, width), np.uint8)
        reproject(
            source.read(),
            warped,
            src_transform=source.transform,
            src_crs=source.crs,
            dst_transform=transform,
            dst_crs=crs,
            resampling=Resampling.bilinear,
        )
    other = write_raster(tmp_path / "other" / "tile.tif", warped, crs=crs, transform=transform)

    got = picture([other], CORNER, margin_m=1)
    expected = picture([path], CORNER, margin_m=1)

    difference = np.abs(got - expected)
    assert difference.mean() < 1.5
    assert difference.max() <= 6


def test_coarser_chip_is_an_average(tmp_path: Path, write_raster: RasterWriter) -> None:
    """A fine checkerboard seen at a coarser scale is gray, not noise."""
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 200).astype(np.uint8)
    path = write_raster(tmp_path / "fine.tif", np.stack([board] * 3), gsd=0.25)
    got = picture([path])
    assert np.abs(got - 100).max() <= 8


@pytest.mark.parametrize(
    ("name", "storage"),
    [
        ("striped.tif", {}),
        ("deflate.tif", {"compress": "deflate", "predictor": 2}),
        ("tiled.tif", {"tiled": True, "blockxsize": 32, "blockysize": 32}),
        ("lossless.jp2", {"REVERSIBLE": "YES", "QUALITY": "100"}),
    ],
)
def test_lossless_formats(
    tmp_path: Path,
    pixels: Picture,
    write_raster: RasterWriter,
    name: str,
    storage: Storage,
) -> None:
    """However the tile is stored, the same pixels come out."""
    got = picture([write_raster(tmp_path / name, pixels, **storage)])
    assert np.abs(got - pixels[:, 8:20, 8:32]).max() <= 1


def test_cog(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """A cloud-optimized GeoTIFF is read like any other."""
    copy(write_raster(tmp_path / "plain.tif", pixels), tmp_path / "cog.tif", driver="COG")
    np.testing.assert_array_equal(picture([tmp_path / "cog.tif"]), pixels[:, 8:20, 8:32])


@pytest.mark.parametrize("sidecar", ["tile.prj", "tile.jpg.aux.xml"])
def test_jpeg_with_world_file(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, sidecar: str
) -> None:
    """A JPEG with .jgw beside it, its CRS in a .prj or .aux.xml, is georeferenced."""
    path = write_raster(tmp_path / "tile.jpg", pixels, QUALITY="95")
    (tmp_path / "tile.jpg.aux.xml").unlink()
    (tmp_path / "tile.jgw").write_text(f"0.5\n0\n0\n-0.5\n{LEFT + 0.25}\n{TOP - 0.25}\n")
    text = CRS(METRIC).to_wkt("WKT1_GDAL")
    if sidecar.endswith(".xml"):
        quoted = text.replace('"', "&quot;")
        text = f"<PAMDataset><SRS>{quoted}</SRS></PAMDataset>"
    (tmp_path / sidecar).write_text(text)

    assert np.abs(picture([path]) - pixels[:, 8:20, 8:32]).mean() < 4


def test_one_band_is_gray(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """A gray tile has the same value in all three colors."""
    got = picture([write_raster(tmp_path / "gray.tif", pixels[:1])])
    np.testing.assert_array_equal(got, np.repeat(pixels[:1, 8:20, 8:32], 3, axis=0))


def test_fourth_band_is_not_alpha_by_itself(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """Near infrared, even where it is zero, leaves red, green and blue alone."""
    infrared = np.concatenate([pixels, np.zeros_like(pixels[:1])])
    path = write_raster(tmp_path / "nir.tif", infrared, photometric="RGB", ALPHA="NO")

    got = picture([path])

    np.testing.assert_array_equal(got, pixels[:, 8:20, 8:32])


def test_sixteen_bits_are_scaled(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """Deep pixels are scaled to 8 bits by one factor."""
    deep = (pixels.astype(np.uint16) + 1) * 16
    path = write_raster(tmp_path / "deep.tif", deep)
    white = open_flyover(2023, (str(path),)).white
    assert 2000 < white <= deep.max()
    expected = np.clip(deep[:, 8:20, 8:32] * (255 / white), 0, 255)
    assert np.abs(picture([path]) - expected).max() <= 1


def test_nodata_does_not_set_the_white_of_deep_tiles(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """A declared nodata of 65535 is no brightness."""
    deep = (pixels.astype(np.uint16) + 1) * 16
    deep[:, 100:, :] = 65535
    path = write_raster(tmp_path / "deep.tif", deep, nodata=65535)
    assert open_flyover(2023, (str(path),)).white <= 5000


def test_alpha_is_nodata(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """A transparent roof is not seen; an opaque one is."""
    alpha = np.full_like(pixels[:1], 255)
    with_alpha = np.concatenate([pixels, alpha])
    storage: Storage = {"photometric": "RGB", "ALPHA": "YES"}
    opaque = write_raster(tmp_path / "opaque.tif", with_alpha, **storage)
    np.testing.assert_array_equal(picture([opaque]), pixels[:, 8:20, 8:32])

    with_alpha[3, :20] = 0
    clear = write_raster(tmp_path / "clear.tif", with_alpha, **storage)
    assert cut([clear]) == (None, "nodata")


def test_declared_nodata(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """Nodata on the roof is a reason, declared or flat; black with grain is a dark roof."""
    holes = pixels.copy()
    holes[:, 8:20, 8:20] = 0

    assert cut([write_raster(tmp_path / "declared.tif", holes, nodata=0)]) == (None, "nodata")
    assert cut([write_raster(tmp_path / "flat.tif", holes)]) == (None, "nodata")
    holes[:, 8:20:3, 8:20:3] = 4
    assert cut([write_raster(tmp_path / "dark.tif", holes)])[1] == ""


def test_nodata_of_one_tile_is_filled_by_its_neighbor(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """Where two tiles overlap, the one with data counts."""
    holes = pixels.copy()
    holes[:, :, :20] = 0
    paths = [
        write_raster(tmp_path / "a.tif", holes, nodata=0),
        write_raster(tmp_path / "b.tif", pixels, nodata=0),
    ]
    np.testing.assert_array_equal(picture(paths), pixels[:, 8:20, 8:32])


def test_outside_of_all_tiles(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """No tile at all, or half a roof, is a reason."""
    path = write_raster(tmp_path / "tile.tif", pixels)
    far = shapely.box(LEFT + 500, TOP - 6, LEFT + 512, TOP)
    half = shapely.box(LEFT - 6, TOP - 10, LEFT + 6, TOP - 4)

    assert cut([path], far) == (None, "no_imagery")
    assert cut([path], half) == (None, "partial_imagery")


@pytest.mark.parametrize(
    ("name", "storage"),
    [
        ("cut.tif", {}),
        ("cut_deflate.tif", {"compress": "deflate"}),
        ("cut.jpg", {"QUALITY": "95"}),
        ("cut.jp2", {"REVERSIBLE": "YES", "QUALITY": "100"}),
    ],
)
def test_truncated_tile(
    tmp_path: Path, write_raster: RasterWriter, name: str, storage: Storage
) -> None:
    """A tile whose pixels end early gives no chip, never gray filler."""
    noise = np.random.default_rng(0).integers(1, 255, (3, 128, 128)).astype(np.uint8)
    path = write_raster(tmp_path / name, noise, **storage)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.4)])
    low = shapely.box(LEFT + 4, TOP - 60, LEFT + 16, TOP - 54)

    try:
        found = cut([path], low)
    except InputError:
        return  # not even the header could be used

    assert found == (None, "unreadable_tile")


def test_no_image_or_no_place(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """An empty folder and a picture without CRS are named."""
    with pytest.raises(MissingInput, match="no image file"):
        open_flyover(2023, (str(tmp_path),))

    path = write_raster(tmp_path / "nowhere.tif", pixels, crs="")
    with pytest.raises(InputError, match=r"nowhere\.tif: has no CRS"):
        open_flyover(2023, (str(path),))
