"""The tables of the book of looks. Rows are added, never changed and never removed."""

import json
from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
)

from labels.look import Look, Means

METADATA = MetaData()

LOOKS = Table(
    "looks",
    METADATA,
    Column("look_id", String(64), primary_key=True),
    Column("parcel_id", Text, nullable=False, index=True),
    Column("year", Integer, nullable=False),
    Column("day", Date),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("photo", Text, nullable=False),
    Column("roof", Text, nullable=False),
    Column("roof_pct", Float),
    Column("signs", Text, nullable=False),
    Column("secured", Text, nullable=False),
    Column("sides", Text, nullable=False),
    Column("sign_posted", Text, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("confuser", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("photos", Text, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("chance", Float),
    Column("seconds", Float),
    Column("reader", Integer, nullable=False),
    Column("corrects", String(64), nullable=False),
    Column("said_at", DateTime, nullable=False),
)
"""What was said, each look once; lists are JSON, times UTC."""

ENTRIES = Table(
    "look_entries",
    METADATA,
    Column("entry_id", Integer, primary_key=True),
    Column("file", Text, nullable=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("entered_at", DateTime, nullable=False),
)
"""The files and sittings that looks came in with."""

ENTRY_LOOKS = Table(
    "look_entry_looks",
    METADATA,
    Column("entry_id", Integer, ForeignKey("look_entries.entry_id"), primary_key=True),
    Column("look_id", String(64), ForeignKey("looks.look_id"), primary_key=True, index=True),
)
"""Which looks each of them held; two files may hold the same look."""

UNDOS = Table(
    "look_undos",
    METADATA,
    Column("entry_id", Integer, ForeignKey("look_entries.entry_id"), primary_key=True),
    Column("by", Text, nullable=False),
    Column("undone_at", DateTime, nullable=False),
)
"""The files and sittings that were taken back."""

_LISTS = ("signs", "sides", "photos")


def row_of(look: Look) -> dict[str, object]:
    """Return the row of a look."""
    row: dict[str, object] = {column.name: getattr(look, column.name) for column in LOOKS.columns}
    for name in _LISTS:
        row[name] = json.dumps(row[name], ensure_ascii=False)
    row["means"] = look.means.value
    row["said_at"] = look.said_at.replace(tzinfo=None)
    return row


def look_of(row: RowMapping) -> Look:
    """Return the look of a row."""
    return Look(
        parcel_id=row["parcel_id"],
        year=row["year"],
        day=row["day"],
        who=row["who"],
        source=row["source"],
        means=Means(row["means"]),
        photo=row["photo"],
        roof=row["roof"],
        roof_pct=row["roof_pct"],
        signs=tuple(json.loads(row["signs"])),
        secured=row["secured"],
        sides=tuple(json.loads(row["sides"])),
        sign_posted=row["sign_posted"],
        disposition=row["disposition"],
        confuser=row["confuser"],
        note=row["note"],
        photos=tuple(json.loads(row["photos"])),
        chosen=row["chosen"],
        chance=row["chance"],
        seconds=row["seconds"],
        reader=row["reader"],
        corrects=row["corrects"],
        said_at=row["said_at"].replace(tzinfo=UTC),
    )


def now() -> datetime:
    """Return the time as the tables hold it: UTC, without its zone."""
    return datetime.now(UTC).replace(tzinfo=None)
