"""What files lie in a city's folders: plain files only, within bounds, none of them opened."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imagery.errors import MissingInput
from imagery.flyover.side_files import SIDE_SUFFIXES
from imagery.flyover.sources import SUFFIXES
from imagery.tables.arrow_table import FEATHER, PARQUET
from imagery.tables.workbooks import WORKBOOKS
from imagery.troubles import lines_of, shown

MOST_FILES = 200_000
"""Files that are looked at; what lies beyond is said."""
TEXTS = (".csv", ".tsv", ".psv")
VECTORS = (".shp", ".gpkg", ".geojson", ".json", ".fgb")
TABLES = (*TEXTS, *VECTORS, *PARQUET, *FEATHER, *WORKBOOKS)
NOTES = (".xml", ".txt", ".md", ".json")
"""Files beside photos that may tell when they were taken."""
ARCHIVES = (".zip", ".7z", ".gz", ".tar", ".tgz", ".rar")
FOREIGN = (".kml", ".kmz", ".gml", ".mdb", ".accdb", ".xls", ".dwg", ".dxf", ".rtf", ".tab")
OURS = ({"audit.csv", "mlflow.db"}, {"check.json", "check.html"})
"""Files by which a workspace of ours, or a year of one, is known."""
GEODATABASE = ".gdb"


@dataclass(kw_only=True)
class Found:
    """What lies in the folders, sorted by path."""

    tables: list[Path] = field(default_factory=list)
    """Files that may hold a table or a layer, and file geodatabases."""
    images: list[Path] = field(default_factory=list)
    """Image files."""
    notes: list[Path] = field(default_factory=list)
    """Texts that may say when photos were taken."""
    passed_over: dict[str, list[str]] = field(default_factory=dict)
    """What was not looked at, by reason."""
    count: int = 0
    """Files seen."""

    def pass_over(self, reason: str, name: str) -> None:
        """Remember what was not looked at."""
        self.passed_over.setdefault(reason, []).append(shown(name))

    def unlisted(self, error: OSError) -> None:
        """Remember a folder that cannot be listed."""
        self.pass_over("folders that cannot be listed; fix the permissions", str(error.filename))

    @property
    def lines(self) -> list[str]:
        """Say what was not looked at, one line for each reason."""
        told = []
        for reason, names in self.passed_over.items():
            what, _, remedy = reason.partition("; ")
            told += lines_of(names, what=what, remedy=remedy or "not looked at")
        return told


def find_files(folders: Sequence[Path]) -> Found:
    """List the files in some folders and below.

    Links are followed where they lead into one of the folders; each folder is seen once.

    Raises:
        MissingInput: a folder is not there.
    """
    roots = []
    for folder in folders:
        if not folder.is_dir():
            raise MissingInput(f"init: no folder at {folder}; give the folders of the city's files")
        roots.append(Path(os.path.realpath(folder)))

    found = Found()
    seen: set[str] = set()
    for folder in roots:
        for path in _walk(folder, roots, seen, found):
            found.count += 1
            if found.count > MOST_FILES:
                found.pass_over(f"more than {MOST_FILES:,} files; name smaller folders", str(path))
                return found
            _sort_in(path, found)
    return found


def _walk(folder: Path, roots: list[Path], seen: set[str], found: Found) -> Iterator[Path]:
    """Yield plain files; a file geodatabase, which is a folder, counts as one."""
    for root, folders, names in os.walk(folder, followlinks=True, onerror=found.unlisted):
        real = os.path.realpath(root)
        if real in seen or not _is_inside(real, roots):
            folders.clear()
            continue
        seen.add(real)
        if any(files <= set(names) for files in OURS):
            found.pass_over("workspaces of roofwatch", root)
            folders.clear()
            continue

        for name in sorted(folders):
            if name.lower().endswith(GEODATABASE):
                yield Path(root) / name
        folders[:] = [name for name in sorted(folders) if _is_open(Path(root), name, found)]
        for name in sorted(names):
            path = Path(root) / name
            if _is_plain(path, roots, found):
                yield path


def _is_open(root: Path, name: str, found: Found) -> bool:
    """Tell whether a folder is to be looked into."""
    if name.startswith(".") or name.lower().endswith(GEODATABASE):
        return False
    return _has_plain_name(str(root / name), found)


def _is_inside(real: str, roots: list[Path]) -> bool:
    return any(Path(real).is_relative_to(root) for root in roots)


def _is_plain(path: Path, roots: list[Path], found: Found) -> bool:
    """Tell whether a file can be opened without surprise, and be named in a city file."""
    if path.name.startswith(".") or not _has_plain_name(str(path), found):
        return False
    try:
        kind = path.stat().st_mode
    except OSError:
        found.pass_over("broken links or files without permission", path.name)
        return False
    if not stat.S_ISREG(kind):
        found.pass_over("pipes, sockets and devices", path.name)
        return False
    if path.is_symlink() and not _is_inside(os.path.realpath(path), roots):
        found.pass_over("links that lead out of the folders; name their folder too", path.name)
        return False
    return True


def _has_plain_name(path: str, found: Found) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        found.pass_over("names that are not UTF-8; rename them", Path(path).name)
        return False
    if "$" in path:
        found.pass_over(
            'names with "$", which a city file takes for a variable; rename them', path[-50:]
        )
        return False
    return True


def _sort_in(path: Path, found: Found) -> None:
    """Put a file where its suffix says it belongs."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        found.images.append(path)
    elif suffix in (*TABLES, GEODATABASE) or _is_lone_dbf(path):
        found.tables.append(path)
    elif suffix in ARCHIVES:
        found.pass_over("archives; unpack them", path.name)
    elif suffix in FOREIGN:
        found.pass_over("formats that are not read; convert to GeoPackage or CSV", path.name)
    if suffix in NOTES and not path.name.lower().endswith(SIDE_SUFFIXES):
        found.notes.append(path)


def _is_lone_dbf(path: Path) -> bool:
    """Tell whether a file is a table of its own, and no part of a shapefile."""
    is_dbf = path.suffix.lower() == ".dbf"
    return is_dbf and not any(path.with_suffix(suffix).exists() for suffix in (".shp", ".SHP"))


def count_by_suffix(paths: Sequence[Path]) -> str:
    """Say how many files of each kind there are."""
    counts = Counter(path.suffix.lower() for path in paths)
    return ", ".join(f"{count:,} {suffix}" for suffix, count in counts.most_common())
