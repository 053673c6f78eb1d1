"""Everything on the ground: asphalt, sidewalks, the alley, yards with their fences and sheds, cars."""

import cv2
import numpy as np

from demo_city.layout import ALLEY_M, BLOCK_HEIGHT_M, BLOCK_WIDTH_M, LOT_DEPTH_M, STREET_HALF_M
from demo_city.noise import FloatImage, sample, sample_at, unit
from demo_city.surface import PX_PER_M, Color, Surface, blank, box, mix, smooth_step, tint

MARGIN_PX = 5
ROADWAY_HALF_M = 3.9
GRASS: Color = (118, 114, 80)
DIRT: Color = (134, 118, 96)
CONCRETE: Color = (168, 164, 156)
ASPHALT: Color = (108, 108, 110)
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


def paint_ground(rng: np.random.Generator, hood_origin_px: tuple[int, int]) -> Surface:
    """Paint a block's streets, sidewalks and alley; `hood_origin_px` makes the asphalt run on next door."""
    shape = (
        round(BLOCK_HEIGHT_M * PX_PER_M) + 2 * MARGIN_PX,
        round(BLOCK_WIDTH_M * PX_PER_M) + 2 * MARGIN_PX,
    )
    ground = blank(shape, ASPHALT)
    broad, fine = (
        sample_at("cloud", hood_origin_px, shape),
        sample_at("rough", hood_origin_px, shape),
    )
    speckle = sample_at("white", hood_origin_px, shape)
    tint(
        ground,
        np.clip(1 + 0.05 * broad + 0.04 * fine + 0.035 * speckle, 0.6, 1.5).astype(np.float32),
    )
    _paint_tar_lines(rng, ground)
    walk, half = _px(ROADWAY_HALF_M), _px(STREET_HALF_M)
    inner = ground.crop(
        MARGIN_PX + walk,
        MARGIN_PX + walk,
        shape[0] - 2 * (MARGIN_PX + walk),
        shape[1] - 2 * (MARGIN_PX + walk),
    )
    _paint_sidewalk(rng, inner)
    block = ground.crop(
        MARGIN_PX + half,
        MARGIN_PX + half,
        shape[0] - 2 * (MARGIN_PX + half),
        shape[1] - 2 * (MARGIN_PX + half),
    )
    alley = block.crop(_px(LOT_DEPTH_M), 0, _px(ALLEY_M), block.shape[1])
    alley.albedo[:] = (142, 138, 132)
    _roughen(rng, alley, 0.09)
    streak = sample(rng, "rough", alley.shape, stretch=(1.0, 12.0))
    tint(alley, np.clip(1 + 0.07 * streak, 0.6, 1.4).astype(np.float32))
    return ground


