"""What the system lets a process have: its errors by what to do about them.

Libraries say in their own words that the system refused something, so texts count as well as
numbers.
"""

import errno
import os
from dataclasses import dataclass

from imagery.errors import RoofwatchError, first_line

AGAIN = "then start the same command again"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One thing that the system may refuse."""

    numbers: tuple[int, ...]
    """Errors of the system."""
    texts: tuple[str, ...]
    """How libraries say it, in small letters."""
    remedy: str
    """What to do."""


HANDLES = Limit(
    numbers=(errno.EMFILE, errno.ENFILE),
    texts=("too many open files",),
    remedy=f"allow more open files with `ulimit -n 4096` (now {{handles}}), {AGAIN}",
)
THREADS = Limit(
    numbers=(errno.EAGAIN,),
    texts=("can't start new thread", "resource temporarily unavailable"),
    remedy=f"take fewer --workers, or allow more processes and threads (`ulimit -u`), {AGAIN}",
)
MEMORY = Limit(
    numbers=(errno.ENOMEM,),
    texts=("cannot allocate memory", "can't allocate memory", "mmap failed"),
    remedy=(
        "take fewer --workers or a machine with more memory, or allow more memory maps "
        f"(sysctl vm.max_map_count), {AGAIN}"
    ),
)
DISK = Limit(
    numbers=(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    texts=(
        "no space left on device",
        "disk is full",
        "disk i/o error",
        "disk quota exceeded",
        "file too large",
        "iostream error",  # what C++ says while OpenVINO writes a network
    ),
    remedy=f"free disk space, {AGAIN}",
)
RIGHTS = Limit(
    numbers=(errno.EACCES, errno.EPERM, errno.EROFS),
    texts=("permission denied", "read-only file system", "readonly database"),
    remedy=f"fix the permissions, {AGAIN}",
)
LIMITS = (HANDLES, THREADS, MEMORY, DISK, RIGHTS)
ELSE = f"free disk space or fix the permissions, {AGAIN}"
"""What to do about other errors of files."""


class SystemLimit(RoofwatchError):
    """The system lets this process have no more of something; no file is to blame."""

    exit_code = 3


def limit_line(error: BaseException) -> str:
    """Say in one line what the system refused and what to do; "" for an error of another kind."""
    cause: BaseException | None = error
    while cause is not None:
        limit = _limit_of(cause)
        if limit is not None:
            return f"{_what(cause)}; {_remedy(limit)}"
        cause = cause.__cause__ or cause.__context__

    if isinstance(error, OSError):
        return f"{_what(error)}; {ELSE}"
    return ""


def refuse_no_handles(error: BaseException) -> None:
    """Stop where a file could not be opened only because too many are open.

    Raises:
        SystemLimit: then, so that no file is called unreadable for it.
    """
    if _limit_of(error) is HANDLES:
        raise SystemLimit(f"{_what(error)}; {_remedy(HANDLES)}") from error


def means_the_file(error: OSError) -> bool:
    """Tell whether a library calls a damaged file an error of the system.

    Such an error has no number, or that of a place which is not in the file.
    """
    return error.errno in (None, errno.EINVAL) and _limit_of(error) is None


def _limit_of(error: BaseException) -> Limit | None:
    if isinstance(error, MemoryError):
        return MEMORY

    number = error.errno if isinstance(error, OSError) else None
    text = str(error).lower()
    for limit in LIMITS:
        if number in limit.numbers or any(words in text for words in limit.texts):
            return limit
    return None


def _what(error: BaseException) -> str:
    """Return what happened and to which file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename or 'workspace'}"
    if isinstance(error, MemoryError):
        return f"out of memory ({first_line(error)})"
    return first_line(error)


def _remedy(limit: Limit) -> str:
    handles = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else "too few"
    return limit.remedy.format(handles=handles)
