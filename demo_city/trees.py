"""Leaf-off trees: many thin branches over yards, sidewalks and roofs, and their shade."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.lots import ALLEY_M, LOT_DEPTH_M, STREET_HALF_M
from demo_city.noise import FloatImage
from demo_city.surface import PX_PER_M, lines_mask

FIRST_BRANCH_M = 2.5
FORKS = 5
THICK_BRANCHES = 8
"""Branches of a tree that are drawn as thick ones, the first to grow."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Branches:
    """The branches of one tree as straight pieces."""

    ends_px: NDArray[np.float64]
    """(n, 4) x0, y0, x1, y1 on the block's canvas."""
    heights_m: NDArray[np.float64]
    """(n, 2) height of both ends above ground."""
    lifted_m: float
    """Height of the ground or roof that catches the shade."""

    def shade_ends_px(self, toward: tuple[float, float], slope: float) -> NDArray[np.float64]:
        """Return the ends of the shade of every branch, (n, 4) x0, y0, x1, y1."""
        reach_px = np.maximum(self.heights_m - self.lifted_m, 0) / slope * PX_PER_M
        ends_px = self.ends_px.copy()
        ends_px[:, 0::2] -= reach_px * toward[0]
        ends_px[:, 1::2] -= reach_px * toward[1]
        return ends_px


@dataclass(frozen=True, kw_only=True, slots=True)
class Tip:
    """The end of a branch, from which others grow."""

    x_px: float
    """Column on the block's canvas."""
    y_px: float
    """Row on the block's canvas."""
    height_m: float
    """Height above ground."""
    angle_rad: float
    """Direction in which the next branch grows, from the x axis to the y axis."""
    length_px: float
    """Usual length of the next branch."""


def grow_trees(rng: np.random.Generator, shape: tuple[int, int]) -> list[Branches]:
    """Plant street trees along the curbs and a few big ones behind the houses."""
    height, width = shape
    trees = []
    for y in (48.0, height - 48.0):
        for x in np.arange(float(rng.uniform(90, 160)), width - 90, 85.0):
            if rng.random() < 0.22:
                radius_px = float(rng.uniform(20, 42))
                trees.append(_grow_tree(rng, (float(x), y), radius_px, lifted_m=0.0))

    fence = (STREET_HALF_M + LOT_DEPTH_M) * PX_PER_M
    for _ in range(int(rng.poisson(5))):
        side = float(rng.choice([-25, ALLEY_M * PX_PER_M + 25]))
        y = fence + side + float(rng.uniform(-40, 40))
        x = float(rng.uniform(90, width - 90))
        trees.append(_grow_tree(rng, (x, y), float(rng.uniform(35, 70)), lifted_m=3.0))
    return trees


def draw_trees(trees: list[Branches], shape: tuple[int, int]) -> FloatImage:
    """Return how much the branches cover (H, W), 0 to 1."""
    if not trees:
        return np.zeros(shape, np.float32)

    thick = np.concatenate([tree.ends_px[:THICK_BRANCHES] for tree in trees])
    thin = np.concatenate([tree.ends_px[THICK_BRANCHES:] for tree in trees])
    cover = np.maximum(0.85 * lines_mask(shape, thick), 0.6 * lines_mask(shape, thin))
    return np.asarray(cover, dtype=np.float32)


def shade_trees(
    trees: list[Branches], shape: tuple[int, int], toward: tuple[float, float], slope: float
) -> FloatImage:
    """Return the share of sun that the branches take (H, W).

    Args:
        trees: Their branches.
        shape: Height and width of the canvas.
        toward: Horizontal unit vector (x, y) toward the sun.
        slope: Meters by which the edge of a shadow falls per meter of ground.
    """
    if not trees:
        return np.zeros(shape, np.float32)

    ends_px = np.concatenate([tree.shade_ends_px(toward, slope) for tree in trees])
    shade = cv2.GaussianBlur(0.62 * lines_mask(shape, ends_px), (0, 0), 0.8)
    return np.asarray(shade, dtype=np.float32)


def _grow_tree(
    rng: np.random.Generator, foot_px: tuple[float, float], radius_px: float, *, lifted_m: float
) -> Branches:
    """Grow one tree seen from above: limbs from the trunk, fork after fork, ever shorter."""
    ends_px = []
    heights_m = []
    tips = _draw_limbs(rng, foot_px, radius_px)
    for _ in range(FORKS):
        following = []
        for tip in tips:
            end = _grow_branch(rng, tip)
            ends_px.append((tip.x_px, tip.y_px, end.x_px, end.y_px))
            heights_m.append((tip.height_m, end.height_m))
            following += _fork(rng, end)
        tips = following

    return Branches(ends_px=np.array(ends_px), heights_m=np.array(heights_m), lifted_m=lifted_m)


def _draw_limbs(
    rng: np.random.Generator, foot_px: tuple[float, float], radius_px: float
) -> list[Tip]:
    """Let seven to ten limbs begin at the trunk, in all directions."""
    limbs = int(rng.integers(7, 11))
    angles_rad = 2 * math.pi / limbs * (np.arange(limbs) + rng.uniform(0, 0.8, limbs))
    x_px, y_px = foot_px

    tips = []
    for angle_rad in angles_rad.tolist():
        tip = Tip(
            x_px=x_px,
            y_px=y_px,
            height_m=FIRST_BRANCH_M,
            angle_rad=angle_rad,
            length_px=radius_px * 0.31,
        )
        tips.append(tip)
    return tips


def _grow_branch(rng: np.random.Generator, tip: Tip) -> Tip:
    """Return the end of a branch that goes on from a tip; the next ones are shorter."""
    reach_px = tip.length_px * float(rng.uniform(0.7, 1.25))
    rise_m = reach_px / PX_PER_M * float(rng.uniform(0.6, 1.6))
    return Tip(
        x_px=tip.x_px + reach_px * math.cos(tip.angle_rad),
        y_px=tip.y_px + reach_px * math.sin(tip.angle_rad),
        height_m=tip.height_m + rise_m,
        angle_rad=tip.angle_rad,
        length_px=tip.length_px * 0.72,
    )


def _fork(rng: np.random.Generator, end: Tip) -> list[Tip]:
    """Return one to three tips that go on from the end of a branch."""
    turns_rad = rng.uniform(-0.75, 0.75, int(rng.integers(1, 4))).tolist()
    return [replace(end, angle_rad=end.angle_rad + turn_rad) for turn_rad in turns_rad]
