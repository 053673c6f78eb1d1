"""Figures that can be trusted: out of fold, by block, with intervals, beside the dark-pixel baseline."""

from dataclasses import dataclass
from pathlib import Path

import jinja2
import matplotlib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, precision_recall_curve, roc_auc_score

from imagery.files import atomic_path
from models.head import Floats

matplotlib.use("agg")
from matplotlib import pyplot as plt

TOP = 50
"""Visits of a week and a bit: precision is reported among this many."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Quality of one ranking."""

    name: str
    """What was ranked by."""
    labels: int
    """Labeled roofs."""
    failing: int
    """Failing ones among them."""
    average_precision: float
    """Area under the precision-recall curve."""
    interval: tuple[float, float]
    """90% interval of the average precision, bootstrap over blocks."""
    auroc: float
    """Area under the ROC curve, all folds pooled; NaN with one class."""
    auroc_folds: float
    """Mean over the folds that hold both classes; NaN when none does."""
    precision_top: float
    """Precision among the first `TOP`."""
    brier: float
    """Mean squared error of the probability."""
    calibration_error: float
    """Expected calibration error over ten equal-count bins."""


def measure(name: str, scores: Floats, labels: pd.DataFrame, folds: NDArray[np.int64], *, repeats: int, rng: np.random.Generator) -> Figures:
    """Measure one ranking.

    Args:
        name: What was ranked by.
        scores: (N,), higher = more likely failing.
        labels: Columns failing and block, N rows.
        folds: Fold numbers, (N,).
        repeats: Bootstrap repetitions.
        rng: Source of randomness.
    """
    failing = labels["failing"].to_numpy(np.int64)
    per_fold = [roc_auc_score(failing[folds == fold], scores[folds == fold]) for fold in np.unique(folds) if 0 < failing[folds == fold].mean() < 1]
    both = 0 < failing.mean() < 1
    top = np.argsort(-scores, kind="stable")[:TOP]
    return Figures(
        name=name, labels=len(failing), failing=int(failing.sum()),
        average_precision=float(average_precision_score(failing, scores)) if failing.any() else float("nan"),
        interval=_block_interval(scores, failing, labels["block"].to_numpy(), repeats, rng),
        auroc=float(roc_auc_score(failing, scores)) if both else float("nan"),
        auroc_folds=float(np.mean(per_fold)) if per_fold else float("nan"),
        precision_top=float(failing[top].mean()), brier=float(brier_score_loss(failing, np.clip(scores, 0, 1))),
        calibration_error=_calibration_error(scores, failing),
    )  # fmt: skip


def write_report(folder: Path, figures: list[Figures], scores: Floats, failing: NDArray[np.int64], *, title: str, notes: list[str]) -> Path:
    """Write curves.png and evaluation.html into `folder`; return the page."""
    with atomic_path(folder / "curves.png") as temporary:
        _draw_curves(temporary, scores, failing)
    page = _PAGE.render(title=title, figures=figures, notes=notes, top=TOP)
    with atomic_path(folder / "evaluation.html") as temporary:
        temporary.write_text(page, encoding="utf-8")
    return folder / "evaluation.html"


def _block_interval(scores: Floats, failing: NDArray[np.int64], blocks: NDArray[np.object_], repeats: int, rng: np.random.Generator) -> tuple[float, float]:
    """Resample whole blocks (single labels where there are fewer than eight blocks)."""
    codes = pd.factorize(blocks)[0]
    codes = codes if codes.max(initial=-1) >= 7 else np.arange(len(blocks))
    members = [np.flatnonzero(codes == code) for code in range(codes.max(initial=-1) + 1)]
    values = []
    for _ in range(repeats):
        rows = np.concatenate([members[code] for code in rng.integers(len(members), size=len(members))])
        if failing[rows].any():
            values.append(average_precision_score(failing[rows], scores[rows]))
    if not values:
        return float("nan"), float("nan")
    low, high = np.quantile(values, (0.05, 0.95))
    return float(low), float(high)


def _calibration_error(scores: Floats, failing: NDArray[np.int64]) -> float:
    order = np.argsort(scores)
    bins = np.array_split(order, min(10, len(order)))
    return float(sum(len(part) * abs(scores[part].mean() - failing[part].mean()) for part in bins) / len(order))


def _draw_curves(path: Path, scores: Floats, failing: NDArray[np.int64]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    precision, recall, _ = precision_recall_curve(failing, scores)
    left.step(recall, precision, where="post", color="#0072B2")
    left.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02), title="Out of fold")
    bins = np.array_split(np.argsort(scores), min(10, len(scores)))
    right.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    right.plot([scores[part].mean() for part in bins], [failing[part].mean() for part in bins], "o-", color="#D55E00")
    right.set(xlabel="calibrated score", ylabel="share failing", xlim=(0, 1), ylim=(0, 1.02), title="Calibration, ten equal bins")
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


_PAGE = jinja2.Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ title }}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}
table{border-collapse:collapse}td,th{padding:.3em .8em;border-bottom:1px solid #bbb;text-align:right}td:first-child,th:first-child{text-align:left}
img{max-width:100%}</style>
<h1>{{ title }}</h1>
<p>Every figure is out of fold: no head has seen the label it is measured on, nor any label of the same block.
Intervals are 90%, by bootstrap over blocks.</p>
<table><tr><th>ranked by<th>labels<th>failing<th>average precision<th>90% interval<th>AUROC<th>mean AUROC of folds<th>precision in first {{ top }}
<th>Brier<th>calibration error</tr>
{% for row in figures %}<tr><td>{{ row.name }}<td>{{ row.labels }}<td>{{ row.failing }}<td>{{ "%.3f"|format(row.average_precision) }}
<td>{{ "%.3f to %.3f"|format(row.interval[0], row.interval[1]) }}<td>{{ "%.3f"|format(row.auroc) }}<td>{{ "%.3f"|format(row.auroc_folds) }}
<td>{{ "%.2f"|format(row.precision_top) }}<td>{{ "%.3f"|format(row.brier) }}<td>{{ "%.3f"|format(row.calibration_error) }}</tr>{% endfor %}</table>
<p>Brier score and calibration error mean something only for the model, whose score is a probability; the dark-pixel share is not one.</p>
<p><img src="curves.png" alt="Precision-recall curve and calibration plot of the model, out of fold"></p>
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul></html>""")
