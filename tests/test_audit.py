"""The audit log: every line depends on the line before it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roofwatch.audit import (
    AuditLine,
    append_audit,
    champions,
    clock_notes,
    first_broken_line,
    read_audit,
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of four lines."""
    path = tmp_path / "workspace" / "audit.csv"
    entries = (
        ("champion", "version 1 by train: the first one"),
        ("score", "2023, with comma"),
        ("champion", 'version 12 by "Ann"'),
        ("train", "x"),
    )
    for command, detail in entries:
        append_audit(path, AuditLine(command=command, detail=detail))

    return path


def test_chain_holds(log: Path) -> None:
    """Header, four lines, no break; champions are remembered."""
    assert len(log.read_text().splitlines()) == 5
    assert first_broken_line(log) is None
    assert champions(log) == [1, 12]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("version 1 by", "version 2 by", 2), ("2023, with", "2024, with", 3), ("Ann", "Bob", 4)],
)
def test_an_edited_line_breaks_it(log: Path, old: str, new: str, line: int) -> None:
    """Whatever is edited, the line is named."""
    log.write_text(log.read_text().replace(old, new, 1))
    assert first_broken_line(log) == line


def test_a_line_taken_out_or_moved_breaks_it(log: Path) -> None:
    """Lines cannot be dropped from the middle or change places."""
    header, one, two, three, four = log.read_text().splitlines()
    for lines, broken in (
        ([one, three, four], 3),
        ([two, three, four], 2),
        ([one, three, two, four], 3),
    ):
        log.write_text("\n".join([header, *lines]) + "\n")
        assert first_broken_line(log) == broken


def test_no_log_is_no_break(tmp_path: Path) -> None:
    """A city that has done nothing yet."""
    assert first_broken_line(tmp_path / "audit.csv") is None
    assert champions(tmp_path / "audit.csv") == []


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_any_text_is_one_line(tmp_path_factory: pytest.TempPathFactory, details: list[str]) -> None:
    """Whatever a person writes as a reason, the chain holds and has a line for each entry."""
    path = tmp_path_factory.mktemp("log") / "audit.csv"
    for detail in details:
        append_audit(path, AuditLine(command="train", detail=detail))
    assert first_broken_line(path) is None


def test_a_torn_last_line_does_not_hide(log: Path) -> None:
    """What a power cut leaves is found, and not taken for a whole line."""
    log.write_text(log.read_text()[:-20])
    assert first_broken_line(log) == 5


def test_a_clock_that_was_set_back_is_noted_once(log: Path) -> None:
    """By hand: back a year for two lines, right again, back two hours; half an hour is nothing."""
    assert clock_notes(read_audit(log)) == []

    days = ("24-05-01T12:00", "23-05-01T12:00", "23-05-02T12:00", "24-05-02T12:00")
    last = ("24-05-02T11:30", "24-05-02T10:00")
    rows = [[f"20{written}:00+00:00", "ann", "tile"] for written in (*days, *last)]
    assert clock_notes(rows) == [
        "line 3 is dated 2023-05-01 12:00, but earlier lines reach 2024-05-01 12:00: "
        "the clock was set back",
        "line 7 is dated 2024-05-02 10:00, but earlier lines reach 2024-05-02 12:00: "
        "the clock was set back",
    ]
    for no_time in ("yesterday", "2024-05-03T12:00:00"):
        assert clock_notes([*rows[:1], [no_time, "ann", "tile"]]) == [
            f"line 3 has no time: {no_time!r}"
        ]
