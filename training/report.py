"""The evaluation page: rungs side by side, which one ships and why, by split, fold, district and size, with calibration."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import matplotlib
import numpy as np
import pandas as pd
from scipy.stats import beta
from sklearn.metrics import precision_recall_curve

from imagery.files import atomic_path
from models.head import RUNGS, Floats
from training.compare import Difference, Ships, paired_difference, rung_that_ships
from training.evaluate import (
    LEAST_FAILING,
    RUNG_NAMES,
    TOP,
    Figures,
    Slice,
    measure_rungs,
    measure_slices,
)
from training.resample import LEAST_BLOCKS, Classes
from training.thresholds import Aims, Chosen, choose_thresholds

matplotlib.use("agg")
from matplotlib import pyplot as plt

STROKES = {
    "dark_share": ("#000000", ":"),
    "measures": ("#D55E00", "--"),
    "network": ("#0072B2", "-"),
}
"""Color (Okabe and Ito, 2008) and dash of each rung."""
WIDTH_PX = 900
"""Width at which the page shows its pictures."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All figures of the page."""

    rungs: list[Figures]
    """Every rung, blocks left out; simplest first."""
    ships: Ships
    """The rung that ships, and why."""
    chosen: dict[str, Chosen]
    """Where LIKELY and POSSIBLE begin, by rung."""
    differences: list[tuple[str, str, Difference]]
    """Pairs of rungs and the first less the second."""
    splits: dict[str, list[Figures]]
    """Every rung by what was left out; empty where the labels do not allow it."""
    slices: list[Slice]
    """Every rung by district and size class."""


def evaluate(
    scored: pd.DataFrame,
    *,
    others: Mapping[str, pd.DataFrame | None],
    aims: Aims,
    margin: float,
    repeats: int,
    seed: int,
    top: int = TOP,
) -> Evaluation:
    """Compute all figures of the page.

    Args:
        scored: Scored labels, blocks left out: columns parcel_id, year, block, neighborhood, district, area_m2, failing, fold and `RUNGS`.
        others: Scored labels by what else was left out ("neighborhood", "next year"); None where the labels do not allow it.
        aims: What LIKELY and POSSIBLE have to keep.
        margin: Average precision that simplicity is worth.
        repeats: Bootstrap repetitions.
        seed: Of the bootstrap.
        top: Visits.
    """
    failing, blocks = scored["failing"].to_numpy(np.int64), scored["block"].to_numpy()
    chosen = {
        rung: choose_thresholds(scored[rung].to_numpy(np.float64), failing, aims) for rung in RUNGS
    }
    thresholds = {rung: one.thresholds for rung, one in chosen.items()}
    rungs = measure_rungs(scored, thresholds, repeats=repeats, seed=seed, top=top)
    differences = []
    for a, b in (("measures", "dark_share"), ("network", "dark_share"), ("network", "measures")):
        first, second = (scored[rung].to_numpy(np.float64) for rung in (a, b))
        differences.append(
            (
                a,
                b,
                paired_difference(
                    first, second, failing, blocks, repeats, np.random.default_rng(seed)
                ),
            )
        )
    splits = {
        name: []
        if table is None
        else measure_rungs(table, thresholds, repeats=repeats, seed=seed, top=top)
        for name, table in others.items()
    }
    return Evaluation(
        rungs=rungs,
        ships=rung_that_ships(rungs, margin),
        chosen=chosen,
        differences=differences,
        splits={"block": rungs, **splits},
        slices=measure_slices(scored, thresholds, repeats=repeats, seed=seed, top=top),
    )


def write_report(
    folder: Path, evaluation: Evaluation, scored: pd.DataFrame, *, title: str, notes: list[str]
) -> Path:
    """Write evaluation.html, evaluation.json, curves.png, calibration.png and out_of_fold.parquet into `folder`; return the page."""
    failing = scored["failing"].to_numpy(np.int64)
    scores = {rung: scored[rung].to_numpy(np.float64) for rung in RUNGS}
    with atomic_path(folder / "curves.png") as temporary:
        draw_curves(
            temporary,
            scores,
            failing,
            {one.name: one.average_precision for one in evaluation.rungs},
        )
    with atomic_path(folder / "calibration.png") as temporary:
        draw_calibration(temporary, {rung: scores[rung] for rung in RUNGS}, failing)
    with atomic_path(folder / "out_of_fold.parquet") as temporary:
        scored.sort_values(["parcel_id", "year"], ignore_index=True).to_parquet(
            temporary, index=False
        )
    with atomic_path(folder / "evaluation.json") as temporary:
        temporary.write_text(
            json.dumps(_null_for_nan(asdict(evaluation)), indent=2, allow_nan=False),
            encoding="utf-8",
        )
    images = {name: _data_url(folder / name) for name in ("curves.png", "calibration.png")}
    with atomic_path(folder / "evaluation.html") as temporary:
        temporary.write_text(
            draw_page(evaluation, images, title=title, notes=notes), encoding="utf-8"
        )
    return folder / "evaluation.html"


