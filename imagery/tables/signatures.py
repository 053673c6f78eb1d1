"""What the ids of a table look like, which tells rows from other lines. No file is opened."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MOST_FORMS = 4
"""Ids of more forms than this look like anything."""
RARE = 0.01
"""A form that a smaller share of the ids has is no form of theirs."""
COMMON = 0.8
"""Share of the ids that the known forms cover; below it ids look like anything."""
PROBED = 2000
"""Rows whose ids are looked at."""


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """The forms of the ids of a table, such as "9 9" for "0216 001"."""

    places: tuple[int, ...]
    """Places of the id's columns in a row."""
    known: frozenset[tuple[str, ...]]
    """The forms that most rows have; none where the ids look like anything."""

    def fits(self, cells: Sequence[str]) -> bool:
        """Tell whether a row has an id of a known form."""
        return self.form_of(cells) in self.known

    def form_of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Return the form of a row's id."""
        return tuple(signature(cells[place]) for place in self.places if place < len(cells))


def signature(text: str) -> str:
    """Return the form of a text: a run of letters is A, a run of digits 9.

    >>> signature("0216 001B")
    '9 9A'
    """
    return re.sub(r"[^\W\d_]+", "A", re.sub(r"\d+", "9", text.strip()))


def learn_signatures(
    rows: Sequence[Sequence[str]], names: Sequence[str], key: Sequence[str]
) -> Signatures:
    """Learn the forms of ids from rows that are as wide as the header.

    Args:
        rows: Cells of each.
        names: Names of the columns.
        key: Those of the id; where there is none, nothing is learned.
    """
    places = tuple(list(names).index(name) for name in key if name in names)
    empty = Signatures(places=places, known=frozenset())
    if not places:
        return empty

    whole = [row for row in rows[:PROBED] if len(row) == len(names)]
    forms = Counter(empty.form_of(row) for row in whole)
    forms.pop(("",) * len(places), None)
    least = max(2, RARE * forms.total())
    common = [pair for pair in forms.most_common(MOST_FORMS) if pair[1] >= least]
    if sum(count for _, count in common) < COMMON * forms.total():
        return empty
    return Signatures(places=places, known=frozenset(form for form, _ in common))
