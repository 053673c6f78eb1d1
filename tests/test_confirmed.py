"""A person on site found the roof failing: the word is CONFIRMED, with its day.

It is CONFIRMED whatever the photo says.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from export_cases import (
    every_product,
    export,
    make_inputs,
    make_ledger,
    make_roll,
    read_csv,
    whole_looks,
)

from gis_export.table.confirmed import confirmed, roof_bin
from gis_export.table.fields import FIELDS
from gis_export.table.inputs import LOOK_COLUMNS, no_looks
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from labels.files import read_label_rows
from labels.settings import LabelFile
from labels.table.look_table import looks_of


def make_looks(*looks: tuple[str, int, str, str, float, bool]) -> pd.DataFrame:
    """Return looks of parcel, year, day, failing, percent and on site."""
    rows = []
    for parcel, year, day, failing, percent, on_site in looks:
        source = "inspector" if on_site else "desk review"
        rows.append((parcel, year, day, source, "", failing, percent, on_site))
    return whole_looks(pd.DataFrame(rows, columns=list(LOOK_COLUMNS[:8])))


def test_only_the_latest_visit_on_site_counts() -> None:
    looks = make_looks(
        ("a", 2024, "2024-05-02", "Y", 30, True),
        ("b", 2024, "2024-05-02", "Y", 30, True),
        ("b", 2025, "2025-01-01", "N", 0, True),  # repaired
        ("c", 2024, "2024-05-02", "N", 0, True),
        ("c", 2024, "", "Y", 100, True),  # a year alone counts to its end
        ("d", 2024, "2024-05-02", "Y", 30, False),  # from a desk
        ("e", 2024, "2024-05-02", "Y", 30, True),
        ("e", 2025, "2025-01-01", "", float("nan"), True),
        ("e", 2025, "2025-02-01", "N", 0, False),  # neither takes it back
        ("f", 2027, "2027-01-01", "Y", 30, True),  # later than the year of the products
    )
    found = confirmed(looks, until=2026)
    assert found.to_dict("index") == {
        "a": {"day": date(2024, 5, 2), "year": 2024, "roof_pct": "25-49"},
        "c": {"day": None, "year": 2024, "roof_pct": "100"},
        "e": {"day": date(2024, 5, 2), "year": 2024, "roof_pct": "25-49"},
    }
    assert len(confirmed(no_looks(), until=2026)) == 0


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        (9.9, ""),
        (10, "10-24"),
        (24.9, "10-24"),
        (25, "25-49"),
        (50, "50-99"),
        (99, "50-99"),
        (100, "100"),
        (float("nan"), ""),
    ],
)
def test_bins_of_the_roof_share(percent: float, words: str) -> None:
    assert roof_bin(percent) == words


def test_every_product_says_confirmed_and_keeps_score_and_reason(tmp_path: Path) -> None:
    """By the photo, rows are LIKELY, NOT SEEN, NOT ASSESSED, POSSIBLE.

    The middle two were visited.
    """
    inputs = replace(
        make_inputs(make_roll(4)),
        looks=make_looks(
            ("0217 001", 2026, "2026-05-02", "Y", 50, True),
            ("0218 001", 2025, "", "Y", float("nan"), True),
        ),
    )
    out = export(inputs, tmp_path)
    for name, table in every_product(out).items():
        assert table.set_index("PARCEL_ID")["RISK_LVL"].to_dict() == {
            "0216 001": "LIKELY",
            "0217 001": "CONFIRMED",
            "0218 001": "CONFIRMED",
            "0219 001": "POSSIBLE",
        }, name

    names = {field.alias: field.name for field in FIELDS}
    scores = read_csv(out / "data/scores.csv").rename(columns=names).set_index("PARCEL_ID")
    seen = scores.loc["0217 001"]
    assert seen["RISK_TXT"] == "CONFIRMED: a person saw the roof open or failing (2026-05-02)"
    assert seen[["VERIFIED", "VER_DATE", "ROOF_PCT", "SCORE", "REVIEW_BY"]].to_dict() == {
        "VERIFIED": "Y",
        "VER_DATE": "2026-05-02",
        "ROOF_PCT": "50-99",
        "SCORE": "0.062500",
        "REVIEW_BY": "2027-05-02",
    }

    unscored = scores.loc["0218 001"]
    assert unscored["RISK_TXT"] == "CONFIRMED: a person saw the roof open or failing (2025)"
    assert unscored[["VERIFIED", "VER_DATE", "SCORED", "SCORE", "NA_REASON"]].to_dict() == {
        "VERIFIED": "Y",
        "VER_DATE": "",
        "SCORED": "N",
        "SCORE": "",
        "NA_REASON": "outside_imagery",
    }

    dispatch = read_csv(out / "fire/dispatch_add.csv").set_index("PARCEL_ID")
    assert "CONFIRMED" in str(dispatch.loc["0217 001", "TEXT"])


def test_old_visit_stays_confirmed_and_falls_due_for_review() -> None:
    inputs = replace(
        make_inputs(make_roll(2), today=date(2028, 1, 1)),
        looks=make_looks(("0217 001", 2020, "2020-05-02", "Y", 50, True)),
    )

    row = build_rows(inputs, ExportSettings()).iloc[1]

    text = "CONFIRMED: a person saw the roof open or failing (2020-05-02) - REVIEW DUE"
    assert (row["RISK_LVL"], row["RISK_TXT"]) == ("CONFIRMED", text)


def test_confirmed_twice_is_no_change() -> None:
    roll = make_roll(2)
    looks = make_looks(
        ("0216 001", 2025, "2025-05-02", "Y", 50, True),
        ("0217 001", 2026, "2026-05-02", "Y", 50, True),
    )
    inputs = make_inputs(roll, previous=make_ledger(roll, ("LIKELY",), year=2025))

    rows = build_rows(replace(inputs, looks=looks), ExportSettings())

    assert rows["PREV_LVL"].tolist() == ["CONFIRMED", "LIKELY"]
    assert rows["CHANGE"].tolist() == ["SAME", "WORSE"]


def test_labels_say_who_was_on_site(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "id,year,pct,who\n"
        "0216 001,2026,25,Inspector \n"
        "0217 001,2026,5,inspector\n"
        "0218 001,2026,cannot tell,desk review\n",
        encoding="utf-8",
    )
    source = LabelFile(path=path, id=("id",), roof_pct="pct", source="who", on_site=("inspector",))

    looks = looks_of(read_label_rows(source, make_roll(3)), until=2026)
    assert list(looks.columns) == list(LOOK_COLUMNS)
    assert looks["failing"].tolist() == ["Y", "N", ""]
    assert looks["on_site"].tolist() == [True, True, False]
    assert looks["roof_pct"].fillna(-1).tolist() == [25, 5, -1]
    assert confirmed(looks, until=2026).index.tolist() == ["0216 001"]

    without_site = looks_of(read_label_rows(replace(source, on_site=()), make_roll(3)), until=2026)
    assert len(confirmed(without_site, until=2026)) == 0
