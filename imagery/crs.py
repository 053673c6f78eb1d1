"""Coordinate reference systems: the one place that picks a metric one and knows its unit."""

import geopandas as gpd
from pyproj import CRS

EARTH_M = 6_371_000.0
"""Mean radius of the earth."""


def utm_zone(shapes: gpd.GeoSeries) -> CRS | None:
    """Return the UTM zone in which a city is measured, in meters.

    Args:
        shapes: Geometries in any CRS; missing ones are passed over.

    Returns:
        The zone of the middle of all bounds; None when no shape has a place.

    Raises:
        RuntimeError: the coordinates do not lie on the earth.
    """
    placed = shapes[shapes.notna()]
    if not len(placed):
        return None

    return CRS(placed.estimate_utm_crs())


def meters_per_unit(crs: CRS) -> float:
    """Return the meters of one unit of a CRS; for degrees those of a degree of latitude."""
    unit = float(crs.axis_info[0].unit_conversion_factor)
    return EARTH_M * unit if crs.is_geographic else unit
