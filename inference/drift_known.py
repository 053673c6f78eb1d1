"""Roofs that people found failing before this flight: does the model still see them fail.

They are the canaries of a flyover: no look at it is needed. Some were repaired or razed since, so
that only a large loss counts.
"""

from inference.drift import KnownRoofs, Limits, Sign
from labels.intervals import clopper_pearson

LEAST_KNOWN = 10
"""Known failing roofs from which on they say something."""
LOST = Limits(caution=0.3, stop=0.65)
"""Share of the hits in training that is lost at least."""


def known_sign(known: KnownRoofs, hits: tuple[float, ...]) -> Sign:
    """Compare the known failing roofs that are called failing with the hits in training.

    Args:
        known: At least one roof.
        hits: Share of the failing roofs that an even bet called failing, by training flyover.
    """
    least = min(hits)
    _, most = clopper_pearson(known.called, known.roofs)
    lost = max(0.0, 1 - most / least) if least else 0.0
    return Sign(
        name="known failing roofs",
        value=known.called / known.roofs,
        unit="share of known failing roofs called failing by an even bet",
        seen=hits,
        grade=LOST.grade(lost),
        text=(
            f"Of {known.roofs} roofs that people found failing before, an even bet calls "
            f"{known.called} failing in these photos; in training it called {least:.0%} so at "
            "least."
        ),
    )
