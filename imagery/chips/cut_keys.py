"""Keys of parcels: two parcels with the same key and recipe give the same chip, bit by bit."""

import hashlib

import numpy as np
import shapely

from imagery.chips.laying import Outlines
from imagery.chips.reads import ReadTable, ViewTable
from imagery.flyover.tiles import Tile


def cut_keys(
    outlines: Outlines, views: ViewTable, reads: ReadTable, tiles: tuple[Tile, ...]
) -> list[str]:
    """Return the checksum of all that each parcel's row depends on, but for the recipe.

    Who decodes what does not matter: a parcel keeps its key while others come and go.

    Args:
        outlines: The parcels.
        views: What each sees.
        reads: What fills the views, before it is shared out.
        tiles: The flyover's tiles.
    """
    shapes = shapely.to_wkb(outlines.shapes)
    digests = []
    for number, parcel_id in enumerate(outlines.ids):
        place = (parcel_id, outlines.grids[number], float(outlines.inside_shares[number]))
        digests.append(hashlib.sha256(repr(place).encode() + shapes[number]))

    sums = [hashlib.sha256(tile.facts.encode()).digest() for tile in tiles]
    seen = np.column_stack([views.matrix.reshape(-1, 6), views.shrink])[reads.view]
    boxes = zip(reads.in_tile.boxes(), reads.in_view.boxes(), strict=True)
    rows = zip(reads.parcel.tolist(), reads.tile.tolist(), seen.tolist(), boxes, strict=True)
    for parcel, tile, *facts in rows:
        digests[parcel].update(sums[tile] + repr(facts).encode())
    return [digest.hexdigest() for digest in digests]
