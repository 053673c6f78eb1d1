"""Publishes into a feature layer that the log saw begin and not end: killed, or failed."""

import re
from collections.abc import Sequence

from roofwatch.audit import COMMAND, DETAIL

_BEGUN = re.compile(r"^(\d+): begin \d+ rows in (.+)$")
_ENDED = re.compile(r"^(\d+): \d+ rows in (.+)$")


def begun_text(year: int, rows: int, place: str) -> str:
    """Return the line of the log before the first row is sent."""
    return f"{year}: begin {rows} rows in {place}"


def ended_text(year: int, rows: int, place: str) -> str:
    """Return the line of the log after the last row was seen in its place."""
    return f"{year}: {rows} rows in {place}"


def begun_publishes(rows: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Return year and layer of each publish that has begun and not ended.

    Args:
        rows: Lines of the log.
    """
    begun: dict[tuple[int, str], None] = {}
    for row in rows:
        if row[COMMAND] != "publish":
            continue
        if found := _BEGUN.match(row[DETAIL]):
            begun[int(found[1]), found[2]] = None
        elif found := _ENDED.match(row[DETAIL]):
            begun.pop((int(found[1]), found[2]), None)
    return list(begun)


def begun_notes(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each publish that has begun and not ended."""
    return [
        f"publish of {year} into {place} has begun and not ended: some of its rows may be new and "
        "others old; publish again, which sends only what differs"
        for year, place in begun_publishes(rows)
    ]
