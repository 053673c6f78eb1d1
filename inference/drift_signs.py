"""The signs by which a flyover is compared with those that the model learned from."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inference.drift import Grade, Limits, Seen, Sign
from inference.drift_known import LEAST_KNOWN, known_sign
from inference.drift_photos import NEAR, photo_signs
from models.flyover_stats import LEAST_CHIPS

COARSENESS = Limits(caution=2.0, stop=4.0)
"""Ground sample distance of the flyover divided by that of the chips."""
SHIFT = Limits(caution=1.0, stop=3.0)
"""Displacement of a tile that was left as it is, divided by what is allowed."""
DISAGREEMENT = Limits(caution=0.8, stop=1.2)
"""One less the rank correlation of the measures' and the joined scores."""
SCORES = Limits(caution=0.1)
"""Share called failing beyond the hits of every training flyover."""


def find_signs(seen: Seen) -> tuple[Sign, ...]:
    """Return every sign that can be measured, in a fixed order.

    With few chips a mean says little, so that nothing worse than CAUTION is said of them.
    """
    signs = list(_find_signs(seen))
    if seen.roofs >= LEAST_CHIPS:
        return tuple(signs)
    return tuple(_at_most_caution(sign, seen.roofs) for sign in signs)


def _find_signs(seen: Seen) -> Iterator[Sign]:
    if seen.flyovers:
        yield from photo_signs(seen)
    else:
        yield _unknown_sign()
    yield coarseness_sign(seen)
    yield shift_sign(seen)
    if not np.isnan(seen.agreement):
        yield agreement_sign(seen)
    if not np.isnan(seen.called):
        yield score_sign(seen)
    if seen.known is not None and seen.known.roofs >= LEAST_KNOWN:
        yield known_sign(seen.known, seen.hits)
    yield share_sign(seen)


def coarseness_sign(seen: Seen) -> Sign:
    """Compare the ground sample distance with that of the chips."""
    return Sign(
        name="ground sample distance",
        value=seen.gsd_m,
        unit="meters per pixel",
        seen=(),
        grade=COARSENESS.grade(seen.gsd_m / seen.wanted_gsd_m),
        text=(
            f"The imagery has {seen.gsd_m:.2f} meters per pixel; "
            f"the model wants {seen.wanted_gsd_m:.2f}."
        ),
    )


def shift_sign(seen: Seen) -> Sign:
    """Compare tiles that were left displaced with what is allowed."""
    text = "No tile is known to be displaced from the outlines."
    if seen.shift_m > 0:
        text = (
            f"A tile lies {seen.shift_m:.1f} m off the outlines and was left so; "
            f"{seen.most_shift_m:.1f} m is allowed."
        )
    return Sign(
        name="shift",
        value=seen.shift_m,
        unit="meters",
        seen=(),
        grade=SHIFT.grade(seen.shift_m / max(seen.most_shift_m, NEAR)),
        text=text,
    )


def agreement_sign(seen: Seen) -> Sign:
    """Say whether two models that look at other things rank the roofs alike."""
    return Sign(
        name="agreement",
        value=seen.agreement,
        unit="rank correlation",
        seen=(),
        grade=DISAGREEMENT.grade(1 - seen.agreement),
        text=(
            "The named measures alone and the joined model rank the roofs with a correlation of "
            f"{seen.agreement:.2f}."
        ),
    )


def score_sign(seen: Seen) -> Sign:
    """Compare the share called failing with what intact and failing roofs gave in training."""
    least = min(seen.alarms)
    most = max(seen.hits)
    return Sign(
        name="scores",
        value=seen.called,
        unit="share of roofs called failing by an even bet",
        seen=(*seen.alarms, *seen.hits),
        grade=SCORES.grade(seen.called - most),
        text=(
            f"An even bet calls {seen.called:.0%} of the roofs failing; in training it called "
            f"{least:.0%} of the intact roofs so at least, and {most:.0%} of the failing at most."
        ),
    )


def share_sign(seen: Seen) -> Sign:
    """Say what share is estimated to fail, and whether the estimate can be trusted."""
    share = seen.share
    text = (
        f"An estimated {share.share:.1%} of the roofs are failing "
        f"(90% interval {share.low:.1%} to {share.high:.1%})"
    )
    if share.doubt:
        text += f"; {share.doubt}, so that no roof is called LIKELY"
    return Sign(
        name="share failing",
        value=share.share,
        unit="share of roofs",
        seen=(),
        grade=Grade.CAUTION if share.doubt else Grade.GO,
        text=f"{text}.",
    )


def _unknown_sign() -> Sign:
    return Sign(
        name="training flyovers",
        value=0.0,
        unit="flyovers",
        seen=(),
        grade=Grade.CAUTION,
        text=(
            "The model does not say how its training flyovers looked, so that this one cannot be "
            "compared with them."
        ),
    )


def _at_most_caution(sign: Sign, roofs: int) -> Sign:
    if sign.grade != Grade.STOP:
        return sign
    text = f"{sign.text} It rests on {roofs} roofs only."
    return replace(sign, grade=Grade.CAUTION, text=text)
