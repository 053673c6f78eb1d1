"""Hand a delivery over: its files, a folder of its own, and what dispatch holds afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd

from gis_export.fire.dispatch.columns import ColumnMap
from gis_export.fire.dispatch.delivery import Dispatch
from gis_export.fire.dispatch.last_delivery import folder_of
from gis_export.fire.dispatch.state import mark_delivered as mark_changes
from gis_export.fire.dispatch.vendor_file import write_delivery
from imagery.files import atomic_folder

OFFERED_FILE = "dispatch_deletes_offered.csv"
"""Lines that a person may sign and add to dispatch_deletes.csv; none where nothing is offered."""
VENDOR_FILES = ("cad_add.csv", "cad_change.csv", "cad_delete.csv")


def write_dispatch(dispatch: Dispatch, folder: Path, columns: ColumnMap | None = None) -> None:
    """Write the delivery and the match report into `folder`.

    The files are dispatch_add.csv, dispatch_change.csv, dispatch_delete.csv and match_report.csv;
    for a vendor cad_add.csv and so on too. Deletes that findings suggest are in
    dispatch_deletes_offered.csv.

    Args:
        dispatch: The delivery.
        folder: Where to.
        columns: How the vendor wants the first three; None where no vendor is named.
    """
    _write_deltas(dispatch, folder, columns)
    dispatch.match.to_csv(folder / "match_report.csv", index=False)
    if len(dispatch.offered):
        dispatch.offered.to_csv(folder / OFFERED_FILE, index=False)


@contextmanager
def keeping_delivery(
    dispatch: Dispatch, delivered: Path, columns: ColumnMap | None, *, today: date
) -> Iterator[None]:
    """Keep a delivery in a folder of its own, in place when the block has succeeded.

    Its files are written before the block, so that a full disk stops an export whose products are
    not yet in place.
    """
    if not any(len(table) for table in dispatch.deltas.values()):
        yield
        return

    with atomic_folder(folder_of(delivered, dispatch.number, today)) as folder:
        _write_deltas(dispatch, folder, columns)
        yield


def mark_delivered(dispatch: Dispatch, delivered: Path, *, run_id: str) -> None:
    """Remember what dispatch holds now, and append what changed to the log.

    An earlier year leaves both as they are.
    """
    if dispatch.state is not None:
        changes = pd.concat(list(dispatch.deltas.values()))
        mark_changes(changes, dispatch.state, delivered, run_id=run_id)


def _write_deltas(dispatch: Dispatch, folder: Path, columns: ColumnMap | None) -> None:
    """Write the three files, and those of the vendor."""
    for name, table in dispatch.deltas.items():
        write_delivery(table, folder / f"dispatch_{name}.csv", None)
        if columns:
            write_delivery(table, folder / f"cad_{name}.csv", columns)
