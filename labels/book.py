"""The book of looks: what people said, in a database, where nothing is ever changed or removed.

What was wrong is undone or corrected by a further row. SQLite is a file; a team gives the address
of a PostgreSQL database.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, Table, insert, select

from labels.database.schema import migrate
from labels.database.server import make_engine, one_line, writing
from labels.database.tables import ENTRIES, ENTRY_LOOKS, LOOKS, UNDOS, look_of, now, row_of
from labels.look import Look

_FEW = 500
"""Looks up to which the database is asked for them by name."""
_ACTIVE = (
    select(ENTRY_LOOKS.c.look_id)
    .select_from(ENTRY_LOOKS.outerjoin(UNDOS, ENTRY_LOOKS.c.entry_id == UNDOS.c.entry_id))
    .where(UNDOS.c.entry_id.is_(None))
)
"""Looks of entries that were not taken back."""
_ENTRY_COLUMNS = (
    ENTRIES.c.file,
    ENTRIES.c.sha256,
    ENTRIES.c.by.label("entry_by"),
    ENTRIES.c.command,
    ENTRIES.c.entered_at,
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What looks came in with: a file, or a sitting at the desk."""

    file: str
    """Name of the file or of the sitting."""
    sha256: str
    """Checksum of the file, or what else names it: the same entry is known by it."""
    by: str
    """Who entered it."""
    command: str
    """Command of the contract, such as "findings"."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A look, what it came in with, and whether it still counts."""

    look: Look
    """What was said."""
    entry: Entry
    """What it came in with."""
    entered_at: datetime
    """When, UTC."""
    undone_by: str
    """Who took the entry back, "" where nobody did."""
    is_corrected: bool
    """Whether a later look takes its place."""

    @property
    def counts(self) -> bool:
        """Tell whether it counts."""
        return not self.undone_by and not self.is_corrected


def open_book(url: str) -> "Book":
    """Open the book at an address; its tables are made or brought up to date.

    Args:
        url: sqlite:////folder/looks.db or postgresql://USER@HOST:PORT/DATABASE.

    Raises:
        InputError: the database cannot be reached, or a later version has written it.
    """
    engine = make_engine(url)
    with one_line(engine.url):
        migrate(engine)
    return Book(engine=engine)


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """The book of looks, open."""

    engine: Engine
    """The database."""

    def add(self, looks: Iterable[Look], entry: Entry) -> int:
        """Write looks, all or none.

        A look that already counts is not doubled. An entry that is known, and was not taken back,
        takes further looks.

        Returns:
            How many looks count that did not count before.

        Raises:
            InputError: the database cannot be written.
        """
        said = {look.look_id: look for look in looks}
        if not said:
            return 0

        with self._writing() as connection:
            before = _known_ids(connection, _among(_ACTIVE, ENTRY_LOOKS.c.look_id, said))
            entry_id = _active_entry(connection, entry.sha256)
            if entry_id is None:
                entry_id = _write_entry(connection, entry)

            question = _among(select(LOOKS.c.look_id), LOOKS.c.look_id, said)
            written = _known_ids(connection, question)
            _insert(connection, LOOKS, [row_of(said[name]) for name in said if name not in written])

            question = _among(_links_of(entry_id), ENTRY_LOOKS.c.look_id, said)
            linked = _known_ids(connection, question)
            links = [{"entry_id": entry_id, "look_id": name} for name in said if name not in linked]
            _insert(connection, ENTRY_LOOKS, links)
        return len(set(said) - before)

    def undo(self, sha256: str, by: str) -> int:
        """Take back what a file or a sitting brought; its rows stay, with who took them back.

        Args:
            sha256: Checksum of the entry.
            by: Who takes it back.

        Returns:
            How many looks no longer count; one that another entry brought too still does.

        Raises:
            InputError: the database cannot be written.
        """
        with self._writing() as connection:
            before = _known_ids(connection, _ACTIVE)
            entry_id = _active_entry(connection, sha256)
            if entry_id is None:
                return 0
            row = {"entry_id": entry_id, "by": by, "undone_at": now()}
            connection.execute(insert(UNDOS), [row])
            return len(before - _known_ids(connection, _ACTIVE))

    def has_entry(self, sha256: str) -> bool:
        """Tell whether a file or a sitting is in the book, and was not taken back."""
        with self._reading() as connection:
            return _active_entry(connection, sha256) is not None

    def looks(self) -> list[Look]:
        """Return the looks that count, by the time at which they were said."""
        counting = {row.look.look_id: row.look for row in self.history() if row.counts}
        return list(counting.values())

    def history(self) -> list[Recorded]:
        """Return every look once for each entry that brought it, by the time of saying."""
        joined = LOOKS.join(ENTRY_LOOKS).join(ENTRIES).outerjoin(UNDOS)
        columns = [*LOOKS.columns, *_ENTRY_COLUMNS, UNDOS.c.by.label("undone_by")]
        order = (LOOKS.c.said_at, LOOKS.c.look_id, ENTRIES.c.entry_id)
        question = select(*columns).select_from(joined).order_by(*order)
        with self._reading() as connection:
            rows = connection.execute(question).mappings().all()

        looks = {row["look_id"]: look_of(row) for row in rows}
        active = {row["look_id"] for row in rows if row["undone_by"] is None}
        corrected = _corrected(looks, active)
        return [_recorded(row, looks[row["look_id"]], corrected) for row in rows]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with one_line(self.engine.url), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Yield a connection that writes; all others who write wait until it has ended."""
        with one_line(self.engine.url), writing(self.engine) as connection:
            yield connection


def _recorded(row: RowMapping, look: Look, corrected: set[str]) -> Recorded:
    return Recorded(
        look=look,
        entry=Entry(
            file=row["file"], sha256=row["sha256"], by=row["entry_by"], command=row["command"]
        ),
        entered_at=row["entered_at"].replace(tzinfo=UTC),
        undone_by=row["undone_by"] or "",
        is_corrected=look.look_id in corrected,
    )


def _corrected(looks: dict[str, Look], active: set[str]) -> set[str]:
    """Return the looks whose place a look has taken that was not taken back."""
    corrected: set[str] = set()
    for name in active:
        older = looks[name].corrects
        while older and older not in corrected:
            corrected.add(older)
            older = looks[older].corrects if older in looks else ""
    return corrected


def _links_of(entry_id: int) -> Select[str]:
    return select(ENTRY_LOOKS.c.look_id).where(ENTRY_LOOKS.c.entry_id == entry_id)


def _among(
    question: Select[str], column: ColumnElement[str], names: Collection[str]
) -> Select[str]:
    """Ask only for some names where they are few: a look at the desk is written at once."""
    return question.where(column.in_(names)) if len(names) <= _FEW else question


def _known_ids(connection: Connection, question: Select[str]) -> set[str]:
    return set(connection.execute(question).scalars())


def _active_entry(connection: Connection, sha256: str) -> int | None:
    """Return the number of an entry that was not taken back."""
    question = (
        select(ENTRIES.c.entry_id)
        .select_from(ENTRIES.outerjoin(UNDOS))
        .where(ENTRIES.c.sha256 == sha256, UNDOS.c.entry_id.is_(None))
    )
    return connection.execute(question).scalar()


def _write_entry(connection: Connection, entry: Entry) -> int:
    """Write an entry and return its number."""
    values = {**asdict(entry), "entered_at": now()}
    written = connection.execute(insert(ENTRIES).values(values).returning(ENTRIES.c.entry_id))
    return int(written.scalar_one())


def _insert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), rows)
