"""One block of one year as lit ground colors, and any window of the city put together from blocks."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city import ground
from demo_city.ground import MARGIN_PX
from demo_city.house import RowStyle, building_mask, paint_house, row_style
from demo_city.layout import (
    BLOCK_HEIGHT_M,
    BLOCK_WIDTH_M,
    LOT_DEPTH_M,
    Block,
    CityPlan,
    Lot,
    block_at,
)
from demo_city.light import Sun, light
from demo_city.noise import atlas, stream
from demo_city.states import YEARS, Roof, vacant_histories
from demo_city.surface import PX_PER_M, Surface
from demo_city.trees import draw_trees, grow_trees, shade_trees

SUNS = {
    2022: Sun(azimuth_deg=152.0, elevation_deg=33.0, ambient=0.27),
    2023: Sun(azimuth_deg=203.0, elevation_deg=38.0, ambient=0.31),
    2024: Sun(azimuth_deg=221.0, elevation_deg=28.0, ambient=0.25),
}
BARK = np.array((112, 104, 96), np.float32)
CORNERS_M = np.array([(0.0, 0.0), (BLOCK_WIDTH_M, 0.0), (0.0, BLOCK_HEIGHT_M)])


@lru_cache(maxsize=96)
def paint_block(plan: CityPlan, index: int, year: int) -> NDArray[np.uint8]:
    """Return a block (H, W, 3) in its own frame, 10 pixels a meter, with a margin of `MARGIN_PX`."""
    block = block_at(plan, index)
    origin_px = (
        round(block.in_hood_m[0] * PX_PER_M) - MARGIN_PX,
        round(block.in_hood_m[1] * PX_PER_M) - MARGIN_PX,
    )
    canvas = ground.paint_ground(stream(plan.seed, "ground", index), origin_px)
    rng = stream(plan.seed, "styles", index)
    styles = (row_style(rng), row_style(rng))
    histories = vacant_histories(plan, index)
    for lot in block.lots:
        history = histories.get(lot.index)
        _paint_lot(
            plan,
            block,
            canvas,
            lot,
            styles[lot.row],
            history[YEARS.index(year)] if history else None,
        )
    ground.park_cars(stream(plan.seed, "cars", index, year), canvas)
    trees = grow_trees(stream(plan.seed, "trees", index), canvas.shape)
    sun = SUNS[year]
    shade = shade_trees(trees, canvas.shape, sun.toward_px(block.angle_rad), sun.slope)
    lit = light(canvas, sun, block.angle_rad, shade)
    cover = draw_trees(trees, canvas.shape)[..., None]
    return np.asarray(lit * (1 - cover) + BARK * cover, dtype=np.uint8)


def render_window(
    plan: CityPlan,
    year: int,
    shape: tuple[int, int],
    *,
    blocks: list[int],
    to_px: dict[int, NDArray[np.float64]],
) -> NDArray[np.uint8]:
    """Put blocks together on an empty window (H, W, 3).

    Args:
        plan: The city.
        year: Year of the flyover.
        shape: Height and width of the window in pixels.
        blocks: Blocks that touch the window.
        to_px: For each block, where its corners (see `CORNERS_M`) lie in the window: (3, 2) x, y of pixel edges;
            key -1 holds the same for the open ground, as if it were a block of that size.
    """
    window = _open_ground(shape, to_px[-1])
    for index in blocks:
        patch = paint_block(plan, index, year)
        cv2.warpAffine(
            patch,
            _patch_to_window(to_px[index]),
            shape[::-1],
            dst=window,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
    return window


def _patch_to_window(corners_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the affine map from patch pixels to window pixels, both counted at pixel centers."""
    source = CORNERS_M * PX_PER_M + MARGIN_PX - 0.5
    return np.asarray(
        cv2.getAffineTransform(source.astype(np.float32), (corners_px - 0.5).astype(np.float32))
    )


def _open_ground(shape: tuple[int, int], corners_px: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Fill a window with winter grass, worn paths and gravel between the neighborhoods."""
    size = atlas("cloud").shape[0] // 2
    broad, fine = atlas("cloud")[:size, :size], atlas("rough")[:size, :size]
    color = np.array((116, 112, 80), np.float32) * (1 + 0.13 * fine + 0.1 * broad)[..., None]
    bare = np.clip((broad - 0.6) / 0.5, 0, 1)[..., None]
    tile = np.clip(color + bare * (np.array((142, 132, 116), np.float32) - color), 0, 255).astype(
        np.uint8
    )
    matrix = _patch_to_window(corners_px)
    return np.asarray(
        cv2.warpAffine(
            tile, matrix, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        ),
        dtype=np.uint8,
    )


def _paint_lot(
    plan: CityPlan, block: Block, canvas: Surface, lot: Lot, style: RowStyle, roof: Roof | None
) -> None:
    """Paint one lot into the block's canvas: yard first, then the house."""
    view = _lot_view(canvas, lot)
    rng = stream(plan.seed, "yard", block.index, lot.index)
    if lot.kind == "empty" or (roof is not None and roof.condition == "razed"):
        ground.paint_cleared_lot(rng, view)
        return
    inside = building_mask(lot)
    depth = inside.shape[0]
    lived_in = roof is None or roof.condition == "occupied"
    if lot.kind == "detached":
        ground.paint_front_yard(rng, view)
    else:
        front = round((lot.house.setback_m + lot.house.front_depth_m) * PX_PER_M)
        ground.paint_yard(
            rng, view.crop(front, 0, view.shape[0] - front, view.shape[1]), neglected=not lived_in
        )
    building = paint_house((plan.seed, block.index), lot, style, roof)
    spot = view.crop(0, 0, depth, view.shape[1])
    spot.albedo[inside] = building.surface.albedo[: spot.shape[0]][inside[: spot.shape[0]]]
    spot.height[inside] = building.surface.height[: spot.shape[0]][inside[: spot.shape[0]]]


def _lot_view(canvas: Surface, lot: Lot) -> Surface:
    """Return a lot's part of the block, street side up: a view, turned over for the lower row."""
    x, width, depth = (round(v * PX_PER_M) for v in (lot.left_m, lot.width_m, LOT_DEPTH_M))
    front = round(lot.front_m * PX_PER_M) + MARGIN_PX
    if lot.row == 0:
        return canvas.crop(front, x + MARGIN_PX, depth, width)
    view = canvas.crop(front - depth, x + MARGIN_PX, depth, width)
    return Surface(albedo=view.albedo[::-1], height=view.height[::-1])
