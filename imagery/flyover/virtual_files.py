"""GDAL virtual files (VRT) on this machine: which image files they refer to."""

import html
import os
import re
from pathlib import Path

from imagery.flyover.plain_files import not_plain, special_kind


def find_vrt_problem(path: str) -> str:
    """Say why a local VRT must not be opened, "" if it may be or the file is none."""
    if not _is_vrt(path):
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
    if not _is_vrt(path):
        return False

    real = os.path.realpath(path)
    if real in above:
        return True
    return any(_runs_in_circles(name, (*above, real)) for name in _sources(path))


def _special_source(path: str) -> str:
    """Say which source of a VRT is a pipe or a device, "" if none is."""
    for name in _sources(path):
        problem = not_plain(name) if special_kind(name) or Path(name).exists() else ""
        if problem:
            return f"is a VRT of {Path(name).name}, which {problem}"
    return ""


def _is_vrt(path: str) -> bool:
    return path.lower().endswith(".vrt") and not path.startswith("/vsi") and Path(path).is_file()


def _sources(path: str) -> list[str]:
    """Return the paths that a VRT refers to, each once, sorted."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    names = set(re.findall(r"<Source(?:Filename|Dataset)\b[^>]*>([^<]+)<", text))
    return sorted(str(Path(path).parent / html.unescape(name.strip())) for name in names)
