"""`roofwatch audit`: check the hash chain of the audit log, and the products of every year."""

import argparse

from gis_export.verify.folders import verify_folder
from imagery.errors import MissingInput
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.audit import broken_line_text, read_audit
from roofwatch.sealed_files import broken_seals
from roofwatch.year import City, open_city


def command(options: argparse.Namespace) -> Answer:
    """Say whether the log and the products still are what was written."""
    city = open_city(options)
    log = city.workspace.audit
    if not log.exists():
        raise MissingInput(f"audit: no log at {log}; run a year of {city.name} first")

    findings = audit(city)
    entries = len(read_audit(log))
    lines = findings or [f"{log}: {entries} lines, every hash follows; products unchanged"]

    exit_code = FIX_FIRST if findings else 0
    facts: dict[str, object] = {"log": str(log), "lines": entries, "findings": findings}
    return Answer(lines=lines, facts=facts, exit_code=exit_code)


def audit(city: City) -> list[str]:
    """Return what is wrong with the log, with ledgers, and with products of exported years."""
    broken = broken_line_text(city.workspace.audit)
    edited = broken_seals(city.workspace.folder)
    distrusted = frozenset(finding.path for finding in edited)
    findings = [*([broken] if broken else []), *(str(finding) for finding in edited)]

    for source in city.file.flyover:
        files = city.year(source.year).files
        if files.report.manifest.exists():
            findings += [
                str(finding) for finding in verify_folder(files.folder, distrusted=distrusted)
            ]
    return findings
