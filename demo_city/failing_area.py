"""Where a roof of the demo city truly fails, on the pixels of a chip.

Explanations are measured against it.
"""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from demo_city.damage import failing_part
from demo_city.house import building_mask
from demo_city.layout import FEET_PER_M, Block, CityPlan, block_at
from demo_city.lots import Lot
from demo_city.noise import stream
from demo_city.states import YEARS, vacant_histories
from demo_city.surface import PX_PER_M, to_px
from demo_city.tiles import CITY_CRS


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipGrid:
    """The pixel grid of a chip."""

    shape: tuple[int, int]
    """Height and width."""
    transform: Affine
    """Affine from (column, row) to the CRS."""
    crs: CRS
    """Metric CRS of the chips."""

    def ground_m(self) -> NDArray[np.float64]:
        """Return the centers of all pixels, row by row, in ground meters (n, 2)."""
        height, width = self.shape
        rows, columns = np.mgrid[:height, :width] + 0.5
        x, y = self.transform * (columns.ravel(), rows.ravel())
        feet = Transformer.from_crs(self.crs, CITY_CRS, always_xy=True).transform(x, y)
        return np.column_stack(feet) / FEET_PER_M


def failing_area(
    plan: CityPlan, place: tuple[Block, Lot], year: int, grid: ChipGrid
) -> NDArray[np.bool_]:
    """Mark the open part of a roof on a chip (H, W).

    Args:
        plan: The city.
        place: Block and lot of the parcel.
        year: Year of the flyover.
        grid: Pixel grid of the chip.
    """
    block, lot = place
    roof = vacant_histories(plan, block.index)[lot.index][YEARS.index(year)]
    if not roof.roof_pct:
        return np.zeros(grid.shape, np.bool_)

    rng = stream(plan.seed, "damage", block.index, lot.index)
    part = failing_part(rng, building_mask(lot), roof.roof_pct)
    canvas_px = np.floor(_canvas_px(block, lot, grid.ground_m())).astype(int)
    columns, rows = canvas_px.T

    height, width = part.shape
    on_canvas = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    found = np.zeros(len(canvas_px), np.bool_)
    found[on_canvas] = part[rows[on_canvas], columns[on_canvas]]
    return found.reshape(grid.shape)


def vacant_lots(plan: CityPlan) -> dict[str, tuple[Block, Lot]]:
    """Return block and lot of every vacant parcel."""
    lots = {}
    for index in range(plan.block_count):
        block = block_at(plan, index)
        for place in vacant_histories(plan, index):
            lot = block.lots[place]
            lots[lot.parcel_id] = (block, lot)
    return lots


def _canvas_px(block: Block, lot: Lot, ground_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ground meters (n, 2) into column and row (n, 2) of the canvas of a lot's house.

    The house is painted street side up.
    """
    corner, right, below = block.to_ground_m(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]))
    axes = np.stack([right - corner, below - corner])
    in_block_px = (ground_m - corner) @ np.linalg.inv(axes) * PX_PER_M

    columns = in_block_px[:, 0] - to_px(lot.left_m)
    rows = in_block_px[:, 1] - to_px(lot.front_m)
    return np.column_stack([columns, rows if lot.row == 0 else -rows])
