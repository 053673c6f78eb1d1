"""The book of looks in a real PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from book_cases import FILE, VISIT
from postgres_case import postgres
from sqlalchemy.exc import DBAPIError
from test_book import OTHER, write_at_once

from labels.book import open_book
from labels.database.schema import VERSION_TABLE
from labels.database.tables import METADATA


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of a database of the tests' own."""
    with postgres() as folder:
        yield f"postgresql://roofwatch@/postgres?host={folder}"


def test_what_was_said_comes_back_and_is_never_changed(server: str) -> None:
    book = open_book(server)
    assert book.add([VISIT, OTHER], FILE) == 2
    assert open_book(server).add([replace(VISIT, said_at=VISIT.said_at + timedelta(1))], FILE) == 0
    assert {look.look_id: look for look in book.looks()} == {
        look.look_id: look for look in (VISIT, OTHER)
    }
    assert (book.undo(FILE.sha256, "Lee"), book.looks(), len(book.history())) == (2, [], 2)

    with pytest.raises(DBAPIError, match="never changed or removed"), book.engine.begin() as at:
        at.execute(sqlalchemy.text("UPDATE looks SET roof = 'pct_0'"))
    with book.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []


def test_who_may_only_add_adds_and_changes_nothing(server: str) -> None:
    """A role without any right but to read and add, in tables that their owner made before."""
    owner = open_book(server)
    with owner.engine.begin() as connection:
        for statement in (
            "CREATE ROLE adder LOGIN PASSWORD 'p@ss/w:rd%%#'",
            "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO adder",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO adder",
        ):
            connection.exec_driver_sql(statement)
    address = server.replace("roofwatch@", f"adder:{quote('p@ss/w:rd%#', safe='')}@")

    said = [replace(VISIT, parcel_id=f"only added {number}") for number in range(5)]
    assert len(write_at_once(lambda: open_book(address), said)) == 20
    book = open_book(address)
    assert {look.parcel_id for look in book.looks()} >= {look.parcel_id for look in said}
    for statement in (
        "UPDATE looks SET roof = 'pct_0'",
        "DELETE FROM looks",
        "TRUNCATE looks CASCADE",
        "DROP TABLE look_undos",
        "CREATE TABLE mine (n int)",
    ):
        refused = pytest.raises(DBAPIError, match=r"permission denied|must be owner")
        with refused, book.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_a_server_that_was_away_meanwhile_takes_the_next_look(server: str) -> None:
    book = open_book(server)
    book.add([replace(VISIT, parcel_id="before")], FILE)
    with open_book(server).engine.connect() as other:
        end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
        other.exec_driver_sql(end_all + "pg_backend_pid() AND datname = current_database()")
    assert book.add([replace(VISIT, parcel_id="after")], FILE) == 1


def test_four_who_start_and_write_at_once(server: str) -> None:
    owner = sqlalchemy.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sqlalchemy.text("CREATE DATABASE team"))
    owner.dispose()
    team = server.replace("/postgres?", "/team?")

    looks = [replace(VISIT, parcel_id=f"p{number}") for number in range(10)]
    added = write_at_once(lambda: open_book(team), looks)
    assert (len(added), sum(added)) == (40, 10)
