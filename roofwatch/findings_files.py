"""Files of findings: their checksum, the entry they made, and the rows that need a person."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from imagery.errors import InputError
from imagery.files import atomic_path, sha256_file
from imagery.locks import MAY_NOT_WRITE
from imagery.values.formulas import harmless
from labels.book import Entry, Recorded
from labels.findings import Problem

ENDING = ".problems.csv"
"""What is added to the name of a file for the rows that need a person."""


def checksum(path: Path) -> str:
    """Return the sha256 of a file, or of all files of a file geodatabase."""
    if path.is_file():
        return sha256_file(path)
    parts = [f"{part.name} {sha256_file(part)}" for part in sorted(path.iterdir())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def write_problems(path: Path, problems: Sequence[Problem], *, workspace: Path) -> Path | None:
    """Write the rows that need a person, with reason and nearest match, to be corrected there.

    It can be read as findings itself. A file of an earlier run is replaced, or removed where no
    row is left.

    Args:
        path: The file of findings.
        problems: Its rows.
        workspace: Folder for it where nothing may be written beside the file, or the file lies
            among the products.

    Returns:
        The file, None where there is no problem.
    """
    beside = path.with_name(path.name + ENDING)
    if path.resolve().is_relative_to(workspace.resolve()):
        beside = workspace / beside.name
    if not problems:
        beside.unlink(missing_ok=True)
        return None
    try:
        _write(beside, problems)
    except OSError as error:
        if error.errno not in MAY_NOT_WRITE:
            raise
        beside = workspace / beside.name
        _write(beside, problems)
    return beside


def _write(path: Path, problems: Sequence[Problem]) -> None:
    has_sheets = any(problem.sheet for problem in problems)
    rows = []
    for problem in problems:
        where = {"sheet": problem.sheet, "row": str(problem.row)}
        if not has_sheets:
            del where["sheet"]
        said = {name: text for name, text in problem.cells.items() if name not in _ADDED}
        row = where | {"reason": problem.reason, "nearest": problem.nearest} | said
        rows.append({name: harmless(text) for name, text in row.items()})

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        # The mark at the start tells Excel that it is UTF-8.
        pd.DataFrame(rows).fillna("").to_csv(temporary, index=False, encoding="utf-8-sig")


_ADDED = ("sheet", "row", "reason", "nearest")
"""Columns that stand before those of the file."""


def find_entry(history: Sequence[Recorded], path: Path, *, command: str) -> Entry:
    """Return the entry that a file made: by its checksum, else by its name.

    Raises:
        InputError: the book does not hold it, or holds several of its name.
    """
    standing = [row.entry for row in history if not row.undone_by and row.entry.command == command]
    entries = list(dict.fromkeys(standing))
    if path.exists():
        sha256 = checksum(path)
        for entry in entries:
            if entry.sha256 == sha256:
                return entry

    named = [entry for entry in entries if entry.file == path.name]
    if len(named) == 1:
        return named[0]
    if named:
        raise InputError(
            f"findings --undo: the book holds {len(named)} files called {path.name}, and none is "
            f"this one; give the file as it was read"
        )
    files = ", ".join(entry.file for entry in entries[-5:]) or "none"
    raise InputError(
        f"findings --undo: the book holds no file {path.name} that still counts; it holds {files}"
    )
