"""What stands on roofs: parapets, chimneys, hatches, skylights, coolers, decks, solar panels, tarps."""

import numpy as np

from demo_city.noise import sample, unit
from demo_city.surface import Color, Surface, box, mix, smooth_step, tint

BRICK: tuple[Color, ...] = ((116, 70, 58), (134, 88, 72), (98, 62, 54), (150, 138, 124))


def add_small_things(rng: np.random.Generator, roof: Surface) -> None:
    """Put vents, a hatch, skylights and coolers on a flat roof."""
    for _ in range(int(rng.poisson(1.6))):
        y, x = _place(rng, roof, 2, 2)
        box(
            roof,
            y,
            x,
            2,
            2,
            color=(60, 60, 62) if rng.random() < 0.5 else (190, 190, 190),
            rise_m=0.5,
        )
    if rng.random() < 0.6:
        y, x = _place(rng, roof, 9, 8)
        lid = box(roof, y, x, 9, 8, color=_gray(rng, 60, 190), rise_m=0.35)
        tint(lid, 1.0 + 0.06 * sample(rng, "white", lid.shape))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.62, 0.28, 0.1]))):
        h, w = int(rng.integers(8, 16)), int(rng.integers(7, 11))
        y, x = _place(rng, roof, h, w)
        box(roof, y, x, h, w, color=_gray(rng, 130, 200), rise_m=0.25)
        box(
            roof,
            y + 1,
            x + 1,
            h - 2,
            w - 2,
            color=(70, 86, 98) if rng.random() < 0.5 else (214, 220, 222),
        )
    for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.38, 0.12]))):
        _add_cooler(rng, roof)


