"""Words of answers in cells: read for certain, or not at all. No file is opened."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from labels.choices import ROOF_OPEN, Choice
from labels.look import bin_of

_SEPARATOR = re.compile(r"[\s,;/|&+]+")
_SHARE = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*(%|percent|pct)?")
_RANGE = re.compile(r"(\d{1,3})\s*%?\s*(?:to|a|-)\s*(\d{1,3})\s*%?")
_NO_OR_NORTHWEST = "no"
"""None in English, northwest in Spanish: of sides it says nothing for certain."""


def plain(text: str) -> str:
    """Return a text as words are compared: small letters, no accents, single blanks.

    >>> plain("  Sí,  se VE ")
    'si, se ve'
    """
    marks = unicodedata.normalize("NFKD", text.replace("\u2013", "-"))
    bare = "".join(letter for letter in marks if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


@cache
def words_of(choices: tuple[Choice, ...]) -> dict[str, str]:
    """Return the name of each answer by every word for it: name, English and Spanish label."""
    words: dict[str, str] = {}
    for choice in choices:
        for word in (choice.spanish, choice.label, choice.name):
            words[plain(word)] = choice.name
    if _NO_OR_NORTHWEST in words and words[_NO_OR_NORTHWEST] == "nw":
        del words[_NO_OR_NORTHWEST]
    return words


def read_one(text: str, choices: tuple[Choice, ...]) -> str:
    """Return the name of the only answer that a cell gives; "" where it is not on the list."""
    return words_of(choices).get(plain(text), "")


def read_many(text: str, choices: tuple[Choice, ...]) -> tuple[str, ...]:
    """Return the names of the answers in a cell, in the order of the list.

    They are separated by blanks, commas and the like, as form servers write them.

    Returns:
        () where something in the cell is not on the list.
    """
    words = words_of(choices)
    longest_first = sorted(words, key=len, reverse=True)
    rest = _SEPARATOR.sub(" ", plain(text)).strip()
    found: set[str] = set()
    while rest:
        word = next((word for word in longest_first if _begins_with(rest, word)), "")
        if not word:
            return ()
        found.add(words[word])
        rest = rest[len(word) :].strip()
    return tuple(choice.name for choice in choices if choice.name in found)


def _begins_with(text: str, word: str) -> bool:
    return text == word or text.startswith(f"{word} ")


def read_roof(text: str) -> tuple[str, float | None]:
    """Return the bin of a roof's open share, and the number where the cell holds one.

    A bare number below 2 may be a share of 1 or a percentage, so only 0 is certain.

    Returns:
        ("", None) where it says neither for certain.
    """
    name = read_one(text, ROOF_OPEN) or _read_range(plain(text))
    if name:
        return name, None

    found = _SHARE.fullmatch(plain(text))
    if found is None:
        return "", None
    percent = float(found[1].replace(",", "."))
    is_certain = found[2] is not None or percent == 0 or percent >= 2
    if not is_certain or percent > 100:
        return "", None
    return bin_of(percent), percent


def _read_range(text: str) -> str:
    """Return the bin that begins and ends with the numbers of a text such as "10-24%"."""
    if text.replace(" ", "") in ("<10%", "<10", "under10%"):
        return ROOF_OPEN[1].name
    found = _RANGE.fullmatch(text)
    name = f"pct_{found[1]}_{found[2]}" if found else ""
    return name if name in {choice.name for choice in ROOF_OPEN} else ""


def nearest(text: str, words: Iterable[str]) -> str:
    """Return the word that is most like a text, "" where none is."""
    spelled = {plain(word): word for word in words}
    near = difflib.get_close_matches(plain(text), list(spelled), n=1, cutoff=0.5)
    return spelled[near[0]] if near else ""
