"""Damaged, odd and hostile image files: one line each, and nothing else is lost.

What can be read is read right.
"""

import io
import resource
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from cities import CityBuilder, RasterWriter, Roofwatch, Storage
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
LEFT = 360_000.0
TOP = 4_350_064.0
RIGHT = LEFT + 64
"""Where the good neighbor begins."""
LOT = shapely.box(LEFT + 4, TOP - 10, LEFT + 16, TOP - 4)
WINDOW = (slice(None), slice(8, 20), slice(8, 32))
"""The pixels of `LOT` in a tile at (LEFT, TOP) with 0.5 m per pixel."""
LOW = shapely.box(LEFT + 36, TOP - 60, LEFT + 48, TOP - 54)
NEXT_LOT = shapely.box(RIGHT + 4, TOP - 10, RIGHT + 16, TOP - 4)
WORLD = f"0.5\n0\n0\n-0.5\n{LEFT + 0.25}\n{TOP - 0.25}\n"
DEFLATE: Storage = {"compress": "deflate"}
TILED: Storage = {"tiled": True, "blockxsize": 64, "blockysize": 64}
JPEG: Storage = {"compress": "jpeg", "photometric": "YCBCR", "JPEG_QUALITY": "95", **TILED}
Picture = NDArray[np.uint8]


class PillowOptions(TypedDict, total=False):
    """What Pillow is told when it saves an image."""

    quality: int
    progressive: bool
    compression: str | None
    transparency: bytes
    exif: Image.Exif


def fly(*paths: Path, crs: str = "") -> Flyover:
    """Open a flyover of some files or folders."""
    return open_flyover(2023, tuple(str(path) for path in paths), crs=crs)


def cut(
    flyover: Flyover, lot: BaseGeometry = LOT, *, margin_m: float = 0.0
) -> tuple[Chip | None, str]:
    """Cut one lot at 0.5 m; return its chip and the reason if there is none."""
    settings = TileSettings(gsd_m=0.5, margin_m=margin_m, max_side_m=100)
    row = cut_lot(lot, flyover, settings=settings, crs=METRIC)
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
    """Return a picture without zeros that compresses badly, (3, 128, 128)."""
    return np.random.default_rng(0).integers(1, 255, (3, 128, 128)).astype(np.uint8)


