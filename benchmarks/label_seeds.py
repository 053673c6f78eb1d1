"""How much the demo's figures owe to which labels are wrong: other reviewers of the same roofs.

    python -m benchmarks.label_seeds --demo DIR [--seeds 5]

DIR is a finished demo. Chips and features are those of the demo; labels, training, scores and
comparison with the truth are made anew for each seed, in folders beside its workspace.
"""

import argparse
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from demo_city.layout import CityPlan
from demo_city.tables import write_labels
from roofwatch.config import read_city
from roofwatch.demo_truth import compare_with_truth, read_truth
from roofwatch.stages.promote import promote_version
from roofwatch.stages.score import score
from roofwatch.stages.train import train
from roofwatch.year import City


@dataclass(frozen=True, kw_only=True)
class Row:
    """Figures of one label seed, against the truth of a year without labels."""

    seed: int
    """0: the labels of the demo."""
    average_precision: float
    """Of the rung that ships."""
    auroc: float
    """The same."""
    precision_50: float
    """Share failing among the first 50."""
    likely: int
    """Roofs called LIKELY."""
    right: int
    """Failing ones among them."""
    possible: int
    """Roofs called POSSIBLE."""
    held: int
    """Failing roofs that are LIKELY or POSSIBLE."""
    failing: int
    """Failing roofs in all."""

    @property
    def line(self) -> str:
        """Return the row for people."""
        return (
            f"{self.seed:4d}  {self.average_precision:.3f}  {self.auroc:.3f}  "
            f"{self.precision_50:.2f}  {self.likely:6d}  {self.right:5d}  {self.possible:8d}  "
            f"{self.held:3d} of {self.failing}"
        )


def try_seed(demo: Path, seed: int) -> Row:
    """Train and score a finished demo with the labels of a seed."""
    city = open_with_labels(demo, seed)
    year = city.year(max(source.year for source in city.file.flyover))
    trained = train(year)
    if not trained.floor.holds:
        promote_version(
            city, trained.version.version, by="benchmark", why="a comparison", force=True
        )

    ledger = score(year).table
    truth = read_truth(demo)
    compared = compare_with_truth(year, ledger, truth)
    (ships,) = [rung for rung in compared.rungs if rung.name == trained.evaluation.ships.name]
    roofs = ledger[ledger["status"] == "scored"].merge(truth, on=["parcel_id", "year"])
    words = roofs["hazard"].to_numpy(object)
    failing = roofs["failing"].to_numpy(np.int64)
    likely = words == "LIKELY"
    possible = words == "POSSIBLE"
    return Row(
        seed=seed,
        average_precision=ships.average_precision,
        auroc=ships.auroc,
        precision_50=ships.precision_top,
        likely=int(likely.sum()),
        right=int(failing[likely].sum()),
        possible=int(possible.sum()),
        held=int(failing[likely | possible].sum()),
        failing=int(failing.sum()),
    )


def open_with_labels(demo: Path, seed: int) -> City:
    """Return the city of a finished demo with other labels and a workspace of its own."""
    facts = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
    plan = CityPlan(parcels=facts["parcels"], seed=facts["seed"])
    workspace = demo / f"workspace_labels_{seed}"
    shutil.rmtree(workspace, ignore_errors=True)
    for chips in sorted((demo / "workspace").glob("*/chips")):
        target = workspace / chips.parent.name / "chips"
        target.parent.mkdir(parents=True)
        shutil.copytree(chips, target, copy_function=os.link)

    write_labels(plan, demo / f"labels_{seed}.csv", draw=seed)
    text = (demo / "city.toml").read_text(encoding="utf-8")
    text = text.replace('"workspace"', f'"{workspace.name}"')
    path = demo / f"city_labels_{seed}.toml"
    path.write_text(text.replace('"labels.csv"', f'"labels_{seed}.csv"'), encoding="utf-8")
    return City(file=read_city(path))


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR", help="a finished demo")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="label seeds (5)")
    options = parser.parse_args()

    print("seed  AP     AUROC  P@50  LIKELY  right  POSSIBLE  held")
    rows = []
    for seed in range(options.seeds):
        row = try_seed(options.demo, seed)
        rows.append(row)
        print(row.line, flush=True)
    means = pd.DataFrame([vars(row) for row in rows]).mean()
    print(
        f"mean  {means['average_precision']:.3f}  {means['auroc']:.3f}  {means['precision_50']:.2f}"
    )


if __name__ == "__main__":
    main()
