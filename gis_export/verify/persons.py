"""Compare what products say that people saw: a roof is CONFIRMED in all of an export, or in none.

The ledger knows no findings, so the products are compared with each other, over all departments.
What most of them say counts. Of an equal number the photo's word counts: CONFIRMED rests on a
finding, which an export writes into every product.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from gis_export.table import columns
from gis_export.table.symbols import BY_WORD
from gis_export.verify.audience import FOLDERS
from gis_export.verify.finding import Finding, and_more
from gis_export.verify.rows import Rows, keys_of
from inference.hazard import HazardWord

_CONFIRMED = BY_WORD[HazardWord.CONFIRMED].code
_PHOTO = "the word of the photo"
_FALSE = "says CONFIRMED of a roof that no person saw failing"
_LOST = "lacks that a person saw the roof failing"


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What one product says."""

    path: Path
    """The file, or the layer of a GeoPackage."""
    confirmed: frozenset[str]
    """Parcels that it calls CONFIRMED."""
    parcels: frozenset[str]
    """Parcels that it names."""

    @property
    def file(self) -> Path:
        """Return the file: all layers of a GeoPackage are in one."""
        return self.path if self.path.suffix else self.path.parent


@dataclass(kw_only=True, eq=False)
class PersonCheck:
    """What the products of one run say that people saw."""

    exports: dict[Path, list[_Said]] = field(default_factory=lambda: defaultdict(list))
    """What each product says, by the folder of its export."""

    def add(self, path: Path, table: pa.Table, *, folder: Path) -> None:
        """Remember what a product says; rows that repeat an earlier delivery are left out."""
        rows = Rows(path, table)
        if not rows.has(columns.PARCEL_ID) or not rows.has(columns.RISK_LVL):
            return

        is_new = ~rows.held()
        is_confirmed = rows.equal(columns.RISK_LVL, _CONFIRMED) & is_new
        keys = keys_of(table[columns.PARCEL_ID])
        self.exports[_export_of(folder.resolve())].append(
            _Said(
                path=path,
                confirmed=frozenset(keys.filter(pa.array(is_confirmed)).to_pylist()),
                parcels=frozenset(keys.filter(pa.array(is_new)).to_pylist()),
            )
        )

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each product that differs from most others."""
        for products in self.exports.values():
            disputed = _disputed(products)
            right = {parcel: _is_confirmed(parcel, products) for parcel in disputed}
            for said in products:
                false = [name for name in disputed if name in said.confirmed and not right[name]]
                named = said.parcels - said.confirmed
                lost = [name for name in disputed if name in named and right[name]]
                yield from _find(said.path, _FALSE, false, got=_CONFIRMED, want=_PHOTO)
                yield from _find(said.path, _LOST, lost, got=_PHOTO, want=_CONFIRMED)


def _export_of(folder: Path) -> Path:
    """Return the folder of the departments, or the folder itself when no name tells."""
    for place in (folder, *folder.parents):
        if place.name in FOLDERS:
            return place.parent
    return folder


def _disputed(products: list[_Said]) -> list[str]:
    """Return the parcels that some product calls CONFIRMED and another does not, sorted."""
    confirmed: set[str] = set()
    for said in products:
        confirmed |= said.confirmed

    odd: set[str] = set()
    for said in products:
        odd |= (confirmed & said.parcels) - said.confirmed
    return sorted(odd)


def _is_confirmed(parcel: str, products: list[_Said]) -> bool:
    """Tell whether most files that name a parcel call it CONFIRMED."""
    votes: defaultdict[Path, set[bool]] = defaultdict(set)
    for said in products:
        if parcel in said.parcels:
            votes[said.file].add(parcel in said.confirmed)

    counts = Counter(answer for answers in votes.values() for answer in answers)
    return counts[True] > counts[False]


def _find(path: Path, what: str, parcels: list[str], *, got: str, want: str) -> Iterator[Finding]:
    if not parcels:
        return
    yield Finding(
        path=path,
        what=what,
        got=f"{got} at {parcels[0]!r}{and_more(len(parcels) - 1)}",
        want=f"{want}, as in most other products of the export",
        remedy="put the word back; a person confirms through the city's labels: roofwatch findings",
    )
