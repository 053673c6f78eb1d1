"""Leaf-off trees: many thin branches over yards, sidewalks and roofs, and the shade they throw."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.layout import ALLEY_M, LOT_DEPTH_M, STREET_HALF_M
from demo_city.noise import FloatImage
from demo_city.surface import PX_PER_M, lines_mask

FIRST_BRANCH_M = 2.5


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Branches:
    """The branches of one tree as straight pieces."""

    ends_px: NDArray[np.float64]
    """(n, 4) x0, y0, x1, y1 on the block's canvas."""
    heights_m: NDArray[np.float64]
    """(n, 2) height of both ends above ground."""
    lifted_m: float
    """Height of the ground or roof that catches the shade."""


def grow_trees(rng: np.random.Generator, shape: tuple[int, int]) -> list[Branches]:
    """Plant street trees along the curbs and a few big ones behind the houses."""
    height, width = shape
    trees = []
    for y in (48.0, height - 48.0):
        for x in np.arange(float(rng.uniform(90, 160)), width - 90, 85.0):
            if rng.random() < 0.22:
                trees.append(
                    _branch_out(rng, (float(x), y), float(rng.uniform(20, 42)), lifted_m=0.0)
                )
    back = (STREET_HALF_M + LOT_DEPTH_M) * PX_PER_M
    for _ in range(int(rng.poisson(5))):
        y = back + float(rng.choice([-25, ALLEY_M * PX_PER_M + 25])) + float(rng.uniform(-40, 40))
        foot_px = (float(rng.uniform(90, width - 90)), y)
        trees.append(_branch_out(rng, foot_px, float(rng.uniform(35, 70)), lifted_m=3.0))
    return trees


def draw_trees(trees: list[Branches], shape: tuple[int, int]) -> FloatImage:
    """Return how much the branches cover (H, W), 0..1."""
    if not trees:
        return np.zeros(shape, np.float32)
    thick = np.concatenate([t.ends_px[:8] for t in trees])
    thin = np.concatenate([t.ends_px[8:] for t in trees])
    cover = np.maximum(0.85 * lines_mask(shape, thick), 0.6 * lines_mask(shape, thin))
    return np.asarray(cover, dtype=np.float32)


def shade_trees(
    trees: list[Branches], shape: tuple[int, int], toward: tuple[float, float], slope: float
) -> FloatImage:
    """Return the share of sun (H, W) that the branches take, thrown away from the sun."""
    if not trees:
        return np.zeros(shape, np.float32)
    pieces = []
    for tree in trees:
        reach = np.maximum(tree.heights_m - tree.lifted_m, 0) / slope * PX_PER_M
        thrown = tree.ends_px.copy()
        thrown[:, 0::2] -= reach * toward[0]
        thrown[:, 1::2] -= reach * toward[1]
        pieces.append(thrown)
    lines = np.concatenate(pieces)
    return np.asarray(
        cv2.GaussianBlur(0.62 * lines_mask(shape, lines), (0, 0), 0.8), dtype=np.float32
    )


def _branch_out(
    rng: np.random.Generator, foot_px: tuple[float, float], radius_px: float, *, lifted_m: float
) -> Branches:
    """Grow one tree seen from above: limbs from the trunk, fork after fork, ever shorter."""
    ends, heights = [], []
    limbs = int(rng.integers(7, 11))
    angles = 2 * math.pi / limbs * (np.arange(limbs) + rng.uniform(0, 0.8, limbs))
    tips = [(*foot_px, FIRST_BRANCH_M, float(angle), radius_px * 0.31) for angle in angles]
    for _ in range(5):
        following = []
        for x, y, z, angle, length in tips:
            reach = length * float(rng.uniform(0.7, 1.25))
            x1, y1 = x + reach * math.cos(angle), y + reach * math.sin(angle)
            z1 = z + reach / PX_PER_M * float(rng.uniform(0.6, 1.6))
            ends.append((x, y, x1, y1))
            heights.append((z, z1))
            for turn in rng.uniform(-0.75, 0.75, int(rng.integers(1, 4))):
                following.append((x1, y1, z1, angle + float(turn), length * 0.72))
        tips = following
    return Branches(ends_px=np.array(ends), heights_m=np.array(heights), lifted_m=lifted_m)
