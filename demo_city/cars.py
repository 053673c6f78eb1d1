"""Cars, seen from above."""

import cv2
import numpy as np

from demo_city.ground import MARGIN_PX, ROADWAY_HALF_M
from demo_city.surface import Color, Surface, blank, to_px

CAR_COLORS: tuple[Color, ...] = (
    (226, 228, 230),
    (186, 190, 194),
    (120, 124, 130),
    (44, 46, 50),
    (30, 32, 36),
    (120, 34, 34),
    (38, 60, 104),
    (150, 140, 118),
)
GLASS: Color = (38, 42, 48)


def park_cars(rng: np.random.Generator, ground: Surface) -> None:
    """Park cars along the curbs: many in the two long streets, a few in the short ones."""
    height, width = ground.shape
    curb = MARGIN_PX + to_px(ROADWAY_HALF_M)

    for y in (curb - 21, height - curb + 2):
        x = float(rng.uniform(70, 110))
        while x < width - 120:
            if rng.random() < 0.52:
                park_car(rng, ground, y + int(rng.integers(-1, 2)), int(x), lengthwise=False)
            x += float(rng.uniform(52, 66))

    for left in (curb - 21, width - curb + 2):
        for top in range(80, height - 120, 60):
            if rng.random() < 0.25:
                park_car(rng, ground, top, left, lengthwise=True)


def park_car(
    rng: np.random.Generator, ground: Surface, y: int, x: int, *, lengthwise: bool
) -> None:
    """Put a car on the ground, upper left corner at `y`, `x`; `lengthwise` turns it upright."""
    length = int(rng.integers(42, 51))
    breadth = int(rng.integers(17, 20))
    color = CAR_COLORS[int(rng.integers(len(CAR_COLORS)))]
    car = _paint_car(length, breadth, color)
    if lengthwise:
        car = Surface(albedo=car.albedo.transpose(1, 0, 2), height=car.height.T)

    spot = ground.crop(y, x, *car.shape)
    part = car.crop(0, 0, *spot.shape)
    is_car = part.height > 0
    spot.albedo[is_car] = part.albedo[is_car]
    spot.height[is_car] += part.height[is_car]


def _paint_car(length: int, breadth: int, color: Color) -> Surface:
    """Paint a body with rounded corners, darker glass and a paler roof; 0 high around it."""
    car = blank((breadth, length), color)
    body = np.zeros(car.shape, np.float32)
    cv2.rectangle(body, (2, 0), (length - 3, breadth - 1), 1.0, -1)
    cv2.rectangle(body, (0, 3), (length - 1, breadth - 4), 1.0, -1)
    car.height[:] = body * 0.8

    glass = np.s_[2 : breadth - 2, int(0.27 * length) : int(0.82 * length)]
    car.albedo[glass] = GLASS
    car.height[glass] = 1.15

    top = np.s_[3 : breadth - 3, int(0.38 * length) : int(0.7 * length)]
    car.albedo[top] = np.array(color, np.float32) * 1.04 + 6
    car.height[top] = 1.45
    return car
