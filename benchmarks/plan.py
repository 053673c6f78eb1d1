"""How often does the planner's interval hold what crews find? Simulated cities with a known truth.

    python -m benchmarks.plan [--seeds 100] [--sure 0.35] [--roofs 650]

The share failing of every city is drawn, and whether each roof fails, roofs of a block being alike.
A photo tells failing from intact roofs only so well, and the scores only estimate that: their
slope is off, and they are set to an estimate of the share failing that is off by `--sure` in log
odds, with the 90% interval that this gives. Inspectors with stated errors find some doors shut,
more or fewer than the default says. They make the visits of the planner in its order. First nobody
has visited; then the first 60 visits are on record, left out, and say how far off the scores are.
"""

import argparse
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from benchmarks.circle import YEAR, Scored, list_rows, visit
from demo_city.people import INSPECTORS, ErrorRates
from gis_export.housing.plan.access import count_access
from gis_export.housing.plan.finds import Course, Outlook
from gis_export.housing.plan.shift import learn_shift
from gis_export.housing.plan.tables import PlanTables, build_plan
from gis_export.table import columns
from gis_export.table.inputs import ShareFailing, no_looks
from gis_export.table.plan_settings import PlanSettings
from gis_export.table.settings import VisitSettings
from gis_export.table.visits import LISTED
from labels.intervals import NORMAL_90

ROOFS = 650
APART = 2.7
"""How far the photo tells failing from intact roofs, standard deviations: AUROC 0.97."""
BLOCK = 20
"""Roofs of a block."""
BLOCKS_APART = 0.5
"""Standard deviation of the log odds of failing between blocks."""
SLOPE_ERROR = 0.1
"""Standard deviation of the logarithm of the slope."""
SETTINGS = VisitSettings(per_district=50)
ASKED = (50, 100, 200, 400)
"""Numbers of visits at which the interval is compared."""
BEFORE = 60
"""Visits that are on record in the second part."""
DEFAULT_NO_ACCESS = PlanSettings().no_access
DUE = date(YEAR + 1, 5, 2)
"""Until when nobody visits again."""
PARTS = ("before any visit", f"with {BEFORE} visits on record")


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedCity:
    """A city with a known truth, and what its model says."""

    scored: Scored
    """Scores and truth."""
    share: ShareFailing
    """What the model says of the share failing."""
    people: ErrorRates
    """Who visits."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """Whether intervals held what was found."""

    visits: int
    """Visits."""
    part: str
    """"city", or "districts" for the share of the districts."""
    share: float
    """Share of the intervals that held."""
    width: float
    """Their mean width."""
    error: float
    """Finds less those that were expected."""


def make_city(rng: np.random.Generator, *, roofs: int, sure: float) -> SimulatedCity:
    """Return a city.

    Args:
        rng: Draws it.
        roofs: Vacants.
        sure: Standard deviation of the error of the share failing, log odds.
    """
    true_odds = logit(0.08) + rng.normal(0, 0.4)
    by_block = rng.normal(0, BLOCKS_APART, size=-(-roofs // BLOCK))[np.arange(roofs) // BLOCK]
    is_open = rng.random(roofs) < expit(true_odds + by_block)
    evidence = APART * rng.normal(np.where(is_open, APART / 2, -APART / 2), 1.0)

    odds = true_odds + rng.normal(0, sure)
    slope = np.exp(rng.normal(0, SLOPE_ERROR))
    ends = expit(odds + NORMAL_90 * sure * np.array([-1, 1]))
    return SimulatedCity(
        scored=Scored(score=expit(odds + slope * evidence), is_open=is_open),
        share=ShareFailing(low=float(ends[0]), high=float(ends[1])),
        people=replace(INSPECTORS, unjudged=float(rng.uniform(0.05, 0.15))),
    )


def plan_rows(scored: Scored) -> gpd.GeoDataFrame:
    """Return the rows of an export that the planner reads."""
    rows = list_rows(scored)
    return gpd.GeoDataFrame(
        rows.assign(
            RISK_LVL=rows[columns.PHOTO_LVL],
            SCORED="Y",
            SCORE=scored.score,
            SCORE_LOW=scored.score,
            SCORE_HIGH=scored.score,
            NA_REASON="",
        )
    )


def simulate(city: SimulatedCity, rng: np.random.Generator) -> list[list[Held]]:
    """Return what held before anybody had visited, and with the first visits on record."""
    rows = plan_rows(city.scored)
    everyone = np.ones(len(rows), dtype=np.bool_)
    looks = visit(rows, city.scored, city.people, rng, is_visited=everyone)
    looks = looks.assign(look_id="visited", chosen=LISTED)
    finds = (looks["failing"] == "Y").set_axis(looks["parcel_id"])

    fresh = plan_of(rows, no_looks(), city.share)
    first = fresh.order.parcels[:BEFORE]
    on_record = looks[looks["parcel_id"].isin(first)]
    is_visited = rows[columns.PARCEL_ID].isin(first)
    next_visit = [DUE if visited else None for visited in is_visited]
    later = gpd.GeoDataFrame(rows.assign(**{columns.NEXT_VISIT: next_visit}))
    informed = plan_of(later, on_record, city.share)
    return [compare(fresh, finds), compare(informed, finds)]


def plan_of(rows: gpd.GeoDataFrame, looks: pd.DataFrame, share: ShareFailing) -> PlanTables:
    """Return the planner's numbers."""
    outlook = Outlook(
        shift=learn_shift(rows, looks, year=YEAR, share=share),
        access=count_access(looks, until=YEAR, default=DEFAULT_NO_ACCESS),
    )
    return build_plan(rows, outlook, SETTINGS)


