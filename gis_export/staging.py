"""All products or none: they are made beside their place, by one export at a time, then swapped."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from imagery.errors import InputError
from imagery.files import atomic_folder, reserve

FOLDERS = ("fire", "housing", "data", "public")
"""The folders of products in a year's folder."""
ROOM_BYTES = 1_000_000
"""Less room than this is a full disk."""


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keep a second export from writing into the same folder.

    Raises:
        InputError: another export is at work there.
    """
    lock = FileLock(out / ".export.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"export: another export is writing {out}; wait until it has ended"
        ) from error

    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder of folders, and remove it at the end.

    What a killed run left there is removed first.

    Raises:
        OSError: the block failed and the disk is full, whatever the block says.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        yield folder
    except Exception:
        # Some libraries write half a file on a full disk and say nothing.
        reserve(folder / ".room", ROOM_BYTES)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(finished: Path, target: Path) -> None:
    """Swap a finished folder into its place in one rename."""
    with atomic_folder(target) as temporary:
        for child in finished.iterdir():
            child.rename(temporary / child.name)


def list_files(out: Path) -> list[Path]:
    """Return every file of the four folders, sorted."""
    files: list[Path] = []
    for name in FOLDERS:
        files.extend(path for path in (out / name).rglob("*") if path.is_file())
    return sorted(files)
