"""Do the words keep their promise on a flyover that nobody has labeled?

    python -m benchmarks.words --data DIR [--workspace DIR] [--shifts] [--picture FILE]

Each labeled flyover in turn is the coming one; the others are the past. Its failing roofs are
also thinned out to other shares, and with --shifts its photos are changed. DIR holds the sets of
`benchmarks/flyover_sets.py`; those without labels are scored by all that have some.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.flyover_sets import (
    INTACT,
    LABELED,
    UNLABELED,
    FlyoverSet,
    open_sets,
    set_folders,
    set_options,
)
from benchmarks.past_flyovers import PastFlyovers, Words, learn, score
from benchmarks.shifts import SHIFTS, shifted
from imagery.files import atomic_path
from training.settings import TrainSettings

SHARES = (0.02, 0.05, 0.2, 0.5)
"""Shares to which the failing roofs are thinned."""
LEAST_FAILING = 20
"""Failing roofs that a flyover needs to be thinned or shifted."""
LEAST_LIKELY = 20
"""Words are judged where this many roofs are LIKELY."""
MOST_SHIFTED = 800
"""Roofs of a flyover that are shifted at most."""
TICKS = (20, 50, 100, 200, 400)
"""Counts of LIKELY that the picture names."""
HEAD = (
    f"{'coming flyover':38}{'roofs':>6}{'AUROC':>7}{'AP':>6}{'LIKELY':>8}{'right':>7}{'found':>7}"
    f"{'POSSIBLE':>10}{'recall':>8}{'share':>7}{'estimated':>20}"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the words were worth on one flyover."""

    name: str
    """The flyover, and what was done to it."""
    roofs: int
    """Roofs scored."""
    auroc: float
    """NaN with one class or without labels."""
    average_precision: float
    """The same."""
    likely: int
    """Roofs called LIKELY."""
    possible: int
    """Roofs called POSSIBLE."""
    right: float
    """Share failing among LIKELY; NaN without any or without labels."""
    found: float
    """Share of failing roofs called LIKELY."""
    recall: float
    """Share of failing roofs called LIKELY or POSSIBLE."""
    share: float
    """Share failing; NaN without labels."""
    estimate: tuple[float, float, float]
    """Estimated share failing, and its interval."""
    doubt: str
    """Why LIKELY was held back."""

    @property
    def line(self) -> str:
        """Return the row for people."""
        share, low, high = self.estimate
        estimated = f"{share:.3f} ({low:.3f}-{high:.3f})"
        return (
            f"{self.name:38}{self.roofs:6d}{self.auroc:7.3f}{self.average_precision:6.2f}"
            f"{self.likely:8d}{self.right:7.2f}{self.found:7.2f}{self.possible:10d}"
            f"{self.recall:8.2f}{self.share:7.3f}{estimated:>20} {self.doubt}"
        )

    @property
    def covers(self) -> bool:
        """Tell whether the interval holds the share failing."""
        _, low, high = self.estimate
        return low <= self.share <= high


def judge(flyover: FlyoverSet, words: Words) -> Row:
    """Compare the words with the labels."""
    known = flyover.is_labeled
    failing = flyover.failing[known]
    likely = words.words == "LIKELY"
    possible = words.words == "POSSIBLE"
    both = 0 < failing.sum() < len(failing)
    scores = words.scores[known]
    return Row(
        name=flyover.name,
        roofs=len(words.scores),
        auroc=float(roc_auc_score(failing, scores)) if both else float("nan"),
        average_precision=float(average_precision_score(failing, scores)) if both else float("nan"),
        likely=int(likely.sum()),
        possible=int(possible.sum()),
        right=_mean(failing[likely[known]]),
        found=_mean(likely[known][failing == 1]),
        recall=_mean((likely | possible)[known][failing == 1]),
        share=_mean(failing),
        estimate=(words.share.share, words.share.low, words.share.high),
        doubt=words.share.doubt,
    )


