"""How well the ranking carries over to a flyover that nobody has labeled, and what looks add.

    python -m benchmarks.transfer --data DIR [--workspace DIR] [--model "input_px = 224"]
        [--own-norm] [--one-sharpness] [--only TEXT]

Each labeled flyover in turn is the coming one, and the others are the past. First every recipe for
setting features against a flyover, then rungs joined by a second model, then a model of the
flyover's own other blocks, then the recipe that ships with looks at the coming flyover. The network
or the photos may be changed before that, those of past flyovers and of the coming one alike.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.flyover_sets import LABELED, FlyoverSet, open_sets, set_folders, set_options
from benchmarks.one_sharpness import to_one_sharpness
from benchmarks.past_flyovers import score
from benchmarks.recipes import RECIPES, rank, rank_as_before
from benchmarks.stacking import STACKS, rank_stack
from labels.sample import Candidates, draw_looks
from models.head import Floats, Head
from training.design import head_design
from training.fit import Fit, fit_head
from training.rungs import rung_features
from training.settings import TrainSettings
from training.splits import block_folds

LEAST_FAILING = 20
"""Failing roofs that a flyover needs to be ranked."""
LOOKS = (0, 25, 50, 100)
"""Looks at the coming flyover."""
OWN = "joined, its own blocks left out"
"""Name of the row of models that learned from the same flyover."""
RUNG = "joined"
"""What the looks are added to."""
LIKELY = 0.7
"""Where LIKELY begins, for roofs near it to be drawn."""
SEEDS = 3
"""Draws of looks."""
Ranker = Callable[[FlyoverSet, Sequence[FlyoverSet]], Floats]
"""Takes the coming flyover and the past ones; returns the logits of the coming one's chips."""
RANKERS: dict[str, Ranker] = {
    "what shipped before": rank_as_before,
    **{recipe.name: partial(rank, recipe) for recipe in RECIPES},
    **{stack.name: partial(rank_stack, stack) for stack in STACKS},
}
"""By their names in the table."""


def learn_joined(sets: Sequence[FlyoverSet]) -> Head:
    """Fit the joined rung as `roofwatch train` does, without thresholds."""
    return fit_joined(sets).head


def rank_own(flyover: FlyoverSet) -> tuple[float, float]:
    """Return AUROC and AP of a flyover's labels by a model of its other blocks."""
    scores = fit_joined([flyover]).out_of_fold.scores
    failing = flyover.labels["failing"]
    return (
        float(roc_auc_score(failing, scores)),
        float(average_precision_score(failing, scores)),
    )


def fit_joined(sets: Sequence[FlyoverSet]) -> Fit:
    """Fit the joined rung on the labels of some flyovers."""
    settings = TrainSettings()
    rows = pd.concat([known.labels for known in sets], ignore_index=True)
    flyovers = [known.stats for known in sets]
    folds = block_folds(rows, settings.folds)
    labeled = rung_features(rows, folds, RUNG, sets[0].spec.groups, flyovers)
    design = head_design(labeled, penalty=settings.penalty, light=settings.light)
    return fit_head(labeled, design, rung=RUNG, flyovers=flyovers)


def with_looks(
    coming: FlyoverSet, past: Sequence[FlyoverSet], before: Head, count: int, seed: int
) -> tuple[float, float]:
    """Return AUROC and AP on the roofs of the coming flyover that were not looked at.

    Args:
        coming: The flyover that is looked at.
        past: Flyovers with all their labels.
        before: What was learned from the past alone.
        count: How many roofs are looked at, drawn as the product draws them.
        seed: Of the draw.
    """
    head = before
    rest = np.flatnonzero(coming.is_labeled)
    if count:
        drawn = _draw(coming, score(before, coming).scores, LIKELY, count, seed)
        is_drawn = coming.labels["parcel_id"].isin([f"{coming.number} {name}" for name in drawn])
        head = learn_joined([*past, replace(coming, labels=coming.labels[is_drawn])])
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


def rank_left_out(
    coming: FlyoverSet, sets: Sequence[FlyoverSet], ranker: Ranker
) -> tuple[float, float]:
    """Return AUROC and AP of a flyover by what was learned from all others."""
    past = [known for known in sets if known is not coming]
    known = coming.is_labeled
    logits = ranker(coming, past)[known]
    failing = coming.failing[known]
    return (
        float(roc_auc_score(failing, logits)),
        float(average_precision_score(failing, logits)),
    )


def run(options: argparse.Namespace) -> None:
    """Print both tables."""
    folders = replace(set_folders(options), own_norm=options.own_norm)
    sets = open_sets(folders, LABELED)
    if options.one_sharpness:
        sets = to_one_sharpness(sets, folders.workspace)

    ranked = [known for known in sets if (known.failing == 1).sum() >= LEAST_FAILING]
    names = "".join(f"{known.name:>18}" for known in ranked)
    print(f"{'AUROC/AP of a flyover left out':42}{names}{'mean':>16}", flush=True)
    for name, ranker in RANKERS.items():
        if options.only in name:
            found = [rank_left_out(coming, sets, ranker) for coming in ranked]
            print(_line(name, found), flush=True)

    if options.only in OWN:
        print(_line(OWN, [rank_own(flyover) for flyover in ranked]), flush=True)

    counts = [count for count in LOOKS if options.only in looks_name(count)]
    heads = {}
    if counts:
        for coming in ranked:
            heads[coming.name] = learn_joined([known for known in sets if known is not coming])
    for count in counts:
        found = []
        for coming in ranked:
            past = [known for known in sets if known is not coming]
            draws = range(SEEDS if count else 1)
            tried = [with_looks(coming, past, heads[coming.name], count, seed) for seed in draws]
            found.append(tuple(np.mean(tried, axis=0)))
        print(_line(looks_name(count), found), flush=True)


def looks_name(count: int) -> str:
    """Return the name of a number of looks in the table."""
    return f"joined, {count} looks"


def _line(name: str, found: Sequence[tuple[float, float]]) -> str:
    cells = "".join(f"{f'{auroc:.3f}/{precision:.3f}':>18}" for auroc, precision in found)
    auroc, precision = np.mean(found, axis=0)
    return f"{name:42}{cells}{f'{auroc:.4f}/{precision:.4f}':>16}"


def main() -> None:
    """Read the options and print the tables."""
    parser = set_options(__doc__)
    parser.add_argument(
        "--own-norm",
        action="store_true",
        help="the network's batch normalization is measured on each flyover's own chips",
    )
    parser.add_argument(
        "--one-sharpness",
        action="store_true",
        help="photos are blurred to the sharpness of the softest flyover",
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only rows with this in their name"
    )
    run(parser.parse_args())


if __name__ == "__main__":
    main()
