"""Flyovers that are tile services: what chips are cut from is what the service has, no more."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from cities import CityBuilder, Roofwatch
from numpy.typing import NDArray
from photo_cases import (
    LEVEL,
    SIDE,
    TILES,
    city_text,
    corner,
    photo_files,
    sharp_picture,
    taken_of,
    xyz,
)
from tile_service import HALF_WORLD, TileService, as_png, serve_tiles, wmts

from imagery.chips.store import open_store
from imagery.flyover.gdal_env import set_network

FAULTS = (
    "429",
    "500",
    "a web page",
    "error with status 200",
    "broken off",
    "half a picture",
)


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """Return the picture once."""
    return sharp_picture()


@pytest.fixture
def tiles(picture: NDArray[np.uint8]) -> Iterator[TileService]:
    """Yield a server of tiles."""
    row, column = corner()
    service = TileService(picture=picture, row=row, column=column, level=LEVEL)
    with serve_tiles(service):
        yield service


def write_local(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write the picture as one GeoTIFF in web mercator."""
    row, column = corner()
    pixel = SIDE / 256
    transform = rasterio.Affine(
        pixel, 0, column * SIDE - HALF_WORLD, 0, -pixel, HALF_WORLD - row * SIDE
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=picture.shape[1],
        height=picture.shape[0],
        count=3,
        dtype="uint8",
        crs="EPSG:3857",
        transform=transform,
    ) as target:
        target.write(picture.transpose(2, 0, 1))


def chips_of(city: Path) -> dict[str, NDArray[np.uint8]]:
    """Return the pixels of every chip."""
    store = open_store(city.parent / "workspace" / "2023" / "chips")
    ids = store.manifest.loc[store.manifest["status"] == "chip", "parcel_id"]
    chips = {}
    for parcel_id in ids:
        chip = store.read(parcel_id)
        assert chip is not None
        chips[parcel_id] = np.asarray(chip.pixels)
    return chips


@pytest.mark.parametrize("kind", ["XYZ", "WMTS by address", "WMTS by parameters", "ImageServer"])
def test_chips_of_a_service_are_those_of_the_same_files(  # noqa: PLR0913  # fixtures and a case
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tiles: TileService,
    picture: NDArray[np.uint8],
    kind: str,
) -> None:
    """Byte for byte: the same lattice, and PNG loses nothing."""
    files = tiny_city(tmp_path / "files", city_text("mercator/photo.tif"))
    write_local(files.parent / "mercator" / "photo.tif", picture)
    address = xyz(tiles)
    more = f"zoom = {LEVEL}"
    if kind.startswith("WMTS"):
        tiles.capabilities = wmts((18, 19, LEVEL), template=kind == "WMTS by address")
        address = f"WMTS:{tiles.url}/wmts?SERVICE=WMTS&REQUEST=GetCapabilities"
    elif kind == "ImageServer":
        address, more = f"{tiles.url}/rest/services/Photo/ImageServer", ""
        extent: dict[str, object] = {"xmin": -HALF_WORLD, "ymin": -HALF_WORLD}
        extent |= {"xmax": HALF_WORLD, "ymax": HALF_WORLD}
        extent["spatialReference"] = {"wkid": 102100, "latestWkid": 3857}
        pixel = SIDE / 256
        tiles.info = {"extent": extent, "pixelSizeX": pixel, "pixelSizeY": pixel}
        tiles.info |= {"pixelType": "U8", "maxImageHeight": 256}
    served = tiny_city(tmp_path / "served", city_text(address, more))

    before = roofwatch("check", served, "--year", 2023, "--quiet")
    assert before.code == 3
    assert "run roofwatch snapshot first" in before.error
    assert roofwatch("snapshot", served, "--quiet").code == 0
    asked = len(tiles.asked)
    for path in (files, served):
        ran = roofwatch("tile", path, "--year", 2023, "--executor", "serial", "--quiet")
        assert ran.code == 0, ran.err

    expected = chips_of(files)
    got = chips_of(served)
    assert got.keys() == expected.keys()
    assert len(got) == 24
    for parcel_id, pixels in expected.items():
        np.testing.assert_array_equal(got[parcel_id], pixels, err_msg=parcel_id)
    assert len(tiles.asked) == asked  # nobody but `snapshot` asks


