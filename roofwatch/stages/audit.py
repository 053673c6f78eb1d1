"""`roofwatch audit`: is all as it was written, and what is not, can it be made anew?"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from imagery.errors import MissingInput
from roofwatch.anchors import add_anchor, check_anchors
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.audit import clock_notes, read_audit
from roofwatch.begun_publishes import begun_notes
from roofwatch.damage import SNAPSHOT, Damage, find_damage
from roofwatch.opened import open_city
from roofwatch.repair import STAGES, repair
from roofwatch.signature import signature_fault
from roofwatch.year import City


def command(options: argparse.Namespace) -> Answer:
    """Say whether the log and all files still are what was written; repair what can be."""
    city = open_city(options)
    log = city.workspace.audit
    if not log.exists():
        raise MissingInput(f"audit: no log at {log}; run a year of {city.name} first")

    damages = audit(city, options.anchor)
    repaired = repair(city, damages) if options.repair else []
    if repaired:
        # What was opened before is no longer what lies there.
        city = open_city(options)
        damages = audit(city, options.anchor)

    rows = read_audit(log)
    findings = [damage.line for damage in damages]
    lines = [*repaired, *findings]
    if not findings:
        lines.append(f"{log}: {len(rows)} lines, every hash follows; files unchanged")
        lines += [f"note: {note}" for note in (*clock_notes(rows), *begun_notes(rows))]
        if options.anchor:
            lines.append(add_anchor(options.anchor, log))
    elif not options.repair:
        lines += remedy_lines(damages)

    facts: dict[str, object] = {
        "log": str(log),
        "lines": len(rows),
        "findings": findings,
        "repaired": repaired,
        "repairable": sum(damage.stage in STAGES for damage in damages),
    }
    return Answer(lines=lines, facts=facts, exit_code=FIX_FIRST if findings else 0)


def audit(city: City, anchor: Path | None = None) -> list[Damage]:
    """Return all that is wrong with a workspace."""
    anchored = check_anchors(anchor, city.workspace.audit) if anchor else []
    lines = [*anchored, *signature_faults(city)]
    return [*(Damage(line=line, year=None) for line in lines), *find_damage(city)]


def signature_faults(city: City) -> list[str]:
    """Return a line for each exported year whose manifest nobody has signed who may."""
    signers = city.file.audit.signers
    if signers is None:
        return []
    years = sorted(source.year for source in city.file.flyover)
    manifests = [city.year(year).files.report.manifest for year in years]
    faults = [signature_fault(path, signers) for path in manifests if path.exists()]
    return [fault for fault in faults if fault]


def remedy_lines(damages: Sequence[Damage]) -> list[str]:
    """Say what `--repair` would make anew, and what only a backup brings back."""
    lines = []
    for year in sorted({damage.year for damage in damages if damage.year and damage.stage}):
        stages = {damage.stage for damage in damages if damage.year == year and damage.stage}
        lines.append(f"--repair would make {year} anew, from {', '.join(sorted(stages))} on")
    asked = sum(damage.stage == SNAPSHOT for damage in damages)
    if asked:
        lines.append(f"roofwatch snapshot makes {asked} of these good, from their services")
    kept = sum(not damage.stage for damage in damages)
    if kept:
        lines.append(f"{kept} of these only a backup brings back")
    return lines
