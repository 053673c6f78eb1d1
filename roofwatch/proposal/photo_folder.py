"""Photos of one folder, as their headers describe them. No file is opened."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError

from imagery.crs import crs_words
from imagery.flyover.tiles import Tile
from roofwatch.proposal.photo_days import Dated


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoFolder:
    """The photos of one folder, or those of one year in it."""

    folder: Path
    """The folder."""
    files: tuple[Path, ...]
    """Its images, sorted."""
    paths: tuple[str, ...]
    """What a city file says: the folder, a glob of one year's files, or the files."""
    dated: tuple[Dated, ...] = ()
    """What says in which year they were taken, the strongest first."""
    tiles: tuple[Tile, ...] = ()
    """Headers that can be used."""
    problems: tuple[str, ...] = ()
    """Why others cannot."""
    opened: int = 0
    """Headers that were looked at."""

    @property
    def gsd_m(self) -> float:
        """Return the usual ground sample distance, meters."""
        return float(np.median([tile.gsd_m for tile in self.tiles]))

    @property
    def is_color(self) -> bool:
        """Tell whether the files are pictures, rather than heights."""
        return not all(tile.depth.startswith("float") for tile in self.tiles)

    @property
    def is_gray(self) -> bool:
        """Tell whether every file has a single band, as a shaded relief has."""
        return all(len(set(tile.bands)) == 1 and not tile.palette for tile in self.tiles)

    @property
    def evidence(self) -> str:
        """Say what the headers hold."""
        kinds = Counter(str(crs_words(tile.crs)) for tile in self.tiles)
        crs = ", ".join(kind for kind, _ in kinds.most_common(2))
        read = "" if self.opened == len(self.files) else f" ({self.opened} headers read)"
        noun = "image" if len(self.files) == 1 else "images"
        return f"{len(self.files):,} {noun}{read}, {self.gsd_m:.2f} m per pixel, {crs}"

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """Return the box of each header, lon and lat, (n, 4)."""
        found = [_box(tile) for tile in self.tiles]
        return np.array(found, dtype=np.float64).reshape(-1, 4)

    def covers(self, points: NDArray[np.float64]) -> float:
        """Return the share of some points, lon and lat, that the photos cover.

        Where not every header was read, all within the outer bounds counts.
        """
        known = points[np.isfinite(points).all(axis=1)]
        boxes = self.boxes[np.isfinite(self.boxes).all(axis=1)]
        if not len(known) or not len(boxes):
            return 0.0
        if self.opened < len(self.files):
            low = boxes[:, :2].min(axis=0)
            high = boxes[:, 2:].max(axis=0)
            boxes = np.concatenate([low, high])[None]

        is_covered = np.zeros(len(known), dtype=bool)
        for left, bottom, right, top in boxes.tolist():
            x, y = known.T
            is_covered |= (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
        return float(is_covered.mean())


def _box(tile: Tile) -> tuple[float, float, float, float]:
    """Return the box of a tile, lon and lat; NaN where its CRS cannot be used."""
    x, y = np.array(tile.corners).T
    try:
        lon, lat = Transformer.from_crs(tile.crs, 4326, always_xy=True).transform(x, y)
    except ProjError:
        return (np.nan, np.nan, np.nan, np.nan)
    return float(min(lon)), float(min(lat)), float(max(lon)), float(max(lat))
