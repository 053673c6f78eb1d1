"""Tiles that were fetched and are in no file yet, in one SQLite file: none is asked for twice.

Each is kept as soon as it is here, those of the level above too. The file is removed when all
of them are in files and in the table of the copy.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagery.errors import InputError
from imagery.photo_services.copied import BLANK, NONE, PHOTO, CopiedTile
from imagery.photo_services.grid import TilePlace, TileSource
from imagery.photo_services.pictures import Picture, read_picture

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tiles (
    level TEXT, tile_row INTEGER, tile_column INTEGER, state TEXT NOT NULL, sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL, rows INTEGER NOT NULL, columns INTEGER NOT NULL, picture BLOB NOT NULL,
    PRIMARY KEY (level, tile_row, tile_column));
"""
_AT = "WHERE level = ? AND tile_row = ? AND tile_column = ?"


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptTiles:
    """The tiles of one flyover that are in no file yet."""

    database: sqlite3.Connection
    """Where they are."""

    def fetch(self, source: TileSource, place: TilePlace) -> Picture | None:
        """Return a tile, and ask for it only where it is not here; None where there is none.

        Raises:
            InputError: the service failed.
        """
        key = (source.grid.level, place.row, place.column)
        found = self.database.execute(f"SELECT picture FROM tiles {_AT}", key).fetchone()
        if found is not None:
            return read_picture(found[0]) if found[0] else None

        request = source.request(place)
        picture = source.client.fetch(request.path, request.parameters, read_picture)
        state = NONE
        facts: tuple[object, ...] = ("", 0, 0, 0, b"")
        if picture is not None:
            state = BLANK if picture.is_blank else PHOTO
            size = len(picture.content)
            facts = (picture.sha256, size, *picture.pixels.shape[1:], picture.content)
        with self.database:
            values = (*key, state, *facts)
            self.database.execute(
                "INSERT INTO tiles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        return picture

    def tiles(self, level: str) -> dict[TilePlace, CopiedTile]:
        """Return the tiles of a level by place, without their pictures."""
        found = self.database.execute(
            "SELECT tile_row, tile_column, state, bytes, sha256, rows, columns FROM tiles "
            "WHERE level = ?",
            (level,),
        )
        tiles = {}
        for row, column, state, size, sha256, rows, columns in found:
            place = TilePlace(row=row, column=column)
            tiles[place] = CopiedTile(
                place=place, state=state, bytes=size, sha256=sha256, pixels=(rows, columns)
            )
        return tiles

    def picture(self, level: str, place: TilePlace) -> bytes | None:
        """Return what was sent of a tile, None where it is not here."""
        key = (level, place.row, place.column)
        found = self.database.execute(f"SELECT picture FROM tiles {_AT}", key).fetchone()
        return bytes(found[0]) if found else None

    def drop_damaged(self) -> None:
        """Remove the tiles that are not what was sent."""
        found = self.database.execute(
            "SELECT level, tile_row, tile_column, sha256, picture FROM tiles WHERE bytes > 0"
        )
        damaged = [
            key for *key, sha256, picture in found if hashlib.sha256(picture).hexdigest() != sha256
        ]
        with self.database:
            self.database.executemany(f"DELETE FROM tiles {_AT}", damaged)

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
    """Open the tiles that are in no file yet, or make their file.

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
            f"{path}: cannot be read or written: {error}; free disk space, or remove it and run "
            "roofwatch snapshot again"
        ) from error
    finally:
        database.close()
