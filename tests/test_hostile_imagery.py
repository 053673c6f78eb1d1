"""Images that would take all time or memory: each costs its own parcels, and nothing else."""

import gzip
import os
import random
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from cities import CityBuilder, RasterWriter, Roofwatch, Storage, write_raster
from numpy.typing import NDArray
from PIL import Image

from gis_export.fire.map.base_map import write_base_map
from gis_export.fire.map.ground import Ground
from gis_export.printing.tile_memory import TileMemory
from imagery.boxes import PixelBox
from imagery.chips.store import ChipStore, open_store
from imagery.flyover.decode import TURBO, choose_decoder, read_unit
from imagery.flyover.flyover import open_flyover
from imagery.flyover.gdal_env import decoding
from imagery.flyover.guard import ImageLimits
from imagery.flyover.headers import read_header

CRS = "EPSG:32618"
LEFT = 360_000.0
TOP = 4_350_064.0
WORLD = f"0.5\n0\n0\n-0.5\n{LEFT + 0.25}\n{TOP - 0.25}\n"
BAD_NAME = "tile_0_0"
"""The tile of the tiny city that the tests replace."""
SECONDS = 2
"""The limit of these tests."""
LIMITED = f"\n[tile]\nmax_seconds = {SECONDS}\n"
ENDLESS_HEADER = Path(__file__).with_name("corpus") / "jp2-91-endless_header.gz"
BLOCKS: Storage = {"tiled": True, "blockxsize": 16, "blockysize": 16}
JPEG: Storage = {"compress": "jpeg", "photometric": "YCBCR", **BLOCKS}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, tiny_city: CityBuilder) -> ChipStore:
    """Return the chips of the city without the tile that the tests replace."""
    folder = tmp_path_factory.mktemp("reference")
    city = tiny_city(folder)
    (folder / "flyover" / "2023" / f"{BAD_NAME}.tif").unlink()
    return cut_city(city)


def cut_city(city: Path, executor: str = "serial") -> ChipStore:
    """Run `tile` in a process of its own, which must succeed in time, and open its chips."""
    main = "from roofwatch.cli import main; raise SystemExit(main())"
    options = ["--year", "2023", "--executor", executor, "--workers", "2", "--quiet"]
    command = [sys.executable, "-c", main, "tile", str(city), *options]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    return open_store(city.parent / "workspace" / "2023" / "chips")


def replace_tile(folder: Path, suffix: str = ".tif") -> Path:
    """Remove the tile of a city and return the path of what takes its place."""
    (folder / "flyover" / "2023" / f"{BAD_NAME}.tif").unlink()
    return folder / "flyover" / "2023" / f"{BAD_NAME}{suffix}"


def assert_others_kept(store: ChipStore, reference: ChipStore, reasons: tuple[str, ...]) -> None:
    """Parcels beside the bad tile have the same chip as without it; the others have a reason."""
    assert len(store.manifest) == len(reference.manifest)
    found_reasons = store.manifest.set_index("parcel_id")["reason"]
    kept = 0

    for parcel_id in reference.manifest["parcel_id"].astype(str):
        expected = reference.read(parcel_id)
        if expected is None:
            assert found_reasons[parcel_id] in (*reasons, "no_geometry")
        else:
            found = store.read(parcel_id)
            assert found is not None
            np.testing.assert_array_equal(found.pixels, expected.pixels)
            kept += 1

    assert kept >= 9


def write_jp2(path: Path, side_px: int) -> Path:
    """Write a JPEG 2000 of 64 x 64 pixels whose header claims one tile of `side_px` a side.

    OpenJPEG lays out every code block of the tile before it decodes one, which takes minutes.
    """
    pixels = np.random.default_rng(0).integers(0, 255, (3, 64, 64)).astype(np.uint8)
    write_raster(path, pixels, left=LEFT, top=TOP, gsd=0.5, crs=CRS)

    data = bytearray(path.read_bytes())
    size = data.find(b"\xff\x51")
    struct.pack_into(">II", data, size + 6, side_px, side_px)
    struct.pack_into(">II", data, size + 22, side_px, side_px)
    struct.pack_into(">II", data, data.find(b"ihdr") + 4, side_px, side_px)
    path.write_bytes(bytes(data))
    return path


def write_bomb(path: Path, width: int, height: int) -> Path:
    """Write a TIFF of one DEFLATE strip of zeros, (height, width, 3), in a few megabytes."""
    packer = zlib.compressobj(9)
    chunk = bytes(16_000_000)
    turns = -(-width * height * 3 // len(chunk))
    data = b"".join([packer.compress(chunk) for _ in range(turns)]) + packer.flush()

    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 8),
        (262, 3, 1, 2),
        (273, 4, 1, 200),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries
    path.write_bytes(head.ljust(200, b"\0") + data)
    path.with_suffix(".tfw").write_text(WORLD)
    return path


