"""Plain re-implementations of what others do, to be measured beside ours."""

import geopandas as gpd
import numpy as np
import rasterio
import rasterio.mask
import rasterio.merge
import shapely
from rasterio.io import DatasetReader
from rasterio.windows import Window, from_bounds

from imagery.flyover.flyover import Flyover

MARGIN_FT = 10.0 * 3937 / 1200
"""The margin of our chips."""


def naive_cut(outlines: gpd.GeoSeries, flyover: Flyover) -> int:
    """Cut parcels as the city's earlier tool did.

    It opens every tile, masks the one that covers the parcel, and merges whole tiles on a seam.

    Args:
        outlines: Parcels in the tiles' CRS.
        flyover: The year's imagery.

    Returns:
        How many parcels were cut.
    """
    return sum(_cut_naively(outline, flyover) for outline in outlines)


def best_order_cut(outlines: gpd.GeoSeries, flyover: Flyover) -> int:
    """Cut parcels as a careful script does.

    Datasets stay open, windows have our margin, parcels come in Hilbert order.

    Args:
        outlines: Parcels in the tiles' CRS, feet.
        flyover: The year's imagery.

    Returns:
        How many values were read.
    """
    sources = [rasterio.open(tile.path) for tile in flyover.tiles]
    boxes = shapely.STRtree([shapely.box(*source.bounds) for source in sources])
    order = np.argsort(outlines.hilbert_distance().to_numpy(), kind="stable")

    values = 0
    for outline in outlines.iloc[order]:
        around = shapely.box(*outline.bounds).buffer(MARGIN_FT, join_style="mitre")
        for number in boxes.query(around):
            values += _read(sources[number], around)

    for source in sources:
        source.close()
    return values


def _cut_naively(outline: shapely.Geometry, flyover: Flyover) -> bool:
    """Cut one parcel; return whether any tile shows it."""
    touched = []
    for tile in flyover.tiles:
        with rasterio.open(tile.path) as source:
            box = shapely.box(*source.bounds)
            if box.covers(outline):
                rasterio.mask.mask(source, [outline], crop=True)
                return True
        if box.intersects(outline):
            touched.append(tile.path)

    if not touched:
        return False
    mosaic, _ = rasterio.merge.merge(touched)
    return bool(mosaic.size)


def _read(source: DatasetReader, around: shapely.Polygon) -> int:
    """Read the part of a box that is on a tile; return how many values that is."""
    window = from_bounds(*around.bounds, transform=source.transform)
    inside = (
        window.round_offsets()
        .round_lengths()
        .intersection(Window(0, 0, source.width, source.height))
    )
    return int(source.read(window=inside).size)
