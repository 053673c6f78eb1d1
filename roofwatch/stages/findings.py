"""`roofwatch findings`: what inspectors found, from the files that they filled in."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from gis_export.housing.reach.files import LIST
from imagery.errors import InputError, UsageError
from labels.book import Entry
from labels.filled.rows import FindingsContext
from labels.filled.summary import count_looks, numbered, summary
from labels.findings import Findings, read_findings
from labels.look import Look
from labels.settings import THRESHOLD
from roofwatch.answer import FIX_FIRST, Answer
from roofwatch.findings_files import checksum, find_entry, write_problems
from roofwatch.list_chosen import chosen_by_list
from roofwatch.opened import open_city
from roofwatch.seen import flights_of, has_book
from roofwatch.year import City

COMMAND = "findings"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Result of one file."""

    path: Path
    """The file."""
    looks: tuple[Look, ...] = ()
    """The visits in it that the book holds now."""
    added: int = 0
    """Of them those that count now and did not before."""
    problems: int = 0
    """Rows that need a person."""
    problems_file: Path | None = None
    """Where these are, None where there is none."""
    notes: tuple[str, ...] = ()
    """What else should be known, a line each."""
    error: str = ""
    """Why nothing of the file could be read."""

    @property
    def is_done(self) -> bool:
        """Tell whether the book holds something of it, or nothing in it was filled in."""
        return not self.error and (bool(self.looks) or not self.problems)


def command(options: argparse.Namespace) -> Answer:
    """Take findings in, or take them back."""
    city = open_city(options)
    if not options.by.strip():
        raise UsageError("findings: --by is empty, want the name of who enters the findings")
    if options.undo:
        return undo(city, options.files, by=options.by)

    taken = [take_in(city, path, by=options.by) for path in options.files]
    return answer_of(taken, threshold=threshold_of(city))


def take_in(city: City, path: Path, *, by: str) -> Taken:
    """Read one file into the book, and write the rows that need a person beside it."""
    try:
        found = read_findings(path, context_of(city, by))
    except InputError as error:
        return Taken(path=path, error=str(error))

    added = 0
    if found.looks:
        entry = Entry(file=path.name, sha256=checksum(path), by=by, command=COMMAND)
        is_known = city.book.has_entry(entry.sha256)
        added = city.book.add(found.looks, entry)
        if added or not is_known:
            city.log(
                COMMAND,
                f"{path.name} ({entry.sha256[:12]}) by {by}: {len(found.looks)} visits, "
                f"{added} new; {len(found.problems)} rows need a person",
            )
    return Taken(
        path=path,
        looks=found.looks,
        added=added,
        problems=len(found.problems),
        problems_file=write_problems(path, found.problems, workspace=city.workspace.folder),
        notes=(
            *notes_of(found, added, reach=city.file.reach is not None),
            *place_notes(path, city),
        ),
    )


def context_of(city: City, by: str) -> FindingsContext:
    """Return what the city knows when findings are read."""
    settings = city.file.looks
    labels = city.file.labels
    order = settings.day_order or (labels.day_order if labels else "")
    known = city.book.looks() if has_book(city.file, city.workspace) else []

    return FindingsContext(
        roll=city.roll,
        flights=flights_of(city.file),
        settings=replace(settings, day_order=order),
        threshold=threshold_of(city),
        by=by,
        today=city.today,
        now=datetime.now(UTC),
        known=tuple(known),
        choose=chosen_by_list(city.workspace),
    )


def threshold_of(city: City) -> float:
    """Return the percentage of a roof at and above which it counts as failing."""
    return city.file.labels.threshold if city.file.labels else THRESHOLD


def notes_of(found: Findings, added: int, *, reach: bool = False) -> list[str]:
    """Say what else was in a file.

    Args:
        found: What was in it.
        added: Visits that the book did not hold before.
        reach: Whether parcels without a notice are looked at.
    """
    shown = f"only {LIST} of the next export knows them" if reach else "no product shows them"
    counts = {
        "the book holds all of it already; nothing was changed": bool(found.looks) and not added,
        f"not filled in: {numbered(found.blank, 'row')}": found.blank,
        f"the same as another row: {numbered(found.twice, 'row')}": found.twice,
        f"of parcels that are not on the vacant roll: {numbered(found.off_roll, 'visit')}; the "
        f"book keeps them, and {shown}": found.off_roll,
    }
    lines = [text for text, count in counts.items() if count]
    return lines + [trouble.line for trouble in found.troubles]


def place_notes(path: Path, city: City) -> list[str]:
    """Warn of a list that was filled in where the next export replaces it."""
    if not path.resolve().is_relative_to(city.workspace.folder.resolve()):
        return []
    return [
        f"{path} lies in the workspace, where the next export replaces it; copy the list elsewhere "
        "before you fill it in"
    ]


def answer_of(taken: Sequence[Taken], *, threshold: float) -> Answer:
    """Return what each file came to, and the sum of all."""
    lines = [line for file in taken for line in lines_of(file, threshold)]
    looks = tuple(dict.fromkeys(look for file in taken for look in file.looks))
    problems = sum(file.problems for file in taken)
    if len(taken) > 1:
        lines.append(summary(looks, problems, threshold=threshold))

    facts: dict[str, object] = {
        "visits": len(looks),
        "added": sum(file.added for file in taken),
        "found": count_looks(looks, threshold=threshold),
        "problems": problems,
        "files": [facts_of(file) for file in taken],
    }
    errors = [file.error for file in taken if file.error]
    exit_code = 0 if all(file.is_done for file in taken) else FIX_FIRST
    return Answer(lines=lines, facts=facts, exit_code=exit_code, error="; ".join(errors))


def lines_of(file: Taken, threshold: float) -> list[str]:
    """Say what one file came to."""
    if file.error:
        return []
    lines = [f"{file.path.name}: {summary(file.looks, file.problems, threshold=threshold)}"]
    if file.problems_file:
        lines.append(f"  rows that need you: {file.problems_file}")
    return lines + [f"  note: {note}" for note in file.notes]


def facts_of(file: Taken) -> dict[str, object]:
    """Return what one file came to, for programs."""
    return {
        "file": str(file.path),
        "visits": len(file.looks),
        "added": file.added,
        "problems": file.problems,
        "problems_file": str(file.problems_file or ""),
        "notes": list(file.notes),
        "error": file.error,
    }


def undo(city: City, paths: Sequence[Path], *, by: str) -> Answer:
    """Take back what files brought; the book keeps their rows, and who took them back.

    Raises:
        InputError: the book does not hold one of the files, or several of its name.
    """
    history = city.book.history() if has_book(city.file, city.workspace) else []
    entries = [find_entry(history, path, command=COMMAND) for path in paths]

    lines = []
    undone = 0
    for path, entry in zip(paths, entries, strict=True):
        count = city.book.undo(entry.sha256, by)
        undone += count
        text = f"{entry.file} ({entry.sha256[:12]}), entered by {entry.by}"
        lines.append(f"{path.name}: taken back: {numbered(count, 'visit')}; the book keeps them")
        city.log(COMMAND, f"undo {text}: {count} looks no longer count, by {by}")
    return Answer(lines=lines, facts={"undone": undone, "files": [str(path) for path in paths]})
