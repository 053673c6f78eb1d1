"""A scored year of the demo city against its known truth: every rung, the intervals, and the labels that were wrong."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imagery.errors import MissingInput
from inference.hazard import Thresholds
from inference.predict import score_features
from labels.files import Labels, read_labels
from models.features import store_features
from models.files import load_head
from models.head import RUNGS, Head
from roofwatch.stages.tile import tile
from roofwatch.stages.train import head_path
from roofwatch.year import City
from training.evaluate import Figures, measure

FAILING_PCT = 10
"""Percent of the roof at which the truth counts as failing."""
BOOTSTRAP = 500
GROUPS = 10
"""Groups of equal size, by score, in which the intervals are held against the truth."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A year that nobody labeled, against what is known of it."""

    rungs: tuple[Figures, ...]
    """Every rung, trained on the years before; simplest first."""
    wrong_labels: float
    """Share of the usable labels that the truth contradicts."""
    covered: int
    """Of `GROUPS` groups by score, those whose share failing, with the labels' own error added, lies between their mean `score_low` and `score_high`."""

    def lines(self) -> list[str]:
        """Return the comparison for people."""
        network = self.rungs[-1]
        likely = (
            "no roof is LIKELY"
            if math.isnan(network.precision_likely)
            else f"LIKELY: {network.precision_likely:.0%} fail"
        )
        rows = [
            f"  {one.name:11} average precision {one.average_precision:.3f} ({one.interval[0]:.3f} to {one.interval[1]:.3f}), AUROC {one.auroc:.3f}, "
            f"precision among the first {one.top} {one.precision_top:.2f}"
            for one in self.rungs
        ]
        return [
            f"a year without labels against its truth; of the labels of the years before {self.wrong_labels:.1%} are wrong",
            *rows,
            f"  {likely}; LIKELY and POSSIBLE together hold {network.recall_possible:.0%} of all that fail",
            f"  calibration error {network.calibration_error:.3f}; the 90% intervals hold the share that labels would call failing in {self.covered} of {GROUPS} groups by score",
        ]


def read_truth(out: Path) -> pd.DataFrame:
    """Return parcel_id, year and failing, as the builder of the city left them."""
    truth = pd.read_csv(out / "truth.csv", dtype={"parcel_id": str})
    return truth.assign(failing=(truth["roof_pct"] >= FAILING_PCT).astype(int))[
        ["parcel_id", "year", "failing"]
    ]


def compare_with_truth(
    city: City, year: int, ledger: pd.DataFrame, truth: pd.DataFrame
) -> Comparison:
    """Score a year with every rung, as training on the labels up to it left them, and hold that against the truth.

    Args:
        city: The demo city, its year trained for and scored.
        year: A year without labels.
        ledger: The year's ledger.
        truth: What `read_truth` returns.
    """
    if city.file.labels is None:
        raise ValueError("the demo city has labels")
    features = store_features(
        tile(city, year),
        city.file.model.spec,
        weights=city.file.model.weights,
        threads=city.execution.threads,
        mapper=city.mapper("compare", len(ledger)),
    )
    known = truth[truth["year"] == year].merge(
        city.roll.table[["parcel_id", "block"]], on="parcel_id"
    )
    rows = ledger.loc[ledger["status"] == "scored", ["parcel_id"]].merge(known, on="parcel_id")
    figures, network = [], rows
    for rung in RUNGS:
        head = _head(city, year, rung)
        network = rows.merge(score_features(features.rung(rung), head), on="parcel_id")
        figures.append(
            _measure(rung, network, Thresholds(likely=head.likely, possible=head.possible), city)
        )
    wrong = _wrong(read_labels(city.file.labels, city.roll, until=year), truth)
    return Comparison(
        rungs=tuple(figures), wrong_labels=wrong, covered=covered_groups(network, wrong)
    )


def covered_groups(rows: pd.DataFrame, wrong_labels: float = 0.0) -> int:
    """Return in how many of `GROUPS` groups by score the share that labels would call failing lies between mean `score_low` and mean `score_high`.

    A score is the chance that a label says failing, so the truth is given the same share of wrong labels first.

    Args:
        rows: Columns failing (the truth), score, score_low, score_high.
        wrong_labels: Share of labels that are wrong.
    """
    ordered = rows.sort_values("score", kind="stable")
    parts = [ordered.iloc[place] for place in np.array_split(np.arange(len(ordered)), GROUPS)]
    found = 0
    for part in parts:
        called = (
            part["failing"].mean() * (1 - wrong_labels)
            + (1 - part["failing"].mean()) * wrong_labels
        )
        found += bool(part["score_low"].mean() <= called <= part["score_high"].mean())
    return found


def _head(city: City, year: int, rung: str) -> Head:
    path = head_path(city, year, rung)
    if not path.exists():
        raise MissingInput(f"demo: no file at {path}; train {year} again, then run demo again")
    return load_head(path)


def _measure(rung: str, rows: pd.DataFrame, thresholds: Thresholds, city: City) -> Figures:
    folds = np.zeros(len(rows), dtype=np.int64)
    rng = np.random.default_rng(city.file.train.seed)
    return measure(
        rung,
        rows["score"].to_numpy(np.float64),
        rows,
        folds,
        repeats=BOOTSTRAP,
        rng=rng,
        top=city.file.train.visits,
        thresholds=thresholds,
    )


def _wrong(labels: Labels, truth: pd.DataFrame) -> float:
    both = labels.table.merge(truth, on=["parcel_id", "year"], suffixes=("", "_true"))
    return float((both["failing"] != both["failing_true"]).mean())