def write_huge_jpeg(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """Write a small JPEG whose frame header asks for 65,500 x 65,500 pixels."""
    Image.fromarray(pixels[:, :64, :64].transpose(1, 2, 0)).save(path)
    data = bytearray(path.read_bytes())
    struct.pack_into(">HH", data, data.find(b"\xff\xc0") + 5, 65_500, 65_500)
    path.write_bytes(bytes(data))
    path.with_suffix(".wld").write_text(WORLD)
    path.with_suffix(".prj").write_text(CRS)
    return path


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_jp2_that_never_ends(
    tmp_path: Path,
    tiny_city: CityBuilder,
    city_toml: str,
    reference: ChipStore,
    executor: str,
) -> None:
    """A decode that does not end is stopped after `max_seconds`, under every executor."""
    city = tiny_city(tmp_path, city_toml + LIMITED)
    write_jp2(replace_tile(tmp_path, ".jp2"), 200_000)
    start = time.monotonic()

    store = cut_city(city, executor)

    assert time.monotonic() - start < 60
    assert_others_kept(store, reference, ("unreadable_tile",))
    assert store.manifest["reason"].iloc[store.rows["0216 001"]] == "unreadable_tile"


def test_printed_map_leaves_out_a_jp2_that_never_ends(tmp_path: Path) -> None:
    """Readers of the whole tile have the same limit."""
    path = write_jp2(tmp_path / "endless.jp2", 200_000)
    limits = ImageLimits(max_seconds=SECONDS)
    (tile,) = open_flyover(2023, (str(path),), limits=limits).tiles
    start = time.monotonic()

    for corner in (0, 64):
        stop = corner + 64
        box = PixelBox(row_start=corner, row_stop=stop, column_start=corner, column_stop=stop)
        assert TileMemory(255.0).read(tile, box, 1.0) is None

    assert time.monotonic() - start < 20


def test_base_map_leaves_out_a_jp2_that_never_ends(
    tmp_path: Path, pixels: NDArray[np.uint8], write_raster: RasterWriter
) -> None:
    """The fire map shows the sound tile and counts the other as unread."""
    endless = write_jp2(tmp_path / "a_endless.jp2", 200_000)
    sound = write_raster(tmp_path / "sound.tif", pixels)
    limits = ImageLimits(max_seconds=SECONDS)
    flyover = open_flyover(2023, (str(endless), str(sound)), limits=limits)
    ground = Ground(
        crs=pyproj.CRS(CRS), west_m=LEFT, north_m=TOP, width_m=64.0, height_m=64.0, gsd_m=0.5
    )
    start = time.monotonic()

    drawn = write_base_map(flyover, ground, tmp_path)

    assert drawn.unread == 1
    assert drawn.tiles
    assert time.monotonic() - start < 20


@pytest.fixture
def city_with_crs(tmp_path: Path, tiny_city: CityBuilder, city_toml: str) -> Path:
    """A city whose flyover of 2023 has its CRS from the city file."""
    crs = f'path = "flyover/2023"\ncrs = "{CRS}"'
    return tiny_city(tmp_path, city_toml.replace('path = "flyover/2023"', crs))


@pytest.mark.parametrize("name", ["bomb", "jpeg"])
def test_image_that_unpacks_to_gigabytes(
    city_with_crs: Path,
    pixels: NDArray[np.uint8],
    roofwatch: Roofwatch,
    reference: ChipStore,
    name: str,
) -> None:
    """A unit over `max_block_mb` is named with its size and the remedy, and is not decoded."""
    folder = city_with_crs.parent
    if name == "bomb":
        path = write_bomb(replace_tile(folder), 20_000, 10_000)
        assert path.stat().st_size < 1_000_000
    else:
        write_huge_jpeg(replace_tile(folder, ".jpg"), pixels)

    ran = roofwatch("check", city_with_crs, "--year", 2023, "--quiet", "--json")

    assert (ran.code, ran.err) == (0, "")
    (line,) = ran.texts("broken_tiles")
    assert "MB when unpacked" in line
    assert "want 512 MB at most; rewrite it with gdal_translate -co TILED=YES" in line
    assert_others_kept(cut_city(city_with_crs), reference, ("no_imagery", "partial_imagery"))


def test_block_limit_of_the_city_file(tmp_path: Path, write_raster: RasterWriter) -> None:
    """`max_block_mb` counts all bands and their depth."""
    path = write_raster(tmp_path / "deep.tif", np.ones((4, 64, 64), np.float64), compress="lzw")
    with rasterio.open(path) as source:
        height, width = source.block_shapes[0]
    size_mb = 4 * 8 * height * width / 1e6

    assert read_header(str(path), limits=ImageLimits(max_block_mb=size_mb)).problem == ""
    limits = ImageLimits(max_block_mb=size_mb * 0.99)
    assert "MB when unpacked" in read_header(str(path), limits=limits).problem


@pytest.mark.parametrize("name", [f"{BAD_NAME}.tif", f"{BAD_NAME}.tfw", f"{BAD_NAME}.tif.ovr"])
def test_named_pipe(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    reference: ChipStore,
    name: str,
) -> None:
    """A pipe in the place of a tile or beside it is named, never opened."""
    city = tiny_city(tmp_path)
    place = tmp_path / "flyover" / "2023" / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)

    ran = roofwatch("check", city, "--year", 2023, "--quiet", "--json")

    assert (ran.code, ran.err) == (0, "")
    (line,) = ran.texts("broken_tiles")
    assert "is a named pipe" in line
    assert_others_kept(cut_city(city), reference, ("no_imagery", "partial_imagery"))


