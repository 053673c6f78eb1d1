"""What visits found of the words of a flyover: for miss rate and realized precision."""

from collections.abc import Mapping
from math import nan

import numpy as np
import pandas as pd

from gis_export.table.site_visits import DISPUTE, on_site, with_defaults
from gis_export.table.visits import AUDIT, LISTED
from inference.hazard import HazardWord
from inference.ledger import Ledger
from inference.miss_rate import Checked, MissRate, Realized
from inference.visit_errors import Twice, VisitErrors

_AUDIT_START = AUDIT.partition(":")[0]
_NOT_OPEN = ("repaired", "no_roof_defect", "razed")
"""Dispositions that say that no roof is open where the look gives no share."""
_CHANGED = ("repaired", "razed", "duplicate")
"""Dispositions of a roof that is no longer, or never was, the one that was visited before."""


def miss_rate_of(looks: pd.DataFrame, districts: pd.Series, *, year: int) -> MissRate | None:
    """Return what visits to random roofs that were not flagged found; None where there were none.

    Args:
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS` at least.
        districts: Inspection district by parcel.
        year: Flyover whose visits count.
    """
    answers = roof_answers(looks, year=year)
    audits = answers[answers["chosen"].str.startswith(_AUDIT_START)]
    if not len(audits):
        return None

    names = districts.reindex(audits["parcel_id"]).fillna("").astype("str").to_numpy()
    by_district = {str(name): _count(audits["answer"][names == name]) for name in np.unique(names)}
    return MissRate(year=year, city=_count(audits["answer"]), districts=by_district)


def realized_of(
    looks: pd.DataFrame,
    ledger: Ledger,
    promised: Mapping[HazardWord, float],
    errors: VisitErrors | None = None,
) -> tuple[Realized, ...]:
    """Return what visits of the list found of LIKELY and POSSIBLE roofs of a flyover.

    Args:
        looks: What people found.
        ledger: The flyover's ledger.
        promised: Share open by word, as far as it is known.
        errors: How often the people who looked err; None where nobody has measured it.
    """
    answers = roof_answers(looks, year=ledger.year)
    words = ledger.table.set_index("parcel_id")["hazard"]
    listed = answers[answers["chosen"].isin([LISTED, ""])]
    word = words.reindex(listed["parcel_id"]).to_numpy()

    found = []
    for one_word in (HazardWord.LIKELY, HazardWord.POSSIBLE):
        checked = _count(listed["answer"][word == one_word.value])
        realized = Realized(
            year=ledger.year,
            word=one_word.value,
            checked=checked,
            promised=promised.get(one_word, nan),
            errors=errors or VisitErrors(),
        )
        found.append(realized)
    return tuple(found)


def roof_answers(looks: pd.DataFrame, *, year: int) -> pd.DataFrame:
    """Return what the visits of a flyover say of each roof.

    Visits count that were made because the roof was drawn or listed, and others that are in the
    book of looks. The latest that could judge the roof counts; of one day the worse. How the roof
    was chosen is said by any of them.

    Returns:
        Columns parcel_id, answer (Y, N, "" where nobody could judge it) and chosen.
    """
    visits = _visits(looks, year)
    order = visits["date"].where(visits["answer"] != "", "") + visits["answer"]
    visits = visits.assign(order=order)
    latest = visits.sort_values("order", kind="stable").drop_duplicates("parcel_id", keep="last")

    is_audit = visits["chosen"].str.startswith(_AUDIT_START)
    audited = set(visits.loc[is_audit, "parcel_id"])
    chosen = latest["chosen"].where(~latest["parcel_id"].isin(audited), AUDIT)
    return pd.DataFrame(latest.assign(chosen=chosen)[["parcel_id", "answer", "chosen"]])


def errors_of(looks: pd.DataFrame, words: Mapping[int, pd.Series]) -> VisitErrors:
    """Return what roofs that were visited twice say of the people who look.

    Two visits of one flyover count where their day or their person differs. The first two that
    could judge the roof do; one that found it repaired or razed says nothing of the one before.

    Args:
        looks: What people found.
        words: Hazard word by parcel, by flyover.
    """
    open_twice = []
    sound_twice = []
    for year, by_parcel in words.items():
        pairs = _visited_twice(looks, year)
        is_off = by_parcel.reindex(pairs.index).to_numpy() == HazardWord.NOT_SEEN.value
        open_twice.append(pairs[pairs.any(axis=1)])
        sound_twice.append(pairs[~pairs.all(axis=1) & is_off])
    return VisitErrors(of_open=_twice(open_twice), of_sound=_twice(sound_twice))


def _twice(pairs: list[pd.DataFrame]) -> Twice:
    differ = sum(int((pair["first"] != pair["second"]).sum()) for pair in pairs)
    return Twice(roofs=sum(len(pair) for pair in pairs), differ=differ)


def _visited_twice(looks: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return columns first and second, whether each visit found the roof open, by parcel."""
    visits = _visits(looks, year)
    visits = visits[(visits["answer"] != "") & ~visits["disposition"].isin(_CHANGED)]
    visits = visits.sort_values("date", kind="stable")
    visits = visits.drop_duplicates(["parcel_id", "date", "who"])
    number = visits.groupby("parcel_id").cumcount()
    is_open = (visits["answer"] == "Y").set_axis(visits["parcel_id"])
    first = is_open[(number == 0).to_numpy()]
    second = is_open[(number == 1).to_numpy()]
    return pd.DataFrame({"first": first.reindex(second.index), "second": second}, dtype=bool)


def _visits(looks: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the visits of a flyover that count, with an answer: Y, N, or "" for none."""
    counted = with_defaults(looks[looks["year"] == year])
    is_dispute = counted["source"].str.strip().str.lower() == DISPUTE
    is_visit = on_site(counted) & ~is_dispute
    is_visit &= (counted["chosen"] != "") | (counted["look_id"] != "")
    visits = counted[is_visit]
    answer = visits["failing"].where(visits["failing"] != "", _by_disposition(visits))
    return pd.DataFrame(visits.assign(answer=answer))


def _by_disposition(visits: pd.DataFrame) -> pd.Series:
    return visits["disposition"].isin(_NOT_OPEN).map({True: "N", False: ""})


def _count(answers: pd.Series) -> Checked:
    is_open = int((answers == "Y").sum())
    return Checked(
        judged=int((answers != "").sum()), open=is_open, unjudged=int((answers == "").sum())
    )
