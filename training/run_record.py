"""What MLflow keeps of a training: parameters, and the figures of every rung and fold."""

from pathlib import Path

import numpy as np
import pandas as pd

from models.runs import ChildRun, RunRecord
from training.evaluate import measure_folds
from training.figures import Figures
from training.ranking import STATISTICS
from training.report import Evaluation


def make_record(
    parameters: dict[str, str], scored: pd.DataFrame, evaluation: Evaluation, report: Path
) -> RunRecord:
    """Return what MLflow keeps of a training: a run per rung, and below it one per fold.

    Args:
        parameters: All that the training was made from.
        scored: Labels with the scores of every rung, blocks left out.
        evaluation: All figures.
        report: The evaluation page.
    """
    rungs = []
    for figures in evaluation.rungs:
        by_fold = measure_folds(scored, figures.name)
        folds = [
            ChildRun(name=f"fold {fold}", parameters={}, metrics=metrics)
            for fold, metrics in by_fold.items()
        ]
        rung = ChildRun(
            name=figures.name,
            parameters={"rung": figures.name},
            metrics=figure_metrics(figures),
            children=tuple(folds),
        )
        rungs.append(rung)

    ships = evaluation.ships.name
    chosen = evaluation.chosen[ships]
    metrics = {rung.name: rung.metrics for rung in rungs}[ships]
    return RunRecord(
        parameters=parameters,
        metrics={**metrics, "likely": chosen.likely, "possible": chosen.possible},
        report=report.parent,
        rung=ships,
        children=tuple(rungs),
    )


def figure_metrics(figures: Figures) -> dict[str, float]:
    """Return the figures that MLflow keeps of a rung; those that make no sense are left out."""
    low, high = figures.interval
    metrics = {name: float(getattr(figures, name)) for name in STATISTICS}
    metrics |= {
        "average_precision_folds": figures.average_precision_by_fold.mean,
        "auroc_folds": figures.auroc_folds,
        "average_precision_low": low,
        "average_precision_high": high,
    }
    return {name: value for name, value in metrics.items() if np.isfinite(value)}
