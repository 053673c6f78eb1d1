"""Find every vacant's address in the dispatcher's own list. Nothing that is only similar is ever taken as found.

An address is found exactly, by its normal form (case, accents, STREET/ST, NORTH/N, APT/UNIT), or by another spelling that the
list itself gives. A unit is found as itself or else as the whole building that it is part of, never as another unit. Of every
other address the nearest one of the list is named with its distance, as a suggestion.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from gis_export.fire.dispatch.address_form import Address, normal_address
from gis_export.fire.dispatch.texts import one_line
from gis_export.table.settings import DispatchSettings
from imagery.roll.tables import read_table, text_column

__all__ = ["AddressBook", "Match", "match_addresses", "normal_address", "read_addresses"]

_MOST_STREETS = 5
_SLIPS = 2
"""Most letters by which a street may differ from another to pass for the same, misspelled."""


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
    def normal(self) -> dict[Address, int]:
        """Place of each normal form; of several spellings that share it the shortest."""
        order = sorted(
            range(len(self.spelled)),
            key=lambda place: (-len(self.spelled[place]), self.spelled[place]),
        )
        return {self.forms[place]: place for place in order}

    @cached_property
    def alias(self) -> dict[Address, int]:
        """Place of each other spelling's normal form, left out where two addresses claim it."""
        claims: defaultdict[Address, set[int]] = defaultdict(set)
        for place, names in enumerate(self.aliases):
            for name in names:
                claims[normal_address(name)].add(place)
        return {form: next(iter(places)) for form, places in claims.items() if len(places) == 1}

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
            found = process.extract(
                street, list(self.streets), scorer=OSA.distance, limit=_MOST_STREETS
            )
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
    """Letters to add, take out, change or swap with the next one to come from the address to the nearest, both in normal form with their units."""
    reason: str = ""
    """Why it was not found: no such street, no such number on it, only other units."""


def read_addresses(settings: DispatchSettings) -> AddressBook | None:
    """Read the dispatcher's list; None where the city file names none.

    Raises:
        MissingInput: the file or one of its columns is not there.
    """
    if settings.addresses is None:
        return None
    table = read_table(settings.addresses, what="export.dispatch.addresses")
    texts = text_column(table, (settings.address,), what="[export.dispatch] address")
    others = (
        text_column(table, (settings.alias,), what="[export.dispatch] alias")
        if settings.alias
        else pd.Series("", index=table.index)
    )
    known: dict[str, dict[str, None]] = {}
    for text, names in zip(texts.map(one_line).str.strip(), others.map(one_line), strict=True):
        if text:
            known.setdefault(text, {}).update(
                dict.fromkeys(name.strip() for name in names.split(";") if name.strip())
            )
    return AddressBook(
        spelled=tuple(known), aliases=tuple(tuple(names) for names in known.values())
    )


def match_addresses(addresses: list[str], book: AddressBook | None) -> list[Match]:
    """Look every address up, "" for vacants that have none."""
    return [_match(text.strip(), book) for text in addresses]


def _match(text: str, book: AddressBook | None) -> Match:
    if not text:
        return Match(kind="NO", reason="no address on the roll; dispatch cannot find it")
    if book is None:
        return Match(kind="NOT CHECKED")
    form = normal_address(text)
    tried = [("EXACT", book.exact.get(text))]
    for one in (form, form.building):
        tried += [("NORMALIZED", book.normal.get(one)), ("ALIAS", book.alias.get(one))]
    for kind, place in tried:
        if place is not None:
            return Match(kind=kind, spelled=book.spelled[place], aliases=book.aliases[place])
    return _not_found(form, book)


def _not_found(form: Address, book: AddressBook) -> Match:
    """Say why an address was not found, and what stands nearest on the streets that are spelled most like its own."""
    near = [
        min(
            book.streets[street],
            key=lambda one: (*_apart(form, book.forms[one]), book.spelled[one]),
        )
        for street in book.similar(form.street)
    ]
    if not near:
        return Match(kind="NO", reason="street is not in the list")
    place = min(
        near,
        key=lambda one: (
            OSA.distance(form.text, book.forms[one].text),
            abs(book.forms[one].number - form.number),
            book.spelled[one],
        ),
    )
    found = book.forms[place]
    reason = (
        f"the list has only {'other ' if form.unit else ''}units of this house"
        if found.text == form.text
        else _why(form, book, found)
    )
    return Match(
        kind="NO",
        nearest=book.spelled[place],
        distance=str(OSA.distance(form.full, found.full)),
        reason=reason,
    )


def _apart(form: Address, other: Address) -> tuple[int, bool, bool]:
    """Return how far apart two houses of one street are; lesser is nearer."""
    return abs(other.number - form.number), other.more != form.more, other.unit != form.unit


def _why(form: Address, book: AddressBook, found: Address) -> str:
    """Say whether it is the number or the street that the list lacks; `found` is what stands nearest."""
    if form.number < 0:
        return "no house number"
    if form.street not in book.streets:
        nearest = min(
            (found.street, *book.similar(form.street)),
            key=lambda street: OSA.distance(form.street, street),
        )
        return f"street is not in the list; the nearest street is {nearest}"
    reason = f"number {form.number}{form.more} is not in the list on {form.street}"
    if (found.number, found.more) == (form.number, form.more) and OSA.distance(
        form.street, found.street
    ) <= _SLIPS:
        return f"{reason}, but it is on {found.street}: one of the two may be misspelled"
    return reason
