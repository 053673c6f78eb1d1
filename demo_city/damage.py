"""Failing roofs: sag, holes that grow, bare rafters, fallen floors, fire."""

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.noise import FloatImage, sample, unit
from demo_city.states import Roof
from demo_city.surface import Color, Surface, mix, smooth_step, tint

STOREY_M = 2.8
WOOD: Color = (176, 150, 118)
GRAY_WOOD: Color = (138, 128, 116)
CHARRED: Color = (30, 28, 28)
PLANTS: Color = (92, 94, 58)
TARPS: tuple[Color, ...] = ((62, 104, 168), (150, 148, 140), (64, 92, 74), (84, 84, 88))
TARPED = 0.2


def damage(rng: np.random.Generator, house: Surface, inside: NDArray[np.bool_], roof: Roof) -> None:
    """Wear a sound roof down to the state `roof`; `inside` (H, W) marks the building.

    All noise is drawn before the state is looked at, so that a hole keeps its place and only grows over the years.
    """
    weak = _weakness(rng, inside)
    fine, broad = unit(sample(rng, "rough", house.shape)), unit(sample(rng, "cloud", house.shape))
    seed = int(rng.integers(2**31))
    if roof.condition == "sag" or 10 <= roof.roof_pct < 100:
        _sag(house, weak, fine, inside, depth_m=0.9 if roof.condition == "sag" else 0.6)
    if roof.condition in ("hole", "open", "burnt", "gone", "sag"):
        _open_up(np.random.default_rng(seed), house, weak, inside, roof, (fine, broad))


def _weakness(rng: np.random.Generator, inside: NDArray[np.bool_]) -> FloatImage:
    """Draw where the roof gives way first: a blob with a ragged outline, never across the outer walls first."""
    height, width = inside.shape
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    y0, x0 = rng.uniform(0.15, 0.9) * height, rng.uniform(0.25, 0.75) * width
    spread = rng.uniform(0.7, 1.5)
    blob = -np.hypot((ys - y0) / (0.3 * height), (xs - x0) / (0.45 * width * spread))
    ragged = 0.6 * unit(sample(rng, "cloud", inside.shape))
    ragged += 0.13 * unit(sample(rng, "rough", inside.shape))
    walls = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(blob + ragged - 1.2 * np.exp(-walls / 2.5), dtype=np.float32)


def failing_part(
    rng: np.random.Generator, inside: NDArray[np.bool_], roof_pct: int
) -> NDArray[np.bool_]:
    """Return where `damage` opens `roof_pct` percent of a roof (H, W), given a fresh stream like the one it is given."""
    return _hole(_weakness(rng, inside), inside, roof_pct)[0]


def _hole(
    weak: FloatImage, inside: NDArray[np.bool_], roof_pct: int
) -> tuple[NDArray[np.bool_], float]:
    """Return the weakest share of a roof (H, W), and the weakness at which it begins."""
    edge = float(np.quantile(weak[inside], 1.0 - min(roof_pct, 97) / 100.0))
    return np.asarray((weak > edge) & inside, dtype=np.bool_), edge


def _sag(
    house: Surface, weak: FloatImage, fine: FloatImage, inside: NDArray[np.bool_], *, depth_m: float
) -> None:
    """Let the deck hang: a dip with stained, torn felt and standing water."""
    level = np.quantile(weak[inside], [0.55, 0.97])
    dip = cv2.GaussianBlur(smooth_step(weak, float(level[0]), float(level[1])), (0, 0), 4.0)
    house.height[inside] -= (depth_m * dip + 0.05 * dip * fine)[inside]
    tint(house, (1.0 - 0.3 * dip).astype(np.float32))
    mix(house, 0.55 * smooth_step(dip + 0.12 * fine, 0.55, 0.95), (70, 64, 54))
    mix(house, 0.5 * smooth_step(dip * fine, 0.9, 1.5), (150, 138, 120))


