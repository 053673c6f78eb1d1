"""The audit log: append-only CSV in which every line carries the hash of the line before it."""

import csv
import getpass
import hashlib
import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from imagery.errors import InputError, TamperedLog
from imagery.locks import one_at_a_time
from imagery.troubles import shown

HEADER = ("time", "user", "command", "detail", "previous", "hash")
COMMAND = HEADER.index("command")
DETAIL = HEADER.index("detail")
PREVIOUS = HEADER.index("previous")
HASH = HEADER.index("hash")
START = "0" * 64
"""What stands for the hash of the line before the first one."""
WAIT_S = 60
"""How long a command waits for another one that writes into the log, seconds."""
HOUR = timedelta(hours=1)
"""What clocks of several machines may differ by."""


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """One line of the log."""

    command: str
    """Command of the contract, e.g. "promote"."""
    detail: str
    """What happened, in plain words."""


def append_audit(path: Path, line: AuditLine) -> None:
    """Append one line, whole or not at all; others that write there wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with one_at_a_time(lock, "command that writes into the audit log", wait_s=WAIT_S):
        torn = _cut_torn_line(path)
        lines = [AuditLine(command="audit", detail=f"cut off: {torn}"), line] if torn else [line]
        rows = read_audit(path)
        previous = rows[-1][-1] if rows else START

        added = [] if rows else [list(HEADER)]
        for one_line in lines:
            added.append(_chained(one_line, previous))
            previous = added[-1][HASH]
        _append(path, added)


def _chained(line: AuditLine, previous: str) -> list[str]:
    """Return the cells of a line that follows a hash."""
    time = datetime.now(UTC).isoformat(timespec="seconds")
    # An argument of a command may hold what UTF-8 cannot.
    detail = " ".join(line.detail.encode("utf-8", "replace").decode().split())
    body = [time, _user(), line.command, detail, previous]
    return [*body, _hash(body)]


def _cut_torn_line(path: Path) -> str:
    """Cut off a last line that has no end, as a power failure leaves it; say what it was."""
    content = path.read_bytes() if path.exists() else b""
    whole, _, torn = content.rpartition(b"\n")
    if not torn:
        return ""
    os.truncate(path, len(whole) + 1 if whole else 0)
    return f"a last line without an end, of {len(torn)} bytes: {torn.decode(errors='replace')}"


def _append(path: Path, rows: list[list[str]]) -> None:
    """Write rows at the end of a file; when the disk is full the file stays as it was."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    rest = memoryview(text.getvalue().encode())
    with path.open("ab", buffering=0) as stream:
        before = stream.tell()
        try:
            while rest:
                rest = rest[stream.write(rest) :]
            os.fsync(stream.fileno())
        except OSError:
            os.truncate(path, before)
            raise


def read_audit(path: Path) -> list[list[str]]:
    """Return the lines of a log as cells, without its header; none where there is no log.

    Raises:
        InputError: it is no table of text.
    """
    if not path.exists():
        return []

    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); restore the log from a backup"
        ) from error
    return rows[1:]


def clock_notes(rows: list[list[str]]) -> list[str]:
    """Return a line for each time that the clock was set back, by more than an hour.

    Less may be two machines whose clocks differ.

    Args:
        rows: Of a log whose chain holds.
    """
    notes = []
    latest = datetime.fromtimestamp(0, UTC)
    is_back = False
    for number, (written, *_) in enumerate(rows, start=2):
        time = _time_of(written)
        if time is None:
            notes.append(f"line {number} has no time: {shown(written)}")
            continue
        was_back, is_back = is_back, time < latest - HOUR
        if is_back and not was_back:
            notes.append(
                f"line {number} is dated {time:%Y-%m-%d %H:%M}, but earlier lines reach "
                f"{latest:%Y-%m-%d %H:%M}: the clock was set back"
            )
        latest = max(latest, time)
    return notes


def _time_of(written: str) -> datetime | None:
    """Return the time of a line, None where it is none with a zone."""
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        return None
    return time if time.tzinfo else None


def trusted_audit(path: Path) -> list[list[str]]:
    """Return the lines of a log whose chain holds; a last line without an end is left out.

    Raises:
        TamperedLog: it does not.
        InputError: it is no table of text.
    """
    rows = read_audit(path)
    broken = _first_broken(rows)
    is_torn = bool(rows) and broken == len(rows) + 1 and not path.read_bytes().endswith(b"\n")
    if broken is not None and not is_torn:
        raise TamperedLog(_broken_text(path, broken))
    return rows[:-1] if is_torn else rows


def head_of(path: Path) -> str:
    """Return the hash of the last whole line of a log: it stands for all lines before it."""
    rows = trusted_audit(path)
    return rows[-1][HASH] if rows else START


def first_broken_line(path: Path) -> int | None:
    """Return the number of the first line (1 = header) whose hash does not follow.

    Returns:
        None when the chain holds.
    """
    return _first_broken(read_audit(path))


def _first_broken(rows: list[list[str]]) -> int | None:
    previous = START
    for number, row in enumerate(rows, start=2):
        is_whole = len(row) == len(HEADER)
        if not is_whole or row[PREVIOUS] != previous or row[HASH] != _hash(row[:HASH]):
            return number
        previous = row[HASH]
    return None


def broken_line_text(path: Path) -> str:
    """Say where the chain of a log breaks; "" when it holds, or there is no log."""
    number = first_broken_line(path)
    return "" if number is None else _broken_text(path, number)


def _broken_text(path: Path, number: int) -> str:
    return (
        f"{path}: line {number} does not follow from the line before it; "
        f"want an unbroken chain of hashes; restore the log from a backup"
    )


def champions(path: Path) -> list[int]:
    """Return the versions that the log made champion, the present one last.

    Raises:
        TamperedLog: the chain of the log does not hold.
    """
    details = [row[DETAIL] for row in trusted_audit(path) if row[COMMAND] == "champion"]
    return [int(detail.split()[1]) for detail in details]


def _hash(body: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(body)
    return hashlib.sha256(text.getvalue().encode()).hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
