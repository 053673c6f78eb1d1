"""Looks of the tests."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from labels.book import Book, Entry, open_book
from labels.database.server import file_url
from labels.look import Look, Means

VISIT = Look(
    parcel_id="0216 001",
    year=2024,
    day=date(2024, 5, 2),
    who="A. Peña",
    source="inspector",
    means=Means.SITE,
    roof="pct_25_49",
    signs=("wall_bulge", "floor_sag"),
    secured="no",
    sides=("n", "e"),
    sign_posted="yes",
    disposition="stabilize",
    note="rear: Ö, 雨",
    photos=("1.jpg", "2.jpg"),
    said_at=datetime(2024, 5, 2, 14, tzinfo=UTC),
)
"""A visit with an answer to every question."""
FILE = Entry(file="may.xlsx", sha256="a" * 64, by="Kim", command="findings")
OTHER_FILE = replace(FILE, file="june.xlsx", sha256="b" * 64)


def make_book(folder: Path) -> Book:
    """Return an empty book in a folder."""
    return open_book(file_url(folder / "looks.db"))
