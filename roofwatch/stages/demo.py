"""`roofwatch demo`: a synthetic city, the whole run on it, and an honest table against the known truth."""

import dataclasses
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from demo_city.city import build_demo_city
from roofwatch.config import read_city
from roofwatch.executors import Execution
from roofwatch.progress import Progress
from roofwatch.stages.demo_truth import Comparison, compare_with_truth, read_truth
from roofwatch.stages.run import main_products, run, score
from roofwatch.stages.train import train
from roofwatch.year import City


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
    """Rows without, by reason."""
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
    seconds: dict[str, float]
    """Wall seconds by stage."""
    products: list[Path]
    """Every exported file."""

    def answer(self) -> dict[str, object]:
        """Return the table for --json."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """Return the table for people."""
        reasons = [f"  not assessed  {count:6d}  {name}" for name, count in self.reasons.items()]
        return [
            f"parcels         {self.parcels:6d}",
            f"vacants         {self.vacants:6d}",
            f"  scored        {self.scored:6d}  ({self.failing} truly failing)",
            *reasons,
            *self.comparison.lines(),
            "seconds  "
            + ", ".join(f"{stage} {value:.0f}" for stage, value in self.seconds.items()),
            *main_products(self.products),
        ]


def run_demo(
    out: Path, *, parcels: int, seed: int, execution: Execution, quiet: bool
) -> DemoResult:
    """Build the city, run its last year, and compare the ledger with the truth of that year.

    The last year has no labels: the model is trained on the two years before. The year before is scored too, so that lists and layers
    tell what changed.
    """
    start = time.monotonic()
    with Progress("build city", quiet=quiet) as progress:
        path = build_demo_city(
            out,
            parcels=parcels,
            seed=seed,
            progress=lambda _, done, total: progress.update(done, total),
        )
    seconds = {"build": time.monotonic() - start}
    city = City(file=read_city(path), execution=execution, quiet=quiet)
    before, year = sorted(source.year for source in city.file.flyover)[-2:]
    for stage, work in (
        ("train", partial(train, city, year)),
        (f"score {before}", partial(score, city, before)),
    ):
        start = time.monotonic()
        work()
        seconds[stage] = time.monotonic() - start
    done = run(city, year)
    ledger = done.ledger.table
    start = time.monotonic()
    comparison = compare_with_truth(city, year, ledger, read_truth(out))
    dark, ours = comparison.rungs[0], comparison.rungs[-1]
    return DemoResult(
        parcels=parcels,
        vacants=len(ledger),
        scored=int((ledger["status"] == "scored").sum()),
        reasons=dict(Counter(ledger.loc[ledger["status"] != "scored", "reason"])),
        failing=ours.failing,
        precision_50=ours.precision_top,
        average_precision=ours.average_precision,
        interval=ours.interval,
        dark_average_precision=dark.average_precision,
        comparison=comparison,
        seconds={**done.seconds, **seconds, "compare": time.monotonic() - start},
        products=done.products,
    )
