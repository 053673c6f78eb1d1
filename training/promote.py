"""The promotion gate: a named person moves the champion alias, if the gate holds."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from imagery.errors import Refused
from models.registry import (
    Registry,
    alias_version,
    move_alias,
    version_file,
    version_metric,
    version_tag,
)
from training.compare import Difference, paired_difference

GATE_METRIC = "average_precision"
OUT_OF_FOLD = "report/out_of_fold.parquet"
"""What every training logs: parcel_id, year, block, failing, and a column of calibrated
out-of-fold scores per rung."""
KEY = ["parcel_id", "year"]
TYPES = {"parcel_id": str, "year": np.int64, "failing": np.int64, "score": np.float64}
REPEATS = 1000
"""Bootstrap repetitions."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says of a version."""

    holds: bool
    """The version may become champion."""
    text: str
    """Why, in plain words."""


class NotPaired(Exception):
    """Why two versions cannot be compared label by label."""


def judge(
    registry: Registry, version: int, *, margin: float, was_champion: bool, seed: int = 0
) -> Verdict:
    """Compare a version with the champion on the labels that both have seen, out of fold.

    Args:
        registry: Where the versions are.
        version: The candidate.
        margin: How far its average precision may fall behind.
        was_champion: The audit log names it as an earlier champion; a rollback always holds.
        seed: Seed of the resamples.
    """
    champion = alias_version(registry, "champion")
    ours = version_metric(registry, version, GATE_METRIC)
    if champion == version:
        return Verdict(holds=True, text=f"version {version} is champion already")
    if was_champion:
        text = f"version {version} has been champion before: a rollback always holds"
        return Verdict(holds=True, text=text)
    if champion is None:
        return _verdict(
            math.isfinite(ours),
            f"version {version} has no champion to beat: average precision {ours:.3f}; "
            "the gate wants a figure",
        )

    names = f"version {version} against champion {champion}"
    try:
        pairs = pair_labels(_read_scores(registry, version), _read_scores(registry, champion))
    except NotPaired as reason:
        theirs = version_metric(registry, champion, GATE_METRIC)
        return _verdict(
            ours - theirs >= -margin,
            f"{names}, not paired because {reason}: average precision {ours:.3f} against "
            f"{theirs:.3f}, each on its own labels; {_wanted(margin)}",
        )
    return judge_pairs(pairs, names, margin=margin, rng=np.random.default_rng(seed))


def judge_pairs(
    pairs: pd.DataFrame, names: str, *, margin: float, rng: np.random.Generator
) -> Verdict:
    """Compare two versions on the same labels, by a bootstrap that draws the same blocks for both.

    Args:
        pairs: What `pair_labels` returns.
        names: "version 4 against champion 3".
        margin: How far the average precision of the first may fall behind.
        rng: Source of randomness.
    """
    ours = pairs["score"].to_numpy(np.float64)
    theirs = pairs["score_champion"].to_numpy(np.float64)
    blocks = pairs["block"].nunique()
    where = f"{names} on the same {len(pairs)} held-out labels of {blocks} blocks"

    unknown_ours = np.isnan(ours).sum()
    unknown_theirs = np.isnan(theirs).sum()
    if unknown_ours or unknown_theirs:
        text = f"{where}: {unknown_ours} and {unknown_theirs} scores are not numbers"
        return _verdict(False, text)

    failing = pairs["failing"].to_numpy(np.int64)
    precision = average_precision_score(failing, ours)
    precision_champion = average_precision_score(failing, theirs)
    found = paired_difference(ours, theirs, pairs, REPEATS, rng)
    return _verdict(
        found.difference >= -margin,
        f"{where}: average precision {precision:.3f} against {precision_champion:.3f}, "
        f"{_describe(found)}; {_wanted(margin)}",
    )


def pair_labels(candidate: pd.DataFrame, champion: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that both versions have seen, as the candidate has them.

    The candidate was trained on the later file of labels.

    Args:
        candidate: Columns parcel_id, year, block, failing, score.
        champion: The same.

    Returns:
        Those columns, and score_champion.

    Raises:
        NotPaired: no label in common, or none of a failing roof.
    """
    theirs = champion[[*KEY, "score"]].rename(columns={"score": "score_champion"})
    pairs = candidate.merge(theirs, on=KEY)
    if not len(pairs):
        raise NotPaired("they have no label in common")
    if not pairs["failing"].any():
        raise NotPaired(f"they have {len(pairs)} labels in common, none of a failing roof")

    return pairs


def promote(registry: Registry, version: int, verdict: Verdict, *, force: bool) -> None:
    """Move the champion alias.

    Raises:
        Refused: the gate does not hold and nobody forces it.
    """
    if not verdict.holds and not force:
        raise Refused(
            f"promote: {verdict.text}; the gate does not hold; train with more labels, "
            "or use --force with --why"
        )
    move_alias(registry, "champion", version)


def _read_scores(registry: Registry, version: int) -> pd.DataFrame:
    """Return the labels of a version with the scores of the rung that ships.

    Returns:
        Columns parcel_id, year, block, failing and score.

    Raises:
        NotPaired: no such table, or one that cannot be read.
    """
    path = version_file(registry, version, OUT_OF_FOLD)
    rung = version_tag(registry, version, "rung")
    if path is None:
        raise NotPaired(f"version {version} has no {OUT_OF_FOLD}")

    try:
        table = pd.read_parquet(path, columns=[*KEY, "block", "failing", rung])
        table = table.rename(columns={rung: "score"}).astype(TYPES)
    except (ValueError, TypeError, OSError, KeyError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise NotPaired(
            f"{OUT_OF_FOLD} of version {version} cannot be read ({first_line})"
        ) from error
    if table.duplicated(KEY).any():
        raise NotPaired(f"{OUT_OF_FOLD} of version {version} holds a label twice")

    return table


def _describe(found: Difference) -> str:
    low, high = found.interval
    return (
        f"difference {found.difference:+.3f} (90% {low:+.3f} to {high:+.3f}), "
        f"better in {found.share_better:.0%} of resamples of {found.resampled}"
    )


def _wanted(margin: float) -> str:
    return f"the gate wants no worse than {-margin:+.3f}"


def _verdict(holds: bool, text: str) -> Verdict:
    return Verdict(holds=holds, text=f"{text}: {'holds' if holds else 'does not hold'}")
