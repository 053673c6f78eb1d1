"""Failing roofs: sag, holes that grow, bare rafters, fire."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.floors import find_drop_m, paint_floor
from demo_city.noise import FloatImage, sample, unit
from demo_city.states import Roof
from demo_city.surface import Color, Surface, mix, smooth_step, tint

WOOD: Color = (176, 150, 118)
GRAY_WOOD: Color = (138, 128, 116)
CHARRED: Color = (30, 28, 28)
TARPS: tuple[Color, ...] = ((62, 104, 168), (150, 148, 140), (64, 92, 74), (84, 84, 88))
TARPED = 0.2
"""Share of holes under a tarp."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Decay:
    """Where one roof gives way; the same in every year."""

    inside: NDArray[np.bool_]
    """(H, W) where the building is."""
    weak: FloatImage
    """(H, W) how weak the roof is; the weakest part opens first."""
    fine: FloatImage
    """(H, W) fine noise."""
    broad: FloatImage
    """(H, W) broad noise."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Hole:
    """The open part of a roof."""

    mask: NDArray[np.bool_]
    """(H, W) where it is open."""
    edge: float
    """Weakness at its edge."""
    past_edge: FloatImage
    """(H, W) weakness beyond that at the edge; negative where the roof holds."""
    top_m: FloatImage
    """(H, W) height of the roof that was there, meters above ground."""


def damage(rng: np.random.Generator, house: Surface, inside: NDArray[np.bool_], roof: Roof) -> None:
    """Wear a sound roof down to a state.

    Args:
        rng: Stream of the lot. All noise is drawn before the state matters, so that a hole keeps
            its place and only grows over the years.
        house: What is painted on.
        inside: (H, W) where the building is.
        roof: State of the year.
    """
    decay = Decay(
        inside=inside,
        weak=_draw_weakness(rng, inside),
        fine=unit(sample(rng, "rough", house.shape)),
        broad=unit(sample(rng, "cloud", house.shape)),
    )
    seed = int(rng.integers(2**31))

    if roof.condition == "sag":
        _sag(house, decay, depth_m=0.9)
    elif 10 <= roof.roof_pct < 100:
        _sag(house, decay, depth_m=0.6)

    if roof.condition in ("hole", "open", "burnt", "gone", "sag"):
        _open_up(np.random.default_rng(seed), house, decay, roof)


def failing_part(
    rng: np.random.Generator, inside: NDArray[np.bool_], roof_pct: int
) -> NDArray[np.bool_]:
    """Return where `damage` opens a roof (H, W).

    Args:
        rng: A fresh stream like the one that `damage` is given.
        inside: (H, W) where the building is.
        roof_pct: Share of the roof that is open, percent.
    """
    weak = _draw_weakness(rng, inside)
    return _weakest_part(weak, inside, _edge_of_hole(weak, inside, roof_pct))


def _draw_weakness(rng: np.random.Generator, inside: NDArray[np.bool_]) -> FloatImage:
    """Draw where the roof gives way first: a ragged blob away from the outer walls."""
    height, width = inside.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    y = rng.uniform(0.15, 0.9) * height
    x = rng.uniform(0.25, 0.75) * width
    spread = rng.uniform(0.7, 1.5)
    blob = -np.hypot((rows - y) / (0.3 * height), (columns - x) / (0.45 * width * spread))

    ragged = 0.6 * unit(sample(rng, "cloud", inside.shape))
    ragged += 0.13 * unit(sample(rng, "rough", inside.shape))
    wall_support = 1.2 * np.exp(-_from_wall_px(inside) / 2.5)
    return np.asarray(blob + ragged - wall_support, dtype=np.float32)


def _from_wall_px(inside: NDArray[np.bool_]) -> FloatImage:
    """Return how far each pixel of a building is from its outer walls (H, W)."""
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance, dtype=np.float32)


def _edge_of_hole(weak: FloatImage, inside: NDArray[np.bool_], roof_pct: int) -> float:
    """Return the weakness beyond which a share of the roof is open."""
    return float(np.quantile(weak[inside], 1.0 - min(roof_pct, 97) / 100.0))


def _weakest_part(weak: FloatImage, inside: NDArray[np.bool_], edge: float) -> NDArray[np.bool_]:
    return np.asarray((weak > edge) & inside, dtype=np.bool_)


def _sag(house: Surface, decay: Decay, *, depth_m: float) -> None:
    """Let the deck hang: a dip with stained, torn felt and standing water."""
    start, stop = np.quantile(decay.weak[decay.inside], [0.55, 0.97])
    dip = cv2.GaussianBlur(smooth_step(decay.weak, float(start), float(stop)), (0, 0), 4.0)
    lower_m = depth_m * dip + 0.05 * dip * decay.fine
    house.height[decay.inside] -= lower_m[decay.inside]

    tint(house, (1.0 - 0.3 * dip).astype(np.float32))
    mix(house, 0.55 * smooth_step(dip + 0.12 * decay.fine, 0.55, 0.95), (70, 64, 54))
    mix(house, 0.5 * smooth_step(dip * decay.fine, 0.9, 1.5), (150, 138, 120))


def _open_up(rng: np.random.Generator, house: Surface, decay: Decay, roof: Roof) -> None:
    """Cut the hole of the stated share; paint its rim, what hangs in it and what is below."""
    hole = _find_hole(house, decay, roof)
    if roof.condition == "burnt":
        _paint_soot(house, decay, hole)
    _paint_rim(house, decay, hole, roof)

    floor = paint_floor(rng, house.shape, roof, fine=decay.fine, broad=decay.broad)
    floor_m = hole.top_m - find_drop_m(roof, fine=decay.fine, broad=decay.broad)
    house.albedo[hole.mask] = floor.albedo[hole.mask]
    house.height[hole.mask] = floor_m[hole.mask] + floor.height[hole.mask]
    np.maximum(house.height, 0.2, out=house.height, where=hole.mask)

    _hang_rafters(rng, house, hole, roof)
    if roof.condition == "hole" and rng.random() < TARPED:
        _add_tarp(rng, house, hole)


def _find_hole(house: Surface, decay: Decay, roof: Roof) -> Hole:
    """Find the open part; of a roof that is half gone, the outer walls are painted too."""
    edge = _edge_of_hole(decay.weak, decay.inside, roof.roof_pct)
    mask = _weakest_part(decay.weak, decay.inside, edge)
    top_m = house.height.copy()
    if roof.roof_pct >= 50:
        mask &= ~_paint_walls(house, decay)

    past_edge = (decay.weak - edge).astype(np.float32)
    return Hole(mask=mask, edge=edge, past_edge=past_edge, top_m=top_m)


def _paint_walls(house: Surface, decay: Decay) -> NDArray[np.bool_]:
    """Paint the outer walls of a roofless house, a thin broken line of brick; mark them (H, W)."""
    unbroken = cv2.GaussianBlur(decay.fine, (0, 0), 3.0) > -0.45
    standing = np.asarray(
        decay.inside & (_from_wall_px(decay.inside) < 2.6) & unbroken, dtype=np.bool_
    )

    brick = np.array((150, 112, 96), np.float32) * (1.0 + 0.15 * decay.fine[..., None])
    house.albedo[standing] = 0.4 * house.albedo[standing] + 0.6 * brick[standing]
    return standing


def _paint_soot(house: Surface, decay: Decay, hole: Hole) -> None:
    near_hole = cv2.GaussianBlur(hole.mask.astype(np.float32), (0, 0), 9.0)
    soot = near_hole * 1.7 + 0.15 * decay.fine
    weight = np.clip(0.9 * soot, 0, 0.93) * decay.inside
    mix(house, np.asarray(weight, np.float32), CHARRED)


def _paint_rim(house: Surface, decay: Decay, hole: Hole, roof: Roof) -> None:
    """Paint torn felt and bare boards around the hole."""
    near_edge = smooth_step(decay.weak, hole.edge - 0.22, hole.edge)
    rim = (near_edge * decay.inside * ~hole.mask).astype(np.float32)
    boards = CHARRED if roof.condition == "burnt" else GRAY_WOOD

    mix(house, rim * smooth_step(decay.fine, -0.2, 0.8) * 0.85, boards)
    mix(house, rim * smooth_step(-decay.fine, 0.3, 1.0) * 0.8, (44, 42, 40))
    house.height[:] += 0.12 * rim * decay.fine


def _hang_rafters(rng: np.random.Generator, house: Surface, hole: Hole, roof: Roof) -> None:
    """Leave joists from wall to wall: many near the rim, few in the middle, some broken off."""
    past_edge = hole.past_edge + 0.5 if roof.condition == "gone" else hole.past_edge
    height, width = house.shape
    spacing_px = float(rng.uniform(5.0, 7.0))
    color = np.array(_choose_wood(rng, roof), np.float32)
    reach = -0.3 if roof.condition == "sag" else float(rng.uniform(-0.15, 0.5))

    for y in np.arange(float(rng.uniform(0, spacing_px)), height - 1, spacing_px):
        row = int(y)
        broken = past_edge[row] + 0.35 * sample(rng, "cloud", (2, width))[0]
        is_left = broken < reach * float(rng.choice([0.2, 1.0, 1.7]))
        columns = hole.mask[row] & is_left
        tone = float(rng.uniform(0.75, 1.3))

        house.albedo[row, columns] = color * tone
        house.height[row, columns] = hole.top_m[row, columns] - 0.25
        if rng.random() < 0.5:
            house.albedo[row + 1, columns] = color * tone * 0.85
            house.height[row + 1, columns] = hole.top_m[row, columns] - 0.25


def _choose_wood(rng: np.random.Generator, roof: Roof) -> Color:
    if roof.condition == "burnt":
        return CHARRED
    return WOOD if rng.random() < 0.7 else GRAY_WOOD


def _add_tarp(rng: np.random.Generator, house: Surface, hole: Hole) -> None:
    """Hide most of a hole under a tarp that hangs through."""
    rows, columns = np.nonzero(hole.mask)
    top, bottom = np.quantile(rows, [0.06, 0.9]).astype(int)
    left, right = np.quantile(columns, [0.04, 0.9]).astype(int)
    tarp = house.crop(int(top), int(left), int(bottom - top) + 2, int(right - left) + 2)

    height, width = tarp.shape
    part = np.s_[top : top + height, left : left + width]
    flat_m = cv2.GaussianBlur(hole.top_m, (0, 0), 3.0)[part]
    slack = cv2.GaussianBlur(hole.mask.astype(np.float32), (0, 0), 5.0)[part]
    wrinkle = sample(rng, "cloud", tarp.shape)

    tarp.height[:] = flat_m - 0.5 * slack + 0.07 * wrinkle
    tarp.albedo[:] = TARPS[int(rng.integers(len(TARPS)))]
    tint(tarp, 1.0 + 0.12 * wrinkle, limits=(0.5, 1.5))
