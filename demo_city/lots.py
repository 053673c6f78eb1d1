"""The lots of a block and their houses, in meters: sizes, kinds, addresses.

All coordinates are those of the block's own frame ("block meters"): x along the rows of houses,
y downward, from the corner where the middles of two streets meet.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demo_city.noise import stream

Kind = Literal["row", "corner", "detached", "empty"]

STREET_HALF_M = 6.5
LOT_DEPTH_M = 22.0
ALLEY_M = 4.5
ROW_LENGTH_M = 110.0
BLOCK_WIDTH_M = ROW_LENGTH_M + 2 * STREET_HALF_M
BLOCK_HEIGHT_M = 2 * LOT_DEPTH_M + ALLEY_M + 2 * STREET_HALF_M

BLOCKS_PER_HOOD = 8
LOTS_PER_ROW = 22
DETACHED_LOTS_PER_ROW = 11
DETACHED_EVERY = 8
"""Every eighth block holds detached houses."""

CORNER = 0.5
"""Share of the lots at the ends of rows that hold a corner shop."""
EMPTY = 0.04
"""Share of the other lots that were cleared long ago."""

STREETS = (
    "Ash",
    "Barnes",
    "Calder",
    "Dover",
    "Eager",
    "Fulton",
    "Gilmor",
    "Holbrook",
    "Iris",
    "Jordan",
    "Kirk",
    "Lanvale",
    "Mount",
    "Normal",
    "Oliver",
    "Presstman",
    "Quince",
    "Riggs",
    "Stricker",
    "Tivoly",
    "Upland",
    "Vine",
    "Whatcoat",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """The building on a lot: a front part and a lower rear part."""

    setback_m: float
    """Front wall behind the lot's front line."""
    front_depth_m: float
    """Depth of the front part, from the street to the yard."""
    rear_depth_m: float
    """Depth of the rear part; 0 for none."""
    rear_width_m: float
    """Width of the rear part, measured from the lot's left side."""
    side_gap_m: float
    """Open strip left and right of a detached house; 0 in a row."""
    eave_m: float
    """Height of the front roof above ground."""
    rear_drop_m: float
    """How much lower the rear roof is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lot:
    """One parcel, in block meters."""

    parcel_id: str
    """Block padded to five characters, then a three-digit lot: `0216 001`."""
    index: int
    """Place of the lot in its block, from 0."""
    row: int
    """0 for the row that faces the upper street, 1 for the lower one."""
    left_m: float
    """Left side, in block meters."""
    width_m: float
    """Width along the street."""
    kind: Kind
    """What is on it; `empty` lots were cleared long ago."""
    house: House
    """The building (not there on an `empty` lot)."""
    address: str
    """House number and street."""

    @property
    def front_m(self) -> float:
        """Front line, in block meters (y)."""
        return STREET_HALF_M if self.row == 0 else BLOCK_HEIGHT_M - STREET_HALF_M

    @property
    def center_m(self) -> tuple[float, float]:
        """Middle of the lot, in block meters (x, y)."""
        y = self.front_m + (0.5 - self.row) * LOT_DEPTH_M
        return self.left_m + self.width_m / 2, y


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Row:
    """What the lots of one row have in common."""

    block: int
    """Running number of the block."""
    side: int
    """0 for the row that faces the upper street, 1 for the lower one."""
    widths_m: NDArray[np.float64]
    """Width of every lot, left to right."""
    front_depth_m: float
    """Depth of the front part of a house."""
    eave_m: float
    """Usual height of the front roofs."""

    @property
    def street(self) -> str:
        """Name of the street that the row faces."""
        hood = self.block // BLOCKS_PER_HOOD
        return STREETS[(self.block * 2 + self.side + hood * 3) % len(STREETS)]

    def address(self, place: int) -> str:
        """Return the address of the lot at a place from the left."""
        number = 100 * (self.block % 40 + 3) + 2 * place + self.side
        direction = "NESW"[self.block % 4]
        return f"{number} {direction} {self.street.upper()} ST"


def draw_lots(seed: int, block: int, name: str) -> tuple[Lot, ...]:
    """Draw the lots of a full block, upper row first, left to right.

    Args:
        seed: The city's seed.
        block: Running number of the block.
        name: Block number in the tax roll's five characters.
    """
    rng = stream(seed, "lots", block)
    lots: list[Lot] = []
    for side in range(2):
        row = _draw_row(rng, block, side)
        for place in range(len(row.widths_m)):
            lots.append(_draw_lot(rng, row, place, block_name=name))
    return tuple(lots)


def is_detached(block: int) -> bool:
    """Tell whether a block holds detached houses."""
    return block % DETACHED_EVERY == DETACHED_EVERY - 2


def lots_in_row(block: int) -> int:
    """Count the lots in a row of a full block."""
    return DETACHED_LOTS_PER_ROW if is_detached(block) else LOTS_PER_ROW


def _draw_row(rng: np.random.Generator, block: int, side: int) -> Row:
    return Row(
        block=block,
        side=side,
        widths_m=_draw_widths(rng, block),
        front_depth_m=float(rng.uniform(8.4, 10.2)),
        eave_m=float(rng.uniform(6.2, 8.2)),
    )


def _draw_widths(rng: np.random.Generator, block: int) -> NDArray[np.float64]:
    """Divide the row's length among its lots, in whole decimeters; end lots are wider."""
    shares = rng.uniform(0.97, 1.03, lots_in_row(block))
    if not is_detached(block):
        shares[[0, -1]] *= 1.35

    steps = np.concatenate([[0.0], np.cumsum(shares)])
    edges_m = np.round(steps / shares.sum() * ROW_LENGTH_M, 1)
    return np.diff(edges_m)


