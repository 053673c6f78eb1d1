"""Streets, blocks, lots and houses of the demo city, in meters; pure arithmetic on seeds.

A neighborhood is a square of blocks turned a few degrees. A block's own frame ("block meters") has x along the
rows of houses and y downward; its square reaches to the middle of the streets around it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demo_city.noise import stream

Kind = Literal["row", "corner", "detached", "empty"]

FEET_PER_M = 3937.0 / 1200.0
ORIGIN_XY_M = (1_425_000.0 / FEET_PER_M, 596_000.0 / FEET_PER_M)
STREET_HALF_M, LOT_DEPTH_M, ALLEY_M, ROW_LENGTH_M = 6.5, 22.0, 4.5, 110.0
BLOCK_WIDTH_M = ROW_LENGTH_M + 2 * STREET_HALF_M
BLOCK_HEIGHT_M = 2 * LOT_DEPTH_M + ALLEY_M + 2 * STREET_HALF_M
BLOCKS_ACROSS, BLOCKS_DOWN = 2, 4
BLOCKS_PER_HOOD = BLOCKS_ACROSS * BLOCKS_DOWN
HOOD_PITCH_M = 274.0
LOTS_PER_ROW = {"row": 22, "detached": 11}
DETACHED_EVERY = 8
HOODS = (
    "Ashfield",
    "Bellmont",
    "Canning Row",
    "Dunmore",
    "Eastlake",
    "Fernhill",
    "Gaslight Square",
    "Harrow Park",
    "Ironbridge",
    "Juniper Hill",
    "Kings Ford",
    "Lowfield",
    "Mill End",
    "Northgate",
    "Orchard Rise",
)
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
    """How much lower the rear roof lies."""


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
    """What stands on it; `empty` lots were cleared long ago."""
    house: House
    """The building (not there on an `empty` lot)."""
    address: str
    """House number and street."""

    @property
    def front_m(self) -> float:
        """Front line, in block meters (y)."""
        return STREET_HALF_M if self.row == 0 else BLOCK_HEIGHT_M - STREET_HALF_M


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A city block with half of the streets around it."""

    index: int
    """Running number in the city."""
    name: str
    """Block number as the tax roll spells it: `0216`, `4074C`."""
    hood: int
    """Running number of the neighborhood."""
    in_hood_m: tuple[float, float]
    """Upper left corner in the neighborhood's frame, meters."""
    origin_xy_m: tuple[float, float]
    """Upper left corner on the ground: EPSG:2248 converted to meters."""
    angle_rad: float
    """Direction of the block's x axis, counterclockwise from east."""
    lots: tuple[Lot, ...]
    """Lots, upper row first, left to right."""

    def to_ground_m(self, xy_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn block meters (n, 2) into ground meters (n, 2)."""
        cos, sin = math.cos(self.angle_rad), math.sin(self.angle_rad)
        turned = xy_m @ np.array([[cos, sin], [sin, -cos]])
        return np.asarray(turned + np.array(self.origin_xy_m), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class CityPlan:
    """What fixes the whole city: everything else follows from it."""

    parcels: int
    """Number of parcels."""
    seed: int
    """Seed of every random stream."""

    def __post_init__(self) -> None:
        if self.parcels < 1:
            raise ValueError(f"parcels is {self.parcels}, want at least 1")

    @property
    def block_count(self) -> int:
        """Number of blocks that hold the parcels."""
        per_hood = sum(lots_in_block(i) for i in range(BLOCKS_PER_HOOD))
        hoods, rest = divmod(self.parcels, per_hood)
        blocks = 0
        while rest > 0:
            rest -= lots_in_block(blocks)
            blocks += 1
        return hoods * BLOCKS_PER_HOOD + blocks

    @property
    def hoods_across(self) -> int:
        """Neighborhoods in one line of the city's square."""
        return math.ceil(math.sqrt(math.ceil(self.block_count / BLOCKS_PER_HOOD)))


def is_detached(index: int) -> bool:
    """Tell whether a block holds detached houses."""
    return index % DETACHED_EVERY == DETACHED_EVERY - 2


def lots_in_block(index: int) -> int:
    """Count the lots of a full block."""
    return 2 * LOTS_PER_ROW["detached" if is_detached(index) else "row"]


@lru_cache(maxsize=8192)
def block_at(plan: CityPlan, index: int) -> Block:
    """Lay out one block; the last one is cut short so that the city has the parcels asked for."""
    hood, place = divmod(index, BLOCKS_PER_HOOD)
    down, across = divmod(place, BLOCKS_ACROSS)
    in_hood_m = (across * BLOCK_WIDTH_M, down * BLOCK_HEIGHT_M)
    angle_rad, center_xy_m = _hood_frame(plan, hood)
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    du, dv = (
        in_hood_m[0] - BLOCKS_ACROSS * BLOCK_WIDTH_M / 2,
        in_hood_m[1] - BLOCKS_DOWN * BLOCK_HEIGHT_M / 2,
    )
    before = hood * sum(lots_in_block(i) for i in range(BLOCKS_PER_HOOD)) + sum(
        lots_in_block(i) for i in range(place)
    )
    name = _block_name(index)
    lots = _lots(plan, index, name)[: plan.parcels - before]
    return Block(
        index=index,
        name=name.strip(),
        hood=hood,
        in_hood_m=in_hood_m,
        angle_rad=angle_rad,
        lots=lots,
        origin_xy_m=(center_xy_m[0] + du * cos + dv * sin, center_xy_m[1] + du * sin - dv * cos),
    )


def hood_name(hood: int) -> str:
    """Name a neighborhood."""
    turn, place = divmod(hood, len(HOODS))
    return HOODS[place] + (f" {turn + 1}" if turn else "")


def _hood_frame(plan: CityPlan, hood: int) -> tuple[float, tuple[float, float]]:
    """Return a neighborhood's angle in radians and its center in ground meters."""
    rng = stream(plan.seed, "hood", hood)
    down, across = divmod(hood, plan.hoods_across)
    angle_deg = float(rng.uniform(2.0, 6.0) * rng.choice([-1, 1])) + 90.0 * (hood % 3 == 1)
    center = ((across + 0.5) * HOOD_PITCH_M, (down + 0.5) * HOOD_PITCH_M)
    return math.radians(angle_deg), (ORIGIN_XY_M[0] + center[0], ORIGIN_XY_M[1] + center[1])


def _block_name(index: int) -> str:
    """Spell a block number in the tax roll's five characters."""
    letter = "ABCD"[index % 4] if index % 11 == 5 else " "
    return f"{200 + index:04d}{letter}"


def _lots(plan: CityPlan, index: int, name: str) -> tuple[Lot, ...]:
    rng = stream(plan.seed, "lots", index)
    detached = is_detached(index)
    count = LOTS_PER_ROW["detached" if detached else "row"]
    lots: list[Lot] = []
    for row in range(2):
        widths = _widths(rng, count, detached)
        front_m, eave_m = float(rng.uniform(8.4, 10.2)), float(rng.uniform(6.2, 8.2))
        street = STREETS[(index * 2 + row + (index // BLOCKS_PER_HOOD) * 3) % len(STREETS)]
        for i in range(count):
            end = i in (0, count - 1)
            kind: Kind = (
                "detached" if detached else "corner" if end and rng.random() < 0.5 else "row"
            )
            if kind != "corner" and rng.random() < 0.04:
                kind = "empty"
            number = len(lots) + 1
            lots.append(
                Lot(
                    parcel_id=f"{name}{number:03d}",
                    index=number - 1,
                    row=row,
                    kind=kind,
                    left_m=STREET_HALF_M + float(widths[:i].sum()),
                    width_m=float(widths[i]),
                    house=_house(rng, kind, float(widths[i]), front_m, eave_m),
                    address=f"{100 * (index % 40 + 3) + 2 * i + row} {'NESW'[index % 4]} {street.upper()} ST",
                )
            )
    return tuple(lots)


def _widths(rng: np.random.Generator, count: int, detached: bool) -> NDArray[np.float64]:
    """Share the row's length out to its lots, in whole decimeters."""
    raw = rng.uniform(0.97, 1.03, count)
    if not detached:
        raw[[0, -1]] *= 1.35
    edges = np.round(np.concatenate([[0.0], np.cumsum(raw)]) / raw.sum() * ROW_LENGTH_M, 1)
    return np.diff(edges)


def _house(
    rng: np.random.Generator, kind: Kind, width_m: float, front_m: float, eave_m: float
) -> House:
    """Draw a house; those of a row share their front depth and height but for a storey now and then."""
    storey_m = 2.9 * float(rng.choice([0, 1, -1], p=[0.8, 0.14, 0.06]))
    rear = rng.random() < 0.85
    rear_width_m = width_m if rng.random() < 0.3 else width_m * float(rng.uniform(0.6, 0.78))
    rear_depth_m, drop_m = float(rng.uniform(3.2, 6.0)), float(rng.uniform(0.8, 2.9))
    if kind == "corner":
        return House(
            setback_m=0.0,
            front_depth_m=float(rng.uniform(12, 16)),
            rear_depth_m=3.5,
            rear_width_m=width_m,
            side_gap_m=0.0,
            eave_m=eave_m + max(0.0, storey_m),
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
        front_depth_m=front_m,
        rear_depth_m=rear_depth_m if rear else 0.0,
        rear_width_m=rear_width_m,
        side_gap_m=0.0,
        eave_m=eave_m + storey_m,
        rear_drop_m=drop_m,
    )
