"""`roofwatch verify`: check finished products, ours or edited by hand."""

import argparse

from gis_export.verify.folders import verify_folder, verify_notes
from imagery.workspace import Workspace
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.audit import broken_line_text
from roofwatch.sealed_files import broken_seals


def command(options: argparse.Namespace) -> Answer:
    """Say what is wrong with a folder of products; of a workspace also with its audit log."""
    folder = options.folder
    edited = broken_seals(folder)
    distrusted = frozenset(finding.path for finding in edited)
    found = [*edited, *verify_folder(folder, distrusted=distrusted)]
    findings = [str(finding) for finding in found]
    broken = broken_line_text(Workspace(folder=folder).audit)
    if broken:
        findings.append(broken)

    notes = verify_notes(folder)
    lines = findings or [f"{folder}: nothing found wrong"]
    lines = [*lines, *(f"note: {note}" for note in notes)]

    exit_code = FIX_FIRST if findings else 0
    facts: dict[str, object] = {"findings": findings, "notes": notes}
    return Answer(lines=lines, facts=facts, exit_code=exit_code)
