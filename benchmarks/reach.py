"""Parcels without a notice on a demo city whose truth is known: what they cost, what the list has.

    python -m benchmarks.reach --demo DIR --out DIR [--share S] [--seed N] [--rows N]
    python -m benchmarks.reach --large CITY.toml

DIR is a finished demo city; it is copied. A share of its vacants loses its notice, failing or not,
so that the parcels without one have failing roofs among them. The last flyover is scored with
[reach], one process, and the list is compared with truth.csv. Then the rows are repeated up to
`--rows`, to measure what a large city's list takes.

With --large the parcels of a city with [reach], such as that of `benchmarks.year`, are planned for
its last flyover and looked up in the city's own data. No pixel is read.
"""

import argparse
import resource
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gis_export.housing.reach.figures import count_reach
from gis_export.housing.reach.listed import AGAINST, STATE, SUGGESTED, list_parcels
from imagery.chips.inputs import CutInputs
from imagery.chips.tiling import plan_flyover
from inference.reach import ReachLedger
from roofwatch.config import read_city
from roofwatch.executors import Execution
from roofwatch.stages.drift import look_at
from roofwatch.stages.score import score
from roofwatch.stages.tile import settings_of, tile_reach
from roofwatch.year import City, CityYear
from roofwatch.year_reach import reach_inputs
from roofwatch.year_reach_scores import city_facts, score_reach

FAILING_PCT = 10
"""Percent of the roof at which the truth counts as failing."""
SECTION = '\n[reach]\nparcels = "all"\n'


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """The parcels without a notice, and what they cost."""

    ledger: ReachLedger
    """Their ledger."""
    cut_ms: float
    """CPU to cut one, milliseconds."""
    score_ms: float
    """CPU to look at one and score it."""


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=Path("demo"))
    parser.add_argument("--out", type=Path, default=Path("out/reach"))
    parser.add_argument("--large", type=Path)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=240_000)
    options = parser.parse_args()
    if options.large:
        print(plan_large(open_last(options.large)))
        return

    shutil.copytree(options.demo, options.out)
    drop_notices(options.out, options.share, np.random.default_rng(options.seed))
    year = open_last(options.out / "city.toml")
    score(year)
    (options.out / "reach.toml").write_text((options.out / "city.toml").read_text() + SECTION)
    reach = open_last(options.out / "reach.toml")
    scored = score_alone(reach)
    for line in compare(reach, scored, read_failing(options.out / "truth.csv", reach.year)):
        print(line)
    print(list_many(reach, scored.ledger, options.rows))


def drop_notices(city: Path, share: float, rng: np.random.Generator) -> None:
    """Take the notices of a share of the vacants out of the city's file."""
    path = city / "vacant.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    vacants = np.unique(table["parcel_id"].to_numpy(dtype=str))
    lost = rng.choice(vacants, round(share * len(vacants)), replace=False)
    table[~table["parcel_id"].isin(lost)].to_csv(path, index=False)


def open_last(path: Path) -> CityYear:
    """Return the last flyover of a city, worked at by one process."""
    city = City(file=read_city(path), execution=Execution(executor="serial"), quiet=True)
    return city.year(max(source.year for source in city.file.flyover))


def score_alone(year: CityYear) -> Scored:
    """Cut and score the parcels without a notice, and nothing else, by the clock of the CPU."""
    look = look_at(year, "champion")
    start = time.process_time()
    store = tile_reach(year, look.model.spec)
    cut = time.process_time()
    if store is None:
        raise ValueError("[reach] is off")
    ledger = score_reach(year, store, look)
    end = time.process_time()
    parcels = len(ledger.table)
    return Scored(
        ledger=ledger,
        cut_ms=(cut - start) * 1000 / parcels,
        score_ms=(end - cut) * 1000 / max(len(ledger.scored), 1),
    )


def list_many(year: CityYear, ledger: ReachLedger, rows: int) -> str:
    """Say what the list of a large city takes, whose rows repeat those of a small one."""
    reach = reach_inputs(year)
    if reach is None:
        raise ValueError("the year was not scored with [reach]")
    table = pd.concat([ledger.table] * (rows // len(ledger.table) + 1), ignore_index=True)[:rows]
    table["parcel_id"] = [f"P{row}" for row in range(rows)]
    table["rank"] = table["strength"].rank(method="first", ascending=False).astype("Int32")
    large = replace(reach, ledger=ReachLedger(year=ledger.year, table=table))
    size_mb = int(table.memory_usage(deep=True).sum()) / 1e6

    start = time.process_time()
    count_reach(large)
    seconds = time.process_time() - start
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return (
        f"{rows:,} rows: {size_mb:.0f} MB, listed and counted in {seconds:.1f} CPU s; the whole "
        f"process took {most_mb:,.0f} MB at most"
    )


def plan_large(year: CityYear) -> str:
    """Say what it takes to plan the parcels without a notice, and to read what is known of them."""
    roll = year.city.without_notice
    if roll is None:
        raise ValueError("[reach] is off")
    inputs = CutInputs(
        roll=roll,
        flyover=year.flyover,
        settings=settings_of(year, None),
        footprints=year.file.footprints,
    )
    start = time.process_time()
    plan_flyover(inputs)
    planned = time.process_time()
    city_facts(year, roll)
    known = time.process_time()
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return (
        f"{len(roll):,} parcels without a notice: planned in {planned - start:.1f} CPU s, what is "
        f"known of them in {known - planned:.1f}; the process took {most_mb:,.0f} MB at most"
    )


def read_failing(path: Path, year: int) -> frozenset[str]:
    """Return the parcels whose roof truly fails."""
    truth = pd.read_csv(path, dtype={"parcel_id": str})
    is_failing = (truth["year"] == year) & (truth["roof_pct"] >= FAILING_PCT)
    return frozenset(truth.loc[is_failing, "parcel_id"])


def compare(year: CityYear, scored: Scored, failing: frozenset[str]) -> list[str]:
    """Return what the list holds, beside the truth."""
    reach = reach_inputs(year)
    if reach is None:
        raise ValueError("the year was not scored with [reach]")
    listed = list_parcels(reach)
    listed = listed[listed[STATE] == SUGGESTED]
    table = scored.ledger.scored
    is_failing = table["parcel_id"].isin(failing)
    flagged = table["suggests"] == "Y"
    first = listed[listed[AGAINST] == ""]
    return [
        f"{len(scored.ledger.table)} parcels without a notice, {len(table)} scored, "
        f"{int(is_failing.sum())} truly failing",
        f"CPU ms a parcel: cut {scored.cut_ms:.1f}, look at and score {scored.score_ms:.1f}",
        f"the photo suggests a failing roof in {int(flagged.sum())}: "
        f"{int((flagged & is_failing).sum())} truly fail",
        f"list of {len(listed)}: {int(listed['parcel_id'].isin(failing).sum())} truly fail; of its "
        f"{len(first)} unmarked {int(first['parcel_id'].isin(failing).sum())}",
        f"off the list {int((is_failing & ~table['parcel_id'].isin(listed['parcel_id'])).sum())} "
        f"of {len(table) - len(listed)} truly fail",
    ]


if __name__ == "__main__":
    main()
