"""Find every vacant's address in the dispatcher's own list. Nothing that is only similar is ever taken as found.

An address is found exactly, by its normal form (case, accents, STREET/ST, NORTH/N, unit parts), or by another spelling that
the list itself gives. Of every other one the nearest address of the list is named with its distance, as a suggestion.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from gis_export.inputs import DispatchSettings
from imagery.parcels import read_table, text_column

_TYPES = {
    "ALLEY": "ALY", "AL": "ALY", "AVENUE": "AVE", "AV": "AVE", "AVEN": "AVE", "BOULEVARD": "BLVD", "BOUL": "BLVD", "BLV": "BLVD", "BRIDGE": "BRG",
    "CENTER": "CTR", "CENTRE": "CTR", "CIRCLE": "CIR", "CIRC": "CIR", "COURT": "CT", "CRT": "CT", "CRESCENT": "CRES", "DRIVE": "DR", "DRV": "DR",
    "EXPRESSWAY": "EXPY", "EXTENSION": "EXT", "FORT": "FT", "FREEWAY": "FWY", "GARDENS": "GDNS", "GARDEN": "GDN", "GROVE": "GRV", "HEIGHTS": "HTS",
    "HIGHWAY": "HWY", "HILL": "HL", "LANE": "LN", "MOUNT": "MT", "PARKWAY": "PKWY", "PKY": "PKWY", "PLACE": "PL", "PLAZA": "PLZ", "POINT": "PT",
    "ROAD": "RD", "ROUTE": "RTE", "SAINT": "ST", "SQUARE": "SQ", "STREET": "ST", "STR": "ST", "STRT": "ST", "TERRACE": "TER", "TERR": "TER",
    "TRAIL": "TRL", "TURNPIKE": "TPKE", "VALLEY": "VLY",
}  # fmt: skip
"""Words and their USPS abbreviations (Publication 28, appendix C)."""
_DIRECTIONS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
}  # fmt: skip
_ALL_TYPES = frozenset(_TYPES.values())
_UNIT = re.compile(r"(?<=\S) +(?:(?:APT|APARTMENT|UNIT|STE|SUITE|FL|FLR|FLOOR|RM|ROOM)\b|#) *[0-9A-Z-]* *$")
_NUMBER = re.compile(r"0*(\d+)((?: ?- ?\d+)?(?: ?\d/\d)?[A-Z]?)(?: +|$)")
_MOST_STREETS = 5


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address in normal form."""

    number: int
    """House number; -1 where there is none."""
    more: str
    """What follows the number: "-304", "A", " 1/2"."""
    street: str
    """Street with direction and type, abbreviated."""

    @property
    def text(self) -> str:
        """Return the whole form."""
        return f"{self.number}{self.more} {self.street}" if self.number >= 0 else self.street


@dataclass(frozen=True, kw_only=True, eq=False)
class AddressBook:
    """The addresses that dispatch knows."""

    spelled: tuple[str, ...]
    """Each address once as dispatch spells it."""
    aliases: tuple[tuple[str, ...], ...]
    """Its other spellings."""

    @cached_property
    def exact(self) -> dict[str, int]:
        """Place of each spelling."""
        return {text: place for place, text in reversed(list(enumerate(self.spelled)))}

    @cached_property
    def normal(self) -> dict[str, int]:
        """Place of each normal form; of several spellings that share it the shortest, which is the one without a unit."""
        order = sorted(range(len(self.spelled)), key=lambda place: (-len(self.spelled[place]), self.spelled[place]))
        return {self.forms[place].text: place for place in order}

    @cached_property
    def alias(self) -> dict[str, int]:
        """Place of each other spelling's normal form, left out where two addresses claim it."""
        claims: defaultdict[str, set[int]] = defaultdict(set)
        for place, names in enumerate(self.aliases):
            for name in names:
                claims[normal_address(name).text].add(place)
        return {text: next(iter(places)) for text, places in claims.items() if len(places) == 1}

    @cached_property
    def forms(self) -> tuple[Address, ...]:
        """Normal form of each address."""
        return tuple(normal_address(text) for text in self.spelled)

    @cached_property
    def streets(self) -> dict[str, list[int]]:
        """Places of the addresses of each street."""
        streets: defaultdict[str, list[int]] = defaultdict(list)
        for place, form in enumerate(self.forms):
            streets[form.street].append(place)
        return dict(streets)

    @cached_property
    def _asked(self) -> dict[str, tuple[str, ...]]:
        """What `similar` has found."""
        return {}

    def similar(self, street: str) -> tuple[str, ...]:
        """Return the streets that are spelled most like one, itself among them."""
        if street not in self._asked:
            found = process.extract(street, list(self.streets), scorer=OSA.distance, limit=_MOST_STREETS)
            self._asked[street] = tuple(name for name, _, _ in found)
        return self._asked[street]


