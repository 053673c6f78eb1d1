"""Whether the corners of a tile can be in the CRS that it declares."""

from dataclasses import dataclass

import numpy as np
import pyproj
from affine import Affine
from rasterio.crs import CRS

from imagery.crs import is_lon_lat

LEAST_PIXEL = 1e-3
"""Smallest pixel of a projected CRS, its units; the numbers of smaller ones are degrees."""

Numbers6 = tuple[float, float, float, float, float, float]
"""Affine a..f."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where the corners of a tile are, in its CRS."""

    left: float
    """x of the upper left corner."""
    top: float
    """y of the upper left corner."""
    right: float
    """x of the lower right corner."""
    bottom: float
    """y of the lower right corner."""

    @property
    def center(self) -> tuple[float, float]:
        """Return x and y of the middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def swap_box(transform: Numbers6, shape: tuple[int, int]) -> Box | None:
    """Return where a tile lies if its x and y are swapped; None for a tile that is turned.

    Args:
        transform: Affine from (column, row) to the CRS, as declared.
        shape: (height, width), pixels.
    """
    a, b, c, d, e, f = transform
    height, width = shape
    is_upright = b == 0 and d == 0
    if is_upright and a > 0 > e:
        # Only the corner is swapped, as in a world file: x still grows to the right.
        return Box(left=f, top=c, right=f + a * width, bottom=c + e * height)
    if is_upright or (a == 0 and e == 0):
        right = f + d * width + e * height
        bottom = c + a * width + b * height
        return Box(left=f, top=c, right=right, bottom=bottom)
    return None


def ullr_command(box: Box, name: str) -> str:
    """Return the command that gives a file these corners."""
    corners = " ".join(f"{end:.12g}" for end in (box.left, box.top, box.right, box.bottom))
    return f"gdal_edit.py -a_ullr {corners} {name}"


def find_degree_problem(transform: Affine, shape: tuple[int, int], crs: CRS, *, name: str) -> str:
    """Say why the corners cannot be in a CRS because of degrees, "" if they can.

    Args:
        transform: Affine from (column, row) to the CRS.
        shape: (height, width) of the tile, pixels.
        crs: The CRS that it, its .prj or the city file declares.
        name: Its name, for messages.
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
        box = swap_box((a, b, c, d, e, f), shape)
        if box and is_lon_lat(y, x).all():
            return (
                f"{start} {places} cannot be degrees: latitude and longitude are swapped; "
                f"give it its true corners: {ullr_command(box, name)}"
            )
        return (
            f"{start} {places} cannot be degrees: they look projected; "
            "give it its true CRS (gdal_edit.py -a_srs)"
        )
    if declared.is_projected and are_degrees and abs(a * e - b * d) < LEAST_PIXEL**2:
        return (
            f"{start} {places} look like degrees; "
            "give it its true CRS (gdal_edit.py -a_srs EPSG:4326)"
        )
    return ""
