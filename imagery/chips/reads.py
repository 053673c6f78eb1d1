"""The reads: which rectangles of which tiles every chip is made of, before any pixel is touched.

Tiles that share CRS and pixel grid form one *lattice*, so that a chip that crosses their seam is
cut as if from one mosaic. A *view* is what one chip sees of one lattice, and a *read* is the part
of a view that lies on one tile.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS, Transformer

from imagery.chips.affine import Floats, Ints, Mask, fit_matrices
from imagery.chips.grids import ChipGrids
from imagery.chips.lattice import Lattices, find_lattices
from imagery.chips.tasks import CutSettings
from imagery.chips.windows import Windows, merge_windows, windows_around
from imagery.flyover.tile_outlines import tile_outlines
from imagery.flyover.tiles import Tile

NEAR_M = 0.5
"""How far from a tile a chip must at least be to have nothing to do with it."""
UNREACHABLE_PX = -1e9
"""Where corners lie that cannot be reprojected: on no tile."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Chips and tiles near each other, sorted by parcel and tile."""

    parcel: Ints
    """Number of the parcel, (pairs,)."""
    tile: Ints
    """Number of the tile, (pairs,)."""
    view: Ints
    """Number of the view, (pairs,); views are numbered in the order in which they first occur."""

    def take(self, chosen: Mask) -> "Pairs":
        """Return some pairs."""
        return Pairs(parcel=self.parcel[chosen], tile=self.tile[chosen], view=self.view[chosen])


