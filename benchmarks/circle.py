"""Does what visits say of the list hold? Simulated inspectors over many small cities.

    python -m benchmarks.circle [--seeds 100] [--demo DIR --year Y] [--misses 0.03] [--again 0.2]

Every city has scores with a known truth: with --demo those that a demo city's workspace keeps,
drawn with replacement, else calibrated scores made up here. The work list is drawn as `export`
does, simulated inspectors with stated errors visit it, and the miss rate, the share of LIKELY roofs
that are open and the share of open roofs that are flagged are estimated from what they say. With
--again a share of the visited roofs is visited by a second inspector, which says how often they
err. An estimate covers where its bound or 90% interval holds the truth.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from demo_city.people import INSPECTORS, ErrorRates
from gis_export.table import columns
from gis_export.table.audited import errors_of, miss_rate_of, realized_of
from gis_export.table.inputs import no_looks
from gis_export.table.settings import VisitSettings
from gis_export.table.visits import CHOSEN, with_choice
from inference.hazard import HazardWord, Thresholds, hazard_word
from inference.ledger import COLUMNS, Ledger
from inference.recall import WordVisits, estimate_recall
from roofwatch.demo_truth import FAILING_PCT

ROOFS = 2_000
"""Vacants of a city."""
DISTRICTS = 4
THRESHOLDS = Thresholds(likely=0.5, possible=0.15)
VISITS = VisitSettings(per_district=125, audit=0.15)
"""A year of visits: all flagged roofs, and 75 drawn at random."""
YEAR = 2026
FLOWN = date(YEAR, 3, 9)
VISITED = date(YEAR, 5, 2)
VISITED_AGAIN = date(YEAR, 5, 20)
CODES = {
    HazardWord.LIKELY: "LIKELY",
    HazardWord.POSSIBLE: "POSSIBLE",
    HazardWord.NOT_SEEN: "NOT SEEN",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Roofs with a score and a known truth."""

    score: NDArray[np.float64]
    """Calibrated score, (N,)."""
    is_open: NDArray[np.bool_]
    """Whether the roof is open, (N,)."""

    def draw(self, count: int, rng: np.random.Generator) -> "Scored":
        """Return some of the roofs, drawn with replacement."""
        places = rng.integers(len(self.score), size=count)
        return Scored(score=self.score[places], is_open=self.is_open[places])


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one city's visits covered of the truth."""

    miss_rate: bool
    """The bound holds."""
    precision: bool
    """The interval of LIKELY holds."""
    recall: bool
    """The interval of LIKELY and POSSIBLE together holds."""
    bound: float
    """The bound of the miss rate."""
    width: float
    """Width of the interval of recall."""
    missed: float
    """The true share open among the roofs that are not flagged."""


def make_scores(rng: np.random.Generator, count: int) -> Scored:
    """Return calibrated scores: of the roofs with a score, that share is open."""
    score = rng.beta(0.12, 1.6, size=count)
    return Scored(score=score, is_open=rng.random(count) < score)


def read_scores(demo: Path, year: int) -> Scored:
    """Return the scores of a demo's ledger beside the truth of its builder."""
    ledger = pd.read_parquet(demo / "workspace" / str(year) / "ledger.parquet")
    truth = pd.read_csv(demo / "truth.csv", dtype={"parcel_id": str})
    both = ledger[ledger["status"] == "scored"].merge(truth[truth["year"] == year], on="parcel_id")
    return Scored(
        score=both["score"].to_numpy(np.float64),
        is_open=(both["roof_pct"] >= FAILING_PCT).to_numpy(bool),
    )


def simulate(
    scored: Scored, rates: ErrorRates, rng: np.random.Generator, *, again: float = 0
) -> Outcome:
    """Visit one city's list, and compare what the visits say with the truth."""
    rows = list_rows(scored)
    is_listed = (rows[CHOSEN] != "").to_numpy(bool)  # nobody has been visited yet
    looks = visit(rows, scored, rates, rng, is_visited=is_listed)
    if again:
        is_again = is_listed & (rng.random(len(rows)) < again)
        second = visit(rows, scored, rates, rng, is_visited=is_again)
        looks = pd.concat([looks, second.assign(date=VISITED_AGAIN.isoformat())], ignore_index=True)
    words = rows[columns.PHOTO_LVL].to_numpy(str)
    districts = rows.set_index(columns.PARCEL_ID)[columns.INSP_DIST]

    ledger = ledger_of(rows, scored)
    of_parcel = ledger.table.set_index("parcel_id")["hazard"]
    errors = errors_of(looks, {YEAR: of_parcel})
    missed = miss_rate_of(looks, districts, year=YEAR)
    realized = realized_of(looks, ledger, {}, errors)
    if missed is None:
        raise ValueError("no roof was drawn at random; want a larger share of visits")

    is_flagged = words != CODES[HazardWord.NOT_SEEN]
    listed = [
        WordVisits(roofs=int((of_parcel == found.word).sum()), checked=found.checked)
        for found in realized
    ]
    recall = estimate_recall(
        listed, missed.city, int((~is_flagged).sum()), year=YEAR, errors=errors
    )
    bound = errors.most(missed.city.most)
    true_missed = float(scored.is_open[~is_flagged].mean())
    true_precision = float(scored.is_open[words == CODES[HazardWord.LIKELY]].mean())
    true_recall = float(is_flagged[scored.is_open].mean())
    return Outcome(
        miss_rate=bound >= true_missed,
        precision=realized[0].least <= true_precision <= realized[0].most,
        recall=recall.low <= true_recall <= recall.high,
        bound=bound,
        width=recall.high - recall.low,
        missed=true_missed,
    )