def paint_yard(rng: np.random.Generator, yard: Surface, *, neglected: bool) -> None:
    """Paint a rear yard: grass, dirt or concrete, a fence, perhaps a shed, a car, bushes, rubbish."""
    height, width = yard.shape
    if height < 4 or width < 4:
        return
    kinds: tuple[Color, ...] = (GRASS, DIRT, CONCRETE, (122, 118, 112), (96, 92, 70))
    odds = [0.32, 0.3, 0.08, 0.08, 0.22] if neglected else [0.26, 0.14, 0.36, 0.18, 0.06]
    yard.albedo[:] = kinds[int(rng.choice(len(kinds), p=odds))]
    _roughen(rng, yard, 0.16)
    _grow(rng, yard, share=0.45 if neglected else 0.2)
    for _ in range(int(rng.poisson(5.0 if neglected else 1.5))):
        h, w = (int(v) for v in rng.integers(2, 8, 2))
        tone = rng.uniform(60, 200) * rng.uniform(0.8, 1.15, 3)
        y, x = int(rng.integers(0, height)), int(rng.integers(0, width))
        box(yard, y, x, h, w, color=(float(tone[0]), float(tone[1]), float(tone[2])), rise_m=0.4)
    if rng.random() < 0.16 and height > 30 and width > 28:
        shed = box(yard, height - 26, width - 26, 22, 22, color=(120, 116, 112), rise_m=2.3)
        tint(shed, 1 + 0.08 * sample(rng, "rough", shed.shape))
    elif rng.random() < 0.25 and height > 52 and width > 30 and not neglected:
        park_car(rng, yard, height - 50, (width - 19) // 2, lengthwise=True)
    fence_m = float(rng.choice([0.0, 1.2, 1.9], p=[0.25, 0.4, 0.35]))
    if fence_m:
        for fence in (yard.crop(0, 0, height, 1), yard.crop(height - 1, 0, 1, width)):
            fence.albedo[:] = (150, 138, 120) if rng.random() < 0.6 else (96, 92, 88)
            fence.height[:] += fence_m


def paint_cleared_lot(rng: np.random.Generator, lot: Surface) -> None:
    """Paint the lot of a razed house: thin grass over rubble-strewn dirt, a trodden path."""
    lot.albedo[:] = DIRT
    _roughen(rng, lot, 0.12)
    cover = unit(sample(rng, "cloud", lot.shape) + 0.7 * sample(rng, "rough", lot.shape))
    mix(lot, 0.85 * smooth_step(cover, float(rng.uniform(-1.6, 0.3)), 1.0), (112, 112, 74))
    scraps = smooth_step(sample(rng, "white", lot.shape), 2.3, 3.0)
    mix(lot, 0.7 * cv2.GaussianBlur(scraps, (0, 0), 0.7) * 1.5, (186, 176, 162))
    lot.height[:] += np.maximum(0.08 * cover, 0)
    if rng.random() < 0.4:
        path = lot.crop(0, int(rng.uniform(0.2, 0.7) * lot.shape[1]), lot.shape[0], 7)
        mix(path, np.full(path.shape, 0.5, np.float32), (158, 142, 116))


def paint_front_yard(rng: np.random.Generator, yard: Surface) -> None:
    """Paint a lawn with a concrete walk to the door."""
    yard.albedo[:] = GRASS
    _roughen(rng, yard, 0.12)
    _grow(rng, yard, share=0.12)
    walk = yard.crop(0, yard.shape[1] // 2 - 5, yard.shape[0], 10)
    mix(walk, np.full(walk.shape, 0.9, np.float32), CONCRETE)


def park_cars(rng: np.random.Generator, ground: Surface) -> None:
    """Park cars along the curbs of the two long streets and drive a few down the middle."""
    height, width = ground.shape
    for y in (MARGIN_PX + _px(ROADWAY_HALF_M) - 21, height - MARGIN_PX - _px(ROADWAY_HALF_M) + 2):
        x = float(rng.uniform(70, 110))
        while x < width - 120:
            if rng.random() < 0.52:
                park_car(rng, ground, y + int(rng.integers(-1, 2)), int(x), lengthwise=False)
            x += float(rng.uniform(52, 66))
    for x in (MARGIN_PX + _px(ROADWAY_HALF_M) - 21, width - MARGIN_PX - _px(ROADWAY_HALF_M) + 2):
        for y in range(80, height - 120, 60):
            if rng.random() < 0.25:
                park_car(rng, ground, y, x, lengthwise=True)


def park_car(
    rng: np.random.Generator, ground: Surface, y: int, x: int, *, lengthwise: bool
) -> None:
    """Put a car down: body, darker glass, a paler roof, corners rounded."""
    length, breadth = int(rng.integers(42, 51)), int(rng.integers(17, 20))
    body = np.zeros((breadth, length), np.float32)
    cv2.rectangle(body, (2, 0), (length - 3, breadth - 1), 1.0, -1)
    cv2.rectangle(body, (0, 3), (length - 1, breadth - 4), 1.0, -1)
    color = np.array(CAR_COLORS[int(rng.integers(len(CAR_COLORS)))], np.float32)
    paint = np.broadcast_to(color, (*body.shape, 3)).copy()
    cabin = slice(2, breadth - 2), slice(int(0.27 * length), int(0.82 * length))
    top = slice(3, breadth - 3), slice(int(0.38 * length), int(0.7 * length))
    paint[cabin], paint[top] = (38, 42, 48), color * 1.04 + 6
    rise = body * 0.8
    rise[cabin], rise[top] = 1.15, 1.45
    if lengthwise:
        body, paint, rise = body.T, paint.transpose(1, 0, 2), rise.T
    spot = ground.crop(y, x, *body.shape)
    here = (body > 0)[: spot.shape[0], : spot.shape[1]]
    spot.albedo[here] = paint[: spot.shape[0], : spot.shape[1]][here]
    spot.height[here] += rise[: spot.shape[0], : spot.shape[1]][here]


def _paint_sidewalk(rng: np.random.Generator, inner: Surface) -> None:
    inner.albedo[:] = (174, 170, 162)
    _roughen(rng, inner, 0.05)
    inner.height[:] += 0.12
    inner.albedo[:, ::15] *= 0.86
    for row in (13, 26, -14, -27):
        inner.albedo[row] *= 0.88
    inner.albedo[[0, 1, -2, -1]] *= 1.1
    slabs = rng.normal(1.0, 0.045, (2, inner.shape[1] // 15 + 1)).astype(np.float32)
    tone = np.repeat(slabs, 15, axis=1)[:, : inner.shape[1], None]
    inner.albedo[:26] *= tone[0]
    inner.albedo[-26:] *= tone[1]


def _paint_tar_lines(rng: np.random.Generator, ground: Surface) -> None:
    """Seal cracks in the asphalt and cut a few utility patches."""
    height, width = ground.shape
    for _ in range(12):
        along = (
            np.cumsum(rng.normal(0, 1.3, 40))
            + float(rng.choice([20, height - 20]))
            + float(rng.uniform(-14, 14))
        )
        start = float(rng.uniform(0, width - 200))
        points = np.stack(
            [np.linspace(start, start + float(rng.uniform(80, 300)), 40), along], axis=1
        )
        cv2.polylines(
            ground.albedo,
            [np.round(points * 8).astype(np.int32)],
            False,
            (70, 70, 72),
            1,
            cv2.LINE_AA,
            3,
        )
    for _ in range(5):
        y, x = int(rng.choice([8, height - 30])), int(rng.integers(0, width - 60))
        patch = ground.crop(y, x, int(rng.integers(10, 22)), int(rng.integers(15, 60)))
        tint(patch, np.full(patch.shape, float(rng.uniform(0.78, 1.12)), np.float32))


def _roughen(rng: np.random.Generator, piece: Surface, strength: float) -> None:
    broad, fine = sample(rng, "cloud", piece.shape), sample(rng, "rough", piece.shape)
    factor: FloatImage = 1 + strength * broad + 0.7 * strength * fine
    tint(piece, np.clip(factor, 0.35, 1.7).astype(np.float32))


def _grow(rng: np.random.Generator, piece: Surface, *, share: float) -> None:
    """Let weeds and bushes grow: brown-green, knee to head high."""
    field = unit(
        sample(rng, "cloud", piece.shape, stretch=(0.6, 0.6))
        + 0.6 * sample(rng, "rough", piece.shape)
    )
    start = float(np.quantile(field, 1 - share))
    green = smooth_step(field, start, start + 0.7)
    mix(piece, 0.75 * green, (92, 92, 64) if rng.random() < 0.6 else (104, 92, 68))
    crowns = cv2.GaussianBlur(
        np.clip(0.5 + 0.5 * sample(rng, "rough", piece.shape), 0, 2), (0, 0), 1.0
    )
    piece.height[:] += float(rng.choice([0.15, 0.4, 0.9], p=[0.5, 0.35, 0.15])) * green * crowns


def _px(meters: float) -> int:
    return round(meters * PX_PER_M)
