"""Whatever a file of findings holds: every filled row is a look or needs a person, none is lost."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from export_cases import make_roll
from findings_cases import VACANTS, make_context
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.choices import DISPOSITIONS, ROOF_OPEN, SIDES, SIGNS, YES_NO, Choice
from labels.findings import read_findings

IDS = make_roll(VACANTS).table["parcel_id"].tolist()
ODD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\n\x0b\x0c\x1c\x1d\x1e\x85"),
    max_size=8,
)


def words(choices: tuple[Choice, ...]) -> st.SearchStrategy[str]:
    known = [word for choice in choices for word in (choice.name, choice.label, choice.spanish)]
    return st.just("") | st.sampled_from(known) | ODD


ROWS = st.fixed_dictionaries(
    {
        "parcel_id": st.sampled_from([*IDS, "", "0216001", "9999"]) | ODD,
        "visited_on": st.sampled_from(["", "2026-06-02", "6/14/2026", "3/4/2026", "2025", "2031"])
        | ODD,
        "roof_open": words(ROOF_OPEN),
        "wall_floor_signs": words(SIGNS),
        "secured": words(YES_NO),
        "sides_occupied": words(SIDES),
        "disposition": words(DISPOSITIONS),
        "notes": ODD,
        "photo_front": ODD,
        "CHANCE": st.sampled_from(["", "0.04", "4%", "7"]),
    }
)


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_every_filled_row_is_a_look_or_needs_a_person(rows: list[dict[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "odk.csv"
        pd.DataFrame(rows).to_csv(path, index=False)
        found = read_findings(path, make_context())
    read = len(found.looks) + found.twice + len(found.problems) + found.blank
    left_out = sum(trouble.total for trouble in found.troubles if "no data" in trouble.what)
    assert read + left_out == len(rows)
    assert all(problem.reason for problem in found.problems)
    assert {look.parcel_id for look in found.looks} <= set(IDS)
