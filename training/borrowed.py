"""Whether looks in a city bear a borrowed model out: until then it calls no roof LIKELY.

The labels are those of the city's own flyovers. A borrowed model has learned from none of them, so
its scores of them are honest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from training.wording import percent

SAME_SHARE = 0.005
"""Shares that differ less look alike."""
LEAST_LABELS = 30
"""Labels that a flyover needs before it tells anything."""
LEAST_FAILING = 10
"""Failing ones among them."""
ROUNDING = 1e-9
"""Of floating point, before a share is compared."""
LEAST_LIKELY = 5
"""Of them that the model would call LIKELY."""


@dataclass(frozen=True, kw_only=True)
class LocalTest:
    """What people have seen of the roofs of one flyover, and what a borrowed model says of them."""

    year: int
    """Year of the flyover."""
    labels: int
    """Scored roofs with a label."""
    failing: int
    """Failing ones among them."""
    likely: int
    """Those that would be LIKELY."""
    right: int
    """Failing ones among these."""
    precision: float
    """Share failing of those that would be LIKELY, each weighing as its label; 0 where none is."""

    @property
    def is_enough(self) -> bool:
        """Tell whether there are enough labels to judge by."""
        return self.labels >= LEAST_LABELS and self.failing >= LEAST_FAILING

    def keeps(self, aim: float) -> bool:
        """Tell whether enough of the roofs that would be LIKELY are failing."""
        return self.likely >= LEAST_LIKELY and self.precision >= aim - ROUNDING

    @property
    def seen(self) -> str:
        """Say what was found."""
        share = (
            f"{self.right} of {self.likely} that it would call LIKELY in {self.year} are failing"
        )
        if abs(self.precision - self.right / max(self.likely, 1)) < SAME_SHARE:
            return share
        return f"{share} ({percent(self.precision)} when looks are weighed)"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether a borrowed model may call roofs LIKELY."""

    held_back: str
    """Why it may not; "" where it may."""
    borne_out: str
    """What bears it out; "" where nothing does."""


def make_test(year: int, labels: pd.DataFrame, scores: pd.DataFrame, *, likely: float) -> LocalTest:
    """Compare the scores of a flyover with its labels.

    Args:
        year: Year of the flyover.
        labels: Columns parcel_id, year, failing (0 or 1), weight; those of other years are left
            out.
        scores: Columns parcel_id and score; NaN where a parcel was not scored.
        likely: Score at which LIKELY begins.
    """
    of_year = labels.loc[labels["year"] == year, ["parcel_id", "failing", "weight"]]
    scored = scores.loc[scores["score"].notna(), ["parcel_id", "score"]]
    pairs = of_year.astype({"parcel_id": object}).merge(
        scored.astype({"parcel_id": object}), on="parcel_id"
    )
    is_failing = pairs["failing"] == 1
    is_likely = pairs["score"] >= likely
    weights = pairs["weight"]
    weighed = float(weights[is_likely].sum())
    return LocalTest(
        year=year,
        labels=len(pairs),
        failing=int(is_failing.sum()),
        likely=int(is_likely.sum()),
        right=int((is_failing & is_likely).sum()),
        precision=float(weights[is_failing & is_likely].sum() / weighed) if weighed else 0.0,
    )


def judge_borrowed(tests: Sequence[LocalTest], aim: float) -> Standing:
    """Say whether a borrowed model may call roofs LIKELY; the newest flyover that tells decides.

    Args:
        tests: One for each flyover that the model scored, at least that of the year at hand.
        aim: Share of LIKELY roofs that has to be failing.
    """
    beginning = "the model is another city's, and looks here have not borne it out"
    wanted = (
        f"want {LEAST_LABELS} labels of one flyover with {LEAST_FAILING} failing, and "
        f"{percent(aim)} of at least {LEAST_LIKELY} that it would call LIKELY failing"
    )
    telling = [test for test in tests if test.is_enough]
    if not telling:
        best = max(tests, key=lambda test: (test.labels, test.year))
        have = f"{best.labels} labels of {best.year}, {best.failing} failing"
        return Standing(held_back=f"{beginning}: {have}; {wanted}", borne_out="")

    newest = max(telling, key=lambda test: test.year)
    if newest.keeps(aim):
        return Standing(held_back="", borne_out=f"{newest.seen}, of {newest.labels} looked at")
    return Standing(held_back=f"{beginning}: {newest.seen}; {wanted}", borne_out="")
