"""Check that map and list leave out the buildings in excluded.csv, and no others."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from gis_export.table import columns
from gis_export.table.left_out import FILE
from gis_export.verify.audience import LEVELS
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some
from gis_export.verify.read import read_csv
from gis_export.verify.rows import Rows, is_excluded, keys_of

LISTS = ("worklist.csv",)
"""Tables that leave them out; the page of the fire map does too."""
_PAGES = (".js", ".json")


@dataclass(kw_only=True, eq=False)
class LeftOutCheck:
    """The buildings that products leave out, by the folder of the product."""

    found: dict[Path, frozenset[str]] = field(default_factory=dict)
    """Keys of the parcels; none where no excluded.csv is near."""

    def near(self, folder: Path) -> frozenset[str]:
        """Return the keys of the parcels in the nearest excluded.csv."""
        if folder not in self.found:
            self.found[folder] = _read_near(folder)
        return self.found[folder]

    def of(self, path: Path, folder: Path) -> frozenset[str]:
        """Return what one product leaves out, nothing for a product that has every building."""
        leaves_out = path.name in LISTS or path.suffix.lower() in _PAGES
        return self.near(folder) if leaves_out else frozenset()

    def check_product(self, path: Path, table: pa.Table, folder: Path) -> Iterator[Finding]:
        """Check that a product which leaves them out shows none of them."""
        shown = self.of(path, folder) & set(keys_of(table[columns.PARCEL_ID]).to_pylist())
        if shown:
            yield Finding(
                path=path,
                what=f"shows a building that {FILE} leaves out",
                got=some(sorted(shown)),
                want="only buildings that stand and are vacant",
                remedy=f"take the rows out, or {EXPORT_AGAIN}",
            )

    def check_layer(self, path: Path, table: pa.Table) -> Iterator[Finding]:
        """Check that a layer gives the reason for each of them, and for no other building."""
        rows = Rows(path, table)
        if not rows.has(columns.NA_REASON) or not rows.has(columns.PARCEL_ID):
            return

        listed = self.near(path.parent)
        excluded = keys_of(table[columns.PARCEL_ID]).filter(pa.array(is_excluded(rows)))
        differing = sorted(listed ^ set(excluded.to_pylist()))
        if differing:
            yield Finding(
                path=path,
                what=f"leaves out other buildings than {FILE}",
                got=some(differing),
                want="the same buildings in both, each with its reason",
                remedy=EXPORT_AGAIN,
            )


def _read_near(folder: Path) -> frozenset[str]:
    near = folder.resolve()
    for place in (near, *near.parents[: LEVELS - 1]):
        path = place / FILE
        if not path.is_file():
            continue

        table = read_csv(path)
        if columns.PARCEL_ID in table.column_names:
            return frozenset(keys_of(table[columns.PARCEL_ID]).to_pylist())
    return frozenset()
