"""Sound roofs: materials with their age."""

from dataclasses import dataclass

import numpy as np

from demo_city.noise import FloatImage, sample, unit
from demo_city.surface import Color, Surface, blank, mix, smooth_step, tint


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """How one kind of roofing looks from above."""

    name: str
    """What the trade calls it."""
    share: float
    """Relative frequency."""
    dark: Color
    """Darkest usual color."""
    light: Color
    """Lightest usual color."""
    mottle: float
    """Strength of cloudy unevenness."""
    grain: float
    """Strength of pixel-sized speckle."""
    lap: float
    """Darkness of the laps between strips; 0 for none."""
    wear: float
    """How readily it wears through to black felt."""


# fmt: off
BLACK_FELT = Material(
    name="black felt",     share=0.27, dark=(44, 45, 48),    light=(74, 73, 73),
    mottle=0.13, grain=0.07, lap=0.20, wear=0.0)
GRAY_FELT = Material(
    name="gray felt",      share=0.21, dark=(86, 87, 90),    light=(134, 132, 128),
    mottle=0.10, grain=0.06, lap=0.16, wear=0.35)
SILVER_COAT = Material(
    name="silver coat",    share=0.26, dark=(140, 147, 156), light=(196, 202, 210),
    mottle=0.08, grain=0.04, lap=0.42, wear=0.7)
GRAVEL = Material(
    name="gravel",         share=0.08, dark=(118, 112, 102), light=(158, 150, 138),
    mottle=0.09, grain=0.15, lap=0.0,  wear=0.3)
WHITE_MEMBRANE = Material(
    name="white membrane", share=0.09, dark=(205, 207, 208), light=(232, 232, 230),
    mottle=0.04, grain=0.02, lap=0.08, wear=0.1)
PAINTED_TIN = Material(
    name="painted tin",    share=0.05, dark=(112, 62, 52),   light=(146, 90, 74),
    mottle=0.10, grain=0.04, lap=0.25, wear=0.3)
SHINGLE = Material(
    name="shingle",        share=0.04, dark=(78, 72, 68),    light=(124, 116, 108),
    mottle=0.08, grain=0.12, lap=0.12, wear=0.1)
# fmt: on
MATERIALS = (
    BLACK_FELT,
    GRAY_FELT,
    SILVER_COAT,
    GRAVEL,
    WHITE_MEMBRANE,
    PAINTED_TIN,
    SHINGLE,
)
MEMBRANES = (WHITE_MEMBRANE, BLACK_FELT, GRAY_FELT)
"""What a repaired roof is covered with."""


def choose_material(rng: np.random.Generator) -> Material:
    """Draw a roofing material by its share."""
    shares = np.array([material.share for material in MATERIALS])
    return MATERIALS[int(rng.choice(len(MATERIALS), p=shares / shares.sum()))]


def paint_roofing(rng: np.random.Generator, shape: tuple[int, int], material: Material) -> Surface:
    """Paint a flat roof of one material, aged: strips, laps, worn spots, stains, puddles."""
    roof = blank(shape, _choose_tone(rng, material))

    factor = 1.0 + material.mottle * sample(rng, "cloud", shape, stretch=(0.7, 0.7))
    speckle = 0.6 * sample(rng, "white", shape) + 0.7 * sample(rng, "rough", shape)
    factor += material.grain * speckle
    tint(roof, factor, limits=(0.3, 1.8))

    if material.wear and rng.random() < 0.75:
        _wear_through(rng, roof, material)
    if material.lap:
        _paint_strips(rng, roof, material)
    _paint_streaks(rng, roof)
    if rng.random() < 0.45:
        _paint_puddles(rng, roof)
    _paint_patches(rng, roof)
    return roof


def _choose_tone(rng: np.random.Generator, material: Material) -> Color:
    """Draw a color between the darkest and the lightest."""
    dark = np.array(material.dark)
    red, green, blue = dark + rng.random() * (np.array(material.light) - dark)
    return float(red), float(green), float(blue)


def _wear_through(rng: np.random.Generator, roof: Surface, material: Material) -> None:
    """Let the black felt show in spots."""
    broad = sample(rng, "cloud", roof.shape)
    worn = unit(broad + 0.7 * sample(rng, "rough", roof.shape))
    start = float(rng.uniform(1.0, 2.4)) - material.wear
    mix(roof, 0.75 * smooth_step(worn, start, start + 0.9), (62, 60, 58))


def _paint_strips(rng: np.random.Generator, roof: Surface, material: Material) -> None:
    """Lay the roofing in strips: each of its own tone, with a lap line that fades in and out."""
    runs_down = rng.random() < 0.35
    height, width = roof.shape
    shape = (width, height) if runs_down else (height, width)

    pitch = float(rng.uniform(8.5, 10.5))
    if material is SHINGLE:
        pitch *= 0.55
    tones = _strip_tones(rng, shape, pitch, material.lap)

    tint(roof, np.clip(tones.T if runs_down else tones, 0.25, 1.5))


def _strip_tones(
    rng: np.random.Generator, shape: tuple[int, int], pitch: float, lap: float
) -> FloatImage:
    """Return the tones of strips that run along the second axis of `shape`."""
    across, length = shape
    edges = np.arange(float(rng.uniform(0, pitch)), across, pitch)
    edges += rng.normal(0, 0.5, len(edges))

    position = np.arange(across, dtype=np.float32)[:, None]
    wiggle = 0.7 * sample(rng, "cloud", (2, length), stretch=(1.0, 2.0))[:1]
    tones = np.ones(shape, np.float32)
    for edge in edges:
        tones[int(edge) :] *= 1.0 + 0.05 * lap * 4 * float(rng.normal())

        fade = np.clip(0.75 + 0.45 * sample(rng, "rough", (2, length))[:1], 0.1, 1.3)
        line = np.exp(-(((position - edge - wiggle) / float(rng.uniform(0.6, 1.1))) ** 2))
        tones *= 1.0 - np.clip(lap * fade * line, 0, 0.8)
    return tones


def _paint_streaks(rng: np.random.Generator, roof: Surface) -> None:
    """Add run-off streaks toward the rear."""
    streaks = sample(rng, "rough", roof.shape, stretch=(14.0, 1.0))
    strength = float(rng.uniform(0.02, 0.09))
    tint(roof, 1.0 + strength * streaks, limits=(0.6, 1.3))


def _paint_puddles(rng: np.random.Generator, roof: Surface) -> None:
    """Add the dark ground and the pale rim of dried puddles."""
    level = unit(sample(rng, "cloud", roof.shape, stretch=(1.6, 1.6)))
    rim = np.exp(-(((level - 1.0) / 0.12) ** 2)).astype(np.float32)

    mix(roof, float(rng.uniform(0.2, 0.55)) * smooth_step(level, 1.0, 1.35), (66, 62, 56))
    mix(roof, 0.25 * rim, (176, 170, 158))


def _paint_patches(rng: np.random.Generator, roof: Surface) -> None:
    """Add ragged patches of tar or silver paint."""
    for _ in range(int(rng.poisson(0.9))):
        height = int(rng.integers(6, 26))
        width = int(rng.integers(5, 20))
        y = int(rng.integers(0, max(1, roof.shape[0] - height)))
        x = int(rng.integers(0, max(1, roof.shape[1] - width)))
        color: Color = (56, 55, 55) if rng.random() < 0.7 else (172, 174, 176)

        ragged = unit(sample(rng, "rough", roof.shape))[y : y + height, x : x + width]
        mix(roof.crop(y, x, height, width), 0.7 * smooth_step(ragged, -1.6, -0.8), color)
