"""What the dispatch center holds and knows, as an export reads it."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from gis_export.fire.dispatch.address_match import AddressBook, read_addresses
from gis_export.fire.dispatch.findings import lost_findings
from gis_export.fire.dispatch.last_delivery import (
    NO_DELIVERY,
    LastDelivery,
    check_day,
    last_delivery,
)
from gis_export.fire.dispatch.state import Deletion, newest_flyover, read_deletes, read_state
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import DispatchSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class DispatchCenter:
    """What the dispatch center holds and knows."""

    state: pd.DataFrame
    """What the last delivery left, columns `STATE_COLUMNS`."""
    addresses: AddressBook | None = None
    """Its list of addresses; without it no address is looked up."""
    deletes: dict[str, Deletion] = field(default_factory=dict)
    """What people confirmed, by parcel."""
    lost: frozenset[str] = frozenset()
    """Parcels whose finding is gone; see `lost_findings`."""
    last: LastDelivery = NO_DELIVERY
    """The last delivery."""


def read_center(
    delivered: Path, settings: DispatchSettings, inputs: ExportInputs
) -> DispatchCenter:
    """Read what dispatch holds and knows.

    Args:
        delivered: Folder that remembers it.
        settings: Names its list of addresses.
        inputs: Year, day and looks of the export.

    Raises:
        InputError: the day lies before the last delivery, or a file cannot be read. An earlier
            flyover than that of the last delivery delivers nothing, on whatever day.
    """
    state = read_state(delivered)
    last = last_delivery(delivered)
    if inputs.year >= newest_flyover(state):
        check_day(last, inputs.today)

    return DispatchCenter(
        state=state,
        addresses=read_addresses(settings),
        deletes=read_deletes(delivered, today=inputs.today),
        lost=lost_findings(
            state, inputs.looks, until=inputs.year, roll=inputs.roll.table["parcel_id"].tolist()
        ),
        last=last,
    )
