"""Check that the list of parcels without a notice names no vacant: those are on the work list."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from gis_export.housing.reach.files import LIST
from gis_export.table import columns
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some
from gis_export.verify.known import Known
from gis_export.verify.rows import keys_of


def check_reach_list(path: Path, table: pa.Table, known: Known | None) -> Iterator[Finding]:
    """Compare the list with the ledger; any other table is passed over.

    Args:
        path: The file.
        table: Its rows under short names.
        known: The ledger; None where there is none.
    """
    if path.name != LIST or known is None:
        return
    listed = set(keys_of(table[columns.PARCEL_ID]).to_pylist())
    vacant = sorted(listed & set(known.keys.to_pylist()))
    if vacant:
        yield Finding(
            path=path,
            what="names parcels that carry a vacancy notice",
            got=some(vacant),
            want="only parcels without a notice",
            remedy=f"take the rows out, or {EXPORT_AGAIN}",
        )
