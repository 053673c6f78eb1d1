"""How often does the equity page name an area that is served worse, and one that is not?

    python -m benchmarks.equity [--seeds 100] [--vacants 6000] [--labels 3000] [--alike 0.0]

Cities are simulated from a known truth: vacants in blocks, blocks in neighborhoods, districts and
the classes of an audit layer, the same share of open roofs everywhere, and a photo that tells open
roofs from others only so well. Some roofs are labeled, and inspectors with stated errors visit the
work list and the random roofs of `export`. Then a bias is planted in one neighborhood, or none: so
many points more of its open roofs are missed, or of its other roofs flagged. A bias is found where
the page names that neighborhood for that figure and says the right direction. It is a false alarm
where a city without any bias has any area named for any figure. In the last part neighborhoods have
from 4% to 16% open roofs and no bias: the figures that the page says depend on that are left out.
With --alike the evidence of roofs of one block strays together, in standard deviations.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from benchmarks.circle import THRESHOLDS, YEAR, Scored, ledger_of, list_rows, visit
from demo_city.people import INSPECTORS
from gis_export.report.equity.areas import Level
from gis_export.report.equity.compared import Compared, Verdict, compare_areas
from gis_export.report.equity.measures import Use, see_roofs
from gis_export.table.visits import CHOSEN
from inference.ledger import Ledger

OPEN = 0.08
"""Share of open roofs."""
UNEVEN = (0.04, 0.16)
"""The same in the last part, from the first neighborhood to the last."""
APART = 2.7
"""How far the photo tells open from other roofs, standard deviations."""
BLOCK = 20
"""Roofs of a block."""
NEIGHBORHOODS = 12
DISTRICTS = 4
CLASSES = 3
NOT_ASSESSED = 0.05
PLANTED = "N03"
"""The neighborhood with a bias."""


@dataclass(frozen=True, kw_only=True)
class Bias:
    """What is planted in one neighborhood."""

    name: str
    """In words."""
    figures: tuple[str, ...] = ()
    """Key of each figure that shows it."""
    missed: float = 0.0
    """Share of its flagged open roofs that is missed instead."""
    flagged: float = 0.0
    """Share of its other roofs that is flagged beside those that are anyway."""
    is_uneven: bool = False
    """Whether shares of open roofs differ between neighborhoods."""


BIASES = (
    Bias(name="none"),
    Bias(name="none, 4% to 16% open roofs", is_uneven=True),
    Bias(name="30 points more open roofs missed", figures=("missed",), missed=0.35),
    Bias(name="50 points more open roofs missed", figures=("missed",), missed=0.6),
    Bias(name="10 points more false flags", figures=("false_flags",), flagged=0.1),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the page says of one city."""

    is_found: bool
    """Whether it names the planted neighborhood for the planted figure."""
    is_alarm: bool
    """Whether it names any area; of figures that depend on open roofs only where these are even."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a city is."""

    vacants: int = 6_000
    """Vacants."""
    labels: int = 3_000
    """Roofs that people labeled."""
    alike: float = 0.0
    """Standard deviation of the evidence between blocks."""


def simulate(bias: Bias, size: Size, rng: np.random.Generator) -> list[Compared]:
    """Return what comparing the areas of one city says."""
    block = np.arange(size.vacants) // BLOCK
    near = block * NEIGHBORHOODS * BLOCK // size.vacants % NEIGHBORHOODS
    scored = _score(near, block, bias, size, rng)
    rows = list_rows(scored)
    is_listed = (rows[CHOSEN] != "").to_numpy(bool)
    looks = visit(rows, scored, INSPECTORS, rng, is_visited=is_listed)

    ids = [f"{row:05d}" for row in range(size.vacants)]
    chosen = rng.choice(size.vacants, size=size.labels, replace=False)
    held_out = pd.DataFrame(
        {
            "parcel_id": np.array(ids, dtype=object)[chosen],
            "year": YEAR,
            "is_open": scored.is_open[chosen],
            "is_flagged": scored.score[chosen] >= THRESHOLDS.possible,
        }
    )
    ledger = _without_some(ledger_of(rows, scored), rng)
    return compare_areas(see_roofs(ledger, looks, held_out), _levels(ids, near, block))


