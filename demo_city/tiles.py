"""Each year's grid of tiles: where it lies, which blocks each tile shows, which tile is lost or misplaced."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

from demo_city.layout import FEET_PER_M, LOT_DEPTH_M, ORIGIN_XY_M, Block, CityPlan, block_at
from demo_city.noise import ATLAS_PX
from demo_city.scene import CORNERS_M
from demo_city.states import YEARS
from demo_city.surface import PX_PER_M

CITY_CRS = "EPSG:2248"
YEAR_CRS = {2022: CITY_CRS, 2023: "EPSG:4326", 2024: CITY_CRS}
PIXEL = {CITY_CRS: 0.1 * FEET_PER_M, "EPSG:4326": 1e-6}
SUFFIX = {2022: ".tif", 2023: ".jpg", 2024: ".jp2"}
FLAWED_YEAR = 2024
SHIFT_FT = 5.0
PAD_PX = 60
PAD_STEP_PX = 170
WEDGE_INTO_CITY_PX, WEDGE_SLOPE = 200, 0.09


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
        step = self.grid.pixel * self.grid.tile_px
        x, y = left + self.column * step + self.shift_ft, top - self.row * step
        return Affine(self.grid.pixel, 0.0, x, 0.0, -self.grid.pixel, y)

    def corners_px(self, block: Block, halo_px: int) -> NDArray[np.float64]:
        """Return where a block's corners lie in this tile enlarged by a halo."""
        tile_px = self.grid.tile_px
        corner = np.array(
            [self.column * tile_px - halo_px, self.row * tile_px - halo_px], np.float64
        )
        return np.asarray(self.grid.to_px(block.to_ground_m(CORNERS_M)) - corner, dtype=np.float64)

    def ground_anchor(self) -> Block:
        """Return an imaginary block near the tile, on the lattice of the open ground's repeating pattern."""
        period_m = ATLAS_PX / PX_PER_M
        corner = np.array([[self.transform.c, self.transform.f]])
        ground_m = from_crs(corner, self.grid.crs)[0] - ORIGIN_XY_M
        x, y = np.floor(ground_m / period_m) * period_m + ORIGIN_XY_M
        return Block(
            index=-1, name="", hood=-1, in_hood_m=(0, 0), origin_xy_m=(x, y), angle_rad=0.0, lots=()
        )

    def beyond_flight(self) -> NDArray[np.bool_]:
        """Mark the pixels (tile_px, tile_px) outside the flight lines: a slanting wedge in the first column."""
        ys, xs = np.ogrid[: self.grid.tile_px, : self.grid.tile_px]
        if self.column > 0 or self.grid.year == 2023:
            return np.zeros((self.grid.tile_px, self.grid.tile_px), np.bool_)
        wedge_px = _pad_px(self.grid.year) + WEDGE_INTO_CITY_PX
        slant = WEDGE_SLOPE * ((ys + self.row * self.grid.tile_px) % (wedge_px / WEDGE_SLOPE))
        return np.asarray(
            xs < (slant if self.grid.year == 2022 else wedge_px - slant), dtype=np.bool_
        )


def to_crs(ground_m: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """Turn ground meters (n, 2) into a CRS (x, y)."""
    feet: NDArray[np.float64] = ground_m * FEET_PER_M
    if crs == CITY_CRS:
        return feet
    to_year = Transformer.from_crs(CITY_CRS, crs, always_xy=True)
    return np.column_stack(to_year.transform(feet[:, 0], feet[:, 1]))


def from_crs(xy: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """Turn coordinates (n, 2) of a CRS into ground meters."""
    if crs != CITY_CRS:
        to_city = Transformer.from_crs(crs, CITY_CRS, always_xy=True)
        xy = np.column_stack(to_city.transform(xy[:, 0], xy[:, 1]))
    return xy / FEET_PER_M


def plan_year(plan: CityPlan, year: int) -> tuple[list[Tile], list[Tile]]:
    """Return a year's tiles that are delivered, and those that got lost."""
    blocks = [block_at(plan, i) for i in range(plan.block_count)]
    corners_m = np.concatenate(
        [b.to_ground_m(np.vstack([CORNERS_M, CORNERS_M[1] + CORNERS_M[2]])) for b in blocks]
    )
    tile_px = 1600 if plan.parcels >= 500 else 700
    pad = _pad_px(year) * PIXEL[YEAR_CRS[year]]
    xy = to_crs(corners_m, YEAR_CRS[year])
    grid = Grid(
        year=year,
        left_top=(float(xy[:, 0].min()) - pad, float(xy[:, 1].max()) + pad),
        tile_px=tile_px,
    )
    tiles = _tiles(grid, grid.to_px(corners_m).reshape(-1, 4, 2))
    if year != FLAWED_YEAR or len(tiles) < 3:
        return tiles, []
    return _spoil(tiles, grid, blocks)


def _pad_px(year: int) -> int:
    """Return how far a year's grid starts beyond the city; it differs, so that seams cut through other lots."""
    return PAD_PX + PAD_STEP_PX * YEARS.index(year)


def _tiles(grid: Grid, corners_px: NDArray[np.float64]) -> list[Tile]:
    """Return the tiles that show any block, row by row."""
    shown: dict[tuple[int, int], list[int]] = defaultdict(list)
    low = np.floor((corners_px.min(axis=1) - PAD_PX / 2) / grid.tile_px).astype(int)
    high = np.floor((corners_px.max(axis=1) + PAD_PX / 2) / grid.tile_px).astype(int)
    for index in range(len(corners_px)):
        for row in range(max(0, low[index, 1]), high[index, 1] + 1):
            for column in range(max(0, low[index, 0]), high[index, 0] + 1):
                shown[row, column].append(index)
    return [
        Tile(grid=grid, row=r, column=c, blocks=tuple(b)) for (r, c), b in sorted(shown.items())
    ]


def _spoil(tiles: list[Tile], grid: Grid, blocks: list[Block]) -> tuple[list[Tile], list[Tile]]:
    """Lose a tile that shows rather few lots, and misplace the one that shows the most."""
    centers = [
        b.to_ground_m(
            np.array(
                [
                    (t.left_m + t.width_m / 2, t.front_m + (0.5 - t.row) * LOT_DEPTH_M)
                    for t in b.lots
                ]
            )
        )
        for b in blocks
    ]
    places = np.floor(grid.to_px(np.concatenate(centers)) / grid.tile_px).astype(int)
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for column, row in places.tolist():
        counts[row, column] += 1
    seen = [t for t in tiles if counts[t.row, t.column] > 4]
    seen.sort(key=lambda t: (counts[t.row, t.column], t.row, t.column))
    if len(seen) < 2:
        return tiles, []
    lost, busy = seen[len(seen) // 3], seen[-1]
    kept = [
        Tile(
            grid=grid,
            row=t.row,
            column=t.column,
            blocks=t.blocks,
            shift_ft=SHIFT_FT if t is busy else 0.0,
        )
        for t in tiles
        if t is not lost
    ]
    return kept, [lost]
