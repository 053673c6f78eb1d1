"""The audit log: append-only CSV, every line carries the hash of the line before it."""

import csv
import getpass
import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HEADER = ("time", "user", "command", "detail", "previous", "hash")


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """One line of the log."""

    command: str
    """Command of the contract, e.g. "promote"."""
    detail: str
    """What happened, in plain words."""


def append_audit(path: Path, line: AuditLine) -> None:
    """Append one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = _rows(path)
    previous = rows[-1][-1] if rows else "0" * 64
    body = [
        datetime.now(UTC).isoformat(timespec="seconds"),
        _user(),
        line.command,
        " ".join(line.detail.split()),
        previous,
    ]
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        if not rows:
            writer.writerow(HEADER)
        writer.writerow([*body, _hash(body)])


def first_broken_line(path: Path) -> int | None:
    """Return the number of the first line (1 = header) whose hash does not follow, None when the chain holds."""
    previous = "0" * 64
    for number, row in enumerate(_rows(path), start=2):
        if len(row) != len(HEADER) or row[4] != previous or row[5] != _hash(row[:5]):
            return number
        previous = row[5]
    return None


def past_champions(path: Path) -> set[int]:
    """Return the versions that have been champion, as the log tells."""
    return {int(row[3].split()[1]) for row in _rows(path) if row[2] == "champion"}


def _rows(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.reader(stream)][1:]


def _hash(body: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(body)
    return hashlib.sha256(text.getvalue().encode()).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
