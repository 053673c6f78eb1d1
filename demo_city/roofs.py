"""Sound roofs: materials with their age, and what stands on them."""

from dataclasses import dataclass

import numpy as np

from demo_city.noise import sample, unit
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


MATERIALS = (
    Material(
        name="black felt",
        share=0.27,
        dark=(44, 45, 48),
        light=(74, 73, 73),
        mottle=0.13,
        grain=0.07,
        lap=0.20,
        wear=0.0,
    ),
    Material(
        name="gray felt",
        share=0.21,
        dark=(86, 87, 90),
        light=(134, 132, 128),
        mottle=0.10,
        grain=0.06,
        lap=0.16,
        wear=0.35,
    ),
    Material(
        name="silver coat",
        share=0.26,
        dark=(140, 147, 156),
        light=(196, 202, 210),
        mottle=0.08,
        grain=0.04,
        lap=0.42,
        wear=0.7,
    ),
    Material(
        name="gravel",
        share=0.08,
        dark=(118, 112, 102),
        light=(158, 150, 138),
        mottle=0.09,
        grain=0.15,
        lap=0.0,
        wear=0.3,
    ),
    Material(
        name="white membrane",
        share=0.09,
        dark=(205, 207, 208),
        light=(232, 232, 230),
        mottle=0.04,
        grain=0.02,
        lap=0.08,
        wear=0.1,
    ),
    Material(
        name="painted tin",
        share=0.05,
        dark=(112, 62, 52),
        light=(146, 90, 74),
        mottle=0.10,
        grain=0.04,
        lap=0.25,
        wear=0.3,
    ),
    Material(
        name="shingle",
        share=0.04,
        dark=(78, 72, 68),
        light=(124, 116, 108),
        mottle=0.08,
        grain=0.12,
        lap=0.12,
        wear=0.1,
    ),
)
MEMBRANES = (MATERIALS[4], MATERIALS[0], MATERIALS[1])
SHINGLE = MATERIALS[6]


def choose_material(rng: np.random.Generator) -> Material:
    """Draw a roofing material by its share."""
    shares = np.array([m.share for m in MATERIALS])
    return MATERIALS[int(rng.choice(len(MATERIALS), p=shares / shares.sum()))]


def paint_roofing(rng: np.random.Generator, shape: tuple[int, int], material: Material) -> Surface:
    """Paint a flat roof of one material, aged: strips, laps, worn spots, stains and ponding."""
    tone = np.array(material.dark) + rng.random() * (
        np.array(material.light) - np.array(material.dark)
    )
    roof = blank(shape, (float(tone[0]), float(tone[1]), float(tone[2])))
    factor = 1.0 + material.mottle * sample(rng, "cloud", shape, stretch=(0.7, 0.7))
    factor += material.grain * (
        0.6 * sample(rng, "white", shape) + 0.7 * sample(rng, "rough", shape)
    )
    tint(roof, np.clip(factor, 0.3, 1.8).astype(np.float32))
    if material.wear and rng.random() < 0.75:
        worn = unit(sample(rng, "cloud", shape) + 0.7 * sample(rng, "rough", shape))
        start = float(rng.uniform(1.0, 2.4)) - material.wear
        mix(roof, 0.75 * smooth_step(worn, start, start + 0.9), (62, 60, 58))
    if material.lap:
        _paint_strips(rng, roof, material)
    _paint_stains(rng, roof)
    return roof


def _paint_strips(rng: np.random.Generator, roof: Surface, material: Material) -> None:
    """Lay the roofing in strips: each of its own tone, with a lap line that fades in and out."""
    height, width = roof.shape
    along_y = rng.random() < 0.35
    length, across = (height, width) if along_y else (width, height)
    pitch = float(rng.uniform(8.5, 10.5)) * (0.55 if material.name == "shingle" else 1.0)
    edges = np.arange(float(rng.uniform(0, pitch)), across, pitch)
    edges += rng.normal(0, 0.5, len(edges))
    tones = np.ones((across, length), np.float32)
    position = np.arange(across, dtype=np.float32)[:, None]
    wiggle = 0.7 * sample(rng, "cloud", (2, length), stretch=(1.0, 2.0))[:1]
    for edge in edges:
        tones[int(edge) :] *= 1.0 + 0.05 * material.lap * 4 * float(rng.normal())
        fade = np.clip(0.75 + 0.45 * sample(rng, "rough", (2, length))[:1], 0.1, 1.3)
        line = np.exp(-(((position - edge - wiggle) / float(rng.uniform(0.6, 1.1))) ** 2))
        tones *= 1.0 - np.clip(material.lap * fade * line, 0, 0.8)
    tint(roof, np.clip(tones.T if along_y else tones, 0.25, 1.5))


def _paint_stains(rng: np.random.Generator, roof: Surface) -> None:
    """Add run-off streaks toward the rear, ponding rings, tarred patches."""
    height, width = roof.shape
    streaks = sample(rng, "rough", roof.shape, stretch=(14.0, 1.0))
    tint(roof, np.clip(1.0 + float(rng.uniform(0.02, 0.09)) * streaks, 0.6, 1.3).astype(np.float32))
    if rng.random() < 0.45:
        level = unit(sample(rng, "cloud", roof.shape, stretch=(1.6, 1.6)))
        pond = smooth_step(level, 1.0, 1.35)
        rim = np.exp(-(((level - 1.0) / 0.12) ** 2)).astype(np.float32)
        mix(roof, float(rng.uniform(0.2, 0.55)) * pond, (66, 62, 56))
        mix(roof, 0.25 * rim, (176, 170, 158))
    for _ in range(int(rng.poisson(0.9))):
        h, w = int(rng.integers(6, 26)), int(rng.integers(5, 20))
        y, x = int(rng.integers(0, max(1, height - h))), int(rng.integers(0, max(1, width - w)))
        shade: Color = (56, 55, 55) if rng.random() < 0.7 else (172, 174, 176)
        ragged = unit(sample(rng, "rough", roof.shape))[y : y + h, x : x + w]
        mix(roof.crop(y, x, h, w), 0.7 * smooth_step(ragged, -1.6, -0.8), shade)
