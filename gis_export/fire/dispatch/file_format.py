"""How a vendor's file is laid out: the section [format] of a column map."""

import codecs
import csv
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from imagery.errors import ConfigError

QUOTING: dict[str, Literal[0, 1, 3]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "none": csv.QUOTE_NONE,
}
ENDINGS = {"lf": "\n", "crlf": "\r\n"}
_ESCAPES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
"""Codecs of Python for names of hosts and for source code."""
_DAYS = tuple(date(2027, 1, 1) + timedelta(days=day) for day in range(2 * 366))
"""Every day of a year and of a leap year."""
_SHORTER = {"e": "%d", "F": "%Y-%m-%d", "D": "%m/%d/%y", "h": "%b", "P": "%p"}
"""Directives that Python writes and does not read, as those that it does read."""
_DIRECTIVE = re.compile(r"%[-_0^#]?(.)", re.DOTALL)


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
            raise ConfigError(
                f"[format] delimiter is {self.delimiter!r}, "
                "want one character that is no letter or digit"
            )
        _check_choice("line_ending", self.line_ending, tuple(ENDINGS))
        _check_choice("quoting", self.quoting, tuple(QUOTING))
        _check_encoding(self.encoding)
        _check_date(self.date)


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a value that is not one of the known words."""
    if value not in known:
        raise ConfigError(f"[format] {name} is {value!r}, want {' or '.join(known)}")


def _check_encoding(encoding: str) -> None:
    """Refuse what is no encoding of text.

    Base64 turns bytes into bytes. Idna and unicode_escape write other letters than the text has.
    """
    want = "want an encoding of text that Python knows, such as cp1252 or utf-8"
    try:
        "A1".encode(encoding)
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise ConfigError(f"[format] encoding is {encoding!r}, {want}") from error

    if name in _ESCAPES:
        raise ConfigError(
            f"[format] encoding is {encoding!r}, which writes letters as codes; {want}"
        )


def _check_date(layout: str) -> None:
    """Refuse a layout from which year, month and day cannot be read again.

    "%m/%d" is the same in two years, "%Q" is no date at all.
    """
    for day in _DAYS:
        text = day.strftime(layout)
        if _read_day(text, layout) != day:
            raise ConfigError(
                f"[format] date is {layout!r} and writes {day.isoformat()} as {text!r}, "
                "want a layout that gives year, month and day, such as %Y-%m-%d"
            )


def _read_day(text: str, layout: str) -> date | None:
    """Read a day that a layout wrote; None when that is not possible."""
    readable = _DIRECTIVE.sub(_readable_directive, layout)
    try:
        return datetime.strptime(text.strip(), readable.strip()).date()
    except (ValueError, re.error):
        return None


def _readable_directive(found: re.Match[str]) -> str:
    """Return the directive that Python reads for one that it writes."""
    return _SHORTER.get(found[1], f"%{found[1]}")