def compare(plan: PlanTables, finds: pd.Series) -> list[Held]:
    """Return what held."""
    found = finds.reindex(list(plan.order.parcels)).to_numpy(np.bool_)
    held = []
    for visits in ASKED:
        is_made = np.arange(len(found)) < visits
        held.append(_held("city", [(plan.city, found[is_made])]))
        districts = [
            (course, found[is_made & (plan.order.district == number)])
            for number, course in enumerate(plan.by_district)
        ]
        held.append(replace(_held("districts", districts), visits=visits))
    return held


def _held(part: str, courses: list[tuple[Course, NDArray[np.bool_]]]) -> Held:
    ends = [(course.low[len(found)], course.high[len(found)]) for course, found in courses]
    sums = [int(found.sum()) for _, found in courses]
    expected = sum(course.expected[len(found)] / 100 for course, found in courses)
    kept = [low <= total <= high for (low, high), total in zip(ends, sums, strict=True)]
    return Held(
        visits=sum(len(found) for _, found in courses),
        part=part,
        share=float(np.mean(kept)),
        width=float(np.mean([high - low for low, high in ends])),
        error=float(sum(sums) - expected),
    )


def run(cities: int, *, roofs: int, sure: float) -> list[list[list[Held]]]:
    """Return what held in some cities, one a seed."""
    outcomes = []
    for seed in range(cities):
        rng = np.random.default_rng([17, seed])
        outcomes.append(simulate(make_city(rng, roofs=roofs, sure=sure), rng))
    return outcomes


def lines(outcomes: list[list[list[Held]]]) -> list[str]:
    """Say how often the intervals held, in percent."""
    told = []
    for number, part in enumerate(PARTS):
        told.append(f"{part}:")
        for place, first in enumerate(outcomes[0][number]):
            held = [city[number][place] for city in outcomes]
            share = np.mean([one.share for one in held])
            width = np.mean([one.width for one in held])
            error = np.mean([one.error for one in held])
            told.append(
                f"  {first.visits:4} visits, {first.part:9}  holds {share:6.1%}  "
                f"width {width:5.1f}  finds less expected {error:+.1f}"
            )
    return told


def main() -> None:
    """Print how often the intervals held."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=100, help="cities")
    options.add_argument("--sure", type=float, default=0.35, help="error of the share failing")
    options.add_argument("--roofs", type=int, default=ROOFS, help="vacants of a city")
    chosen = options.parse_args()

    outcomes = run(chosen.seeds, roofs=chosen.roofs, sure=chosen.sure)
    print("\n".join(lines(outcomes)))


if __name__ == "__main__":
    main()