def truncate(path: Path, share: float) -> Path:
    """Keep only the first bytes of a file."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def image_of(pixels: Picture) -> Image.Image:
    """Return (3, H, W) as an image of Pillow."""
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def save(path: Path, image: Image.Image, **options: Unpack[PillowOptions]) -> Path:
    """Write with Pillow, with a world file; the flyover must give the CRS."""
    image.save(path, **options)
    path.with_suffix(".wld").write_text(WORLD)
    return path


@pytest.fixture
def neighbor(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> Path:
    """A sound tile right of the damaged one."""
    return write_raster(tmp_path / "flyover" / "zz_sound.tif", pixels, left=RIGHT)


def assert_sound(flyover: Flyover, pixels: Picture) -> None:
    """The sound neighbor gives its chip, whatever lies beside it."""
    np.testing.assert_array_equal(shown(flyover, NEXT_LOT), pixels[WINDOW])


@pytest.mark.parametrize("share", [0.05, 0.6])
@pytest.mark.parametrize(
    "storage",
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
    neighbor: Path,
    pixels: Picture,
    write_raster: RasterWriter,
    storage: Storage,
    share: float,
) -> None:
    """A TIFF that ends early gives no chip from what it lost, and leaves its neighbor alone."""
    path = truncate(write_raster(neighbor.parent / "cut.tif", noise(), **storage), share)

    flyover = fly(neighbor.parent)

    assert cut(flyover, LOW) in ((None, "unreadable_tile"), (None, "no_imagery"))
    broken = [] if len(flyover.tiles) == 2 else [str(path)]
    assert [tile.path for tile in flyover.broken] == broken
    assert_sound(flyover, pixels)


@pytest.mark.parametrize("storage", [{}, DEFLATE, JPEG], ids=["plain", "deflate", "jpeg"])
def test_lost_pixels_come_from_the_tile_below(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, storage: Storage
) -> None:
    """Where a damaged tile overlaps with a sound one, the sound one counts."""
    truncate(write_raster(tmp_path / "a.tif", pixels, **storage), 0.6)
    write_raster(tmp_path / "b.tif", pixels, **storage)

    got = shown(fly(tmp_path), LOW)
    assert np.abs(got - pixels[:, 108:120, 72:96]).max() <= 3


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".jp2", ".png", ".vrt", ".img"])
def test_empty_file(neighbor: Path, pixels: Picture, suffix: str) -> None:
    """A file of zero bytes is named as such."""
    path = neighbor.parent / f"empty{suffix}"
    path.touch()

    flyover = fly(neighbor.parent)

    (broken,) = flyover.broken
    assert broken.path == str(path)
    assert broken.problem == "is empty (0 bytes); copy it again from the delivery"
    assert_sound(flyover, pixels)


def test_text_named_tif(neighbor: Path, pixels: Picture) -> None:
    """A text file that is named like an image is no image."""
    (neighbor.parent / "note.tif").write_text("tiles 1 to 4 follow on Monday\n")

    flyover = fly(neighbor.parent)

    assert [tile.problem for tile in flyover.broken] == [
        "is not an image that GDAL knows; copy it again, or convert it to GeoTIFF"
    ]
    assert_sound(flyover, pixels)


def test_png_named_tif(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """GDAL looks at the bytes, not at the name."""
    path = write_raster(tmp_path / "tile.tif", pixels, driver="PNG")
    flyover = fly(path)
    assert flyover.tiles[0].driver == "PNG"
    np.testing.assert_array_equal(shown(flyover), pixels[WINDOW])


@pytest.mark.parametrize("pattern", ["", "*", "**", "*.*"])
def test_other_files_are_passed_over(neighbor: Path, pixels: Picture, pattern: str) -> None:
    """Sidecars and papers of a delivery are no tiles, in a folder or under a wide glob."""
    folder = neighbor.parent
    for name in ("readme.txt", "tile.shp", "Thumbs.db", ".hidden.tif", "noname"):
        (folder / name).write_text("<PAMDataset/>")
    (folder / "zz_sound.tif.aux.xml").write_text("<PAMDataset/>")
    (folder / "zz_sound.tfw").write_text(WORLD)

    flyover = fly(folder / pattern)

    assert (len(flyover.tiles), flyover.broken) == (1, ())
    assert_sound(flyover, pixels)


def test_named_suffix_of_a_glob_counts(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """A glob that names a suffix finds its files, whatever the suffix is."""
    write_raster(tmp_path / "tile.ortho", pixels)
    np.testing.assert_array_equal(shown(fly(tmp_path / "*.ortho")), pixels[WINDOW])
    write_raster(tmp_path / "year [2023]" / "tile.tif", pixels)
    assert len(fly(tmp_path / "year [2023]" / "tile.tif").tiles) == 1


def test_world_file_without_image(neighbor: Path, pixels: Picture) -> None:
    """A world file alone shows that its image was not copied."""
    (neighbor.parent / "lost.jgw").write_text(WORLD)

    flyover = fly(neighbor.parent)

    assert [(tile.name, tile.problem) for tile in flyover.broken] == [
        ("lost.jgw", "is a world file without its image; copy the image too")
    ]
    assert_sound(flyover, pixels)


def test_deep_tile_that_ends_early(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """The white of a flyover comes from the tiles that can be read."""
    deep = (pixels.astype(np.uint16) + 1) * 16
    write_raster(tmp_path / "b.tif", deep, left=RIGHT)
    white = fly(tmp_path).white
    truncate(write_raster(tmp_path / "a.tif", deep), 0.3)

    flyover = fly(tmp_path)

    assert (len(flyover.tiles), flyover.white) == (2, white)
    assert cut(flyover, LOW) == (None, "unreadable_tile")
    expected = np.clip(deep[WINDOW] * (255 / white), 0, 255)
    assert np.abs(shown(flyover, NEXT_LOT) - expected).max() <= 1


@pytest.mark.parametrize("hole", [np.nan, np.inf, -3.4028234663852886e38])
def test_float_tile(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, hole: float
) -> None:
    """Reals from 0 to 1 are scaled; NaN, infinity and the lowest real are no data."""
    real = pixels.astype(np.float32) / 255
    real[:, 100:] = hole
    nodata = None if np.isinf(hole) else hole

    flyover = fly(write_raster(tmp_path / "real.tif", real, nodata=nodata))

    assert 0.9 < flyover.white <= 1
    assert np.abs(shown(flyover) - pixels[WINDOW] / flyover.white).max() <= 1
    assert cut(flyover, LOW) == (None, "nodata")


def test_white_of_a_tile_without_light(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """An all-black deep tile sets no white."""
    path = write_raster(tmp_path / "black.tif", np.zeros((3, 128, 128), np.uint16))
    assert fly(path).white == 255


@pytest.mark.parametrize("name", ["palette.tif", "palette.png"])
def test_palette_becomes_color(tmp_path: Path, write_raster: RasterWriter, name: str) -> None:
    """The numbers of a palette are looked up, not taken for gray."""
    numbers = (np.indices((128, 128)).sum(axis=0) % 7).astype(np.uint8)
    colors = np.random.default_rng(1).integers(0, 255, (7, 3))
    path = save(tmp_path / name, palette_image(numbers, colors))

    flyover = fly(path, crs=METRIC)

    assert flyover.tiles[0].palette
    np.testing.assert_array_equal(shown(flyover), colors[numbers[8:20, 8:32]].transpose(2, 0, 1))


def palette_image(numbers: Picture, colors: NDArray[np.int64]) -> Image.Image:
    """Return an image of numbers (H, W) whose palette is (N, 3)."""
    image = Image.fromarray(numbers)
    image.putpalette(colors.astype(np.uint8).tobytes())
    return image


def test_transparent_color_of_a_palette(tmp_path: Path) -> None:
    """A color without opacity is no data."""
    numbers = np.zeros((128, 128), np.uint8)
    numbers[:, 1::2] = 2
    numbers[64:] = 1
    image = palette_image(numbers, np.array([[9, 99, 199], [255, 255, 255], [19, 99, 199]]))
    path = save(tmp_path / "clear.png", image, transparency=bytes([255, 0, 255]))

    flyover = fly(path, crs=METRIC)

    np.testing.assert_array_equal(shown(flyover)[:, 0, 0], [9, 99, 199])
    assert cut(flyover, LOW) == (None, "nodata")


def test_long_palette(tmp_path: Path, write_raster: RasterWriter) -> None:
    """A palette of 65,536 colors needs 16-bit numbers."""
    numbers = np.full((1, 128, 128), 40_000, np.uint16)
    path = write_raster(tmp_path / "long.tif", numbers, photometric="palette")

    flyover = fly(path)

    assert (flyover.tiles[0].palette, flyover.white) == (True, 255)
    with rasterio.open(path) as source:
        expected = source.colormap(1)[40_000][:3]
    np.testing.assert_array_equal(shown(flyover)[:, 0, 0], expected)


def test_cmyk_jpeg(tmp_path: Path, pixels: Picture) -> None:
    """Inks in a JPEG are turned into red, green and blue."""
    path = save(tmp_path / "print.jpg", image_of(pixels).convert("CMYK"), quality=95)

    flyover = fly(path, crs=METRIC)

    assert choose_decoder(flyover.tiles) == GDAL
    assert np.abs(shown(flyover) - pixels[WINDOW]).mean() < 4


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_cmyk_tiff(tmp_path: Path, pixels: Picture, compression: str | None) -> None:
    """A TIFF of inks is refused: only a person can choose its color profile."""
    image = image_of(pixels).convert("CMYK")
    path = save(tmp_path / "print.tif", image, compression=compression)
    assert "print.tif: is CMYK, want RGB; convert it" in refused(path, crs=METRIC)


def test_complex_pixels(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Radar is no photo."""
    path = write_raster(tmp_path / "radar.tif", np.ones((1, 16, 16), np.complex64))
    assert "holds complex64 pixels, want whole or real numbers" in refused(path)