def test_tiles_are_fetched_once_and_counted(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    ran = roofwatch("snapshot", path, "--quiet", "--json")
    taken = taken_of(ran)
    asked = [each for each in tiles.asked if f"/{LEVEL}/" in each]
    assert len(asked) == len(set(asked)) == taken["photos"] == taken["asked"]

    # A degree of longitude is shorter up here: the pixel of the CRS is 0.149 m.
    assert taken["gsd_m"] == pytest.approx(SIDE / 256 * math.cos(math.radians(39.29)), rel=0.005)
    with rasterio.open(photo_files(path)[0]) as block:
        assert block.block_shapes[0] == (256, 256)

    again = roofwatch("snapshot", path, "--quiet", "--json")
    assert taken_of(again)["asked"] == 0
    assert [each for each in tiles.asked if f"/{LEVEL}/" in each] == asked


def test_tiles_lie_where_gdals_own_driver_puts_them(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    """GDAL's driver for tile services is the reference; it is used for nothing else."""
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    service = tmp_path / "service.xml"
    server = f"{tiles.url}/photo/${{z}}/${{y}}/${{x}}.png"
    service.write_text(
        f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{server}</ServerUrl></Service><DataWindow>
<UpperLeftX>{-HALF_WORLD}</UpperLeftX><UpperLeftY>{HALF_WORLD}</UpperLeftY>
<LowerRightX>{HALF_WORLD}</LowerRightX><LowerRightY>{-HALF_WORLD}</LowerRightY>
<TileLevel>{LEVEL}</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>
<YOrigin>top</YOrigin></DataWindow><Projection>EPSG:3857</Projection>
<BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount></GDAL_WMS>"""
    )
    set_network(allowed=True)  # the command had closed it for GDAL
    (file,) = photo_files(path)
    with rasterio.open(file) as block, rasterio.open(service) as gdal:
        pixels = block.read()
        rows, columns = (pixels[3] > 0).nonzero()
        x, y = block.transform * (columns.min(), rows.min())
        start_row, start_column = gdal.index(x + SIDE / 512, y - SIDE / 512)
        size = (np.ptp(rows) + 1, np.ptp(columns) + 1)
        window = rasterio.windows.Window(start_column, start_row, size[1], size[0])
        expected = gdal.read(window=window)
    shown = expected[:, rows - rows.min(), columns - columns.min()]
    np.testing.assert_array_equal(pixels[:3, rows, columns], shown)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_leaves_no_trace(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService, fault: str
) -> None:
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    tiles.faults = ["", fault, "", fault, fault]
    assert roofwatch("snapshot", path, "--quiet").code == 0
    row, column = corner()
    with rasterio.open(photo_files(path)[0]) as block:
        pixels = block.read()
        pixel = SIDE / 256
        top = round((HALF_WORLD - block.transform.f) / pixel) - row * 256
        left = round((block.transform.c + HALF_WORLD) / pixel) - column * 256
    rows, columns = (pixels[3] > 0).nonzero()
    assert len(rows) > 0
    expected = tiles.picture[rows + top, columns + left].T
    np.testing.assert_array_equal(pixels[:3, rows, columns], expected)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_on_failing_is_one_line_and_the_next_run_goes_on(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService, fault: str
) -> None:
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    # The first samples are a tile and the one above it, by turns.
    tiles.faults = ["", "", "", "", fault, fault, fault]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "fetched tiles were kept; run roofwatch snapshot again" in ran.error
    assert not photo_files(path)
    first = {each for each in tiles.asked if f"/{LEVEL}/" in each}

    tiles.asked.clear()
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert photo_files(path)
    assert len(first) == 3


@pytest.mark.parametrize("has_placeholder", [False, True])
def test_tiles_without_a_photo_are_counted_and_shown_as_none(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tiles: TileService,
    *,
    has_placeholder: bool,
) -> None:
    """Missing ones, and a picture that says "no data" and is sent at several places."""
    row, column = corner()
    tiles.missing = {(row + down, column + 2) for down in range(TILES)}
    if has_placeholder:
        words = np.full((256, 256, 3), 200, np.uint8)
        words[100:120, 30:220] = 90
        tiles.placeholder = as_png(words)
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))

    taken = taken_of(roofwatch("snapshot", path, "--quiet", "--json"))
    state, other = ("blank", "none") if has_placeholder else ("none", "blank")
    assert taken[state] >= 2
    assert taken[other] == 0
    assert taken["photos"] > 0

    ran = roofwatch("tile", path, "--year", 2023, "--executor", "serial", "--quiet")
    assert ran.code == 0
    assert 0 < len(chips_of(path)) < 24


@pytest.mark.parametrize("deeper", [1, 2, 3])
def test_a_level_that_only_enlarges_another_is_refused(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tiles: TileService,
    deeper: int,
) -> None:
    """The cache goes on below its own pixels, as many do."""
    level = LEVEL + deeper
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {level}"))
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 4
    assert f"level {level} only enlarges level {level - 1}" in ran.error
    assert not photo_files(path)


def test_another_level_in_the_same_folder_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    path.write_text(path.read_text().replace(f"zoom = {LEVEL}", f"zoom = {LEVEL - 1}"))
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 4
    assert "move it away and run roofwatch snapshot again" in ran.error


def test_too_many_tiles_are_refused_before_one_is_asked(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    text = city_text(xyz(tiles), f"zoom = {LEVEL}") + "most_tiles = 2\n"
    ran = roofwatch("snapshot", tiny_city(tmp_path, text), "--quiet")
    assert ran.code == 3
    assert "tiles would be asked for" in ran.error
    assert tiles.asked == []


def test_a_token_comes_from_the_environment_and_is_written_nowhere(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tiles: TileService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiles.token = "t0p-secret"
    monkeypatch.setenv("PHOTO_TOKEN", "wrong-secret")
    path = tiny_city(tmp_path, city_text(xyz(tiles) + "?token=$PHOTO_TOKEN", f"zoom = {LEVEL}"))
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "wrong-secret" not in ran.err

    monkeypatch.setenv("PHOTO_TOKEN", "t0p-secret")
    assert roofwatch("snapshot", path, "--quiet").code == 0
    kept = [file for file in (path.parent / "workspace").rglob("*") if file.is_file()]
    assert not [file for file in kept if b"t0p-secret" in file.read_bytes()]


@pytest.mark.parametrize(
    ("path", "more", "said"),
    [
        ("http://127.0.0.1:9/{z}/{y}/{x}.png", "", "zoom: missing"),
        ("http://127.0.0.1:9/{z}/{y}/{s}.png", "zoom = 3", "want {z}, {x} and {y}"),
        ("http://127.0.0.1:9/{z}/{y}/{x}.png?key=abc", "zoom = 3", "the key itself stands in"),
        ("flyover/2023", "zoom = 3", "zoom, layer and own_pixels are of tile services"),
    ],
)
def test_a_wrong_address_is_one_line(  # noqa: PLR0913  # three fixtures and a case
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, path: str, more: str, said: str
) -> None:
    ran = roofwatch("snapshot", tiny_city(tmp_path, city_text(path, more)), "--quiet")
    assert ran.code == 3
    assert said in ran.error
