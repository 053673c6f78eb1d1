"""Kept tiles of a service: sealed, counted before they are fetched, within limits, never silent."""

import json
import math
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from cities import CityBuilder, Roofwatch
from numpy.typing import NDArray
from photo_cases import LEVEL, city_text, corner, photo_files, sharp_picture, taken_of, xyz
from rasterio.windows import Window
from tile_service import TileService, as_png, serve_tiles

from imagery.photo_services import samples
from imagery.photo_services.copied import MANIFEST, PHOTO, CopiedTile, read_copy
from imagery.photo_services.estimate import CopyEstimate
from roofwatch.config import read_city
from roofwatch.photo_facts import photo_facts

REASON = "J. Doe compared 40 roofs with the year before, 2026-11-30"


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """Return the picture once."""
    return sharp_picture()


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave tiles that are no samples: the city needs nine."""
    monkeypatch.setattr(samples, "SAMPLES", 4)


@pytest.fixture
def tiles(picture: NDArray[np.uint8]) -> Iterator[TileService]:
    """Yield a server of tiles."""
    row, column = corner()
    service = TileService(picture=picture, row=row, column=column, level=LEVEL)
    with serve_tiles(service):
        yield service


@pytest.fixture
def city(tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService) -> Path:
    """Return a city whose tiles were copied."""
    path = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    tiles.asked.clear()
    return path


def table_of(city: Path) -> Path:
    """Return the table of the copy."""
    return city.parent / "workspace" / "sources" / "flyover_2023" / MANIFEST


def photos_of(city: Path) -> list[CopiedTile]:
    """Return the tiles with a photo, sorted."""
    tiles = read_copy(table_of(city)).tiles.values()
    return sorted((tile for tile in tiles if tile.state == PHOTO), key=lambda tile: tile.place)


def window(tile: CopiedTile) -> Window:
    """Return where a tile is in its file of 16 x 16 tiles."""
    return Window(tile.place.column % 16 * 256, tile.place.row % 16 * 256, 256, 256)


def asked_places(tiles: TileService) -> list[tuple[int, int]]:
    """Return (row, column) of every tile of the level that was asked for."""
    paths = [path.removesuffix(".png").split("/") for path in tiles.asked]
    return [(int(row), int(column)) for *_, level, row, column in paths if level == str(LEVEL)]


def cut_short(path: Path, photos: list[CopiedTile]) -> list[CopiedTile]:
    """Cut the end off, with the tiles that are written last."""
    os.truncate(path, path.stat().st_size * 2 // 3)
    with rasterio.open(path) as file:
        kept = []
        for tile in photos:
            try:
                file.read(window=window(tile))
            except rasterio.errors.RasterioError:
                continue
            kept.append(tile)
    assert 0 < len(kept) < len(photos)
    return [tile for tile in photos if tile not in kept]


def flip_one_bit(path: Path, photos: list[CopiedTile]) -> list[CopiedTile]:
    """Change a bit in the middle of what is stored of one tile."""
    tile = photos[3]
    place = f"{tile.place.column % 16}_{tile.place.row % 16}"
    with rasterio.open(path) as file:
        start = int(file.get_tag_item(f"BLOCK_OFFSET_{place}", "TIFF", bidx=1))
        size = int(file.get_tag_item(f"BLOCK_SIZE_{place}", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[start + size // 2] ^= 4
    path.write_bytes(content)
    return [tile]


def swap_two(path: Path, photos: list[CopiedTile]) -> list[CopiedTile]:
    """Show one tile in the place of another."""
    first, second = photos[1], photos[5]
    with rasterio.open(path, "r+") as file:
        pixels = [file.read(window=window(tile)) for tile in (first, second)]
        file.write(pixels[1], window=window(first))
        file.write(pixels[0], window=window(second))
    return [first, second]


def blacken_one(path: Path, photos: list[CopiedTile]) -> list[CopiedTile]:
    """Remove one tile from its file."""
    with rasterio.open(path, "r+") as file:
        file.write(np.zeros((4, 256, 256), np.uint8), window=window(photos[2]))
    return [photos[2]]


def remove_file(path: Path, photos: list[CopiedTile]) -> list[CopiedTile]:
    """Remove a whole file."""
    path.unlink()
    return photos


def displace(path: Path, _: list[CopiedTile]) -> list[CopiedTile]:
    """Move the file by ten meters, with every pixel as it was."""
    with rasterio.open(path, "r+") as file:
        file.transform = rasterio.Affine.translation(10, 0) * file.transform
    return []


DAMAGES = (cut_short, flip_one_bit, swap_two, blacken_one, remove_file, displace)
Damage = Callable[[Path, list[CopiedTile]], list[CopiedTile]]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_tiles_are_named_refused_and_fetched_again_alone(
    city: Path, roofwatch: Roofwatch, tiles: TileService, damage: Damage
) -> None:
    (path,) = photo_files(city)
    content = path.read_bytes()
    table = table_of(city).read_bytes()
    lost = damage(path, photos_of(city))

    audited = roofwatch("audit", city)
    assert audited.code == 3
    (line,) = [line for line in audited.out.splitlines() if str(path) in line]
    assert f"; {len(lost):,} of {len(photos_of(city)):,} tiles" in line
    for tile in lost[:6]:
        assert f"row {tile.place.row} column {tile.place.column}" in line
    assert "roofwatch snapshot makes 1 of these good" in audited.out

    for command in ("check", "tile"):
        refused = roofwatch(command, city, "--year", 2023, "--executor", "serial", "--quiet")
        assert refused.code == 4
        assert "run roofwatch snapshot again, which fetches no others" in refused.error
    assert not (city.parent / "workspace" / "2023" / "chips" / "manifest.parquet").exists()

    ran = roofwatch("snapshot", city, "--quiet", "--json")
    assert ran.code == 0, ran.err
    assert asked_places(tiles) == [(tile.place.row, tile.place.column) for tile in lost]
    assert len(tiles.asked) == len(lost)  # the level above was compared once, and that is known
    assert path.read_bytes() == content
    assert table_of(city).read_bytes() == table
    assert roofwatch("audit", city).code == 0
    assert f"{len(lost)} tiles fetched again" in (city.parent / "workspace/audit.csv").read_text()
    assert roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet").code == 0


def test_a_file_that_snapshot_did_not_write_is_named_and_refused(
    city: Path, roofwatch: Roofwatch
) -> None:
    """A photo of other ground, or a side file that would move or mask a photo."""
    (path,) = photo_files(city)
    for name in ("r00000000_c00000000.tif", f"{path.name}.aux.xml"):
        stranger = path.with_name(name)
        shutil.copy(path, stranger)
        ran = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet")
        assert ran.code == 4
        assert f"{stranger}: snapshot did not write it; remove it" in ran.error
        audited = roofwatch("audit", city)
        assert audited.code == 3
        assert f"{stranger}: snapshot did not write it; remove it" in audited.out
        stranger.unlink()


def test_a_table_that_cannot_be_read_and_has_no_seal(
    city: Path, roofwatch: Roofwatch, tiles: TileService
) -> None:
    """The log was begun again, and the table is damaged."""
    count = len(photos_of(city))
    (city.parent / "workspace" / "audit.csv").unlink()
    table_of(city).write_bytes(b"PAR1 and no more")
    refused = roofwatch("check", city, "--year", 2023, "--quiet")
    assert refused.code == 3
    assert "the table of copied tiles cannot be read" in refused.error

    ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 0
    assert "cannot be read; all of its tiles are fetched again" in ran.error
    assert len(asked_places(tiles)) == count
    assert roofwatch("audit", city).code == 0


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_table_that_was_edited_or_removed_is_not_believed(
    city: Path, roofwatch: Roofwatch, tiles: TileService, *, is_gone: bool
) -> None:
    """All tiles are fetched again, because nothing says any more what they were."""
    path = table_of(city)
    content = path.read_bytes()
    count = len(photos_of(city))
    if is_gone:
        path.unlink()
    else:
        path.write_bytes(content.replace(b'"photos": ', b'"photos":  ', 1)[: len(content)])

    audited = roofwatch("audit", city)
    assert audited.code == 3
    assert str(path) in audited.out
    cut = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet")
    assert cut.code == (3 if is_gone else 4)
    assert str(path.parent) in cut.error

    ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 0
    assert "all of its tiles are fetched again" in ran.error
    assert len(asked_places(tiles)) == count
    assert path.read_bytes() == content
    assert roofwatch("audit", city).code == 0


def test_a_kept_tile_that_was_changed_before_it_was_in_a_file_is_fetched_again(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    city = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    assert roofwatch("snapshot", city, "--quiet", "--dry-run").code == 0
    path = city.parent / "workspace" / "sources" / "flyover_2023" / ".tiles.db"
    with sqlite3.connect(path) as database:
        row, column = database.execute(
            "SELECT tile_row, tile_column FROM tiles WHERE level = ?", (str(LEVEL),)
        ).fetchone()
        database.execute(
            "UPDATE tiles SET picture = ? WHERE tile_row = ? AND tile_column = ?",
            (as_png(np.full((256, 256, 3), 9, np.uint8)), row, column),
        )
    database.close()
    asked = asked_places(tiles)
    tiles.asked.clear()

    assert roofwatch("snapshot", city, "--quiet").code == 0
    again = set(asked_places(tiles)) & set(asked)
    assert again == {(row, column)}
    assert roofwatch("audit", city).code == 0


def test_what_it_costs_is_said_before_it_begins(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    city = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    planned = roofwatch("snapshot", city, "--dry-run", "--json")
    estimate = taken_of(planned)
    assert planned.code == 0
    assert not photo_files(city)
    sampled = asked_places(tiles)
    assert len(sampled) == estimate["here"] == 4
    assert estimate["needed"] == estimate["here"] + estimate["missing"]
    assert estimate["minutes"] == pytest.approx(estimate["missing"] / 100_000 / 60)

    ran = roofwatch("snapshot", city)
    told = ran.err.splitlines()[0]
    assert told.startswith(f"[flyover 2023] level {LEVEL}, 0.115 m per pixel: ")
    assert f"{estimate['needed']} tiles are needed, 4 are here already; " in told
    assert f"about {estimate['megabytes']:,.1f} MB" in told
    assert len(asked_places(tiles)) == estimate["needed"]  # those looked at were not asked again
    sent = sum(tile.bytes for tile in photos_of(city)) / 1e6
    share = estimate["missing"] / estimate["needed"]
    assert estimate["megabytes"] == pytest.approx(sent * share, rel=0.1)

    nothing = roofwatch("snapshot", city, "--dry-run")
    assert "0 to fetch, about 0.0 MB, less than a minute" in nothing.out
    assert nothing.out.splitlines()[-1] == "nothing was copied"


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("most_tile_mb = 0.1", "an answer has more than 0.1 MB"),
        ("most_copy_gb = 0.001", "GB in all would be copied, want at most 0.001 GB"),
        ("least_free_gb = 1000000", "want 1e+06 GB left free ([snapshot] least_free_gb)"),
    ],
)
def test_a_limit_is_one_line_and_the_next_run_goes_on(  # noqa: PLR0913  # fixtures and a case
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tiles: TileService,
    limit: str,
    said: str,
) -> None:
    text = city_text(xyz(tiles), f"zoom = {LEVEL}")
    city = tiny_city(tmp_path, f"{text}{limit}\n")
    ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 3
    assert said in ran.error
    assert "fetched tiles were kept; " in ran.error
    assert not photo_files(city)
    assert len(asked_places(tiles)) == (1 if "tile_mb" in limit else 4)

    city.write_text(text)
    assert roofwatch("snapshot", city, "--quiet").code == 0
    asked = asked_places(tiles)
    assert len(asked) == len(set(asked)) + ("tile_mb" in limit)


def test_a_disk_that_fills_up_midway_ends_in_one_line(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    tiles: TileService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city = tiny_city(tmp_path, city_text(xyz(tiles), f"zoom = {LEVEL}"))
    real = shutil.disk_usage(tmp_path)
    looks = iter(range(100))
    full = lambda _: real._replace(free=int((5.0 - next(looks)) * 1e9))  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", full)
        ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 3
    assert "the disk is too full to go on, 1.000 GB are free, want 2 GB left free" in ran.error
    # One look before it began, one before each tile, and 4, 3 and 2 GB were enough.
    assert len(asked_places(tiles)) == 4 + 3
    assert roofwatch("snapshot", city, "--quiet").code == 0
    assert len(asked_places(tiles)) == len(set(asked_places(tiles)))


def test_an_enlarged_level_is_taken_only_with_a_reason_that_is_told(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    level = LEVEL + 1
    plain = city_text(xyz(tiles), f"zoom = {level}")
    city = tiny_city(tmp_path, plain)
    ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 4
    assert 'write own_pixels = "who looked, when, at what"' in ran.error

    sharp = city_text(xyz(tiles), f'zoom = {level}\nown_pixels = "{REASON}"')
    city.write_text(sharp)
    ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 0
    assert len(tiles.asked) == len(set(tiles.asked))
    note = [line for line in ran.out.splitlines() if "note: [flyover 2023] taken as sharp" in line]
    assert len(note) == 1
    assert REASON in note[0]
    checked = roofwatch("check", city, "--year", 2023, "--quiet")
    (told,) = [line for line in checked.out.splitlines() if REASON in line]
    assert told.startswith("  note: photos that may only be enlarged: 1: flyover 2023 (taken as")
    assert REASON in (city.parent / "workspace" / "2023" / "check.html").read_text()
    assert read_copy(table_of(city)).about.own_pixels.taken_because == REASON
    facts = photo_facts(read_city(city), 2023)["flyover 2023"]
    assert REASON in facts["own_pixels"]
    assert REASON in (city.parent / "workspace" / "audit.csv").read_text()
    assert "a coarser zoom helps" in checked.out  # gdaladdo would break the seal
    report = roofwatch("check", city, "--year", 2023, "--quiet", "--json")
    assert REASON in json.dumps(report.answer["sources"])

    # Who takes the reason away takes the photos away.
    city.write_text(plain)
    for command in (("tile", city, "--year", 2023, "--quiet"), ("snapshot", city, "--quiet")):
        assert roofwatch(*command).code == 4


def test_a_reason_that_is_not_needed_changes_nothing(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    text = city_text(xyz(tiles), f'zoom = {LEVEL}\nown_pixels = "{REASON}"')
    city = tiny_city(tmp_path, text)
    ran = roofwatch("snapshot", city, "--quiet")
    assert ran.code == 0
    assert REASON not in ran.out
    own_pixels = read_copy(table_of(city)).about.own_pixels
    assert own_pixels.taken_because == ""
    assert own_pixels.added is not None
    assert math.isfinite(own_pixels.added)
    assert REASON not in json.dumps(photo_facts(read_city(city), 2023))


@pytest.mark.parametrize(
    ("missing", "told"), [(299, "less than a minute"), (54_000, "about 180 minutes")]
)
def test_time_is_told_in_words(missing: int, told: str) -> None:
    estimate = CopyEstimate(
        level="20",
        gsd_m=0.075,
        needed=60_000,
        missing=missing,
        damaged=0,
        sent_bytes=40_000,
        stored_bytes=150_000,
        requests_per_s=5,
    )
    assert f", {told} at 5 a second" in estimate.line
    assert estimate.megabytes == missing * 0.04
    assert estimate.disk_bytes == missing * 190_000