def add_chimneys(rng: np.random.Generator, roof: Surface) -> None:
    """Stand one to three chimneys on the left party wall."""
    for _ in range(int(rng.integers(1, 4))):
        y = int(rng.integers(4, max(5, roof.shape[0] - 12)))
        h, w = int(rng.integers(5, 10)), int(rng.integers(4, 7))
        rise_m = float(rng.uniform(0.7, 1.5))
        stack = box(roof, y, 0, h, w, color=BRICK[int(rng.integers(len(BRICK)))], rise_m=rise_m)
        tint(stack, 1.0 + 0.12 * sample(rng, "white", stack.shape))
        for flue in range(2, h - 2, 3):
            box(roof, y + flue, w // 2 - 1, 2, 2, color=(34, 30, 28))


def add_party_wall(
    rng: np.random.Generator, roof: Surface, *, parapet_m: float, tone: Color
) -> None:
    """Draw the wall on the lot's left side: a low parapet, or a smear of tar."""
    wall = roof.crop(0, 0, roof.shape[0], 3)
    uneven = 0.8 + 0.2 * sample(rng, "rough", (roof.shape[0], 2))[:, :1]
    mix(wall, np.repeat(np.clip(uneven, 0.2, 1.0), 3, axis=1).astype(np.float32), tone)
    wall.height[:] += parapet_m
    mix(
        roof.crop(0, 3, roof.shape[0], 1),
        np.full((roof.shape[0], 1), 0.45, np.float32),
        (52, 50, 50),
    )


def add_cornice(rng: np.random.Generator, roof: Surface, *, tone: Color, rise_m: float) -> None:
    """Finish the street side with a cornice: a pale or painted edge and a dark gutter behind it."""
    edge = box(roof, 0, 0, 3, roof.shape[1], color=tone, rise_m=rise_m)
    tint(edge, 1.0 + 0.07 * sample(rng, "rough", edge.shape))
    gutter = roof.crop(3, 0, 2, roof.shape[1])
    mix(gutter, np.full(gutter.shape, 0.5, np.float32), (58, 56, 54))


def add_deck(rng: np.random.Generator, roof: Surface) -> None:
    """Build a wooden roof deck: planks with dark gaps, a railing, a table and a few pots."""
    height, width = roof.shape
    h, w = int(rng.uniform(0.3, 0.5) * height), int(rng.uniform(0.7, 0.92) * width)
    y, x = int(rng.integers(2, max(3, height - h))), int(rng.integers(2, max(3, width - w)))
    wood: Color = ((148, 112, 80), (128, 116, 104), (160, 150, 138), (110, 84, 66))[
        int(rng.integers(4))
    ]
    deck = box(roof, y, x, h, w, color=wood, rise_m=0.5)
    planks = np.ones(deck.shape, np.float32)
    planks[:, :: int(rng.integers(2, 4))] -= 0.16
    tint(deck, planks * (1.0 + 0.05 * sample(rng, "rough", deck.shape)))
    for rail in (
        deck.crop(0, 0, 1, w),
        deck.crop(deck.shape[0] - 1, 0, 1, w),
        deck.crop(0, deck.shape[1] - 1, h, 1),
    ):
        rail.height[:] += 1.0
        rail.albedo[:] *= 1.15
    for _ in range(int(rng.integers(1, 6))):
        size = int(rng.integers(3, 9))
        spot = _place(rng, deck, size, size)
        box(deck, *spot, size, size, color=_any_color(rng), rise_m=0.7)


def add_solar(rng: np.random.Generator, roof: Surface) -> None:
    """Lay rows of solar panels."""
    height, width = roof.shape
    rows, across = int(rng.integers(2, 5)), max(1, (width - 8) // 11)
    y0 = int(rng.integers(6, max(7, height - rows * 18)))
    for row in range(rows):
        for column in range(across):
            panel = box(
                roof, y0 + row * 18, 5 + column * 11, 16, 10, color=(34, 42, 66), rise_m=0.2
            )
            panel.albedo[::4, :] = (48, 58, 84)
            panel.albedo[[0, -1], :] = (120, 126, 134)


def add_tarp(rng: np.random.Generator, roof: Surface) -> None:
    """Stretch a wrinkled tarp over a part of the roof."""
    height, width = roof.shape
    h, w = int(rng.uniform(0.25, 0.6) * height), int(rng.uniform(0.6, 1.0) * width)
    y, x = int(rng.integers(0, max(1, height - h))), int(rng.integers(0, max(1, width - w)))
    shape = roof.crop(y, x, h, w).shape
    slant = np.add.outer(np.arange(shape[0]) * 0.12, np.arange(shape[1]) * 0.07).astype(np.float32)
    wrinkle = unit(sample(rng, "cloud", shape, stretch=(1.0, 3.0))) + 0.4 * np.sin(slant * 4)
    color: Color = ((62, 104, 168), (70, 120, 150), (150, 148, 140), (64, 92, 74))[
        int(rng.integers(4))
    ]
    tarp = box(roof, y, x, h, w, color=color, rise_m=0.08)
    tint(tarp, np.clip(1.0 + 0.13 * wrinkle, 0.5, 1.6).astype(np.float32))
    tarp.height[:] += (0.06 * wrinkle).astype(np.float32)


def add_tar_repair(rng: np.random.Generator, roof: Surface) -> None:
    """Smear tar over a leak: a black ragged blot that is no hole."""
    height, width = roof.shape
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    y0, x0 = rng.uniform(0.1, 0.9) * height, rng.uniform(0.1, 0.9) * width
    blot = -np.hypot((ys - y0) / (0.16 * height), (xs - x0) / (0.3 * width))
    blot += 0.6 * unit(sample(rng, "cloud", roof.shape)) + 0.15 * unit(
        sample(rng, "rough", roof.shape)
    )
    mix(roof, 0.85 * smooth_step(blot, -0.75, -0.55), (36, 35, 36))


def add_litter(rng: np.random.Generator, roof: Surface) -> None:
    """Leave leaves, boards and rubbish lying on a roof that nobody sweeps."""
    leaves = unit(sample(rng, "cloud", roof.shape) + 0.8 * sample(rng, "rough", roof.shape))
    mix(roof, 0.7 * smooth_step(leaves, 1.0, 1.9), (98, 80, 58))
    for _ in range(int(rng.integers(4, 16))):
        long, short = int(rng.integers(4, 18)), int(rng.integers(1, 4))
        h, w = (long, short) if rng.random() < 0.5 else (short, long)
        tone = float(rng.uniform(60, 190))
        box(
            roof, *_place(rng, roof, h, w), h, w, color=(tone, 0.92 * tone, 0.8 * tone), rise_m=0.15
        )


def add_works(rng: np.random.Generator, roof: Surface) -> None:
    """Leave a sound roof half re-covered: bare sheathing with board seams, stacked lumber, torn-off felt."""
    height, width = roof.shape
    strip = unit(sample(rng, "cloud", roof.shape)) + 0.2 * unit(sample(rng, "rough", roof.shape))
    ys = np.arange(height, dtype=np.float32)[:, None] / height
    bare = smooth_step(
        (strip - 5.0 * np.abs(ys - float(rng.uniform(0.2, 0.8)))).astype(np.float32), -1.6, -1.4
    )
    mix(roof, 0.9 * bare, (150, 130, 104) if rng.random() < 0.5 else (120, 112, 102))
    seams = np.zeros(roof.shape, np.float32)
    seams[:: int(rng.integers(4, 7))] = 0.5
    mix(roof, bare * seams, (70, 60, 50))
    for _ in range(int(rng.integers(6, 22))):
        h, w = int(rng.integers(1, 4)), int(rng.integers(8, max(9, width - 8)))
        tone = float(rng.uniform(0.6, 1.2))
        box(
            roof,
            *_place(rng, roof, h, w),
            h,
            w,
            color=(176 * tone, 150 * tone, 118 * tone),
            rise_m=0.25,
        )
    scraps = smooth_step(sample(rng, "rough", roof.shape) + 0.6 * bare, 1.7, 2.1)
    mix(roof, 0.8 * scraps, (46, 44, 44))


def _add_cooler(rng: np.random.Generator, roof: Surface) -> None:
    size = int(rng.integers(8, 13))
    y, x = _place(rng, roof, size, size)
    unit_box = box(roof, y, x, size, size, color=_gray(rng, 140, 205), rise_m=0.8)
    ys, xs = np.mgrid[: unit_box.shape[0], : unit_box.shape[1]]
    fan = np.hypot(ys - size / 2 + 0.5, xs - size / 2 + 0.5).astype(np.float32)
    mix(unit_box, 0.75 * smooth_step(-fan, -size * 0.4, -size * 0.3), (52, 54, 56))


def _place(rng: np.random.Generator, roof: Surface, height: int, width: int) -> tuple[int, int]:
    return (
        int(rng.integers(1, max(2, roof.shape[0] - height - 1))),
        int(rng.integers(1, max(2, roof.shape[1] - width - 1))),
    )


def _gray(rng: np.random.Generator, low: int, high: int) -> Color:
    tone = float(rng.uniform(low, high))
    return tone, tone, tone * 1.01


def _any_color(rng: np.random.Generator) -> Color:
    red, green, blue = rng.uniform(70, 190) * rng.uniform(0.7, 1.25, 3)
    return float(red), float(green), float(blue)