@dataclass(frozen=True, kw_only=True)
class Match:
    """What became of one address."""

    kind: str
    """EXACT, NORMALIZED, ALIAS or NO; NOT CHECKED without a list."""
    spelled: str = ""
    """As dispatch spells it; "" unless found."""
    aliases: tuple[str, ...] = ()
    """Other spellings of the list."""
    nearest: str = ""
    """Nearest address of the list where it was not found; never used as the address."""
    distance: str = ""
    """Letters that differ from it in normal form."""
    reason: str = ""
    """Why it was not found."""


def read_addresses(settings: DispatchSettings) -> AddressBook | None:
    """Read the dispatcher's list; None where the city file names none.

    Raises:
        MissingInput: the file or one of its columns is not there.
    """
    if settings.addresses is None:
        return None
    table = read_table(settings.addresses, what="export.dispatch.addresses")
    texts = text_column(table, (settings.address,), what="[export.dispatch] address").str.strip()
    others = text_column(table, (settings.alias,), what="[export.dispatch] alias") if settings.alias else pd.Series("", index=table.index)
    known: dict[str, dict[str, None]] = {}
    for text, names in zip(texts, others, strict=True):
        if text:
            known.setdefault(text, {}).update(dict.fromkeys(name.strip() for name in names.split(";") if name.strip()))
    return AddressBook(spelled=tuple(known), aliases=tuple(tuple(names) for names in known.values()))


def match_addresses(addresses: list[str], book: AddressBook | None) -> list[Match]:
    """Look every address up, "" for vacants that have none."""
    return [_match(text.strip(), book) for text in addresses]


def normal_address(text: str) -> Address:
    """Bring an address into normal form.

    >>> normal_address("0302 North Gilmor Street, Apt. 2").text
    '302 N GILMOR ST'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper() if not text.isascii() else text.upper()
    plain = re.sub(r"[.'`,;:\s]+", lambda found: " " if found.group(0).strip(".'`") else "", plain).strip()
    number = _NUMBER.match(plain)
    if number is None:
        return Address(number=-1, more="", street=_street(plain))
    return Address(number=int(number.group(1)), more=number.group(2).replace(" -", "-").replace("- ", "-"), street=_street(plain[number.end() :]))


@lru_cache(maxsize=100_000)
def _street(text: str) -> str:
    """Abbreviate a street: units dropped, types and leading or trailing directions as USPS writes them."""
    words = [_TYPES.get(word, word) for word in _UNIT.sub("", text).split()]
    named = len(words) - (len(words) > 0 and words[-1] in _ALL_TYPES)
    if named > 1:  # North Avenue is no direction
        words[0] = _DIRECTIONS.get(words[0], words[0])
    if len(words) > 2:
        words[-1] = _DIRECTIONS.get(words[-1], words[-1])
    return " ".join(words)


def _match(text: str, book: AddressBook | None) -> Match:
    if not text:
        return Match(kind="NO", reason="no address on the roll; dispatch cannot find it")
    if book is None:
        return Match(kind="NOT CHECKED")
    form = normal_address(text)
    for kind, place in (("EXACT", book.exact.get(text)), ("NORMALIZED", book.normal.get(form.text)), ("ALIAS", book.alias.get(form.text))):
        if place is not None:
            return Match(kind=kind, spelled=book.spelled[place], aliases=book.aliases[place])
    return _not_found(form, book)


def _not_found(form: Address, book: AddressBook) -> Match:
    """Say why an address was not found, and what stands nearest on the streets that are spelled most like its own."""
    reason = "no house number" if form.number < 0 else "house number is not in the list" if form.street in book.streets else "street is not in the list"
    best: tuple[int, int, str] | None = None
    for street in book.similar(form.street):
        place = min(book.streets[street], key=lambda one: (abs(book.forms[one].number - form.number), book.forms[one].more != form.more, book.spelled[one]))
        found = book.forms[place]
        rated = (OSA.distance(form.text, found.text), abs(found.number - form.number), book.spelled[place])
        best = rated if best is None or rated < best else best
    if best is None:
        return Match(kind="NO", reason=reason)
    return Match(kind="NO", nearest=best[2], distance=str(best[0]), reason=reason)


def nearest_name(name: str, names: tuple[str, ...]) -> str:
    """Return the name that is spelled most like `name`."""
    return process.extractOne(name, names, scorer=OSA.distance)[0]