def variants(flyover: FlyoverSet, workspace: Path, *, shifts: bool) -> Iterator[FlyoverSet]:
    """Yield a labeled flyover as it is, thinned, and shifted."""
    yield flyover
    failing = np.flatnonzero(flyover.failing == 1)
    intact = np.flatnonzero(flyover.failing == 0)
    if len(failing) < LEAST_FAILING:
        return

    rng = np.random.default_rng(0)
    for share in SHARES:
        count = min(len(failing), int(len(intact) * share / (1 - share)))
        others = min(len(intact), int(count * (1 - share) / share))
        if count:
            rows = np.concatenate(
                [rng.permutation(failing)[:count], rng.permutation(intact)[:others]]
            )
            yield flyover.take(np.sort(rows), f"{flyover.name}, {share:.0%} failing")
    if shifts:
        some = np.sort(rng.permutation(len(flyover.chips))[:MOST_SHIFTED])
        part = flyover.take(some, flyover.name)
        for name in SHIFTS:
            yield shifted(part, name, workspace)


def summarize(rows: Sequence[Row], promised: float) -> list[str]:
    """Say in how many flyovers the promise was kept."""
    judged = [row for row in rows if row.likely >= LEAST_LIKELY and not np.isnan(row.right)]
    kept = [row for row in judged if row.right >= promised]
    told = [row for row in rows if not np.isnan(row.share)]
    covered = [row for row in told if row.covers]
    return [
        f"LIKELY at or above {promised:.0%} in {len(kept)} of {len(judged)} flyovers with "
        f"{LEAST_LIKELY} or more",
        f"share failing inside its interval in {len(covered)} of {len(told)}",
    ]


def draw(path: Path, rows: Sequence[Row], promised: float) -> None:
    """Draw promised against kept: a dot for each flyover."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    judged = [row for row in rows if row.likely >= LEAST_LIKELY and not np.isnan(row.right)]
    for row in judged:
        left.plot(row.likely, row.right, "o", color="#205493", alpha=0.8)
    left.axhline(promised, color="#b03a2e", linestyle="--")
    left.text(LEAST_LIKELY, promised - 0.05, f"promised: {promised:.0%}", color="#b03a2e")
    left.set(
        xscale="log",
        ylim=(0, 1.02),
        xlabel="roofs called LIKELY",
        ylabel="share of them that fail",
        title="LIKELY on a flyover that nobody had labeled",
    )

    left.set_xticks(TICKS, [str(tick) for tick in TICKS])
    left.minorticks_off()

    for row in rows:
        if not np.isnan(row.share):
            share, low, high = row.estimate
            right.plot([row.share, row.share], [low, high], color="#9aa5b1")
            right.plot(row.share, share, "o", color="#205493", alpha=0.8)
    right.plot([0, 0.7], [0, 0.7], color="#b03a2e", linestyle="--")
    right.set(
        xlabel="share failing, by the labels",
        ylabel="share failing, estimated without them",
        title="How many roofs fail: told before anybody looks",
    )
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")


def run(options: argparse.Namespace) -> None:
    """Print the table."""
    settings = TrainSettings(bootstrap=20)
    labeled = open_sets(set_folders(options), LABELED)
    intact = open_sets(set_folders(options), INTACT)
    print(HEAD, flush=True)

    rows = []
    for coming in labeled:
        past = learn([known for known in labeled if known is not coming], settings)
        head = past.head()
        tried = [*variants(coming, options.workspace, shifts=options.shifts)]
        folder = coming.name.split()[0]
        tried += [flyover for flyover in intact if flyover.name.startswith(folder)]
        for flyover in tried:
            row = judge(flyover, score(head, flyover))
            rows.append(row)
            print(row.line, flush=True)

    print("\n".join(summarize(rows, settings.precision_likely)))
    if options.picture:
        draw(options.picture, rows, settings.precision_likely)
    print_unlabeled(learn(labeled, settings), options)


def print_unlabeled(past: PastFlyovers, options: argparse.Namespace) -> None:
    """Score the sets whose labels are kept apart by a model of all labeled ones."""
    print("\nsets without labels here")
    for flyover in open_sets(set_folders(options), UNLABELED):
        print(judge(flyover, score(past.head(), flyover)).line, flush=True)


def _mean(values: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> float:
    return float(np.mean(values.astype(np.float64))) if len(values) else float("nan")


def main() -> None:
    """Read the options and print the table."""
    parser = set_options(__doc__)
    parser.add_argument("--shifts", action="store_true", help="change the photos too")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw promised against kept")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
