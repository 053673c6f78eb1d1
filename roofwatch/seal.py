"""The seal of a ledger: its checksum, which `score` writes into the audit log."""

import re
from pathlib import Path

from gis_export.verify.finding import Finding
from imagery.errors import TamperedLedger
from imagery.files import sha256_file
from imagery.workspace import Workspace, YearFiles
from roofwatch.audit import COMMAND, DETAIL, read_audit

SEALED = re.compile(r"^(\d+) with .*; ledger\.parquet sha256 ([0-9a-f]{64})$")
"""Detail of a line of `score`: the year and the checksum."""
CELLS = max(COMMAND, DETAIL) + 1
"""Cells that a line of the log has at least, where it is whole."""


def seal_text(ledger: Path) -> str:
    """Return the end of the line that seals a ledger."""
    return f"; ledger.parquet sha256 {sha256_file(ledger)}"


def last_seals(log: Path) -> dict[int, str]:
    """Return the sha256 of the ledger that was sealed last, by year; older lines have no seal."""
    seals = {}
    for row in read_audit(log):
        if len(row) < CELLS or row[COMMAND] != "score":
            continue
        sealed = SEALED.match(row[DETAIL])
        if sealed:
            seals[int(sealed.group(1))] = sealed.group(2)
    return seals


def check_seal(files: YearFiles, year: int, log: Path) -> bool:
    """Compare a ledger with its seal; return whether it has one.

    Raises:
        TamperedLedger: it is another ledger.
    """
    wanted = last_seals(log).get(year)
    if wanted is None:
        return False

    got = sha256_file(files.ledger)
    if got != wanted:
        raise TamperedLedger(
            f"{files.ledger}: it is not the ledger that score wrote: sha256 {got[:12]}, "
            f"sealed in {log.name} as {wanted[:12]}; put it back from a backup, "
            f"or score {year} again"
        )
    return True


def broken_seals(folder: Path) -> list[Finding]:
    """Return a finding for each ledger that is not the one that was sealed.

    Args:
        folder: A workspace, the folder of a year, or a folder in it.
    """
    findings = []
    for workspace in _workspaces(folder.resolve()):
        for year, wanted in last_seals(workspace.audit).items():
            files = workspace.year(year)
            is_asked_for = _touch(folder.resolve(), files.folder)
            if is_asked_for and files.ledger.is_file():
                findings += _compare(files.ledger, year, wanted)
    return findings


def _workspaces(folder: Path) -> list[Workspace]:
    """Return the workspace that a folder is or lies in, as far as it has an audit log."""
    places = [Workspace(folder=place) for place in (folder, *folder.parents[:3])]
    return [place for place in places if place.audit.is_file()][:1]


def _touch(folder: Path, other: Path) -> bool:
    """Tell whether one of two folders lies in the other."""
    return folder.is_relative_to(other) or other.is_relative_to(folder)


def _compare(ledger: Path, year: int, wanted: str) -> list[Finding]:
    got = sha256_file(ledger)
    if got == wanted:
        return []
    return [
        Finding(
            path=ledger,
            what="is not the ledger that score wrote; products were not compared with it",
            got=f"sha256 {got[:12]}",
            want=f"sha256 {wanted[:12]}, as audit.csv seals it",
            remedy=f"put it back from a backup, or score {year} again",
        )
    ]