def list_rows(scored: Scored) -> gpd.GeoDataFrame:
    """Return the rows of an export that decide who is visited, with their list."""
    count = len(scored.score)
    words = [hazard_word(float(score), THRESHOLDS) for score in scored.score]
    points = {HazardWord.LIKELY: 60, HazardWord.POSSIBLE: 30, HazardWord.NOT_SEEN: 0}
    rows = gpd.GeoDataFrame(
        {
            columns.PARCEL_ID: [f"{row:05d}" for row in range(count)],
            columns.ADDRESS: "1 MAIN ST",
            columns.INSP_DIST: [f"D{row % DISTRICTS}" for row in range(count)],
            columns.PHOTO_LVL: [CODES[word] for word in words],
            columns.STATUS: "scored",
            columns.YEAR: YEAR,
            columns.PRIORITY: [points[word] for word in words],
            columns.RANK: pd.Series(scored.score).rank(method="first", ascending=False),
            columns.IMG_DATE: FLOWN,
            columns.LAST_VISIT: None,
            columns.NEXT_VISIT: None,
        },
        geometry=[shapely.Point(row, 0) for row in range(count)],
        crs="EPSG:32618",
    )
    return with_choice(rows, VISITS)


def visit(
    rows: gpd.GeoDataFrame,
    scored: Scored,
    rates: ErrorRates,
    rng: np.random.Generator,
    *,
    is_visited: NDArray[np.bool_],
) -> pd.DataFrame:
    """Return what inspectors say of the roofs that they visit."""
    listed = rows[is_visited]
    looks = pd.DataFrame(
        {
            "parcel_id": listed[columns.PARCEL_ID].to_numpy(),
            "year": YEAR,
            "date": VISITED.isoformat(),
            "source": "inspector",
            "found": "",
            "failing": rates.look(scored.is_open[is_visited], rng),
            "roof_pct": np.nan,
            "on_site": True,
            "chosen": listed[CHOSEN].to_numpy(),
        }
    )
    return pd.concat([no_looks(), looks], ignore_index=True)


def ledger_of(rows: gpd.GeoDataFrame, scored: Scored) -> Ledger:
    """Return the ledger that the rows are of."""
    words = [hazard_word(float(score), THRESHOLDS).value for score in scored.score]
    table = pd.DataFrame({name: pd.Series([None] * len(rows), dtype=object) for name in COLUMNS})
    table["parcel_id"] = rows[columns.PARCEL_ID].to_numpy()
    table["status"] = "scored"
    table["score"] = scored.score
    table["hazard"] = words
    return Ledger(year=YEAR, table=table)


def run(
    source: Callable[[np.random.Generator], Scored],
    *,
    seeds: int,
    rates: ErrorRates = INSPECTORS,
    again: float = 0,
) -> list[Outcome]:
    """Simulate one city a seed."""
    outcomes = []
    for seed in range(seeds):
        rng = np.random.default_rng([7, seed])
        outcomes.append(simulate(source(rng), rates, rng, again=again))
    return outcomes


def lines(outcomes: list[Outcome]) -> list[str]:
    """Say in how many cities each estimate holds."""
    count = len(outcomes)
    bound = float(np.mean([outcome.bound for outcome in outcomes]))
    missed = float(np.mean([outcome.missed for outcome in outcomes]))
    width = float(np.mean([outcome.width for outcome in outcomes]))
    held = {
        "miss rate, at most (95%)": sum(outcome.miss_rate for outcome in outcomes),
        "precision of LIKELY (90%)": sum(outcome.precision for outcome in outcomes),
        "recall of the list (90%)": sum(outcome.recall for outcome in outcomes),
    }
    return [
        *(f"{name:26} holds the truth in {cities:3} of {count}" for name, cities in held.items()),
        f"mean bound of the miss rate {bound:.1%}, truth {missed:.1%}",
        f"mean width of the interval of recall {width:.0%}",
    ]


def main() -> None:
    """Print in how many cities the estimates hold."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, default=100)
    options.add_argument("--demo", type=Path, help="folder of a demo whose scores are used")
    options.add_argument("--year", type=int, default=2024)
    options.add_argument(
        "--misses",
        type=float,
        default=INSPECTORS.misses,
        help="share of open roofs that inspectors call sound",
    )
    options.add_argument(
        "--again", type=float, default=0, help="share of the visited roofs visited a second time"
    )
    chosen = options.parse_args()
    kept = read_scores(chosen.demo, chosen.year) if chosen.demo else None

    def source(rng: np.random.Generator) -> Scored:
        return make_scores(rng, ROOFS) if kept is None else kept.draw(ROOFS, rng)

    rates = replace(INSPECTORS, misses=chosen.misses)
    print("\n".join(lines(run(source, seeds=chosen.seeds, rates=rates, again=chosen.again))))


if __name__ == "__main__":
    main()
