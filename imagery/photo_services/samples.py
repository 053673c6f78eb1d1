"""Some tiles are looked at first: whether a level has pixels of its own, and how large it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imagery.photo_services.blocks import stored_bytes
from imagery.photo_services.copied import PHOTO, PhotoCopy
from imagery.photo_services.enlarged import SAMPLES, OwnPixels, TileAbove, compare
from imagery.photo_services.grid import TilePlace, TileSource
from imagery.photo_services.kept import KeptTiles
from imagery.photo_services.pictures import Picture, Pixels


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What some tiles tell of all."""

    own_pixels: OwnPixels
    """Whether the level has pixels of its own."""
    sent_bytes: float
    """Mean length of what is sent of a tile."""
    stored_bytes: float
    """Mean length of a tile in a file."""
    pixels: tuple[int, int]
    """(rows, columns) of a tile; (0, 0) where none of them has a photo."""


def samples_of_copy(copy: PhotoCopy) -> Sampled:
    """Return what the tiles of an earlier run tell; no tile is asked for."""
    count = max(1, len(copy.tiles))
    photos = [tile for tile in copy.tiles.values() if tile.state == PHOTO]
    return Sampled(
        own_pixels=replace(copy.about.own_pixels, taken_because=""),
        sent_bytes=copy.total_bytes / count,
        stored_bytes=sum(file.bytes for file in copy.about.files.values()) / count,
        pixels=photos[0].pixels if photos else (0, 0),
    )


def fetch_samples(kept: KeptTiles, source: TileSource, places: Sequence[TilePlace]) -> Sampled:
    """Fetch some of the tiles, and those above them; they are kept.

    Raises:
        InputError: the service failed.
    """
    chosen = np.linspace(0, len(places) - 1, min(SAMPLES, len(places))).astype(int)
    pictures = []
    pairs = []
    for number in chosen.tolist():
        place = places[number]
        picture = kept.fetch(source, place)
        if picture is None:
            continue
        pictures.append(picture)
        above = kept.fetch(source.coarser, _above(place)) if source.coarser else None
        if above and picture.pixels.shape == above.pixels.shape:
            pairs.append(TileAbove(tile=picture.pixels, quarter=_quarter(above, place)))

    count = len(chosen)
    sizes = [stored_bytes(picture.pixels, source.grid) for picture in pictures]
    rows, columns = pictures[0].pixels.shape[1:] if pictures else (0, 0)
    return Sampled(
        own_pixels=compare(pairs),
        sent_bytes=sum(len(picture.content) for picture in pictures) / count,
        stored_bytes=sum(sizes) / count,
        pixels=(rows, columns),
    )


def _above(place: TilePlace) -> TilePlace:
    return TilePlace(row=place.row // 2, column=place.column // 2)


def _quarter(above: Picture, place: TilePlace) -> Pixels:
    """Return the quarter of a tile that shows the ground of a tile below it."""
    rows, columns = (side // 2 for side in above.pixels.shape[1:])
    top = place.row % 2 * rows
    left = place.column % 2 * columns
    return above.pixels[:, top : top + rows, left : left + columns]
