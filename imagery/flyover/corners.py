"""Whether the corners of a tile can be in the CRS that it declares."""

import numpy as np
import pyproj
from affine import Affine
from rasterio.crs import CRS

from imagery.crs import is_lon_lat

LEAST_PIXEL = 1e-3
"""Smallest pixel of a projected CRS, its units; the numbers of smaller ones are degrees."""


def find_degree_problem(transform: Affine, shape: tuple[int, int], crs: CRS) -> str:
    """Say why the corners cannot be in a CRS because of degrees, "" if they can.

    Args:
        transform: Affine from (column, row) to the CRS.
        shape: (height, width) of the tile, pixels.
        crs: The CRS that it, its .prj or the city file declares.
    """
    declared = pyproj.CRS(crs.to_wkt())
    height, width = shape
    a, b, c, d, e, f = transform[:6]
    x = np.array([c, c + a * width + b * height])
    y = np.array([f, f + d * width + e * height])
    are_degrees = bool(is_lon_lat(x, y).all())
    start = f"is declared in the CRS {declared.name}, but its corners"
    places = f"x {x.min():.7g} to {x.max():.7g}, y {y.min():.7g} to {y.max():.7g}"

    if declared.is_geographic and not are_degrees:
        is_swapped = bool(is_lon_lat(y, x).all())
        found = "latitude and longitude are swapped" if is_swapped else "they look projected"
        return (
            f"{start} {places} cannot be degrees: {found}; "
            "give it its true CRS (gdal_edit.py -a_srs) and corners (-a_ullr)"
        )
    if declared.is_projected and are_degrees and abs(a * e - b * d) < LEAST_PIXEL**2:
        return (
            f"{start} {places} look like degrees; "
            "give it its true CRS (gdal_edit.py -a_srs EPSG:4326)"
        )
    return ""