def draw_page(
    evaluation: Evaluation, images: Mapping[str, str], *, title: str, notes: list[str]
) -> str:
    """Return the page as HTML; `images` holds the addresses of curves.png and calibration.png."""
    text = files("training").joinpath("report.html").read_text(encoding="utf-8")
    template = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).from_string(text)
    return template.render(
        title=title,
        notes=notes,
        images=images,
        width=WIDTH_PX,
        names=RUNG_NAMES,
        least_blocks=LEAST_BLOCKS,
        least_failing=LEAST_FAILING,
        rungs=evaluation.rungs,
        first=evaluation.rungs[0],
        ships=evaluation.ships.sentence,
        ships_name=evaluation.ships.name,
        chosen=evaluation.chosen,
        differences=evaluation.differences,
        splits=list(evaluation.splits.items()),
        slices=evaluation.slices,
    )


def draw_curves(
    path: Path,
    scores: Mapping[str, Floats],
    failing: Classes,
    average_precision: Mapping[str, float],
) -> None:
    """Draw the precision-recall curves of all rungs."""
    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for rung, values in scores.items():
        precision, recall, _ = precision_recall_curve(failing, values, drop_intermediate=True)
        color, dash = STROKES[rung]
        axes.step(
            recall[:-1],
            precision[:-1],
            where="post",
            color=color,
            linestyle=dash,
            linewidth=2,
            label=f"{RUNG_NAMES[rung]}: average precision {average_precision[rung]:.3f}",
        )
    axes.axhline(
        failing.mean(), color="0.55", linewidth=1, label=f"by chance: {failing.mean():.3f}"
    )
    axes.set(
        xlabel="recall: share of failing roofs found",
        ylabel="precision: share failing among those named",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.set_title("Precision and recall, out of fold", loc="left", fontweight="bold")
    axes.grid(color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=200, metadata={"Software": None})
    plt.close(figure)


def draw_calibration(path: Path, scores: Mapping[str, Floats], failing: Classes) -> None:
    """Draw the share failing by score with 90% Clopper-Pearson intervals, over the number of labels, one column for each rung."""
    figure, grid = plt.subplots(
        2,
        len(scores),
        figsize=(8, 5),
        layout="constrained",
        squeeze=False,
        sharex=True,
        sharey="row",
        height_ratios=(3, 1),
    )
    edges = np.linspace(0, 1, 11)
    for (rung, values), (upper, lower) in zip(scores.items(), grid.T, strict=True):
        color = STROKES[rung][0]
        places = np.clip(np.digitize(values, edges) - 1, 0, 9)
        counts, hits, sums = (
            np.bincount(places, minlength=10),
            np.bincount(places, weights=failing, minlength=10),
            np.bincount(places, weights=values, minlength=10),
        )
        some = counts > 0
        low = np.nan_to_num(beta.ppf(0.05, hits[some], (counts - hits)[some] + 1))
        high = np.nan_to_num(beta.ppf(0.95, hits[some] + 1, (counts - hits)[some]), nan=1.0)
        upper.plot([0, 1], [0, 1], color="0.55", linewidth=1)
        upper.vlines(sums[some] / counts[some], low, high, color=color, linewidth=1.5)
        upper.plot(
            sums[some] / counts[some],
            hits[some] / counts[some],
            "o",
            color=color,
            markersize=7,
            clip_on=False,
        )
        upper.set_title(RUNG_NAMES[rung], loc="left", fontweight="bold")
        lower.bar((edges[:-1] + edges[1:]) / 2, counts, width=0.09, color=color)
        lower.bar_label(
            lower.containers[0],
            labels=[f"{count:,}" if count else "" for count in counts],
            fontsize=7,
        )
        lower.set(
            xlabel="calibrated score", xlim=(0, 1), yscale="log", ylim=(0.5, 4 * counts.max())
        )
        for axes in (upper, lower):
            axes.spines[["top", "right"]].set_visible(False)
    grid[0, 0].set(ylabel="share failing", ylim=(0, 1.02))
    grid[1, 0].set(ylabel="labels (log scale)")
    figure.savefig(path, dpi=200, metadata={"Software": None})
    plt.close(figure)


def _data_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _null_for_nan(value: object) -> object:
    """Return the same with None for every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _null_for_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_null_for_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
