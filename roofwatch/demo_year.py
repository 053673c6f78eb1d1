"""The demo city from the first stone to the last product, and its figures against the truth."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from demo_city.city import build_demo_city
from roofwatch.config import read_city
from roofwatch.demo_truth import Comparison, compare_with_truth, read_truth
from roofwatch.executors import Execution
from roofwatch.progress import Progress
from roofwatch.stages.export import opened_products
from roofwatch.stages.promote import promote_version
from roofwatch.stages.run import Clock, run
from roofwatch.stages.score import score
from roofwatch.stages.train import train
from roofwatch.year import City

ALL_THE_SAME = "too small a city to learn from; the demo shows its products all the same"
"""Why the demo uses a model that does not pass the floor."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """The table that `demo` prints."""

    parcels: int
    """Parcels in the city."""
    vacants: int
    """Parcels on the vacant roll."""
    scored: int
    """Rows with a score."""
    reasons: dict[str, int]
    """Rows without a score, by reason."""
    failing: int
    """Scored parcels whose roof truly fails."""
    precision_50: float
    """Share truly failing among the first 50."""
    average_precision: float
    """Of the model, against the truth of a year it was not trained on."""
    interval: tuple[float, float]
    """90% bootstrap interval over blocks."""
    dark_average_precision: float
    """Of the dark-pixel share."""
    comparison: Comparison
    """Every rung, and what the intervals and labels are worth."""
    floor: str
    """Why the model would not be champion in a city; "" where it would."""
    seconds: dict[str, float]
    """Wall seconds by stage."""
    products: list[Path]
    """Every exported file."""

    def lines(self) -> list[str]:
        """Return the table for people."""
        failing = f"({self.failing} truly failing)"
        seconds = [f"{stage} {value:.0f}" for stage, value in self.seconds.items()]
        return [
            f"parcels         {self.parcels:6d}",
            f"vacants         {self.vacants:6d}",
            f"  scored        {self.scored:6d}  {failing}",
            *(f"  not assessed  {count:6d}  {name}" for name, count in self.reasons.items()),
            *self.comparison.lines(),
            *([f"so few labels make no model to use: {self.floor}"] if self.floor else []),
            f"seconds  {', '.join(seconds)}",
            *opened_products(self.products),
        ]


def run_demo(
    out: Path, *, parcels: int, seed: int, execution: Execution, quiet: bool
) -> DemoResult:
    """Build the city, run its last year, and compare the ledger with the truth of that year.

    The last year has no labels: the model is trained on the two years before. The year before is
    scored too, so that lists and layers tell what changed.
    """
    start = time.monotonic()
    with Progress("build city", quiet=quiet) as progress:
        path = build_demo_city(
            out,
            parcels=parcels,
            seed=seed,
            progress=lambda _, done, total: progress.update(done, total),
        )
    build_s = time.monotonic() - start

    city = City(file=read_city(path), execution=execution, quiet=quiet)
    year = city.year(max(source.year for source in city.file.flyover))
    before = year.earlier[0]
    clock = Clock(seconds={})
    trained = clock.time("train", lambda: train(year))
    if not trained.floor.holds:
        promote_version(city, trained.version.version, by="demo", why=ALL_THE_SAME, force=True)
    clock.time(f"score {before.year}", lambda: score(before))
    done = run(year)

    start = time.monotonic()
    comparison = compare_with_truth(year, done.ledger.table, read_truth(out))
    compare_s = time.monotonic() - start

    ledger = done.ledger.table
    is_scored = ledger["status"] == "scored"
    dark = comparison.rungs[0]
    ours = comparison.rungs[-1]
    return DemoResult(
        parcels=parcels,
        vacants=len(ledger),
        scored=int(is_scored.sum()),
        reasons=dict(Counter(ledger.loc[~is_scored, "reason"])),
        failing=ours.failing,
        precision_50=ours.precision_top,
        average_precision=ours.average_precision,
        interval=ours.interval,
        dark_average_precision=dark.average_precision,
        comparison=comparison,
        floor="" if trained.floor.holds else trained.floor.text,
        seconds={**done.seconds, "build": build_s, **clock.seconds, "compare": compare_s},
        products=done.products,
    )
