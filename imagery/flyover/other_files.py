"""Images beside the photos that are none: height models, masks, coarse mosaics, overviews as files.

They are told by their headers: other bands, another type of pixel, a far other scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import shapely
from pyproj import CRS

from imagery.flyover.tile_outlines import tile_outlines
from imagery.flyover.tiles import Tile
from imagery.troubles import Trouble, only_troubles, trouble_of

SHAPE_ORDER = ("color", "undeclared color", "palette", "gray")
"""What is rather the photo, first."""
COARSER = 1.5
"""How many times coarser a file must be to give way to finer ones on the same ground."""
SAME_GROUND = 0.1
"""Share of a file of another kind that photos must cover for it to be left out."""
ALL_GROUND = 0.98
"""Share of a coarse file that finer ones must cover for it to be left out."""
FEW = 1 / 3
"""Share of all files below which those of another kind are left out without a doubt."""


class PhotoKind(NamedTuple):
    """What makes files photos of one kind; a tuple, because it is a key."""

    shape: str
    """One of `SHAPE_ORDER`."""
    depth: str
    """Numpy name of the pixel type."""

    @property
    def has_heights(self) -> bool:
        """Tell whether one band of signed or real numbers is rather a height than a brightness."""
        return self.shape == "gray" and np.dtype(self.depth).kind in "if"

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.shape} of {self.depth}"


@dataclass(frozen=True, kw_only=True)
class SortedFiles:
    """The files of a flyover, sorted out."""

    photos: tuple[Tile, ...]
    """What chips are cut from; coarse files that lie under finer ones come last."""
    left_out: tuple[Tile, ...]
    """The others, each with its problem."""
    troubles: tuple[Trouble, ...]
    """What is in doubt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grounds:
    """Where files lie, all in one CRS."""

    tiles: tuple[Tile, ...]
    """The files."""
    outlines: list[shapely.Polygon]
    """Their outlines; empty where a file cannot be placed."""

    def covered(self, place: int, others: Sequence[int]) -> float:
        """Return the share of a file's ground that others cover."""
        own = self.outlines[place]
        if own.is_empty or not others:
            return 0.0

        near = [self.outlines[other] for other in others]
        near = [outline for outline in near if outline.intersects(own)]
        return float(shapely.union_all(near).intersection(own).area / own.area)


def sort_files(tiles: tuple[Tile, ...]) -> SortedFiles:
    """Leave out what is no photo beside photos of the same ground.

    Args:
        tiles: Files that can be read, in the order of their paths.
    """
    kinds = [photo_kind(tile) for tile in tiles]
    gsd_m = [tile.gsd_m for tile in tiles]
    if not tiles or (len(set(kinds)) == 1 and max(gsd_m) < COARSER * min(gsd_m)):
        return SortedFiles(photos=tiles, left_out=(), troubles=())

    grounds = Grounds(tiles=tiles, outlines=tile_outlines(tiles, CRS(tiles[0].crs)))
    main = main_kind(tiles, kinds)
    unlike = _find_unlike(grounds, kinds, main)
    kept = [place for place in range(len(tiles)) if place not in unlike]
    coarse = _find_coarse(grounds, kept)
    below = [place for place in kept if coarse.get(place, 0) > 0]
    covered = [place for place in below if coarse[place] >= ALL_GROUND]

    left_out = [_left_out(tiles[place], f"holds {kinds[place]}", main) for place in unlike]
    left_out += [_left_out(tiles[place], _scale(tiles[place]), main) for place in covered]
    first = [tiles[place] for place in kept if place not in below]
    last = [tiles[place] for place in below if place not in covered]
    strange = [place for place in kept if kinds[place] != main]
    return SortedFiles(
        photos=(*first, *last),
        left_out=tuple(left_out),
        troubles=only_troubles(
            (_doubt(grounds, kinds, main, unlike), _strange(grounds, kinds, strange), _below(last))
        ),
    )


