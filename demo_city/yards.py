"""What is around the houses: yards with their fences and sheds, lawns, cleared lots."""

import cv2
import numpy as np

from demo_city.cars import park_car
from demo_city.noise import sample, unit
from demo_city.surface import Color, Surface, cover, mix, mix_evenly, roughen, smooth_step, tint

GRASS: Color = (118, 114, 80)
DIRT: Color = (134, 118, 96)
CONCRETE: Color = (168, 164, 156)
YARDS: tuple[Color, ...] = (GRASS, DIRT, CONCRETE, (122, 118, 112), (96, 92, 70))
YARD_SHARES = (0.26, 0.14, 0.36, 0.18, 0.06)
NEGLECTED_YARD_SHARES = (0.32, 0.3, 0.08, 0.08, 0.22)
FENCE_WOOD: Color = (150, 138, 120)
FENCE_METAL: Color = (96, 92, 88)


def paint_yard(rng: np.random.Generator, yard: Surface, *, neglected: bool) -> None:
    """Paint a rear yard: its ground, plants, rubbish, perhaps a shed, a car or a fence."""
    height, width = yard.shape
    if height < 4 or width < 4:
        return

    shares = NEGLECTED_YARD_SHARES if neglected else YARD_SHARES
    yard.albedo[:] = YARDS[int(rng.choice(len(YARDS), p=shares))]
    roughen(rng, yard, 0.16)
    _grow_weeds(rng, yard, share=0.45 if neglected else 0.2)
    _scatter_rubbish(rng, yard, mean=5.0 if neglected else 1.5)

    if rng.random() < 0.16 and height > 30 and width > 28:
        _add_shed(rng, yard)
    elif rng.random() < 0.25 and height > 52 and width > 30 and not neglected:
        park_car(rng, yard, height - 50, (width - 19) // 2, lengthwise=True)

    fence_m = float(rng.choice([0.0, 1.2, 1.9], p=[0.25, 0.4, 0.35]))
    if fence_m:
        _add_fence(rng, yard, fence_m)


def paint_front_yard(rng: np.random.Generator, yard: Surface) -> None:
    """Paint a lawn with a concrete walk to the door."""
    yard.albedo[:] = GRASS
    roughen(rng, yard, 0.12)
    _grow_weeds(rng, yard, share=0.12)

    height, width = yard.shape
    mix_evenly(yard.crop(0, width // 2 - 5, height, 10), 0.9, CONCRETE)


def paint_cleared_lot(rng: np.random.Generator, lot: Surface) -> None:
    """Paint the lot of a razed house: thin grass over dirt with rubble, a trodden path."""
    lot.albedo[:] = DIRT
    roughen(rng, lot, 0.12)

    broad = sample(rng, "cloud", lot.shape)
    grass = unit(broad + 0.7 * sample(rng, "rough", lot.shape))
    mix(lot, 0.85 * smooth_step(grass, float(rng.uniform(-1.6, 0.3)), 1.0), (112, 112, 74))
    lot.height[:] += np.maximum(0.08 * grass, 0)

    scraps = smooth_step(sample(rng, "white", lot.shape), 2.3, 3.0)
    mix(lot, 0.7 * cv2.GaussianBlur(scraps, (0, 0), 0.7) * 1.5, (186, 176, 162))

    if rng.random() < 0.4:
        height, width = lot.shape
        path = lot.crop(0, int(rng.uniform(0.2, 0.7) * width), height, 7)
        mix_evenly(path, 0.5, (158, 142, 116))


def _grow_weeds(rng: np.random.Generator, yard: Surface, *, share: float) -> None:
    """Let weeds and bushes grow over a share of a yard: brown-green, knee to head high."""
    clumps = sample(rng, "cloud", yard.shape, stretch=(0.6, 0.6))
    field = unit(clumps + 0.6 * sample(rng, "rough", yard.shape))
    start = float(np.quantile(field, 1 - share))
    green = smooth_step(field, start, start + 0.7)
    mix(yard, 0.75 * green, (92, 92, 64) if rng.random() < 0.6 else (104, 92, 68))

    crowns = np.clip(0.5 + 0.5 * sample(rng, "rough", yard.shape), 0, 2)
    crowns = cv2.GaussianBlur(crowns, (0, 0), 1.0)
    height_m = float(rng.choice([0.15, 0.4, 0.9], p=[0.5, 0.35, 0.15]))
    yard.height[:] += height_m * green * crowns


def _scatter_rubbish(rng: np.random.Generator, yard: Surface, *, mean: float) -> None:
    for _ in range(int(rng.poisson(mean))):
        height, width = rng.integers(2, 8, 2).tolist()
        red, green, blue = rng.uniform(60, 200) * rng.uniform(0.8, 1.15, 3)
        y = int(rng.integers(0, yard.shape[0]))
        x = int(rng.integers(0, yard.shape[1]))
        color = (float(red), float(green), float(blue))
        cover(yard.crop(y, x, height, width), color, rise_m=0.4)


def _add_shed(rng: np.random.Generator, yard: Surface) -> None:
    """Put a shed into the rear right corner."""
    height, width = yard.shape
    shed = yard.crop(height - 26, width - 26, 22, 22)
    cover(shed, (120, 116, 112), rise_m=2.3)
    tint(shed, 1 + 0.08 * sample(rng, "rough", shed.shape))


def _add_fence(rng: np.random.Generator, yard: Surface, fence_m: float) -> None:
    """Fence the left side and the rear, each in wood or metal."""
    height, width = yard.shape
    for fence in (yard.crop(0, 0, height, 1), yard.crop(height - 1, 0, 1, width)):
        cover(fence, FENCE_WOOD if rng.random() < 0.6 else FENCE_METAL, rise_m=fence_m)
