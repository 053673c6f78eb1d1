"""What the visits to a building mean for this year's products: word, lines, days, exclusion.

A visit never lowers a hazard word of the photo. Only a building that is gone or lived in leaves
the products, with its reason, and the row is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from gis_export.table import columns
from gis_export.table.aging import as_date, review_by
from gis_export.table.site_visits import ParcelVisits, Verdict, Visit

EXCLUDED = "excluded"
"""STATUS of a building that is gone or lived in."""
RAZED = "razed"
OCCUPIED = "occupied"
LEFT_OUT = (RAZED, OCCUPIED)
"""NA_REASON of buildings that a person on site found gone or lived in."""
_REASONS = {Verdict.RAZED: RAZED, Verdict.OCCUPIED: OCCUPIED}


@dataclass(frozen=True, kw_only=True)
class SiteRules:
    """What the meaning of a visit depends on beside the building."""

    year: int
    """Year of the flyover."""
    today: date
    """Day of the export."""
    review_months: int
    """Months after a visit at which a row is due for review."""

    def due(self, visit: Visit) -> date:
        """Return the day after which a visited building is due for review."""
        return review_by(visit.day, visit.year, review_months=self.review_months)


@dataclass(frozen=True, kw_only=True)
class SiteState:
    """What the visits to one building mean for its row."""

    confirmed: Visit | None = None
    """The visit that found the roof open or failing, if no later finding takes it back."""
    refuted: Visit | None = None
    """The visit since the flight that saw no open roof."""
    excluded: str = ""
    """Of `LEFT_OUT`, "" for a building that stays."""
    text: str = ""
    """VISIT_TXT."""
    last_visit: date | None = None
    """LAST_VISIT."""
    next_visit: date | None = None
    """NEXT_VISIT."""
    disputed: str = ""
    """DISPUTED."""
    sign: str = "U"
    """SIGN_POST."""
    sides: str | None = None
    """OCC_SIDES, None where the roll's stay."""
    demolition: str = "U"
    """DEMO_FLG."""
    review: date | None = None
    """REVIEW_BY that counts from a visit, None where it counts from the flight."""


NO_VISIT = SiteState()


def state_of(
    parcel: ParcelVisits, rules: SiteRules, *, flown: date | None, notice: date | None
) -> SiteState:
    """Return what the visits to a building mean.

    Args:
        parcel: Its visits.
        rules: Year, day and months.
        flown: Day of the flight that shows it, None when not known.
        notice: Day of its vacancy notice, None when not known.
    """
    roof = parcel.roof
    signed = parcel.signed
    sided = parcel.sided
    latest = parcel.latest
    disposing = parcel.disposing
    is_open = roof is not None and roof.verdict is Verdict.OPEN
    is_sound = roof is not None and roof.verdict is Verdict.SOUND
    is_new = roof is not None and roof.is_after(flown, rules.year)
    excluded = _exclusion(parcel, rules, notice=notice)
    reviewed = parcel.finding if excluded else roof

    return SiteState(
        confirmed=roof if is_open and not excluded else None,
        refuted=roof if is_sound and is_new else None,
        excluded=excluded,
        text=_visit_text(latest, parcel, flown=flown, year=rules.year),
        last_visit=max((visit.day for visit in parcel.visits if visit.day), default=None),
        next_visit=_next_visit(parcel, rules, flown=flown),
        disputed=_dispute_text(parcel),
        sign=signed.sign if signed else "U",
        sides=sided.sides if sided and rules.due(sided) >= rules.today else None,
        demolition="Y" if disposing and disposing.is_emergency else "U",
        review=rules.due(reviewed) if reviewed and (is_open or is_new or excluded) else None,
    )


def _exclusion(parcel: ParcelVisits, rules: SiteRules, *, notice: date | None) -> str:
    """Return why a building is left out: until a later finding or a later vacancy notice.

    A building that was lived in comes back when its review is due: people move out.
    """
    finding = parcel.finding
    reason = _REASONS.get(finding.verdict, "") if finding else ""
    if finding is None or not reason or parcel.contrary_day:
        return ""

    is_vacant_again = notice is not None and notice > finding.latest
    has_aged = reason == OCCUPIED and rules.due(finding) < rules.today
    return "" if is_vacant_again or has_aged else reason


def _visit_text(
    latest: Visit | None, parcel: ParcelVisits, *, flown: date | None, year: int
) -> str:
    """Return the line on the latest visit; "" where it confirms the hazard, or is contradicted."""
    if latest is None or latest.verdict is Verdict.OPEN or parcel.contrary_day:
        return ""

    when = latest.day.isoformat() if latest.day else f"{latest.year}, day not recorded"
    is_older = latest.year < year
    if latest.day is not None:
        is_older = not latest.is_after(flown, year)
    before = ", before this photo" if is_older else ""
    return f"visited {when}{before}: {latest.verdict.value}"


def _next_visit(parcel: ParcelVisits, rules: SiteRules, *, flown: date | None) -> date | None:
    """Return the day until which nobody need visit; None where somebody should.

    Only a finding since the flight keeps a building off the list, and only one that nobody
    disputes.
    """
    finding = parcel.finding
    if finding is None or not finding.is_after(flown, rules.year):
        return None
    if parcel.contrary_day or parcel.open_dispute:
        return None

    due = rules.due(finding)
    return due if due >= rules.today else None


def _dispute_text(parcel: ParcelVisits) -> str:
    if parcel.contrary_day:
        return f"findings of {parcel.contrary_day.isoformat()} contradict each other"
    if parcel.open_dispute:
        return f"disputed {parcel.open_dispute}, not visited since"
    return ""


def site_states(
    rows: pd.DataFrame, visits: Mapping[str, ParcelVisits], rules: SiteRules
) -> list[SiteState]:
    """Return the state of every row.

    Args:
        rows: Columns PARCEL_ID, IMG_DATE and VBN_DATE.
        visits: The visits by parcel.
        rules: Year, day and months.
    """
    if not visits:
        return [NO_VISIT] * len(rows)

    states = []
    for parcel_id, flown, notice in zip(
        rows[columns.PARCEL_ID], rows[columns.IMG_DATE], rows[columns.VBN_DATE], strict=True
    ):
        parcel = visits.get(str(parcel_id))
        state = NO_VISIT
        if parcel is not None:
            state = state_of(parcel, rules, flown=as_date(flown), notice=as_date(notice))
        states.append(state)
    return states


def objects(values: Sequence[object]) -> pd.Series:
    """Return a column of any values, numbered from 0."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, dtype=object)
