"""Damaged, odd and hostile image files: one line each, nothing else lost, and what can be read is read right."""

import io
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from one_lot import cut_lot
from PIL import Image
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject
from shapely.geometry.base import BaseGeometry

from imagery.chips.chip import Chip
from imagery.chips.settings import TileSettings
from imagery.errors import CrsMismatch, InputError
from imagery.flyover.decode import GDAL, TURBO, choose_decoder
from imagery.flyover.flyover import Flyover, open_flyover

METRIC = "EPSG:32618"
LEFT, TOP = 360_000.0, 4_350_064.0
RIGHT = LEFT + 64
"""Where the good neighbor begins."""
LOT = shapely.box(LEFT + 4, TOP - 10, LEFT + 16, TOP - 4)
WINDOW = (slice(None), slice(8, 20), slice(8, 32))
"""The pixels of `LOT` in a tile at (LEFT, TOP) with 0.5 m per pixel."""
LOW = shapely.box(LEFT + 36, TOP - 60, LEFT + 48, TOP - 54)
NEXT_LOT = shapely.box(RIGHT + 4, TOP - 10, RIGHT + 16, TOP - 4)
WORLD = f"0.5\n0\n0\n-0.5\n{LEFT + 0.25}\n{TOP - 0.25}\n"
DEFLATE: dict[str, object] = {"compress": "deflate"}
TILED: dict[str, object] = {"tiled": True, "blockxsize": 64, "blockysize": 64}
JPEG: dict[str, object] = {
    "compress": "jpeg",
    "photometric": "YCBCR",
    "JPEG_QUALITY": "95",
    **TILED,
}
Picture = NDArray[np.uint8]
Writer = Callable[..., Path]


def fly(*paths: Path, crs: str = "") -> Flyover:
    return open_flyover(2023, tuple(str(path) for path in paths), crs=crs)


def cut(
    flyover: Flyover, lot: BaseGeometry = LOT, *, margin_m: float = 0.0
) -> tuple[Chip | None, str]:
    """Cut one lot at 0.5 m."""
    row = cut_lot(
        lot,
        flyover,
        settings=TileSettings(gsd_m=0.5, margin_m=margin_m, max_side_m=100),
        crs=METRIC,
    )
    return row.chip, row.reason


def shown(flyover: Flyover, lot: BaseGeometry = LOT) -> NDArray[np.int64]:
    """Return the pixels of a chip that must be there, (3, H, W)."""
    chip, reason = cut(flyover, lot)
    assert reason == ""
    assert chip is not None
    return chip.pixels.astype(np.int64)


def refused(path: Path, *, crs: str = "") -> str:
    """Return the one line that says why a file cannot be used."""
    with pytest.raises(InputError) as caught:
        fly(path, crs=crs)
    line = str(caught.value)
    assert "\n" not in line
    assert path.name in line
    return line


def noise() -> Picture:
    return np.random.default_rng(0).integers(1, 255, (3, 128, 128)).astype(np.uint8)


