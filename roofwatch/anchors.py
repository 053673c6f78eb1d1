"""Anchors: the head of the audit log, kept where the workspace's owner cannot write.

The chain of hashes shows an edited line, but not a log that was written anew or cut off at its
end. A head that was noted elsewhere shows both.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

from gis_export.log_head import LogHead, read_log_head
from imagery.errors import InputError
from imagery.files import atomic_path
from roofwatch.audit import HASH, head_of, read_audit

HEADER = ("time", "lines", "head")


def add_anchor(path: Path, log: Path) -> str:
    """Add the present head of a log to a file of anchors and say so; products stay as they are."""
    if path.exists() and _head_of_products(path):
        return f"{path}: the log still holds the head that these products were made with"
    rows = [*_read(path), (_now(), str(len(read_audit(log))), head_of(log))]
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return f"{path}: anchored at {rows[-1][1]} lines, head {rows[-1][2][:12]}"


def check_anchors(path: Path, log: Path) -> list[str]:
    """Return a line for each anchor that the log no longer holds; none for a new file.

    Raises:
        InputError: the file is no table of anchors, and no SHA256SUMS with a head either.
    """
    heads = [row[HASH] if len(row) > HASH else "" for row in read_audit(log)]
    findings = []
    for when, count, head in _anchors(path):
        lines = int(count)
        got = heads[lines - 1] if 0 < lines <= len(heads) else ""
        if got != head:
            found = f"line {lines + 1} has {got[:12]}" if got else f"it has {len(heads)} lines"
            findings.append(
                f"{log}: it is not the log that was anchored {when} in {path}: {found}, want "
                f"{head[:12]} after {lines} lines; lines were cut off or written anew; "
                "restore the log from a backup"
            )
    return findings


def _head_of_products(path: Path) -> LogHead | None:
    """Return the head in a SHA256SUMS; None for a file of another kind."""
    try:
        return read_log_head(path)
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is no file of anchors ({error}); give another name") from error


def _anchors(path: Path) -> list[tuple[str, str, str]]:
    """Return when it was anchored, lines and head of each anchor; one for a SHA256SUMS."""
    if not path.exists():
        return []
    found = _head_of_products(path)
    if found:
        return [("by the export", str(found.lines), found.head)]
    return [(f"on {time}", lines, head) for time, lines, head in _read(path)]


def _read(path: Path) -> list[tuple[str, str, str]]:
    """Return time, lines and head of each row of a table of anchors."""
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            header, *rows = list(csv.reader(stream))
    except (csv.Error, ValueError, IsADirectoryError) as error:
        raise InputError(f"{path} is no file of anchors ({error}); give another name") from error
    if tuple(header) != HEADER or any(len(row) != 3 or not row[1].isdecimal() for row in rows):
        raise InputError(f"{path} is no file of anchors; give another name")
    return [(time, lines, head) for time, lines, head in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
