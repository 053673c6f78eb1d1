"""What a plan is made of: settings, reads, views, parcels to cut, tasks, jobs.

They are small and frozen, and they pickle small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from imagery.boxes import PixelBox
from imagery.chips.affine import Affine6
from imagery.chips.grids import ChipGrid
from imagery.chips.kept import KeptPlace
from imagery.chips.quality import QualityLimits
from imagery.flyover.decode import decode_unit
from imagery.flyover.tiles import Tile

BYTES_PER_PIXEL = 4
"""Of a piece: red, green, blue, and what is known of the pixel."""


class Unit(NamedTuple):
    """A part of a tile that is decoded at once; a tuple, because it is hashed for every read."""

    tile: int
    """Number of the tile in the flyover."""
    row: int
    """Row in the tile's grid of units."""
    column: int
    """Column in the tile's grid of units."""


class PieceId(NamedTuple):
    """Names a piece that one task leaves on disk for parcels that reach into others."""

    task: int
    """Task that leaves it."""
    rank: int
    """Its number among the pieces of that task."""


@dataclass(frozen=True, kw_only=True)
class CutSettings:
    """What a chip is, whatever tile it comes from."""

    gsd_m: float
    """Meters per pixel."""
    margin_m: float
    """Meters around the parcel."""
    max_side_m: float
    """Longest side of a chip in meters."""
    metric_crs: str
    """WKT of the CRS in meters that shapes are given in."""
    min_roof_m2: float = 0.0
    """Least area of a roof, square meters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A rectangle of one tile."""

    tile: int
    """Number of the tile in the flyover."""
    in_tile: PixelBox
    """Pixels of the tile."""
    in_view: PixelBox
    """The same pixels, counted from the upper left corner of the view."""
    piece: PieceId | None = None
    """The piece to read; None where it is decoded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What one chip sees of one lattice."""

    matrix: Affine6
    """Affine a..f from chip pixel corners to pixel corners of the view."""
    shape: tuple[int, int]
    """(rows, columns) of the view."""
    shrink: int
    """By how much the view is averaged before it is warped, 1 for not at all."""
    reads: tuple[Read, ...]
    """Where its pixels come from; the first one counts where they overlap."""
    guess_black: bool
    """Large black blobs are missing data, because some tile cannot say so itself."""
    has_eight_bits: bool = True
    """All tiles hold bytes; deeper ones are clipped when scaled, and looked at before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParcelCut:
    """One parcel to be cut."""

    parcel_id: str
    """Raw id."""
    shape: bytes
    """Outline as WKB in the metric CRS."""
    grid: ChipGrid
    """Where the chip's pixels lie."""
    views: tuple[View, ...]
    """What it is made of; the first one counts where they overlap."""
    key: str
    """Checksum of all of this, however its reads are split; see `imagery.chips.cut_keys`."""
    inside_share: float = 1.0
    """Share of the roof that the chip has room for."""

    @property
    def reads(self) -> list[Read]:
        """Return the reads of all views, in order."""
        reads: list[Read] = []
        for view in self.views:
            reads += view.reads
        return reads


@dataclass(frozen=True, kw_only=True)
class CutTask:
    """Parcels to cut into one shard."""

    number: int
    """Number of the shard."""
    tiles: dict[int, Tile]
    """The tiles that are read, by number."""
    parcels: tuple[ParcelCut, ...]
    """The parcels to cut."""
    spills: tuple[Read, ...] = ()
    """Pieces to leave on disk for parcels that reach into other tasks."""


@dataclass(frozen=True, kw_only=True)
class CutPlan:
    """All the work of one flyover."""

    decoder: str
    """Decoder of the flyover."""
    settings: CutSettings
    """How chips lie."""
    inner: tuple[CutTask, ...]
    """Tasks that decode; each owns its units."""
    seams: tuple[CutTask, ...]
    """Tasks that cut parcels from pieces."""
    absent: tuple[tuple[str, str], ...]
    """Parcels without work: id and reason, such as `no_imagery`."""
    units: int
    """Distinct units that are touched."""

    @property
    def tasks(self) -> tuple[CutTask, ...]:
        """Return all tasks, in the order of their numbers."""
        return (*self.inner, *self.seams)


@dataclass(frozen=True, kw_only=True)
class CutJob:
    """One task, and everything that a worker needs for it."""

    task: CutTask
    """What to cut."""
    kept: Mapping[str, KeptPlace]
    """Where its parcels are that need not be cut, by key."""
    key: str
    """Checksum of all that the shard depends on."""
    folder: Path
    """The `chips/` folder."""
    leave: Path | None
    """Where the task leaves its pieces; None where nobody wants any."""
    take: dict[int, Path]
    """Files of the pieces that the task reads, by the task that left them."""
    offsets: dict[PieceId, int]
    """Where every such piece begins in its file, bytes."""
    year: int
    """Year of the flyover."""
    decoder: str
    """Decoder of the flyover."""
    white: float
    """Pixel value shown as 255."""
    settings: CutSettings
    """How chips lie."""
    limits: QualityLimits
    """What can be judged."""
    recipe: str
    """Checksum of what all shards depend on, beside parcels and tiles."""

    @property
    def reads(self) -> list[Read]:
        """Return the reads of the parcels that are cut, and then the pieces."""
        due = [parcel for parcel in self.task.parcels if parcel.key not in self.kept]
        return [*find_reads(due), *self.task.spills]


def find_reads(parcels: Sequence[ParcelCut]) -> list[Read]:
    """Return the reads of all views of some parcels, in order."""
    reads: list[Read] = []
    for parcel in parcels:
        reads += parcel.reads
    return reads


def units_of(read: Read, tile: Tile, decoder: str) -> list[Unit]:
    """Return the units under a read, row by row."""
    unit_height, unit_width = decode_unit(tile, decoder)
    box = read.in_tile
    rows = range(box.row_start // unit_height, (box.row_stop - 1) // unit_height + 1)
    columns = range(box.column_start // unit_width, (box.column_stop - 1) // unit_width + 1)

    units = []
    for row in rows:
        units += [Unit(tile=read.tile, row=row, column=column) for column in columns]
    return units


def piece_offsets(spills: Sequence[Read]) -> list[int]:
    """Return where each piece begins in a file of pieces, bytes."""
    offsets = []
    end = 0
    for read in spills:
        offsets.append(end)
        end += BYTES_PER_PIXEL * read.in_tile.height * read.in_tile.width
    return offsets
