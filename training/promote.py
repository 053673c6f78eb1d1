"""The promotion gate: a named person moves the champion alias, if the gate holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from imagery.errors import Refused
from models.registry import Registry, alias_version, move_alias, version_metric
from training.gate_checks import (
    Check,
    check_chance,
    check_fall,
    check_flips,
    check_list,
    check_new,
    check_numbers,
    check_shared,
    wanted,
)
from training.gate_labels import Contest, NotPaired, make_contest, read_scores
from training.gate_lists import BothScored
from training.gate_shares import check_shares

GATE_METRIC = "average_precision"
REMEDY = "train with more labels, or use --force with --why"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says of a version."""

    holds: bool
    """The version may become champion."""
    text: str
    """Why, in plain words, on one line."""
    checks: tuple[Check, ...] = ()
    """What was looked at; empty where nothing had to be."""


def judge(
    registry: Registry,
    version: int,
    *,
    margin: float,
    was_champion: bool,
    flyovers: Sequence[BothScored] = (),
) -> Verdict:
    """Compare a version with the champion and with chance, on labels that neither learned from.

    Args:
        registry: Where the versions are.
        version: The candidate.
        margin: How far its average precision may fall behind.
        was_champion: The audit log names it as an earlier champion; a rollback always holds.
        flyovers: Whole flyovers as both score them, newest first; the lists of the first are
            compared.
    """
    champion = alias_version(registry, "champion")
    if champion == version:
        return Verdict(holds=True, text=f"version {version} is champion already")
    if was_champion:
        text = f"version {version} has been champion before: a rollback always holds"
        return Verdict(holds=True, text=text)
    if champion is None:
        return _judge_first(registry, version)

    names = f"version {version} against champion {champion}"
    lists = [check for flyover in flyovers[:1] for check in check_list(flyover)]
    try:
        contest = make_contest(registry, version, champion, flyovers)
    except NotPaired as reason:
        recorded = _check_recorded(registry, version, champion, margin)
        unpaired = f"{names}, not paired because {reason}"
        return _verdict([recorded, *_chance(registry, version), *lists], unpaired)

    own = check_chance(read_scores(registry, version))
    return _verdict([*judge_labels(contest, names, margin=margin), own, *lists], names)


def judge_labels(contest: Contest, names: str, *, margin: float) -> list[Check]:
    """Compare two versions on labels, by a bootstrap that draws the same blocks for both.

    Args:
        contest: The labels, with what both versions say of them.
        names: "version 4 against champion 3".
        margin: How far the average precision of the first may fall behind.
    """
    scored = pd.concat([contest.shared, contest.new], ignore_index=True)
    numbers = check_numbers(scored)
    if not numbers.holds:
        return [numbers]

    checks = [*check_new(contest, margin), *check_shares(contest)]
    if not len(contest.shared):
        return checks
    return [
        *checks,
        *check_shared(contest, names, margin),
        check_fall(contest.shared),
        check_flips(contest.shared),
    ]


def promote(registry: Registry, version: int, verdict: Verdict, *, force: bool) -> None:
    """Move the champion alias.

    Raises:
        Refused: the gate does not hold and nobody forces it.
    """
    if not verdict.holds and not force:
        raise Refused(f"promote: {verdict.text}; the gate does not hold; {REMEDY}")
    move_alias(registry, "champion", version)


def _judge_first(registry: Registry, version: int) -> Verdict:
    """Judge a version that has no champion to beat: by chance alone."""
    ours = version_metric(registry, version, GATE_METRIC)
    figure = Check(
        name="figure",
        holds=math.isfinite(ours),
        text=f"average precision {ours:.3f}; the gate wants a figure",
    )
    chance = _chance(registry, version)
    return _verdict([figure, *chance], f"version {version} has no champion to beat")


def _chance(registry: Registry, version: int) -> tuple[Check, ...]:
    """Compare a version with chance, where its table of labels can be read."""
    try:
        return (check_chance(read_scores(registry, version)),)
    except NotPaired:
        return ()


def _check_recorded(registry: Registry, version: int, champion: int, margin: float) -> Check:
    """Compare the recorded figures of two versions, each on its own labels."""
    ours = version_metric(registry, version, GATE_METRIC)
    theirs = version_metric(registry, champion, GATE_METRIC)
    return Check(
        name="recorded figures",
        holds=ours - theirs >= -margin,
        text=(
            f"average precision {ours:.3f} against {theirs:.3f}, each on its own labels; "
            f"{wanted(margin)}"
        ),
    )


def _verdict(checks: Sequence[Check], names: str) -> Verdict:
    """Sum checks up: the failed ones are named, or else the rankings, or else the first one."""
    found = tuple(checks)
    failed = [check for check in found if not check.holds]
    rankings = [check for check in found if check.name.startswith("ranking")]
    texts = "; ".join(check.text for check in failed or rankings or found[:1])

    how = f"does not hold ({', '.join(check.name for check in failed)})" if failed else "holds"
    return Verdict(holds=not failed, text=f"{names}: {texts}: {how}", checks=found)
