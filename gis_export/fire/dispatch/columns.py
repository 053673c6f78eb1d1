"""What a vendor's import wants: a file says which column gets which value, and how the text is laid out.

```toml
[constants]            # own value names
AGENCY = "BCFD"
[actions]              # optional: the vendor's words for ADD, CHANGE, DELETE and REVIEW
CHANGE = "UPD"
[columns]              # in the file's order: one of our names, or a text with names in braces; the action, a hazard word and a building must be among them
PremiseId = "PREMISE"
Action = "ACTION"
Address = "ADDRESS"
Comment = "{TEXT} REVIEW BY {REVIEW_BY}"
[widths]               # optional: most characters of a column; what must not be cut stops the export
Comment = 100
[format]               # optional; these are the defaults
date = "%Y-%m-%d"      # must give year, month and day
delimiter = ","
encoding = "utf-8"     # one of text, such as "cp1252"
line_ending = "lf"     # or "crlf"
quoting = "minimal"    # or "all", "none"
header = true
uppercase = false
```
"""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from string import Formatter

from gis_export.fire.dispatch.file_format import FileFormat
from gis_export.fire.dispatch.rows import DELIVERY_COLUMNS
from gis_export.fire.dispatch.texts import nearest_name, one_line
from gis_export.table.settings import DispatchSettings
from imagery.errors import ConfigError

__all__ = ["ColumnMap", "FileFormat", "column_map_of", "names_in"]

_ACTIONS = ("ADD", "CHANGE", "DELETE", "REVIEW")
_NEEDED = (
    (("TEXT", "RISK_TXT", "RISK_LVL"), "dispatch would see no hazard word", 'Comment = "TEXT"'),
    (
        ("PARCEL_ID", "PREMISE", "ADDRESS"),
        "nobody could tell which building a row is of",
        'Location = "ADDRESS"',
    ),
    (
        ("ACTION",),
        "cad_delete.csv holds rows to take out and rows that only a person may take out, and nothing would tell them apart",
        'Action = "ACTION"',
    ),
)
"""Of each group of names one must stand in a column; what happens without, and a line that mends it."""


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """A vendor's columns; see the module."""

    columns: dict[str, str]
    """Column, in the file's order, to a text with our names in braces."""
    constants: dict[str, str] = field(default_factory=dict)
    """Further names and what they stand for."""
    actions: dict[str, str] = field(default_factory=dict)
    """The vendor's words for `_ACTIONS`."""
    widths: dict[str, int] = field(default_factory=dict)
    """Most characters of a column."""
    format: FileFormat = field(default_factory=FileFormat)
    """How the file is laid out."""

    def __post_init__(self) -> None:
        """Check every name."""
        if not self.columns:
            raise ConfigError("[columns] is empty, want a line for each column of the vendor")
        known = (*DELIVERY_COLUMNS, *self.constants)
        for column, template in self.columns.items():
            for name in names_in(template, column):
                _check_name(name, known, f"[columns] {column}")
        for name in self.constants:
            if name in DELIVERY_COLUMNS:
                raise ConfigError(
                    f"[constants] {name} is a name of ours and would hide what the row says; want another name"
                )
        for name in self.actions:
            _check_name(name, _ACTIONS, "[actions]")
        for column, width in self.widths.items():
            _check_name(column, tuple(self.columns), "[widths]")
            if width < 1:
                raise ConfigError(f"[widths] {column} is {width}, want 1 or more")
        _check_alike(self.columns)
        _check_needed(self.columns)
        _check_actions(self.actions)


def column_map_of(settings: DispatchSettings) -> ColumnMap | None:
    """Read the column map that the city file names; None where it names none.

    Raises:
        ConfigError: the file cannot be read, or it has an unknown section, key or value name.
    """
    path = settings.columns
    if path is None:
        return None
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return _parsed(document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}; mend it") from error
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from error


def names_in(template: str, column: str) -> set[str]:
    """Return the names in braces of a column's text.

    Raises:
        ConfigError: its braces do not pair, or hold more than a name.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(
            f"[columns] {column} is {template!r}: {error}; want names in braces, such as {{TEXT}}"
        ) from error
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise ConfigError(
            f"[columns] {column} is {template!r}, want plain names in braces, such as {{TEXT}}"
        )
    return {name for _, name, _, _ in parts if name is not None}


def _parsed(document: dict[str, object]) -> ColumnMap:
    sections = tuple(part.name for part in dataclasses.fields(ColumnMap))
    for name, section in document.items():
        _check_name(name, sections, "section")
        if not isinstance(section, dict):
            raise ConfigError(f"{name} is {section!r}, want a table [{name}]")
    tables = {
        name: dict(section) for name, section in document.items() if isinstance(section, dict)
    }
    for name, kind in (("columns", str), ("constants", str), ("actions", str), ("widths", int)):
        for key, value in tables.get(name, {}).items():
            if type(value) is not kind:
                raise ConfigError(
                    f"[{name}] {key} is {value!r}, want {'a whole number' if kind is int else 'text in quotes'}"
                )
    layout = tables.pop("format", {})
    for key, value in layout.items():
        kinds = {part.name: type(part.default) for part in dataclasses.fields(FileFormat)}
        _check_name(key, tuple(kinds), "[format]")
        if type(value) is not kinds[key]:
            raise ConfigError(
                f"[format] {key} is {value!r}, want {'true or false' if kinds[key] is bool else 'text in quotes'}"
            )
    columns = {
        key: text if "{" in text or "}" in text else f"{{{text}}}"
        for key, text in tables.pop("columns", {}).items()
    }
    return ColumnMap(columns=columns, format=FileFormat(**layout), **tables)


def _check_alike(columns: dict[str, str]) -> None:
    """Refuse two columns whose names differ in case or blanks only: most imports take them for one, and fill it with either."""
    seen: dict[str, str] = {}
    for column in columns:
        before = seen.setdefault(one_line(column).strip().casefold(), column)
        if before != column:
            raise ConfigError(
                f"[columns] {before!r} and {column!r} differ in case or blanks only, and an import may take them for one; rename or drop one"
            )


def _check_needed(columns: dict[str, str]) -> None:
    """Refuse a map that carries no hazard word, no building or no action at all."""
    carried = {name for column, template in columns.items() for name in names_in(template, column)}
    for names, without, remedy in _NEEDED:
        if carried.isdisjoint(names):
            raise ConfigError(
                f"[columns] has no column with {' or '.join(names)}: {without}; add a line such as {remedy}"
            )


def _check_actions(actions: dict[str, str]) -> None:
    """Refuse actions that the vendor could not tell apart."""
    seen: dict[str, str] = {}
    for action in _ACTIONS:
        code = one_line(actions.get(action, action)).strip()
        if not code:
            raise ConfigError(f"[actions] {action} is empty, want the vendor's word for it")
        before = seen.setdefault(code.casefold(), action)
        if before != action:
            raise ConfigError(
                f"[actions] {before} and {action} are both {code!r}, want a word of its own for each: a row to take out must not pass for another"
            )


def _check_name(name: str, known: tuple[str, ...], where: str) -> None:
    if name not in known:
        raise ConfigError(
            f"{where}: unknown name {name!r}; did you mean {nearest_name(name, known)!r}?"
        )
