"""Count the numbers of the year's page in the files of the year."""

from datetime import timedelta

import pandas as pd

from gis_export.housing.capacity import ALL
from gis_export.housing.plan.days import Crews
from gis_export.report.change_table import LIST_CHANGE, OUTCOME, WHY
from gis_export.report.lead_time import AHEAD, BINS, OUTCOMES
from gis_export.report.year.districts import COLUMNS, DISTRICT, KIND
from gis_export.report.year.facts import (
    Changed,
    DistrictLine,
    Finds,
    LeadTime,
    Missed,
    Promise,
    Recall,
    Roof,
    Step,
    YearFacts,
)
from gis_export.report.year.figures import (
    Condition,
    Figure,
    Form,
    Tables,
    is_none_of,
    is_one_of,
)
from gis_export.table.aging import add_months
from gis_export.table.symbols import SYMBOLS
from gis_export.table.visits import AUDIT, CHOSEN
from inference.change import MEANINGS, ListReason, Outcome
from inference.ledger import NEVER_PHOTOGRAPHED
from inference.parcel_lineage import Lineage

SCORES = "data/scores.csv"
CHANGE = "report/change.csv"
LINEAGE = "report/lineage.csv"
LEAD_TIME = "report/lead_time.csv"
DISTRICTS = "report/districts.csv"
MISSED = "report/miss_rate.json"
CAPACITY = "housing/capacity.csv"
WORK_LIST = "housing/worklist.csv"
LEVEL = "hazard_level"
LISTED_CODES = ("CONFIRMED", "LIKELY", "POSSIBLE")
MOST_ROOFS = 10
"""The roofs that matter most."""
_FORMS = {"expected": Form.TENTHS}
SHOWN = (
    Outcome.NEW,
    Outcome.WORSE,
    Outcome.BETTER,
    Outcome.REPAIRED,
    Outcome.RAZED,
    Outcome.NO_BUILDING,
    Outcome.UNSURE,
    Outcome.NOT_COMPARED,
    Outcome.NEW_ON_ROLL,
    Outcome.GONE,
)
"""Outcomes that the page counts, in this order."""


def read_facts(tables: Tables, *, since: str, crews: Crews, year: int) -> YearFacts:
    """Count everything.

    Args:
        tables: The files of the year.
        since: Day of the flight; later visits count.
        crews: Who goes out.
        year: Year of the flyover.
    """
    levels = {symbol.code: symbol.word.value for symbol in SYMBOLS}
    return YearFacts(
        steps=count_steps(tables, since),
        words={word: tables.count(SCORES, is_one_of(LEVEL, code)) for code, word in levels.items()},
        reasons=count_reasons(tables),
        changed=_count_changes(tables),
        entered=_count_list(tables, "ENTERED"),
        left=_count_list(tables, "LEFT"),
        lineage={
            kind.value: tables.count(LINEAGE, is_one_of("lineage", kind.value))
            for kind in (Lineage.SPLIT, Lineage.MERGED, Lineage.NEW, Lineage.GONE)
        },
        missed=read_missed(tables),
        random=tables.count(WORK_LIST, is_one_of(CHOSEN, AUDIT)),
        recall=read_recall(tables),
        promises=read_promises(tables, before=year),
        lead=_read_lead(tables),
        finds=_read_finds(tables, crews),
        inspection=_read_districts(tables, "inspection"),
        fire=_read_districts(tables, "fire"),
        roofs=_read_roofs(tables),
    )


def count_steps(tables: Tables, since: str) -> tuple[Step, ...]:
    """Count from all vacants to those that a person confirmed."""
    reason = "not_assessed_reason"
    visited = (Condition(column="last_visit", since=since),)
    rows: tuple[tuple[str, tuple[Condition, ...], str], ...] = (
        ("Vacant buildings", (), "all on the vacant roll"),
        ("Shown by the photos", (is_none_of(reason, *NEVER_PHOTOGRAPHED),), "a tile covers them"),
        ("Assessed", (is_one_of("scored", "Y"),), "the photo could be scored"),
        ("On the list", (is_one_of(LEVEL, *LISTED_CODES),), "CONFIRMED, LIKELY or POSSIBLE"),
        ("Visited since the flight", visited, "somebody stood in front of them"),
        ("CONFIRMED", (is_one_of(LEVEL, "CONFIRMED"),), "a person saw the roof open or failing"),
    )
    return tuple(
        Step(name=name, figure=tables.count(SCORES, *where), meaning=meaning)
        for name, where, meaning in rows
    )


def count_reasons(tables: Tables) -> dict[str, Figure]:
    """Count the roofs that were not assessed by reason, the most frequent first."""
    column = "not_assessed_reason"
    reasons = tables.rows(SCORES, is_one_of("scored", "N"))[column].value_counts()
    return {
        str(reason).replace("_", " "): tables.count(SCORES, is_one_of(column, str(reason)))
        for reason in reasons.index
        if reason
    }


def _count_changes(tables: Tables) -> tuple[Changed, ...]:
    if not len(tables.table(CHANGE)):
        return ()
    return tuple(
        Changed(
            outcome=outcome.value,
            figure=tables.count(CHANGE, is_one_of(OUTCOME, outcome.value)),
            meaning=MEANINGS[outcome],
        )
        for outcome in SHOWN
    )