def photo_kind(tile: Tile) -> PhotoKind:
    """Return what must be alike for two files to be photos of one flyover."""
    shape = "gray"
    if tile.palette:
        shape = "palette"
    elif len(set(tile.bands)) > 1:
        shape = "undeclared color" if tile.assumed else "color"
    return PhotoKind(shape=shape, depth=tile.depth)


def main_kind(tiles: Sequence[Tile], kinds: Sequence[PhotoKind]) -> PhotoKind:
    """Return the kind of the photos: color before gray, no heights, then the most ground."""
    ground: dict[PhotoKind, float] = {}
    for tile, kind in zip(tiles, kinds, strict=True):
        area_m2 = tile.width * tile.height * tile.gsd_m**2
        ground[kind] = ground.get(kind, 0.0) + area_m2

    return min(
        ground,
        key=lambda kind: (
            kind.has_heights,
            SHAPE_ORDER.index(kind.shape),
            -round(ground[kind], 3),
            np.dtype(kind.depth).itemsize,
            kind,
        ),
    )


def _find_unlike(grounds: Grounds, kinds: Sequence[PhotoKind], main: PhotoKind) -> list[int]:
    """Return the files that are no photos of the main kind."""
    photos = [place for place, kind in enumerate(kinds) if kind == main]
    unlike = []
    for place, kind in enumerate(kinds):
        if kind == main:
            continue
        if kind.has_heights or grounds.covered(place, photos) >= SAME_GROUND:
            unlike.append(place)
    return unlike


def _find_coarse(grounds: Grounds, kept: Sequence[int]) -> dict[int, float]:
    """Return the share of every kept file that much finer ones cover, where they cover any."""
    found = {}
    for place in kept:
        gsd_m = grounds.tiles[place].gsd_m
        finer = [other for other in kept if grounds.tiles[other].gsd_m * COARSER <= gsd_m]
        share = grounds.covered(place, finer)
        if share >= SAME_GROUND:
            found[place] = share
    return found


def _scale(tile: Tile) -> str:
    return f"has {tile.gsd_m:.2f} m per pixel"


def _left_out(tile: Tile, what: str, main: PhotoKind) -> Tile:
    """Return a file with its problem."""
    beside = f"beside photos ({main})" if what.startswith("holds") else "beside finer photos"
    remedy = "is left out; take it out of [[flyover]] path"
    return replace(tile, problem=f"{what} {beside} of the same ground and {remedy}")


def _doubt(
    grounds: Grounds, kinds: Sequence[PhotoKind], main: PhotoKind, unlike: Sequence[int]
) -> Trouble | None:
    """Say that two kinds of files may both be the photos."""
    doubtful = [
        place
        for place in unlike
        if not kinds[place].has_heights
        and (kinds[place].shape == main.shape or main.shape in ("palette", "gray"))
    ]
    if len(doubtful) < FEW * len(grounds.tiles):
        return None

    return Trouble(
        what=f"files that may be the photos of the same ground as other photos ({main})",
        examples=tuple(f"{grounds.tiles[place].name} ({kinds[place]})" for place in doubtful),
        remedy="give [[flyover]] path the files of one kind, such as a glob of their names",
        is_fix=True,
    )


def _strange(
    grounds: Grounds, kinds: Sequence[PhotoKind], strange: Sequence[int]
) -> Trouble | None:
    """Name the files of another kind that are read because no photo shows their ground."""
    return trouble_of(
        [f"{grounds.tiles[place].name} ({kinds[place]})" for place in strange],
        what="files unlike the other photos, read where no other shows the ground",
        remedy="take them out of [[flyover]] path if they are no photos",
    )


def _below(last: Sequence[Tile]) -> Trouble | None:
    """Name the coarse files that lie below finer ones in part."""
    return trouble_of(
        [f"{tile.name} ({tile.gsd_m:.2f} m)" for tile in last],
        what="coarse files that are read only where no finer photo shows the ground",
        remedy="take them out of [[flyover]] path if they are an overview of the others",
    )
