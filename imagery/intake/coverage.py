"""What the tiles of a flyover cover, from outlines alone.

Vacants on and off tiles, ground seen twice, and tiles missing from the grid.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from shapely.geometry.base import BaseGeometry

from imagery.flyover.tile_outlines import tile_outlines
from imagery.flyover.tiles import Tile
from imagery.intake.tile_grid import find_grid
from imagery.shapes import Shapes

SLACK_M = 0.01
"""Tiles grow by this, so that sides bent by reprojection leave no slit between them, meters."""
FAR_KM = 100.0
"""A tile farther from the vacants has the wrong CRS, or is of another city."""
SAME_GROUND = 0.98
"""Tiles that share more than this of the smaller one show the same ground."""
COVERED, PARTLY, UNCOVERED, NO_OUTLINE = range(4)
Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Coverage:
    """Vacants and tiles on one map, in the city's UTM zone."""

    shapes: Shapes
    """Outlines of the vacants, None where there is none, (n,)."""
    states: NDArray[np.int8]
    """`COVERED`, `PARTLY`, `UNCOVERED` or `NO_OUTLINE`, (n,)."""
    near: NDArray[np.bool_]
    """Whether a tile lies within the margin of each vacant, (n,)."""
    names: tuple[str, ...]
    """File name of every tile."""
    outlines: Shapes
    """Outline of every tile, empty for those that are far away, (tiles,)."""
    away_km: NDArray[np.float64]
    """About how far each tile is from the middle of the vacants, 0 on it, (tiles,)."""
    missing: Shapes
    """Outlines of the cells of the tile grid that lack their tile."""
    missing_places: tuple[str, ...]
    """Row and column of each in its grid."""
    grid: str
    """The grid in words, "" where tiles form none."""
    ground_km2: float
    """Ground on some tile, square kilometers."""
    twice_km2: float
    """Ground on two tiles or more, square kilometers."""
    pairs: tuple[tuple[int, int], ...]
    """Tiles that overlap by more than half a pixel, by number."""
    doubles: tuple[tuple[int, int], ...]
    """Those of them that show the same ground."""

    def count(self, state: int) -> int:
        """Return the number of vacants in a state."""
        return int((self.states == state).sum())

    @property
    def twice_share(self) -> float:
        """Return the share of the ground on tiles that is on two tiles or more."""
        return self.twice_km2 / self.ground_km2 if self.ground_km2 else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Overlaps:
    """Pairs of tiles that show the same ground in part, (n,) each."""

    first: Numbers
    """Number of one tile."""
    second: Numbers
    """Number of the other, which is greater."""
    shared: Shapes
    """Ground on both."""

    def take(self, chosen: NDArray[np.bool_]) -> "Overlaps":
        """Return some of the pairs."""
        return Overlaps(
            first=self.first[chosen], second=self.second[chosen], shared=self.shared[chosen]
        )

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Return the numbers of the tiles."""
        return tuple(zip(self.first.tolist(), self.second.tolist(), strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class MissingTiles:
    """Cells of the tile grids that lack their tile."""

    outlines: Shapes
    """Outline of each."""
    places: tuple[str, ...]
    """Row and column of each in its grid."""
    grid: str
    """The grids in words, "" where tiles form none."""


def measure_coverage(
    shapes: Shapes, tiles: tuple[Tile, ...], crs: CRS, *, margin_m: float
) -> Coverage:
    """Compare the outlines of vacants with those of tiles.

    Args:
        shapes: Outlines of the vacants in `crs`, None where there is none, (n,).
        tiles: The flyover's tiles.
        crs: A CRS in meters.
        margin_m: Meters around a vacant that its chip shows.
    """
    away_km = distances_km(shapes[~shapely.is_missing(shapes)], tiles, crs)
    is_close = away_km <= FAR_KM
    outlines = np.array(tile_outlines(tiles, crs), dtype=object)
    outlines[away_km > FAR_KM] = shapely.Polygon()
    ground = shapely.union_all(shapely.buffer(outlines, SLACK_M, join_style="mitre"))
    shapely.prepare(ground)

    states = _find_states(shapes, ground)
    overlaps = _find_overlaps(outlines, tiles)
    close_tiles = [tile for tile, close in zip(tiles, is_close.tolist(), strict=True) if close]
    missing = _find_missing(close_tiles, shapes[states == UNCOVERED], ground=ground, crs=crs)

    return Coverage(
        shapes=shapes,
        states=states,
        near=_find_near(shapes, outlines, margin_m),
        names=tuple(tile.name for tile in tiles),
        outlines=outlines,
        away_km=away_km,
        missing=missing.outlines,
        missing_places=missing.places,
        grid=missing.grid,
        ground_km2=shapely.union_all(outlines).area / 1e6,
        twice_km2=shapely.union_all(overlaps.shared).area / 1e6,
        pairs=overlaps.pairs,
        doubles=overlaps.take(_is_double(overlaps, outlines)).pairs,
    )


def distances_km(shapes: Shapes, tiles: tuple[Tile, ...], crs: CRS) -> NDArray[np.float64]:
    """Return about how far each tile's rim is from the median vacant, on the ellipsoid.

    Args:
        shapes: Outlines of the vacants in `crs`.
        tiles: The flyover's tiles.
        crs: A CRS in meters.

    Returns:
        Kilometers, 0 where no vacant has an outline, infinite where a tile is not on the earth.
    """
    away_km = np.zeros(len(tiles))
    if not len(shapes):
        return away_km

    x, y = np.median(shapely.get_coordinates(shapely.centroid(shapes)), axis=0)
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    for wkt in {tile.crs for tile in tiles}:
        numbers = [number for number, tile in enumerate(tiles) if tile.crs == wkt]
        of_crs = [tiles[number] for number in numbers]
        centers = _centers_lonlat(of_crs, wkt)
        is_placed = np.isfinite(centers).all(axis=1) & (np.abs(centers[:, 1]) <= 90)
        centers[~is_placed] = 0

        here_lon = np.full(len(of_crs), lon)
        here_lat = np.full(len(of_crs), lat)
        meters = Geod(ellps="WGS84").inv(here_lon, here_lat, *centers.T)[2]
        reach_m = [tile.gsd_m * np.hypot(tile.width, tile.height) / 2 for tile in of_crs]
        rim_km = np.maximum(0, meters - np.array(reach_m)) / 1000
        away_km[numbers] = np.where(is_placed, rim_km, np.inf)
    return away_km


def _centers_lonlat(tiles: list[Tile], wkt: str) -> NDArray[np.float64]:
    """Return the longitude and latitude of the middle of tiles in one CRS, (n, 2)."""
    centers = np.array([np.mean(tile.corners, axis=0) for tile in tiles])
    to_degrees = Transformer.from_crs(wkt, 4326, always_xy=True)
    return np.column_stack(to_degrees.transform(*centers.T))


def _find_states(shapes: Shapes, ground: BaseGeometry) -> NDArray[np.int8]:
    """Return how much of each vacant is on tiles, (n,)."""
    known = np.flatnonzero(~shapely.is_missing(shapes))
    is_touched = shapely.intersects(ground, shapes[known])
    is_covered = shapely.covers(ground, shapes[known])

    states = np.full(len(shapes), NO_OUTLINE, np.int8)
    states[known] = np.where(is_covered, COVERED, np.where(is_touched, PARTLY, UNCOVERED))
    return states


def _find_near(shapes: Shapes, outlines: Shapes, margin_m: float) -> NDArray[np.bool_]:
    """Tell which vacants have a tile within the margin, (n,)."""
    known = np.flatnonzero(~shapely.is_missing(shapes))
    tree = shapely.STRtree(outlines)
    row, _ = tree.query(shapes[known], predicate="dwithin", distance=margin_m)

    is_near = np.zeros(len(shapes), bool)
    is_near[known[row]] = True
    return is_near


def _find_overlaps(outlines: Shapes, tiles: tuple[Tile, ...]) -> Overlaps:
    """Return the pairs of tiles that overlap by more than half a pixel."""
    first, second = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    is_pair = first < second
    first = first[is_pair]
    second = second[is_pair]
    shared = shapely.intersection(outlines[first], outlines[second])

    areas_m2 = shapely.area(outlines)
    gsd_m = np.array([tile.gsd_m for tile in tiles])
    side_m = np.sqrt(np.minimum(areas_m2[first], areas_m2[second]))
    is_wide = shapely.area(shared) > 0.5 * gsd_m[first] * side_m
    return Overlaps(first=first, second=second, shared=shared).take(is_wide)


def _is_double(overlaps: Overlaps, outlines: Shapes) -> NDArray[np.bool_]:
    """Tell which pairs of tiles show the same ground, (n,)."""
    first_m2 = shapely.area(outlines[overlaps.first])
    second_m2 = shapely.area(outlines[overlaps.second])
    smaller_m2 = np.minimum(first_m2, second_m2)
    return np.asarray(shapely.area(overlaps.shared) > SAME_GROUND * smaller_m2)


def _find_missing(
    tiles: list[Tile], uncovered: Shapes, *, ground: BaseGeometry, crs: CRS
) -> MissingTiles:
    """Find the cells without a tile that have tiles around them or an uncovered vacant in them.

    Args:
        tiles: Tiles that are not far away.
        uncovered: Outlines of the vacants on no tile.
        ground: What tiles cover.
        crs: CRS of outlines and ground.
    """
    kinds: dict[tuple[str, str], list[Tile]] = {}
    for tile in tiles:
        key = (tile.crs, f"{tile.transform[0]:.2e}")
        kinds.setdefault(key, []).append(tile)

    tree = shapely.STRtree(uncovered)
    outlines: list[shapely.Polygon] = []
    places: list[str] = []
    words: list[str] = []
    for kind in kinds.values():
        grid = find_grid(tuple(kind))
        if grid is None:
            continue

        words.append(f"{grid.rows} rows x {grid.columns} columns")
        cells = np.array(tile_outlines(grid.empty, crs), dtype=object)
        is_wanted = grid.between.copy()
        is_wanted[tree.query(cells, predicate="intersects")[0]] = True
        covered_m2 = shapely.area(shapely.intersection(cells, ground))
        is_wanted &= covered_m2 < 0.5 * shapely.area(cells)

        outlines += cells[is_wanted].tolist()
        places += [grid.empty[cell].path for cell in np.flatnonzero(is_wanted).tolist()]
    return MissingTiles(
        outlines=np.array(outlines, dtype=object), places=tuple(places), grid="; ".join(words)
    )