def _score(
    near: NDArray[np.int64],
    block: NDArray[np.int64],
    bias: Bias,
    size: Size,
    rng: np.random.Generator,
) -> Scored:
    """Return the truth of every roof, and its score."""
    low, high = UNEVEN if bias.is_uneven else (OPEN, OPEN)
    share = np.linspace(low, high, NEIGHBORHOODS)[near]
    is_open = rng.random(len(near)) < share
    strays = size.alike * rng.normal(size=block[-1] + 1)[block]
    middle = np.where(is_open, APART / 2, -APART / 2) + strays
    score = expit(logit(OPEN) + APART * rng.normal(middle, 1.0))

    chance = rng.random(len(near))
    is_planted = near == int(PLANTED[1:])
    is_missed = is_planted & is_open & (chance < bias.missed)
    is_flagged = is_planted & ~is_open & (chance < bias.flagged)
    score = np.where(is_missed, score * THRESHOLDS.possible * 0.9, score)
    return Scored(score=np.where(is_flagged, THRESHOLDS.possible, score), is_open=is_open)


def _without_some(ledger: Ledger, rng: np.random.Generator) -> Ledger:
    """Return a ledger in which some roofs were not assessed, by chance."""
    table = ledger.table.copy()
    is_out = rng.random(len(table)) < NOT_ASSESSED
    table.loc[is_out, "status"] = "not_assessed"
    table.loc[is_out, "reason"] = "blurred"
    table.loc[is_out, "hazard"] = "NOT ASSESSED"
    table.loc[is_out, "score"] = None
    return replace(ledger, table=table)


def _levels(
    ids: Sequence[str], near: NDArray[np.int64], block: NDArray[np.int64]
) -> Mapping[Use, Sequence[Level]]:
    """Return neighborhoods, districts of whole neighborhoods, and a layer that crosses both."""

    def level(name: str, letter: str, numbers: NDArray[np.int64]) -> Level:
        names = [f"{letter}{number:02d}" for number in numbers]
        return Level(name=name, of_parcel=pd.Series(names, index=list(ids)))

    neighborhood = level("neighborhood", "N", near)
    district = level("district", "D", near * DISTRICTS // NEIGHBORHOODS)
    classes = level("class", "C", block % CLASSES)
    return {use: (neighborhood, district, classes) for use in Use}


def judge(compared: Sequence[Compared], bias: Bias) -> Outcome:
    """Compare what the page says with what was planted."""
    found = [
        table.verdicts.get(PLANTED) is Verdict.MORE
        for table in compared
        if table.measure.key in bias.figures and table.level == "neighborhood"
    ]
    told = [table for table in compared if not (bias.is_uneven and table.measure.depends)]
    is_alarm = any(tested.differs for table in told for tested in table.tested.values())
    return Outcome(is_found=any(found), is_alarm=is_alarm)


def run(bias: Bias, size: Size, seeds: int) -> list[Outcome]:
    """Simulate one city a seed."""
    generators = [np.random.default_rng([17, seed]) for seed in range(seeds)]
    return [judge(simulate(bias, size, rng), bias) for rng in generators]


def main() -> None:
    """Print how often each bias is found, and how often there is a false alarm."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=100)
    options.add_argument("--vacants", type=int, default=Size().vacants)
    options.add_argument("--labels", type=int, default=Size().labels)
    options.add_argument("--alike", type=float, default=Size().alike)
    chosen = options.parse_args()
    size = Size(vacants=chosen.vacants, labels=chosen.labels, alike=chosen.alike)

    for bias in BIASES:
        outcomes = run(bias, size, chosen.seeds)
        if bias.figures:
            told = f"found in {sum(outcome.is_found for outcome in outcomes):3}"
        else:
            told = f"false alarm in {sum(outcome.is_alarm for outcome in outcomes):3}"
        print(f"{bias.name:34} {told} of {chosen.seeds}", flush=True)


if __name__ == "__main__":
    main()
