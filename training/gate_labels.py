"""The labels on which the gate compares two versions, with what each says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models.registry import ORIGIN, Registry, version_file, version_metric, version_tag
from training.gate_lists import BothScored

OUT_OF_FOLD = "report/out_of_fold.parquet"
"""What every training logs: parcel_id, year, block, fold, failing, and of every rung the scores
with the label's block left out, and the same at even odds."""
KEY = ["parcel_id", "year"]
TYPES = {"parcel_id": str, "year": np.int64, "failing": np.int64, "score": np.float64}
OPTIONAL = ("fold", "source")
"""Columns that a table may lack."""
CHAMPION = ["score_champion", "even_champion"]
AT_FLYOVER = "_at_flyover"


class NotPaired(Exception):
    """Why two versions cannot be compared label by label."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Where the words of a version begin, on labels that were left out."""

    likely: float
    """Score at which LIKELY begins."""
    possible: float
    """Score at even odds at which POSSIBLE begins."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contest:
    """Two versions on labels that neither learned from."""

    shared: pd.DataFrame
    """Labels that both versions have, each scored with its block left out.

    Columns parcel_id, year, block, failing, score, even; failing_champion, score_champion,
    even_champion.
    """
    new: pd.DataFrame
    """Labels that only the candidate has, in flyovers that both have scored; newest first.

    The same columns without failing_champion, and source where it is known. `score` is with the
    block left out; the champion learned nothing of the block.
    """
    words: Words | None = None
    """Of the candidate; None where they were not recorded."""
    words_champion: Words | None = None
    """Of the champion."""
    flyovers: Sequence[BothScored] = field(default=())
    """Whole flyovers as both see them, newest first."""


def make_contest(
    registry: Registry, version: int, champion: int, flyovers: Sequence[BothScored]
) -> Contest:
    """Read what both versions say of their labels.

    A champion that another city lent learned from no label here: all are new to it.

    Raises:
        NotPaired: a table is missing or cannot be read, or there is nothing in common.
    """
    ours = read_scores(registry, version)
    return contest_with(ours, read_words(registry, version), registry, champion, flyovers)


def contest_with(
    ours: pd.DataFrame,
    words: Words | None,
    registry: Registry,
    champion: int,
    flyovers: Sequence[BothScored] = (),
) -> Contest:
    """Put what a candidate says of its labels beside what the champion says.

    Args:
        ours: As `scores_of` returns them.
        words: Where the candidate's words begin; None where they were not recorded.
        registry: Where the champion is.
        champion: Its version.
        flyovers: Whole flyovers as both see them, newest first.

    Raises:
        NotPaired: a table is missing or cannot be read, or there is nothing in common.
    """
    is_borrowed = version_tag(registry, champion, ORIGIN) != ""
    theirs = ours.head(0) if is_borrowed else read_scores(registry, champion)
    return Contest(
        shared=_join_labels(ours, theirs) if is_borrowed else pair_labels(ours, theirs),
        new=new_labels(ours, theirs, flyovers),
        words=words,
        words_champion=read_words(registry, champion),
        flyovers=flyovers,
    )


def pair_labels(candidate: pd.DataFrame, champion: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that both versions have, `failing` being as the candidate has it.

    The candidate was trained on the later file of labels.

    Args:
        candidate: Columns parcel_id, year, block, failing, score, even.
        champion: The same.

    Returns:
        Those columns, and failing, score and even of the champion.

    Raises:
        NotPaired: no label in common, or none of a failing roof.
    """
    pairs = _join_labels(candidate, champion)
    if not len(pairs):
        raise NotPaired("they have no label in common")
    if not pairs["failing"].any():
        raise NotPaired(f"they have {len(pairs)} labels in common, none of a failing roof")

    return pairs


def _join_labels(candidate: pd.DataFrame, champion: pd.DataFrame) -> pd.DataFrame:
    theirs = champion[[*KEY, "failing", "score", "even"]]
    names = {name: f"{name}_champion" for name in ("failing", "score", "even")}
    return candidate.merge(theirs.rename(columns=names), on=KEY)


def new_labels(
    candidate: pd.DataFrame, champion: pd.DataFrame, flyovers: Sequence[BothScored]
) -> pd.DataFrame:
    """Return the labels that the champion does not have, with the scores of both; newest first.

    Both are set to the share failing of the whole flyover where the candidate's heads are known:
    that of the labels says nothing of roofs that were chosen for their scores.
    """
    known = pd.MultiIndex.from_frame(champion[KEY])
    is_new = ~pd.MultiIndex.from_frame(candidate[KEY]).isin(known)
    fresh = candidate[is_new].sort_values(["year", "parcel_id"], ascending=[False, True])

    held_out = [flyover.held_out.assign(year=flyover.year) for flyover in flyovers]
    nothing = pd.DataFrame({"parcel_id": pd.Series(dtype=object), "year": pd.Series(dtype=int)})
    nothing[CHAMPION] = np.zeros((0, len(CHAMPION)))
    every = pd.concat([nothing, *held_out]).astype({"year": np.int64})
    joined = fresh.merge(every, on=KEY, suffixes=("", AT_FLYOVER))
    for name in ("score", "even"):
        at_flyover = f"{name}{AT_FLYOVER}"
        if at_flyover in joined:
            joined[name] = joined.pop(at_flyover).fillna(joined[name])
    return joined


def read_scores(registry: Registry, version: int) -> pd.DataFrame:
    """Return the labels of a version with the scores of the rung that ships.

    Returns:
        Columns parcel_id, year, block, failing, score, even, and of `OPTIONAL` those there are.
        `even` is the score where it was not recorded.

    Raises:
        NotPaired: no such table, or one that cannot be read.
    """
    path = version_file(registry, version, OUT_OF_FOLD)
    rung = version_tag(registry, version, "rung")
    if path is None:
        raise NotPaired(f"version {version} has no {OUT_OF_FOLD}")

    try:
        table = scores_of(pd.read_parquet(path), rung)
    except (ValueError, TypeError, OSError, KeyError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise NotPaired(
            f"{OUT_OF_FOLD} of version {version} cannot be read ({first_line})"
        ) from error
    if table.duplicated(KEY).any():
        raise NotPaired(f"{OUT_OF_FOLD} of version {version} holds a label twice")

    return table


def read_words(registry: Registry, version: int) -> Words | None:
    """Return where the words of a version begin; None where that was not recorded."""
    likely = version_metric(registry, version, "likely")
    possible = version_metric(registry, version, "possible")
    if np.isnan(likely) or np.isnan(possible):
        return None
    return Words(likely=likely, possible=possible)


def scores_of(table: pd.DataFrame, rung: str) -> pd.DataFrame:
    """Return the columns that the gate reads, those of the rung under common names.

    Args:
        table: Labels with the scores of every rung.
        rung: The rung that ships.

    Raises:
        KeyError: a column is missing.
    """
    even = f"{rung}_even" if f"{rung}_even" in table else rung
    kept = [name for name in OPTIONAL if name in table]
    columns = table[[*KEY, "block", "failing", *kept]]
    scored = columns.assign(score=table[rung], even=table[even].astype(np.float64))
    return scored.astype(TYPES)
