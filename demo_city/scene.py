"""One block of one year as lit ground colors, and windows of the city put together from blocks."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.cars import park_cars
from demo_city.ground import MARGIN_PX, paint_ground
from demo_city.house import RowStyle, building_mask, paint_house, row_style
from demo_city.layout import Block, CityPlan, block_at
from demo_city.light import Sun, light
from demo_city.lots import BLOCK_HEIGHT_M, BLOCK_WIDTH_M, LOT_DEPTH_M, Lot
from demo_city.noise import ATLAS_PX, atlas, stream
from demo_city.states import YEARS, Roof, is_lived_in, vacant_histories
from demo_city.surface import PX_PER_M, Surface, to_px
from demo_city.trees import draw_trees, grow_trees, shade_trees
from demo_city.yards import paint_cleared_lot, paint_front_yard, paint_yard

SUNS = {
    2022: Sun(azimuth_deg=152.0, elevation_deg=33.0, ambient=0.27),
    2023: Sun(azimuth_deg=203.0, elevation_deg=38.0, ambient=0.31),
    2024: Sun(azimuth_deg=221.0, elevation_deg=28.0, ambient=0.25),
}
BARK = np.array((112, 104, 96), np.float32)
WINTER_GRASS = np.array((116, 112, 80), np.float32)
GRAVEL = np.array((142, 132, 116), np.float32)
CORNERS_M = np.array([(0.0, 0.0), (BLOCK_WIDTH_M, 0.0), (0.0, BLOCK_HEIGHT_M)])
"""Three corners (x, y) of a block, in block meters."""
OPEN_GROUND = -1
"""Number of the open ground among the blocks of a window."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class BlockCanvas:
    """A block that is being painted."""

    plan: CityPlan
    """The city."""
    block: Block
    """The block."""
    surface: Surface
    """The block in its own frame, with a margin of `MARGIN_PX`."""

    def lot_view(self, lot: Lot) -> Surface:
        """Return a lot's part, street side up: a view, turned over for the lower row."""
        left = to_px(lot.left_m) + MARGIN_PX
        front = to_px(lot.front_m) + MARGIN_PX
        width = to_px(lot.width_m)
        depth = to_px(LOT_DEPTH_M)
        if lot.row == 0:
            return self.surface.crop(front, left, depth, width)

        view = self.surface.crop(front - depth, left, depth, width)
        return Surface(albedo=view.albedo[::-1], height=view.height[::-1])


@lru_cache(maxsize=96)
def paint_block(plan: CityPlan, index: int, year: int) -> NDArray[np.uint8]:
    """Return a block (H, W, 3) in its own frame, 10 pixels a meter, with a margin."""
    block = block_at(plan, index)
    surface = _paint_surface(plan, block, year)
    trees = grow_trees(stream(plan.seed, "trees", index), surface.shape)

    sun = SUNS[year]
    toward = sun.toward_px(block.angle_rad)
    shade = shade_trees(trees, surface.shape, toward, sun.slope)
    lit = light(surface, sun, block.angle_rad, shade)

    branches = draw_trees(trees, surface.shape)[..., None]
    return np.asarray(lit * (1 - branches) + BARK * branches, dtype=np.uint8)


def render_window(
    plan: CityPlan,
    year: int,
    shape: tuple[int, int],
    corners_px: dict[int, NDArray[np.float64]],
) -> NDArray[np.uint8]:
    """Put blocks together on an empty window (H, W, 3).

    Args:
        plan: The city.
        year: Year of the flyover.
        shape: Height and width of the window in pixels.
        corners_px: For each block that touches the window, in the order in which they are put
            down, where its corners (see `CORNERS_M`) are in the window: (3, 2) x, y of pixel
            edges. Key `OPEN_GROUND` has the same for the open ground, as if it were a block of
            that size.
    """
    window = _open_ground(shape, corners_px[OPEN_GROUND])
    for index, block_corners_px in corners_px.items():
        if index == OPEN_GROUND:
            continue
        cv2.warpAffine(
            paint_block(plan, index, year),
            _canvas_to_window(block_corners_px),
            shape[::-1],
            dst=window,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
    return window


def _paint_surface(plan: CityPlan, block: Block, year: int) -> Surface:
    """Paint a block before the light: streets, lots, cars."""
    left_m, top_m = block.in_hood_m
    in_hood_px = (to_px(left_m) - MARGIN_PX, to_px(top_m) - MARGIN_PX)
    surface = paint_ground(stream(plan.seed, "ground", block.index), in_hood_px)
    canvas = BlockCanvas(plan=plan, block=block, surface=surface)

    rng = stream(plan.seed, "styles", block.index)
    styles = (row_style(rng), row_style(rng))
    histories = vacant_histories(plan, block.index)
    for lot in block.lots:
        history = histories.get(lot.index)
        roof = history[YEARS.index(year)] if history else None
        _paint_lot(canvas, lot, styles[lot.row], roof)

    park_cars(stream(plan.seed, "cars", block.index, year), surface)
    return surface


def _paint_lot(canvas: BlockCanvas, lot: Lot, style: RowStyle, roof: Roof | None) -> None:
    """Paint one lot: yard first, then the house."""
    seed = canvas.plan.seed
    block = canvas.block.index
    view = canvas.lot_view(lot)
    rng = stream(seed, "yard", block, lot.index)
    if lot.kind == "empty" or (roof is not None and roof.condition == "razed"):
        paint_cleared_lot(rng, view)
        return

    if lot.kind == "detached":
        paint_front_yard(rng, view)
    else:
        front = to_px(lot.house.setback_m + lot.house.front_depth_m)
        yard = view.crop(front, 0, view.shape[0] - front, view.shape[1])
        paint_yard(rng, yard, neglected=not is_lived_in(roof))

    building = paint_house((seed, block), lot, style, roof)
    depth, width = view.shape
    inside = building_mask(lot)[:depth]
    house = building.surface.crop(0, 0, depth, width)
    spot = view.crop(0, 0, inside.shape[0], width)
    spot.albedo[inside] = house.albedo[inside]
    spot.height[inside] = house.height[inside]


def _canvas_to_window(corners_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the affine map from canvas pixels to window pixels, both at pixel centers."""
    source = CORNERS_M * PX_PER_M + MARGIN_PX - 0.5
    target = corners_px - 0.5
    matrix = cv2.getAffineTransform(source.astype(np.float32), target.astype(np.float32))
    return np.asarray(matrix)


def _open_ground(shape: tuple[int, int], corners_px: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Fill a window with winter grass, worn paths and gravel between the neighborhoods."""
    broad = atlas("cloud")[:ATLAS_PX, :ATLAS_PX]
    fine = atlas("rough")[:ATLAS_PX, :ATLAS_PX]
    grass = WINTER_GRASS * (1 + 0.13 * fine + 0.1 * broad)[..., None]
    bare = np.clip((broad - 0.6) / 0.5, 0, 1)[..., None]
    pattern = np.clip(grass + bare * (GRAVEL - grass), 0, 255).astype(np.uint8)

    window = cv2.warpAffine(
        pattern,
        _canvas_to_window(corners_px),
        shape[::-1],
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(window, dtype=np.uint8)