def _draw_lot(rng: np.random.Generator, row: Row, place: int, *, block_name: str) -> Lot:
    """Draw the lot at a place of a row, from the left."""
    count = len(row.widths_m)
    index = row.side * count + place
    width_m = float(row.widths_m[place])
    kind = _draw_kind(rng, row.block, is_end=place in (0, count - 1))

    return Lot(
        parcel_id=f"{block_name}{index + 1:03d}",
        index=index,
        row=row.side,
        kind=kind,
        left_m=STREET_HALF_M + float(row.widths_m[:place].sum()),
        width_m=width_m,
        house=_draw_house(rng, kind, width_m, row),
        address=row.address(place),
    )


def _draw_kind(rng: np.random.Generator, block: int, *, is_end: bool) -> Kind:
    kind: Kind = "row"
    if is_detached(block):
        kind = "detached"
    elif is_end and rng.random() < CORNER:
        return "corner"

    return "empty" if rng.random() < EMPTY else kind


def _draw_house(rng: np.random.Generator, kind: Kind, width_m: float, row: Row) -> House:
    """Draw a house; now and then one of a row is a story higher or lower than the others."""
    # These are drawn for every kind, used or not: the order of draws must stay as it is.
    story_m = 2.9 * float(rng.choice([0, 1, -1], p=[0.8, 0.14, 0.06]))
    has_rear = rng.random() < 0.85
    rear_width_m = width_m if rng.random() < 0.3 else width_m * float(rng.uniform(0.6, 0.78))
    rear_depth_m = float(rng.uniform(3.2, 6.0))
    rear_drop_m = float(rng.uniform(0.8, 2.9))

    if kind == "corner":
        return House(
            setback_m=0.0,
            front_depth_m=float(rng.uniform(12, 16)),
            rear_depth_m=3.5,
            rear_width_m=width_m,
            side_gap_m=0.0,
            eave_m=row.eave_m + max(0.0, story_m),
            rear_drop_m=3.0,
        )
    if kind == "detached":
        return House(
            setback_m=4.0,
            front_depth_m=float(rng.uniform(8.5, 10.5)),
            rear_depth_m=0.0,
            rear_width_m=0.0,
            side_gap_m=float(rng.uniform(1.1, 1.8)),
            eave_m=5.6,
            rear_drop_m=0.0,
        )
    return House(
        setback_m=0.3,
        front_depth_m=row.front_depth_m,
        rear_depth_m=rear_depth_m if has_rear else 0.0,
        rear_width_m=rear_width_m,
        side_gap_m=0.0,
        eave_m=row.eave_m + story_m,
        rear_drop_m=rear_drop_m,
    )
