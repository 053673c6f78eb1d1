"""The promotion gate: a named person moves the champion alias, if the gate holds."""

from dataclasses import dataclass

from imagery.errors import Refused
from models.registry import Registry, alias_version, move_alias, version_metric

GATE_METRIC = "average_precision"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says of a version."""

    holds: bool
    """The version may become champion."""
    text: str
    """Why, in plain words."""


def judge(registry: Registry, version: int, *, margin: float, was_champion: bool) -> Verdict:
    """Compare a version with the champion on out-of-fold average precision.

    Args:
        registry: Where the versions are.
        version: The candidate.
        margin: How far it may fall behind.
        was_champion: The audit log names it as an earlier champion; a rollback always holds.
    """
    champion = alias_version(registry, "champion")
    ours = version_metric(registry, version, GATE_METRIC)
    if champion is None:
        return Verdict(holds=True, text=f"version {version} (average precision {ours:.3f}) has no champion to beat")
    theirs = version_metric(registry, champion, GATE_METRIC)
    text = f"version {version} has average precision {ours:.3f}, champion {champion} has {theirs:.3f}, margin {margin:.3f}"
    if was_champion:
        return Verdict(holds=True, text=f"rollback to an earlier champion: {text}")
    return Verdict(holds=ours >= theirs - margin, text=text)


def promote(registry: Registry, version: int, verdict: Verdict, *, force: bool) -> None:
    """Move the champion alias.

    Raises:
        Refused: the gate does not hold and nobody forces it.
    """
    if not verdict.holds and not force:
        raise Refused(f"promote: {verdict.text}; the gate does not hold; train with more labels, or use --force with --why")
    move_alias(registry, "champion", version)
