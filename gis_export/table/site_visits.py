"""What people on site said of each building, as one list of visits a parcel, in order of time.

A visit says at most one thing of the building. Nothing that anybody said is changed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd

DISPUTE = "dispute"
"""Source of a look by which somebody disputes what the city says of a building."""
_TEXT_COLUMNS = ("disposition", "sign_posted", "sides", "chosen", "look_id")
"""Columns that a label file does not have."""
_NO_DEFECT = frozenset({"no_roof_defect", "repaired"})
_NO_ACCESS = "no_access"
_DUPLICATE = "duplicate"
_DEMOLITION = "emergency_demolition_referred"
_COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_NO_SIDES = "none"


class Verdict(StrEnum):
    """What a visit found, in the words of VISIT_TXT; in the order in which the worse one wins."""

    NO_ACCESS = "no access"
    NOT_JUDGED = "roof not judged"
    OCCUPIED = "occupied"
    RAZED = "building razed"
    SOUND = "no open roof seen"
    OPEN = "roof open or failing"


_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}
_SAYS_NOTHING = frozenset({Verdict.NO_ACCESS, Verdict.NOT_JUDGED})
_CONTRARY = (
    {Verdict.OPEN, Verdict.SOUND},
    {Verdict.OPEN, Verdict.RAZED},
    {Verdict.SOUND, Verdict.RAZED},
    {Verdict.OCCUPIED, Verdict.RAZED},
)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one person on site said of a building, or that somebody disputes what is said."""

    day: date | None
    """Day of the visit, None when only its year is known."""
    year: int
    """Flyover year that it belongs to."""
    verdict: Verdict
    """What it found."""
    roof_pct: float
    """Open share of the roof in percent, NaN when not known."""
    sign: str
    """Warning sign posted: Y, N, or "" when not known."""
    sides: str | None
    """Sides with an occupied neighbor such as "N,E", "" for none; None when not known."""
    disposition: str
    """What happens next, "" when not said."""
    chosen: str
    """How the building was chosen, "" when not known."""

    @property
    def latest(self) -> date:
        """Return its day, or the last day of its year when no day is known."""
        return self.day or date(self.year, 12, 31)

    @property
    def is_finding(self) -> bool:
        """Tell whether it says something of the building."""
        return self.verdict not in _SAYS_NOTHING

    @property
    def is_emergency(self) -> bool:
        """Tell whether it refers the building to emergency demolition."""
        return self.disposition == _DEMOLITION

    @property
    def disposes(self) -> bool:
        """Tell whether it says what happens next."""
        return self.disposition not in ("", _NO_ACCESS, _DUPLICATE)

    def is_after(self, flown: date | None, year: int) -> bool:
        """Tell whether it is known to be as late as a flight.

        Args:
            flown: Day of the flight, None when not known.
            year: Year of the flyover.
        """
        if self.day is None:
            return False
        if flown is None:
            return self.day > date(year, 12, 31) or self.year >= year
        return self.day >= flown


@dataclass(frozen=True, kw_only=True)
class ParcelVisits:
    """The visits to one building."""

    visits: tuple[Visit, ...]
    """From the earliest to the latest; of one day the worst comes last. At least one."""
    disputed: date | None = None
    """Last day on which somebody disputed what is said of it; None where nobody did."""
    dispute: str = ""
    """The same as text, or only its year when the day is not known."""

    @property
    def latest(self) -> Visit | None:
        """Return the latest visit, None where there was none."""
        return self.visits[-1] if self.visits else None

    @property
    def finding(self) -> Visit | None:
        """Return the latest visit that says something of the building."""
        return _last([visit for visit in self.visits if visit.is_finding])

    @property
    def roof(self) -> Visit | None:
        """Return the latest visit that says something of the roof, or that the roof is gone."""
        found = [visit for visit in self.visits if visit.is_finding]
        return _last([visit for visit in found if visit.verdict is not Verdict.OCCUPIED])

    @property
    def disposing(self) -> Visit | None:
        """Return the latest visit that says what happens next."""
        return _last([visit for visit in self.visits if visit.disposes])

    @property
    def signed(self) -> Visit | None:
        """Return the latest visit that says whether a sign is posted."""
        return _last([visit for visit in self.visits if visit.sign])

    @property
    def sided(self) -> Visit | None:
        """Return the latest visit that says which sides are occupied."""
        return _last([visit for visit in self.visits if visit.sides is not None])

    @property
    def contrary_day(self) -> date | None:
        """Return the day on which the latest findings contradict each other, None if they agree."""
        finding = self.finding
        if finding is None or finding.day is None:
            return None

        said = {visit.verdict for visit in self.visits if visit.day == finding.day}
        is_contrary = any(pair <= said for pair in _CONTRARY)
        return finding.day if is_contrary else None

    @property
    def open_dispute(self) -> str:
        """Return the day of a dispute that no finding on site has answered, "" for none."""
        days = [visit.day for visit in self.visits if visit.is_finding and visit.day]
        if self.disputed is None or max(days, default=date.min) >= self.disputed:
            return ""
        return self.dispute


