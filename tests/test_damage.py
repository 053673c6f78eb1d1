"""Damaged files and a full disk: one line, exit code 3, and the same command goes on afterwards."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cities import CityBuilder, DoneCity, Roofwatch

from imagery.chips.store import open_store, read_chip, shard_key, shard_path
from imagery.errors import InputError
from imagery.files import atomic_folder, atomic_path, reserve
from imagery.limits import SystemLimit, limit_line, refuse_no_handles
from imagery.workspace import Workspace, YearFiles
from models.engine import save_converted
from models.engine_name import OPENVINO, engine_name
from models.feature_cache import Features
from models.network import load_backbones
from models.registry_look import find_registry_fault
from models.spec import ModelSpec

ALONE = ("--executor", "serial", "--quiet")


@pytest.fixture
def city(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return the city file of a done city of one test's own."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    return tmp_path / "city" / "city.toml"


def year_of(city: Path) -> YearFiles:
    """Return the year that was run."""
    return Workspace(folder=city.parent / "workspace").year(2023)


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def pixels_of(chips: Path) -> dict[str, bytes]:
    """Return the shards and the manifest of some chips."""
    files = contents_of(chips)
    return {name: files[name] for name in files if name.endswith(".bin") or "manifest" in name}


@contextmanager
def full_disk(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["shard_00000.bin", "shard_00000.parquet", "manifest.parquet"])
@pytest.mark.parametrize("share", [0.0, 0.7])
def test_chips_that_are_cut_short_are_cut_again(
    name: str, share: float, city: Path, roofwatch: Roofwatch
) -> None:
    chips = year_of(city).chips.folder
    before = pixels_of(chips)
    path = chips / name
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    assert roofwatch("tile", city, "--year", 2023, *ALONE).code == 0
    assert pixels_of(chips) == before


def test_a_chip_behind_the_end_of_its_shard_is_refused(city: Path) -> None:
    chips = year_of(city).chips.folder
    store = open_store(chips)
    place = store.places(store.manifest.sort_values("offset").tail(1))[0]
    path = shard_path(chips, place.shard)
    path.write_bytes(path.read_bytes()[:-1])
    assert shard_key(chips, place.shard) == ""
    with pytest.raises(InputError, match="cut short; tile the year again"):
        read_chip(place)

    path.unlink()
    with pytest.raises(InputError, match="it is gone or cut short"):
        read_chip(place)


def test_features_with_a_flipped_bit_are_refused(city: Path) -> None:
    """They would give another score in silence."""
    features = Features(path=year_of(city).chips.features)
    content = bytearray(features.path.read_bytes())
    content[len(content) // 2] ^= 1
    features.path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"features.parquet is damaged .*remove it"):
        list(features.rung("network"))

    features.path.write_bytes(bytes(content[:-50]))
    assert features.groups("any") is None


@pytest.mark.parametrize("size_bytes", [5_000, 20_000])
def test_a_full_disk_keeps_the_products(size_bytes: int, city: Path, roofwatch: Roofwatch) -> None:
    """Export and score find no room; what was there stays."""
    before = contents_of(city.parent / "workspace")
    for command in ("export", "score"):
        with full_disk(size_bytes):
            ran = roofwatch(command, city, "--year", 2023, *ALONE)
        assert ran.code == 3, ran.err
        assert "free disk space" in ran.error

    # MLflow's database is corrected when it is opened in its new place.
    before.pop("mlflow.db")
    after = contents_of(city.parent / "workspace")
    assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize("size_bytes", [5_000, 20_000])
def test_a_full_disk_while_chips_are_cut(
    size_bytes: int, tiny_city: CityBuilder, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    city = tiny_city(tmp_path)
    with full_disk(size_bytes):
        ran = roofwatch("tile", city, "--year", 2023, *ALONE)
    assert ran.code == 3
    assert "free disk space" in ran.error
    assert roofwatch("tile", city, "--year", 2023, *ALONE).code == 0


def test_room_is_reserved_before_a_file_is_mapped(tmp_path: Path) -> None:
    with full_disk(5_000), pytest.raises(OSError, match="File too large"):
        reserve(tmp_path / "mosaic", 10_000)
    reserve(tmp_path / "mosaic", 10_000)
    assert (tmp_path / "mosaic").read_bytes() == bytes(10_000)


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (
            OSError(24, "Too many open files", "a.tif"),
            "Too many open files: a.tif; allow more open",
        ),
        (RuntimeError("a.gpkg: Too many open files"), "ulimit -n 4096"),
        (RuntimeError("can't start new thread"), "take fewer --workers"),
        (MemoryError("3 GB"), "vm.max_map_count"),
        (sqlite3.OperationalError("database or disk is full"), "free disk space, then"),
        (RuntimeError("basic_ios::clear: iostream error"), "iostream error; free disk space, then"),
        (OSError(28, "No space left on device", "x"), "No space left on device: x; free disk"),
        (PermissionError(13, "Permission denied", "x"), "fix the permissions, then"),
        (OSError(5, "Input/output error", "x"), "free disk space or fix the permissions"),
        (KeyError("x"), None),
    ],
)
def test_each_limit_has_its_remedy(error: Exception, wanted: str | None) -> None:
    line = limit_line(error)
    assert (wanted in line) if wanted else line == ""


def test_a_network_that_does_not_fit_on_the_disk_says_where(tmp_path: Path) -> None:
    """OpenVINO says that a stream failed, and nothing of a file."""
    if not engine_name().startswith(OPENVINO):
        pytest.skip("networks are converted for OpenVINO alone")
    (backbone,) = load_backbones(ModelSpec(backbone="efficientnet_lite0"))
    with full_disk(100_000), pytest.raises(RuntimeError) as stop:
        save_converted(backbone, 64, tmp_path / "network.xml")
    assert limit_line(stop.value).startswith(f"{tmp_path}: ")
    assert "free disk space" in limit_line(stop.value)


# A process of its own: what earlier tests left open here is closed at any moment.
TILE_WITH_FEW_HANDLES = """
import os, resource, sys
from roofwatch.cli import main
import roofwatch.stages.tile
free = int(sys.argv[1])
used = len(os.listdir("/proc/self/fd")) - 1
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (used + free, most))
sys.exit(main(sys.argv[2:]))
"""


def tile_with_few_handles(city: Path, free: int) -> "subprocess.CompletedProcess[str]":
    """Cut a city in a process that may open only so many files more."""
    words = [str(free), "tile", str(city), "--year", "2023", *ALONE]
    command = [sys.executable, "-c", TILE_WITH_FEW_HANDLES, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("free", [1, 4])
def test_no_tile_is_called_missing_or_unreadable_for_too_many_open_files(
    free: int, tiny_city: CityBuilder, tmp_path: Path
) -> None:
    city = tiny_city(tmp_path)
    with pytest.raises(SystemLimit):
        refuse_no_handles(OSError(24, "Too many open files", "a.tif"))
    refuse_no_handles(OSError(5, "Input/output error", "a.tif"))

    ran = tile_with_few_handles(city, free=free)

    assert ran.returncode == 3, ran.stderr
    assert "ulimit -n" in ran.stderr


def test_files_have_the_mode_of_the_umask(tmp_path: Path) -> None:
    """Also those that a library closes to all but their owner; no right is taken away."""
    before = os.umask(0o022)
    try:
        with atomic_path(tmp_path / "file") as temporary:
            temporary.touch(0o600)
        with atomic_folder(tmp_path / "folder") as temporary:
            (temporary / "below").mkdir(0o700)
            (temporary / "below" / "file").touch(0o600)
        os.umask(0o077)
        with atomic_path(tmp_path / "shared") as temporary:
            temporary.touch()
            temporary.chmod(0o664)
    finally:
        os.umask(before)

    modes = {str(p.relative_to(tmp_path)): p.stat().st_mode & 0o777 for p in tmp_path.rglob("*")}
    assert modes == {
        "file": 0o644,
        "folder": 0o755,
        "folder/below": 0o755,
        "folder/below/file": 0o644,
        "shared": 0o664,
    }


def test_check_finds_a_deleted_experiment_before_any_work(city: Path, roofwatch: Roofwatch) -> None:
    database = city.parent / "workspace" / "mlflow.db"
    assert find_registry_fault(database, "Tinyville") == ""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'Tinyville'"
        )

    ran = roofwatch("check", city, "--year", 2023, *ALONE)
    assert ran.code == 3
    assert "the experiment 'Tinyville' was deleted in MLflow" in ran.out
    assert "restore it with `mlflow experiments restore --experiment-id 1`" in ran.out
    for command in ("train", "run"):
        ran = roofwatch(command, city, "--year", 2023, *ALONE)
        assert ran.code == 3
        assert "mlflow experiments restore --experiment-id 1" in ran.error

    database.write_text("no database " * 100)
    assert "put a backup in its place" in find_registry_fault(database, "Tinyville")
