"""Labels as a table, wherever they come from: the label file and the book of looks side by side."""

from dataclasses import dataclass, replace

import pandas as pd

from imagery.troubles import Trouble
from labels.label_file.parcels import LabelParcels

SAID_COLUMNS = (
    "who",
    "means",
    "disposition",
    "sign_posted",
    "sides",
    "secured",
    "signs",
    "note",
    "photo",
    "look_id",
)
"""What only the book knows of a look, as text; "" in rows of a label file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelRows:
    """Labels that were read and checked; one entry for each row, in order."""

    parcels: LabelParcels
    """The parcel of each."""
    year: pd.Series
    """Flyover year, NaN where it cannot be read."""
    roof_pct: pd.Series
    """Open share of the roof in percent, NaN where none was said."""
    failing: pd.Series
    """Whether the roof is failing."""
    unclear: pd.Series
    """Whether the person could not tell."""
    is_of_photo: pd.Series
    """Whether the label holds of the roof in the photo; nobody learns from others."""
    found: pd.Series
    """The label in words."""
    day: pd.Series
    """Day of the label, NaT when not known."""
    source: pd.Series
    """Who says so, "" when not known."""
    on_site: pd.Series
    """Whether they stood in front of the building."""
    chosen: pd.Series
    """How the roof was chosen, "" when not known."""
    chance: pd.Series
    """Chance with which it was chosen, NaN when not known."""
    said: pd.DataFrame
    """Columns `SAID_COLUMNS`."""
    troubles: tuple[Trouble, ...]
    """What was noticed in the file."""

    @property
    def on_roll(self) -> pd.Series:
        """Tell which labels are of a parcel on the roll."""
        return self.parcels.parcel_id != ""

    @property
    def source_key(self) -> pd.Series:
        """Return the sources in lower case, as the names in the city file are compared."""
        return self.source.str.strip().str.lower()


def nothing_said(index: pd.Index) -> pd.DataFrame:
    """Return `LabelRows.said` for labels of which no more is known."""
    return pd.DataFrame("", index=index, columns=list(SAID_COLUMNS), dtype="str")


def join_rows(first: LabelRows, second: LabelRows) -> LabelRows:
    """Return the rows of two sources, those of the first one before the others."""

    def stacked(name: str) -> pd.Series:
        return _stacked(getattr(first, name), getattr(second, name))

    parcels = replace(
        first.parcels,
        parcel_id=_stacked(first.parcels.parcel_id, second.parcels.parcel_id),
        is_off_roll=_stacked(first.parcels.is_off_roll, second.parcels.is_off_roll),
    )
    return LabelRows(
        parcels=parcels,
        year=stacked("year"),
        roof_pct=stacked("roof_pct"),
        failing=stacked("failing"),
        unclear=stacked("unclear"),
        is_of_photo=stacked("is_of_photo"),
        found=stacked("found"),
        day=stacked("day"),
        source=stacked("source"),
        on_site=stacked("on_site"),
        chosen=stacked("chosen"),
        chance=stacked("chance"),
        said=pd.concat([first.said, second.said], ignore_index=True),
        troubles=(*first.troubles, *second.troubles),
    )


def _stacked(first: pd.Series, second: pd.Series) -> pd.Series:
    return pd.concat([first, second], ignore_index=True)