def _last(visits: list[Visit]) -> Visit | None:
    return visits[-1] if visits else None


def with_defaults(looks: pd.DataFrame) -> pd.DataFrame:
    """Return looks with every column; what a label file does not say is ""."""
    known = {name: looks[name].fillna("") for name in _TEXT_COLUMNS if name in looks.columns}
    missing = {name: "" for name in _TEXT_COLUMNS if name not in looks.columns}
    return looks.assign(**known, **missing)


def on_site(looks: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which looks are of a person in front of the building."""
    is_site = looks["on_site"].astype(bool)
    if "means" in looks.columns:
        is_site |= looks["means"] == "site"
    return is_site


def visits_by_parcel(looks: pd.DataFrame, *, until: int) -> dict[str, ParcelVisits]:
    """Return the visits to each building that somebody visited or disputed.

    Args:
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS` at least.
        until: Last flyover year that counts.
    """
    counted = with_defaults(looks[looks["year"] <= until])
    is_dispute = counted["source"].str.strip().str.lower() == DISPUTE
    disputes = _disputes(counted[is_dispute])
    visits = _visits(counted[on_site(counted) & ~is_dispute])

    found = {}
    for parcel in {**visits, **disputes}:
        day, text = disputes.get(parcel, (None, ""))
        in_order = tuple(sorted(visits.get(parcel, []), key=_time))
        found[parcel] = ParcelVisits(visits=in_order, disputed=day, dispute=text)
    return found


def _time(visit: Visit) -> tuple[date, int]:
    return visit.latest, _SEVERITY[visit.verdict]


def _visits(looks: pd.DataFrame) -> dict[str, list[Visit]]:
    found: dict[str, list[Visit]] = {}
    for parcel, visit in _read_visits(looks):
        found.setdefault(parcel, []).append(visit)
    return found


def _read_visits(looks: pd.DataFrame) -> Iterator[tuple[str, Visit]]:
    columns = ("parcel_id", "date", "failing", "disposition", "sign_posted", "sides", "chosen")
    texts = zip(*(looks[name].astype("str") for name in columns), strict=True)
    years = looks["year"].to_numpy(np.int64).tolist()
    percents = looks["roof_pct"].to_numpy(np.float64).tolist()

    for cells, year, percent in zip(texts, years, percents, strict=True):
        parcel, day, failing, disposition, sign, sides, chosen = cells
        visit = Visit(
            day=_day(day),
            year=year,
            verdict=_verdict(failing, disposition),
            roof_pct=percent,
            sign=sign,
            sides=read_sides(sides),
            disposition=disposition,
            chosen=chosen,
        )
        yield parcel, visit


def _disputes(looks: pd.DataFrame) -> dict[str, tuple[date, str]]:
    """Return day and text of the latest dispute of each building."""
    years = looks["year"].to_numpy(np.int64).tolist()
    last: dict[str, tuple[date, str]] = {}
    for parcel, text, year in zip(looks["parcel_id"], looks["date"], years, strict=True):
        day = _day(str(text)) or date(year, 12, 31)
        said = (day, str(text) or str(year))
        last[str(parcel)] = max(said, last.get(str(parcel), said))
    return last


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _verdict(failing: str, disposition: str) -> Verdict:
    """Return what a look on site says of the building."""
    if disposition == "razed":
        return Verdict.RAZED
    if disposition == "occupied":
        return Verdict.OCCUPIED
    if failing == "Y":
        return Verdict.OPEN
    if failing == "N" or disposition in _NO_DEFECT:
        return Verdict.SOUND
    return Verdict.NO_ACCESS if disposition == _NO_ACCESS else Verdict.NOT_JUDGED


def read_sides(text: str) -> str | None:
    """Return the occupied sides as OCC_SIDES writes them, None where nobody could tell.

    >>> read_sides("e n"), read_sides("none"), read_sides("cannot_tell"), read_sides("")
    ('N,E', '', None, None)
    """
    names = {name.upper() for name in text.replace(",", " ").split()}
    known = [side for side in _COMPASS if side in names]
    if known:
        return ",".join(known)
    return "" if names == {_NO_SIDES.upper()} else None
