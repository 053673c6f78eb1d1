"""Find every vacant's address in the dispatcher's own list.

An address that is only similar is never taken as found. An address is found exactly, by its normal
form (case, accents, STREET/ST, NORTH/N, APT/UNIT), or by another spelling that the list itself
gives. A unit is found as itself or else as the whole building, never as another unit. For every
other address the nearest one of the list is named with its distance, as a suggestion.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from gis_export.fire.dispatch.address_form import Address, normal_address
from gis_export.table.settings import DispatchSettings
from imagery.roll.tables import read_table, text_column
from imagery.troubles import Trouble
from imagery.values.texts import clean_texts

__all__ = ["AddressBook", "Match", "match_addresses", "normal_address", "read_addresses"]

_MOST_STREETS = 5
_SLIPS = 2
"""Most letters by which the same street, misspelled, may differ from itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AddressBook:
    """The addresses that dispatch knows."""

    spelled: tuple[str, ...]
    """Each address once as dispatch spells it."""
    aliases: tuple[tuple[str, ...], ...]
    """Its other spellings."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed in the file."""

    @cached_property
    def exact(self) -> dict[str, int]:
        """Place of each spelling."""
        return {text: place for place, text in reversed(list(enumerate(self.spelled)))}

    @cached_property
    def normal(self) -> dict[Address, int]:
        """Place of each normal form; of several spellings that share it the shortest."""
        longest_first = sorted(
            range(len(self.spelled)),
            key=lambda place: (-len(self.spelled[place]), self.spelled[place]),
        )
        # A later, shorter spelling replaces a longer one.
        return {self.forms[place]: place for place in longest_first}

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
    """Result for one address."""

    kind: str
    """EXACT, NORMALIZED, ALIAS or NO; NOT CHECKED without a list."""
    spelled: str = ""
    """As dispatch spells it; "" unless found."""
    aliases: tuple[str, ...] = ()
    """Other spellings of the list."""
    nearest: str = ""
    """Nearest address of the list where it was not found; never used as the address."""
    distance: str = ""
    """Letters to add, take out, change or swap with the next one.

    They lead from the address to the nearest one, both in normal form with their units.
    """
    reason: str = ""
    """Why it was not found: no such street, no such number on it, only other units."""


def read_addresses(settings: DispatchSettings) -> AddressBook | None:
    """Read the dispatcher's list; None where the city file names none.

    Raises:
        MissingInput: the file or one of its columns is not there.
    """
    if settings.addresses is None:
        return None

    file = read_table(
        settings.addresses,
        what="export.dispatch.addresses",
        key=(settings.address,),
        columns=(settings.alias,),
    )
    table = file.rows
    texts = text_column(table, (settings.address,), what="[export.dispatch] address")
    others = pd.Series("", index=table.index)
    if settings.alias:
        others = text_column(table, (settings.alias,), what="[export.dispatch] alias")

    # A dict keeps each alias once, in the order of the file.
    aliases: dict[str, dict[str, None]] = {}
    for text, names in zip(clean_texts(texts).str.strip(), clean_texts(others), strict=True):
        if text:
            known = aliases.setdefault(text, {})
            known.update(dict.fromkeys(_split_names(names)))

    return AddressBook(
        spelled=tuple(aliases),
        aliases=tuple(tuple(known) for known in aliases.values()),
        troubles=file.troubles,
    )


def _split_names(names: str) -> list[str]:
    """Return the names between semicolons."""
    stripped = [name.strip() for name in names.split(";")]
    return [name for name in stripped if name]


def match_addresses(addresses: list[str], book: AddressBook | None) -> list[Match]:
    """Look every address up, "" for vacants that have none."""
    return [_match(text.strip(), book) for text in addresses]


def _match(text: str, book: AddressBook | None) -> Match:
    """Look one address up."""
    if not text:
        return Match(kind="NO", reason="no address on the roll; dispatch cannot find it")
    if book is None:
        return Match(kind="NOT CHECKED")

    form = normal_address(text)
    tried = [("EXACT", book.exact.get(text))]
    for address in (form, form.building):
        tried.append(("NORMALIZED", book.normal.get(address)))
        tried.append(("ALIAS", book.alias.get(address)))

    for kind, place in tried:
        if place is not None:
            return Match(kind=kind, spelled=book.spelled[place], aliases=book.aliases[place])
    return _not_found(form, book)


def _not_found(form: Address, book: AddressBook) -> Match:
    """Say why an address was not found, and which address is nearest on streets spelled alike."""
    similar_streets = book.similar(form.street)
    if not similar_streets:
        return Match(kind="NO", reason="street is not in the list")

    nearest_houses = [_nearest_house(form, book, street) for street in similar_streets]
    place = min(nearest_houses, key=lambda house: _spelling_distance(form, book, house))
    found = book.forms[place]

    if found.text != form.text:
        reason = _why(form, book, found)
    elif form.unit:
        reason = "the list has only other units of this house"
    else:
        reason = "the list has only units of this house"
    return Match(
        kind="NO",
        nearest=book.spelled[place],
        distance=str(OSA.distance(form.full, found.full)),
        reason=reason,
    )


def _nearest_house(form: Address, book: AddressBook, street: str) -> int:
    """Return the place of the address on a street whose house is nearest."""
    return min(book.streets[street], key=lambda place: _house_distance(form, book, place))


def _house_distance(form: Address, book: AddressBook, place: int) -> tuple[int, bool, bool, str]:
    """Return how far apart two houses of one street are; the least is the nearest."""
    other = book.forms[place]
    numbers = abs(other.number - form.number)
    return numbers, other.more != form.more, other.unit != form.unit, book.spelled[place]


def _spelling_distance(form: Address, book: AddressBook, place: int) -> tuple[int, int, str]:
    """Return how far an address of the list is from another; the least is the nearest."""
    other = book.forms[place]
    letters = OSA.distance(form.text, other.text)
    return letters, abs(other.number - form.number), book.spelled[place]


def _why(form: Address, book: AddressBook, found: Address) -> str:
    """Say whether the list lacks the number or the street; `found` is the nearest address."""
    if form.number < 0:
        return "no house number"

    if form.street not in book.streets:
        streets = (found.street, *book.similar(form.street))
        nearest = min(streets, key=lambda street: OSA.distance(form.street, street))
        return f"street is not in the list; the nearest street is {nearest}"

    reason = f"number {form.number}{form.more} is not in the list on {form.street}"
    is_same_number = (found.number, found.more) == (form.number, form.more)
    if is_same_number and OSA.distance(form.street, found.street) <= _SLIPS:
        return f"{reason}, but it is on {found.street}: one of the two may be misspelled"
    return reason
