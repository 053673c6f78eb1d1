"""What a vendor's import wants: a file says which column gets which value, and how the text is laid out.

```toml
[constants]            # own value names
AGENCY = "BCFD"
[actions]              # optional: the vendor's words for ADD, CHANGE, DELETE and REVIEW
CHANGE = "UPD"
[columns]              # in the file's order: one of our names, or a text with names in braces
PremiseId = "PREMISE"
Address = "ADDRESS"
Comment = "{TEXT} REVIEW BY {REVIEW_BY}"
[widths]               # optional: most characters of a column
Comment = 100
[format]               # optional; these are the defaults
date = "%Y-%m-%d"
delimiter = ","
encoding = "utf-8"
line_ending = "lf"     # or "crlf"
quoting = "minimal"    # or "all", "none"
header = true
uppercase = false
```
"""

import codecs
import csv
import dataclasses
import tomllib
from dataclasses import dataclass, field
from string import Formatter
from typing import Literal

from gis_export.dispatch.rows import DELIVERY_COLUMNS
from gis_export.dispatch.texts import nearest_name
from gis_export.inputs import DispatchSettings
from imagery.errors import ConfigError

_ACTIONS = ("ADD", "CHANGE", "DELETE", "REVIEW")
QUOTING: dict[str, Literal[0, 1, 3]] = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "none": csv.QUOTE_NONE}
ENDINGS = {"lf": "\n", "crlf": "\r\n"}


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """Keys of [format]."""

    date: str = "%Y-%m-%d"
    """As in Python's strftime."""
    delimiter: str = ","
    """One character."""
    encoding: str = "utf-8"
    """Letters that it lacks lose their accents."""
    line_ending: str = "lf"
    """Lf or crlf."""
    quoting: str = "minimal"
    """Minimal, all or none; with none the delimiter in a value becomes a blank."""
    header: bool = True
    """Whether the first line names the columns."""
    uppercase: bool = False
    """Whether values are in capitals; ids stay as they are."""

    def __post_init__(self) -> None:
        """Check each."""
        if len(self.delimiter) != 1 or self.delimiter in '\r\n"' or self.delimiter.isalnum():
            raise ConfigError(f"[format] delimiter is {self.delimiter!r}, want one character that is no letter or digit")
        for name, value, known in (("line_ending", self.line_ending, ENDINGS), ("quoting", self.quoting, QUOTING)):
            if value not in known:
                raise ConfigError(f"[format] {name} is {value!r}, want {' or '.join(known)}")
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise ConfigError(f"[format] encoding is {self.encoding!r}, want one that Python knows, such as cp1252") from error


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
                raise ConfigError(f"[constants] {name} is a name of ours and would hide what the row says; want another name")
        for name in self.actions:
            _check_name(name, _ACTIONS, "[actions]")
        for column, width in self.widths.items():
            _check_name(column, tuple(self.columns), "[widths]")
            if width < 1:
                raise ConfigError(f"[widths] {column} is {width}, want 1 or more")


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
        raise ConfigError(f"[columns] {column} is {template!r}: {error}; want names in braces, such as {{TEXT}}") from error
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise ConfigError(f"[columns] {column} is {template!r}, want plain names in braces, such as {{TEXT}}")
    return {name for _, name, _, _ in parts if name is not None}


def _parsed(document: dict[str, object]) -> ColumnMap:
    sections = tuple(part.name for part in dataclasses.fields(ColumnMap))
    for name, section in document.items():
        _check_name(name, sections, "section")
        if not isinstance(section, dict):
            raise ConfigError(f"{name} is {section!r}, want a table [{name}]")
    tables = {name: dict(section) for name, section in document.items() if isinstance(section, dict)}
    for name, kind in (("columns", str), ("constants", str), ("actions", str), ("widths", int)):
        for key, value in tables.get(name, {}).items():
            if type(value) is not kind:
                raise ConfigError(f"[{name}] {key} is {value!r}, want {'a whole number' if kind is int else 'text in quotes'}")
    layout = tables.pop("format", {})
    for key, value in layout.items():
        kinds = {part.name: type(part.default) for part in dataclasses.fields(FileFormat)}
        _check_name(key, tuple(kinds), "[format]")
        if type(value) is not kinds[key]:
            raise ConfigError(f"[format] {key} is {value!r}, want {'true or false' if kinds[key] is bool else 'text in quotes'}")
    columns = {key: text if "{" in text or "}" in text else f"{{{text}}}" for key, text in tables.pop("columns", {}).items()}
    return ColumnMap(columns=columns, format=FileFormat(**layout), **tables)


def _check_name(name: str, known: tuple[str, ...], where: str) -> None:
    if name not in known:
        raise ConfigError(f"{where}: unknown name {name!r}; did you mean {nearest_name(name, known)!r}?")
