"""Sizes and times of all files that a picture depends on: the tile, its side files, its sources."""

import hashlib
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from imagery.flyover.side_files import side_paths
from imagery.flyover.tiles import Tile
from imagery.flyover.virtual_files import is_vrt, vrt_sources

DEEPEST = 16
"""VRTs in VRTs that are followed; GDAL itself stops earlier."""
FOOTPRINT_SUFFIXES = (".shp", ".dbf", ".shx", ".prj", ".cpg")
"""Files of one shapefile."""

FileState = tuple[int, int]
"""Size and time of the last change in nanoseconds; (-1, -1) for a file that is not there."""


def with_evidence(tiles: tuple[Tile, ...]) -> tuple[Tile, ...]:
    """Return tiles that carry the state of all files that their pictures depend on."""
    return tuple(replace(tile, evidence=find_evidence(tile.path)) for tile in tiles)


def find_evidence(path: str) -> str:
    """Return a checksum of sizes and times of an image, its side files and its sources.

    Names are left out, so that a folder may be moved or renamed. Times are part of it: a copy
    that does not keep them counts as another delivery. It is "" for GDAL virtual paths.
    """
    if path.startswith("/vsi"):
        return ""
    facts = repr(_states(path, 0))
    return hashlib.sha256(facts.encode()).hexdigest()[:20]


def table_evidence(path: Path) -> str:
    """Return a checksum of sizes and times of a layer: its file, or all files that make it up."""
    names = [path]
    if path.is_dir():
        names = sorted(path.iterdir())
    elif path.suffix.lower() == ".shp":
        stem = path.stem.lower()
        beside = [file for file in path.parent.iterdir() if file.stem.lower() == stem]
        names = sorted(file for file in beside if file.suffix.lower() in FOOTPRINT_SUFFIXES)

    facts = repr([file_state(str(name)) for name in names])
    return hashlib.sha256(facts.encode()).hexdigest()[:20]


def file_state(path: str) -> FileState:
    """Return size and time of the last change of a file that may not be there."""
    try:
        facts = os.stat(path)  # noqa: PTH116  # once per file of a flyover
    except OSError:
        return -1, -1
    return facts.st_size, facts.st_mtime_ns


def find_stale_overview(path: str) -> str:
    """Return the name of an overview that is older than what it shows; "" when there is none.

    It may belong to the image itself or, below a VRT, to one of its sources.
    """
    if path.startswith("/vsi"):
        return ""

    sources = vrt_sources(path) if is_vrt(path) else []
    for source in sources:
        stale = find_stale_overview(source)
        if stale:
            return stale

    newest = max(file_state(name)[1] for name in (path, *sources))
    for name in side_paths(path):
        if name.lower().endswith(".ovr") and file_state(name)[1] < newest:
            return Path(name).name
    return ""


def missing_sources(path: str) -> tuple[str, ...]:
    """Return the names of the files that a VRT refers to, itself or below, and that are gone."""
    if not is_vrt(path):
        return ()

    missing: list[str] = []
    for source in vrt_sources(path):
        if not Path(source).exists():
            missing.append(Path(source).name)
        missing += missing_sources(source)
    return tuple(dict.fromkeys(missing))


def _states(path: str, depth: int) -> list[object]:
    """Return the states of a file, of what lies beside it, and of what it refers to."""
    own = file_state(path)
    states: list[object] = [own, *_side_states(path)]
    if depth < DEEPEST and is_vrt(path):
        states += [_states(source, depth + 1) for source in _known_sources(path, own)]
    return states


def _side_states(path: str) -> list[tuple[str, FileState]]:
    """Return the state of every side file of an image, with its suffix."""
    return [(Path(name).suffix.lower(), file_state(name)) for name in side_paths(path)]


@lru_cache(maxsize=256)
def _known_sources(path: str, state: FileState) -> tuple[str, ...]:
    """Return the sources of a VRT that was in some state."""
    return tuple(vrt_sources(path))
