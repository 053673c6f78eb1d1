"""Compare the addresses in the products of a department: all must give a parcel the same one.

The ledger has no addresses, so the products are compared with each other. Only those of one
department are: fire's have the spelling of dispatch, the others' that of the roll.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from gis_export.table import columns
from gis_export.verify.audience import FOLDERS
from gis_export.verify.finding import Finding, and_more
from gis_export.verify.rows import Rows, keys_of
from imagery.values.formulas import harmless

# Products of fire that have the roll's address.
_ROLLS = frozenset({"match_report.csv"})

# A shapefile holds 120 bytes, one less of a formula made harmless; this leaves some room.
_BYTES = 100


@dataclass(frozen=True, kw_only=True)
class Product:
    """The addresses of one product."""

    path: Path
    """The file, or the layer of a GeoPackage."""
    address_of: dict[str, str]
    """Address of each parcel, as every format can hold it."""

    @property
    def file(self) -> Path:
        """Return the file: all layers of a GeoPackage are in one."""
        return self.path if self.path.suffix else self.path.parent


@dataclass(kw_only=True, eq=False)
class AddressCheck:
    """The addresses of one run."""

    tables: dict[Path, list[tuple[Path, pa.Table]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Parcels and addresses of each product, by the folder of the department."""

    def add(self, path: Path, table: pa.Table, *, folder: Path) -> None:
        """Remember the addresses of a product in `folder`.

        Rows that repeat an earlier delivery are left out: they may have the address of that day.
        """
        rows = Rows(path, table)
        has_both = rows.has(columns.PARCEL_ID) and rows.has(columns.ADDRESS)
        if not has_both or path.name in _ROLLS:
            return

        addresses = table.select([columns.PARCEL_ID, columns.ADDRESS])
        kept = addresses.filter(pa.array(~rows.held()))
        self.tables[_department(folder.resolve())].append((path, kept))

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each product that differs from most of its department."""
        for tables in self.tables.values():
            # Mostly all tables are equal, and nothing has to be taken apart.
            first = tables[0][1]
            if all(table.equals(first) for _, table in tables[1:]):
                continue

            products = [Product(path=path, address_of=_by_parcel(table)) for path, table in tables]
            yield from _find_differences(products)


def _find_differences(products: list[Product]) -> Iterator[Finding]:
    """Compare every product with what most files say."""
    wanted = _wanted_addresses(products)
    for product in products:
        address_of = product.address_of
        shared = [parcel for parcel in address_of if parcel in wanted]
        wrong = [parcel for parcel in shared if address_of[parcel] != wanted[parcel]]
        if not wrong:
            continue

        first = wrong[0]
        right = _find_right(products, first, wanted[first])
        yield Finding(
            path=product.path,
            what="gives another address than other products of its folder",
            got=f"ADDRESS = {address_of[first]!r} at {first!r}{and_more(len(wrong) - 1)}",
            want=f"{wanted[first]!r}, as in {right.parent.name}/{right.name}",
            remedy="put the right one back; correct a wrong one in the roll or dispatch's list",
        )


def _wanted_addresses(products: list[Product]) -> dict[str, str]:
    """Return the address that most files give, of each parcel on which they differ."""
    votes: defaultdict[str, set[tuple[Path, str]]] = defaultdict(set)
    for product in products:
        for parcel, address in product.address_of.items():
            votes[parcel].add((product.file, address))

    wanted = {}
    for parcel, files in votes.items():
        counts = Counter(address for _, address in sorted(files))
        # Formats drop a zero byte in different ways.
        has_zero = any("\x00" in address for address in counts)
        if len(counts) > 1 and not has_zero:
            wanted[parcel] = counts.most_common(1)[0][0]
    return wanted


def _find_right(products: list[Product], parcel: str, address: str) -> Path:
    """Return the first product that gives a parcel the right address."""
    return next(product.path for product in products if product.address_of.get(parcel) == address)


def _by_parcel(table: pa.Table) -> dict[str, str]:
    """Return the addresses by parcel; of a parcel that appears twice, the last one."""
    keys = keys_of(table[columns.PARCEL_ID]).to_pylist()
    addresses = table[columns.ADDRESS].to_pylist()
    pairs = zip(keys, addresses, strict=True)
    return {key: _normal(address) for key, address in pairs if key}


def _normal(address: str) -> str:
    """Return an address as every format can hold it.

    The apostrophe before a formula is removed, blanks and line ends count as one blank, and the
    text is cut to what a shapefile holds.
    """
    bare = address
    if address.startswith("'") and harmless(address[1:]) == address:
        bare = address[1:]

    cut = bare.encode(errors="replace")[:_BYTES].decode(errors="ignore")
    return " ".join(cut.split())


def _department(folder: Path) -> Path:
    """Return the folder of the department, or the folder itself when no name tells."""
    for place in (folder, *folder.parents):
        if place.name in FOLDERS:
            return place
    return folder