def _open_up(
    rng: np.random.Generator,
    house: Surface,
    weak: FloatImage,
    inside: NDArray[np.bool_],
    roof: Roof,
    noises: tuple[FloatImage, FloatImage],
) -> None:
    """Cut the hole of the stated share and paint its rim, what hangs in it, and what lies below."""
    fine, broad = noises
    burnt = roof.condition == "burnt"
    hole, edge = _hole(weak, inside, roof.roof_pct)
    top_m = house.height.copy()
    if roof.roof_pct >= 50:
        hole &= ~_standing_walls(house, inside, fine)
    if burnt:
        soot = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 9.0) * 1.7 + 0.15 * fine
        mix(house, np.asarray(np.clip(0.9 * soot, 0, 0.93) * inside, np.float32), CHARRED)
    rim = (smooth_step(weak, edge - 0.22, edge) * inside * ~hole).astype(np.float32)
    mix(house, rim * smooth_step(fine, -0.2, 0.8) * 0.85, CHARRED if burnt else GRAY_WOOD)
    mix(house, rim * smooth_step(-fine, 0.3, 1.0) * 0.8, (44, 42, 40))
    house.height[:] += 0.12 * rim * fine
    floor = _floor(rng, house.shape, roof, noises)
    drop_m = _drop(roof, broad, fine)
    house.albedo[hole] = floor.albedo[hole]
    house.height[hole] = (top_m - drop_m)[hole] + floor.height[hole]
    np.maximum(house.height, 0.2, out=house.height, where=hole)
    _hang_rafters(rng, house, hole, (weak - edge).astype(np.float32), top_m, roof)
    if roof.condition == "hole" and rng.random() < TARPED:
        _cover(rng, house, hole, top_m)


def _cover(
    rng: np.random.Generator, house: Surface, hole: NDArray[np.bool_], top_m: FloatImage
) -> None:
    """Hide most of a hole under a tarp that hangs through."""
    ys, xs = np.nonzero(hole)
    (y0, y1), (x0, x1) = (
        np.quantile(ys, [0.06, 0.9]).astype(int),
        np.quantile(xs, [0.04, 0.9]).astype(int),
    )
    patch = house.crop(int(y0), int(x0), int(y1 - y0) + 2, int(x1 - x0) + 2)
    flat = cv2.GaussianBlur(top_m, (0, 0), 3.0)[y0 : y0 + patch.shape[0], x0 : x0 + patch.shape[1]]
    slack = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 5.0)[
        y0 : y0 + patch.shape[0], x0 : x0 + patch.shape[1]
    ]
    wrinkle = sample(rng, "cloud", patch.shape)
    patch.height[:] = flat - 0.5 * slack + 0.07 * wrinkle
    patch.albedo[:] = TARPS[int(rng.integers(len(TARPS)))]
    tint(patch, np.asarray(np.clip(1.0 + 0.12 * wrinkle, 0.5, 1.5), dtype=np.float32))


def _standing_walls(
    house: Surface, inside: NDArray[np.bool_], fine: FloatImage
) -> NDArray[np.bool_]:
    """Leave the outer walls of a roofless house: a thin broken line of brick around the rooms."""
    walls = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    standing = np.asarray(
        inside & (walls < 2.6) & (cv2.GaussianBlur(fine, (0, 0), 3.0) > -0.45), dtype=np.bool_
    )
    brick = np.array((150, 112, 96), np.float32) * (1.0 + 0.15 * fine[..., None])
    house.albedo[standing] = 0.4 * house.albedo[standing] + 0.6 * brick[standing]
    return standing


def _drop(roof: Roof, broad: FloatImage, fine: FloatImage) -> FloatImage:
    """Return how far below the roof one looks: the top floor, or through it where it fell too."""
    fallen = {"sag": 3.0, "hole": 1.1, "burnt": 0.6, "open": 0.3, "gone": -0.7}[roof.condition]
    through = smooth_step(broad + 0.15 * fine, fallen, fallen + 0.15)
    slope = cv2.GaussianBlur(broad, (0, 0), 6.0)
    return np.asarray(STOREY_M * (0.75 + 1.0 * through) + 0.5 * slope, dtype=np.float32)


