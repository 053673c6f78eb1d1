"""Priority for housing: a visible sum of points, each with its reason in words. Arithmetic only."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_export.table.settings import PrioritySettings
from gis_export.table.symbols import BY_CODE
from imagery.roll.parcels import VacantRoll
from inference.hazard import HazardWord

_SEVERITY = {"NOT SEEN": 0, "POSSIBLE": 1, "LIKELY": 2, "CONFIRMED": 3}
_NEVER = -1
"""Stands for years that nobody knows."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """One reason and what it adds."""

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
        return (
            f"nobody has looked for {years}"
            if self.looked
            else f"nobody has looked since the notice {years} ago"
        )


def points_of(
    code: str,
    occupied_sides: str,
    change: str,
    settings: PrioritySettings,
    *,
    street_sides: str = "U",
    unseen: Unseen | None = None,
) -> tuple[Points, ...]:
    """Return the points of one row; their sum is its priority.

    The hazard always stands in front, even where it adds nothing; other reasons only where they add something.

    Args:
        code: RISK_LVL.
        occupied_sides: OCC_SIDES: "E,W", "" or "U".
        change: CHANGE.
        settings: The weights.
        street_sides: Sides without a neighboring parcel, as `occupied_sides`.
        unseen: None when neither a look nor a notice has a date.
    """
    word = BY_CODE[code].word
    occupied, street = _sides(occupied_sides), _sides(street_sides)
    years = min(unseen.years, settings.unseen_years_max) if unseen else 0
    more = (
        Points(
            reason=f"occupied neighbor on side {' and '.join(occupied)}",
            points=settings.occupied_side * len(occupied),
        ),
        Points(
            reason=f"street on side {' and '.join(street)}",
            points=settings.street_side * len(street),
        ),
        Points(
            reason="worse than in the photo before",
            points=settings.worse if change == "WORSE" else 0,
        ),
        Points(reason=str(unseen), points=settings.unseen_year * years),
    )
    return (
        Points(reason=word.value, points=severity_points(word, settings)),
        *(one for one in more if one.points),
    )


def prioritize(
    rows: pd.DataFrame,
    street_sides: pd.Series,
    looks: pd.DataFrame,
    today: date,
    settings: PrioritySettings,
) -> tuple[NDArray[np.int64], list[str]]:
    """Return PRIORITY and WHY of every row, computed once for each distinct combination.

    Args:
        rows: Columns PARCEL_ID, RISK_LVL, OCC_SIDES, CHANGE, VBN_DATE.
        street_sides: In the order of `rows`; see `street_sides`.
        looks: What people found and when.
        today: Day against which years count.
        settings: The weights.
    """
    years, looked = unseen_years(rows, looks, today)
    keys = pd.DataFrame(
        {
            "code": rows["RISK_LVL"].to_numpy(),
            "occupied": rows["OCC_SIDES"].to_numpy(),
            "change": rows["CHANGE"].to_numpy(),
            "street": street_sides.to_numpy(),
            "years": years,
            "looked": looked,
        }
    )
    groups = keys.groupby(list(keys.columns), sort=False, dropna=False)
    distinct = keys.drop_duplicates()
    points = np.zeros(len(distinct), dtype=np.int64)
    why = np.empty(len(distinct), dtype=object)
    for place, (code, occupied, change, street, since, seen) in enumerate(
        distinct.itertuples(index=False)
    ):
        unseen = None if since == _NEVER else Unseen(years=int(since), looked=bool(seen))
        items = points_of(code, occupied, change, settings, street_sides=street, unseen=unseen)
        points[place], why[place] = (
            sum(item.points for item in items),
            "; ".join(str(item) for item in items),
        )
    number = groups.ngroup().to_numpy(dtype=np.intp)
    return points[number], [str(text) for text in why[number]]


def unseen_years(
    rows: pd.DataFrame, looks: pd.DataFrame, today: date
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return whole years since the last look, else since the notice, -1 where neither is known; and whether it was a look.

    A look that has only a year counts from its last day: nobody has looked for at least that long.
    """
    days = looks["date"].where(looks["date"] != "", looks["year"].astype(str) + "-12-31")
    last = (
        pd.Series(days.to_numpy(dtype=object), index=looks["parcel_id"].to_numpy(dtype=object))
        .groupby(level=0)
        .max()
    )
    seen = pd.to_datetime(
        pd.Series(rows["PARCEL_ID"].map(last).to_numpy(dtype=object)), errors="coerce"
    )
    notice = pd.to_datetime(pd.Series(rows["VBN_DATE"].to_numpy(dtype=object)), errors="coerce")
    since = seen.fillna(notice)
    early = (since.dt.month * 100 + since.dt.day) > today.month * 100 + today.day
    years = (today.year - since.dt.year - early).clip(lower=0).fillna(_NEVER)
    return np.asarray(years, dtype=np.int64), np.asarray(seen.notna(), dtype=np.bool_)


def street_sides(roll: VacantRoll, parcel_ids: pd.Series) -> pd.Series:
    """Return the street sides of some parcels in their order; "U" where the roll does not know them."""
    table = roll.table
    by_parcel = dict(
        zip(
            table["parcel_id"].astype(str),
            table["street_sides"].where(table.geometry.notna(), "U").fillna("U"),
            strict=True,
        )
    )
    return pd.Series(
        [str(by_parcel.get(str(parcel), "U")) for parcel in parcel_ids],
        index=parcel_ids.index,
        dtype=object,
    )


def change_of(code: str, before: str) -> str:
    """Return CHANGE: RISK_LVL of this flyover against the one before ("" when there was none)."""
    if not before:
        return "NEW"
    if code == before:
        return "SAME"
    if code == "NA":
        return "NOW NA"
    if before == "NA":
        return "WAS NA"
    return "WORSE" if _SEVERITY[code] > _SEVERITY[before] else "LESS SEEN"


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


def _sides(letters: str) -> list[str]:
    return [side for side in letters.split(",") if side and side != "U"]
