"""`roofwatch plan` on the tiny city: its lines, its data, its page, and what it refuses."""

import json

import pandas as pd
from cities import DoneCity, Roofwatch

QUICK = ("--executor", "serial", "--quiet")


def test_lines_and_data_say_the_same(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    command = ("plan", done_city.path, "--year", 2023, "--crews", 2, "--per-day", 3)
    lines = roofwatch(*command, "--start", "2026-06-27", *QUICK).out.splitlines()
    answer = roofwatch(*command, "--start", "2026-06-27", *QUICK, "--json").answer

    assert lines[0] == "Tinyville 2023: 2 crews, 3 visits a day each, from 2026-06-29"
    by_day = answer["by_day"]
    assert isinstance(by_day, list)
    last = by_day[-1]
    assert last["city"]["visits"] == 24
    assert last["last"] == "2026-07-02"
    text = f"{last['city']['expected']} ({last['city']['low']} to {last['city']['high']})"
    assert (
        lines[len(by_day)] == f"  all visited  by 2026-07-02       24 visits  {text} failing roofs"
    )
    assert answer["notes"] == [
        line.removeprefix("  note: ") for line in lines if line.startswith("  note: ")
    ]
    assert "1 with neither outline nor address" in lines[len(by_day) + 3]

    # The clock says that the photo has grown too old to leave every roof its score.
    table = pd.read_csv(done_city.workspace / "2023/data/scores.csv")
    scores = table.loc[table["hazard_level"] != "CONFIRMED", "score"]
    assert last["city"]["not_assessed"] == scores.isna().sum() - 1
    assert abs(last["city"]["expected"] - 0.9 * scores.sum()) < 0.051


def test_export_leaves_the_page_and_plan_writes_it_again(
    done_city: DoneCity, roofwatch: Roofwatch
) -> None:
    """The page is none of the files that must not change after an export."""
    report = done_city.workspace / "2023/report"
    page = report / "plan.html"
    before = page.read_bytes()
    page.unlink()
    assert roofwatch("plan", done_city.path, "--year", 2023, *QUICK).code == 0
    assert page.read_bytes() == before
    assert "report/plan.html" not in json.loads((report / "manifest.json").read_text())


def test_capacity_is_the_beginning_of_the_plan(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    capacity = pd.read_csv(done_city.workspace / "2023/housing/capacity.csv")
    city = capacity[capacity["DISTRICT"] == "ALL DISTRICTS"].iloc[-1]
    answer = roofwatch("plan", done_city.path, "--year", 2023, *QUICK, "--json").answer
    by_day = answer["by_day"]
    assert isinstance(by_day, list)
    last = by_day[-1]["city"]
    assert last["visits"] == city["VISITS"]
    assert (last["low"], last["high"]) == (city["LOW"], city["HIGH"])
    assert abs(last["expected"] - city["EXPECTED"]) < 0.051


def test_what_is_refused_in_one_line(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    text = done_city.path.read_text()
    never_scored = done_city.path.with_name("never_scored.toml")
    never_scored.write_text(text.replace('workspace = "workspace"', 'workspace = "never_scored"'))
    ran = roofwatch("plan", never_scored, "--year", 2024, *QUICK)
    assert ran.code == 3
    assert "run score --year 2024 first" in ran.error
    never_scored.unlink()

    for keys, words in (
        ("crews = 0", "[export.plan] crews is 0, want 1 to 1000"),
        ('start = "soon"', "[export.plan] start is 'soon', want YYYY-MM-DD"),
        ("crew = 2", "crew"),
    ):
        other = done_city.path.with_name("other.toml")
        other.write_text(f"{text}\n[export.plan]\n{keys}\n")
        ran = roofwatch("plan", other, "--year", 2023, *QUICK)
        assert ran.code == 3
        assert words in ran.error
        other.unlink()