def _floor(
    rng: np.random.Generator,
    shape: tuple[int, int],
    roof: Roof,
    noises: tuple[FloatImage, FloatImage],
) -> Surface:
    """Paint rooms with fallen plaster, joists and boards, and plants where light has fallen for years."""
    fine, broad = noises
    base: Color = (66, 60, 56) if roof.condition == "burnt" else (112, 100, 88)
    floor = Surface(
        albedo=np.broadcast_to(np.array(base, np.float32), (*shape, 3)).copy(),
        height=np.zeros(shape, np.float32),
    )
    tint(floor, np.clip(1.0 + 0.16 * fine + 0.22 * broad, 0.35, 2.0).astype(np.float32))
    wall_y = int(rng.uniform(0.3, 0.6) * shape[0])
    if roof.condition != "gone":
        for wall in (
            floor.crop(wall_y, 0, 2, shape[1]),
            floor.crop(0, int(0.6 * shape[1]), wall_y, 1),
        ):
            wall.height[:] += STOREY_M * 0.7
            wall.albedo[:] = (168, 158, 144)
    _scatter_debris(rng, floor, roof)
    if roof.condition in ("open", "gone") or (roof.condition == "hole" and rng.random() < 0.3):
        green = smooth_step(
            unit(sample(rng, "cloud", shape, stretch=(0.7, 0.7))) + 0.5 * fine, 0.7, 1.4
        )
        if rng.random() < 0.3:
            green = np.maximum(green, smooth_step(broad + 0.5 * fine, -0.8, 0.2))
        mix(floor, 0.8 * green, PLANTS if rng.random() < 0.6 else (112, 98, 70))
        floor.height[:] += 0.5 * green
    return floor


def _scatter_debris(rng: np.random.Generator, floor: Surface, roof: Roof) -> None:
    """Throw boards, bricks, plaster and scraps of felt about."""
    height, width = floor.shape
    density = {"gone": 34, "open": 60, "burnt": 70}.get(roof.condition, 130)
    count = height * width // density
    for _ in range(count):
        center = rng.uniform(0, 1, 2) * (width, height)
        board = rng.random() < 0.45
        size = (
            (float(rng.uniform(5, 22)), float(rng.uniform(0.9, 2.0)))
            if board
            else tuple(rng.uniform(1.2, 5.0, 2))
        )
        corners = cv2.boxPoints(
            ((float(center[0]), float(center[1])), size, float(rng.uniform(0, 180)))
        )
        color = (
            WOOD
            if board
            else ((178, 170, 158), (128, 78, 62), (58, 56, 56), (150, 132, 108))[rng.integers(4)]
        )
        shade = float(rng.uniform(0.6, 1.25)) * (0.45 if roof.condition == "burnt" else 1.0)
        points = np.round(corners * 8).astype(np.int32)
        scaled = tuple(float(c * shade) for c in color)
        cv2.fillConvexPoly(floor.albedo, points, scaled, cv2.LINE_8, 3)
        cv2.fillConvexPoly(floor.height, points, float(rng.uniform(0.05, 0.45)), cv2.LINE_8, 3)


def _hang_rafters(
    rng: np.random.Generator,
    house: Surface,
    hole: NDArray[np.bool_],
    past_edge: FloatImage,
    top_m: FloatImage,
    roof: Roof,
) -> None:
    """Leave joists from party wall to party wall: many near the rim, few in the middle, some broken off."""
    if roof.condition == "gone":
        past_edge = past_edge + 0.5
    height, width = house.shape
    spacing = float(rng.uniform(5.0, 7.0))
    color = CHARRED if roof.condition == "burnt" else WOOD if rng.random() < 0.7 else GRAY_WOOD
    reach = -0.3 if roof.condition == "sag" else float(rng.uniform(-0.15, 0.5))
    for y in np.arange(float(rng.uniform(0, spacing)), height - 1, spacing):
        row = int(y)
        broken = past_edge[row] + 0.35 * sample(rng, "cloud", (2, width))[0]
        alive = broken < reach * float(rng.choice([0.2, 1.0, 1.7]))
        here = hole[row] & alive
        tone = float(rng.uniform(0.75, 1.3))
        house.albedo[row, here] = np.array(color, np.float32) * tone
        house.height[row, here] = top_m[row, here] - 0.25
        if rng.random() < 0.5:
            house.albedo[row + 1, here] = np.array(color, np.float32) * tone * 0.85
            house.height[row + 1, here] = top_m[row, here] - 0.25
