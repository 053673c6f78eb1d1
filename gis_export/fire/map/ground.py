"""The grid of the map: a metric CRS, an origin, and the pyramid of tiles on it. Arithmetic only."""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from imagery.crs import utm_zone

TILE_PX = 256
"""Side of a tile of the map."""
_MARGIN_M = 60.0
"""Ground around the parcels on every side."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where the map is and how fine its photo is.

    Pixel (0, 0) of every level is the northwest corner.
    """

    crs: CRS
    """Metric CRS of the map: the UTM zone of the parcels."""
    west_m: float
    """Easting of the western edge, in `crs`."""
    north_m: float
    """Northing of the northern edge, in `crs`."""
    width_m: float
    """Extent eastward."""
    height_m: float
    """Extent southward."""
    gsd_m: float
    """Meters per pixel of the finest level."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return (height, width) in pixels of the finest level."""
        height = max(1, math.ceil(self.height_m / self.gsd_m))
        width = max(1, math.ceil(self.width_m / self.gsd_m))
        return height, width

    @property
    def levels(self) -> int:
        """Return the number of levels; level 0 fits in one tile, the last is the finest."""
        return 1 + max(0, math.ceil(math.log2(max(self.shape) / TILE_PX)))

    @property
    def transform(self) -> Affine:
        """Return the affine of the finest level, pixels to `crs`."""
        return self.transform_at(0, 0)

    def transform_at(self, row: int, column: int) -> Affine:
        """Return the affine of the part of the finest level that begins at a pixel."""
        return Affine(
            self.gsd_m,
            0.0,
            self.west_m + column * self.gsd_m,
            0.0,
            -self.gsd_m,
            self.north_m - row * self.gsd_m,
        )

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return meters east and south of the northwest corner, (N, 2).

        Args:
            points: Easting and northing in `crs`, (N, 2).
        """
        return np.column_stack([points[:, 0] - self.west_m, self.north_m - points[:, 1]])


def ground_of(shapes: gpd.GeoSeries, *, gsd_m: float, megapixels: float) -> Ground | None:
    """Return the grid around the parcels; None when no parcel has a geometry.

    Args:
        shapes: Outlines of the parcels in any CRS; missing ones are passed over.
        gsd_m: Meters per pixel that are wanted.
        megapixels: Most pixels, in millions; a larger map gets coarser pixels.
    """
    degrees = shapes.to_crs("EPSG:4326")
    crs = utm_zone(degrees)
    if crs is None:
        return None

    bounds = degrees.to_crs(crs).total_bounds
    west, south, east, north = (float(edge) for edge in bounds)
    width_m = east - west + 2 * _MARGIN_M
    height_m = north - south + 2 * _MARGIN_M

    finest_m = math.sqrt(width_m * height_m / (megapixels * 1e6))
    return Ground(
        crs=crs,
        west_m=west - _MARGIN_M,
        north_m=north + _MARGIN_M,
        width_m=width_m,
        height_m=height_m,
        gsd_m=max(gsd_m, finest_m),
    )
