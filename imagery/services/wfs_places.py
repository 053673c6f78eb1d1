"""In which CRS a WFS is asked for places, and in which one they came. No service is asked."""

import math
import re
from collections.abc import Sequence

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from imagery.shapes import Shapes

DEGREES = "urn:ogc:def:crs:EPSG::4326"
"""Asked for by name; GML has latitude first then, GeoJSON longitude."""
MOST_DEGREES = 180
"""Of a longitude."""
MOST_DECIMALS = 6
"""Of degrees that are told to be rounded."""
DEGREE_M = 111_320.0
"""Length of a degree of latitude, and of longitude at the equator, meters."""
SLACK_DEGREES = 0.01
"""How far places may lie off the box that a service gives, which is rounded."""
EPSG = re.compile(r".*epsg\D.*?(\d+)", re.IGNORECASE)
"""A name of a CRS that ends with its code."""


def own_crs(name: str) -> CRS | None:
    """Return the CRS in which a layer is kept, None where it is asked for in degrees.

    It is one with meters or feet whose east comes first, so that no order can be mistaken.
    Servers round degrees to six decimals, which are 0.1 m, and change the datum in their own way.

    Args:
        name: As the service writes it, such as "EPSG:2248" or "urn:ogc:def:crs:EPSG::2248".
    """
    code = EPSG.fullmatch(name)
    try:
        crs = CRS.from_epsg(int(code[1])) if code else None
    except CRSError:
        return None
    is_wanted = crs and crs.is_projected and crs.axis_info[0].direction == "east"
    return crs if is_wanted else None


def lost_m(shapes: Shapes) -> float:
    """Return how far off rounded degrees may be, meters; 0 for more than six decimals.

    Args:
        shapes: (n,), longitude and latitude, or None.
    """
    degrees = shapely.get_coordinates(shapes)
    if not degrees.size:
        return 0.0
    for decimals in range(MOST_DECIMALS + 1):
        steps = degrees * 10**decimals
        if (np.abs(steps - np.round(steps)) < 1e-6).all():
            return math.hypot(DEGREE_M / 2, DEGREE_M / 2) * 0.1**decimals  # north and east
    return 0.0


def are_degrees(shapes: Shapes) -> bool:
    """Tell whether shapes, (n,), may be degrees in either order."""
    return bool((np.abs(shapely.total_bounds(shapes)) <= MOST_DEGREES).all())


def is_turned(shapes: Shapes, bounds: Sequence[float]) -> bool:
    """Tell whether shapes lie where the service says only with their axes exchanged.

    Args:
        shapes: (n,), longitude and latitude as read, or None.
        bounds: West, south, east and north as the service has them; empty where it does not say.
    """
    if not bounds:
        return False
    allowed = allowed_box(bounds)
    left, bottom, right, top = shapely.total_bounds(shapes)
    is_right = allowed.covers(shapely.box(left, bottom, right, top))
    return not is_right and bool(allowed.covers(shapely.box(bottom, left, top, right)))


def is_elsewhere(shapes: Shapes, crs: CRS, bounds: Sequence[float]) -> bool:
    """Tell whether shapes in another CRS than degrees lie nowhere near the box of the service.

    Args:
        shapes: (n,), as read, or None.
        crs: In which they should be.
        bounds: As for `is_turned`.
    """
    if not bounds:
        return False
    to_degrees = Transformer.from_crs(crs, CRS("EPSG:4326"), always_xy=True)
    corners = to_degrees.transform_bounds(*shapely.total_bounds(shapes))
    if not np.isfinite(corners).all():
        return True
    # Places may have been added since the box was worked out, so it need not hold all of them.
    return not allowed_box(bounds).intersects(shapely.box(*corners))


def allowed_box(bounds: Sequence[float]) -> BaseGeometry:
    """Return where places may be, in longitude and latitude, for a box that is not empty."""
    west, south, east, north = bounds
    return shapely.box(west, south, east, north).buffer(SLACK_DEGREES)