def truncate(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def save(path: Path, image: Image.Image, **options: object) -> Path:
    """Write with Pillow, a world file beside it; its CRS must be given."""
    image.save(path, **options)  # type: ignore[arg-type]  # Pillow types options by name
    path.with_suffix(".wld").write_text(WORLD)
    return path


@pytest.fixture
def neighbor(tmp_path: Path, pixels: Picture, write_raster: Writer) -> Path:
    """A sound tile right of the damaged one."""
    return write_raster(tmp_path / "flyover" / "zz_sound.tif", pixels, left=RIGHT)


def assert_sound(flyover: Flyover, pixels: Picture) -> None:
    """The sound neighbor gives its chip, whatever lies beside it."""
    np.testing.assert_array_equal(shown(flyover, NEXT_LOT), pixels[WINDOW])


@pytest.mark.parametrize("share", [0.05, 0.6])
@pytest.mark.parametrize(
    "options",
    [
        {},
        TILED,
        DEFLATE,
        {**DEFLATE, **TILED},
        {"compress": "lzw"},
        JPEG,
        {**JPEG, "photometric": "RGB"},
        {"interleave": "band"},
    ],
    ids=["striped", "tiled", "deflate", "deflate tiled", "lzw", "jpeg", "jpeg rgb", "planar"],
)
def test_truncated_tiff(
    neighbor: Path, pixels: Picture, write_raster: Writer, options: dict[str, object], share: float
) -> None:
    """A TIFF that ends early gives no chip from what it lost, and leaves its neighbor alone."""
    path = truncate(write_raster(neighbor.parent / "cut.tif", noise(), **options), share)
    flyover = fly(neighbor.parent)
    assert cut(flyover, LOW) in ((None, "unreadable_tile"), (None, "no_imagery"))
    assert [tile.path for tile in flyover.broken] == (
        [] if len(flyover.tiles) == 2 else [str(path)]
    )
    assert_sound(flyover, pixels)


@pytest.mark.parametrize("options", [{}, DEFLATE, JPEG], ids=["plain", "deflate", "jpeg"])
def test_lost_pixels_come_from_the_tile_below(
    tmp_path: Path, pixels: Picture, write_raster: Writer, options: dict[str, object]
) -> None:
    """Where a damaged tile overlaps with a sound one, the sound one counts."""
    truncate(write_raster(tmp_path / "a.tif", pixels, **options), 0.6)
    write_raster(tmp_path / "b.tif", pixels, **options)
    got = shown(fly(tmp_path), LOW)
    assert np.abs(got - pixels[:, 108:120, 72:96]).max() <= 3


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".jp2", ".png", ".vrt", ".img"])
def test_empty_file(neighbor: Path, pixels: Picture, suffix: str) -> None:
    """Zero bytes are said as such."""
    path = neighbor.parent / f"empty{suffix}"
    path.touch()
    flyover = fly(neighbor.parent)
    assert [(tile.path, tile.problem) for tile in flyover.broken] == [
        (str(path), "is empty (0 bytes); copy it again from the delivery")
    ]
    assert_sound(flyover, pixels)


def test_text_named_tif(neighbor: Path, pixels: Picture) -> None:
    """A note in an image's clothes is no image."""
    (neighbor.parent / "note.tif").write_text("tiles 1 to 4 follow on Monday\n")
    flyover = fly(neighbor.parent)
    assert [tile.problem for tile in flyover.broken] == [
        "is not an image that GDAL knows; copy it again, or convert it to GeoTIFF"
    ]
    assert_sound(flyover, pixels)


