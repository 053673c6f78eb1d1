"""Atomic writes: a temporary name in the same folder, renamed at the end."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`, renamed to it if the block succeeds.

    It has the same suffix.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{os.getpid()}.{target.name}")
    _remove(temporary)

    try:
        yield temporary
        open_up(temporary)
        os.replace(temporary, target)
    finally:
        _remove(temporary)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `target`, which takes its place on success."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{os.getpid()}.{target.name}")
    old = target.with_name(f".old.{target.name}")
    _remove(temporary)
    temporary.mkdir()

    try:
        yield temporary
        for path in (temporary, *temporary.rglob("*")):
            open_up(path)
        # An earlier run may have been killed between the two renames below.
        if old.exists() and not target.exists():
            os.replace(old, target)
        _remove(old)
        if target.exists():
            os.replace(target, old)
        os.replace(temporary, target)
        _remove(old)
    finally:
        _remove(temporary)


def umask() -> int:
    """Return which rights the user takes away from new files."""
    # It can only be read by setting it; another thread may make a file in between.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def open_up(path: Path) -> None:
    """Give a new file or folder the rights that the umask leaves it.

    Some libraries make files that only their owner may read, whatever the umask says. No right is
    taken away, so that the rules of a shared folder hold.
    """
    if path.is_symlink():
        return
    wanted = 0o777 if path.is_dir() else 0o666
    mode = stat.S_IMODE(path.stat().st_mode)
    whole = mode | (wanted & ~umask())
    if whole != mode:
        path.chmod(whole)


def reserve(path: Path, size_bytes: int) -> None:
    """Create a file of zeros that has its room on the disk, so that it can be mapped and written.

    Writing into a mapped file that finds no room ends the process without a word.

    Raises:
        OSError: there is no room for it.
    """
    with path.open("wb") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size_bytes)
        else:
            stream.truncate(size_bytes)


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
