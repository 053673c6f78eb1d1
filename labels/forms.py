"""Which column of a file holds which answer: our work list, form exports, a city's own columns.

Form servers put groups before a name (`visit-roof_open`, `visit/roof_open`), write labels in place
of names, spell labels as field names, and cut long ones off. No file is opened.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from imagery.errors import InputError
from imagery.troubles import shown
from labels.filled.questions import DAY, PARCEL, QUESTIONS, SCAN, TYPED, Question
from labels.filled.words import plain, words_of

LEAST_CUT = 8
"""Letters that are left of a name that was cut off."""
_GROUPS = re.compile(r"[-/:.]")
_LETTERS = re.compile(r"[^0-9a-z]")


@dataclass(frozen=True, kw_only=True)
class FormColumns:
    """The columns of one table."""

    by_question: Mapping[str, tuple[str, ...]]
    """Names of the columns of each question, by its key; several only for photos."""
    parts: Mapping[str, Mapping[str, str]]
    """Where each answer has a column of its own: its name and column, by key of the question."""

    def has(self, question: Question) -> bool:
        """Tell whether the table has a question."""
        return question.key in self.by_question or question.key in self.parts

    @property
    def has_parcel(self) -> bool:
        """Tell whether the table says which parcel a row is of."""
        return any(self.has(question) for question in (PARCEL, SCAN, TYPED))

    @property
    def is_of_visits(self) -> bool:
        """Tell whether the table says which parcel was visited, and what was seen or when."""
        has_answer = any(self.has(question) for question in QUESTIONS if question.is_answer)
        return self.has_parcel and (has_answer or self.has(DAY))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all columns that are used, each once."""
        named = [name for columns in self.by_question.values() for name in columns]
        for columns in self.parts.values():
            named += columns.values()
        return tuple(dict.fromkeys(named))


def find_columns(names: Sequence[str], own: Mapping[str, str]) -> FormColumns:
    """Find the column of each question among the names of a table's columns.

    Args:
        names: As in the file.
        own: Columns that the city file names, by key of the question.

    Raises:
        InputError: two columns could be meant.
    """
    by_question: dict[str, tuple[str, ...]] = {}
    for question in QUESTIONS:
        found = _own_column(question, names, own) or _columns_of(question, names)
        if found:
            by_question[question.key] = found

    parts: dict[str, Mapping[str, str]] = {}
    for question in QUESTIONS:
        if question.choices and question.has_many and question.key not in by_question:
            columns = _part_columns(question, names)
            if columns:
                parts[question.key] = columns
    return FormColumns(by_question=by_question, parts=parts)


def _own_column(
    question: Question, names: Sequence[str], own: Mapping[str, str]
) -> tuple[str, ...]:
    column = own.get(question.key, "").strip()
    return (column,) if column and column in names else ()


def _columns_of(question: Question, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a question, found by the closest spelling that any column has.

    Raises:
        InputError: two columns could be meant.
    """
    wanted = {_key(name) for name in question.names}
    spellings = (
        {name for name in names if _key(name) in wanted},
        {name for name in names if _key(_without_groups(name)) in wanted},
        {name for name in names if _is_cut(name, question)},
    )
    for found in spellings:
        if not found:
            continue
        if len(found) > 1 and question.key != "photos":
            columns = " and ".join(shown(name) for name in sorted(found))
            raise InputError(
                f"two columns could be {question.title!r}: {columns}; "
                "rename one of them, or name the right one in [looks] columns"
            )
        return tuple(name for name in names if name in found)
    return ()


def _part_columns(question: Question, names: Sequence[str]) -> dict[str, str]:
    """Return the column of each single answer, such as `wall_floor_signs/wall_bulge`."""
    wanted = {_key(name) for name in question.names}
    words = words_of(question.choices)
    columns: dict[str, str] = {}
    for name in names:
        groups = name.replace("\\", "/").split("/")
        if len(groups) > 1 and _key(groups[-2]) in wanted and plain(groups[-1]) in words:
            columns[words[plain(groups[-1])]] = name
    return columns


def _without_groups(name: str) -> str:
    return _GROUPS.split(name)[-1]


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    """Return letters and digits of a name, as aliases and field names share them."""
    return _LETTERS.sub("", plain(name))


def _is_cut(name: str, question: Question) -> bool:
    """Tell whether a column has a name of the question that was cut off, and of no other one."""
    key = _key(name)
    if len(key) < LEAST_CUT:
        return False
    fitting = [
        other.key
        for other in QUESTIONS
        if any(_key(whole).startswith(key) for whole in other.names)
    ]
    return fitting == [question.key]
