"""What is on roofs: parapets, chimneys, hatches, skylights, coolers, decks, solar panels, tarps."""

import numpy as np

from demo_city.noise import sample, unit
from demo_city.surface import Color, Surface, cover, mix, mix_evenly, smooth_step, tint

BRICK: tuple[Color, ...] = ((116, 70, 58), (134, 88, 72), (98, 62, 54), (150, 138, 124))
DECK_WOOD: tuple[Color, ...] = ((148, 112, 80), (128, 116, 104), (160, 150, 138), (110, 84, 66))
TARPS: tuple[Color, ...] = ((62, 104, 168), (70, 120, 150), (150, 148, 140), (64, 92, 74))


def add_small_things(rng: np.random.Generator, roof: Surface) -> None:
    """Put vents, a hatch, skylights and coolers on a flat roof."""
    for _ in range(int(rng.poisson(1.6))):
        vent = _random_spot(rng, roof, 2, 2)
        cover(vent, (60, 60, 62) if rng.random() < 0.5 else (190, 190, 190), rise_m=0.5)

    if rng.random() < 0.6:
        hatch = _random_spot(rng, roof, 9, 8)
        cover(hatch, _gray(rng, 60, 190), rise_m=0.35)
        tint(hatch, 1.0 + 0.06 * sample(rng, "white", hatch.shape))

    for _ in range(int(rng.choice([0, 1, 2], p=[0.62, 0.28, 0.1]))):
        _add_skylight(rng, roof)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.38, 0.12]))):
        _add_cooler(rng, roof)


