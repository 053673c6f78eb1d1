"""Reference pages of docs/, generated from the parser, the settings and the guides.

`python -m roofwatch.reference` writes them, `--check` fails when one is stale.
"""

import argparse
import dataclasses
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import Field
from importlib.resources import files
from pathlib import Path

from imagery.settings import is_derived, meaning_of
from roofwatch.city_file import CityFile
from roofwatch.commands import build_parser

DOCS = Path(__file__).resolve().parents[1] / "docs"
GUIDES = ("fire", "housing", "gis")
"""Pages that are delivered with the products too; their text is in gis_export/guides/."""
STALE = 3
"""Exit code of `--check` when a page is stale."""
SHARED = ("executor", "workers", "scheduler", "quiet", "json", "help")
"""Options that every command has."""
TYPE_WORDS = {
    str: "text",
    Path: "path",
    int: "whole number",
    float: "number",
    bool: "true or false",
}


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(prog="python -m roofwatch.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    options = parser.parse_args(arguments)

    stale = [path for path, text in make_pages() if not _holds(path, text)]
    if options.check:
        for path in stale:
            print(f"docs/{path.name} is stale; run make docs", file=sys.stderr)
        return STALE if stale else 0

    for path, text in make_pages():
        path.write_text(text, encoding="utf-8")
    return 0


def make_pages() -> Iterator[tuple[Path, str]]:
    """Yield path and text of every generated page."""
    yield DOCS / "commands.md", commands_page()
    yield DOCS / "city_file.md", city_file_page()
    for name in GUIDES:
        guide = files("gis_export") / "guides" / f"{name}.md"
        yield DOCS / f"{name}.md", guide.read_text(encoding="utf-8")


def commands_page() -> str:
    """Return the reference of the command line as Markdown."""
    parser = build_parser()
    commands = find_commands(parser)
    shared = next(iter(commands.values()))

    lines = [
        "# Commands",
        "",
        "Generated from the parser by `make docs`.",
        "",
        "Exit codes: 0 done, 2 wrong use, 3 input needs fixing, 4 refused, 1 our bug.",
        "",
        "## Options of every command",
        "",
        *option_table([action for action in shared._actions if action.dest in SHARED]),
    ]
    for name, command in commands.items():
        own = [action for action in command._actions if action.dest not in SHARED]
        lines += ["", f"## roofwatch {name}", "", f"{command.description or ''}.", ""]
        lines += option_table(own)
    return "\n".join(lines) + "\n"


def find_commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command by its name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise ValueError("the parser has no commands")


def option_table(actions: list[argparse.Action]) -> list[str]:
    """Return a table with a row per option."""
    lines = ["| option | meaning |", "|---|---|"]
    for action in actions:
        names = ", ".join(action.option_strings)
        value = action.metavar or "|".join(str(choice) for choice in action.choices or ())
        if action.nargs == 0:
            value = ""
        option = " ".join(part for part in (names, str(value or "")) if part)
        escaped = option.replace("|", "\\|")
        lines.append(f"| `{escaped}` | {action.help} |")
    return lines


def city_file_page() -> str:
    """Return the reference of the city file as Markdown."""
    lines = [
        "# The city file",
        "",
        "Generated from the settings by `make docs`.",
        "",
        "TOML. Paths are relative to the file, or GDAL virtual paths; `$NAME` is filled in",
        "from the environment. A list may be one value. An unknown key, a missing file or a wrong",
        "type is one line and exit code 3 before any work.",
    ]
    hints = typing.get_type_hints(CityFile)
    for field in dataclasses.fields(CityFile):
        if is_derived(field):
            continue
        kind = inner_type(hints[field.name])
        is_list = typing.get_origin(hints[field.name]) is tuple
        title = f"[[{field.name}]]" if is_list else f"[{field.name}]"
        lines += section_lines(kind, title, field.name)
    return "\n".join(lines) + "\n"


def section_lines(kind: type, title: str, place: str) -> list[str]:
    """Return the heading and table of one section, and of those inside it."""
    hints = typing.get_type_hints(kind)
    rows = []
    inside = []
    for field in dataclasses.fields(kind):
        field_kind = inner_type(hints[field.name])
        if is_derived(field):
            continue
        if dataclasses.is_dataclass(field_kind):
            inner_place = f"{place}.{field.name}"
            is_list = typing.get_origin(hints[field.name]) is tuple
            inner_title = f"[[{inner_place}]]" if is_list else f"[{inner_place}]"
            inside += section_lines(field_kind, inner_title, inner_place)
        else:
            rows.append(key_row(field, hints[field.name]))

    summary = (kind.__doc__ or "").strip().splitlines()[0]
    lines = ["", f"## {title}", "", summary, ""]
    if rows:
        lines += ["| key | type | default | meaning |", "|---|---|---|---|", *rows]
    return [*lines, *inside]


def key_row(field: Field[object], kind: object) -> str:
    """Return the row of one key."""
    meaning = " ".join(meaning_of(field).split()).replace("|", "\\|")
    return f"| `{field.name}` | {type_words(kind)} | {default_words(field)} | {meaning} |"


def inner_type(kind: object) -> type:
    """Return the type inside a list or a union with None."""
    options = typing.get_args(kind)
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is tuple:
        return inner_type(options[0])
    return kind if isinstance(kind, type) else object


def type_words(kind: object) -> str:
    """Say what a key takes."""
    options = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if isinstance(kind, types.UnionType):
        return type_words(options[0])
    if origin is tuple:
        return f"list of {type_words(options[0])}"
    if origin is dict:
        return f"table of {type_words(options[1])}"
    return TYPE_WORDS.get(kind, str(kind)) if isinstance(kind, type) else str(kind)


def default_words(field: Field[object]) -> str:
    """Say what a key is when it is not given."""
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if default is dataclasses.MISSING:
        return "required"
    return f"`{_toml(default)}`"


def _toml(value: object) -> str:
    """Write a default as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return "{}" if not value else str(value)
    return '""' if value is None else str(value)


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
