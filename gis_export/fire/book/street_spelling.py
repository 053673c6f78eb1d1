"""One spelling and one order of the streets: those of the dispatcher's list, where there is one.

A roll spells a street in several ways: N ASH ST, NORTH ASH STREET. In a book all its buildings must
stand under one heading, and the maps must name it in the same way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gis_export.fire.book.entries import Entry
from gis_export.fire.book.streets import split_address
from gis_export.fire.dispatch.address_form import Address as NormalAddress
from gis_export.fire.dispatch.address_form import normal_address


@dataclass(frozen=True, kw_only=True)
class StreetBook:
    """How streets are spelled and ordered."""

    spelled: Mapping[str, str]
    """Spelling of each street, by its normal form."""
    place: Mapping[str, int]
    """Place of each street in the dispatcher's order, by its normal form; none where the list has
    no order of streets."""

    def placed(self, street: str) -> int:
        """Return the place of a street; those that the list lacks come last."""
        return self.place.get(street, len(self.place))


def with_one_spelling(entries: Sequence[Entry], listed: Sequence[str] = ()) -> list[Entry]:
    """Return the entries with every street in one spelling; a unit becomes a note.

    Args:
        entries: The buildings.
        listed: The dispatcher's addresses in the order of its list.
    """
    forms = [_form(entry.address.street) for entry in entries]
    book = _street_book(listed, zip(forms, entries, strict=True))
    return [_respelled(entry, form, book) for entry, form in zip(entries, forms, strict=True)]


def _form(street: str) -> NormalAddress:
    """Return the normal form of a street, with a number in front so that its own is kept."""
    return normal_address(f"1 {street}")


def _street_book(
    listed: Sequence[str], entries: Iterable[tuple[NormalAddress, Entry]]
) -> StreetBook:
    """Return the spelling of the list, else the commoner one of the roll."""
    forms = [normal_address(text).street for text in listed]
    by_list = _commonest(
        (form, split_address(text).street) for form, text in zip(forms, listed, strict=True)
    )
    by_roll = _commonest(
        (form.street, _bare(entry.address.street, form)) for form, entry in entries
    )
    return StreetBook(spelled={**by_roll, **by_list}, place=_places(forms))


def _bare(street: str, form: NormalAddress) -> str:
    """Return a street as spelled, in normal form where it ends with a unit."""
    return form.street if form.unit else street


def _commonest(spellings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the commonest spelling of each street; of equals the shorter, then by letter."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for form, spelling in spellings:
        counts[form][spelling] += 1

    return {
        form: min(known, key=lambda text: (-known[text], len(text), text))
        for form, known in counts.items()
    }


def _places(forms: Sequence[str]) -> dict[str, int]:
    """Return the order of the streets; none where the list is not ordered by street."""
    order = list(dict.fromkeys(forms))
    changes = sum(before != after for before, after in pairwise(forms))
    is_by_street = changes + 1 == len(order)
    return {street: place for place, street in enumerate(order)} if is_by_street else {}


def _respelled(entry: Entry, form: NormalAddress, book: StreetBook) -> Entry:
    address = replace(
        entry.address,
        street=book.spelled[form.street],
        place=book.placed(form.street),
    )
    notes = (form.unit, *entry.notes) if form.unit else entry.notes
    return replace(entry, address=address, notes=notes)