def add_chimneys(rng: np.random.Generator, roof: Surface) -> None:
    """Put one to three chimneys on the left party wall."""
    for _ in range(int(rng.integers(1, 4))):
        y = int(rng.integers(4, max(5, roof.shape[0] - 12)))
        height = int(rng.integers(5, 10))
        width = int(rng.integers(4, 7))
        rise_m = float(rng.uniform(0.7, 1.5))

        stack = roof.crop(y, 0, height, width)
        cover(stack, BRICK[int(rng.integers(len(BRICK)))], rise_m=rise_m)
        tint(stack, 1.0 + 0.12 * sample(rng, "white", stack.shape))
        for flue in range(2, height - 2, 3):
            cover(stack.crop(flue, width // 2 - 1, 2, 2), (34, 30, 28))


def add_party_wall(
    rng: np.random.Generator, roof: Surface, *, parapet_m: float, tone: Color
) -> None:
    """Draw the wall on the lot's left side: a low parapet, or a smear of tar."""
    height = roof.shape[0]
    wall = roof.crop(0, 0, height, 3)
    uneven = 0.8 + 0.2 * sample(rng, "rough", (height, 2))[:, :1]
    mix(wall, np.repeat(np.clip(uneven, 0.2, 1.0), 3, axis=1).astype(np.float32), tone)
    wall.height[:] += parapet_m

    mix_evenly(roof.crop(0, 3, height, 1), 0.45, (52, 50, 50))


def add_cornice(rng: np.random.Generator, roof: Surface, *, tone: Color, rise_m: float) -> None:
    """Finish the street side: a pale or painted edge with a dark gutter behind it."""
    width = roof.shape[1]
    edge = roof.crop(0, 0, 3, width)
    cover(edge, tone, rise_m=rise_m)
    tint(edge, 1.0 + 0.07 * sample(rng, "rough", edge.shape))

    mix_evenly(roof.crop(3, 0, 2, width), 0.5, (58, 56, 54))


def add_deck(rng: np.random.Generator, roof: Surface) -> None:
    """Build a wooden roof deck: planks with dark gaps, a railing, a table and a few pots."""
    deck = _random_part(rng, roof, heights=(0.3, 0.5), widths=(0.7, 0.92), margin=2)
    cover(deck, DECK_WOOD[int(rng.integers(len(DECK_WOOD)))], rise_m=0.5)
    planks = np.ones(deck.shape, np.float32)
    planks[:, :: int(rng.integers(2, 4))] -= 0.16
    tint(deck, planks * (1.0 + 0.05 * sample(rng, "rough", deck.shape)))

    _add_railing(deck)
    for _ in range(int(rng.integers(1, 6))):
        side = int(rng.integers(3, 9))
        thing = _random_spot(rng, deck, side, side)
        cover(thing, _any_color(rng), rise_m=0.7)


def add_solar(rng: np.random.Generator, roof: Surface) -> None:
    """Lay rows of solar panels."""
    height, width = roof.shape
    rows = int(rng.integers(2, 5))
    columns = max(1, (width - 8) // 11)
    top = int(rng.integers(6, max(7, height - rows * 18)))

    for row in range(rows):
        for column in range(columns):
            panel = roof.crop(top + row * 18, 5 + column * 11, 16, 10)
            cover(panel, (34, 42, 66), rise_m=0.2)
            panel.albedo[::4, :] = (48, 58, 84)
            panel.albedo[[0, -1], :] = (120, 126, 134)


def add_tarp(rng: np.random.Generator, roof: Surface) -> None:
    """Stretch a wrinkled tarp over a part of the roof."""
    tarp = _random_part(rng, roof, heights=(0.25, 0.6), widths=(0.6, 1.0), margin=0)
    rows, columns = tarp.shape
    slant = np.add.outer(np.arange(rows) * 0.12, np.arange(columns) * 0.07).astype(np.float32)
    wrinkle = unit(sample(rng, "cloud", tarp.shape, stretch=(1.0, 3.0))) + 0.4 * np.sin(slant * 4)

    cover(tarp, TARPS[int(rng.integers(len(TARPS)))], rise_m=0.08)
    tint(tarp, 1.0 + 0.13 * wrinkle, limits=(0.5, 1.6))
    tarp.height[:] += (0.06 * wrinkle).astype(np.float32)


def add_tar_repair(rng: np.random.Generator, roof: Surface) -> None:
    """Smear tar over a leak: a black ragged blot that is no hole."""
    height, width = roof.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    y = rng.uniform(0.1, 0.9) * height
    x = rng.uniform(0.1, 0.9) * width

    blot = -np.hypot((rows - y) / (0.16 * height), (columns - x) / (0.3 * width))
    broad = 0.6 * unit(sample(rng, "cloud", roof.shape))
    blot += broad + 0.15 * unit(sample(rng, "rough", roof.shape))
    mix(roof, 0.85 * smooth_step(blot, -0.75, -0.55), (36, 35, 36))


def add_litter(rng: np.random.Generator, roof: Surface) -> None:
    """Scatter leaves, boards and rubbish over a roof that nobody sweeps."""
    broad = sample(rng, "cloud", roof.shape)
    leaves = unit(broad + 0.8 * sample(rng, "rough", roof.shape))
    mix(roof, 0.7 * smooth_step(leaves, 1.0, 1.9), (98, 80, 58))

    for _ in range(int(rng.integers(4, 16))):
        length = int(rng.integers(4, 18))
        breadth = int(rng.integers(1, 4))
        is_upright = rng.random() < 0.5
        tone = float(rng.uniform(60, 190))

        height = length if is_upright else breadth
        width = breadth if is_upright else length
        board = _random_spot(rng, roof, height, width)
        cover(board, (tone, 0.92 * tone, 0.8 * tone), rise_m=0.15)


def add_works(rng: np.random.Generator, roof: Surface) -> None:
    """Leave a sound roof half re-covered: bare sheathing, stacked lumber, torn-off felt."""
    height, width = roof.shape
    broad = unit(sample(rng, "cloud", roof.shape))
    strip = broad + 0.2 * unit(sample(rng, "rough", roof.shape))
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    apart = np.abs(rows - float(rng.uniform(0.2, 0.8)))
    bare = smooth_step((strip - 5.0 * apart).astype(np.float32), -1.6, -1.4)
    mix(roof, 0.9 * bare, (150, 130, 104) if rng.random() < 0.5 else (120, 112, 102))

    seams = np.zeros(roof.shape, np.float32)
    seams[:: int(rng.integers(4, 7))] = 0.5
    mix(roof, bare * seams, (70, 60, 50))

    for _ in range(int(rng.integers(6, 22))):
        board_height = int(rng.integers(1, 4))
        board_width = int(rng.integers(8, max(9, width - 8)))
        tone = float(rng.uniform(0.6, 1.2))
        board = _random_spot(rng, roof, board_height, board_width)
        cover(board, (176 * tone, 150 * tone, 118 * tone), rise_m=0.25)

    scraps = smooth_step(sample(rng, "rough", roof.shape) + 0.6 * bare, 1.7, 2.1)
    mix(roof, 0.8 * scraps, (46, 44, 44))


def _add_skylight(rng: np.random.Generator, roof: Surface) -> None:
    height = int(rng.integers(8, 16))
    width = int(rng.integers(7, 11))
    skylight = _random_spot(rng, roof, height, width)
    cover(skylight, _gray(rng, 130, 200), rise_m=0.25)

    glass = skylight.crop(1, 1, height - 2, width - 2)
    cover(glass, (70, 86, 98) if rng.random() < 0.5 else (214, 220, 222))


def _add_cooler(rng: np.random.Generator, roof: Surface) -> None:
    """Add a box with a round fan."""
    side = int(rng.integers(8, 13))
    cooler = _random_spot(rng, roof, side, side)
    cover(cooler, _gray(rng, 140, 205), rise_m=0.8)

    rows, columns = np.mgrid[: cooler.shape[0], : cooler.shape[1]]
    from_center = np.hypot(rows - side / 2 + 0.5, columns - side / 2 + 0.5).astype(np.float32)
    mix(cooler, 0.75 * smooth_step(-from_center, -side * 0.4, -side * 0.3), (52, 54, 56))


def _add_railing(deck: Surface) -> None:
    """Raise the edges of a deck, but for its left one at the party wall."""
    height, width = deck.shape
    rails = (
        deck.crop(0, 0, 1, width),
        deck.crop(height - 1, 0, 1, width),
        deck.crop(0, width - 1, height, 1),
    )
    for rail in rails:
        rail.height[:] += 1.0
        rail.albedo[:] *= 1.15


def _random_part(
    rng: np.random.Generator,
    roof: Surface,
    *,
    heights: tuple[float, float],
    widths: tuple[float, float],
    margin: int,
) -> Surface:
    """Return a view of a random part.

    Args:
        rng: Stream of the house.
        roof: What it is a part of.
        heights: Smallest and largest height, as shares of the roof's.
        widths: Smallest and largest width, as shares of the roof's.
        margin: Least distance from the upper and the left edge, pixels.
    """
    height = int(rng.uniform(*heights) * roof.shape[0])
    width = int(rng.uniform(*widths) * roof.shape[1])
    y = int(rng.integers(margin, max(margin + 1, roof.shape[0] - height)))
    x = int(rng.integers(margin, max(margin + 1, roof.shape[1] - width)))
    return roof.crop(y, x, height, width)


def _random_spot(rng: np.random.Generator, roof: Surface, height: int, width: int) -> Surface:
    """Return a view of a random place of a size, a pixel away from the edges."""
    y = int(rng.integers(1, max(2, roof.shape[0] - height - 1)))
    x = int(rng.integers(1, max(2, roof.shape[1] - width - 1)))
    return roof.crop(y, x, height, width)


def _gray(rng: np.random.Generator, low: int, high: int) -> Color:
    tone = float(rng.uniform(low, high))
    return tone, tone, tone * 1.01


def _any_color(rng: np.random.Generator) -> Color:
    red, green, blue = rng.uniform(70, 190) * rng.uniform(0.7, 1.25, 3)
    return float(red), float(green), float(blue)
