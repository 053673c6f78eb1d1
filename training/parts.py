"""Figures by flyover, source, district and neighborhood, and the labels that surprise most."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from imagery.files import atomic_path
from labels.intervals import clopper_pearson
from training.figures import LEAST_FAILING, TOP
from training.ranking import Begins, ScoredLabels, rank_labels, statistics_of

MOST_SURPRISING = 40
"""Labels that are listed to be looked at again."""
LOOKS_WRONG = 0.1
"""A label to which the model gives less than this chance looks wrong."""
ALL = "all"
"""Name of the labels of all sources, or of all flyovers."""
NO_SOURCE = "not known"
"""Source of labels that name none."""


PLACES = ("district", "neighborhood")
"""Columns by whose values labels are told apart on the ground."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A share of labeled roofs that were counted."""

    hits: int
    """Roofs that have it."""
    of: int
    """Roofs that were counted."""
    share: float
    """Hits of all; NaN where none was counted."""
    low: float
    """Lower end of the exact 90% interval, which takes every roof as its own draw."""
    high: float
    """Upper end."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The labels of one flyover, one source, one source in one flyover, or one place."""

    flyover: str
    """Year of the flyover, or `ALL`."""
    source: str
    """Who says so, or `ALL`."""
    kind: str = ""
    """"district" or "neighborhood" for a place, "" otherwise."""
    place: str = ""
    """Name of the place."""
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
    found: Counted | None = None
    """Failing roofs that are LIKELY or POSSIBLE; None where no word has a beginning."""
    likely: Counted | None = None
    """LIKELY roofs that fail."""

    @property
    def is_small(self) -> bool:
        """Tell whether so few roofs fail that the part says little by itself."""
        return self.failing < LEAST_FAILING


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


def measure_parts(scored: pd.DataFrame, rung: str, begins: Begins | None = None) -> list[Part]:
    """Measure a rung by flyover, by source, by both where there are several of each, and by place.

    Args:
        scored: Scored labels: columns year, failing, the rung and, where known, the rung at even
            odds, source and `PLACES`.
        rung: Of `models.head.RUNGS`.
        begins: Where LIKELY and POSSIBLE begin.
    """
    table = with_words(scored, rung, begins)
    years = sorted(table["year"].unique().tolist())
    sources = sorted(table["source"].unique().tolist())

    parts = [_part(table[table["year"] == year], rung, flyover=str(year)) for year in years]
    if len(sources) > 1:
        parts += [_part(table[table["source"] == name], rung, source=name) for name in sources]
    if len(sources) > 1 and len(years) > 1:
        for (year, source), rows in table.groupby(["year", "source"]):
            parts.append(_part(rows, rung, flyover=str(year), source=str(source)))
    return [*parts, *_places(table, rung)]


def measure_whole(scored: pd.DataFrame, rung: str, begins: Begins) -> Part:
    """Measure a rung on all labels; arguments as of `measure_parts`."""
    return _part(with_words(scored, rung, begins), rung)


def _places(table: pd.DataFrame, rung: str) -> Iterator[Part]:
    """Yield the labels of each district and of each neighborhood whose name is known."""
    for kind in PLACES:
        if kind not in table:
            continue
        for place, rows in table[table[kind] != ""].groupby(kind):
            yield replace(_part(rows, rung), kind=kind, place=str(place))


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


def with_words(scored: pd.DataFrame, rung: str, begins: Begins | None) -> pd.DataFrame:
    """Return labels with label_chance, source, and is_likely and is_listed where words begin.

    Args:
        scored: Scored labels.
        rung: Of `models.head.RUNGS`.
        begins: Where LIKELY and POSSIBLE begin.
    """
    table = _with_chance(scored, rung)
    if begins is None:
        return table
    is_likely = table[rung] >= begins.likely
    even = table[f"{rung}_even"] if f"{rung}_even" in table else table[rung]
    return table.assign(is_likely=is_likely, is_listed=is_likely | (even >= begins.possible))


def _with_chance(scored: pd.DataFrame, rung: str) -> pd.DataFrame:
    """Return labels with what the model gives each, and with a source."""
    column = f"{rung}_even" if f"{rung}_even" in scored else rung
    even = scored[column].to_numpy(np.float64)
    chance = np.where(scored["failing"] == 1, even, 1 - even)

    source = scored["source"] if "source" in scored else pd.Series("", index=scored.index)
    named = source.where(source != "", NO_SOURCE)
    return scored.assign(label_chance=chance, source=named)


def _part(rows: pd.DataFrame, rung: str, *, flyover: str = ALL, source: str = ALL) -> Part:
    failing = rows["failing"].to_numpy(np.int64)
    labels = ScoredLabels(scores=rows[rung].to_numpy(np.float64), failing=failing)
    point = statistics_of(rank_labels(labels, top=TOP))
    has_words = "is_likely" in rows
    return Part(
        flyover=flyover,
        source=source,
        labels=len(rows),
        failing=int(failing.sum()),
        average_precision=point["average_precision"],
        auroc=point["auroc"],
        looks_wrong=int((rows["label_chance"] < LOOKS_WRONG).sum()),
        found=count_share(rows.loc[failing == 1, "is_listed"]) if has_words else None,
        likely=count_share(rows.loc[rows["is_likely"], "failing"]) if has_words else None,
    )


def count_share(hits: pd.Series) -> Counted:
    """Return the share of rows that are true or 1, with its exact 90% interval."""
    count = len(hits)
    found = int(hits.sum())
    low, high = clopper_pearson(found, count) if count else (np.nan, np.nan)
    share = found / count if count else np.nan
    return Counted(hits=found, of=count, share=share, low=low, high=high)
