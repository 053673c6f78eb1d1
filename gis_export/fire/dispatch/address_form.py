"""The normal form of an address: what stays the same however it is spelled."""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

_TYPES = {
    "ALLEY": "ALY",
    "AL": "ALY",
    "AVENUE": "AVE",
    "AV": "AVE",
    "AVEN": "AVE",
    "BOULEVARD": "BLVD",
    "BOUL": "BLVD",
    "BLV": "BLVD",
    "BRIDGE": "BRG",
    "CENTER": "CTR",
    "CENTRE": "CTR",
    "CIRCLE": "CIR",
    "CIRC": "CIR",
    "COURT": "CT",
    "CRT": "CT",
    "CRESCENT": "CRES",
    "DRIVE": "DR",
    "DRV": "DR",
    "EXPRESSWAY": "EXPY",
    "EXTENSION": "EXT",
    "FORT": "FT",
    "FREEWAY": "FWY",
    "GARDENS": "GDNS",
    "GARDEN": "GDN",
    "GROVE": "GRV",
    "HEIGHTS": "HTS",
    "HIGHWAY": "HWY",
    "HILL": "HL",
    "LANE": "LN",
    "MOUNT": "MT",
    "PARKWAY": "PKWY",
    "PKY": "PKWY",
    "PLACE": "PL",
    "PLAZA": "PLZ",
    "POINT": "PT",
    "ROAD": "RD",
    "ROUTE": "RTE",
    "SAINT": "ST",
    "SQUARE": "SQ",
    "STREET": "ST",
    "STR": "ST",
    "STRT": "ST",
    "TERRACE": "TER",
    "TERR": "TER",
    "TRAIL": "TRL",
    "TURNPIKE": "TPKE",
    "VALLEY": "VLY",
}
"""Words and their USPS abbreviations (Publication 28, appendix C)."""
_DIRECTIONS = {
    "NORTH": "N",
    "SOUTH": "S",
    "EAST": "E",
    "WEST": "W",
    "NORTHEAST": "NE",
    "NORTHWEST": "NW",
    "SOUTHEAST": "SE",
    "SOUTHWEST": "SW",
}
_ALL_TYPES = frozenset(_TYPES.values())
_UNITS = {
    "APT": "APT",
    "APARTMENT": "APT",
    "UNIT": "APT",
    "#": "APT",
    "STE": "STE",
    "SUITE": "STE",
    "FL": "FL",
    "FLR": "FL",
    "FLOOR": "FL",
    "RM": "RM",
    "ROOM": "RM",
}
"""Words for a unit; "#" and "UNIT" most often mean an apartment."""
_UNIT = re.compile(
    r"(?<=\S) +((?:APT|APARTMENT|UNIT|STE|SUITE|FL|FLR|FLOOR|RM|ROOM)\b|#) *([0-9A-Z-]*) *$"
)
_MARKS = re.compile(r"[.'`,;:\s]+")
_NUMBER = re.compile(r"0*(\d+)((?: ?- ?\d+)?(?: ?\d/\d)?[A-Z]?)(?: +|$)")


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address in normal form."""

    number: int
    """House number; -1 where there is none."""
    more: str
    """What follows the number: "-304", "A", " 1/2"."""
    street: str
    """Street with direction and type, abbreviated."""
    unit: str
    """Part of the building, such as "APT 2"; "" for the whole of it."""

    @property
    def text(self) -> str:
        """Return the form of the whole building."""
        return f"{self.number}{self.more} {self.street}" if self.number >= 0 else self.street

    @property
    def full(self) -> str:
        """Return the form with its unit."""
        return f"{self.text} {self.unit}" if self.unit else self.text

    @property
    def building(self) -> "Address":
        """Return the whole building."""
        return replace(self, unit="")


def normal_address(text: str) -> Address:
    """Bring an address into normal form.

    >>> normal_address("0302 North Gilmor Street, Apt. 2").full
    '302 N GILMOR ST APT 2'
    """
    plain = _plain(text)
    number = _NUMBER.match(plain)
    rest = plain[number.end() :] if number else plain
    unit = _UNIT.search(rest)
    street = _street(rest[: unit.start()] if unit else rest)

    return Address(
        number=int(number.group(1)) if number else -1,
        more=number.group(2).replace(" -", "-").replace("- ", "-") if number else "",
        street=street,
        unit=f"{_UNITS[unit.group(1)]} {unit.group(2).strip('-')}".strip() if unit else "",
    )


def _plain(text: str) -> str:
    """Return a text in capitals, without accents, punctuation and doubled blanks."""
    letters = text
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()

    return _MARKS.sub(_blank_for, letters.upper()).strip()


def _blank_for(marks: re.Match[str]) -> str:
    """Return what replaces marks: nothing for dots and apostrophes alone, else a blank."""
    return " " if marks.group(0).strip(".'`") else ""


@lru_cache(maxsize=100_000)
def _street(text: str) -> str:
    """Abbreviate a street: types and leading or trailing directions as USPS writes them."""
    words = [_TYPES.get(word, word) for word in text.split()]
    has_type = bool(words) and words[-1] in _ALL_TYPES

    # In North Avenue the direction is the name.
    if len(words) - has_type > 1:
        words[0] = _DIRECTIONS.get(words[0], words[0])
    if len(words) > 2:
        words[-1] = _DIRECTIONS.get(words[-1], words[-1])
    return " ".join(words)
