"""What the page reads of all addresses: streets, numbers, places, sides and blocks, as columns."""

import numpy as np
from numpy.typing import NDArray

from gis_export.fire.map.blocks import Block, Corner, blocks_of
from gis_export.fire.map.houses import Houses
from gis_export.fire.map.page_data import Json
from gis_export.fire.map.sides import Sides

_UNITS_A_METER = 10
"""Places are whole decimeters."""
_NONE = -1


def houses_data(houses: Houses, sides: Sides) -> dict[str, Json]:
    """Return columns of whole numbers and texts, a value for each house.

    `place` holds two numbers a house, decimeters east and south, -1 where it has no place. `sides`
    holds the houses at B, C and D, and `gaps` how many meters away their outlines are, rounded,
    three numbers a house.
    """
    names = list(dict.fromkeys(house.street for house in houses.table))
    place_of = {name: place for place, name in enumerate(names)}
    blocks = blocks_of(houses, sides.front)
    # A corner always has houses of both streets.
    return {
        "streets": list[Json](names),
        "street": [place_of[house.street] for house in houses.table],
        "number": [_number(house.number, house.more) for house in houses.table],
        "state": "".join(house.state for house in houses.table),
        "row": [house.row for house in houses.table],
        "place": _whole(houses.places * _UNITS_A_METER),
        "front": _whole(sides.front),
        "sides": list[Json](sides.neighbors.ravel().tolist()),
        "gaps": _whole(sides.gaps_m),
        "blocks": [_block(block, place_of) for block in blocks],
    }


def _number(number: int, more: str) -> str:
    """Return a house number as it is read, "" for a parcel without one."""
    return f"{number}{more}" if number >= 0 else ""


def _whole(values: NDArray[np.float64]) -> list[Json]:
    """Return values as whole numbers in one list, -1 for NaN."""
    known = np.where(np.isnan(values), _NONE, np.rint(np.nan_to_num(values)))
    return list[Json](known.astype(np.int64).ravel().tolist())


def _block(block: Block, place_of: dict[str, int]) -> Json:
    """Return street, hundred, x, y in decimeters, angle, and both corners: street, x, y."""
    x = round(block.x * _UNITS_A_METER)
    y = round(block.y * _UNITS_A_METER)
    low, high = (_corner(corner, place_of) for corner in block.corners)
    return [place_of[block.street], block.hundred, x, y, round(block.angle), *low, *high]


def _corner(corner: Corner | None, place_of: dict[str, int]) -> list[int]:
    """Return street, x and y in decimeters, the street -1 for none."""
    if corner is None:
        return [_NONE, 0, 0]
    x = round(corner.x * _UNITS_A_METER)
    y = round(corner.y * _UNITS_A_METER)
    return [place_of[corner.street], x, y]
