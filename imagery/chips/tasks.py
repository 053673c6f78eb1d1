"""What a plan is made of: settings, reads, views, parcels to cut, tasks. Small, frozen, and they pickle small."""

from dataclasses import dataclass

from imagery.chips.windows import Affine6, ChipGrid
from imagery.flyover.decode import decode_unit
from imagery.flyover.tiles import Tile

Window = tuple[int, int, int, int]
"""(row from, row to, column from, column to)."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A rectangle of one tile."""

    tile: int
    """Number of the tile in the flyover."""
    window: Window
    """Pixels of the tile."""
    at: tuple[int, int]
    """(row, column) of its upper left pixel in the view."""
    piece: tuple[int, int] | None = None
    """Task that leaves it as a piece, and its rank there; None where it is decoded."""


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


@dataclass(frozen=True, kw_only=True)
class CutTask:
    """Parcels to cut into one shard. Everything in it pickles small."""

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
    """Parcels without work: id and reason (`no_geometry` or `no_imagery`)."""
    units: int
    """Distinct units that are touched."""


def units_of(read: Read, tile: Tile, decoder: str) -> list[tuple[int, int, int]]:
    """Return the units under a read as (tile, row, column), row by row."""
    rows, columns = decode_unit(tile, decoder)
    r0, r1, c0, c1 = read.window
    return [
        (read.tile, row, column)
        for row in range(r0 // rows, (r1 - 1) // rows + 1)
        for column in range(c0 // columns, (c1 - 1) // columns + 1)
    ]
