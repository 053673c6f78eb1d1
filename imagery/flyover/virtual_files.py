"""GDAL virtual files (VRT) on this machine: which image files they refer to."""

import html
import os
import re
from pathlib import Path

from imagery.flyover.plain_files import not_plain, special_kind

_SOURCE = re.compile(r"<Source(?:Filename|Dataset)\b([^>]*)>([^<]+)<")
"""A source in a VRT: how it is meant, and its name."""
_RELATIVE = re.compile(r"relativeToVRT\s*=\s*[\"']1")
"""How a VRT says that a name is relative to itself."""
_NO_FILE = re.compile(r"/vsi|[A-Za-z0-9_+]{2,}:|&lt;|<")
"""How names begin that are no files of this machine, such as URLs and parts of files."""


def find_vrt_problem(path: str) -> str:
    """Say why a local VRT must not be opened, "" if it may be or the file is none."""
    if not is_vrt(path):
        return ""

    return _special_source(path) or _loop(path)


def _loop(path: str) -> str:
    """Say that a VRT refers back to itself, "" if it does not.

    Once GDAL has read such a file, it reads black out of others whose sources are gone.
    """
    if not _runs_in_circles(path, ()):
        return ""
    return (
        "is a VRT that refers back to itself; "
        "create it again with gdalbuildvrt from the tiles alone"
    )


def _runs_in_circles(path: str, above: tuple[str, ...]) -> bool:
    """Tell whether a file leads back to itself or to one of those that lead to it."""
    if not is_vrt(path):
        return False

    real = os.path.realpath(path)
    if real in above:
        return True
    return any(_runs_in_circles(name, (*above, real)) for name in vrt_sources(path))


def _special_source(path: str) -> str:
    """Say which source of a VRT is a pipe or a device, "" if none is."""
    for name in vrt_sources(path):
        problem = not_plain(name) if special_kind(name) or Path(name).exists() else ""
        if problem:
            return f"is a VRT of {Path(name).name}, which {problem}"
    return ""


def is_vrt(path: str) -> bool:
    """Tell whether a path is that of a VRT on this machine."""
    return path.lower().endswith(".vrt") and not path.startswith("/vsi") and Path(path).is_file()


def other_sources(path: str) -> list[str]:
    """Return what else a VRT refers to: addresses, parts of files, descriptions."""
    return sorted({name for _, name in _named_sources(path) if _NO_FILE.match(name)})


def vrt_sources(path: str) -> list[str]:
    """Return the local files that a VRT refers to, each once, sorted."""
    found = set()
    for options, source in _named_sources(path):
        if _NO_FILE.match(source):
            continue

        beside = Path(path).parent / source
        is_relative = bool(_RELATIVE.search(options)) or beside.exists()
        found.add(str(beside if is_relative else Path(source)))
    return sorted(found)


def _named_sources(path: str) -> list[tuple[str, str]]:
    """Return how each source of a VRT is meant, and its name."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    return [(options, html.unescape(name.strip())) for options, name in _SOURCE.findall(text)]
