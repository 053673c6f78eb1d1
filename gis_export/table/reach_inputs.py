"""What the list of parcels without a notice is made from."""

from dataclasses import dataclass

import pandas as pd

from imagery.roll.reach_settings import ReachSettings
from inference.reach import ReachLedger


@dataclass(frozen=True, kw_only=True, eq=False)
class ReachInputs:
    """Parcels without a notice of one year, and what people found there."""

    ledger: ReachLedger
    """A row for each of them."""
    looks: pd.DataFrame
    """What people found at any parcel that [reach] sent them to, columns
    `gis_export.table.inputs.LOOK_COLUMNS`; also of parcels that carry a notice by now."""
    settings: ReachSettings
    """The keys of [reach]."""
