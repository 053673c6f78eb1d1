"""What was copied of a tile service: every tile and file with length and checksum, in one table."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from imagery.errors import InputError
from imagery.photo_services.enlarged import OwnPixels
from imagery.photo_services.grid import TilePlace

MANIFEST = "tiles.parquet"
"""Name of the table, beside the files."""
PHOTO = "photo"
NONE = "none"
"""The service has no tile there."""
BLANK = "blank"
"""A tile of one color, or one that the service sends at several places: it shows no ground."""
_ABOUT = b"copy"
"""Key of the metadata of the table."""


@dataclass(frozen=True, kw_only=True)
class CopiedTile:
    """A tile that was fetched."""

    place: TilePlace
    """Where it is."""
    state: str
    """`PHOTO`, `NONE` or `BLANK`."""
    bytes: int
    """Length of what was sent."""
    sha256: str
    """Checksum of what was sent, "" for `NONE`."""
    pixels: tuple[int, int]
    """Its (rows, columns), (0, 0) for `NONE`."""
    file: str = ""
    """Name of the file that it is in."""
    pixels_sha256: str = ""
    """Checksum of its pixels in the file, "" where it shows nothing."""


@dataclass(frozen=True, kw_only=True)
class CopiedFile:
    """A file of tiles."""

    name: str
    """Its name."""
    bytes: int
    """Its length."""
    sha256: str
    """Its checksum."""


@dataclass(frozen=True, kw_only=True)
class CopyAbout:
    """What is known of a copy as a whole."""

    origin: str
    """Service, layer and level."""
    level: str
    """Level of the service."""
    gsd_m: float
    """Meters per pixel on the ground where the city is."""
    day: str
    """When the last tile came, YYYY-MM-DD."""
    photos: int
    """Tiles with a photo."""
    own_pixels: OwnPixels
    """Whether its pixels are its own."""
    files: Mapping[str, CopiedFile]
    """By name."""


@dataclass(frozen=True, kw_only=True)
class PhotoCopy:
    """A copy of a tile service."""

    about: CopyAbout
    """As a whole."""
    tiles: Mapping[TilePlace, CopiedTile]
    """By place."""

    @property
    def total_bytes(self) -> int:
        """Return how many bytes were sent."""
        return sum(tile.bytes for tile in self.tiles.values())

    def tiles_by_file(self) -> dict[str, list[CopiedTile]]:
        """Return the tiles of each file, also of files without a tile."""
        found: dict[str, list[CopiedTile]] = {name: [] for name in self.about.files}
        for tile in self.tiles.values():
            found.setdefault(tile.file, []).append(tile)
        return found


def blank_where_repeated(tiles: Mapping[TilePlace, CopiedTile]) -> dict[TilePlace, CopiedTile]:
    """Take tiles that were sent at several places for blank: no two photos are the same."""
    counts = Counter(tile.sha256 for tile in tiles.values() if tile.bytes)
    return {
        place: replace(tile, state=BLANK, pixels_sha256="")
        if tile.state == PHOTO and counts[tile.sha256] > 1
        else tile
        for place, tile in tiles.items()
    }


def write_copy(copy: PhotoCopy, path: Path) -> None:
    """Write the table of a copy, in the order of the tiles."""
    tiles = [copy.tiles[place] for place in sorted(copy.tiles)]
    table = pa.table(
        {
            "tile_row": pa.array([tile.place.row for tile in tiles], pa.int64()),
            "tile_column": pa.array([tile.place.column for tile in tiles], pa.int64()),
            "state": pa.array([tile.state for tile in tiles], pa.string()),
            "bytes": pa.array([tile.bytes for tile in tiles], pa.int64()),
            "sha256": pa.array([tile.sha256 for tile in tiles], pa.string()),
            "rows": pa.array([tile.pixels[0] for tile in tiles], pa.int64()),
            "columns": pa.array([tile.pixels[1] for tile in tiles], pa.int64()),
            "file": pa.array([tile.file for tile in tiles], pa.string()),
            "pixels_sha256": pa.array([tile.pixels_sha256 for tile in tiles], pa.string()),
        }
    )
    facts = {**asdict(copy.about), "files": [asdict(file) for file in copy.about.files.values()]}
    pq.write_table(table.replace_schema_metadata({_ABOUT: json.dumps(facts).encode()}), path)


def read_about(path: Path) -> CopyAbout:
    """Return what is known of a copy as a whole.

    Raises:
        InputError: the table cannot be read.
    """
    try:
        return _read_about(pq.read_schema(path).metadata)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _unreadable(path) from error


def read_copy(path: Path) -> PhotoCopy:
    """Return a copy with all of its tiles.

    Raises:
        InputError: the table cannot be read.
    """
    try:
        table = pq.read_table(path)
        tiles = [
            CopiedTile(
                place=TilePlace(row=row["tile_row"], column=row["tile_column"]),
                pixels=(row["rows"], row["columns"]),
                **{name: row[name] for name in ("state", "bytes", "sha256", "file")},
                pixels_sha256=row["pixels_sha256"],
            )
            for row in table.to_pylist()
        ]
        about = _read_about(table.schema.metadata)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _unreadable(path) from error
    return PhotoCopy(about=about, tiles={tile.place: tile for tile in tiles})


def _read_about(metadata: Mapping[bytes, bytes] | None) -> CopyAbout:
    facts = json.loads((metadata or {})[_ABOUT])
    files = [CopiedFile(**file) for file in facts.pop("files")]
    own_pixels = OwnPixels(**facts.pop("own_pixels"))
    return CopyAbout(**facts, own_pixels=own_pixels, files={file.name: file for file in files})


def _unreadable(path: Path) -> InputError:
    return InputError(
        f"{path}: the table of copied tiles cannot be read; put it back from a backup, or run "
        "roofwatch snapshot again"
    )
