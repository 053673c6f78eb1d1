"""What is seen through an open roof: rooms, fallen plaster and boards, plants."""

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.noise import FloatImage, sample, unit
from demo_city.states import Roof
from demo_city.surface import Color, Surface, blank, cover, mix, smooth_step, tint

STORY_M = 2.8
BOARDS: Color = (176, 150, 118)
RUBBLE: tuple[Color, ...] = ((178, 170, 158), (128, 78, 62), (58, 56, 56), (150, 132, 108))
"""Plaster, brick, felt, dust."""
PLANTS: Color = (92, 94, 58)
DRY_PLANTS: Color = (112, 98, 70)

FALLEN_FROM = {"sag": 3.0, "hole": 1.1, "burnt": 0.6, "open": 0.3, "gone": -0.7}
"""Level of broad noise from which the top floor has fallen too, by condition."""
PX_PER_SCRAP = {"gone": 34, "open": 60, "burnt": 70, "hole": 130, "sag": 130}
"""Floor area per piece of debris, by condition."""


def paint_floor(
    rng: np.random.Generator,
    shape: tuple[int, int],
    roof: Roof,
    *,
    fine: FloatImage,
    broad: FloatImage,
) -> Surface:
    """Paint the floor below a roof; plants grow where light has fallen for years.

    Args:
        rng: Stream of the hole.
        shape: Height and width.
        roof: State of the year.
        fine: (H, W) fine noise.
        broad: (H, W) broad noise.
    """
    floor = blank(shape, (66, 60, 56) if roof.condition == "burnt" else (112, 100, 88))
    tint(floor, 1.0 + 0.16 * fine + 0.22 * broad, limits=(0.35, 2.0))

    wall_row = int(rng.uniform(0.3, 0.6) * shape[0])
    if roof.condition != "gone":
        _add_inner_walls(floor, wall_row)
    _scatter_debris(rng, floor, roof)
    if _has_plants(rng, roof):
        _grow_plants(rng, floor, fine=fine, broad=broad)
    return floor


def find_drop_m(roof: Roof, *, fine: FloatImage, broad: FloatImage) -> FloatImage:
    """Return how far below the roof one sees (H, W): the top floor, or further where it fell."""
    fallen = FALLEN_FROM[roof.condition]
    through = smooth_step(broad + 0.15 * fine, fallen, fallen + 0.15)
    slope = cv2.GaussianBlur(broad, (0, 0), 6.0)
    return np.asarray(STORY_M * (0.75 + 1.0 * through) + 0.5 * slope, dtype=np.float32)


def _add_inner_walls(floor: Surface, wall_row: int) -> None:
    """Divide a floor by a wall across, and the part in front of it by one along."""
    width = floor.shape[1]
    across = floor.crop(wall_row, 0, 2, width)
    along = floor.crop(0, int(0.6 * width), wall_row, 1)
    for wall in (across, along):
        cover(wall, (168, 158, 144), rise_m=STORY_M * 0.7)


def _scatter_debris(rng: np.random.Generator, floor: Surface, roof: Roof) -> None:
    """Scatter boards, bricks, plaster and scraps of felt."""
    height, width = floor.shape
    soot = 0.45 if roof.condition == "burnt" else 1.0

    for _ in range(height * width // PX_PER_SCRAP[roof.condition]):
        center = rng.uniform(0, 1, 2) * (width, height)
        is_board = rng.random() < 0.45
        outline = _scrap_outline(rng, center, is_board=is_board)
        color = BOARDS if is_board else RUBBLE[int(rng.integers(len(RUBBLE)))]
        shade = float(rng.uniform(0.6, 1.25)) * soot
        shaded = tuple(float(value * shade) for value in color)

        cv2.fillConvexPoly(floor.albedo, outline, shaded, cv2.LINE_8, 3)
        cv2.fillConvexPoly(floor.height, outline, float(rng.uniform(0.05, 0.45)), cv2.LINE_8, 3)


def _scrap_outline(
    rng: np.random.Generator, center: NDArray[np.float64], *, is_board: bool
) -> NDArray[np.int32]:
    """Draw the corners (4, 2) x, y of a turned rectangle, in eighths of pixels."""
    if is_board:
        length = float(rng.uniform(5, 22))
        breadth = float(rng.uniform(0.9, 2.0))
    else:
        length, breadth = rng.uniform(1.2, 5.0, 2).tolist()

    angle_deg = float(rng.uniform(0, 180))
    corners = cv2.boxPoints((center.tolist(), (length, breadth), angle_deg))
    return np.round(corners * 8).astype(np.int32)


def _has_plants(rng: np.random.Generator, roof: Roof) -> bool:
    if roof.condition in ("open", "gone"):
        return True
    return roof.condition == "hole" and rng.random() < 0.3


def _grow_plants(
    rng: np.random.Generator, floor: Surface, *, fine: FloatImage, broad: FloatImage
) -> None:
    """Let plants grow in clumps, in three houses of ten over most of the floor."""
    clumps = unit(sample(rng, "cloud", floor.shape, stretch=(0.7, 0.7)))
    green = smooth_step(clumps + 0.5 * fine, 0.7, 1.4)
    if rng.random() < 0.3:
        green = np.maximum(green, smooth_step(broad + 0.5 * fine, -0.8, 0.2))

    mix(floor, 0.8 * green, PLANTS if rng.random() < 0.6 else DRY_PLANTS)
    floor.height[:] += 0.5 * green