def test_png_named_tif(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """GDAL looks at the bytes, not at the name."""
    path = write_raster(tmp_path / "tile.tif", pixels, driver="PNG")
    flyover = fly(path)
    assert flyover.tiles[0].driver == "PNG"
    np.testing.assert_array_equal(shown(flyover), pixels[WINDOW])


@pytest.mark.parametrize("pattern", ["", "*", "**", "*.*"])
def test_other_files_are_passed_over(neighbor: Path, pixels: Picture, pattern: str) -> None:
    """Sidecars and papers of a delivery are no tiles, in a folder or under a wide glob."""
    for name in (
        "readme.txt",
        "tile.shp",
        "zz_sound.tif.aux.xml",
        "zz_sound.tfw",
        "Thumbs.db",
        ".hidden.tif",
        "noname",
    ):
        (neighbor.parent / name).write_text(WORLD if name.endswith("tfw") else "<PAMDataset/>")
    flyover = fly(neighbor.parent / pattern)
    assert (len(flyover.tiles), flyover.broken) == (1, ())
    assert_sound(flyover, pixels)


def test_named_suffix_of_a_glob_counts(
    tmp_path: Path, pixels: Picture, write_raster: Writer
) -> None:
    """Who names a suffix gets its files, whatever it is."""
    write_raster(tmp_path / "tile.ortho", pixels)
    np.testing.assert_array_equal(shown(fly(tmp_path / "*.ortho")), pixels[WINDOW])
    write_raster(tmp_path / "year [2023]" / "tile.tif", pixels)
    assert len(fly(tmp_path / "year [2023]" / "tile.tif").tiles) == 1


def test_world_file_without_image(neighbor: Path, pixels: Picture) -> None:
    """A world file alone tells of an image that was left behind."""
    (neighbor.parent / "lost.jgw").write_text(WORLD)
    flyover = fly(neighbor.parent)
    assert [(tile.name, tile.problem) for tile in flyover.broken] == [
        ("lost.jgw", "is a world file without its image; copy the image too")
    ]
    assert_sound(flyover, pixels)


def test_deep_tile_that_ends_early(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """The white of a flyover comes from the tiles that can be read."""
    deep = (pixels.astype(np.uint16) + 1) * 16
    write_raster(tmp_path / "b.tif", deep, left=RIGHT)
    white = fly(tmp_path).white
    truncate(write_raster(tmp_path / "a.tif", deep), 0.3)
    flyover = fly(tmp_path)
    assert (len(flyover.tiles), flyover.white) == (2, white)
    assert cut(flyover, LOW) == (None, "unreadable_tile")
    assert (
        np.abs(shown(flyover, NEXT_LOT) - np.clip(deep[WINDOW] * (255 / white), 0, 255)).max() <= 1
    )


@pytest.mark.parametrize("hole", [np.nan, np.inf, -3.4028234663852886e38])
def test_float_tile(tmp_path: Path, pixels: Picture, write_raster: Writer, hole: float) -> None:
    """Reals from 0 to 1 are scaled; NaN, infinity and the lowest real are no data, and overflow nothing."""
    real = pixels.astype(np.float32) / 255
    real[:, 100:] = hole
    flyover = fly(
        write_raster(tmp_path / "real.tif", real, nodata=None if np.isinf(hole) else hole)
    )
    assert 0.9 < flyover.white <= 1
    assert np.abs(shown(flyover) - pixels[WINDOW] / flyover.white).max() <= 1
    assert cut(flyover, LOW) == (None, "nodata")


def test_white_of_a_tile_without_light(
    tmp_path: Path, pixels: Picture, write_raster: Writer
) -> None:
    """An all-black deep tile sets no white."""
    path = write_raster(tmp_path / "black.tif", np.zeros((3, 128, 128), np.uint16))
    assert fly(path).white == 255


@pytest.mark.parametrize("name", ["palette.tif", "palette.png"])
def test_palette_becomes_color(tmp_path: Path, write_raster: Writer, name: str) -> None:
    """The numbers of a palette are looked up, not taken for gray."""
    numbers = (np.indices((128, 128)).sum(axis=0) % 7).astype(np.uint8)
    colors = np.random.default_rng(1).integers(0, 255, (7, 3))
    path = save(tmp_path / name, _palette_image(numbers, colors))
    flyover = fly(path, crs=METRIC)
    assert flyover.tiles[0].palette
    np.testing.assert_array_equal(shown(flyover), colors[numbers[8:20, 8:32]].transpose(2, 0, 1))


def _palette_image(numbers: Picture, colors: NDArray[np.int64]) -> Image.Image:
    image = Image.fromarray(numbers)
    image.putpalette(colors.astype(np.uint8).tobytes())
    return image


def test_transparent_color_of_a_palette(tmp_path: Path) -> None:
    """A color without opacity is no data."""
    numbers = np.zeros((128, 128), np.uint8)
    numbers[64:] = 1
    path = save(
        tmp_path / "clear.png",
        _palette_image(numbers, np.array([[9, 99, 199], [255, 255, 255]])),
        transparency=bytes([255, 0]),
    )
    flyover = fly(path, crs=METRIC)
    np.testing.assert_array_equal(shown(flyover)[:, 0, 0], [9, 99, 199])
    assert cut(flyover, LOW) == (None, "nodata")


def test_long_palette(tmp_path: Path, write_raster: Writer) -> None:
    """A palette of 65,536 colors needs 16-bit numbers."""
    path = write_raster(
        tmp_path / "long.tif", np.full((1, 128, 128), 40_000, np.uint16), photometric="palette"
    )
    flyover = fly(path)
    assert (flyover.tiles[0].palette, flyover.white) == (True, 255)
    with rasterio.open(path) as source:
        expected = source.colormap(1)[40_000][:3]
    np.testing.assert_array_equal(shown(flyover)[:, 0, 0], expected)


def test_cmyk_jpeg(tmp_path: Path, pixels: Picture) -> None:
    """Inks in a JPEG are turned into red, green and blue."""
    path = save(
        tmp_path / "print.jpg",
        Image.fromarray(pixels.transpose(1, 2, 0)).convert("CMYK"),
        quality=95,
    )
    flyover = fly(path, crs=METRIC)
    assert choose_decoder(flyover.tiles) == GDAL
    assert np.abs(shown(flyover) - pixels[WINDOW]).mean() < 4


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_cmyk_tiff(tmp_path: Path, pixels: Picture, compression: str | None) -> None:
    """Inks in a TIFF need a color profile, and so a person."""
    path = save(
        tmp_path / "print.tif",
        Image.fromarray(pixels.transpose(1, 2, 0)).convert("CMYK"),
        compression=compression,
    )
    assert "print.tif: is CMYK, want RGB; convert it" in refused(path, crs=METRIC)


def test_complex_pixels(tmp_path: Path, write_raster: Writer) -> None:
    """Radar is no photo."""
    assert "holds complex64 pixels, want whole or real numbers" in refused(
        write_raster(tmp_path / "radar.tif", np.ones((1, 16, 16), np.complex64))
    )


def reference(path: Path, chip: Chip) -> NDArray[np.int64]:
    """Return what rasterio warps onto the chip's grid, (3, H, W)."""
    warped = np.zeros(chip.pixels.shape, np.uint8)
    with rasterio.open(path) as source:
        grid = {
            "src_transform": source.transform,
            "src_crs": source.crs,
            "dst_transform": Affine(*chip.transform),
            "dst_crs": chip.crs,
        }
        reproject(source.read(), warped, resampling=Resampling.bilinear, **grid)
    return warped.astype(np.int64)


ROTATED = Affine.translation(LEFT + 30, TOP) @ Affine.rotation(25) @ Affine.scale(0.5, -0.5)
SHEARED = Affine(0.5, 0.1, LEFT, -0.05, -0.5, TOP)
SOUTH_UP = Affine(0.5, 0, LEFT, 0, 0.5, TOP - 64)
MIRRORED = Affine(-0.5, 0, LEFT + 64, 0, -0.5, TOP)
TRANSPOSED = Affine(0, 0.5, LEFT, 0.5, 0, TOP - 64)


@pytest.mark.parametrize("options", [{}, JPEG], ids=["plain", "jpeg"])
@pytest.mark.parametrize(
    "transform",
    [ROTATED, SHEARED, SOUTH_UP, MIRRORED, TRANSPOSED],
    ids=["rotated", "sheared", "south up", "mirrored", "transposed"],
)
def test_odd_geotransform(
    tmp_path: Path,
    pixels: Picture,
    write_raster: Writer,
    transform: Affine,
    options: dict[str, object],
) -> None:
    """However a tile lies on the ground, its pixels come out at their own place."""
    path = write_raster(tmp_path / "tile.tif", pixels, transform=transform, **options)
    lot = shapely.box(-6, -3, 6, 3)
    x, y = transform * (60, 70)
    chip, reason = cut(
        fly(path), shapely.affinity.translate(shapely.affinity.rotate(lot, 15), x, y), margin_m=1
    )
    assert (reason, chip is None) == ("", False)
    assert chip is not None
    assert np.abs(chip.pixels - reference(path, chip)).max() <= 3
    rows, columns = np.mgrid[: chip.mask.shape[0], : chip.mask.shape[1]] + 0.5
    east, north = Affine(*chip.transform) * (columns, rows)
    column, row = ~transform * (east, north)
    slack = 4 if options else 1.5
    assert np.abs(chip.pixels[0] - 2 * (column - 0.5)).max() <= slack
    assert np.abs(chip.pixels[1] - 2 * (row - 0.5)).max() <= slack


def test_south_up_is_north_up(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """The same ground, stored from south to north, gives the same chip."""
    flipped = write_raster(
        tmp_path / "flipped.tif", np.ascontiguousarray(pixels[:, ::-1]), transform=SOUTH_UP
    )
    np.testing.assert_array_equal(shown(fly(flipped)), pixels[WINDOW])


def test_tile_in_degrees(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """A tile in degrees shows what rasterio warps out of it."""
    path = write_raster(
        tmp_path / "degrees.tif",
        pixels,
        crs="EPSG:4326",
        transform=from_origin(-76.6167, 39.2889, 0.5 / 86_000, 0.5 / 111_000),
    )
    tile = fly(path).tiles[0]
    assert tile.gsd_m == pytest.approx(0.5, rel=0.02)
    lot = shapely.affinity.translate(shapely.box(0, 0, 12, 6), *_metric(path, 50, 60))
    chip, _ = cut(fly(path), lot, margin_m=1)
    assert chip is not None
    assert np.abs(chip.pixels - reference(path, chip)).max() <= 3


def _metric(path: Path, column: float, row: float) -> tuple[float, float]:
    with rasterio.open(path) as source:
        (x,), (y,) = rasterio.warp.transform(
            source.crs, METRIC, *([value] for value in source.transform * (column, row))
        )
    return x, y


@pytest.mark.parametrize("local", [None, 'LOCAL_CS["drawing board",UNIT["metre",1]]'])
def test_tile_without_crs(
    tmp_path: Path, pixels: Picture, write_raster: Writer, local: str | None
) -> None:
    """No CRS, or one of a drawing board: one line, unless the city file or a .prj gives it."""
    path = write_raster(tmp_path / "tile.tif", pixels, crs=local)
    assert "give [[flyover]] crs" in refused(path)
    np.testing.assert_array_equal(shown(fly(path, crs=METRIC)), pixels[WINDOW])
    path.with_suffix(".prj").write_text(" \n")
    np.testing.assert_array_equal(shown(fly(path, crs=METRIC)), pixels[WINDOW])
    path.with_suffix(".prj").write_text(CRS(METRIC).to_wkt("WKT1_ESRI"))
    np.testing.assert_array_equal(shown(fly(path)), pixels[WINDOW])


def test_rubbish_for_a_crs(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """A .prj or [[flyover]] crs that is none is named."""
    path = write_raster(tmp_path / "tile.tif", pixels, crs=None)
    path.with_suffix(".prj").write_bytes(b"state plane\xe9")
    assert "cannot be placed: tile.prj holds no CRS but 'state plane" in refused(path)
    with pytest.raises(CrsMismatch, match="2023: crs: got 'EPSG:none', want"):
        fly(path, crs="EPSG:none")


def test_picture_without_place(neighbor: Path, pixels: Picture) -> None:
    """A scan that is nowhere: one line, and no warning beside it."""
    Image.fromarray(pixels.transpose(1, 2, 0)).save(neighbor.parent / "scan.tif")
    assert "has no CRS" in fly(neighbor.parent).broken[0].problem
    assert (
        "not georeferenced; add a world file" in fly(neighbor.parent, crs=METRIC).broken[0].problem
    )


def tiff(
    path: Path, width: int, height: int, *, block: tuple[int, int] | None, compression: int
) -> Path:
    """Write a TIFF of a few bytes that claims to be gigantic; `block` (rows, columns) makes it tiled."""
    shape = (
        [(322, block[1]), (323, block[0]), (324, 8), (325, 64)]
        if block
        else [(273, 8), (278, height), (279, 64)]
    )
    tags = sorted(
        [(256, width), (257, height), (258, 8), (259, compression), (262, 1), (277, 1), *shape]
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    path.write_bytes(
        struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags)) + entries + bytes(100)
    )
    path.with_suffix(".tfw").write_text(WORLD)
    return path


@pytest.mark.parametrize("compression", [1, 5, 7, 8], ids=["plain", "lzw", "jpeg", "deflate"])
@pytest.mark.parametrize(
    ("width", "height", "block"),
    [
        (46_341, 46_341, None),
        (46_341, 46_341, (46_352, 46_352)),
        (60_000, 60_000, (16, 16)),
        (2**31 - 1, 2, None),
        (2**31 - 1, 2**31 - 1, (16, 16)),
        (2**31 - 1, 2**31 - 1, (2**31 - 16, 2**31 - 16)),
        (2**32 - 1, 2**32 - 1, None),
        (128, 128, (2**20, 2**20)),
        (0, 128, None),
    ],
)
def test_absurd_header(
    neighbor: Path,
    pixels: Picture,
    width: int,
    height: int,
    block: tuple[int, int] | None,
    compression: int,
) -> None:
    """A header that claims gigapixels costs no memory, and no neighbor."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tiff(neighbor.parent / "absurd.tif", width, height, block=block, compression=compression)
    flyover = fly(neighbor.parent, crs=METRIC)
    assert all("\n" not in tile.problem for tile in flyover.broken)
    chip, reason = cut(flyover, LOW)
    assert (chip, reason in ("unreadable_tile", "no_imagery", "partial_imagery", "nodata")) == (
        None,
        True,
    ), reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # KiB
    assert_sound(flyover, pixels)


@pytest.mark.parametrize(
    "options", [TILED, {**DEFLATE, **TILED}, JPEG], ids=["plain", "deflate", "jpeg"]
)
def test_sparse_tile(
    tmp_path: Path, pixels: Picture, write_raster: Writer, options: dict[str, object]
) -> None:
    """Blocks that a file leaves out hold no data; GDAL fills them up with black."""
    path = tmp_path / "sparse.tif"
    profile = {
        "driver": "GTiff",
        "width": 60_000,
        "height": 60_000,
        "count": 3,
        "dtype": "uint8",
        "SPARSE_OK": True,
        "crs": METRIC,
    }
    with rasterio.open(
        path, "w", **profile, transform=from_origin(LEFT, TOP, 0.5, 0.5), **options
    ) as target:
        target.write(pixels[:, :64, :64], window=((0, 64), (0, 64)))
    flyover = fly(path)
    assert np.abs(shown(flyover) - pixels[WINDOW]).max() <= 3
    assert cut(flyover, LOW) == (None, "nodata")
    across = shapely.box(LEFT + 26, TOP - 10, LEFT + 38, TOP - 4)
    assert cut(flyover, across) == (None, "nodata")


def test_black_is_no_hole(tmp_path: Path, write_raster: Writer) -> None:
    """Black pixels that the file does hold are a dark roof, not a hole."""
    dark = np.full((3, 128, 128), 1, np.uint8)
    dark[:, :40] = 0
    assert cut(fly(write_raster(tmp_path / "dark.tif", dark, **DEFLATE)))[1] in ("", "black_shadow")


@pytest.mark.parametrize("pattern", ["", "**/*.tif", "**"])
def test_links_in_circles(neighbor: Path, pixels: Picture, pattern: str) -> None:
    """Links to themselves, to nowhere and to the folder above: each file is used once."""
    folder = neighbor.parent
    (folder / "loop.tif").symlink_to("loop.tif")
    (folder / "gone.tif").symlink_to("nowhere.tif")
    (folder / "inner").mkdir()
    (folder / "inner" / "up").symlink_to(folder)
    flyover = fly(folder / pattern)
    assert [tile.name for tile in flyover.tiles] == ["zz_sound.tif"]
    problems = {tile.name: tile.problem for tile in flyover.broken}
    assert problems == {
        "loop.tif": "cannot be opened (Too many levels of symbolic links); correct the link or copy the file",
        "gone.tif": "cannot be opened (No such file or directory); correct the link or copy the file",
    }
    assert_sound(flyover, pixels)


def vrt(path: Path, source: str) -> Path:
    """Write a VRT of one source at (LEFT, TOP)."""
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>{band}</SourceBand>'
        "</SimpleSource></VRTRasterBand>"
        for band in (1, 2, 3)
    )
    place = f"<SRS>{METRIC}</SRS><GeoTransform>{LEFT}, 0.5, 0, {TOP}, 0, -0.5</GeoTransform>"
    path.write_text(f'<VRTDataset rasterXSize="128" rasterYSize="128">{place}{bands}</VRTDataset>')
    return path


@pytest.mark.parametrize("source", ["mosaic.vrt", "other.vrt"])
def test_vrt_in_circles(neighbor: Path, pixels: Picture, source: str) -> None:
    """A VRT of itself, or of one that refers back, is said to be so."""
    vrt(neighbor.parent / "mosaic.vrt", source)
    vrt(neighbor.parent / "other.vrt", "mosaic.vrt")
    vrt(neighbor.parent / "sound.vrt", "zz_sound.tif")
    flyover = fly(neighbor.parent)
    assert {tile.name: tile.problem[:35] for tile in flyover.broken} == dict.fromkeys(
        ("mosaic.vrt", "other.vrt"), "is a VRT that refers back to itself"
    )
    assert [tile.name for tile in flyover.tiles] == ["sound.vrt", "zz_sound.tif"]
    assert_sound(flyover, pixels)


def test_vrt_without_its_tile(neighbor: Path, pixels: Picture) -> None:
    """A VRT of a file that is gone gives no pixel."""
    vrt(neighbor.parent / "mosaic.vrt", "gone.tif")
    flyover = fly(neighbor.parent)
    assert cut(flyover) == (None, "unreadable_tile")
    assert_sound(flyover, pixels)


def test_vrt_of_text(neighbor: Path, pixels: Picture) -> None:
    """A VRT that is cut off is one line."""
    truncate(vrt(neighbor.parent / "mosaic.vrt", "zz_sound.tif"), 0.5)
    flyover = fly(neighbor.parent)
    (broken,) = flyover.broken
    assert broken.problem.startswith("cannot be read: ")
    assert "\n" not in broken.problem
    assert_sound(flyover, pixels)


@pytest.mark.parametrize(
    ("suffix", "name"), [(".sid", "MrSID"), (".ecw", "ECW"), (".SID", "MrSID")]
)
@pytest.mark.parametrize("pattern", ["", "*"])
def test_closed_formats(
    neighbor: Path, pixels: Picture, suffix: str, name: str, pattern: str
) -> None:
    """A format that only its owner's library reads: its name, and how to convert it."""
    (neighbor.parent / f"ortho{suffix}").write_bytes(b"msid" + bytes(64))
    (neighbor.parent / "ortho.wld").write_text(WORLD)
    flyover = fly(neighbor.parent / pattern)
    (broken,) = flyover.broken
    assert broken.problem.startswith(f"is {name}, which no open driver reads here; convert it")
    assert f"gdal_translate -of COG ortho{suffix} ortho.tif" in broken.problem
    assert_sound(flyover, pixels)


@pytest.mark.parametrize("options", [{}, DEFLATE, JPEG], ids=["plain", "deflate", "jpeg"])
@pytest.mark.parametrize("internal", ["YES", "NO"])
def test_mask_band(
    tmp_path: Path, pixels: Picture, write_raster: Writer, options: dict[str, object], internal: str
) -> None:
    """A mask inside the file, or beside it as .msk, says what is data."""
    path = write_raster(tmp_path / "masked.tif", pixels, **options)
    mask = np.full((128, 128), 255, np.uint8)
    mask[64:] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as target:
        target.write_mask(mask)
    flyover = fly(path)
    assert (flyover.tiles[0].masked, choose_decoder(flyover.tiles)) == (True, GDAL)
    assert np.abs(shown(flyover) - pixels[WINDOW]).max() <= 3
    assert cut(flyover, LOW) == (None, "nodata")


def test_jpeg_in_tiff_with_nodata(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """Lossy black beside the declared 0 is no data either; a bright roof is."""
    holes = pixels // 2 + 100
    holes[:, 60:, 60:] = 0
    path = write_raster(tmp_path / "holes.tif", holes, nodata=0, **{**JPEG, "JPEG_QUALITY": "60"})
    flyover = fly(path)
    assert choose_decoder(flyover.tiles) == TURBO
    assert cut(flyover, LOW) == (None, "nodata")
    assert np.abs(shown(flyover) - holes[WINDOW]).mean() < 4


def test_gray_jpeg(tmp_path: Path, pixels: Picture) -> None:
    """A gray JPEG stands in all three colors."""
    flyover = fly(save(tmp_path / "gray.jpg", Image.fromarray(pixels[0]), quality=95), crs=METRIC)
    assert choose_decoder(flyover.tiles) == TURBO
    got = shown(flyover)
    assert (got[0] == got[1]).all()
    assert np.abs(got - pixels[0, 8:20, 8:32]).max() <= 3


def test_exif_turns_nothing(tmp_path: Path, pixels: Picture, write_raster: Writer) -> None:
    """The camera's EXIF orientation is of no concern: the world file places the pixels as they are stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(pixels.transpose(1, 2, 0))
    turned = fly(save(tmp_path / "turned.jpg", picture, quality=95, exif=exif), crs=METRIC)
    assert choose_decoder(turned.tiles) == TURBO
    assert np.abs(shown(turned) - pixels[WINDOW]).mean() < 4
    mixed = fly(
        tmp_path / "turned.jpg",
        write_raster(tmp_path / "far" / "far.tif", pixels, left=RIGHT),
        crs=METRIC,
    )
    assert choose_decoder(mixed.tiles) == GDAL
    assert np.abs(shown(mixed) - pixels[WINDOW]).mean() < 4


def test_progressive_jpeg(tmp_path: Path, pixels: Picture) -> None:
    """A JPEG in several scans is read to the last one."""
    picture = Image.fromarray(pixels.transpose(1, 2, 0))
    got = shown(
        fly(save(tmp_path / "scans.jpg", picture, quality=95, progressive=True), crs=METRIC)
    )
    assert np.abs(got - pixels[WINDOW]).mean() < 4


@pytest.mark.parametrize("progressive", [False, True])
def test_end_of_a_jpeg(tmp_path: Path, progressive: bool) -> None:
    """Bytes behind the end marker do no harm; an end that is missing does, even if a thumbnail has one."""
    exif, small = Image.Exif(), io.BytesIO()
    Image.new("RGB", (16, 16)).save(small, "JPEG")
    exif[0x927C] = small.getvalue()
    path = save(
        tmp_path / "tile.jpg",
        Image.fromarray(noise().transpose(1, 2, 0)),
        quality=95,
        exif=exif,
        progressive=progressive,
    )
    whole = path.read_bytes()
    expected = shown(fly(path, crs=METRIC), LOW)
    path.write_bytes(whole + b"\r\nsurvey flight 7\x00")
    np.testing.assert_array_equal(shown(fly(path, crs=METRIC), LOW), expected)
    for share in (0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert cut(fly(path, crs=METRIC), LOW) == (None, "unreadable_tile")


def test_mixed_flyover_has_one_decoder(
    tmp_path: Path, pixels: Picture, write_raster: Writer
) -> None:
    """One tile that libjpeg-turbo cannot take, and GDAL decodes them all."""
    write_raster(tmp_path / "a.tif", pixels, **JPEG)
    assert choose_decoder(fly(tmp_path).tiles) == TURBO
    write_raster(tmp_path / "b.tif", pixels, left=RIGHT, **DEFLATE)
    flyover = fly(tmp_path)
    assert choose_decoder(flyover.tiles) == GDAL
    assert np.abs(shown(flyover) - pixels[WINDOW]).max() <= 3
    assert_sound(flyover, pixels)
    across = shown(flyover, shapely.box(RIGHT - 6, TOP - 10, RIGHT + 6, TOP - 4))
    assert (
        np.abs(
            across - np.concatenate([pixels[:, 8:20, 116:], pixels[:, 8:20, :12]], axis=2)
        ).mean()
        < 4
    )


@pytest.mark.parametrize("share", [1.0, 0.3, 0.0])
def test_damaged_overview(
    tmp_path: Path, pixels: Picture, write_raster: Writer, share: float
) -> None:
    """Where an overview cannot be opened, the full resolution is read; where it ends early, its parcels say so."""
    path = write_raster(
        tmp_path / "fine.tif", pixels.repeat(4, axis=1).repeat(4, axis=2), gsd=0.125
    )
    with rasterio.Env(TIFF_USE_OVR="YES"), rasterio.open(path, "r+") as target:
        target.build_overviews([2, 4], Resampling.average)
    flyover = fly(path)
    truncate(Path(f"{path}.ovr"), share)
    chip, reason = cut(flyover)
    assert (chip is None) == (reason == "unreadable_tile")
    assert chip is None or np.abs(chip.pixels - pixels[WINDOW].astype(int)).max() <= 1
    assert share == 0.3 or reason == ""


@pytest.mark.parametrize("damage", ["garbage", "empty", "gone", "cut"])
def test_whole_run_with_a_damaged_tile(
    tmp_path: Path, tiny_city: Callable[..., Path], roofwatch: Callable[..., object], damage: str
) -> None:
    """One of four tiles is rubbish: every parcel keeps a row, and those on sound tiles are cut."""
    city = tiny_city(tmp_path)
    tile = tmp_path / "flyover" / "2023" / "tile_0_0.tif"
    if damage == "cut":
        truncate(tile, 0.3)
    elif damage == "gone":
        tile.unlink()
    else:
        tile.write_bytes(b"rubbish" if damage == "garbage" else b"")
    ran = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet", "--json")
    assert (ran.code, ran.err) == (0, "")  # type: ignore[attr-defined]  # the class lives in conftest
    assert ran.answer["parcels"] == 25  # type: ignore[attr-defined]
    manifest = pd.read_parquet(
        tmp_path / "workspace" / "2023" / "chips" / "manifest.parquet"
    ).set_index("parcel_id")
    assert len(manifest) == manifest.index.nunique() == 25
    sound = [
        *(f"{line:04d} 006" for line in range(216, 220)),
        *(f"0219 {number:03d}" for number in range(1, 7)),
    ]
    assert set(manifest.loc[sound, "status"]) == {"chip"}
    assert set(manifest["reason"]) <= {
        "",
        "no_geometry",
        "no_imagery",
        "partial_imagery",
        "unreadable_tile",
    }
    lost = manifest.loc["0216 001"]
    assert (lost["status"], lost["reason"]) == (
        "not_assessed",
        "unreadable_tile" if damage == "cut" else "no_imagery",
    )
    if damage in ("garbage", "empty"):
        ran = roofwatch("check", city, "--year", 2023, "--executor", "serial", "--quiet", "--json")
        assert (ran.code, ran.err) == (0, "")  # type: ignore[attr-defined]
        (line,) = ran.answer["broken_tiles"]  # type: ignore[attr-defined]
        assert "tile_0_0.tif: is " in line
