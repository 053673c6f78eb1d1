"""The streets around a block: asphalt, sidewalks, the alley."""

import cv2
import numpy as np

from demo_city.lots import ALLEY_M, BLOCK_HEIGHT_M, BLOCK_WIDTH_M, LOT_DEPTH_M, STREET_HALF_M
from demo_city.noise import sample, sample_at
from demo_city.surface import Color, Surface, blank, roughen, tint, to_px

MARGIN_PX = 5
"""What a block's canvas shows beyond the block on every side."""
ROADWAY_HALF_M = 3.9
SLAB_PX = 15
SIDEWALK_PX = 26
ASPHALT: Color = (108, 108, 110)
ALLEY: Color = (142, 138, 132)
SIDEWALK: Color = (174, 170, 162)
TAR: Color = (70, 70, 72)


def paint_ground(rng: np.random.Generator, in_hood_px: tuple[int, int]) -> Surface:
    """Paint a block's streets, sidewalks and alley.

    Args:
        rng: Stream of the block.
        in_hood_px: Upper left corner (x, y) of the canvas in the neighborhood; with it the
            asphalt of neighbors fits together.
    """
    ground = _paint_asphalt(in_hood_px)
    _paint_tar_lines(rng, ground)
    _paint_tar_patches(rng, ground)

    _paint_sidewalk(rng, ground.inset(MARGIN_PX + to_px(ROADWAY_HALF_M)))
    _paint_alley(rng, ground.inset(MARGIN_PX + to_px(STREET_HALF_M)))
    return ground


def _paint_asphalt(in_hood_px: tuple[int, int]) -> Surface:
    height = to_px(BLOCK_HEIGHT_M) + 2 * MARGIN_PX
    width = to_px(BLOCK_WIDTH_M) + 2 * MARGIN_PX
    ground = blank((height, width), ASPHALT)

    broad = sample_at("cloud", in_hood_px, ground.shape)
    fine = sample_at("rough", in_hood_px, ground.shape)
    speckle = sample_at("white", in_hood_px, ground.shape)
    tint(ground, 1 + 0.05 * broad + 0.04 * fine + 0.035 * speckle, limits=(0.6, 1.5))
    return ground


def _paint_tar_lines(rng: np.random.Generator, ground: Surface) -> None:
    """Seal cracks in the asphalt of the two long streets."""
    height, width = ground.shape
    for _ in range(12):
        wander = np.cumsum(rng.normal(0, 1.3, 40))
        street = float(rng.choice([20, height - 20]))
        ys = wander + street + float(rng.uniform(-14, 14))

        start = float(rng.uniform(0, width - 200))
        xs = np.linspace(start, start + float(rng.uniform(80, 300)), 40)
        line = np.round(np.stack([xs, ys], axis=1) * 8).astype(np.int32)
        cv2.polylines(ground.albedo, [line], False, TAR, 1, cv2.LINE_AA, 3)


def _paint_tar_patches(rng: np.random.Generator, ground: Surface) -> None:
    """Fill a few utility cuts with asphalt of another tone."""
    height, width = ground.shape
    for _ in range(5):
        y = int(rng.choice([8, height - 30]))
        x = int(rng.integers(0, width - 60))
        patch = ground.crop(y, x, int(rng.integers(10, 22)), int(rng.integers(15, 60)))
        tint(patch, np.full(patch.shape, float(rng.uniform(0.78, 1.12)), np.float32))


def _paint_sidewalk(rng: np.random.Generator, inner: Surface) -> None:
    """Paint slabs over everything within the curbs; lots and alley are painted over it."""
    inner.albedo[:] = SIDEWALK
    roughen(rng, inner, 0.05)
    inner.height[:] += 0.12

    inner.albedo[:, ::SLAB_PX] *= 0.86
    for joint in (13, 26, -14, -27):
        inner.albedo[joint] *= 0.88
    inner.albedo[[0, 1, -2, -1]] *= 1.1

    width = inner.shape[1]
    slabs = rng.normal(1.0, 0.045, (2, width // SLAB_PX + 1)).astype(np.float32)
    tones = np.repeat(slabs, SLAB_PX, axis=1)[:, :width, None]
    inner.albedo[:SIDEWALK_PX] *= tones[0]
    inner.albedo[-SIDEWALK_PX:] *= tones[1]


def _paint_alley(rng: np.random.Generator, block: Surface) -> None:
    alley = block.crop(to_px(LOT_DEPTH_M), 0, to_px(ALLEY_M), block.shape[1])
    alley.albedo[:] = ALLEY
    roughen(rng, alley, 0.09)
    streaks = sample(rng, "rough", alley.shape, stretch=(1.0, 12.0))
    tint(alley, 1 + 0.07 * streaks, limits=(0.6, 1.4))
