"""A scored year of the demo city compared with its known truth: rungs, intervals, wrong labels."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imagery.errors import MissingInput
from inference.hazard import Thresholds
from inference.predict import look_at_flyover, score_features
from labels.files import Labels
from models.extract import NetworkSource
from models.feature_cache import Features
from models.files import load_head
from models.head import RUNGS, Head
from roofwatch.stages.tile import tile
from roofwatch.stages.train import head_path
from roofwatch.year import CityYear
from roofwatch.year_features import compute_features
from training.evaluate import measure
from training.figures import Figures, FigureSettings

FAILING_PCT = 10
"""Percent of the roof at which the truth counts as failing."""
BOOTSTRAP = 500
GROUPS = 10
"""Groups of equal size, by score, in which the intervals are compared with the truth."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A year that nobody labeled, compared with what is known of it."""

    rungs: tuple[Figures, ...]
    """Every rung, trained on the years before; simplest first."""
    wrong_labels: float
    """Share of the usable labels that the truth contradicts."""
    covered: int
    """Of `GROUPS` groups by score, those whose intervals hold what labels would say.

    The share failing, with the labels' own error added, lies between their mean `score_low` and
    `score_high`.
    """

    def lines(self) -> list[str]:
        """Return the comparison for people."""
        network = self.rungs[-1]
        likely = "no roof is LIKELY"
        if not math.isnan(network.precision_likely):
            likely = f"LIKELY: {network.precision_likely:.0%} fail"

        return [
            "a year without labels against its truth; "
            f"of the labels of the years before {self.wrong_labels:.1%} are wrong",
            *(_figure_line(figures) for figures in self.rungs),
            f"  {likely}; LIKELY and POSSIBLE together hold "
            f"{network.recall_possible:.0%} of all that fail",
            f"  calibration error {network.calibration_error:.3f}; the 90% intervals hold the "
            f"share that labels would call failing in {self.covered} of {GROUPS} groups by score",
        ]


def _figure_line(figures: Figures) -> str:
    low, high = figures.interval
    return (
        f"  {figures.name:11} average precision {figures.average_precision:.3f} "
        f"({low:.3f} to {high:.3f}), AUROC {figures.auroc:.3f}, "
        f"precision among the first {figures.top} {figures.precision_top:.2f}"
    )


def read_truth(out: Path) -> pd.DataFrame:
    """Return parcel_id, year and failing, as the builder of the city left them."""
    truth = pd.read_csv(out / "truth.csv", dtype={"parcel_id": str})
    failing = (truth["roof_pct"] >= FAILING_PCT).astype(int)
    return truth.assign(failing=failing)[["parcel_id", "year", "failing"]]


def compare_with_truth(year: CityYear, ledger: pd.DataFrame, truth: pd.DataFrame) -> Comparison:
    """Score a year with every rung, as training left them, and compare that with the truth.

    Args:
        year: The demo city in a year without labels, trained for and scored.
        ledger: The year's ledger.
        truth: What `read_truth` returns.
    """
    labels = year.find_labels()
    if labels is None:
        raise ValueError("the demo city has labels")
    features = read_features(year)
    rows = join_truth(year, ledger, truth)

    blocks = dict(rows[["parcel_id", "block"]].itertuples(index=False, name=None))
    rungs = []
    scored = rows
    for rung in RUNGS:
        trained = read_head(year, rung)
        head = look_at_flyover(features, trained, year=year.year, blocks=blocks).set(trained)
        scored = rows.merge(score_features(features.rung(rung), head), on="parcel_id")
        rungs.append(measure_rung(year, rung, scored, head))

    wrong_labels = share_wrong(labels, truth)
    return Comparison(
        rungs=tuple(rungs),
        wrong_labels=wrong_labels,
        covered=covered_groups(scored, wrong_labels),
    )


def read_features(year: CityYear) -> Features:
    """Return the features of the year's chips, which scoring has computed."""
    settings = year.file.model
    network = NetworkSource(spec=settings.spec, weights=settings.weights)
    return compute_features(year, tile(year), network)


def join_truth(year: CityYear, ledger: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return parcel_id, year, failing and block of the scored parcels."""
    blocks = year.roll.table[["parcel_id", "block"]]
    known = truth[truth["year"] == year.year].merge(blocks, on="parcel_id")
    scored = ledger.loc[ledger["status"] == "scored", ["parcel_id"]]
    return scored.merge(known, on="parcel_id")


def read_head(year: CityYear, rung: str) -> Head:
    """Return the head of a rung, as training left it.

    Raises:
        MissingInput: it is not there.
    """
    path = head_path(year, rung)
    if not path.exists():
        remedy = f"train {year.year} again, then run demo again"
        raise MissingInput(f"demo: no file at {path}; {remedy}")
    return load_head(path)


def measure_rung(year: CityYear, rung: str, rows: pd.DataFrame, head: Head) -> Figures:
    """Return the figures of a rung against the truth."""
    settings = year.file.train
    return measure(
        rung,
        rows["score"].to_numpy(np.float64),
        rows.assign(fold=0),
        FigureSettings(repeats=BOOTSTRAP, seed=settings.seed, top=settings.visits),
        Thresholds(likely=head.likely, possible=head.possible),
    )


def share_wrong(labels: Labels, truth: pd.DataFrame) -> float:
    """Return the share of usable labels that the truth contradicts."""
    both = labels.table.merge(truth, on=["parcel_id", "year"], suffixes=("", "_true"))
    return float((both["failing"] != both["failing_true"]).mean())


def covered_groups(rows: pd.DataFrame, wrong_labels: float = 0.0) -> int:
    """Return in how many groups by score the intervals hold the share that labels call failing.

    A score is the chance that a label says failing, so the truth is given the same share of wrong
    labels first.

    Args:
        rows: Columns failing (the truth), score, score_low, score_high.
        wrong_labels: Share of labels that are wrong.

    Returns:
        Of `GROUPS` groups, those whose share lies between mean `score_low` and mean `score_high`.
    """
    ordered = rows.sort_values("score", kind="stable")
    covered = 0
    for places in np.array_split(np.arange(len(ordered)), GROUPS):
        group = ordered.iloc[places]
        failing = group["failing"].mean()
        called = failing * (1 - wrong_labels) + (1 - failing) * wrong_labels
        covered += bool(group["score_low"].mean() <= called <= group["score_high"].mean())
    return covered