def reference(path: Path, chip: Chip) -> NDArray[np.int64]:
    """Return what rasterio warps onto the chip's grid, (3, H, W)."""
    warped = np.zeros(chip.pixels.shape, np.uint8)
    with rasterio.open(path) as source:
        reproject(
            source.read(),
            warped,
            src_transform=source.transform,
            src_crs=source.crs,
            dst_transform=Affine(*chip.transform),
            dst_crs=chip.crs,
            resampling=Resampling.bilinear,
        )
    return warped.astype(np.int64)


ROTATED = Affine.translation(LEFT + 30, TOP) @ Affine.rotation(25) @ Affine.scale(0.5, -0.5)
SHEARED = Affine(0.5, 0.1, LEFT, -0.05, -0.5, TOP)
SOUTH_UP = Affine(0.5, 0, LEFT, 0, 0.5, TOP - 64)
MIRRORED = Affine(-0.5, 0, LEFT + 64, 0, -0.5, TOP)
TRANSPOSED = Affine(0, 0.5, LEFT, 0.5, 0, TOP - 64)


@pytest.mark.parametrize("storage", [{}, JPEG], ids=["plain", "jpeg"])
@pytest.mark.parametrize(
    "transform",
    [ROTATED, SHEARED, SOUTH_UP, MIRRORED, TRANSPOSED],
    ids=["rotated", "sheared", "south up", "mirrored", "transposed"],
)
def test_odd_geotransform(
    tmp_path: Path,
    pixels: Picture,
    write_raster: RasterWriter,
    transform: Affine,
    storage: Storage,
) -> None:
    """However a tile lies on the ground, its pixels come out at their own place."""
    path = write_raster(tmp_path / "tile.tif", pixels, transform=transform, **storage)
    x, y = transform * (60, 70)
    turned = shapely.affinity.rotate(shapely.box(-6, -3, 6, 3), 15)

    chip, reason = cut(fly(path), shapely.affinity.translate(turned, x, y), margin_m=1)

    assert reason == ""
    assert chip is not None
    assert np.abs(chip.pixels - reference(path, chip)).max() <= 3

    rows, columns = np.mgrid[: chip.mask.shape[0], : chip.mask.shape[1]] + 0.5
    east, north = Affine(*chip.transform) * (columns, rows)
    column, row = ~transform * (east, north)
    slack = 4 if storage else 1.5
    assert np.abs(chip.pixels[0] - 2 * (column - 0.5)).max() <= slack
    assert np.abs(chip.pixels[1] - 2 * (row - 0.5)).max() <= slack


