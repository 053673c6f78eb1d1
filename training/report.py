"""The evaluation page.

Rungs side by side, which one ships and why, by split, fold, district and size, with calibration.
"""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from imagery.files import atomic_path
from imagery.report_files import ReportFiles
from labels.draws.weights import is_for_its_score
from models.head import RUNGS
from training.charts import draw_calibration, draw_curves
from training.compare import Difference, Ships, paired_difference, rung_that_ships
from training.evaluate import measure_rungs, measure_slices
from training.figures import LEAST_FAILING, RUNG_NAMES, Figures, FigureSettings, Slice
from training.parts import (
    LOOKS_WRONG,
    Part,
    SurprisingLabel,
    measure_parts,
    surprising_labels,
    write_surprising,
)
from training.resample import LEAST_BLOCKS
from training.rungs import ANOTHER_FLYOVER
from training.settings import TrainSettings
from training.thresholds import Chosen, TriedFlyover, choose_thresholds

WIDTH_PX = 900
"""Width at which the page shows its pictures."""
COMPARED = (
    ("measures", "dark_share"),
    ("network", "measures"),
    ("joined", "measures"),
    ("joined", "network"),
)
"""Pairs of rungs whose difference is reported."""


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
    """Pairs of rungs and the first less the second, as evaluation.json lists them."""
    splits: dict[str, list[Figures]]
    """Every rung by what was left out; empty where the labels do not allow it."""
    slices: list[Slice]
    """Every rung by district and size class."""
    parts: list[Part]
    """The rung that ships by flyover, by source of the labels and by place."""
    surprising: list[SurprisingLabel]
    """Labels that surprise it most."""


def evaluate(
    scored: pd.DataFrame, *, others: Mapping[str, pd.DataFrame | None], settings: TrainSettings
) -> Evaluation:
    """Compute all figures of the page.

    Args:
        scored: Scored labels, blocks left out: columns parcel_id, year, block, neighborhood,
            district, area_m2, failing, fold and `RUNGS`.
        others: Scored labels by what else was left out ("neighborhood", "next year"); None where
            the labels do not allow it.
        settings: Aims, margin, bootstrap and visits.
    """
    figure_settings = FigureSettings(
        repeats=settings.bootstrap, seed=settings.seed, top=settings.visits
    )
    transfer = others.get(ANOTHER_FLYOVER)
    chosen = _choose_thresholds(scored, transfer, settings)

    rungs = measure_rungs(scored, chosen, figure_settings)
    splits = {"block": rungs, **_measure_splits(others, chosen, figure_settings)}
    candidates = _candidates(rungs, settings)
    ships = rung_that_ships(
        candidates,
        settings.rung_margin,
        sureness=_sureness(scored if transfer is None else transfer, candidates, figure_settings),
        elsewhere=splits.get(ANOTHER_FLYOVER, []),
    )
    return Evaluation(
        rungs=rungs,
        ships=ships,
        chosen=chosen,
        differences=_compare_rungs(scored, figure_settings),
        splits=splits,
        slices=measure_slices(scored, chosen, figure_settings),
        parts=measure_parts(scored, ships.name, chosen[ships.name]),
        surprising=surprising_labels(scored, ships.name),
    )


def _candidates(rungs: list[Figures], settings: TrainSettings) -> list[Figures]:
    """Return the rungs that may ship, the usual one last.

    A frozen network ships joined with the measures only, one that was fine-tuned by itself.
    """
    if settings.mode == "finetune":
        return sorted(rungs, key=lambda rung: rung.name == "network")
    return [rung for rung in rungs if rung.name != "network"]


def _sureness(
    labels: pd.DataFrame, candidates: list[Figures], figure_settings: FigureSettings
) -> dict[str, float]:
    """Return in which share of resamples each candidate is better than the last one.

    Args:
        labels: Scored labels, whole flyovers left out where that was tried.
        candidates: The usual one last.
        figure_settings: Repeats and seed.
    """
    usual = candidates[-1].name
    return {
        rung.name: _compare_pair(labels, rung.name, usual, figure_settings).share_better
        for rung in candidates[:-1]
    }


