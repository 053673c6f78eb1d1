"""Plain re-implementations of what others do, to be measured beside ours."""

import geopandas as gpd
import rasterio
import rasterio.mask
import shapely

from imagery.flyover import Flyover


def naive_cut(parcels: gpd.GeoDataFrame, flyover: Flyover) -> int:
    """Cut each parcel the way the city's earlier tool did: open every tile, mask the first one that covers it.

    Args:
        parcels: Outlines, any CRS.
        flyover: The year's imagery.

    Returns:
        How many parcels some single tile covered whole.
    """
    cut = 0
    for outline in parcels.geometry.dropna():
        for tile in flyover.tiles:
            with rasterio.open(tile.path) as source:
                shape = gpd.GeoSeries([outline], crs=parcels.crs).to_crs(source.crs).iloc[0]
                if shapely.box(*source.bounds).covers(shape):
                    rasterio.mask.mask(source, [shape], crop=True)
                    cut += 1
                    break
    return cut
