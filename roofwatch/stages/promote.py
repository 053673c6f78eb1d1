"""`roofwatch promote`: a named person moves the champion alias."""

import argparse
import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from imagery.errors import UsageError
from models.registry import alias_version, record_promotion
from roofwatch.answer import REFUSED, Answer
from roofwatch.audit import champions
from roofwatch.both_scored import BothYears, score_both
from roofwatch.opened import open_city
from roofwatch.scored_by import scored_version
from roofwatch.waiting import alone_with_models
from roofwatch.year import City
from training.gate_lists import list_facts, list_lines
from training.promote import REMEDY, Verdict, judge, promote


@dataclass(frozen=True, kw_only=True, eq=False)
class Promotion:
    """A promotion, done or refused."""

    version: int
    """The candidate."""
    verdict: Verdict
    """What the gate says."""
    is_done: bool
    """It is champion now."""
    years: BothYears
    """The flyovers that both versions scored."""

    @property
    def lines(self) -> list[str]:
        """Return what was found, for people."""
        lines = []
        for flyover in self.years.flyovers[:1]:
            lines += list_lines(flyover)
        lines += [f"note: {note}" for note in self.years.notes]
        for check in self.verdict.checks:
            lines.append(f"  {'holds' if check.holds else 'FAILS'}  {check.name}: {check.text}")
        return lines

    @property
    def facts(self) -> dict[str, object]:
        """Return what was found, for programs."""
        return {
            "version": self.version,
            "gate_holds": self.verdict.holds,
            "verdict": self.verdict.text,
            "checks": [asdict(check) for check in self.verdict.checks],
            "lists": [list_facts(flyover) for flyover in self.years.flyovers[:1]],
            "notes": list(self.years.notes),
        }


def command(options: argparse.Namespace) -> Answer:
    """Move the champion, say what the gate found, and what has to follow."""
    if options.force and not options.why.strip():
        raise UsageError("promote --force needs --why TEXT")
    city = open_city(options)
    promotion = promote_version(
        city,
        options.version,
        by=options.by,
        why=options.why or "gate holds",
        force=options.force,
    )
    verdict = promotion.verdict
    if not promotion.is_done:
        refusal = f"promote: {verdict.text}; the gate does not hold; {REMEDY}"
        return Answer(
            lines=promotion.lines, facts=promotion.facts, exit_code=REFUSED, error=refusal
        )

    how = "is champion" if verdict.holds else "is champion by force"
    after = _follow(city, options.city, options.version, and_export=options.and_export)
    return Answer(
        lines=[
            *promotion.lines,
            f"version {options.version} {how}: {verdict.text}",
            *after,
        ],
        facts={"champion": options.version, **promotion.facts, "next": after},
    )


def promote_version(city: City, version: int, *, by: str, why: str, force: bool) -> Promotion:
    """Move the champion alias to a version if the gate holds, and write down who and why.

    Raises:
        MissingInput: no such version.
        TamperedModel: its files are not those that were registered.
    """
    with alone_with_models(city, "promote"):
        return _promote(city, version, by=by, why=why, force=force)


def _promote(city: City, version: int, *, by: str, why: str, force: bool) -> Promotion:
    registry = city.registry
    weighed = weigh_version(city, version)
    verdict = weighed.verdict
    is_done = verdict.holds or force
    if is_done:
        forced = " (forced)" if force and not verdict.holds else ""
        # The log first: a promotion that is killed here is finished by the next command.
        city.log("champion", f"version {version} by {by}{forced}: {why}; {verdict.text}")
        promote(registry, version, verdict, force=force)
        record_promotion(registry, version, by=by, why=why)
    return replace(weighed, is_done=is_done)


def weigh_version(city: City, version: int) -> Promotion:
    """Return what the gate says of a version; nothing is moved.

    Raises:
        MissingInput: no such version.
        TamperedModel: its files are not those that were registered.
    """
    registry = city.registry
    years = score_both(city, version, alias_version(registry, "champion"))
    verdict = judge(
        registry,
        version,
        margin=city.file.train.gate_margin,
        was_champion=version in champions(city.workspace.audit),
        flyovers=years.flyovers,
    )
    return Promotion(version=version, verdict=verdict, is_done=False, years=years)


def _follow(city: City, path: Path, version: int, *, and_export: bool) -> list[str]:
    """Score and export the latest flyover, or say how: until then all is as it was."""
    year = city.year(max(source.year for source in city.file.flyover))
    if and_export:
        # What exports takes seconds to load.
        from roofwatch.stages.export import export, opened_products
        from roofwatch.stages.score import score

        ledger = score(year)
        products = export(year)
        done = f"{year.year} scored and exported: {len(ledger.table)} vacant parcels"
        return [done, *opened_products(products)]

    if scored_version(year) == version:
        return [f"{year.year} was scored by it already"]
    name = shlex.quote(str(path))
    return [
        f"score and export {year.year} again, so that its products are those of the champion:",
        f"  roofwatch score {name} --year {year.year}",
        f"  roofwatch export {name} --year {year.year}",
    ]
