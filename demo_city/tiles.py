"""Each year's grid of tiles: where it is, and which blocks each tile shows.

One tile of the last year is lost, another one is misplaced.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

from demo_city.layout import FEET_PER_M, ORIGIN_XY_M, Block, CityPlan, block_at
from demo_city.noise import ATLAS_PX
from demo_city.scene import CORNERS_M, OPEN_GROUND
from demo_city.states import YEARS
from demo_city.surface import PX_PER_M

CITY_CRS = "EPSG:2248"
YEAR_CRS = {2022: CITY_CRS, 2023: "EPSG:4326", 2024: CITY_CRS}
PIXEL = {CITY_CRS: 0.1 * FEET_PER_M, "EPSG:4326": 1e-6}
"""Side of a pixel in units of the CRS, 10 to 11 cm."""
SUFFIX = {2022: ".tif", 2023: ".jpg", 2024: ".jp2"}

TILE_PX = 1600
SMALL_TILE_PX = 700
SMALL_CITY = 500
"""A city of fewer parcels has small tiles, so that it has several."""
PAD_PX = 60
PAD_STEP_PX = 170
WEDGE_INTO_CITY_PX = 200
WEDGE_SLOPE = 0.09

FLAWED_YEAR = 2024
SHIFT_FT = 5.0
FEW_LOTS = 4
"""A tile with no more lots is neither lost nor misplaced: nobody would miss it."""

ALL_CORNERS_M = np.vstack([CORNERS_M, CORNERS_M[1] + CORNERS_M[2]])
"""Four corners (x, y) of a block, in block meters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """One year's pixel grid; pixel (0, 0) is its upper left corner."""

    year: int
    """Year of the flyover."""
    left_top: tuple[float, float]
    """Upper left corner in the year's CRS."""
    tile_px: int
    """Side of a tile."""

    @property
    def crs(self) -> str:
        """CRS of the year's delivery."""
        return YEAR_CRS[self.year]

    @property
    def pixel(self) -> float:
        """Side of a pixel in units of the CRS."""
        return PIXEL[self.crs]

    def to_px(self, ground_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn ground meters (n, 2) into pixels (n, 2) of the whole grid."""
        offset = to_crs(ground_m, self.crs) - np.array(self.left_top)
        return np.asarray(offset / np.array((self.pixel, -self.pixel)), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One picture to be delivered."""

    grid: Grid
    """The year's grid."""
    row: int
    """Row from the top."""
    column: int
    """Column from the left."""
    blocks: tuple[int, ...]
    """Blocks it shows, in ascending order."""
    shift_ft: float = 0.0
    """How far east of its true place it is delivered (EPSG:2248 only)."""

    @property
    def name(self) -> str:
        """File name."""
        return f"{self.grid.year}_r{self.row:03d}_c{self.column:03d}{SUFFIX[self.grid.year]}"

    @property
    def transform(self) -> Affine:
        """Affine map from pixels to the CRS, as delivered."""
        left, top = self.grid.left_top
        side = self.grid.pixel * self.grid.tile_px
        x = left + self.column * side + self.shift_ft
        y = top - self.row * side
        return Affine(self.grid.pixel, 0.0, x, 0.0, -self.grid.pixel, y)

    def corners_px(self, block: Block, halo_px: int) -> NDArray[np.float64]:
        """Return where a block's three corners are in this tile enlarged by a halo, (3, 2) x, y."""
        left_px = self.column * self.grid.tile_px - halo_px
        top_px = self.row * self.grid.tile_px - halo_px
        corners_px = self.grid.to_px(block.to_ground_m(CORNERS_M))
        return np.asarray(corners_px - np.array((left_px, top_px), np.float64), dtype=np.float64)

    def ground_anchor(self) -> Block:
        """Return an imaginary block near the tile from which the open ground's pattern repeats."""
        period_m = ATLAS_PX / PX_PER_M
        corner = np.array([[self.transform.c, self.transform.f]])
        from_origin_m = from_crs(corner, self.grid.crs)[0] - ORIGIN_XY_M
        x_m, y_m = np.floor(from_origin_m / period_m) * period_m + ORIGIN_XY_M

        return Block(
            index=OPEN_GROUND,
            name="",
            hood=-1,
            in_hood_m=(0, 0),
            origin_xy_m=(x_m, y_m),
            angle_rad=0.0,
            lots=(),
        )

    def beyond_flight(self) -> NDArray[np.bool_]:
        """Mark the pixels outside the flight lines: a slanting wedge in the first column.

        Returns:
            (tile_px, tile_px); nothing is marked in 2023.
        """
        year = self.grid.year
        side_px = self.grid.tile_px
        if self.column > 0 or year == 2023:
            return np.zeros((side_px, side_px), np.bool_)

        rows, columns = np.ogrid[:side_px, :side_px]
        wedge_px = _pad_px(year) + WEDGE_INTO_CITY_PX
        edge_px = WEDGE_SLOPE * ((rows + self.row * side_px) % (wedge_px / WEDGE_SLOPE))
        if year == FLAWED_YEAR:
            edge_px = wedge_px - edge_px
        return np.asarray(columns < edge_px, dtype=np.bool_)


def plan_year(plan: CityPlan, year: int) -> tuple[list[Tile], list[Tile]]:
    """Return a year's tiles that are delivered, and those that got lost."""
    blocks = [block_at(plan, index) for index in range(plan.block_count)]
    corners_m = np.concatenate([block.to_ground_m(ALL_CORNERS_M) for block in blocks])
    tile_px = TILE_PX if plan.parcels >= SMALL_CITY else SMALL_TILE_PX

    grid = _lay_grid(corners_m, year, tile_px)
    tiles = _cover_blocks(grid, grid.to_px(corners_m).reshape(-1, 4, 2))
    if year != FLAWED_YEAR or len(tiles) < 3:
        return tiles, []
    return _spoil(tiles, _count_lots(grid, blocks))


def to_crs(ground_m: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """Turn ground meters (n, 2) into a CRS (x, y)."""
    feet: NDArray[np.float64] = ground_m * FEET_PER_M
    if crs == CITY_CRS:
        return feet

    to_year = Transformer.from_crs(CITY_CRS, crs, always_xy=True)
    return np.column_stack(to_year.transform(feet[:, 0], feet[:, 1]))


def from_crs(xy: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """Turn coordinates (n, 2) of a CRS into ground meters."""
    if crs == CITY_CRS:
        return xy / FEET_PER_M

    to_city = Transformer.from_crs(crs, CITY_CRS, always_xy=True)
    feet = np.column_stack(to_city.transform(xy[:, 0], xy[:, 1]))
    return feet / FEET_PER_M


def _lay_grid(corners_m: NDArray[np.float64], year: int, tile_px: int) -> Grid:
    """Lay a grid around all corners of blocks, (n, 2) ground meters."""
    crs = YEAR_CRS[year]
    pad = _pad_px(year) * PIXEL[crs]
    x, y = to_crs(corners_m, crs).T
    left_top = (float(x.min()) - pad, float(y.max()) + pad)
    return Grid(year=year, left_top=left_top, tile_px=tile_px)


def _pad_px(year: int) -> int:
    """Return how far a year's grid starts beyond the city.

    It differs from year to year, so that seams cut through other lots.
    """
    return PAD_PX + PAD_STEP_PX * YEARS.index(year)


def _cover_blocks(grid: Grid, corners_px: NDArray[np.float64]) -> list[Tile]:
    """Return the tiles that show any block, row by row; `corners_px` is (blocks, 4, 2) x, y."""
    low_px = corners_px.min(axis=1) - PAD_PX / 2
    high_px = corners_px.max(axis=1) + PAD_PX / 2
    first = np.floor(low_px / grid.tile_px).astype(int).clip(min=0)
    last = np.floor(high_px / grid.tile_px).astype(int)

    blocks: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in range(len(corners_px)):
        for row in range(first[index, 1], last[index, 1] + 1):
            for column in range(first[index, 0], last[index, 0] + 1):
                blocks[row, column].append(index)

    tiles = []
    for (row, column), shown in sorted(blocks.items()):
        tiles.append(Tile(grid=grid, row=row, column=column, blocks=tuple(shown)))
    return tiles


def _count_lots(grid: Grid, blocks: list[Block]) -> Counter[tuple[int, int]]:
    """Count the lots whose middle each tile shows, by row and column of the tile."""
    centers = []
    for block in blocks:
        centers_m = np.array([lot.center_m for lot in block.lots])
        centers.append(block.to_ground_m(centers_m))

    places = np.floor(grid.to_px(np.concatenate(centers)) / grid.tile_px).astype(int)
    return Counter((row, column) for column, row in places.tolist())


def _spoil(tiles: list[Tile], lots: Counter[tuple[int, int]]) -> tuple[list[Tile], list[Tile]]:
    """Lose a tile that shows rather few lots, and misplace the one that shows the most."""
    seen = [tile for tile in tiles if lots[tile.row, tile.column] > FEW_LOTS]
    if len(seen) < 2:
        return tiles, []

    seen.sort(key=lambda tile: (lots[tile.row, tile.column], tile.row, tile.column))
    lost = seen[len(seen) // 3]
    busiest = seen[-1]

    kept = []
    for tile in tiles:
        if tile is busiest:
            kept.append(replace(tile, shift_ft=SHIFT_FT))
        elif tile is not lost:
            kept.append(tile)
    return kept, [lost]
