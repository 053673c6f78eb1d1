"""Every address of the city's parcels, vacant or not, by street and number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis_export.fire.dispatch.address_form import Address, normal_address
from gis_export.fire.dispatch.address_match import AddressBook
from gis_export.fire.map.ground import Ground
from gis_export.table.symbols import SYMBOLS
from imagery.shapes import Shapes
from imagery.values.coded import NO, YES

VACANT = "V"
OCCUPIED = "Y"
NOT_OCCUPIED = "N"
UNKNOWN = "U"
_BY_STATE = {YES: OCCUPIED, NO: NOT_OCCUPIED}
_PRECEDENCE = (VACANT, OCCUPIED, UNKNOWN, NOT_OCCUPIED)
"""Which of several parcels with one address is shown."""
_WORST_FIRST = {symbol.code: place for place, symbol in enumerate(SYMBOLS)}
NO_ROW = -1


@dataclass(frozen=True, kw_only=True)
class House:
    """One address."""

    street: str
    """Street in normal form; "" for a parcel without an address."""
    number: int
    """House number; -1 for a parcel without an address."""
    more: str
    """What follows the number, such as "A"."""
    shape: shapely.Geometry | None
    """Outline in meters, east and south of the northwest corner of the map."""
    state: str
    """`VACANT` on the roll, else what the parcel file says of occupancy."""
    row: int
    """Row of the export, `NO_ROW` when it is not on the roll."""

    @property
    def key(self) -> tuple[str, int, str]:
        """Return what is the same for two parcels with one address."""
        return self.street, self.number, self.more


@dataclass(frozen=True, kw_only=True, eq=False)
class Houses:
    """Houses sorted by street and number."""

    table: tuple[House, ...]
    """The houses; those without a street come first."""
    shapes: Shapes
    """Outline of each or None, (n,)."""
    places: NDArray[np.float64]
    """A point inside each, meters east and south, (n, 2); NaN where it has no outline."""

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return the index of the outlines."""
        return shapely.STRtree(self.shapes)


def houses_of(
    rows: gpd.GeoDataFrame,
    ground: Ground,
    *,
    addresses: Sequence[str],
    lots: gpd.GeoDataFrame | None,
    book: AddressBook | None,
) -> Houses:
    """Return all addresses on the map.

    Args:
        rows: The rows of the export.
        ground: Where the map is.
        addresses: Address of every row as the vacant roll spells it: a house is among its
            neighbors even where dispatch spells it otherwise.
        lots: All parcels, see `imagery.roll.parcels.LOT_COLUMNS`.
        book: The dispatcher's list; its further addresses have no place.
    """
    houses = [*_on_roll(rows, addresses, ground), *_other_lots(rows, lots, ground)]
    best: dict[tuple[str, int, str], House] = {}
    nameless = [house for house in houses if not house.street]
    for house in sorted(houses, key=lambda house: _rank(house, rows)):
        if house.street:
            best.setdefault(house.key, house)
    for house in _only_listed(book, best):
        best.setdefault(house.key, house)

    table = (*nameless, *sorted(best.values(), key=lambda house: house.key))
    shapes = np.array([house.shape for house in table] + [None], dtype=object)[:-1]
    points = shapely.point_on_surface(shapes)
    places = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return Houses(table=table, shapes=shapes, places=places)


def _rank(house: House, rows: gpd.GeoDataFrame) -> tuple[int, int]:
    """Return what sorts the parcels of one address, the one to show first."""
    worst = 0
    if house.row != NO_ROW:
        worst = _WORST_FIRST[rows["RISK_LVL"].iloc[house.row]]
    return _PRECEDENCE.index(house.state), worst


def _only_listed(book: AddressBook | None, known: dict[tuple[str, int, str], House]) -> list[House]:
    """Return the addresses that only dispatch knows, under none of their spellings."""
    if book is None:
        return []

    houses = []
    for form, aliases in zip(book.forms, book.aliases, strict=True):
        spellings = [_house(spelling, None) for spelling in (form, *map(normal_address, aliases))]
        is_new = not any(spelling.key in known for spelling in spellings)
        if is_new and spellings[0].street:
            houses.append(spellings[0])
    return houses


def _on_roll(rows: gpd.GeoDataFrame, addresses: Sequence[str], ground: Ground) -> Iterator[House]:
    """Yield the vacants."""
    shapes = _on_map(rows.geometry, ground)
    for row, (address, shape) in enumerate(zip(addresses, shapes, strict=True)):
        yield _house(normal_address(address), shape, state=VACANT, row=row)


def _other_lots(
    rows: gpd.GeoDataFrame, lots: gpd.GeoDataFrame | None, ground: Ground
) -> Iterator[House]:
    """Yield the parcels on the map that are not on the roll."""
    if lots is None:
        return

    others = lots[~lots["parcel_id"].isin(rows["PARCEL_ID"]) & lots.geometry.notna()]
    shapes = _on_map(others.geometry, ground)
    frame = shapely.box(0, 0, ground.width_m, ground.height_m)
    is_near = shapely.intersects(shapes, frame)
    columns = zip(others["address"], others["occupied"], shapes, is_near, strict=True)
    for address, occupied, shape, near in columns:
        if near:
            yield _house(normal_address(address), shape, state=_BY_STATE.get(occupied, UNKNOWN))


def _house(
    form: Address, shape: shapely.Geometry | None, *, state: str = UNKNOWN, row: int = NO_ROW
) -> House:
    """Return a house; one without a number is a parcel without an address."""
    is_known = form.number >= 0 and bool(form.street)
    return House(
        street=form.street if is_known else "",
        number=form.number if is_known else -1,
        more=form.more if is_known else "",
        shape=shape,
        state=state,
        row=row,
    )


def _on_map(shapes: gpd.GeoSeries, ground: Ground) -> Shapes:
    """Return outlines in meters east and south of the northwest corner, None for none."""
    metric = shapes.to_crs(ground.crs).to_numpy()
    moved: Shapes = shapely.transform(metric, ground.place)
    return moved
