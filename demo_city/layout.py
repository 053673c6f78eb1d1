"""Blocks and neighborhoods of the demo city; pure arithmetic on seeds.

A neighborhood is a square of blocks turned a few degrees. A block's square reaches to the middle
of the streets around it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from demo_city.lots import (
    BLOCK_HEIGHT_M,
    BLOCK_WIDTH_M,
    BLOCKS_PER_HOOD,
    Lot,
    draw_lots,
    lots_in_row,
)
from demo_city.noise import stream

FEET_PER_M = 3937.0 / 1200.0
ORIGIN_XY_M = (1_425_000.0 / FEET_PER_M, 596_000.0 / FEET_PER_M)

BLOCKS_ACROSS = 2
BLOCKS_DOWN = BLOCKS_PER_HOOD // BLOCKS_ACROSS
HOOD_PITCH_M = 274.0
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
        cos = math.cos(self.angle_rad)
        sin = math.sin(self.angle_rad)
        turned = xy_m @ np.array([[cos, sin], [sin, -cos]])
        return np.asarray(turned + np.array(self.origin_xy_m), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class CityPlan:
    """What determines the whole city; everything else follows from it."""

    parcels: int
    """Number of parcels."""
    seed: int
    """Seed of every random stream."""

    def __post_init__(self) -> None:
        """Check that there is a city at all."""
        if self.parcels < 1:
            raise ValueError(f"parcels is {self.parcels}, want at least 1")

    @property
    def block_count(self) -> int:
        """Number of blocks that hold the parcels."""
        hoods = self.parcels // _lots_before(BLOCKS_PER_HOOD)
        blocks = hoods * BLOCKS_PER_HOOD
        while _lots_before(blocks) < self.parcels:
            blocks += 1
        return blocks

    @property
    def hoods_across(self) -> int:
        """Neighborhoods in one line of the city's square."""
        return math.ceil(math.sqrt(math.ceil(self.block_count / BLOCKS_PER_HOOD)))


@dataclass(frozen=True, kw_only=True, slots=True)
class HoodFrame:
    """Where a neighborhood is, and how it is turned."""

    center_xy_m: tuple[float, float]
    """Center on the ground: EPSG:2248 converted to meters."""
    angle_rad: float
    """Direction of its x axis, counterclockwise from east."""

    def to_ground_m(self, in_hood_m: tuple[float, float]) -> tuple[float, float]:
        """Turn a place in the neighborhood, from its upper left corner, into ground meters."""
        right_m = in_hood_m[0] - BLOCKS_ACROSS * BLOCK_WIDTH_M / 2
        down_m = in_hood_m[1] - BLOCKS_DOWN * BLOCK_HEIGHT_M / 2
        cos = math.cos(self.angle_rad)
        sin = math.sin(self.angle_rad)

        x_m, y_m = self.center_xy_m
        return x_m + right_m * cos + down_m * sin, y_m + right_m * sin - down_m * cos


@lru_cache(maxsize=8192)
def block_at(plan: CityPlan, index: int) -> Block:
    """Lay out one block; the last one is cut short at the number of parcels of the city."""
    hood, place = divmod(index, BLOCKS_PER_HOOD)
    down, across = divmod(place, BLOCKS_ACROSS)
    in_hood_m = (across * BLOCK_WIDTH_M, down * BLOCK_HEIGHT_M)
    frame = _hood_frame(plan, hood)

    name = _block_name(index)
    lots = draw_lots(plan.seed, index, name)
    left = plan.parcels - _lots_before(index)

    return Block(
        index=index,
        name=name.strip(),
        hood=hood,
        in_hood_m=in_hood_m,
        origin_xy_m=frame.to_ground_m(in_hood_m),
        angle_rad=frame.angle_rad,
        lots=lots[:left],
    )


def hood_name(hood: int) -> str:
    """Name a neighborhood."""
    turn, place = divmod(hood, len(HOODS))
    return f"{HOODS[place]} {turn + 1}" if turn else HOODS[place]


def _hood_frame(plan: CityPlan, hood: int) -> HoodFrame:
    """Turn every neighborhood by 2 to 6 degrees, and every third one by 90 degrees more."""
    rng = stream(plan.seed, "hood", hood)
    angle_deg = float(rng.uniform(2.0, 6.0) * rng.choice([-1, 1]))
    if hood % 3 == 1:
        angle_deg += 90.0

    down, across = divmod(hood, plan.hoods_across)
    x_m = ORIGIN_XY_M[0] + (across + 0.5) * HOOD_PITCH_M
    y_m = ORIGIN_XY_M[1] + (down + 0.5) * HOOD_PITCH_M
    return HoodFrame(center_xy_m=(x_m, y_m), angle_rad=math.radians(angle_deg))


def _block_name(index: int) -> str:
    """Spell a block number in the tax roll's five characters."""
    letter = "ABCD"[index % 4] if index % 11 == 5 else " "
    return f"{200 + index:04d}{letter}"


def _lots_before(index: int) -> int:
    """Count the lots of all full blocks before one."""
    hoods, place = divmod(index, BLOCKS_PER_HOOD)
    per_hood = sum(2 * lots_in_row(block) for block in range(BLOCKS_PER_HOOD))
    return hoods * per_hood + sum(2 * lots_in_row(block) for block in range(place))
