"""Atomic writes: a temporary name in the same folder, renamed at the end."""

import hashlib
import os
import shutil
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


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
