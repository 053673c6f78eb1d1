"""Named pipes, sockets and devices among image files: opening one may wait forever."""

import os
import stat
from functools import lru_cache
from pathlib import Path

from imagery.flyover.sources import RASTER_SUFFIXES

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def special_kind(path: str) -> str:
    """Return "a named pipe", "a socket" or "a device"; "" for files and folders."""
    if path.startswith("/vsi"):
        return ""
    try:
        return _KINDS.get(stat.S_IFMT(os.stat(path).st_mode), "")  # noqa: PTH116  # once per tile
    except (OSError, ValueError):
        return ""  # GDAL says why


def not_plain(path: str) -> str:
    """Say why an image must not be opened: it, or a sidecar of it, is a pipe or a device.

    Args:
        path: A file or a GDAL virtual path.

    Returns:
        The problem in one line, "" if there is none.
    """
    kind = special_kind(path)
    if kind:
        return f"is {kind}, want a file; remove it or copy the image itself"
    if path.startswith("/vsi"):
        return ""

    folder = Path(path).parent
    try:
        names = _special_names(str(folder), folder.stat().st_mtime_ns)
    except OSError:
        return ""

    for name in names:
        if _belongs_to(name, Path(path).stem):
            return f"has {name} beside it, which is {special_kind(str(folder / name))}; remove that"
    return ""


def _belongs_to(name: str, stem: str) -> bool:
    """Tell whether a name is a sidecar of an image, as tile.tfw or tile.tif.ovr of tile.tif."""
    rest = name.lower().removeprefix(stem.lower())
    return rest != name.lower() and rest[:1] in (".", "_") and not rest.endswith(RASTER_SUFFIXES)


@lru_cache(maxsize=256)
def _special_names(folder: str, changed: int) -> tuple[str, ...]:
    """Return the names of pipes, sockets and devices in a folder that last changed at `changed`."""
    with os.scandir(folder) as entries:
        odd = [entry.name for entry in entries if not entry.is_file() and not entry.is_dir()]
    return tuple(sorted(name for name in odd if special_kind(str(Path(folder) / name))))
