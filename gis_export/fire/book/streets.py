"""Streets and house numbers, read out of addresses: the order of lists and the names on maps."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_export.printing.spread import Points
from gis_export.printing.text import plain

_NUMBER = re.compile(r"^(\d[\w/-]*(?: \d+/\d+)?)\s+(\S.*)$")
_DIRECTION = re.compile(
    r"^(?:N|S|E|W|NE|NW|SE|SW|NORTH|SOUTH|EAST|WEST)\.?\s+(?=\S)", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
SortKey = tuple[int, str, str, int, str]
"""Place of the street, street without its direction, street, value of the number, number."""
Vector = NDArray[np.float64]
"""x and y, (2,)."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Street and number of an address."""

    street: str
    """Street as spelled, "" when there is no address."""
    number: str
    """House number as spelled, "" when there is none."""
    place: int = 0
    """Place of the street in the dispatcher's order; the same of all where there is none."""

    @property
    def value(self) -> int | None:
        """Return the first whole number of the house number, None when there is none."""
        digits = _DIGITS.match(self.number)
        return int(digits.group()) if digits else None

    @property
    def key(self) -> SortKey:
        """Return what sorts addresses: by street, N ASH ST under ASH, then numbers by value."""
        value = self.value
        bare_street = _DIRECTION.sub("", self.street)
        order = -1 if value is None else value
        return self.place, bare_street.casefold(), self.street.casefold(), order, self.number


def split_address(text: str) -> Address:
    """Split an address into street and number.

    >>> split_address("302 N ASH ST")
    Address(street='N ASH ST', number='302')
    """
    shown = plain(text)
    found = _NUMBER.match(shown)
    if not found:
        return Address(street=shown, number="")
    return Address(street=found.group(2), number=found.group(1))


@dataclass(frozen=True, kw_only=True)
class StreetLabel:
    """A street's name on a map."""

    street: str
    """Street."""
    text: str
    """Street and hundred block, such as "N ASH ST 300"."""
    x: float
    """Middle, in the unit of the places."""
    y: float
    """Middle; downward as on a page."""
    angle: float
    """Degrees counterclockwise, between -90 and 90."""
    length: float
    """How far its houses reach."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _HundredBlock:
    """The houses of one street whose numbers share their hundreds."""

    street: str
    """Street."""
    text: str
    """Its name on a map."""
    even: Points
    """Places of the houses with even numbers, (n, 2)."""
    odd: Points
    """Places of the houses with odd numbers, (n, 2)."""
    houses: Points
    """Places of all its houses, (n, 2)."""
    others: Points
    """Places of all other houses, (n, 2)."""


def street_labels(
    addresses: list[Address], places: NDArray[np.float64], *, aside: float
) -> list[StreetLabel]:
    """Return a label for every hundred block with two or more of the houses, longest first.

    With houses on both sides it is between them, in the street. Otherwise it is beside its row,
    away from the other houses.

    Args:
        addresses: One per house.
        places: Their places on the page, (n, 2), y downward.
        aside: Distance from the row.
    """
    labels = []
    for block in _hundred_blocks(addresses, places):
        label = _label(block, aside)
        if label is not None:
            labels.append(label)
    return sorted(labels, key=lambda label: (-label.length, label.text))


def lone_labels(
    addresses: list[Address], places: NDArray[np.float64], streets: set[str]
) -> dict[str, list[StreetLabel]]:
    """Return labels at each house of some streets, for those that have no other name on a map.

    Args:
        addresses: One per house.
        places: Their places on the page, (n, 2).
        streets: The streets.
    """
    labels: dict[str, list[StreetLabel]] = {street: [] for street in sorted(streets)}
    for address, (x, y) in zip(addresses, places.tolist(), strict=True):
        if address.street in streets:
            label = StreetLabel(
                street=address.street, text=address.street, x=x, y=y, angle=0.0, length=0.0
            )
            labels[address.street].append(label)
    return labels


def _hundred_blocks(addresses: list[Address], places: Points) -> list[_HundredBlock]:
    """Return the hundred blocks with two or more of the houses."""
    rows_of: dict[tuple[str, int], list[int]] = {}
    for row, address in enumerate(addresses):
        if address.value is not None and address.street:
            rows_of.setdefault((address.street, address.value // 100), []).append(row)

    values = [address.value or 0 for address in addresses]
    blocks = []
    for (street, hundred), rows in rows_of.items():
        if len(rows) < 2:
            continue
        even = [row for row in rows if values[row] % 2 == 0]
        odd = [row for row in rows if values[row] % 2 == 1]
        block = _HundredBlock(
            street=street,
            text=f"{street} {hundred * 100 or 1}",
            even=places[even],
            odd=places[odd],
            houses=places[rows],
            others=np.delete(places, rows, axis=0),
        )
        blocks.append(block)
    return blocks


def _label(block: _HundredBlock, aside: float) -> StreetLabel | None:
    """Return the label of a block; None when its houses are all in one spot."""
    longer_side = block.even if len(block.even) >= len(block.odd) else block.odd
    along = _direction(longer_side if len(longer_side) > 1 else block.houses)
    if along is None:
        return None

    if len(block.even) and len(block.odd):
        x, y = _middle_of_street(block, along)
    else:
        x, y = _middle_beside_row(block, along, aside)

    # On the page y runs downward, and text must not be upside down.
    angle = -float(np.degrees(np.arctan2(along[1], along[0])))
    angle = (angle + 90) % 180 - 90
    length = float(np.ptp(block.houses @ along))
    return StreetLabel(
        street=block.street, text=block.text, x=float(x), y=float(y), angle=angle, length=length
    )


def _direction(places: Points) -> Vector | None:
    """Return the unit vector along which places spread, None when they are all in one spot."""
    centered = places - places.mean(axis=0)
    if np.abs(centered).max() < 1e-6:
        return None

    along: Vector = np.linalg.svd(centered, full_matrices=False)[2][0]
    return along


def _middle_of_street(block: _HundredBlock, along: Vector) -> Vector:
    """Return the point between both sides, halfway between the first and the last house."""
    middle = (block.even.mean(axis=0) + block.odd.mean(axis=0)) / 2
    reach = block.houses @ along
    halfway = (reach.min() + reach.max()) / 2
    return np.asarray(middle + along * (halfway - middle @ along))


def _middle_beside_row(block: _HundredBlock, along: Vector, aside: float) -> Vector:
    """Return the point beside the middle of a row, on the side with more room."""
    across = np.array([-along[1], along[0]])
    middle = block.houses.mean(axis=0)
    room_left = _nearest(block.others, middle + 1.0 * across * aside)
    room_right = _nearest(block.others, middle + -1.0 * across * aside)
    side = 1.0 if room_left >= room_right else -1.0
    return np.asarray(middle + across * aside * side)


def _nearest(places: Points, point: Vector) -> float:
    """Return the distance of a point to the nearest place, 0 when there is none."""
    if not len(places):
        return 0.0
    return float(np.hypot(*(places - point).T).min())
