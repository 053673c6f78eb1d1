"""The hazard of a row in words, and the hazard of the flyover before."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from gis_export.table.aging import review_by, too_old
from gis_export.table.confirmed import confirmed
from gis_export.table.distinct import by_distinct
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_WORD
from inference.hazard import HazardWord
from inference.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class HazardTexts:
    """Everything but the cells of the row that the words of a hazard depend on."""

    year: int
    """Year of the flyover."""
    today: date
    """Day against which rows age."""
    stale_months: int
    """Months after the flight at which NOT SEEN IN PHOTO no longer counts."""
    review_months: int
    """Months after the flight, or after a visit, at which a row is due for review."""

    def is_withdrawn(self, word: str, flown: date | None) -> bool:
        """Return whether a row says NOT SEEN IN PHOTO of imagery that is too old for it."""
        is_not_seen = word == HazardWord.NOT_SEEN.value
        return is_not_seen and too_old(
            flown, self.year, today=self.today, stale_months=self.stale_months
        )

    def review_by(self, flown: date | None, visited: date | None) -> date:
        """Return REVIEW_BY, counted from the flight or from a later visit."""
        due = review_by(flown, self.year, review_months=self.review_months)
        if visited is None:
            return due

        return max(due, review_by(visited, self.year, review_months=self.review_months))

    def text(
        self, word: str, flown: date | None, visited: date | None, seen: str, reason: str
    ) -> str:
        """Return RISK_TXT: the hazard, then flight date or reason, then whether a review is due.

        Args:
            word: The hazard word.
            flown: Day of the flight, None when not known.
            visited: Day on which a person confirmed the hazard, None when not known.
            seen: The same as text, or only its year; "" when nobody confirmed it.
            reason: Why the roof was not assessed.
        """
        symbol = BY_WORD[word]
        when = f"photo {flown.isoformat()}" if flown else "photo date unknown"

        if symbol.word is HazardWord.NOT_SEEN:
            text = f"{word} ({when})"
        elif symbol.word is HazardWord.NOT_ASSESSED:
            text = f"{word}: {reason.replace('_', ' ')}"
        else:
            text = f"{word}: {symbol.meaning} ({seen or when})"

        is_due = self.review_by(flown, visited) < self.today
        return f"{text} - REVIEW DUE" if is_due else text


def hazard_texts(inputs: ExportInputs, settings: ExportSettings) -> HazardTexts:
    """Return what an export's words depend on."""
    return HazardTexts(
        year=inputs.year,
        today=inputs.today,
        stale_months=settings.stale_months,
        review_months=settings.review_months,
    )


def risk_level(word: str) -> str:
    """Return RISK_LVL of a hazard word."""
    return BY_WORD[word].code


def previous_levels(previous: Ledger | None, looks: pd.DataFrame) -> pd.Series:
    """Return RISK_LVL of the flyover before, indexed by parcel.

    Args:
        previous: The ledger of that year, None when there is none.
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS`.
    """
    if previous is None:
        return pd.Series(dtype="str")

    table = previous.table
    levels = pd.Series(
        by_distinct(risk_level, table["hazard"]),
        index=table["parcel_id"].astype(str),
    )
    found = confirmed(looks, until=previous.year)
    levels[levels.index.isin(found.index)] = risk_level(HazardWord.CONFIRMED.value)
    return levels
