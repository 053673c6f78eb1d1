"""What the tiles of a flyover cover: vacants on and off them, ground seen twice, tiles missing from the grid. Outlines alone."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from shapely.geometry.base import BaseGeometry

from imagery.chips.plan import tile_outlines
from imagery.flyover.tiles import Tile
from imagery.intake.tile_grid import find_grid

SLACK_M = 0.01
"""Tiles are grown by this, so that sides bent by reprojection leave no slit between them; meters."""
FAR_KM = 100.0
"""A tile farther from the vacants than this is taken to have the wrong CRS, or to be of another city."""
COVERED, PARTLY, UNCOVERED, NO_OUTLINE = range(4)
Shapes = NDArray[np.object_]


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


def measure_coverage(
    shapes: Shapes, tiles: tuple[Tile, ...], crs: CRS, *, margin_m: float
) -> Coverage:
    """Lay the outlines of vacants over those of tiles.

    Args:
        shapes: Outlines of the vacants in `crs`, None where there is none, (n,).
        tiles: The flyover's tiles.
        crs: A CRS in meters.
        margin_m: Meters around a vacant that its chip shows.
    """
    known = np.flatnonzero(~shapely.is_missing(shapes))
    away = distances_km(shapes[known], tiles, crs)
    outlines = np.array(tile_outlines(tiles, crs), dtype=object)
    outlines[away > FAR_KM] = shapely.Polygon()
    ground = shapely.union_all(shapely.buffer(outlines, SLACK_M, join_style="mitre"))
    shapely.prepare(ground)
    states, near = np.full(len(shapes), NO_OUTLINE, np.int8), np.zeros(len(shapes), bool)
    states[known] = np.where(
        shapely.covers(ground, shapes[known]),
        COVERED,
        np.where(shapely.intersects(ground, shapes[known]), PARTLY, UNCOVERED),
    )
    near[
        known[
            np.unique(
                shapely.STRtree(outlines).query(
                    shapes[known], predicate="dwithin", distance=margin_m
                )[0]
            )
        ]
    ] = True
    first, second, shared = _overlaps(outlines, tiles)
    smaller = np.minimum(shapely.area(outlines[first]), shapely.area(outlines[second]))
    same = shapely.area(shared) > 0.98 * smaller
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    missing, places, words = _missing(
        tiles, away <= FAR_KM, shapes[states == UNCOVERED], ground=ground, crs=crs
    )
    return Coverage(
        shapes=shapes,
        states=states,
        near=near,
        names=tuple(tile.name for tile in tiles),
        outlines=outlines,
        away_km=away,
        missing=missing,
        missing_places=places,
        grid=words,
        ground_km2=shapely.union_all(outlines).area / 1e6,
        twice_km2=shapely.union_all(shared).area / 1e6,
        pairs=tuple(pairs),
        doubles=tuple(pair for pair, double in zip(pairs, same, strict=True) if double),
    )


def distances_km(shapes: Shapes, tiles: tuple[Tile, ...], crs: CRS) -> NDArray[np.float64]:
    """Return how far each tile's rim is from the median vacant, kilometers on the ellipsoid, about; 0 where no vacant has an outline."""
    away = np.zeros(len(tiles))
    if not len(shapes):
        return away
    x, y = np.median(shapely.get_coordinates(shapely.centroid(shapes)), axis=0)
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    for wkt in {tile.crs for tile in tiles}:
        some = np.array([number for number, tile in enumerate(tiles) if tile.crs == wkt])
        centers = np.array([np.mean(tiles[number].corners, axis=0) for number in some])
        there = np.column_stack(
            Transformer.from_crs(wkt, 4326, always_xy=True).transform(*centers.T)
        )
        fine = np.isfinite(there).all(axis=1) & (np.abs(there[:, 1]) <= 90)
        there[~fine] = 0
        meters = Geod(ellps="WGS84").inv(
            np.full(len(some), lon), np.full(len(some), lat), *there.T
        )[2]
        reach = np.array(
            [
                tiles[number].gsd_m * np.hypot(tiles[number].width, tiles[number].height) / 2
                for number in some
            ]
        )
        away[some] = np.where(fine, np.maximum(0, meters - reach) / 1000, np.inf)
    return away


def _overlaps(
    outlines: Shapes, tiles: tuple[Tile, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Shapes]:
    """Return pairs of tiles, and the ground that both show."""
    first, second = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = shapely.intersection(outlines[first], outlines[second])
    areas, gsd = shapely.area(outlines), np.array([tile.gsd_m for tile in tiles])
    wide = shapely.area(shared) > 0.5 * gsd[first] * np.sqrt(
        np.minimum(areas[first], areas[second])
    )
    return first[wide], second[wide], shared[wide]


def _missing(
    tiles: tuple[Tile, ...],
    close: NDArray[np.bool_],
    uncovered: Shapes,
    *,
    ground: BaseGeometry,
    crs: CRS,
) -> tuple[Shapes, tuple[str, ...], str]:
    """Return the cells without a tile that have tiles around them or an uncovered vacant in them; their places; the grid in words."""
    kinds: dict[tuple[str, str], list[Tile]] = {}
    for tile, is_close in zip(tiles, close.tolist(), strict=True):
        if is_close:
            kinds.setdefault((tile.crs, f"{tile.transform[0]:.2e}"), []).append(tile)
    tree, found, places, words = shapely.STRtree(uncovered), [], [], []
    for kind in kinds.values():
        grid = find_grid(tuple(kind))
        if grid is None:
            continue
        words.append(f"{grid.rows} rows x {grid.columns} columns")
        cells = np.array(tile_outlines(grid.empty, crs), dtype=object)
        wanted = grid.between.copy()
        wanted[np.unique(tree.query(cells, predicate="intersects")[0])] = True
        wanted &= shapely.area(shapely.intersection(cells, ground)) < 0.5 * shapely.area(cells)
        found += cells[wanted].tolist()
        places += [
            tile.path
            for tile, is_wanted in zip(grid.empty, wanted.tolist(), strict=True)
            if is_wanted
        ]
    return np.array(found, dtype=object), tuple(places), "; ".join(words)
