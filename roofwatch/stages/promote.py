"""`roofwatch promote`: a named person moves the champion alias."""

import argparse

from imagery.errors import UsageError
from models.registry import record_promotion, resolve_model
from roofwatch.answer import Answer
from roofwatch.audit import past_champions
from roofwatch.year import City, open_city
from training.promote import Verdict, judge, promote


def command(options: argparse.Namespace) -> Answer:
    """Move the champion, and say what the gate found."""
    if options.force and not options.why.strip():
        raise UsageError("promote --force needs --why TEXT")
    verdict = promote_version(
        open_city(options),
        options.version,
        by=options.by,
        why=options.why or "gate holds",
        force=options.force,
    )

    how = "is champion" if verdict.holds else "is champion by force"
    return Answer(
        lines=[f"version {options.version} {how}: {verdict.text}"],
        facts={
            "champion": options.version,
            "gate_holds": verdict.holds,
            "verdict": verdict.text,
        },
    )


def promote_version(city: City, version: int, *, by: str, why: str, force: bool) -> Verdict:
    """Move the champion alias to a version if the gate holds, and write down who and why.

    Raises:
        MissingInput: no such version.
        Refused: the gate does not hold and `force` is not set.
    """
    with city.alone_with_models("promote"):
        return _promote(city, version, by=by, why=why, force=force)


def _promote(city: City, version: int, *, by: str, why: str, force: bool) -> Verdict:
    registry = city.registry
    settings = city.file.train
    resolve_model(registry, str(version))

    verdict = judge(
        registry,
        version,
        margin=settings.gate_margin,
        was_champion=version in past_champions(city.workspace.audit),
        seed=settings.seed,
    )
    promote(registry, version, verdict, force=force)

    forced = " (forced)" if force and not verdict.holds else ""
    city.log("champion", f"version {version} by {by}{forced}: {why}; {verdict.text}")
    record_promotion(registry, version, by=by, why=why)
    return verdict
