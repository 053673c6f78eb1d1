"""A number of a paper, and where it is from: a file of the year, its rows, and a cell.

Numbers are counted in the files that they name, after all products are written. Anyone can count
them again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pandas as pd
from markupsafe import Markup, escape

from inference.miss_rate import percent_up


class Form(StrEnum):
    """How a number is written."""

    COUNT = "count"
    TENTHS = "tenths"
    PERCENT = "percent"
    PERCENT_UP = "percent up"
    SCORE = "score"


_WRITE: dict[Form, Callable[[float], str]] = {
    Form.COUNT: lambda value: f"{value:,.0f}",
    Form.TENTHS: lambda value: f"{value:,.1f}",
    Form.PERCENT: lambda value: f"{value:.0%}",
    Form.PERCENT_UP: percent_up,
    Form.SCORE: lambda value: f"{value:.3f}",
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a cell must be."""

    column: str
    """The column."""
    is_not: bool = False
    """Whether it must be none of the values."""
    since: str = ""
    """First day that counts, instead of values."""
    values: tuple[str, ...] = ()
    """The values."""

    @property
    def text(self) -> str:
        """Return it such as `hazard_level=LIKELY|POSSIBLE`."""
        if self.since:
            return f"{self.column}>={self.since}"
        return f"{self.column}{'!=' if self.is_not else '='}{'|'.join(self.values)}"

    def holds(self, table: pd.DataFrame) -> pd.Series:
        """Return the rows where it holds."""
        cells = table[self.column]
        if self.since:
            return cells >= self.since
        is_in = cells.isin(self.values)
        return ~is_in if self.is_not else is_in


def is_one_of(column: str, *values: str) -> Condition:
    """Return that a cell is one of some values."""
    return Condition(column=column, values=values)


def is_none_of(column: str, *values: str) -> Condition:
    """Return that a cell is none of some values."""
    return Condition(column=column, values=values, is_not=True)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a number is from: a count of rows, a cell, or a value of a JSON file."""

    file: str
    """Path in the year's folder, such as data/scores.csv."""
    where: tuple[Condition, ...] = ()
    """Which rows."""
    column: str = ""
    """The cell of the only row; "" counts the rows."""
    key: str = ""
    """Path in a JSON file, such as missed.city.judged."""

    @property
    def rows(self) -> str:
        """Return which rows, for programs."""
        return "; ".join(condition.text for condition in self.where)

    @property
    def sentence(self) -> str:
        """Return where the number is from, for people."""
        if self.key:
            return f"{self.key} in {self.file}"
        which = f" where {self.rows}" if self.where else ""
        return f"{self.column or 'rows'} of {self.file}{which}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number as people read it."""

    value: float
    """The number."""
    form: Form = Form.COUNT
    """How it is written."""
    source: Source
    """Where it is from."""

    @property
    def text(self) -> str:
        """Return it written."""
        return _WRITE[self.form](self.value)

    @property
    def were(self) -> str:
        """Return the verb that follows it."""
        return "was" if self.text == "1" else "were"

    @property
    def roofs(self) -> str:
        """Return the noun that follows it."""
        return "roof" if self.text == "1" else "roofs"

    @property
    def link(self) -> Markup:
        """Return it as a link to its table; papers are in report/."""
        href = f"../{self.source.file}".replace("../report/", "")
        return Markup('<a class="n" href="{}" {}>{}</a>').format(
            href, self.attributes, escape(self.text)
        )

    @property
    def attributes(self) -> Markup:
        """Return what a program needs to count it again."""
        source = self.source
        facts = {
            "title": source.sentence,
            "data-file": source.file,
            "data-rows": source.rows,
            "data-column": source.column,
            "data-key": source.key,
            "data-form": self.form.value,
        }
        pairs = [Markup('{}="{}"').format(name, text) for name, text in facts.items() if text]
        return Markup(" ").join(pairs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """The files of an exported year, each read once."""

    folder: Path
    """The year's folder."""
    read: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Tables that were read."""
    facts: dict[str, object] = field(default_factory=dict)
    """JSON files that were read."""

    def table(self, file: str) -> pd.DataFrame:
        """Return a table with every cell as text."""
        if file not in self.read:
            path = self.folder / file
            self.read[file] = pd.read_csv(path, dtype=str, keep_default_na=False)
        return self.read[file]

    def has(self, file: str) -> bool:
        """Tell whether a file is there."""
        return (self.folder / file).exists()

    def rows(self, file: str, *where: Condition) -> pd.DataFrame:
        """Return some rows of a table."""
        table = self.table(file)
        for condition in where:
            table = table[condition.holds(table)]
        return table

    def count(self, file: str, *where: Condition) -> Figure:
        """Count rows."""
        value = len(self.rows(file, *where))
        return Figure(value=value, source=Source(file=file, where=where))

    def cell(self, file: str, column: str, *where: Condition, form: Form = Form.COUNT) -> Figure:
        """Return the number in the only row that is meant.

        Raises:
            ValueError: several rows are meant, or none.
        """
        rows = self.rows(file, *where)
        source = Source(file=file, where=where, column=column)
        if len(rows) != 1:
            raise ValueError(f"{source.sentence}: {len(rows)} rows, want one")
        return Figure(value=float(rows[column].iloc[0]), form=form, source=source)

    def fact(self, file: str, key: str, *, form: Form = Form.COUNT) -> Figure | None:
        """Return a number of a JSON file; None where it holds none there."""
        found = self._value(file, key)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        return Figure(value=float(found), form=form, source=Source(file=file, key=key))

    def text(self, file: str, key: str) -> str:
        """Return a text of a JSON file; "" where it holds none there."""
        found = self._value(file, key)
        return found if isinstance(found, str) else ""

    def _value(self, file: str, key: str) -> object:
        if file not in self.facts:
            text = (self.folder / file).read_text(encoding="utf-8")
            self.facts[file] = json.loads(text)
        found = self.facts[file]
        for name in key.split("."):
            found = _inside(found, name)
        return found


def _inside(found: object, name: str) -> object:
    if isinstance(found, dict):
        return found.get(name)
    if isinstance(found, list) and name.isdigit() and int(name) < len(found):
        return found[int(name)]
    return None
