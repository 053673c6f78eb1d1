"""Seals: checksums of what was made, which stand in the audit log.

A file that is not the one that was sealed is not believed.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from gis_export.log_head import LogHead
from imagery.errors import TamperedLedger
from imagery.files import sha256_file
from imagery.workspace import YearFiles
from roofwatch.audit import (
    COMMAND,
    DETAIL,
    HASH,
    AuditLine,
    append_audit,
    read_audit,
    trusted_audit,
)

LEDGER = "ledger.parquet"
"""The file that the line of `score` seals; all others have lines of their own."""
SEAL = "seal"
"""Command of these lines."""
Seals = dict[tuple[str, str], str]
"""Last sha256 by subject (a year, or "tinyville-roof/3") and name (the path from there)."""

_SCORED = re.compile(r"^(\d+) with .*; ledger\.parquet sha256 ([0-9a-f]{64})$")
_SEALED = re.compile(r"([^\s;]+) sha256 ([0-9a-f]{64})")


def seal_text(ledger: Path) -> str:
    """Return the end of the line of `score`, which seals a ledger."""
    return f"; {LEDGER} sha256 {sha256_file(ledger)}"


def write_seals(log: Path, subject: str, sums: Mapping[str, str]) -> None:
    """Seal files in one line, unless the log says the same already.

    Args:
        log: The audit log.
        subject: A year, or name and version of a model.
        sums: Checksum of each file by its name.
    """
    known = read_seals(log)
    if any(known.get((subject, name)) != sha256 for name, sha256 in sums.items()):
        clauses = "; ".join(f"{name} sha256 {sha256}" for name, sha256 in sorted(sums.items()))
        append_audit(log, AuditLine(command=SEAL, detail=f"{subject}: {clauses}"))


def read_seals(log: Path) -> Seals:
    """Return what was sealed last, whether or not the chain of the log holds."""
    return _seals_of(read_audit(log))


def trusted_seals(log: Path) -> Seals:
    """Return what was sealed last.

    Raises:
        TamperedLog: a line of the log does not follow from the line before it.
    """
    return _seals_of(trusted_audit(log))


def _seals_of(rows: list[list[str]]) -> Seals:
    seals = {}
    for row in rows:
        command, detail = [*row, "", "", "", ""][COMMAND : DETAIL + 1]
        if command == "score" and (scored := _SCORED.match(detail)):
            seals[scored.group(1), LEDGER] = scored.group(2)
        elif command == SEAL:
            subject, _, clauses = detail.partition(": ")
            seals |= {(subject, name): sha256 for name, sha256 in _SEALED.findall(clauses)}
    return seals


def sealing_line(log: Path, year: int, ledger: str) -> LogHead | None:
    """Return the first line of the log that sealed a ledger; None where no line does.

    Args:
        log: The audit log.
        year: Year of the ledger.
        ledger: Its sha256.
    """
    for number, row in enumerate(read_audit(log), start=1):
        scored = _SCORED.match(row[DETAIL]) if row[COMMAND : COMMAND + 1] == ["score"] else None
        if scored and scored.groups() == (str(year), ledger):
            return LogHead(lines=number, head=row[HASH], ledger=ledger)
    return None


def check_seal(files: YearFiles, year: int, log: Path) -> bool:
    """Compare a ledger with its seal; return whether it has one.

    Raises:
        TamperedLedger: it is another ledger.
        TamperedLog: a line of the log does not follow from the line before it.
    """
    wanted = trusted_seals(log).get((str(year), LEDGER))
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