@dataclass(frozen=True, kw_only=True, eq=False)
class ViewTable:
    """What each chip sees of each lattice, one row per view."""

    parcel: Ints
    """Number of the parcel, (views,)."""
    lattice: Ints
    """Number of the lattice, (views,)."""
    window: Windows
    """Pixels of the lattice."""
    matrix: Floats
    """Affine from chip pixel corners to pixel corners of the window, (views, 2, 3)."""
    shrink: Ints
    """By how much the view is averaged before it is warped, (views,); 1 for not at all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadTable:
    """The rectangles of tiles that fill the views, sorted by parcel and tile."""

    parcel: Ints
    """Number of the parcel, (reads,)."""
    view: Ints
    """Row of the `ViewTable`, (reads,)."""
    tile: Ints
    """Number of the tile, (reads,)."""
    in_tile: Windows
    """Pixels of the tile."""
    in_view: Windows
    """The same pixels, counted from the upper left corner of the view."""

    def take(self, chosen: Ints) -> "ReadTable":
        """Return some reads, by number."""
        return ReadTable(
            parcel=self.parcel[chosen],
            view=self.view[chosen],
            tile=self.tile[chosen],
            in_tile=self.in_tile.take(chosen),
            in_view=self.in_view.take(chosen),
        )


def plan_reads(
    grids: ChipGrids, tiles: tuple[Tile, ...], settings: CutSettings
) -> tuple[ViewTable, ReadTable]:
    """Find the pixels that every chip is made of; no file is opened.

    Args:
        grids: Where the chips lie in the metric CRS.
        tiles: The flyover's tiles.
        settings: Pixel size of the chips, and the metric CRS.

    Returns:
        Views and reads. A view that touches tiles only at their edge has no reads, and no size.
    """
    lattices = find_lattices(tiles)
    pairs = pair_with_tiles(grids, tiles, settings, lattices)
    views = fit_views(grids, pairs, lattices, CRS(settings.metric_crs))

    shared = views.window.take(pairs.view).overlap(lattices.windows.take(pairs.tile))
    has_pixels = shared.has_pixels
    shared = shared.take(has_pixels)
    pairs = pairs.take(has_pixels)

    filled = merge_windows(shared, pairs.view, count=len(views.parcel))
    views = crop_views(views, filled)

    reads = ReadTable(
        parcel=pairs.parcel,
        view=pairs.view,
        tile=pairs.tile,
        in_tile=shared.relative_to(lattices.windows.take(pairs.tile)),
        in_view=shared.relative_to(views.window.take(pairs.view)),
    )
    return views, reads


def pair_with_tiles(
    grids: ChipGrids, tiles: tuple[Tile, ...], settings: CutSettings, lattices: Lattices
) -> Pairs:
    """Find the tiles near each chip, and number the views."""
    outlines = []
    for tile, outline in zip(tiles, tile_outlines(tiles, CRS(settings.metric_crs)), strict=True):
        # Pixels are sampled a little beyond the edge of a chip.
        reach_m = max(NEAR_M, tile.gsd_m, 2 * settings.gsd_m)
        outlines.append(outline.buffer(reach_m))

    corners = grids.corners
    chips = shapely.polygons(corners) if len(corners) else np.empty(0, object)
    parcel, tile_number = shapely.STRtree(outlines).query(chips, predicate="intersects")
    pairs = pd.DataFrame({"parcel": parcel, "tile": tile_number})
    pairs = pairs.sort_values(["parcel", "tile"], ignore_index=True)

    lattice = lattices.of_tile[pairs["tile"]]
    view = pairs.assign(lattice=lattice).groupby(["parcel", "lattice"], sort=False).ngroup()

    return Pairs(
        parcel=pairs["parcel"].to_numpy(np.int64),
        tile=pairs["tile"].to_numpy(np.int64),
        view=np.asarray(view, dtype=np.int64),
    )


def fit_views(grids: ChipGrids, pairs: Pairs, lattices: Lattices, metric: CRS) -> ViewTable:
    """Fit every chip into the pixel grids of the lattices that it lies on."""
    _, first_pair = np.unique(pairs.view, return_index=True)
    parcel = pairs.parcel[first_pair]
    lattice = lattices.of_tile[pairs.tile[first_pair]]

    corners_px = project_corners(grids.corners[parcel], lattice, lattices, metric)
    matrix = fit_matrices(corners_px, grids.widths[parcel], grids.heights[parcel])
    shrink = choose_shrink(matrix)
    window = windows_around(corners_px, 1 + shrink)

    return ViewTable(parcel=parcel, lattice=lattice, window=window, matrix=matrix, shrink=shrink)


def project_corners(corners: Floats, lattice: Ints, lattices: Lattices, metric: CRS) -> Floats:
    """Return where the corners of chips lie on lattices.

    Args:
        corners: In the metric CRS, (views, 4, 2).
        lattice: Number of the lattice of each view, (views,).
        lattices: The lattices.
        metric: The metric CRS.

    Returns:
        Column-row pairs (views, 4, 2); far away where they cannot be reprojected.
    """
    xy = np.zeros(corners.shape)
    for wkt in set(lattices.crs):
        has_crs = np.array([crs == wkt for crs in lattices.crs], bool)
        chosen = np.flatnonzero(has_crs[lattice])
        to_crs = Transformer.from_crs(metric, wkt, always_xy=True)
        x, y = to_crs.transform(*corners[chosen].reshape(-1, 2).T)
        xy[chosen] = np.column_stack([x, y]).reshape(-1, 4, 2)

    a, b, c, d, e, f = lattices.transforms[lattice].T[:, :, None]
    x = xy[..., 0] - c
    y = xy[..., 1] - f
    area = a * e - b * d
    corners_px = np.stack([(e * x - b * y) / area, (a * y - d * x) / area], axis=2)
    return np.where(np.isfinite(corners_px), corners_px, UNREACHABLE_PX)


def choose_shrink(matrix: Floats) -> Ints:
    """Return by which whole number each view is averaged, so that warping skips no pixel."""
    pixels_per_chip_pixel = np.abs(np.linalg.det(matrix[:, :, :2]))
    shrink: Ints = np.floor(np.sqrt(pixels_per_chip_pixel) + 0.25).astype(np.int64)
    return shrink.clip(min=1)


def crop_views(views: ViewTable, window: Windows) -> ViewTable:
    """Return the views with smaller windows, their matrices counted from the new corners."""
    matrix = views.matrix.copy()
    matrix[:, 0, 2] -= window.column_start
    matrix[:, 1, 2] -= window.row_start

    return replace(views, window=window, matrix=matrix)
