"""One command at a time in a folder: locks that the system opens when their process has ended.

A lock file is hidden, names who holds it, and is removed when the lock is released.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from errno import EACCES, EPERM, EROFS
from pathlib import Path

from filelock import FileLock, Timeout

from imagery.errors import Busy
from imagery.files import umask

LOCK = ".work.lock"
"""Name of the lock of a folder."""
MAY_NOT_WRITE = (EACCES, EPERM, EROFS)
"""Errors of a folder in which nothing can be written, and so nothing needs a lock."""
POLL_S = 0.05
"""How often a lock that is waited for is tried, seconds."""


@dataclass(kw_only=True, eq=False)
class _Held:
    """The locks of folders that this process holds."""

    depth: int = 0
    """Blocks of `at_work` that are open."""
    locks: dict[Path, FileLock] = field(default_factory=dict)
    """Locks by their file; all are released when the outermost block ends."""
    made: set[Path] = field(default_factory=set)
    """Folders that were made for a lock."""


_HELD = _Held()


@contextmanager
def at_work(folder: Path, what: str) -> Iterator[None]:
    """Keep other processes from working in a folder until the outermost block has ended.

    Blocks may be nested in one process, for one folder too. A folder in which this process may
    not write needs no lock.

    Args:
        folder: Where the work is done; it is created.
        what: The work, such as "`tile` of 2024": what a second process is told.

    Raises:
        Busy: another process is at work there.
    """
    _HELD.depth += 1
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _HELD.made.add(folder.resolve())
        path = folder.resolve() / LOCK
        if path not in _HELD.locks:
            lock = _acquire(path, what, wait_s=0)
            if lock is not None:
                _HELD.locks[path] = lock
        yield
    finally:
        _HELD.depth -= 1
        if not _HELD.depth:
            _release_all()


@contextmanager
def one_at_a_time(path: Path, what: str, *, wait_s: float) -> Iterator[None]:
    """Let one process at a time do a short piece of work; the others wait.

    Args:
        path: The lock file, in a folder that exists. The block is not entered again inside it.
        what: The work, which a process is told that has waited in vain.
        wait_s: How long to wait, seconds.

    Raises:
        Busy: another process still has the lock.
    """
    lock = _acquire(path, what, wait_s=wait_s)
    try:
        yield
    finally:
        if lock is not None:
            _release(lock)


def _acquire(path: Path, what: str, *, wait_s: float) -> FileLock | None:
    """Take a lock; None where this process may not write."""
    lock = FileLock(path, mode=0o666 & ~umask(), thread_local=False)
    try:
        lock.acquire(timeout=wait_s, poll_interval=POLL_S)
    except Timeout as error:
        raise Busy(_busy_line(path)) from error
    except OSError as error:
        if error.errno in MAY_NOT_WRITE:
            return None
        raise

    # Whoever is refused reads this; on a full disk the lock holds without it.
    with suppress(OSError):
        since = datetime.now().astimezone().strftime("%H:%M")
        words = f"{what}\n{os.getpid()}\n{socket.gethostname()}\n{since}\n"
        path.write_text(words, encoding="utf-8")
    return lock


def _busy_line(path: Path) -> str:
    """Say who holds a lock and what to do."""
    holder = ""
    with suppress(OSError, UnicodeDecodeError):
        holder = path.read_text(encoding="utf-8")

    words = holder.splitlines()
    if len(words) != 4:  # as `_acquire` writes it
        words = ["command", "of unknown number", socket.gethostname(), "just now"]
    what, process, host, since = words
    where = "" if host == socket.gethostname() else f" on {host}"
    return (
        f"{path.parent}: another {what} is at work here (process {process}{where}, since {since}); "
        "wait until it has ended, then start again"
    )


def _release_all() -> None:
    """Release the locks of folders; one that was made for its lock and is empty is gone again."""
    for lock in _HELD.locks.values():
        _release(lock)
    for folder in _HELD.made:
        with suppress(OSError):  # it is not empty
            folder.rmdir()
    _HELD.locks.clear()
    _HELD.made.clear()


def _release(lock: FileLock) -> None:
    # Removed while it is held: those who wait notice that the file is gone, and make it anew.
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
