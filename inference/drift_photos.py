"""Signs in the photos themselves: focus, light, haze, color, season, and what the network sees.

The limits were measured on real flyovers of several sensors, seasons and kinds of light, and on
copies of a synthetic city that were blurred, hazed and recolored (see docs/data_scientist.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from inference.drift import Grade, Limits, Seen, Sign
from models.flyover_stats import FlyoverStats
from models.measures import MEASURES

SHARPNESS = Limits(caution=1.4, stop=3.1)
"""The finest detail of the least sharp training flyover, divided by that of this one."""
LIGHT = Limits(caution=50)
"""Gray levels beyond those of the training flyovers."""
HAZE = Limits(caution=1.8, stop=4)
"""The contrast of the training flyover with the least, divided by that of this one."""
COLOR = Limits(caution=60)
"""Gray levels of red less blue beyond those of the training flyovers."""
SATURATION = Limits(caution=0.35)
"""Share of full color beyond those of the training flyovers."""
GREENNESS = Limits(caution=30)
"""Gray levels of green less the other colors beyond those of the training flyovers."""
DISTANCE = Limits(caution=0.8, stop=1.6)
"""Spreads from roof to roof between this flyover's mean and the nearest training flyover's."""
NEAR = 0.05
"""Floor of a ratio's divisor."""
OF_MEASURES = slice(0, len(MEASURES))
OF_NETWORK = slice(len(MEASURES), None)


@dataclass(frozen=True, kw_only=True)
class Named:
    """A sign that lies in the mean of one measure."""

    name: str
    """Plain name."""
    measure: str
    """Which measure, of `MEASURES`."""
    unit: str
    """Unit, in words."""
    digits: int
    """Decimals that people see."""
    limits: Limits
    """Of how far it lies outside what was seen in training."""
    less: str
    """What a lower value looks like."""
    more: str
    """What a higher value looks like."""


NAMED = (
    Named(
        name="light",
        measure="brightness",
        unit="gray levels",
        digits=0,
        limits=LIGHT,
        less="darker",
        more="brighter",
    ),
    Named(
        name="color cast",
        measure="warmth",
        unit="gray levels of red less blue",
        digits=0,
        limits=COLOR,
        less="bluer",
        more="warmer",
    ),
    Named(
        name="saturation",
        measure="saturation",
        unit="share of full color",
        digits=2,
        limits=SATURATION,
        less="grayer",
        more="more colorful",
    ),
    Named(
        name="season",
        measure="greenness",
        unit="gray levels of green",
        digits=0,
        limits=GREENNESS,
        less="less green",
        more="greener",
    ),
)


def photo_signs(seen: Seen) -> Iterator[Sign]:
    """Yield every sign in the photos; there must be a training flyover."""
    yield sharpness_sign(seen)
    yield haze_sign(seen)
    for named in NAMED:
        yield named_sign(seen, named)
    yield distance_sign(seen)


def sharpness(stats: FlyoverStats) -> float:
    """Return the finest detail of the roofs as a share of their contrast.

    Light, haze and color change detail and contrast alike; only focus and scale part them.
    """
    detail = _mean(stats, "fine_texture")
    return float(np.exp(detail / 2) / max(_mean(stats, "contrast"), NEAR))


def sharpness_sign(seen: Seen) -> Sign:
    """Compare the finest detail with the least sharp training flyover; sharper ones are fine."""
    value = sharpness(seen.stats)
    before = tuple(sharpness(stats) for stats in seen.flyovers)
    beyond = min(before) / max(value, NEAR / 100)

    return Sign(
        name="sharpness",
        value=value,
        unit="finest detail, share of the contrast",
        seen=before,
        grade=SHARPNESS.grade(beyond),
        text=(
            f"The finest detail is {value:.2f} of the contrast; {_range(before, 2)} in training"
            f"{_softer(beyond)}."
        ),
    )


def haze_sign(seen: Seen) -> Sign:
    """Compare the contrast of roofs with the training flyover that has the least."""
    value = _mean(seen.stats, "contrast")
    before = tuple(_mean(stats, "contrast") for stats in seen.flyovers)

    return Sign(
        name="haze",
        value=value,
        unit="contrast of a roof, gray levels",
        seen=before,
        grade=HAZE.grade(min(before) / max(value, NEAR)),
        text=f"The contrast of a roof is {value:.0f} gray levels; {_range(before, 0)} in training.",
    )


def named_sign(seen: Seen, named: Named) -> Sign:
    """Compare the mean of one measure with its range over the training flyovers."""
    value = _mean(seen.stats, named.measure)
    before = tuple(_mean(stats, named.measure) for stats in seen.flyovers)
    below = min(before) - value
    above = value - max(before)
    grade = named.limits.grade(max(below, above))

    words = ""
    if grade != Grade.GO:
        words = f": {named.less if below > above else named.more} than any of them"
    title = named.name.capitalize()
    return Sign(
        name=named.name,
        value=value,
        unit=named.unit,
        seen=before,
        grade=grade,
        text=(
            f"{title} is {value:.{named.digits}f} {named.unit}; "
            f"{_range(before, named.digits)} in training{words}."
        ),
    )


def distance(stats: FlyoverStats, other: FlyoverStats) -> float:
    """Return how far the means of two flyovers lie apart, in spreads from roof to roof.

    It is the root mean square over the features of the network, so that 0.1 is a tenth of what
    two roofs of one flyover differ by, and 1 as much as that.
    """
    spread = np.sqrt((stats.spread**2 + other.spread**2) / 2)
    apart = (stats.center - other.center) / spread
    columns = OF_NETWORK if len(apart) > len(MEASURES) else OF_MEASURES
    return float(np.sqrt(np.mean(apart[columns] ** 2)))


def distance_sign(seen: Seen) -> Sign:
    """Compare what the network sees with the nearest training flyover."""
    value = min(distance(seen.stats, stats) for stats in seen.flyovers)
    among = tuple(_nearest_other(seen.flyovers))

    others = "there is one training flyover only"
    if among:
        others = f"the training flyovers lie {_range(among, 2)} from each other"
    return Sign(
        name="distance",
        value=value,
        unit="spreads from roof to roof",
        seen=among,
        grade=DISTANCE.grade(value),
        text=(
            f"To the network the roofs lie {value:.2f} spreads from the nearest training flyover; "
            f"{others}."
        ),
    )


def _mean(stats: FlyoverStats, measure: str) -> float:
    return float(stats.center[MEASURES.index(measure)])


def _nearest_other(flyovers: Sequence[FlyoverStats]) -> Iterator[float]:
    """Yield how far each training flyover lies from the nearest of the others."""
    for stats in flyovers:
        others = [other for other in flyovers if other is not stats]
        if others:
            yield min(distance(stats, other) for other in others)


def _range(values: Sequence[float], digits: int) -> str:
    """Say the least and the most of some values."""
    least = f"{min(values):.{digits}f}"
    most = f"{max(values):.{digits}f}"
    return least if least == most else f"{least} to {most}"


def _softer(beyond: float) -> str:
    if beyond < SHARPNESS.caution:
        return ""
    return f": it is {beyond:.1f} times less sharp than the least sharp of them"
