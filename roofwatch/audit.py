"""The audit log: append-only CSV in which every line carries the hash of the line before it."""

import csv
import getpass
import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HEADER = ("time", "user", "command", "detail", "previous", "hash")
COMMAND = HEADER.index("command")
DETAIL = HEADER.index("detail")
PREVIOUS = HEADER.index("previous")
HASH = HEADER.index("hash")
START = "0" * 64
"""What stands for the hash of the line before the first one."""


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
    rows = read_audit(path)
    previous = rows[-1][-1] if rows else START

    time = datetime.now(UTC).isoformat(timespec="seconds")
    detail = " ".join(line.detail.split())
    body = [time, _user(), line.command, detail, previous]

    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        if not rows:
            writer.writerow(HEADER)
        writer.writerow([*body, _hash(body)])


def read_audit(path: Path) -> list[list[str]]:
    """Return the lines of a log as cells, without its header; none where there is no log."""
    if not path.exists():
        return []

    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    return rows[1:]


def first_broken_line(path: Path) -> int | None:
    """Return the number of the first line (1 = header) whose hash does not follow.

    Returns:
        None when the chain holds.
    """
    previous = START
    for number, row in enumerate(read_audit(path), start=2):
        is_whole = len(row) == len(HEADER)
        if not is_whole or row[PREVIOUS] != previous or row[HASH] != _hash(row[:HASH]):
            return number
        previous = row[HASH]
    return None


def broken_line_text(path: Path) -> str:
    """Say where the chain of a log breaks; "" when it holds, or there is no log."""
    number = first_broken_line(path)
    if number is None:
        return ""
    return (
        f"{path}: line {number} does not follow from the line before it; "
        f"want an unbroken chain of hashes; restore the log from a backup"
    )


def past_champions(path: Path) -> set[int]:
    """Return the versions that have been champion, according to the log."""
    details = [row[DETAIL] for row in read_audit(path) if row[COMMAND] == "champion"]
    return {int(detail.split()[1]) for detail in details}


def _hash(body: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(body)
    return hashlib.sha256(text.getvalue().encode()).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
