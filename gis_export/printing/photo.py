"""A flyover, indexed for printed maps in one CRS."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import shapely
from pyproj import CRS, Transformer

from gis_export.printing.tile_memory import TileMemory
from imagery.boxes import GroundBox
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """A flyover, indexed for pictures in one CRS."""

    crs: CRS
    """Metric CRS of the frames."""
    tiles: tuple[Tile, ...]
    """Headers."""
    boxes: tuple[GroundBox, ...]
    """The ground of each tile, in `crs`."""
    index: shapely.STRtree
    """The same boxes, to find those that touch a place."""
    memory: TileMemory
    """What reads the tiles."""

    def tiles_on(self, ground: GroundBox) -> Iterator[tuple[Tile, GroundBox]]:
        """Yield the tiles that touch a place, in their order, each with its ground."""
        hits = self.index.query(shapely.box(*ground.bounds))
        for number in sorted(hits.tolist()):
            yield self.tiles[number], self.boxes[number]


def photo_of(flyover: Flyover | None, crs: CRS) -> Photo | None:
    """Index a flyover; None where there is none."""
    if flyover is None:
        return None

    boxes = tuple(_ground_of(tile, crs) for tile in flyover.tiles)
    return Photo(
        crs=crs,
        tiles=flyover.tiles,
        boxes=boxes,
        index=shapely.STRtree([shapely.box(*box.bounds) for box in boxes]),
        memory=TileMemory(flyover.white),
    )


@lru_cache(maxsize=64)
def transformer(source: str, target: str) -> Transformer:
    """Return what transforms points from one CRS to another, both as WKT."""
    return Transformer.from_crs(CRS(source), CRS(target), always_xy=True)


def _ground_of(tile: Tile, crs: CRS) -> GroundBox:
    """Return the box around a tile in another CRS."""
    xs, ys = zip(*tile.corners, strict=True)
    to_crs = transformer(tile.crs, crs.to_wkt())
    west, south, east, north = to_crs.transform_bounds(min(xs), min(ys), max(xs), max(ys))
    return GroundBox(west=west, south=south, east=east, north=north)
