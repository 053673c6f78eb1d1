"""Cells: rectangles of whole decode units, in tiles, that are worked on together."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.boxes import PixelBox
from imagery.chips.affine import Floats, Ints, pixel_to_xy
from imagery.chips.reads import ReadTable
from imagery.flyover.decode import decode_unit
from imagery.flyover.tiles import Tile


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A part of one tile: all of it, or less where there are many parcels."""

    tile: int
    """Number of the tile."""
    window: PixelBox
    """Pixels of the tile."""
    center: tuple[float, float]
    """x and y of its middle."""
    crs: str
    """CRS of the tile, WKT."""
    parcels: int
    """Parcels whose pixels are centered in it."""


def find_cells(reads: ReadTable, tiles: tuple[Tile, ...], decoder: str, *, most: int) -> list[Cell]:
    """Return the cells of all tiles that are read, in the order of the tiles.

    Args:
        reads: What is read.
        tiles: The flyover's tiles.
        decoder: Decoder of the flyover.
        most: Parcels per cell, about.
    """
    centers = reads.in_tile.centers
    rows_of_tile = pd.Series(reads.tile).groupby(reads.tile).indices

    cells: list[Cell] = []
    for number in np.unique(reads.tile).tolist():
        tile = tiles[number]
        inside = centers[rows_of_tile[number]]
        windows = split_tile(tile, decode_unit(tile, decoder), inside, most)
        cells += [_make_cell(number, tile, window, inside) for window in windows]
    return cells


def _make_cell(number: int, tile: Tile, window: PixelBox, centers: Floats) -> Cell:
    """Return a cell, and count the centers (n, 2) of reads in it."""
    middle = np.array(
        [
            (window.column_start + window.column_stop) / 2,
            (window.row_start + window.row_stop) / 2,
        ]
    )
    x, y = pixel_to_xy(tile.transform, middle).tolist()

    start = (window.row_start, window.column_start)
    stop = (window.row_stop, window.column_stop)
    is_inside = ((centers >= start) & (centers < stop)).all(axis=1)
    return Cell(
        tile=number,
        window=window,
        center=(x, y),
        crs=tile.crs,
        parcels=int(is_inside.sum()),
    )


def split_tile(tile: Tile, unit: tuple[int, int], centers: Floats, most: int) -> Iterator[PixelBox]:
    """Halve a tile between its units until no part holds more than `most` centers, or is one unit.

    Args:
        tile: The tile.
        unit: (rows, columns) of its units.
        centers: Where the parcels lie, (n, 2) as (row, column) pixels.
        most: Parcels per part.

    Yields:
        Pixels of the tile, from the upper left part to the lower right one.
    """
    unit_height, unit_width = unit
    rows = -(-tile.height // unit_height)
    columns = -(-tile.width // unit_width)
    places = np.floor(centers / np.array(unit)).astype(np.int64)
    places = np.clip(places, 0, np.array([rows, columns]) - 1)

    units = PixelBox(row_start=0, row_stop=rows, column_start=0, column_stop=columns)
    for part in _halve(units, unit, places, most):
        yield PixelBox(
            row_start=part.row_start * unit_height,
            row_stop=min(part.row_stop * unit_height, tile.height),
            column_start=part.column_start * unit_width,
            column_stop=min(part.column_stop * unit_width, tile.width),
        )


def _halve(units: PixelBox, unit: tuple[int, int], places: Ints, most: int) -> list[PixelBox]:
    """Split a box of units across its longer side at the median, and its halves again.

    Args:
        units: Counted in units, not in pixels.
        unit: (rows, columns) of a unit.
        places: (row, column) of the unit under each parcel, (n, 2).
        most: Boxes with no more places than this stay whole.
    """
    if len(places) <= most or (units.height == 1 and units.width == 1):
        return [units]

    if _is_tall(units, unit):
        row = _find_cut(places[:, 0], units.row_start, units.row_stop)
        first = replace(units, row_stop=row)
        second = replace(units, row_start=row)
        is_first = places[:, 0] < row
    else:
        column = _find_cut(places[:, 1], units.column_start, units.column_stop)
        first = replace(units, column_stop=column)
        second = replace(units, column_start=column)
        is_first = places[:, 1] < column

    halves = _halve(first, unit, places[is_first], most)
    return halves + _halve(second, unit, places[~is_first], most)


def _is_tall(units: PixelBox, unit: tuple[int, int]) -> bool:
    """Tell whether a box of units can be cut between rows, and is not longer the other way."""
    if units.height == 1 or units.width == 1:
        return units.width == 1

    unit_height, unit_width = unit
    return units.height * unit_height >= units.width * unit_width


def _find_cut(places: NDArray[np.int64], start: int, stop: int) -> int:
    """Return where a side from `start` to `stop` is cut, so that both parts have a unit."""
    median = np.round(np.median(places) + 0.5)
    return int(np.clip(median, start + 1, stop - 1))
