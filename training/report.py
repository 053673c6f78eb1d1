"""The figures of a training: rungs side by side, which one ships and why, by split and by part."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labels.draws.weights import is_for_its_score
from models.head import RUNGS
from training.compare import Difference, Ships, paired_difference, rung_that_ships
from training.evaluate import measure_rungs, measure_slices
from training.figures import Figures, FigureSettings, Slice
from training.finds import FindPoint, measure_finds
from training.parts import (
    Part,
    SurprisingLabel,
    measure_parts,
    surprising_labels,
)
from training.rungs import ANOTHER_FLYOVER
from training.settings import TrainSettings
from training.thresholds import Chosen, TriedFlyover, choose_thresholds

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
    finds: list[FindPoint]
    """Its lists of increasing length."""


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
        finds=measure_finds(scored, ships.name, figure_settings),
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
