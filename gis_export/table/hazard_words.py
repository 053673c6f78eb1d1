"""The hazard of a row in words, and the hazard of the flyover before."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from gis_export.table.aging import review_by, too_old
from gis_export.table.confirmed import confirmed
from gis_export.table.distinct import by_distinct
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.site_states import SiteRules
from gis_export.table.symbols import BY_CODE, BY_WORD
from inference.hazard import HazardWord
from inference.ledger import Ledger

REFUTED = "refuted"
"""Instead of a day: a visit since the flight saw no open roof."""
UNVERIFIED = "unverified"
NOT_ON_SITE = "not seen on site"


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

    @property
    def rules(self) -> SiteRules:
        """Return what the meaning of a visit depends on."""
        return SiteRules(year=self.year, today=self.today, review_months=self.review_months)

    def review_by(self, flown: date | None, review: date | None) -> date:
        """Return REVIEW_BY, counted from the flight unless it counts from a visit."""
        return review or review_by(flown, self.year, review_months=self.review_months)

    def text(
        self, word: str, flown: date | None, review: date | None, seen: str, reason: str
    ) -> str:
        """Return RISK_TXT: the hazard, then flight date or reason, then whether a review is due.

        Args:
            word: The hazard word.
            flown: Day of the flight, None when not known.
            review: REVIEW_BY where it counts from a visit.
            seen: Day or year on which a person confirmed the hazard; `REFUTED` where a visit since
                the flight saw no open roof; "" otherwise.
            reason: Why the roof was not assessed.
        """
        symbol = BY_WORD[word]
        when = f"photo {flown.isoformat()}" if flown else "photo date unknown"

        if symbol.word is HazardWord.NOT_SEEN:
            text = f"{word} ({when})"
        elif symbol.word is HazardWord.NOT_ASSESSED:
            text = f"{word}: {reason.replace('_', ' ')}"
        elif seen == REFUTED:
            text = f"{word}: {symbol.meaning.replace(UNVERIFIED, NOT_ON_SITE)} ({when})"
        else:
            text = f"{word}: {symbol.meaning} ({seen or when})"

        is_due = self.review_by(flown, review) < self.today
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


def plain_code(word: str) -> str:
    """Return RISK_CODE of a hazard word."""
    return BY_WORD[word].plain_code


def code_of_level(level: str) -> str:
    """Return the code for programs of RISK_LVL, "" for none."""
    return BY_CODE[level].plain_code if level else ""


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
