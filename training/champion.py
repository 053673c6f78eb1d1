"""A new model against the champion, before it is registered: for the evaluation page."""

from dataclasses import dataclass

import pandas as pd

from models.registry import Registry, alias_version
from training.gate_checks import Check, check_chance
from training.gate_labels import NotPaired, Words, contest_with, scores_of
from training.promote import judge_labels


@dataclass(frozen=True, kw_only=True)
class AgainstChampion:
    """What the gate's checks of labels say of a new model."""

    sentence: str
    """What was compared, or why nothing was."""
    checks: tuple[Check, ...] = ()
    """Each with what it found; none where nothing was compared."""


def against_champion(
    registry: Registry, scored: pd.DataFrame, *, rung: str, words: Words, margin: float
) -> AgainstChampion:
    """Compare a new model with the champion on labels that neither learned from.

    The lists of whole flyovers are compared by `promote`, which scores them with both.

    Args:
        registry: Where the champion is.
        scored: Labels of the new model, blocks left out.
        rung: The rung that ships.
        words: Where its words begin.
        margin: How far its average precision may fall behind.
    """
    champion = alias_version(registry, "champion")
    if champion is None:
        return AgainstChampion(sentence="There is no champion yet: nothing could be compared.")

    ours = scores_of(scored, rung)
    try:
        contest = contest_with(ours, words, registry, champion)
    except NotPaired as reason:
        return AgainstChampion(sentence=f"Not compared with champion {champion}: {reason}.")

    names = f"this model against champion {champion}"
    checks = (*judge_labels(contest, names, margin=margin), check_chance(ours))
    failed = [check.name for check in checks if not check.holds]
    verdict = f"these fail: {', '.join(failed)}" if failed else "all of them hold"
    return AgainstChampion(
        sentence=(
            f"Compared with champion {champion} by the checks of the gate that look at labels; "
            f"{verdict}. A named person promotes a model; promote compares the lists "
            "of whole flyovers too."
        ),
        checks=checks,
    )
