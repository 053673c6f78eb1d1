"""Find the files of a folder that hold rows, and the ledger and checksums that belong to it."""

import os
from collections.abc import Iterator
from pathlib import Path

from gis_export.fire.dispatch.handover import VENDOR_FILES
from gis_export.part_record import RECORD
from gis_export.verify.audience import LEVELS
from gis_export.verify.names import TABLES, VECTOR
from gis_export.verify.sums import has_sums
from imagery.workspace import Workspace, YearFiles

_WORKSPACE = Workspace(folder=Path())
_YEAR = YearFiles(folder=Path())

OTHER_DAYS = frozenset({_WORKSPACE.dispatch_state.name, _WORKSPACE.dispatch_log.name})
"""Tables whose rows are of other days: only their fields are checked."""
LEDGER_STEM = _YEAR.ledger.stem
"""Name of the ledger's files, without the ending."""

_NOT_PRODUCTS = frozenset(
    {
        _YEAR.chips.folder.name,
        _YEAR.reach.folder.name,
        _YEAR.report.folder.name,
        _YEAR.explain.name,
        _YEAR.model.name,
        _YEAR.storm.name,
        _WORKSPACE.mlruns.name,
        _WORKSPACE.deliveries.name,
        _WORKSPACE.sources.name,
        "vendor",
    }
)


_NOT_ROWS = frozenset({*VENDOR_FILES, _WORKSPACE.audit.name, RECORD})
"""Files without rows, tables that are checked elsewhere, or that repeat others."""


def find_products(folder: Path) -> list[Path]:
    """Return every file under a folder that may hold rows, sorted.

    Chips and hidden files are left out, and of the reports all but that on changed words. So are a
    vendor's files: they have names and an encoding of their own, and repeat what `dispatch_*.csv`
    says.
    """
    products = []
    for root, names in walk(folder):
        products += [root / name for name in names if _is_product(root / name)]
        change = YearFiles(folder=root).report.change
        if change.is_file():
            products.append(change)
    return sorted(products)


def _is_product(path: Path) -> bool:
    kind = path.suffix.lower()
    if kind not in VECTOR | TABLES or path.name.startswith(".") or path.name in _NOT_ROWS:
        return False

    is_part_of_shapefile = kind == ".dbf" and path.with_suffix(".shp").exists()
    return not is_part_of_shapefile


def walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders that may hold products, and the names of their files."""
    for root, folders, names in os.walk(folder):
        kept = [name for name in folders if name not in _NOT_PRODUCTS]
        folders[:] = sorted(name for name in kept if not name.startswith("."))
        yield Path(root), names


def find_ledger(folder: Path) -> Path | None:
    """Return the ledger beside a product or in the folders above it."""
    near = folder.resolve()
    for place in (near, *near.parents[: LEVELS - 1]):
        ledger = YearFiles(folder=place).ledger
        if ledger.is_file():
            return ledger
    return None


def find_homes(folder: Path) -> list[Path]:
    """Return the folders in and above `folder` that hold checksums."""
    inside = [root for root, _ in walk(folder)]
    above = folder.resolve().parents[: LEVELS - 1]
    return [place for place in (*inside, *above) if has_sums(place)]
