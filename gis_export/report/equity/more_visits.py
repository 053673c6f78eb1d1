"""How many roofs of each area would show a difference between areas, if there were one."""

from math import ceil, sqrt

from scipy.special import ndtri

from gis_export.report.equity.compare import ERROR

DIFFERENCE = 0.1
"""The difference of shares that should be seen: 10 points."""
POWER = 0.8
"""How often it should be seen."""
UNKNOWN_SHARE = 0.5
"""Share that is taken where nothing is known: the one that needs most roofs."""


def roofs_needed(share: float, *, areas: int, comparisons: int) -> int:
    """Return the roofs of every area that show a difference of 10 points 8 times in 10.

    One area differs from all others, and every area has as many roofs. The comparisons share the
    error of 5% evenly, which asks for more roofs than the correction that is used. Formula with a
    correction for whole numbers: Fleiss, Levin and Paik (2003), "Statistical Methods for Rates and
    Proportions", 3rd edition, equations 4.19 and 4.20.

    Args:
        share: Share of the whole city, in [0, 1].
        areas: Number of areas, 2 or more.
        comparisons: Comparisons that share the error, 1 or more.
    """
    other = min(max(share, 0.0), 1.0)
    own = other + DIFFERENCE if other + DIFFERENCE <= 1 else other - DIFFERENCE
    times = areas - 1
    middle = (own + times * other) / areas
    false_alarm = float(ndtri(1 - ERROR / comparisons / 2))
    found = float(ndtri(POWER))

    spread = false_alarm * sqrt(areas * middle * (1 - middle))
    spread += found * sqrt(times * own * (1 - own) + other * (1 - other))
    roofs = spread**2 / (times * DIFFERENCE**2)
    whole = 1 + sqrt(1 + 2 * areas / (times * roofs * DIFFERENCE))
    return ceil(roofs / 4 * whole**2)