def test_south_up_is_north_up(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """The same ground, stored from south to north, gives the same chip."""
    flipped = np.ascontiguousarray(pixels[:, ::-1])
    path = write_raster(tmp_path / "flipped.tif", flipped, transform=SOUTH_UP)
    np.testing.assert_array_equal(shown(fly(path)), pixels[WINDOW])


def test_tile_in_degrees(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """A tile in degrees shows what rasterio warps out of it."""
    transform = from_origin(-76.6167, 39.2889, 0.5 / 86_000, 0.5 / 111_000)
    path = write_raster(tmp_path / "degrees.tif", pixels, crs="EPSG:4326", transform=transform)
    tile = fly(path).tiles[0]
    assert tile.gsd_m == pytest.approx(0.5, rel=0.02)

    x, y = metric_place(path, 50, 60)
    lot = shapely.affinity.translate(shapely.box(0, 0, 12, 6), x, y)
    chip, _ = cut(fly(path), lot, margin_m=1)
    assert chip is not None
    assert np.abs(chip.pixels - reference(path, chip)).max() <= 3


def metric_place(path: Path, column: float, row: float) -> tuple[float, float]:
    """Return x and y of a pixel of a tile in `METRIC`."""
    with rasterio.open(path) as source:
        x, y = source.transform * (column, row)
        (east,), (north,) = rasterio.warp.transform(source.crs, METRIC, [x], [y])
    return east, north


@pytest.mark.parametrize("local", ["", 'LOCAL_CS["drawing board",UNIT["meter",1]]'])
def test_tile_without_crs(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, local: str
) -> None:
    """No CRS, or one of a drawing board: one line, unless the city file or a .prj gives it."""
    path = write_raster(tmp_path / "tile.tif", pixels, crs=local)
    assert "give [[flyover]] crs" in refused(path)
    np.testing.assert_array_equal(shown(fly(path, crs=METRIC)), pixels[WINDOW])

    path.with_suffix(".prj").write_text(" \n")
    np.testing.assert_array_equal(shown(fly(path, crs=METRIC)), pixels[WINDOW])

    path.with_suffix(".prj").write_text(CRS(METRIC).to_wkt("WKT1_ESRI"))
    np.testing.assert_array_equal(shown(fly(path)), pixels[WINDOW])


def test_rubbish_for_a_crs(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """A .prj or [[flyover]] crs that is none is named."""
    path = write_raster(tmp_path / "tile.tif", pixels, crs="")
    path.with_suffix(".prj").write_bytes(b"state plane\xe9")
    assert "cannot be placed: tile.prj holds no CRS but 'state plane" in refused(path)
    with pytest.raises(CrsMismatch, match="2023: crs: got 'EPSG:none', want"):
        fly(path, crs="EPSG:none")


def test_picture_without_place(neighbor: Path, pixels: Picture) -> None:
    """A scan without a place is one line, without any warning."""
    image_of(pixels).save(neighbor.parent / "scan.tif")
    (broken,) = fly(neighbor.parent).broken
    assert "has no CRS" in broken.problem
    (broken,) = fly(neighbor.parent, crs=METRIC).broken
    assert "not georeferenced; add a world file" in broken.problem


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The size that the header of a TIFF claims."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    block: tuple[int, int] | None = None
    """(rows, columns) of its blocks, None for one strip."""


def write_claim(path: Path, claim: Claim, compression: int) -> Path:
    """Write a TIFF of a few bytes that claims to be gigantic."""
    tags = {256: claim.width, 257: claim.height, 258: 8, 259: compression, 262: 1, 277: 1}
    if claim.block:
        rows, columns = claim.block
        tags |= {322: columns, 323: rows, 324: 8, 325: 64}
    else:
        tags |= {273: 8, 278: claim.height, 279: 64}

    entries = [struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags)]
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    path.write_bytes(head + b"".join(entries) + bytes(100))
    path.with_suffix(".tfw").write_text(WORLD)
    return path


@pytest.mark.parametrize("compression", [1, 5, 7, 8], ids=["plain", "lzw", "jpeg", "deflate"])
@pytest.mark.parametrize(
    "claim",
    [
        Claim(width=46_341, height=46_341),
        Claim(width=46_341, height=46_341, block=(46_352, 46_352)),
        Claim(width=60_000, height=60_000, block=(16, 16)),
        Claim(width=2**31 - 1, height=2),
        Claim(width=2**31 - 1, height=2**31 - 1, block=(16, 16)),
        Claim(width=2**31 - 1, height=2**31 - 1, block=(2**31 - 16, 2**31 - 16)),
        Claim(width=2**32 - 1, height=2**32 - 1),
        Claim(width=128, height=128, block=(2**20, 2**20)),
        Claim(width=0, height=128),
    ],
    ids=lambda claim: f"{claim.width}-{claim.height}-{claim.block}",
)
def test_absurd_header(neighbor: Path, pixels: Picture, claim: Claim, compression: int) -> None:
    """A header that claims gigapixels costs no memory, and no neighbor."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_claim(neighbor.parent / "absurd.tif", claim, compression)

    flyover = fly(neighbor.parent, crs=METRIC)
    chip, reason = cut(flyover, LOW)

    assert all("\n" not in tile.problem for tile in flyover.broken)
    assert chip is None
    assert reason in ("unreadable_tile", "no_imagery", "partial_imagery", "nodata")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # KiB
    assert_sound(flyover, pixels)


@pytest.mark.parametrize(
    "storage", [TILED, {**DEFLATE, **TILED}, JPEG], ids=["plain", "deflate", "jpeg"]
)
def test_sparse_tile(tmp_path: Path, pixels: Picture, storage: Storage) -> None:
    """Blocks that a file leaves out hold no data; GDAL fills them up with black."""
    path = tmp_path / "sparse.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=60_000,
        height=60_000,
        count=3,
        dtype="uint8",
        SPARSE_OK=True,
        crs=METRIC,
        transform=from_origin(LEFT, TOP, 0.5, 0.5),
        **storage,
    ) as target:
        target.write(pixels[:, :64, :64], window=((0, 64), (0, 64)))

    flyover = fly(path)
    assert np.abs(shown(flyover) - pixels[WINDOW]).max() <= 3
    assert cut(flyover, LOW) == (None, "nodata")
    across = shapely.box(LEFT + 26, TOP - 10, LEFT + 38, TOP - 4)
    assert cut(flyover, across) == (None, "nodata")


def test_black_is_no_hole(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Black pixels that the file does hold are a dark roof, not a hole."""
    dark = np.random.default_rng(0).integers(0, 4, (3, 128, 128)).astype(np.uint8)
    dark[:, :4] = 0
    path = write_raster(tmp_path / "dark.tif", dark, **DEFLATE)

    _, reason = cut(fly(path))

    assert reason in ("", "black_shadow")


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
    causes = {
        "loop.tif": "Too many levels of symbolic links",
        "gone.tif": "No such file or directory",
    }
    remedy = "correct the link or copy the file"
    assert problems == {
        name: f"cannot be opened ({cause}); {remedy}" for name, cause in causes.items()
    }
    assert_sound(flyover, pixels)


def vrt(path: Path, source: str) -> Path:
    """Write a VRT of one source at (LEFT, TOP)."""
    bands = [
        f"""
        <VRTRasterBand dataType="Byte" band="{band}">
          <SimpleSource>
            <SourceFilename relativeToVRT="1">{source}</SourceFilename>
            <SourceBand>{band}</SourceBand>
          </SimpleSource>
        </VRTRasterBand>"""
        for band in (1, 2, 3)
    ]
    place = f"<SRS>{METRIC}</SRS><GeoTransform>{LEFT}, 0.5, 0, {TOP}, 0, -0.5</GeoTransform>"
    head = '<VRTDataset rasterXSize="128" rasterYSize="128">'
    path.write_text("\n".join([head, place, *bands, "</VRTDataset>"]))
    return path


@pytest.mark.parametrize("source", ["mosaic.vrt", "other.vrt"])
def test_vrt_in_circles(neighbor: Path, pixels: Picture, source: str) -> None:
    """A VRT of itself, or of one that refers back to it, is named as such."""
    vrt(neighbor.parent / "mosaic.vrt", source)
    vrt(neighbor.parent / "other.vrt", "mosaic.vrt")
    vrt(neighbor.parent / "sound.vrt", "zz_sound.tif")

    flyover = fly(neighbor.parent)

    assert {tile.name for tile in flyover.broken} == {"mosaic.vrt", "other.vrt"}
    for tile in flyover.broken:
        assert tile.problem.startswith("is a VRT that refers back to itself")
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


@pytest.mark.parametrize("storage", [{}, DEFLATE, JPEG], ids=["plain", "deflate", "jpeg"])
@pytest.mark.parametrize("internal", ["YES", "NO"])
def test_mask_band(
    tmp_path: Path,
    pixels: Picture,
    write_raster: RasterWriter,
    storage: Storage,
    internal: str,
) -> None:
    """A mask inside the file, or beside it as .msk, says what is data."""
    path = write_raster(tmp_path / "masked.tif", pixels, **storage)
    mask = np.full((128, 128), 255, np.uint8)
    mask[64:] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as target:
        target.write_mask(mask)

    flyover = fly(path)

    assert (flyover.tiles[0].masked, choose_decoder(flyover.tiles)) == (True, GDAL)
    assert np.abs(shown(flyover) - pixels[WINDOW]).max() <= 3
    assert cut(flyover, LOW) == (None, "nodata")


def test_jpeg_in_tiff_with_nodata(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """Lossy black beside the declared 0 is no data either; a bright roof is data."""
    holes = pixels // 2 + 100
    holes[:, 60:, 60:] = 0
    storage: Storage = {**JPEG, "JPEG_QUALITY": "60"}
    path = write_raster(tmp_path / "holes.tif", holes, nodata=0, **storage)

    flyover = fly(path)

    assert choose_decoder(flyover.tiles) == TURBO
    assert cut(flyover, LOW) == (None, "nodata")
    assert np.abs(shown(flyover) - holes[WINDOW]).mean() < 4


def test_gray_jpeg(tmp_path: Path, pixels: Picture) -> None:
    """A gray JPEG has the same value in all three colors."""
    path = save(tmp_path / "gray.jpg", Image.fromarray(pixels[0]), quality=95)

    flyover = fly(path, crs=METRIC)

    assert choose_decoder(flyover.tiles) == TURBO
    got = shown(flyover)
    assert (got[0] == got[1]).all()
    assert np.abs(got - pixels[0, 8:20, 8:32]).max() <= 3


def test_exif_turns_nothing(tmp_path: Path, pixels: Picture, write_raster: RasterWriter) -> None:
    """The camera's EXIF orientation is ignored: the world file places the stored pixels."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "turned.jpg", image_of(pixels), quality=95, exif=exif)
    turned = fly(path, crs=METRIC)
    assert choose_decoder(turned.tiles) == TURBO
    assert np.abs(shown(turned) - pixels[WINDOW]).mean() < 4

    far = write_raster(tmp_path / "far" / "far.tif", pixels, left=RIGHT)
    mixed = fly(path, far, crs=METRIC)
    assert choose_decoder(mixed.tiles) == GDAL
    assert np.abs(shown(mixed) - pixels[WINDOW]).mean() < 4


def test_progressive_jpeg(tmp_path: Path, pixels: Picture) -> None:
    """A JPEG in several scans is read to the last one."""
    path = save(tmp_path / "scans.jpg", image_of(pixels), quality=95, progressive=True)
    assert np.abs(shown(fly(path, crs=METRIC)) - pixels[WINDOW]).mean() < 4


@pytest.mark.parametrize("progressive", [False, True])
def test_end_of_a_jpeg(tmp_path: Path, progressive: bool) -> None:
    """Bytes behind the end marker do no harm, but a missing end does.

    The end marker of a thumbnail does not count.
    """
    thumbnail = io.BytesIO()
    Image.new("RGB", (16, 16)).save(thumbnail, "JPEG")
    exif = Image.Exif()
    exif[0x927C] = thumbnail.getvalue()
    path = tmp_path / "tile.jpg"
    save(path, image_of(noise()), quality=95, exif=exif, progressive=progressive)
    whole = path.read_bytes()
    expected = shown(fly(path, crs=METRIC), LOW)

    path.write_bytes(whole + b"\r\nsurvey flight 7\x00")
    np.testing.assert_array_equal(shown(fly(path, crs=METRIC), LOW), expected)

    for share in (0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert cut(fly(path, crs=METRIC), LOW) == (None, "unreadable_tile")


def test_mixed_flyover_has_one_decoder(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter
) -> None:
    """If libjpeg-turbo cannot decode one tile, GDAL decodes them all."""
    write_raster(tmp_path / "a.tif", pixels, **JPEG)
    assert choose_decoder(fly(tmp_path).tiles) == TURBO

    write_raster(tmp_path / "b.tif", pixels, left=RIGHT, **DEFLATE)
    flyover = fly(tmp_path)
    assert choose_decoder(flyover.tiles) == GDAL
    assert np.abs(shown(flyover) - pixels[WINDOW]).max() <= 3
    assert_sound(flyover, pixels)

    across = shown(flyover, shapely.box(RIGHT - 6, TOP - 10, RIGHT + 6, TOP - 4))
    expected = np.concatenate([pixels[:, 8:20, 116:], pixels[:, 8:20, :12]], axis=2)
    assert np.abs(across - expected).mean() < 4


@pytest.mark.parametrize("share", [1.0, 0.3, 0.0])
def test_damaged_overview(
    tmp_path: Path, pixels: Picture, write_raster: RasterWriter, share: float
) -> None:
    """Without its overview a tile is read at full resolution.

    Where an overview ends early, its parcels have a reason.
    """
    fine = pixels.repeat(4, axis=1).repeat(4, axis=2)
    path = write_raster(tmp_path / "fine.tif", fine, gsd=0.125)
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
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, damage: str
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

    assert (ran.code, ran.err) == (0, "")
    assert ran.answer["parcels"] == 25
    path = tmp_path / "workspace" / "2023" / "chips" / "manifest.parquet"
    manifest = pd.read_parquet(path).set_index("parcel_id")
    assert len(manifest) == manifest.index.nunique() == 25

    east = [f"{line:04d} 006" for line in range(216, 220)]
    south = [f"0219 {number:03d}" for number in range(1, 7)]
    assert set(manifest.loc[[*east, *south], "status"]) == {"chip"}
    reasons = {"", "no_geometry", "no_imagery", "partial_imagery", "unreadable_tile"}
    assert set(manifest["reason"]) <= reasons
    lost = manifest.loc["0216 001"]
    assert lost["status"] == "not_assessed"
    assert lost["reason"] == ("unreadable_tile" if damage == "cut" else "no_imagery")

    if damage in ("garbage", "empty"):
        ran = roofwatch("check", city, "--year", 2023, "--executor", "serial", "--quiet", "--json")
        assert (ran.code, ran.err) == (0, "")
        (line,) = ran.texts("broken_tiles")
        assert "tile_0_0.tif: is " in line