def _count_list(tables: Tables, step: str) -> dict[str, Figure]:
    found = {
        reason.value: tables.count(
            CHANGE, is_one_of(LIST_CHANGE, step), is_one_of(WHY, reason.value)
        )
        for reason in ListReason
    }
    return {reason: figure for reason, figure in found.items() if figure.value}


def read_missed(tables: Tables) -> Missed | None:
    """Return what random visits say; None where nobody made any."""
    judged = tables.fact(MISSED, "missed.city.judged")
    found = tables.fact(MISSED, "missed.city.open")
    most = tables.fact(MISSED, "most_missed", form=Form.PERCENT_UP)
    with_errors = tables.fact(MISSED, "most_missed_with_errors", form=Form.PERCENT_UP)
    year = tables.fact(MISSED, "missed.year")
    if judged is None or found is None or most is None or with_errors is None or year is None:
        return None
    return Missed(
        year=int(year.value), judged=judged, open=found, most=most, with_errors=with_errors
    )


def read_recall(tables: Tables) -> Recall | None:
    """Return the recall of the list; None where it cannot be said."""
    share, low, high = (
        tables.fact(MISSED, f"recall.{name}", form=Form.PERCENT)
        for name in ("share", "low", "high")
    )
    if share is None or low is None or high is None:
        return None
    return Recall(share=share, low=low, high=high)


def read_promises(tables: Tables, *, before: int) -> tuple[Promise, ...]:
    """Return what was promised of the latest flyover that people visited, a line for each word."""
    found = []
    place = 0
    while tables.fact(MISSED, f"realized.{place}.year") is not None:
        promise = _read_promise(tables, f"realized.{place}")
        if promise is not None and promise.year <= before:
            found.append(promise)
        place += 1
    return tuple(found)


def _read_promise(tables: Tables, key: str) -> Promise | None:
    year = tables.fact(MISSED, f"{key}.year")
    judged = tables.fact(MISSED, f"{key}.checked.judged")
    found = tables.fact(MISSED, f"{key}.checked.open")
    shares = [
        tables.fact(MISSED, f"{key}.{name}", form=Form.PERCENT)
        for name in ("share", "least", "most")
    ]
    share, least, most = shares
    if not (year and judged and found and share and least and most):
        return None
    return Promise(
        year=int(year.value),
        word=tables.text(MISSED, f"{key}.word"),
        promised=tables.fact(MISSED, f"{key}.promised", form=Form.PERCENT),
        judged=judged,
        open=found,
        share=share,
        least=least,
        most=most,
    )


def _read_lead(tables: Tables) -> LeadTime | None:
    if not len(tables.table(LEAD_TIME)):
        return None
    listed, never, not_seen = (
        tables.count(LEAD_TIME, is_one_of("outcome", outcome)) for outcome in OUTCOMES
    )
    return LeadTime(
        ends=tables.count(LEAD_TIME),
        listed=listed,
        ahead=tuple((name, tables.count(LEAD_TIME, is_one_of(AHEAD, name))) for _, name in BINS),
        never=never,
        not_seen=not_seen,
    )


def _read_finds(tables: Tables, crews: Crews) -> Finds | None:
    """Return what is found in the first month; None where the work list is empty."""
    city = is_one_of("DISTRICT", ALL)
    days = tables.rows(CAPACITY, city)
    end = add_months(crews.start, 1) - timedelta(days=1)
    within = days[days["DATE"] <= end.isoformat()]
    if not len(within):
        return None

    row = within.iloc[-1]
    last = (city, is_one_of("DAY", str(row["DAY"])))
    first = (city, is_one_of("DAY", "1"))
    return Finds(
        last=str(row["DATE"]),
        visits_a_day=tables.cell(CAPACITY, "VISITS", *first),
        visits=tables.cell(CAPACITY, "VISITS", *last),
        expected=tables.cell(CAPACITY, "EXPECTED", *last, form=Form.TENTHS),
        low=tables.cell(CAPACITY, "LOW", *last),
        high=tables.cell(CAPACITY, "HIGH", *last),
    )


def _read_districts(tables: Tables, kind: str) -> tuple[DistrictLine, ...]:
    rows = tables.rows(DISTRICTS, is_one_of(KIND, kind))
    columns = [name for name in COLUMNS if name not in (KIND, DISTRICT)]
    lines = []
    for name in rows[DISTRICT]:
        where = (is_one_of(KIND, kind), is_one_of(DISTRICT, str(name)))
        figures = {
            column: tables.cell(DISTRICTS, column, *where, form=_FORMS.get(column, Form.COUNT))
            for column in columns
        }
        lines.append(DistrictLine(name=str(name), figures=figures))
    return tuple(lines)


def _read_roofs(tables: Tables) -> tuple[Roof, ...]:
    """Return the roofs with the most points, visited or not."""
    rows = tables.table(WORK_LIST)
    order = pd.to_numeric(rows["PRIORITY"]).sort_values(ascending=False, kind="stable").index
    return tuple(
        Roof(
            parcel_id=str(row["PARCEL_ID"]),
            address=str(row["ADDRESS"]) or f"parcel {row['PARCEL_ID']}",
            text=str(row["RISK_TXT"]),
            why=str(row["WHY"]),
            district=str(row["INSP_DIST"]),
            priority=tables.cell(
                WORK_LIST, "PRIORITY", is_one_of("PARCEL_ID", str(row["PARCEL_ID"]))
            ),
        )
        for _, row in rows.loc[order[:MOST_ROOFS]].iterrows()
    )