def write_report(
    folder: Path, evaluation: Evaluation, scored: pd.DataFrame, *, title: str, notes: list[str]
) -> Path:
    """Write the page, its figures, its pictures and the scored labels into `folder`.

    Returns:
        The page, evaluation.html.
    """
    report = ReportFiles(folder=folder)
    images = _write_images(folder, evaluation, scored)

    with atomic_path(report.out_of_fold) as temporary:
        by_parcel = scored.sort_values(["parcel_id", "year"], ignore_index=True)
        by_parcel.to_parquet(temporary, index=False)
    write_surprising(report.surprising_labels, evaluation.surprising)
    with atomic_path(report.evaluation) as temporary:
        text = json.dumps(_null_for_nan(asdict(evaluation)), indent=2, allow_nan=False)
        temporary.write_text(text, encoding="utf-8")
    with atomic_path(report.evaluation_page) as temporary:
        page = draw_page(evaluation, images, title=title, notes=notes)
        temporary.write_text(page, encoding="utf-8")

    return report.evaluation_page


def draw_page(
    evaluation: Evaluation, images: Mapping[str, str], *, title: str, notes: list[str]
) -> str:
    """Return the page as HTML; `images` holds the addresses of curves.png and calibration.png."""
    text = files("training").joinpath("report.html").read_text(encoding="utf-8")
    pages = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.from_string(text).render(
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
        parts=evaluation.parts,
        surprising=evaluation.surprising,
        looks_wrong=LOOKS_WRONG,
    )


def _choose_thresholds(
    scored: pd.DataFrame, transfer: pd.DataFrame | None, settings: TrainSettings
) -> dict[str, Chosen]:
    """Return where LIKELY and POSSIBLE begin, by rung: on left-out flyovers where there are."""
    table = scored if transfer is None else transfer
    return {
        rung: choose_thresholds(tried_in(table, rung), settings, tried=transfer is not None)
        for rung in RUNGS
    }


def tried_in(table: pd.DataFrame, rung: str) -> list[TriedFlyover]:
    """Return the scores of a rung by flyover.

    Args:
        table: Scored labels: columns year, failing, the rung and the rung at even odds; `chosen`
            where it is known how they were.
        rung: Of `models.head.RUNGS`.
    """
    return [
        TriedFlyover(
            year=int(str(year)),
            scores=rows[rung].to_numpy(np.float64),
            even=rows[f"{rung}_even"].to_numpy(np.float64),
            failing=rows["failing"].to_numpy(np.int64),
            is_fair=~is_for_its_score(rows["chosen"]) if "chosen" in rows else None,
        )
        for year, rows in table.groupby("year")
    ]


def _compare_rungs(
    scored: pd.DataFrame, figure_settings: FigureSettings
) -> list[tuple[str, str, Difference]]:
    """Compare the rungs of `COMPARED`, each pair on the same resamples."""
    return [
        (first, second, _compare_pair(scored, first, second, figure_settings))
        for first, second in COMPARED
    ]


def _compare_pair(
    scored: pd.DataFrame, first: str, second: str, figure_settings: FigureSettings
) -> Difference:
    return paired_difference(
        scored[first].to_numpy(np.float64),
        scored[second].to_numpy(np.float64),
        scored,
        figure_settings.repeats,
        np.random.default_rng(figure_settings.seed),
    )


def _measure_splits(
    others: Mapping[str, pd.DataFrame | None],
    thresholds: Mapping[str, Chosen],
    figure_settings: FigureSettings,
) -> dict[str, list[Figures]]:
    """Measure every rung by what else was left out."""
    splits = {}
    for name, table in others.items():
        splits[name] = [] if table is None else measure_rungs(table, thresholds, figure_settings)

    return splits


def _write_images(folder: Path, evaluation: Evaluation, scored: pd.DataFrame) -> dict[str, str]:
    """Write curves.png and calibration.png; return their addresses inside the page."""
    failing = scored["failing"].to_numpy(np.int64)
    scores = {rung: scored[rung].to_numpy(np.float64) for rung in RUNGS}
    precisions = {rung.name: rung.average_precision for rung in evaluation.rungs}

    with atomic_path(folder / "curves.png") as temporary:
        draw_curves(temporary, scores, failing, precisions)
    with atomic_path(folder / "calibration.png") as temporary:
        draw_calibration(temporary, scores, failing)

    return {name: _data_url(folder / name) for name in ("curves.png", "calibration.png")}


def _data_url(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _null_for_nan(value: object) -> object:
    """Return the same with None for every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _null_for_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_null_for_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
