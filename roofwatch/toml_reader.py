"""TOML into typed dataclasses: unknown keys, missing ones and wrong types are errors."""

import dataclasses
import datetime
import difflib
import os
import types
import typing
from dataclasses import Field, dataclass, replace
from pathlib import Path
from typing import TypeVar

from imagery.errors import ConfigError
from imagery.flyover.virtual_paths import SCHEMES
from imagery.settings import is_derived, is_path, is_remote
from imagery.values.secrets import mask
from models.spec import DOWNLOAD

VIRTUAL = "/vsi"
"""Begin of GDAL's virtual paths."""
REMOTE = (VIRTUAL, *SCHEMES, "file://")
"""Begin of what is no path on this machine."""
WORKSPACE = "city.workspace"
WANTED = {
    Path: "a path in quotes",
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
"""How a type is called in messages."""
Table = TypeVar("Table")


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of the file, as messages name it and its value is read."""

    place: str
    """Dotted name, such as "export.dispatch.columns"."""
    kind: object
    """Type of its field."""
    path: bool = False
    """Text is a path that is not typed as one."""
    remote: bool = False
    """The path may be a URL."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Turns TOML values into the types that the dataclasses name."""

    file: str
    """Name of the city file, for messages."""
    base: Path
    """Folder that relative paths start from."""

    def read_table(self, kind: type[Table], values: object, place: str) -> Table:
        """Build one dataclass from one TOML table."""
        if not isinstance(values, dict):
            raise ConfigError(
                f"{self.file}: {place or 'file'}: got {values!r}, want a table [{place}]"
            )
        if not dataclasses.is_dataclass(kind):
            raise TypeError(f"{kind} is no dataclass")

        fields = {field.name: field for field in dataclasses.fields(kind) if not is_derived(field)}
        self.check_known(values, list(fields), place)
        self.check_needed(values, fields, place)

        hints = typing.get_type_hints(kind)
        parsed = {}
        for name, value in values.items():
            key = Key(
                place=f"{place}.{name}" if place else name,
                kind=hints[name],
                path=is_path(fields[name]),
                remote=is_remote(fields[name]),
            )
            parsed[name] = self.read_value(key, value)
        try:
            return kind(**parsed)
        except ValueError as error:
            raise ConfigError(f"{self.file}: [{place}]: {error}") from error

    def check_known(self, values: dict[str, object], known: list[str], place: str) -> None:
        """Refuse a key that no field has."""
        for name in values:
            if name in known:
                continue
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise ConfigError(f"{self.file}: {_in_words(place, name)}: unknown key; {hint}")

    def check_needed(
        self, values: dict[str, object], fields: dict[str, Field[object]], place: str
    ) -> None:
        """Refuse a table without a key that has no default."""
        missing = dataclasses.MISSING
        for name, field in fields.items():
            has_default = field.default is not missing or field.default_factory is not missing
            if not has_default and name not in values:
                raise ConfigError(f"{self.file}: {_in_words(place, name)}: missing; add it")

    def read_value(self, key: Key, value: object) -> object:
        """Turn one TOML value into the type of its field."""
        options = typing.get_args(key.kind)
        origin = typing.get_origin(key.kind)

        if isinstance(key.kind, types.UnionType):
            return self.read_value(replace(key, kind=options[0]), value)
        if origin is tuple:
            return self.read_list(replace(key, kind=options[0]), value)
        if origin is dict and isinstance(value, dict):
            return self.read_entries(replace(key, kind=options[1]), value)
        if isinstance(key.kind, type) and dataclasses.is_dataclass(key.kind):
            return self.read_table(key.kind, value, key.place)
        return self.read_scalar(key, value)

    def read_list(self, key: Key, value: object) -> tuple[object, ...]:
        """Turn a list, or one value in its place, into a tuple."""
        items = value if isinstance(value, list) else [value]
        if not items:
            raise ConfigError(
                f"{self.file}: {key.place}: got an empty list, want at least one entry"
            )
        return tuple(self.read_value(key, item) for item in items)

    def read_entries(self, key: Key, value: dict[str, object]) -> dict[str, object]:
        """Turn a table of entries that the user names into a dictionary."""
        entries = {}
        for name, item in value.items():
            entries[name] = self.read_value(replace(key, place=f"{key.place}.{name}"), item)
        return entries

    def read_scalar(self, key: Key, value: object) -> object:
        """Turn a text, a number, a day or true and false into the type of its field."""
        if key.kind is Path and isinstance(value, str) and value:
            return Path(self.find_path(value, key))
        if key.kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if key.kind is str and isinstance(value, datetime.date):
            return value.isoformat()
        if key.path and isinstance(value, str) and value not in ("", DOWNLOAD):
            return self.find_path(value, key)
        if isinstance(key.kind, type) and type(value) is key.kind:
            return value

        got = f"{value!r} ({type(value).__name__})"
        want = str(key.kind)
        if isinstance(key.kind, type):
            want = WANTED.get(key.kind, want)
        raise ConfigError(f"{self.file}: {key.place}: got {got}, want {want}")

    def find_path(self, path: str, key: Key) -> str:
        """Fill in $NAME from the environment and make a path absolute.

        GDAL's virtual paths and the URLs of flyovers stay as they are.
        """
        filled = os.path.expandvars(path)
        if "$" in filled:
            raise ConfigError(
                f"{self.file}: {key.place}: got {path!r} and no such environment variable; "
                "set it, or write the path itself"
            )

        if key.place == WORKSPACE and filled.lower().startswith(REMOTE):
            raise ConfigError(
                f"{self.file}: [city] workspace: got {mask(filled)!r}, want a folder on this "
                "machine or a shared drive: databases, locks and renames need one; "
                "keep it there and copy backups (restic) and finished products to the store"
            )
        elsewhere = REMOTE if key.remote else (VIRTUAL,)
        if filled.lower().startswith(elsewhere):
            return filled
        return os.path.normpath(self.base / Path(filled).expanduser())


def _in_words(place: str, name: str) -> str:
    return f"[{place}] {name}" if place else f"[{name}]"
