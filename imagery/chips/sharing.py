"""Sharing out the reads: which task decodes what, so that every unit is decoded once.

Reads are split at the borders of cells. Cells beside each other make one *task*. A parcel whose
reads all lie in one task is cut there. The others are cut at the end, from *pieces* that the
tasks leave on disk.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from imagery.chips.affine import Floats, Ints
from imagery.chips.cells import Cell, find_cells
from imagery.chips.reads import ReadTable
from imagery.chips.windows import Windows
from imagery.flyover.tiles import Tile
from imagery.shapes import hilbert_order

OVERFULL = 1.3
"""By how much a task may hold more parcels than it should."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitReads:
    """Reads of which each lies in one cell, sorted by parcel, view, tile and cell."""

    reads: ReadTable
    """The reads."""
    cell: Ints
    """Number of the cell, (reads,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SharedReads:
    """Split reads, and who decodes them."""

    reads: ReadTable
    """The reads, sorted by parcel, view, tile and cell."""
    task: Ints
    """Task that decodes each, (reads,)."""
    rank: Ints
    """Number of the piece among those of its task, (reads,); -1 when the task cuts the parcel."""


def share_out(reads: ReadTable, tiles: tuple[Tile, ...], decoder: str, *, most: int) -> SharedReads:
    """Share reads out to tasks.

    Args:
        reads: What is read.
        tiles: The flyover's tiles.
        decoder: Decoder of the flyover.
        most: Parcels per task, about.
    """
    cells = find_cells(reads, tiles, decoder, most=most)
    split = split_reads(reads, cells)

    task = group_cells(cells, most=most)[split.cell]
    rank = rank_pieces(split.reads.parcel, task)
    return SharedReads(reads=split.reads, task=task, rank=rank)


def split_reads(reads: ReadTable, cells: list[Cell]) -> SplitReads:
    """Split reads at the borders of cells."""
    row, cell = _pair_with_cells(reads, cells)
    in_tile = reads.in_tile.take(row)
    in_view = reads.in_view.take(row)
    shared = in_tile.overlap(Windows.of([cell.window for cell in cells]).take(cell))

    # The upper left corner of each view, in pixels of the tile.
    view_in_tile = in_tile.relative_to(in_view)
    split = ReadTable(
        parcel=reads.parcel[row],
        view=reads.view[row],
        tile=reads.tile[row],
        in_tile=shared,
        in_view=shared.relative_to(view_in_tile),
    )

    order = np.lexsort((cell, split.tile, split.view, split.parcel))
    order = order[shared.has_pixels[order]]
    return SplitReads(reads=split.take(order), cell=cell[order])


def _pair_with_cells(reads: ReadTable, cells: list[Cell]) -> tuple[Ints, Ints]:
    """Return the row of the read and the number of the cell of all pairs in one tile."""
    rows = pd.DataFrame({"tile": reads.tile, "row": np.arange(len(reads.tile))})
    tile_of_cell = np.array([cell.tile for cell in cells], np.int64)
    numbers = pd.DataFrame({"tile": tile_of_cell, "cell": np.arange(len(cells))})

    pairs = rows.merge(numbers, on="tile")
    return pairs["row"].to_numpy(np.int64), pairs["cell"].to_numpy(np.int64)


def group_cells(cells: list[Cell], *, most: int) -> Ints:
    """Put cells beside each other into tasks of about `most` parcels.

    Returns:
        The task of every cell, (cells,).
    """
    places = gpd.GeoSeries(shapely.points(_lon_lat(cells)))
    task_of_cell = np.zeros(len(cells), np.int64)
    task = 0
    parcels = 0
    for number in hilbert_order(places).tolist():
        is_full = parcels + cells[number].parcels > OVERFULL * most
        if parcels and is_full:
            task += 1
            parcels = 0
        task_of_cell[number] = task
        parcels += cells[number].parcels
    return task_of_cell


def _lon_lat(cells: list[Cell]) -> Floats:
    """Return the middle of every cell in degrees, (cells, 2)."""
    centers = np.array([cell.center for cell in cells], np.float64).reshape(-1, 2)
    lon_lat = np.zeros(centers.shape)
    crs = np.array([cell.crs for cell in cells], object)
    for wkt in set(crs):
        to_degrees = Transformer.from_crs(wkt, 4326, always_xy=True)
        chosen = crs == wkt
        lon, lat = to_degrees.transform(centers[chosen, 0], centers[chosen, 1])
        lon_lat[chosen] = np.column_stack([lon, lat])
    return lon_lat


def rank_pieces(parcel: Ints, task: Ints) -> Ints:
    """Number the pieces of every task.

    Args:
        parcel: Parcel of each read, (reads,).
        task: Task of each read, (reads,).

    Returns:
        0, 1, 2 ... within a task, in the order of the reads; -1 for parcels with one task.
    """
    tasks = pd.Series(task)
    is_piece = (tasks.groupby(parcel).transform("nunique") > 1).to_numpy(bool)

    rank = np.full(len(task), -1, np.int64)
    pieces = task[is_piece]
    rank[is_piece] = pd.Series(pieces).groupby(pieces).cumcount()
    return rank
