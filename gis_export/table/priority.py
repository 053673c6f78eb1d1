"""Priority for housing: a visible sum of points, each with its reason in words.

Arithmetic only, no file is opened.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_export.table import columns
from gis_export.table.confirmed import last_days
from gis_export.table.settings import PrioritySettings
from gis_export.table.symbols import BY_CODE
from imagery.roll.parcels import VacantRoll
from inference.hazard import HazardWord

_NEVER = -1
"""Years since the last look where neither a look nor a notice has a date."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason of a priority, and what it adds."""

    reason: str
    """The reason in words."""
    points: int
    """Points it adds."""

    def __str__(self) -> str:
        """Return it as the work list shows it."""
        return f"{self.reason} {self.points:+d}"


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """How long nobody has looked at a building."""

    years: int
    """Whole years, 0 or more."""
    looked: bool
    """True: since a person looked. False: nobody has, so since the vacancy notice."""

    def __str__(self) -> str:
        """Return it in words."""
        years = f"{self.years} year{'' if self.years == 1 else 's'}"
        if self.looked:
            return f"nobody has looked for {years}"
        return f"nobody has looked since the notice {years} ago"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the priority of a row depends on."""

    code: str
    """RISK_LVL."""
    occupied_sides: str
    """OCC_SIDES: "E,W", "" or "U"."""
    change: str
    """CHANGE."""
    street_sides: str = "U"
    """Sides without a neighboring parcel, written like `occupied_sides`."""
    unseen: Unseen | None = None
    """None when neither a look nor a notice has a date."""
    score: float | None = None
    """SCORE to two digits, None where the roof was not scored."""


def prioritize(
    rows: pd.DataFrame,
    street_sides: pd.Series,
    looks: pd.DataFrame,
    today: date,
    settings: PrioritySettings,
) -> tuple[NDArray[np.int64], list[str]]:
    """Return PRIORITY and WHY of every row, computed once for each distinct combination.

    Args:
        rows: Columns PARCEL_ID, RISK_LVL, OCC_SIDES, CHANGE, VBN_DATE, SCORE.
        street_sides: In the order of `rows`; see `street_sides`.
        looks: What people found and when.
        today: Day against which years count.
        settings: The weights.
    """
    years, looked = unseen_years(rows, looks, today)
    keys = pd.DataFrame(
        {
            "code": rows[columns.RISK_LVL].to_numpy(),
            "occupied": rows[columns.OCC_SIDES].to_numpy(),
            "change": rows[columns.CHANGE].to_numpy(),
            "street": street_sides.to_numpy(),
            "years": years,
            "looked": looked,
            "score": np.round(rows[columns.SCORE].to_numpy(dtype=np.float64, na_value=np.nan), 2),
        }
    )
    group = keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup()
    row_group = group.to_numpy(dtype=np.intp)

    cases = _cases(keys.drop_duplicates())
    points = np.zeros(len(cases), dtype=np.int64)
    why = np.empty(len(cases), dtype=object)
    for number, case in enumerate(cases):
        reasons = points_of(case, settings)
        points[number] = sum(reason.points for reason in reasons)
        why[number] = "; ".join(str(reason) for reason in reasons)
    return points[row_group], [str(text) for text in why[row_group]]


def _cases(keys: pd.DataFrame) -> list[Case]:
    """Return the cases of a table with the columns that `prioritize` makes."""
    cases = []
    for row in keys.itertuples(index=False):
        code, occupied, change, street, years, looked, score = row
        unseen = None if years == _NEVER else Unseen(years=int(years), looked=bool(looked))
        case = Case(
            code=code,
            occupied_sides=occupied,
            change=change,
            street_sides=street,
            unseen=unseen,
            score=None if np.isnan(score) else float(score),
        )
        cases.append(case)
    return cases


def points_of(case: Case, settings: PrioritySettings) -> tuple[Reason, ...]:
    """Return the reasons of one row; the sum of their points is its priority.

    The hazard always comes first, even when it adds nothing. Other reasons are given only when
    they add something.
    """
    word = BY_CODE[case.code].word
    hazard = Reason(reason=word.value, points=severity_points(word, settings))

    occupied = _sides(case.occupied_sides)
    street = _sides(case.street_sides)
    years = min(case.unseen.years, settings.unseen_years_max) if case.unseen else 0
    score = case.score or 0.0
    others = (
        Reason(reason="score of the photo", points=round(settings.score * score)),
        Reason(
            reason=f"occupied neighbor on side {' and '.join(occupied)}",
            points=settings.occupied_side * len(occupied),
        ),
        Reason(
            reason=f"street on side {' and '.join(street)}",
            points=settings.street_side * len(street),
        ),
        Reason(
            reason="worse than in the photo before",
            points=settings.worse if case.change == "WORSE" else 0,
        ),
        Reason(reason=str(case.unseen), points=settings.unseen_year * years),
    )
    return (hazard, *(reason for reason in others if reason.points))


def severity_points(word: HazardWord, settings: PrioritySettings) -> int:
    """Return the points of a hazard word."""
    points = {
        HazardWord.CONFIRMED: settings.confirmed,
        HazardWord.LIKELY: settings.likely,
        HazardWord.POSSIBLE: settings.possible,
        HazardWord.NOT_SEEN: settings.not_seen,
        HazardWord.NOT_ASSESSED: settings.not_assessed,
    }
    return points[word]


def unseen_years(
    rows: pd.DataFrame, looks: pd.DataFrame, today: date
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return how long nobody has looked at each parcel.

    A look that has only a year counts from its last day: nobody has looked for at least that
    long.

    Returns:
        Whole years since the last look, else since the notice, -1 when neither is known, (N,);
        and whether it was a look, (N,).
    """
    look_days = last_days(looks).to_numpy(dtype=object)
    parcel_ids = looks["parcel_id"].to_numpy(dtype=object)
    last_look = pd.Series(look_days, index=parcel_ids).groupby(level=0).max()

    seen = _timestamps(rows[columns.PARCEL_ID].map(last_look))
    notice = _timestamps(rows[columns.VBN_DATE])
    since = seen.fillna(notice)

    # A year is whole once month and day have come round again.
    is_later_in_year = (since.dt.month * 100 + since.dt.day) > today.month * 100 + today.day
    years = (today.year - since.dt.year - is_later_in_year).clip(lower=0).fillna(_NEVER)
    return np.asarray(years, dtype=np.int64), np.asarray(seen.notna(), dtype=np.bool_)


def _timestamps(days: pd.Series) -> pd.Series:
    return pd.to_datetime(pd.Series(days.to_numpy(dtype=object)), errors="coerce")


def street_sides(roll: VacantRoll, parcel_ids: pd.Series) -> pd.Series:
    """Return the street sides of some parcels in their order; "U" when the roll has none."""
    table = roll.table
    sides = table["street_sides"].where(table.geometry.notna(), "U").fillna("U")
    by_parcel = dict(zip(table["parcel_id"].astype(str), sides, strict=True))

    found = [str(by_parcel.get(str(parcel), "U")) for parcel in parcel_ids]
    return pd.Series(found, index=parcel_ids.index, dtype=object)


def _sides(letters: str) -> list[str]:
    return [side for side in letters.split(",") if side and side != "U"]
