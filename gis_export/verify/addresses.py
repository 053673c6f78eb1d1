"""Hold the addresses of a department's products against each other: the ledger has none, but all of them must name one and the same house.

Only products of one department are compared: fire's carry the spelling of dispatch, housing's and the data team's that of the roll.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from gis_export.table.tables import harmless
from gis_export.verify.finding import FOLDERS, Finding
from gis_export.verify.rows import Rows, keys_of

_ROLLS = frozenset({"match_report.csv"})
"""Products of fire whose ADDRESS is the roll's."""
_BYTES = 100  # a shapefile holds 120, of a formula made harmless one less


@dataclass(kw_only=True, eq=False)
class AddressCheck:
    """The addresses of one run."""

    tables: dict[Path, list[tuple[Path, pa.Table]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Parcels and addresses of each product, by the folder of the department."""

    def add(self, path: Path, table: pa.Table, *, folder: Path) -> None:
        """Remember the addresses of a product that lies in `folder`; what repeats an earlier delivery may say that of then."""
        rows = Rows(path, table)
        if rows.has("PARCEL_ID") and rows.has("ADDRESS") and path.name not in _ROLLS:
            kept = pa.array(~rows.held())
            self.tables[_department(folder.resolve())].append(
                (path, table.select(["PARCEL_ID", "ADDRESS"]).filter(kept))
            )

    def findings(self) -> Iterator[Finding]:
        """Yield one finding of each product that says another address than most products of its department."""
        for products in self.tables.values():
            first = products[0][1]
            if all(table.equals(first) for _, table in products[1:]):
                continue
            yield from _differences([(path, _by_parcel(table)) for path, table in products])


def _differences(products: list[tuple[Path, dict[str, str]]]) -> Iterator[Finding]:
    """Hold every product against what most files say; the layers of a GeoPackage are one file."""
    files: defaultdict[str, set[tuple[Path, str]]] = defaultdict(set)
    for path, table in products:
        for parcel, address in table.items():
            files[parcel].add((path if path.suffix else path.parent, address))
    said = {
        parcel: Counter(address for _, address in sorted(found))
        for parcel, found in files.items()
        if len(found) > 1
    }
    wanted = {
        parcel: found.most_common(1)[0][0]
        for parcel, found in said.items()
        if len(found) > 1 and not any("\x00" in address for address in found)
    }
    for path, table in products:
        wrong = [parcel for parcel in table if parcel in wanted and table[parcel] != wanted[parcel]]
        if wrong:
            first, more = wrong[0], f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            other = next(place for place, one in products if one.get(first) == wanted[first])
            yield Finding(
                path=path,
                what="gives another address than other products of its folder",
                got=f"ADDRESS = {table[first]!r} at {first!r}{more}",
                want=f"{wanted[first]!r}, as in {other.parent.name}/{other.name}",
                remedy="put the right one back; what is wrong with it belongs into the roll or dispatch's list",
            )


def _by_parcel(table: pa.Table) -> dict[str, str]:
    """Return addresses by parcel as every format can give them back; a parcel that stands twice is a finding of its own."""
    return {
        key: _normal(address)
        for key, address in zip(
            keys_of(table["PARCEL_ID"]).to_pylist(), table["ADDRESS"].to_pylist(), strict=True
        )
        if key
    }


def _normal(address: str) -> str:
    """Return an address without the apostrophe before a formula, as long as a shapefile holds it, blanks and line ends alike."""
    bare = address[1:] if address.startswith("'") and harmless(address[1:]) == address else address
    return " ".join(bare.encode(errors="replace")[:_BYTES].decode(errors="ignore").split())


def _department(folder: Path) -> Path:
    """Return the folder of the department that a folder belongs to, itself where no name tells."""
    return next((place for place in (folder, *folder.parents) if place.name in FOLDERS), folder)
