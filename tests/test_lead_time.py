"""How long before its end a building stood on the list: worked by hand."""

from datetime import date

import pandas as pd
from cities import DoneCity, Roofwatch

from gis_export.report.lead_time import COLUMNS, FlownWords, lead_times
from gis_export.table.inputs import LOOK_COLUMNS

MARCH_23 = date(2023, 3, 1)
MARCH_24 = date(2024, 3, 1)
FLYOVERS = [
    FlownWords(flown=MARCH_24, word_of={"a": "LIKELY", "b": "LIKELY", "c": "NOT SEEN IN PHOTO"}),
    FlownWords(flown=MARCH_23, word_of={"a": "POSSIBLE", "b": "NOT SEEN IN PHOTO"}),
]


def looks_of(*ends: tuple[str, str, str]) -> pd.DataFrame:
    """Return looks: parcel, disposition and day."""
    table = pd.DataFrame(ends, columns=["parcel_id", "disposition", "date"])
    return table.reindex(columns=list(LOOK_COLUMNS))


def test_worked_example() -> None:
    """The first flyover with LIKELY or POSSIBLE counts, and none after the end."""
    looks = looks_of(
        ("a", "razed", "2024-09-01"),
        ("b", "emergency_demolition_referred", "2024-06-01"),
        ("b", "razed", "2025-01-01"),
        ("c", "razed", "2024-07-01"),
        ("d", "razed", "2024-07-02"),
        ("a2", "monitor", "2024-07-01"),
        ("e", "razed", "2023-01-01"),
    )
    table = lead_times(looks, FLYOVERS, {"a": "1 Ash St"})
    rows = {row["parcel_id"]: dict(row) for _, row in table.iterrows()}

    assert list(rows) == ["e", "b", "c", "d", "a"]
    assert (rows["a"]["address"], rows["a"]["first_listed"]) == ("1 Ash St", "2023-03-01")
    assert (rows["a"]["months"], rows["a"]["ahead"]) == ("18.1", "a year or more")
    assert (rows["b"]["event"], rows["b"]["first_word"]) == (
        "EMERGENCY DEMOLITION REFERRED",
        "LIKELY",
    )
    assert (rows["b"]["months"], rows["b"]["ahead"]) == ("3.0", "less")
    assert rows["c"]["outcome"] == "NEVER LISTED"
    assert rows["d"]["outcome"] == rows["e"]["outcome"] == "NO PHOTO ASSESSED BEFORE"
    assert (rows["c"]["months"], rows["c"]["ahead"]) == ("", "")


def test_nobody_found_any() -> None:
    table = lead_times(looks_of(), FLYOVERS, {})
    assert (len(table), tuple(table.columns)) == (0, COLUMNS)


def test_an_export_leaves_the_table(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    """It is a report that the manifest names."""
    report = done_city.workspace / "2023" / "report"
    assert (report / "lead_time.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    assert "report/lead_time.csv" in (report / "manifest.json").read_text()
