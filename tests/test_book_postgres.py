"""The book of looks in a real PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

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


def test_four_who_start_and_write_at_once(server: str) -> None:
    owner = sqlalchemy.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sqlalchemy.text("CREATE DATABASE team"))
    owner.dispose()
    team = server.replace("/postgres?", "/team?")

    looks = [replace(VISIT, parcel_id=f"p{number}") for number in range(10)]
    added = write_at_once(lambda: open_book(team), looks)
    assert (len(added), sum(added)) == (40, 10)
