"""Figures per flyover and per source of the labels, and the labels that surprise the model most."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imagery.files import atomic_path
from training.figures import TOP
from training.ranking import ScoredLabels, rank_labels, statistics_of

MOST_SURPRISING = 40
"""Labels that are listed to be looked at again."""
LOOKS_WRONG = 0.1
"""A label to which the model gives less than this chance looks wrong."""
ALL = "all"
"""Name of the labels of all sources, or of all flyovers."""
NO_SOURCE = "not known"
"""Source of labels that name none."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The labels of one flyover, of one source, or of one source in one flyover."""

    flyover: str
    """Year of the flyover, or `ALL`."""
    source: str
    """Who says so, or `ALL`."""
    labels: int
    """Labeled roofs."""
    failing: int
    """Failing ones among them."""
    average_precision: float
    """Of the rung that ships, out of fold; NaN where none fails."""
    auroc: float
    """Of the same; NaN with one class."""
    looks_wrong: int
    """Labels to which the model gives less than `LOOKS_WRONG`, both classes being as likely."""


@dataclass(frozen=True, kw_only=True)
class SurprisingLabel:
    """A label that the model would not have expected."""

    parcel_id: str
    """The parcel."""
    year: int
    """Year of the flyover."""
    source: str
    """Who says so, "" when not known."""
    failing: int
    """What the label says, 0 or 1."""
    score: float
    """Out-of-fold score, in [0, 1]."""
    chance: float
    """What the model gives the label, both classes being as likely, in [0, 1]."""


def measure_parts(scored: pd.DataFrame, rung: str) -> list[Part]:
    """Measure a rung by flyover, by source, and by both where there are several of each.

    Args:
        scored: Scored labels: columns year, failing, the rung and, where known, the rung at even
            odds and source.
        rung: Of `models.head.RUNGS`.
    """
    table = _with_chance(scored, rung)
    years = sorted(table["year"].unique().tolist())
    sources = sorted(table["source"].unique().tolist())

    parts = [_part(table[table["year"] == year], rung, str(year), ALL) for year in years]
    if len(sources) < 2:
        return parts

    parts += [_part(table[table["source"] == source], rung, ALL, source) for source in sources]
    if len(years) < 2:
        return parts

    for (year, source), rows in table.groupby(["year", "source"]):
        parts.append(_part(rows, rung, str(year), str(source)))
    return parts


def surprising_labels(
    scored: pd.DataFrame, rung: str, most: int = MOST_SURPRISING
) -> list[SurprisingLabel]:
    """Return the labels that a rung would expect least, the most surprising first.

    Both classes count as equally likely, or else every failing label of a city of sound roofs
    would surprise.

    Args:
        scored: As for `measure_parts`, with parcel_id.
        rung: Of `models.head.RUNGS`.
        most: How many.
    """
    table = _with_chance(scored, rung)
    ordered = table.sort_values(["label_chance", "parcel_id", "year"], kind="stable")
    rows = ordered.head(most)
    return [
        SurprisingLabel(
            parcel_id=str(parcel_id),
            year=int(year),
            source="" if source == NO_SOURCE else str(source),
            failing=int(failing),
            score=float(score),
            chance=float(chance),
        )
        for parcel_id, year, source, failing, score, chance in zip(
            rows["parcel_id"],
            rows["year"],
            rows["source"],
            rows["failing"],
            rows[rung],
            rows["label_chance"],
            strict=True,
        )
    ]


def write_surprising(path: Path, labels: list[SurprisingLabel]) -> None:
    """Write the labels to be looked at again."""
    table = pd.DataFrame(
        {
            "parcel_id": [label.parcel_id for label in labels],
            "year": [label.year for label in labels],
            "source": [label.source for label in labels],
            "label": ["failing" if label.failing else "intact" for label in labels],
            "score": [f"{label.score:.4f}" for label in labels],
        }
    )
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def _with_chance(scored: pd.DataFrame, rung: str) -> pd.DataFrame:
    """Return labels with what the model gives each, and with a source."""
    column = f"{rung}_even" if f"{rung}_even" in scored else rung
    even = scored[column].to_numpy(np.float64)
    chance = np.where(scored["failing"] == 1, even, 1 - even)

    source = scored["source"] if "source" in scored else pd.Series("", index=scored.index)
    named = source.where(source != "", NO_SOURCE)
    return scored.assign(label_chance=chance, source=named)


def _part(rows: pd.DataFrame, rung: str, flyover: str, source: str) -> Part:
    failing = rows["failing"].to_numpy(np.int64)
    labels = ScoredLabels(scores=rows[rung].to_numpy(np.float64), failing=failing)
    point = statistics_of(rank_labels(labels, top=TOP))
    return Part(
        flyover=flyover,
        source=source,
        labels=len(rows),
        failing=int(failing.sum()),
        average_precision=point["average_precision"],
        auroc=point["auroc"],
        looks_wrong=int((rows["label_chance"] < LOOKS_WRONG).sum()),
    )
