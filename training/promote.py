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
from training.compare import paired_difference

GATE_METRIC = "average_precision"
OUT_OF_FOLD = "report/out_of_fold.parquet"
"""What every training logs: parcel_id, year, block, failing, and a column of calibrated out-of-fold scores per rung."""
KEY = ["parcel_id", "year"]
REPEATS = 1000


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
    """Compare a version with the champion on the out-of-fold scores of the labels that both have seen.

    Args:
        registry: Where the versions are.
        version: The candidate.
        margin: How far its average precision may fall behind.
        was_champion: The audit log names it as an earlier champion; a rollback always holds.
        seed: Seed of the resamples.
    """
    champion, ours = (
        alias_version(registry, "champion"),
        version_metric(registry, version, GATE_METRIC),
    )
    if champion == version:
        return Verdict(holds=True, text=f"version {version} is champion already")
    if was_champion:
        return Verdict(
            holds=True, text=f"version {version} has been champion before: a rollback always holds"
        )
    if champion is None:
        return _verdict(
            math.isfinite(ours),
            f"version {version} has no champion to beat: average precision {ours:.3f}; the gate wants a figure",
        )
    theirs, names = (
        version_metric(registry, champion, GATE_METRIC),
        f"version {version} against champion {champion}",
    )
    try:
        pairs = pair_labels(_scores(registry, version), _scores(registry, champion))
    except NotPaired as reason:
        text = f"{names}, not paired because {reason}: average precision {ours:.3f} against {theirs:.3f}, each on its own labels; {_wanted(margin)}"
        return _verdict(ours - theirs >= -margin, text)
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
    failing, blocks = pairs["failing"].to_numpy(np.int64), pairs["block"].to_numpy(object)
    ours, theirs = pairs["score"].to_numpy(np.float64), pairs["score_champion"].to_numpy(np.float64)
    text = f"{names} on the same {len(pairs)} held-out labels of {len(np.unique(blocks))} blocks"
    if np.isnan(ours).any() or np.isnan(theirs).any():
        return Verdict(
            holds=False,
            text=f"{text}: {np.isnan(ours).sum()} and {np.isnan(theirs).sum()} scores are not numbers: does not hold",
        )
    found = paired_difference(ours, theirs, failing, blocks, REPEATS, rng)
    first, second = (average_precision_score(failing, scores) for scores in (ours, theirs))
    text += f": average precision {first:.3f} against {second:.3f}, difference {found.difference:+.3f} (90% {found.interval[0]:+.3f} to {found.interval[1]:+.3f})"
    text += (
        f", better in {found.share_better:.0%} of resamples of {found.resampled}; {_wanted(margin)}"
    )
    return _verdict(found.difference >= -margin, text)


def pair_labels(candidate: pd.DataFrame, champion: pd.DataFrame) -> pd.DataFrame:
    """Return the labels that both versions have seen, as the candidate, which is trained on the later file, has them.

    Args:
        candidate: Columns parcel_id, year, block, failing, score.
        champion: The same.

    Returns:
        Those columns, and score_champion.

    Raises:
        NotPaired: no label in common, or none of a failing roof.
    """
    pairs = candidate.merge(
        champion[[*KEY, "score"]].rename(columns={"score": "score_champion"}), on=KEY
    )
    if not pairs["failing"].any():
        raise NotPaired(
            f"they have {len(pairs)} labels in common, none of a failing roof"
            if len(pairs)
            else "they have no label in common"
        )
    return pairs


def promote(registry: Registry, version: int, verdict: Verdict, *, force: bool) -> None:
    """Move the champion alias.

    Raises:
        Refused: the gate does not hold and nobody forces it.
    """
    if not verdict.holds and not force:
        raise Refused(
            f"promote: {verdict.text}; the gate does not hold; train with more labels, or use --force with --why"
        )
    move_alias(registry, "champion", version)


def _scores(registry: Registry, version: int) -> pd.DataFrame:
    """Return parcel_id, year, block, failing and score of the labels of a version, score being that of the rung that ships."""
    path, rung = (
        version_file(registry, version, OUT_OF_FOLD),
        version_tag(registry, version, "rung"),
    )
    if path is None:
        raise NotPaired(f"version {version} has no {OUT_OF_FOLD}")
    try:
        table = pd.read_parquet(path, columns=[*KEY, "block", "failing", rung]).rename(
            columns={rung: "score"}
        )
        table = table.astype(
            {"parcel_id": str, "year": np.int64, "failing": np.int64, "score": np.float64}
        )
    except (ValueError, TypeError, OSError, KeyError) as error:
        first = str(error).strip().splitlines()[0]
        raise NotPaired(f"{OUT_OF_FOLD} of version {version} cannot be read ({first})") from error
    if table.duplicated(KEY).any():
        raise NotPaired(f"{OUT_OF_FOLD} of version {version} holds a label twice")
    return table


def _wanted(margin: float) -> str:
    return f"the gate wants no worse than {-margin:+.3f}"


def _verdict(holds: bool, text: str) -> Verdict:
    return Verdict(holds=holds, text=f"{text}: {'holds' if holds else 'does not hold'}")
