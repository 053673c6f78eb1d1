"""A full disk, a folder that cannot be written, a second export at the same time.

After each the previous products are kept, byte for byte.
"""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from export_cases import export, make_inputs, make_roll
from filelock import FileLock

from imagery.errors import InputError

NOBODY = 65534


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the bytes of all files but the lock."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files if path.name != ".export.lock"}


def error_in_child(work: Callable[[], object]) -> str:
    """Return the name of the error that some work raises in a forked process.

    The process may lower its own limits and rights.
    """
    reader, writer = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            work()
            writer.send("nothing")
        except BaseException as error:
            writer.send(type(error).__name__)
        os._exit(0)

    os.waitpid(child, 0)
    return str(reader.recv())


@pytest.mark.parametrize("most_bytes", [2_000, 20_000, 60_000])
def test_full_disk_keeps_the_previous_products(most_bytes: int, tmp_path: Path) -> None:
    export(make_inputs(make_roll(4)), tmp_path)
    before = contents(tmp_path)

    def export_on_a_full_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        export(make_inputs(make_roll(40)), tmp_path)

    assert error_in_child(export_on_a_full_disk) != "nothing"
    assert contents(tmp_path) == before
    assert not (tmp_path / "2026/.export").exists()


def test_folder_that_cannot_be_written_keeps_the_previous_products(tmp_path: Path) -> None:
    out = export(make_inputs(make_roll(4)), tmp_path)
    before = contents(tmp_path)
    out.chmod(0o555)

    def export_without_rights() -> None:
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        export(make_inputs(make_roll(2)), tmp_path)

    try:
        assert error_in_child(export_without_rights) == "PermissionError"
    finally:
        out.chmod(0o755)
    assert contents(tmp_path) == before


def test_second_export_at_the_same_time_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    with (
        FileLock(tmp_path / "2026/.export.lock"),
        pytest.raises(InputError, match="another export is writing"),
    ):
        export(make_inputs(make_roll(1)), tmp_path)


def test_what_a_killed_export_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "2026/.export/fire").mkdir(parents=True)
    (tmp_path / "2026/.export/fire/half.shp").write_text("half", encoding="utf-8")

    out = export(make_inputs(make_roll(1)), tmp_path)

    assert (out / "fire/fire.shp").exists()
    assert not (out / ".export").exists()
