"""Streets and house numbers, read out of addresses: the order of lists and the names on maps."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_export.printing.text import plain

_NUMBER = re.compile(r"^(\d[\w/-]*(?: \d+/\d+)?)\s+(\S.*)$")
_DIRECTION = re.compile(
    r"^(?:N|S|E|W|NE|NW|SE|SW|NORTH|SOUTH|EAST|WEST)\.?\s+(?=\S)", re.IGNORECASE
)
SortKey = tuple[str, str, int, str]


@dataclass(frozen=True, kw_only=True)
class Address:
    """An address, taken apart."""

    street: str
    """Street as spelled, "" when there is no address."""
    number: str
    """House number as spelled, "" when there is none."""

    @property
    def key(self) -> SortKey:
        """Return what puts addresses in street order: N ASH ST stands under ASH, numbers by value."""
        digits = re.match(r"\d+", self.number)
        return (
            _DIRECTION.sub("", self.street).casefold(),
            self.street.casefold(),
            int(digits.group()) if digits else -1,
            self.number,
        )


def split_address(text: str) -> Address:
    """Take an address apart.

    >>> split_address("302 N ASH ST")
    Address(street='N ASH ST', number='302')
    """
    shown = plain(text)
    found = _NUMBER.match(shown)
    return (
        Address(street=found.group(2), number=found.group(1))
        if found
        else Address(street=shown, number="")
    )


@dataclass(frozen=True, kw_only=True)
class StreetLabel:
    """A street's name on a map."""

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


def street_labels(
    addresses: list[Address], places: NDArray[np.float64], *, aside: float
) -> list[StreetLabel]:
    """Return a label for every hundred block with two or more of the houses, longest first.

    With houses on both sides it stands between them, in the street; else beside its row, away from the other houses.

    Args:
        addresses: One per house.
        places: Their places on the page, (n, 2), y downward.
        aside: Distance from the row.
    """
    blocks: dict[tuple[str, int], list[int]] = {}
    for row, address in enumerate(addresses):
        digits = re.match(r"\d+", address.number)
        if digits and address.street:
            blocks.setdefault((address.street, int(digits.group()) // 100), []).append(row)
    labels = [
        _label(f"{street} {hundred * 100 or 1}", rows, addresses, places, aside)
        for (street, hundred), rows in blocks.items()
        if len(rows) > 1
    ]
    return sorted(
        (label for label in labels if label is not None),
        key=lambda label: (-label.length, label.text),
    )


def _label(
    text: str, rows: list[int], addresses: list[Address], places: NDArray[np.float64], aside: float
) -> StreetLabel | None:
    even = [row for row in rows if int(re.sub(r"\D.*", "", addresses[row].number)) % 2 == 0]
    odd = [row for row in rows if row not in even]
    longest = places[max(even, odd, key=len)]
    along = _direction(longest if len(longest) > 1 else places[rows])
    if along is None:
        return None
    across = np.array([-along[1], along[0]])
    if even and odd:
        middle = (places[even].mean(axis=0) + places[odd].mean(axis=0)) / 2
        both = places[rows] @ along
        middle = middle + along * ((both.min() + both.max()) / 2 - middle @ along)
    else:
        middle = places[rows].mean(axis=0)
        middle = middle + across * aside * _freer_side(
            middle, across, np.delete(places, rows, axis=0), aside
        )
    angle = -float(np.degrees(np.arctan2(along[1], along[0])))
    angle = (angle + 90) % 180 - 90
    return StreetLabel(
        text=text,
        x=float(middle[0]),
        y=float(middle[1]),
        angle=angle,
        length=float(np.ptp(places[rows] @ along)),
    )


def _direction(places: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the unit vector along which places spread, None when they stand on one spot."""
    centered = places - places.mean(axis=0)
    if np.abs(centered).max() < 1e-6:
        return None
    along: NDArray[np.float64] = np.linalg.svd(centered, full_matrices=False)[2][0]
    return along


def _freer_side(
    middle: NDArray[np.float64],
    across: NDArray[np.float64],
    others: NDArray[np.float64],
    aside: float,
) -> float:
    """Return 1 or -1: on which side of a row the nearest other house is farther away."""
    distances = [
        np.hypot(*(others - (middle + side * across * aside)).T).min() if len(others) else 0.0
        for side in (1.0, -1.0)
    ]
    return 1.0 if distances[0] >= distances[1] else -1.0
