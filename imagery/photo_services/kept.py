"""Tiles that were fetched, in one SQLite file: each is kept at once, so that none is asked twice.

Once the pixels of a block are in its TIFF, the pictures are removed and what they were is kept.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagery.errors import InputError
from imagery.photo_services.grid import TilePlace
from imagery.photo_services.pictures import Picture

PHOTO = "photo"
NONE = "none"
"""The service has no tile there."""
BLANK = "blank"
"""A tile of one color, or one that the service sends at several places: it shows no ground."""

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tiles (
    tile_row INTEGER, tile_column INTEGER, state TEXT NOT NULL, sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL, rows INTEGER NOT NULL, columns INTEGER NOT NULL, picture BLOB,
    is_written INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (tile_row, tile_column));
CREATE INDEX IF NOT EXISTS tiles_by_sha256 ON tiles (sha256);
"""


@dataclass(frozen=True, kw_only=True)
class KeptTile:
    """A tile that was fetched."""

    place: TilePlace
    """Where it is."""
    state: str
    """`PHOTO`, `NONE` or `BLANK`."""
    picture: bytes | None
    """As it was sent; None where its pixels are in a block already, or where it shows nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptTiles:
    """The tiles of one flyover."""

    database: sqlite3.Connection
    """Where they are."""

    def places(self) -> set[TilePlace]:
        """Return which tiles are here, also those that show nothing."""
        found = self.database.execute("SELECT tile_row, tile_column FROM tiles")
        return {TilePlace(row=row, column=column) for row, column in found}

    def add(self, place: TilePlace, picture: Picture | None) -> None:
        """Keep a tile; None where the service has none."""
        state = NONE
        facts: tuple[object, ...] = ("", 0, 0, 0, None)
        if picture is not None:
            state = BLANK if picture.is_blank else PHOTO
            size = len(picture.content)
            facts = (picture.sha256, size, *picture.pixels.shape[1:], picture.content)
        values = (place.row, place.column, state, *facts)
        with self.database:
            self.database.execute(
                "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", values
            )

    def mark_repeated(self) -> None:
        """Take tiles that were sent at several places for blank: no two photos are the same."""
        with self.database:
            self.database.execute(
                "UPDATE tiles SET state = ?, is_written = 0 WHERE state = ? AND sha256 IN "
                "(SELECT sha256 FROM tiles WHERE bytes > 0 GROUP BY sha256 HAVING count(*) > 1)",
                (BLANK, PHOTO),
            )

    def pixels(self) -> set[tuple[int, int]]:
        """Return the (rows, columns) of the pictures; more than one where they differ."""
        found = self.database.execute(
            "SELECT DISTINCT rows, columns FROM tiles WHERE state = ?", (PHOTO,)
        )
        return {(rows, columns) for rows, columns in found}

    def total_bytes(self) -> int:
        """Return how many bytes were sent."""
        found = self.database.execute("SELECT coalesce(sum(bytes), 0) FROM tiles").fetchone()
        return int(found[0])

    def count(self) -> dict[str, int]:
        """Return how many tiles there are of each state."""
        found = self.database.execute("SELECT state, count(*) FROM tiles GROUP BY state")
        return dict(found.fetchall())

    def not_written(self) -> list[TilePlace]:
        """Return the tiles whose block does not show them as they are, sorted."""
        found = self.database.execute(
            "SELECT tile_row, tile_column FROM tiles WHERE is_written = 0 "
            "ORDER BY tile_row, tile_column"
        )
        return [TilePlace(row=row, column=column) for row, column in found]

    def read(self, place: TilePlace) -> KeptTile:
        """Return a tile that is here."""
        state, picture = self.database.execute(
            "SELECT state, picture FROM tiles WHERE tile_row = ? AND tile_column = ?",
            (place.row, place.column),
        ).fetchone()
        return KeptTile(place=place, state=state, picture=picture)

    def mark_written(self, places: list[TilePlace]) -> None:
        """Remove the pictures of tiles whose pixels are in a block."""
        with self.database:
            self.database.executemany(
                "UPDATE tiles SET is_written = 1, picture = NULL "
                "WHERE tile_row = ? AND tile_column = ?",
                [(place.row, place.column) for place in places],
            )

    def about(self, name: str) -> str:
        """Return what was noted under a name, "" if nothing was."""
        found = self.database.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def note(self, name: str, value: str) -> None:
        """Note something."""
        with self.database:
            self.database.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))


@contextmanager
def open_kept(path: Path) -> Iterator[KeptTiles]:
    """Open the tiles of a flyover, or make their file.

    Raises:
        InputError: the file is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    try:
        database.executescript(_TABLES)
        yield KeptTiles(database=database)
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"{path}: cannot be read or written: {error}; free disk space, or move its folder away "
            "and run roofwatch snapshot again"
        ) from error
    finally:
        database.close()
