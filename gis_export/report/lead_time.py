"""report/lead_time.csv: how long before an emergency or a razing a building stood on the list.

What counts is the word of the model in the ledger of each flyover, not what people confirmed. A
building is on the list with LIKELY or POSSIBLE. Months run to the visit that found it so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from gis_export.table.inputs import ExportInputs
from imagery.files import atomic_path
from imagery.values.formulas import harmless
from imagery.workspace import YearFiles
from inference.hazard import HazardWord

EVENTS = {
    "emergency_demolition_referred": "EMERGENCY DEMOLITION REFERRED",
    "razed": "RAZED",
}
"""Dispositions of visits after which no warning helps any more, and how the table says them."""
LISTED = "LISTED BEFORE"
NEVER = "NEVER LISTED"
NOT_SEEN = "NO PHOTO ASSESSED BEFORE"
OUTCOMES = (LISTED, NEVER, NOT_SEEN)
AHEAD = "ahead"
"""Column: how long before, in three bins."""
BINS = ((12.0, "a year or more"), (6.0, "half a year or more"), (0.0, "less"))
"""Least months of each bin, longest first."""
COLUMNS = (
    "parcel_id",
    "address",
    "event",
    "found",
    "outcome",
    "first_listed",
    "first_word",
    "months",
    AHEAD,
)
_LISTED_WORDS = (HazardWord.LIKELY.value, HazardWord.POSSIBLE.value)
_DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, kw_only=True, eq=False)
class FlownWords:
    """The words of one flyover."""

    flown: date
    """Day of the flight."""
    word_of: dict[str, str]
    """Hazard word of each parcel that was assessed."""


def write_lead_time(inputs: ExportInputs, files: YearFiles) -> None:
    """Write the table; only its header where nobody found such an end."""
    table = lead_times(inputs.looks, flown_words(inputs), addresses_of(inputs))
    with atomic_path(files.report.lead_time) as temporary:
        table.map(harmless).to_csv(temporary, index=False)


def lead_times(
    looks: pd.DataFrame, flyovers: Sequence[FlownWords], address_of: dict[str, str]
) -> pd.DataFrame:
    """Return a row for each building that came to such an end, the earliest first.

    Args:
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS`.
        flyovers: In any order.
        address_of: Address by parcel.

    Returns:
        Columns `COLUMNS`, all text.
    """
    ends = looks[looks["disposition"].isin(list(EVENTS))]
    days = pd.to_datetime(ends["date"], errors="coerce").dt.strftime("%Y-%m-%d")
    ends = ends.assign(day=days).dropna(subset="day")
    ends = ends.sort_values(["day", "parcel_id"], kind="stable").drop_duplicates("parcel_id")
    in_order = sorted(flyovers, key=lambda flyover: flyover.flown)

    rows = []
    columns = [ends[name].astype(str).tolist() for name in ("parcel_id", "disposition", "day")]
    for parcel_id, disposition, day in zip(*columns, strict=True):
        found = date.fromisoformat(day)
        before = [flyover for flyover in in_order if flyover.flown <= found]
        rows.append(
            {
                "parcel_id": parcel_id,
                "address": address_of.get(parcel_id, ""),
                "event": EVENTS[disposition],
                "found": day,
                **_first_listed(parcel_id, before, found),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str").fillna("")


def _first_listed(parcel_id: str, before: Sequence[FlownWords], day: date) -> dict[str, str]:
    """Return when a building first came onto the list, of the flyovers before it was found so."""
    words = [(flyover.flown, flyover.word_of.get(parcel_id, "")) for flyover in before]
    for flown, word in words:
        if word in _LISTED_WORDS:
            months = (day - flown).days / _DAYS_A_MONTH
            return {
                "outcome": LISTED,
                "first_listed": flown.isoformat(),
                "first_word": word,
                "months": f"{months:.1f}",
                AHEAD: next(name for least, name in BINS if months >= least),
            }
    return {"outcome": NEVER if any(word for _, word in words) else NOT_SEEN}


def flown_words(inputs: ExportInputs) -> list[FlownWords]:
    """Return the words of this flyover and of those before whose day is known."""
    ledgers = [inputs.ledger, *(year.ledger for year in inputs.earlier if year.ledger)]
    found = []
    for ledger in ledgers:
        scored = ledger.table[ledger.table["status"] == "scored"]
        days = pd.to_datetime(scored["img_date"]).dropna()
        if len(days):
            words = dict(zip(scored["parcel_id"].astype(str), scored["hazard"], strict=True))
            found.append(FlownWords(flown=days.iloc[0].date(), word_of=words))
    return found


def addresses_of(inputs: ExportInputs) -> dict[str, str]:
    """Return the address of every parcel of this roll and of those before; the latest counts."""
    address_of: dict[str, str] = {}
    rolls = [year.roll for year in reversed(inputs.earlier) if year.roll is not None]
    for roll in (*rolls, inputs.roll.table):
        ids, addresses = (roll[name].astype(str).tolist() for name in ("parcel_id", "address"))
        address_of |= dict(zip(ids, addresses, strict=True))
    return address_of
