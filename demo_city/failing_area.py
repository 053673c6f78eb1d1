"""Where a roof of the demo city truly fails, on the pixels of a chip: what explanations are measured against."""

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from demo_city.damage import failing_part
from demo_city.house import building_mask
from demo_city.layout import FEET_PER_M, Block, CityPlan, Lot, block_at
from demo_city.noise import stream
from demo_city.states import YEARS, vacant_histories
from demo_city.surface import PX_PER_M
from demo_city.tiles import CITY_CRS


def vacant_lots(plan: CityPlan) -> dict[str, tuple[Block, Lot]]:
    """Return block and lot of every vacant parcel."""
    blocks = (block_at(plan, index) for index in range(plan.block_count))
    return {
        block.lots[lot].parcel_id: (block, block.lots[lot])
        for block in blocks
        for lot in vacant_histories(plan, block.index)
    }


def failing_area(
    plan: CityPlan,
    place: tuple[Block, Lot],
    year: int,
    *,
    shape: tuple[int, int],
    transform: Affine,
    crs: CRS,
) -> NDArray[np.bool_]:
    """Mark the open part of a roof on a chip.

    Args:
        plan: The city.
        place: Block and lot of the parcel.
        year: Year of the flyover.
        shape: Height and width of the chip.
        transform: Affine from chip (column, row) to `crs`.
        crs: Metric CRS of the chips.
    """
    block, lot = place
    roof = vacant_histories(plan, block.index)[lot.index][YEARS.index(year)]
    if not roof.roof_pct:
        return np.zeros(shape, np.bool_)
    part = failing_part(
        stream(plan.seed, "damage", block.index, lot.index), building_mask(lot), roof.roof_pct
    )
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    x, y = (
        transform.a * columns + transform.b * rows + transform.c,
        transform.d * columns + transform.e * rows + transform.f,
    )
    feet = Transformer.from_crs(crs, CITY_CRS, always_xy=True).transform(x.ravel(), y.ravel())
    across, down = (
        np.floor(values).astype(int)
        for values in _canvas_px(block, lot, np.column_stack(feet) / FEET_PER_M).T
    )
    on_canvas = (across >= 0) & (across < part.shape[1]) & (down >= 0) & (down < part.shape[0])
    found = np.zeros(len(across), np.bool_)
    found[on_canvas] = part[down[on_canvas], across[on_canvas]]
    return found.reshape(shape)


def _canvas_px(block: Block, lot: Lot, ground_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn ground meters (n, 2) into column and row (n, 2) of the canvas on which the lot's house is painted, street side up."""
    corner, right, below = block.to_ground_m(np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]))
    in_block_px = (
        (ground_m - corner) @ np.linalg.inv(np.stack([right - corner, below - corner])) * PX_PER_M
    )
    left_px, front_px = round(lot.left_m * PX_PER_M), round(lot.front_m * PX_PER_M)
    down = in_block_px[:, 1] - front_px
    return np.column_stack([in_block_px[:, 0] - left_px, down if lot.row == 0 else -down])
