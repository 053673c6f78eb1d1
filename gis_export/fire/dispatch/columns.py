"""What a vendor's import wants: which column gets which value, and how the text is laid out.

```toml
[constants]            # own value names
AGENCY = "BCFD"
[actions]              # optional: the vendor's words for ADD, CHANGE, DELETE and REVIEW
CHANGE = "UPD"
# The columns in the file's order: one of our names, or a text with names in braces. The action, a
# hazard word and a building must be among them.
[columns]
PremiseId = "PREMISE"
Action = "ACTION"
Address = "ADDRESS"
Comment = "{TEXT} REVIEW BY {REVIEW_BY}"
[widths]               # optional: most characters; what must not be cut stops the export
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
_KIND_WORDS = {str: "text in quotes", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class _Need:
    """A value that the vendor's columns must carry."""

    names: tuple[str, ...]
    """Names of which one must be in a column."""
    without: str
    """What happens without it."""
    remedy: str
    """A line that corrects it."""


_NEEDS = (
    _Need(
        names=("TEXT", "RISK_TXT", "RISK_LVL"),
        without="dispatch would see no hazard word",
        remedy='Comment = "TEXT"',
    ),
    _Need(
        names=("PARCEL_ID", "PREMISE", "ADDRESS"),
        without="dispatch could not tell which building a row is for",
        remedy='Location = "ADDRESS"',
    ),
    _Need(
        names=("ACTION",),
        without="cad_delete.csv holds rows to remove and rows that only a person may remove, "
        "and nothing would distinguish them",
        remedy='Action = "ACTION"',
    ),
)


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """A vendor's columns; see the module."""

    columns: dict[str, str]
    """Column, in the file's order, to a text with our names in braces."""
    constants: dict[str, str] = field(default_factory=dict)
    """Further names and their values."""
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

        _check_templates(self.columns, self.constants)
        for name in self.actions:
            _check_name(name, _ACTIONS, "[actions]")
        _check_widths(self.widths, self.columns)
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
        raise ConfigError(f"{path}: cannot be read as TOML: {error}; correct it") from error
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
    """Check the types of a file, and build its column map."""
    sections = tuple(section.name for section in dataclasses.fields(ColumnMap))
    tables: dict[str, dict[str, object]] = {}
    for name, table in document.items():
        _check_name(name, sections, "section")
        if not isinstance(table, dict):
            raise ConfigError(f"{name} is {table!r}, want a table [{name}]")
        tables[name] = table

    return ColumnMap(
        columns={key: _template(text) for key, text in _texts(tables, "columns").items()},
        constants=_texts(tables, "constants"),
        actions=_texts(tables, "actions"),
        widths=_numbers(tables, "widths"),
        format=_parsed_format(tables.get("format", {})),
    )


def _texts(tables: dict[str, dict[str, object]], section: str) -> dict[str, str]:
    """Return the values of a section that holds text."""
    texts: dict[str, str] = {}
    for key, value in tables.get(section, {}).items():
        if not isinstance(value, str):
            raise _wrong_kind(section, key, value, str)
        texts[key] = value
    return texts


def _numbers(tables: dict[str, dict[str, object]], section: str) -> dict[str, int]:
    """Return the values of a section that holds whole numbers."""
    numbers: dict[str, int] = {}
    for key, value in tables.get(section, {}).items():
        # In Python, true is a whole number too.
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_kind(section, key, value, int)
        numbers[key] = value
    return numbers


def _parsed_format(table: dict[str, object]) -> FileFormat:
    """Return the section [format]."""
    kinds = {key.name: type(key.default) for key in dataclasses.fields(FileFormat)}
    texts: dict[str, str] = {}
    switches: dict[str, bool] = {}
    for key, value in table.items():
        _check_name(key, tuple(kinds), "[format]")
        if type(value) is not kinds[key]:
            raise _wrong_kind("format", key, value, kinds[key])
        if isinstance(value, bool):
            switches[key] = value
        else:
            texts[key] = str(value)

    return FileFormat(
        date=texts.get("date", FileFormat.date),
        delimiter=texts.get("delimiter", FileFormat.delimiter),
        encoding=texts.get("encoding", FileFormat.encoding),
        line_ending=texts.get("line_ending", FileFormat.line_ending),
        quoting=texts.get("quoting", FileFormat.quoting),
        header=switches.get("header", FileFormat.header),
        uppercase=switches.get("uppercase", FileFormat.uppercase),
    )


def _wrong_kind(section: str, key: str, value: object, kind: type) -> ConfigError:
    """Return the error for a value of another type."""
    return ConfigError(f"[{section}] {key} is {value!r}, want {_KIND_WORDS[kind]}")


def _template(text: str) -> str:
    """Return a column's text with its name in braces where it is only a name."""
    return text if "{" in text or "}" in text else f"{{{text}}}"


def _check_templates(columns: dict[str, str], constants: dict[str, str]) -> None:
    """Refuse names that are not known, and constants that hide one of ours."""
    known = (*DELIVERY_COLUMNS, *constants)
    for column, template in columns.items():
        for name in names_in(template, column):
            _check_name(name, known, f"[columns] {column}")

    for name in constants:
        if name in DELIVERY_COLUMNS:
            raise ConfigError(
                f"[constants] {name} is a name of ours and would hide what the row says; "
                "want another name"
            )


def _check_widths(widths: dict[str, int], columns: dict[str, str]) -> None:
    """Refuse widths of other columns, and those below 1."""
    for column, width in widths.items():
        _check_name(column, tuple(columns), "[widths]")
        if width < 1:
            raise ConfigError(f"[widths] {column} is {width}, want 1 or more")


def _check_alike(columns: dict[str, str]) -> None:
    """Refuse two columns whose names differ in case or blanks only.

    Most imports treat them as one, and fill it with either.
    """
    seen: dict[str, str] = {}
    for column in columns:
        before = seen.setdefault(one_line(column).strip().casefold(), column)
        if before != column:
            raise ConfigError(
                f"[columns] {before!r} and {column!r} differ in case or blanks only, "
                "and an import may treat them as one; rename or drop one"
            )


def _check_needed(columns: dict[str, str]) -> None:
    """Refuse a map that carries no hazard word, no building or no action at all."""
    carried: set[str] = set()
    for column, template in columns.items():
        carried |= names_in(template, column)

    for need in _NEEDS:
        if carried.isdisjoint(need.names):
            raise ConfigError(
                f"[columns] has no column with {' or '.join(need.names)}: {need.without}; "
                f"add a line such as {need.remedy}"
            )


def _check_actions(actions: dict[str, str]) -> None:
    """Refuse actions that the vendor could not distinguish."""
    seen: dict[str, str] = {}
    for action in _ACTIONS:
        code = one_line(actions.get(action, action)).strip()
        if not code:
            raise ConfigError(f"[actions] {action} is empty, want the vendor's word for it")

        before = seen.setdefault(code.casefold(), action)
        if before != action:
            raise ConfigError(
                f"[actions] {before} and {action} are both {code!r}, want a different word for "
                "each: a row to remove must not look like another"
            )


def _check_name(name: str, known: tuple[str, ...], where: str) -> None:
    """Refuse a name that is not known, and say which one is spelled alike."""
    if name not in known:
        nearest = nearest_name(name, known)
        raise ConfigError(f"{where}: unknown name {name!r}; did you mean {nearest!r}?")
