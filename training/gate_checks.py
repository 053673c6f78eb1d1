"""The single checks of the promotion gate: each looks at one thing and says it in words."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.compare import Difference, paired_differences
from training.figures import TOP
from training.gate_labels import Contest, Words
from training.gate_lists import LIKELY, LISTED, BothScored, share_text
from training.ranking import STATISTICS, Ranking, ScoredLabels, rank_labels, statistics_of, weigh
from training.resample import draw_weights, drawn_unit

REPEATS = 1000
"""Bootstrap repetitions."""
SURE = 0.95
"""Share of resamples in which a ranking has to be better than chance."""
LEAST_OF_CLASS = 5
"""Labels of each class from which on new labels are compared by themselves."""
SELDOM_BETTER = 0.05
"""A figure that the candidate wins in fewer resamples is worse by more than chance."""
BRIER_MARGIN = 0.02
"""The mean squared error of the scores may rise by this much."""
RECALL_MARGIN = 0.1
"""The share of failing roofs on the list may fall by this much."""
MOST_FLIPPED = 0.25
"""Share of the labels that may have changed, between two label files."""
MOST_LOST = 0.5
"""Share of the failing labels that may have become intact."""
LEAST_FAILING = 10
"""Failing labels from which on `MOST_LOST` counts."""
LEAST_EXCESS = 0.5
"""A version has to keep this part of what the champion's AUROC lies above chance."""
LONGER = 1.5
"""A list may be this many times as long as the champion's."""
LEAST_LONGER = 10
"""Roofs by which a list has to be longer before that counts."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one check of the gate found."""

    name: str
    """Short name, such as "ranking"."""
    holds: bool
    """Nothing speaks against the version here."""
    text: str
    """What was found, in plain words."""


def check_chance(labels: pd.DataFrame) -> Check:
    """Tell whether a ranking is better than chance, on labels whose block was left out.

    Args:
        labels: Columns block, failing and score.
    """
    ranking = _rank(labels, "score", "score", None)
    blocks = labels["block"].to_numpy(object)
    share_failing = float(labels["failing"].mean())
    point = statistics_of(ranking)

    draws = draw_weights(blocks, REPEATS, np.random.default_rng(0))
    aurocs = np.concatenate(
        [weigh(ranking, weights)[:, STATISTICS.index("auroc")] for weights in draws]
    )
    known = aurocs[~np.isnan(aurocs)]
    above = float((known > 0.5).mean()) if len(known) else 0.0

    holds = above >= SURE and point["average_precision"] > share_failing
    return Check(
        name="chance",
        holds=holds and not labels["score"].isna().any(),
        text=(
            f"on its {len(labels)} labels, {int(labels['failing'].sum())} failing, out of fold: "
            f"AUROC {point['auroc']:.3f}, above chance (0.5) in {above:.0%} of resamples of "
            f"{drawn_unit(blocks)}; average precision {point['average_precision']:.3f}, by chance "
            f"{share_failing:.3f}; wanted are {SURE:.0%} and more than chance"
        ),
    )


def check_floor(scored: pd.DataFrame, rung: str) -> Check:
    """Tell whether a first model may become champion: it has to be better than chance.

    Args:
        scored: Labels with what every rung says, blocks left out.
        rung: The rung that ships.
    """
    return check_chance(scored[["block", "failing"]].assign(score=scored[rung]))


def check_numbers(pairs: pd.DataFrame) -> Check:
    """Tell whether all scores are numbers."""
    unknown_ours = int(pairs["score"].isna().sum())
    unknown_theirs = int(pairs["score_champion"].isna().sum())
    return Check(
        name="numbers",
        holds=not unknown_ours and not unknown_theirs,
        text=f"{unknown_ours} and {unknown_theirs} scores are not numbers",
    )


def check_flips(shared: pd.DataFrame) -> Check:
    """Tell whether the labels themselves changed, of the same roof in the same year."""
    ours = shared["failing"].to_numpy(np.int64)
    theirs = shared["failing_champion"].to_numpy(np.int64)
    flipped = int((ours != theirs).sum())
    failed = int(theirs.sum())
    lost = int(((theirs == 1) & (ours == 0)).sum())

    has_lost = failed >= LEAST_FAILING and lost > MOST_LOST * failed
    return Check(
        name="changed labels",
        holds=flipped <= MOST_FLIPPED * len(shared) and not has_lost,
        text=(
            f"{flipped} of {len(shared)} labels say another thing of the same roof and year than "
            f"they said to the champion, {lost} of {failed} failing ones are intact now; at most "
            f"{MOST_FLIPPED:.0%} and {MOST_LOST:.0%} may change: compare the label file with its "
            "last backup, its ids first"
        ),
    )


def check_fall(shared: pd.DataFrame) -> Check:
    """Tell whether the ranking fell, each version being judged by its own labels."""
    ours = statistics_of(_rank(shared, "score", "score", None))["auroc"]
    by_own = shared.assign(failing=shared["failing_champion"])
    theirs = statistics_of(_rank(by_own, "score_champion", "score_champion", None))["auroc"]

    is_known = not np.isnan([ours, theirs]).any()
    return Check(
        name="own labels",
        holds=not is_known or ours - 0.5 >= LEAST_EXCESS * (theirs - 0.5),
        text=(
            f"on the same {len(shared)} roofs, each by the labels it learned from: AUROC "
            f"{ours:.3f} against {theirs:.3f}; half of what lies above chance has to stay"
        ),
    )


def check_shared(contest: Contest, names: str, margin: float) -> tuple[Check, ...]:
    """Compare ranking, calibration and recall on the labels that both versions have."""
    where = f"{names} on the same {len(contest.shared)} held-out labels"
    found = _compare(contest, contest.shared)
    blocks = contest.shared["block"].nunique()
    ranking = found.ranking(f"{where} of {blocks} blocks", margin, is_strict=True)
    return (ranking, *found.others("held-out labels of both"))