def test_vrt_of_a_named_pipe(tmp_path: Path) -> None:
    """GDAL would open the sources of a VRT."""
    os.mkfifo(tmp_path / "pipe.tif")
    path = tmp_path / "mosaic.vrt"
    path.write_text("<VRTDataset><SourceFilename>pipe.tif</SourceFilename></VRTDataset>")
    assert read_header(str(path)).problem.startswith("is a VRT of pipe.tif, which is a named pipe")


def test_jpeg_block_larger_than_its_block(
    tmp_path: Path, pixels: NDArray[np.uint8], write_raster: RasterWriter
) -> None:
    """A JPEG inside a TIFF that asks for gigapixels is not decoded."""
    path = write_raster(tmp_path / "tile.tif", pixels, **JPEG)
    data = bytearray(path.read_bytes())
    frame = data.find(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, 65_500, 65_500)
    path.write_bytes(bytes(data))

    tile = read_header(str(path))
    assert choose_decoder((tile,)) == TURBO
    with decoding(), pytest.raises(ValueError, match="a JPEG of 65500 x 65500 pixels in a block"):
        read_unit(tile, (0, 0), decoder=TURBO, white=255.0)


FUZZ: list[Storage] = [
    {},
    {"compress": "deflate"},
    {"compress": "lzw"},
    {"compress": "zstd"},
    {"compress": "deflate", **BLOCKS},
    JPEG,
]
CHANGES = [0, 1, 2**20, 2**28, 2**31, 2**32 - 1]


def damage(data: bytes, dice: random.Random) -> bytes:
    """Cut a TIFF short, close its chain of directories, or spoil an entry of its directory."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    spoiled = bytearray(data)
    entry = start + 2 + 12 * dice.randrange(count)
    kind = dice.choice(["cut", "cycle", "count", "value", "type", "bit"])

    if kind == "cut":
        return data[: dice.randrange(8, len(data))]
    if kind == "cycle":
        struct.pack_into("<I", spoiled, start + 2 + 12 * count, start)
    elif kind == "type":
        struct.pack_into("<H", spoiled, entry + 2, dice.randrange(20))
    elif kind == "bit":
        spoiled[dice.randrange(8, len(data))] ^= 1 << dice.randrange(8)
    else:
        place = entry + (4 if kind == "count" else 8)
        struct.pack_into("<I", spoiled, place, dice.choice(CHANGES))
    return bytes(spoiled)


@pytest.mark.parametrize("storage", FUZZ, ids=lambda storage: storage.get("compress", "plain"))
def test_damaged_tiff(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, storage: Storage
) -> None:
    """However a TIFF is damaged, `tile` succeeds and every parcel has a row."""
    dice = random.Random(str(storage))
    city = tiny_city(tmp_path)
    path = tmp_path / "flyover" / "2023" / f"{BAD_NAME}.tif"
    with rasterio.open(path) as source:
        pixels = source.read()
        profile = {**source.profile, **storage}
    path.unlink()
    with rasterio.open(path, "w", **profile) as target:
        target.write(pixels)
    whole = path.read_bytes()

    for _ in range(20):
        path.write_bytes(damage(whole, dice))
        start = time.monotonic()

        ran = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet", "--json")

        assert (ran.code, ran.err) == (0, "")
        assert ran.answer["parcels"] == 25
        assert time.monotonic() - start < 20


def test_oversized_block_count_in_a_jpeg_tiff(
    tmp_path: Path, pixels: NDArray[np.uint8], write_raster: RasterWriter
) -> None:
    """A width of 4,294,967,295 pixels overflows nothing."""
    path = write_raster(tmp_path / "tile.tif", pixels, **JPEG)
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<HHII", data, start + 2, 256, 4, 1, 2**32 - 1)
    path.write_bytes(bytes(data))
    assert "\n" not in read_header(str(path)).problem


def test_a_jp2_whose_header_never_ends_is_left_out(tmp_path: Path) -> None:
    """OpenJPEG takes more than a minute to open this file of 10 KB, and gigabytes."""
    path = tmp_path / "endless.jp2"
    path.write_bytes(gzip.decompress(ENDLESS_HEADER.read_bytes()))
    start = time.monotonic()
    tile = read_header(str(path), limits=ImageLimits(max_seconds=1.0))
    assert "took longer than 1 s" in tile.problem
    assert time.monotonic() - start < 10

    assert ImageLimits().header_seconds == 7.5
    assert ImageLimits(max_seconds=20).header_seconds == 5
    assert ImageLimits(max_seconds=400).header_seconds == 50
