"""The book of looks: nothing is doubled, nothing is lost, and what was taken back stays known."""

import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from book_cases import FILE, OTHER_FILE, VISIT, make_book
from hypothesis import given, settings
from hypothesis import strategies as st

from imagery.errors import InputError
from labels.book import Book, Entry, open_book
from labels.database.schema import NEWEST, VERSION_TABLE
from labels.database.server import file_url
from labels.database.tables import METADATA
from labels.look import Look

OTHER = replace(VISIT, parcel_id="0217 001", roof="pct_0", roof_pct=0.0)


def test_what_was_said_comes_back_whole(tmp_path: Path) -> None:
    number = replace(OTHER, roof="pct_under_10", roof_pct=7.5, day=None, chance=0.04, seconds=2.5)
    book = make_book(tmp_path)
    assert book.add([VISIT, number], FILE) == 2
    assert sorted(book.looks(), key=str) == sorted([VISIT, number], key=str)
    assert make_book(tmp_path).looks() == book.looks()
    history = book.history()
    assert {recorded.entry for recorded in history} == {FILE}
    assert all(recorded.counts for recorded in history)
    assert datetime.now(UTC) - history[0].entered_at < timedelta(minutes=5)


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    book = make_book(tmp_path)
    later = replace(VISIT, said_at=VISIT.said_at + timedelta(hours=1))
    assert (book.add([VISIT], FILE), book.add([later], FILE), book.add([], FILE)) == (1, 0, 0)
    assert book.looks() == [VISIT]
    assert len(book.history()) == 1


def test_a_file_is_taken_back_and_may_come_again(tmp_path: Path) -> None:
    book = make_book(tmp_path)
    book.add([VISIT, OTHER], FILE)
    book.add([OTHER], OTHER_FILE)

    assert book.undo(FILE.sha256, "Lee") == 1  # the other look is in another file too
    assert book.looks() == [OTHER]
    assert {recorded.undone_by for recorded in book.history()} == {"Lee", ""}
    assert (book.undo(FILE.sha256, "Lee"), book.undo("c" * 64, "Lee")) == (0, 0)
    assert (book.has_entry(FILE.sha256), book.has_entry(OTHER_FILE.sha256)) == (False, True)

    assert book.add([VISIT, OTHER], FILE) == 1
    assert len(book.looks()) == 2
    assert len(book.history()) == 5  # two taken back, two again, and that of the other file


def test_a_correction_takes_the_place_of_a_look_until_it_is_taken_back(tmp_path: Path) -> None:
    second = replace(VISIT, roof="pct_0", roof_pct=0.0, corrects=VISIT.look_id)
    third = replace(VISIT, corrects=second.look_id)
    book = make_book(tmp_path)
    for look, sha256 in zip((VISIT, second, third), "abc", strict=True):
        book.add([look], replace(FILE, sha256=sha256))
        assert book.looks() == [look]

    book.undo("b", "Lee")
    assert book.looks() == [third]
    book.undo("c", "Lee")
    assert book.looks() == [VISIT]


def test_a_sitting_takes_further_looks(tmp_path: Path) -> None:
    sitting = Entry(file="desk 2024", sha256="d" * 64, by="Ana", command="desk")
    book = make_book(tmp_path)
    assert (book.add([VISIT], sitting), book.add([OTHER], sitting)) == (1, 1)
    assert book.undo(sitting.sha256, "Ana") == 2


def test_the_database_itself_keeps_every_row(tmp_path: Path) -> None:
    book = make_book(tmp_path)
    book.add([VISIT], FILE)
    book.undo(FILE.sha256, "Lee")
    tables = ("looks", "look_entries", "look_entry_looks", "look_undos")
    with sqlite3.connect(tmp_path / "looks.db") as connection:
        for table in tables:
            with pytest.raises(sqlite3.IntegrityError, match="never changed or removed"):
                connection.execute(f"DELETE FROM {table}")
        with pytest.raises(sqlite3.IntegrityError, match="never changed or removed"):
            connection.execute("UPDATE looks SET roof = 'pct_0'")
    connection.close()


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans()), max_size=12))
def test_looks_are_those_of_entries_that_stand(steps: list[tuple[int, int, bool]]) -> None:
    standing: dict[str, set[str]] = {}
    with TemporaryDirectory() as folder:
        book = make_book(Path(folder))
        for file, parcel, must_undo in steps:
            name = str(file) * 64
            look = replace(VISIT, parcel_id=f"p{parcel}")
            before = set[str]().union(*standing.values())
            if must_undo:
                standing.pop(name, None)
                lost = before - set[str]().union(*standing.values())
                assert book.undo(name, "Lee") == len(lost)
            else:
                standing.setdefault(name, set()).add(look.look_id)
                assert book.add([look], replace(FILE, sha256=name)) == (look.look_id not in before)
        known = {look.look_id for look in book.looks()}
    assert known == set[str]().union(*standing.values())


def write_at_once(open_again: Callable[[], Book], looks: list[Look]) -> list[int]:
    """Write the same looks from four threads at once, and return what each says that it added."""
    added: list[int] = []

    def write() -> None:
        book = open_again()
        added.extend(book.add([look], FILE) for look in looks)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return added


def test_four_who_say_the_same_at_once_say_it_once(tmp_path: Path) -> None:
    looks = [replace(VISIT, parcel_id=f"p{number}") for number in range(10)]
    added = write_at_once(lambda: make_book(tmp_path), looks)
    assert (len(added), sum(added)) == (40, 10)
    assert len(make_book(tmp_path).history()) == 10


def test_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    book = make_book(tmp_path)
    with book.engine.connect() as connection:
        options = {"version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == NEWEST


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    book = make_book(tmp_path)
    with book.engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(InputError, match="revision 9999, this roofwatch knows 0001"):
        make_book(tmp_path)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("looks.db", "address cannot be read"),
        ("sqlite:///looks.db", "want a whole path"),
        ("mysql://kim:s3cret@host/looks", "got mysql"),
        ("postgresql://kim:s3cret@127.0.0.1:1/looks", "127.0.0.1:1/looks: .*nothing was changed"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_line_without_its_password(
    url: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as refused:
        open_book(url)
    assert "s3cret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "looks.db").write_text("parcel_id,year\n" * 100)
    with pytest.raises(InputError, match="file is not a database"):
        open_book(file_url(tmp_path / "looks.db"))


def test_a_book_where_nothing_can_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_book(tmp_path).add([VISIT], FILE)
    before = sorted(path.name for path in tmp_path.iterdir())
    # What the system says of a folder on a disk that is mounted read-only.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    book = make_book(tmp_path)
    assert book.looks() == [VISIT]
    with pytest.raises(InputError, match="readonly database"):
        book.add([OTHER], FILE)
    assert sorted(path.name for path in tmp_path.iterdir()) == before == ["looks.db"]