def check_new(contest: Contest, margin: float) -> tuple[Check, ...]:
    """Compare both versions on labels that the champion never saw, where there are enough."""
    new = contest.new
    failing = int(new["failing"].sum())
    years = ", ".join(str(year) for year in sorted(set(new["year"]), reverse=True))
    if not len(new):
        text = "no labels that are new to the champion in a flyover that both versions scored"
        return (Check(name="new labels", holds=True, text=text),)

    where = f"{len(new)} labels of {years} that are new to the champion, {failing} failing"
    if min(failing, len(new) - failing) < LEAST_OF_CLASS:
        text = f"{where}: fewer than {LEAST_OF_CLASS} of a class, too few to compare"
        return (Check(name="new labels", holds=True, text=text),)

    found = _compare(contest, new)
    return (
        found.ranking(where, margin, is_strict=False),
        *found.others("labels new to the champion"),
    )


def check_list(both: BothScored) -> tuple[Check, ...]:
    """Tell whether the lists of a flyover grow without reason."""
    return (
        _check_length(both, (LIKELY,), "LIKELY"),
        _check_length(both, LISTED, "LIKELY and POSSIBLE"),
    )


def _check_length(both: BothScored, words: tuple[str, ...], name: str) -> Check:
    """Tell whether one list grows more than the share failing gives reason for.

    The candidate's own share counts as far as the champion's interval allows it: a candidate that
    takes a whole flyover for failing cannot be its own witness.
    """
    before = both.count(words, champion=True)
    after = both.count(words, champion=False)
    share = both.share_champion
    usual = before or round(share.used * len(both.roofs))
    rise = min(both.share.used, share.high) / share.used

    is_longer = after - usual >= LEAST_LONGER and after > LONGER * usual
    given = f"{before:,}" if before else f"none (it expects {usual:,} failing)"
    return Check(
        name=f"length of {name}",
        holds=not is_longer or after <= rise * usual,
        text=(
            f"{name} in {both.year}: {after:,} roofs, the champion's {given}; more than {LONGER} "
            f"times as many needs an estimated share failing that rises as much: "
            f"{share_text(share)} -> {share_text(both.share)}"
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Figures of the candidate and the champion on the same labels."""

    ours: dict[str, float]
    """Of the candidate."""
    theirs: dict[str, float]
    """Of the champion."""
    differences: dict[str, Difference]
    """The first less the second."""

    def ranking(self, where: str, margin: float, *, is_strict: bool) -> Check:
        """Compare average precision; if not strict, a difference has to be beyond chance."""
        name = "average_precision"
        found = self.differences[name]
        is_worse = not found.difference >= -margin
        is_chance = not is_strict and found.share_better >= SELDOM_BETTER
        return Check(
            name="ranking" if is_strict else "ranking of new labels",
            holds=not is_worse or is_chance,
            text=(
                f"{where}: average precision {self.ours[name]:.3f} against "
                f"{self.theirs[name]:.3f}, {describe(found)}; {wanted(margin)}"
            ),
        )

    def others(self, where: str) -> tuple[Check, ...]:
        """Compare calibration and recall, each beyond chance."""
        return self._calibration(where), self._recall(where)

    def _calibration(self, where: str) -> Check:
        found = self.differences["brier"]
        is_surely = found.share_better > 1 - SELDOM_BETTER
        return Check(
            name=f"calibration on {where}",
            holds=not (found.difference > BRIER_MARGIN and is_surely),
            text=(
                f"scores on {where}: mean squared error {self.ours['brier']:.3f} against "
                f"{self.theirs['brier']:.3f}, calibration error "
                f"{self.ours['calibration_error']:.3f} against "
                f"{self.theirs['calibration_error']:.3f}; it may rise by {BRIER_MARGIN}"
            ),
        )

    def _recall(self, where: str) -> Check:
        found = self.differences["recall_possible"]
        is_surely = found.share_better < SELDOM_BETTER
        return Check(
            name=f"recall on {where}",
            holds=not (found.difference < -RECALL_MARGIN and is_surely),
            text=(
                f"failing roofs that are LIKELY or POSSIBLE, on {where}: "
                f"{self.ours['recall_possible']:.0%} against "
                f"{self.theirs['recall_possible']:.0%}; it may fall by {RECALL_MARGIN:.0%}"
            ),
        )


def describe(found: Difference) -> str:
    """Say a difference with its interval."""
    low, high = found.interval
    return (
        f"difference {found.difference:+.3f} (90% {low:+.3f} to {high:+.3f}), "
        f"better in {found.share_better:.0%} of resamples of {found.resampled}"
    )


def wanted(margin: float) -> str:
    """Say what the gate wants of the average precision."""
    return f"the gate wants no worse than {-margin:+.3f}"


def _compare(contest: Contest, labels: pd.DataFrame) -> Compared:
    ours = _rank(labels, "score", "even", contest.words)
    theirs = _rank(labels, "score_champion", "even_champion", contest.words_champion)
    blocks = labels["block"].to_numpy(object)
    return Compared(
        ours=statistics_of(ours),
        theirs=statistics_of(theirs),
        differences=paired_differences(ours, theirs, blocks, REPEATS),
    )


def _rank(labels: pd.DataFrame, score: str, even: str, words: Words | None) -> Ranking:
    scored = ScoredLabels(
        scores=labels[score].to_numpy(np.float64),
        failing=labels["failing"].to_numpy(np.int64),
        even=labels[even].to_numpy(np.float64),
    )
    return rank_labels(scored, top=TOP, thresholds=words, probability=True)
