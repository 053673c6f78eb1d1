"""The grid of a service's tiles: which tile lies where. No service is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
from affine import Affine

from imagery.crs import ground_meters_per_unit, utm_zone
from imagery.services.client import Client

SPARE = 1.5
"""A chip that is turned reaches further than its margin, by its diagonal at most."""
SPARE_M = 5.0
"""Meters around a chip that are read besides."""


@dataclass(frozen=True, kw_only=True, order=True)
class TilePlace:
    """Where a tile is in its grid."""

    row: int
    """Counted from the top."""
    column: int
    """Counted from the left."""


@dataclass(frozen=True, kw_only=True)
class TileGrid:
    """All tiles of one level."""

    level: str
    """As the service names it."""
    crs: str
    """WKT."""
    left: float
    """Left side of column 0, CRS units."""
    top: float
    """Upper side of row 0."""
    side: tuple[float, float]
    """(height, width) of a tile, CRS units."""
    pixels: tuple[int, int]
    """(rows, columns) of a tile."""
    count: tuple[int, int]
    """(rows, columns) of the grid."""

    def gsd_m(self, x: float, y: float) -> float:
        """Return the meters on the ground of a pixel at a place of the CRS.

        A pixel of web mercator is shorter on the ground than in its CRS, by the cosine of latitude.
        """
        pixel = np.sqrt(self.side[0] / self.pixels[0] * self.side[1] / self.pixels[1])
        return float(pixel) * ground_meters_per_unit(self.crs, x, y)

    def transform_of(self, place: TilePlace) -> Affine:
        """Return what turns (column, row) of a pixel into the CRS, for a block that begins here."""
        height, width = self.side
        corner = Affine.translation(self.left + place.column * width, self.top - place.row * height)
        return corner * Affine.scale(width / self.pixels[1], -height / self.pixels[0])

    def with_pixels(self, pixels: tuple[int, int]) -> "TileGrid":
        """Return the grid of tiles with more or fewer pixels on the same ground."""
        return replace(self, pixels=pixels)

    def tiles_of(self, shapes: gpd.GeoSeries) -> list[TilePlace]:
        """Return the tiles that touch the boxes around shapes in the CRS of the grid, sorted."""
        height, width = self.side
        boxes = shapes.bounds.to_numpy()
        columns = np.floor((boxes[:, [0, 2]] - self.left) / width).astype(int)
        rows = np.floor((self.top - boxes[:, [3, 1]]) / height).astype(int)
        columns = columns.clip(0, self.count[1] - 1)
        rows = rows.clip(0, self.count[0] - 1)

        places = set()
        for (first_row, last_row), (first, last) in zip(rows, columns, strict=True):
            for row in range(first_row, last_row + 1):
                places |= {TilePlace(row=row, column=column) for column in range(first, last + 1)}
        return sorted(places)


@dataclass(frozen=True, kw_only=True)
class TileRequest:
    """What is asked for one tile."""

    path: str
    """What follows the address."""
    parameters: Mapping[str, object]
    """Beside those of the address."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileSource:
    """One level of a service."""

    grid: TileGrid
    """Its tiles."""
    client: Client
    """Asks for them."""
    request: Callable[[TilePlace], TileRequest]
    """What is asked for a tile."""
    coarser: "TileSource | None" = None
    """The next level, each tile of which covers four of these; None where none is known."""


def chip_boxes(shapes: gpd.GeoSeries, grid_crs: str, margin_m: float) -> gpd.GeoSeries:
    """Return what chips may show of parcels, in the CRS of a grid.

    Args:
        shapes: Outlines of parcels; missing ones are left out.
        grid_crs: WKT of the CRS that is wanted.
        margin_m: Margin of a chip.
    """
    placed = shapes[shapes.notna() & ~shapes.is_empty]
    zone = utm_zone(placed)
    if zone is None:
        return placed
    return placed.to_crs(zone).buffer(margin_m * SPARE + SPARE_M).to_crs(grid_crs)
