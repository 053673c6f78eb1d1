"""Findings of inspectors: a file read row by row, into looks and into rows that need a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imagery.troubles import Trouble, shown
from labels.filled.answers import Fault
from labels.filled.opposites import find_opposites
from labels.filled.rows import FindingRow, FindingsContext, read_rows
from labels.filled.sheets import read_findings_tables
from labels.look import Look
from labels.table.book_rows import describe


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A row that needs a person."""

    sheet: str
    """Sheet or layer, "" where the file has one table."""
    row: int
    """Number of the row in the file, from 1."""
    faults: tuple[Fault, ...]
    """What is wrong, at least one."""
    cells: Mapping[str, str]
    """What the row says, by column."""

    @property
    def reason(self) -> str:
        """Return what is wrong in one line."""
        return "; ".join(fault.reason for fault in self.faults)

    @property
    def nearest(self) -> str:
        """Return what was probably meant."""
        return "; ".join(fault.nearest for fault in self.faults if fault.nearest)


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What a file of findings holds."""

    looks: tuple[Look, ...]
    """Every visit that could be read for certain, each once."""
    problems: tuple[Problem, ...]
    """Rows that need a person; nothing of them is taken in."""
    blank: int
    """Rows without any answer: buildings that nobody has visited yet."""
    twice: int
    """Rows that say the same as another row."""
    off_roll: int
    """Visits of parcels that are not on the vacant roll."""
    troubles: tuple[Trouble, ...]
    """What was noticed in the file."""


def read_findings(path: Path, context: FindingsContext) -> Findings:
    """Read a file of findings.

    Raises:
        InputError: the file cannot be read, or holds no table of visits.
    """
    tables = read_findings_tables(path, context.settings.columns)
    filled = [row for table in tables for row in read_rows(table, context)]
    rows_with_looks, opposed = _without_opposites(filled, context)

    looks = [row.look for row in rows_with_looks if row.look is not None]
    visits = _visits(looks, context.known)
    faulty = [*(row for row in filled if row.look is None), *opposed]
    faulty.sort(key=lambda row: (row.sheet, row.number))
    return Findings(
        looks=visits,
        problems=tuple(
            Problem(sheet=row.sheet, row=row.number, faults=row.faults, cells=row.cells)
            for row in faulty
        ),
        blank=sum(len(table.table.rows) + table.table.empty for table in tables) - len(filled),
        twice=len(looks) - len(visits),
        off_roll=sum(not row.on_roll for row in rows_with_looks),
        troubles=tuple(trouble for table in tables for trouble in table.table.troubles),
    )


def _visits(looks: Sequence[Look], known: Sequence[Look]) -> tuple[Look, ...]:
    """Return each visit once: as the book has it, or with the photos of all its rows."""
    of_book = {_visit(look): look for look in known}
    visits: dict[str, Look] = {}
    for look in looks:
        name = _visit(look)
        if name in of_book:
            visits[name] = of_book[name]
            continue
        first = visits.setdefault(name, look)
        photos = tuple(dict.fromkeys([*first.photos, *look.photos]))
        visits[name] = replace(first, photos=photos)
    return tuple(visits.values())


def _visit(look: Look) -> str:
    """Return what names a visit, whoever entered it, with whatever photos, from whatever list.

    Two readers of a photo are two looks.
    """
    if not look.on_site:
        return look.look_id
    return replace(look, who="", chosen="", chance=None, photos=()).look_id


def _without_opposites(
    rows: Sequence[FindingRow], context: FindingsContext
) -> tuple[list[FindingRow], list[FindingRow]]:
    """Return the rows that nothing contradicts, and the others with the reason."""
    with_looks = [row for row in rows if row.look is not None]
    looks = [row.look for row in with_looks if row.look is not None]
    opposites = find_opposites(looks, context.known, threshold=context.threshold)

    kept = []
    opposed = []
    for place, row in enumerate(with_looks):
        other = opposites.get(place)
        if other is None:
            kept.append(row)
            continue
        where = "another row" if other in looks else "a look in the book"
        reason = (
            f"{where} says the contrary of the same day, {shown(describe(other))}; "
            "keep what is right"
        )
        opposed.append(replace(row, look=None, faults=(Fault(reason=reason),)))
    return kept, opposed
