"""How well the ranking carries over to a flyover that nobody has labeled, and what looks add.

    python -m benchmarks.transfer --data DIR [--workspace DIR]

Each labeled flyover in turn is the coming one, and the others are the past. First every recipe for
setting features against a flyover, then the recipe that ships with looks at the coming flyover.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.flyover_sets import LABELED, FlyoverSet, learn, open_sets, score, set_options
from benchmarks.recipes import RECIPES, rank
from labels.sample import Candidates, draw_looks
from models.head import Floats
from training.settings import TrainSettings

LEAST_FAILING = 20
"""Failing roofs that a flyover needs to be ranked."""
LOOKS = (0, 25, 50, 100)
"""Looks at the coming flyover."""
SEEDS = 3
"""Draws of looks."""


def with_looks(
    coming: FlyoverSet, past: Sequence[FlyoverSet], count: int, seed: int
) -> tuple[float, float]:
    """Return AUROC and AP on the roofs of the coming flyover that were not looked at.

    Args:
        coming: The flyover that is looked at.
        past: Flyovers with all their labels.
        count: How many roofs are looked at, drawn as the product draws them.
        seed: Of the draw.
    """
    settings = TrainSettings(bootstrap=1)
    head = learn(past, settings).head("joined")
    rest = np.flatnonzero(coming.is_labeled)
    if count:
        drawn = _draw(coming, score(head, coming).scores, head.likely, count, seed)
        is_drawn = coming.labels["parcel_id"].isin([f"{coming.number} {name}" for name in drawn])
        looked = replace(coming, labels=coming.labels[is_drawn])
        head = learn([*past, looked], settings).head("joined")
        rest = rest[~np.isin(coming.parcel_ids[rest], list(drawn))]

    scores = score(head, coming).scores[rest]
    failing = coming.failing[rest]
    return (
        float(roc_auc_score(failing, scores)),
        float(average_precision_score(failing, scores)),
    )


def _draw(coming: FlyoverSet, scores: Floats, likely: float, count: int, seed: int) -> set[str]:
    """Draw the roofs to look at among those that have a label."""
    known = coming.is_labeled
    candidates = Candidates(
        parcel_id=coming.parcel_ids[known],
        score=scores[known],
        district=np.full(int(known.sum()), "", object),
        strangeness=np.full(int(known.sum()), np.nan),
        is_labeled=np.zeros(int(known.sum()), bool),
    )
    rng = np.random.default_rng(seed)
    return set(draw_looks(candidates, looks=count, likely=likely, rng=rng)["parcel_id"])


def run(options: argparse.Namespace) -> None:
    """Print both tables."""
    sets = open_sets(options.data, options.workspace, LABELED)
    ranked = [known for known in sets if (known.failing == 1).sum() >= LEAST_FAILING]
    names = "".join(f"{known.name:>18}" for known in ranked)
    print(f"{'AUROC/AP of a flyover left out':38}{names}{'mean':>8}", flush=True)
    for recipe in RECIPES:
        found = []
        for coming in ranked:
            past = [known for known in sets if known is not coming]
            known = coming.is_labeled
            logits = rank(recipe, coming, past)[known]
            failing = coming.failing[known]
            found.append((roc_auc_score(failing, logits), average_precision_score(failing, logits)))
        print(_line(recipe.name, found), flush=True)

    for count in LOOKS:
        found = []
        for coming in ranked:
            past = [known for known in sets if known is not coming]
            draws = range(SEEDS if count else 1)
            tried = [with_looks(coming, past, count, seed) for seed in draws]
            found.append(tuple(np.mean(tried, axis=0)))
        print(_line(f"as shipped, {count} looks", found), flush=True)


def _line(name: str, found: Sequence[tuple[float, float]]) -> str:
    cells = "".join(f"{f'{auroc:.3f}/{precision:.3f}':>18}" for auroc, precision in found)
    return f"{name:38}{cells}{np.mean([auroc for auroc, _ in found]):8.4f}"


def main() -> None:
    """Read the options and print the tables."""
    run(set_options(__doc__).parse_args())


if __name__ == "__main__":
    main()
