"""The plan: from parcels to the units that must be decoded, before any pixel is touched.

First the pixels that every chip is made of (`reads`), then who decodes them (`cells`, `sharing`),
at last the tasks. So each unit is decoded once, by whatever executor.
"""

import itertools
from dataclasses import replace
from operator import itemgetter

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from imagery.chips.affine import Ints
from imagery.chips.cut_keys import cut_keys
from imagery.chips.grids import ChipGrids
from imagery.chips.laying import Outlines, lay_out
from imagery.chips.reads import ViewTable, plan_reads
from imagery.chips.sharing import SharedReads, share_out
from imagery.chips.tasks import (
    CutPlan,
    CutSettings,
    CutTask,
    ParcelCut,
    PieceId,
    Read,
    Unit,
    View,
    find_reads,
    units_of,
)
from imagery.flyover.decode import choose_decoder
from imagery.flyover.tiles import Tile, at_scale
from imagery.shapes import hilbert_order

TASK_PARCELS = 300
"""Parcels per task and shard, about."""
SEAM_PARCELS = 100
"""Parcels per shard of those that reach into several tasks.

They are fewer, so that a changed tile touches fewer of its neighbors.
"""


def plan_cuts(
    ids: NDArray[np.object_], shapes: gpd.GeoSeries, tiles: tuple[Tile, ...], settings: CutSettings
) -> CutPlan:
    """Plan the cutting of every parcel.

    Args:
        ids: Raw parcel ids, (n,).
        shapes: Outlines in the metric CRS, None where there is none, (n,).
        tiles: The flyover's tiles.
        settings: How chips lie.
    """
    tiles = tuple(at_scale(tile, settings.gsd_m) for tile in tiles)
    decoder = choose_decoder(tiles)
    has_outline = ~shapely.is_missing(shapes.to_numpy())
    area_m2 = shapes.area.to_numpy()
    has_roof = has_outline & (area_m2 > 0) & (area_m2 >= settings.min_roof_m2)
    outlines = lay_out(ids[has_roof], shapes.to_numpy()[has_roof], settings)

    views, reads = plan_reads(outlines.grids, tiles, settings)
    shared = share_out(reads, tiles, decoder, most=TASK_PARCELS)

    keys = cut_keys(outlines, views, reads, tiles)
    parcels = make_parcels(outlines, keys, make_views(views, shared, tiles), views.parcel)
    inner = make_inner_tasks(parcels, shared, tiles)
    crossing = find_crossing(parcels, outlines.grids)
    seams = make_seam_tasks(crossing, tiles, first_number=len(inner))

    absent = [(str(parcel_id), "no_geometry") for parcel_id in ids[~has_outline]]
    absent += [(str(parcel_id), "no_roof_area") for parcel_id in ids[has_outline & ~has_roof]]
    for number, parcel_id in enumerate(outlines.ids):
        if number not in parcels:
            absent.append((parcel_id, "no_imagery"))

    return CutPlan(
        decoder=decoder,
        settings=settings,
        inner=inner,
        seams=seams,
        absent=tuple(absent),
        units=len(find_units(list(parcels.values()), tiles, decoder)),
    )


def make_parcels(
    outlines: Outlines, keys: list[str], views: dict[int, View], parcel: Ints
) -> dict[int, ParcelCut]:
    """Turn the tables of the plan into parcels to cut, by parcel number.

    Args:
        outlines: The parcels.
        keys: Key of each.
        views: The views that have pixels, by number.
        parcel: Parcel of each view, (views,).
    """
    views_of: dict[int, list[View]] = {}
    for number, view in views.items():
        views_of.setdefault(int(parcel[number]), []).append(view)

    wkb = shapely.to_wkb(outlines.shapes)
    parcels = {}
    for number, seen in views_of.items():
        parcels[number] = ParcelCut(
            parcel_id=outlines.ids[number],
            shape=wkb[number],
            grid=outlines.grids[number],
            views=tuple(seen),
            key=keys[number],
            inside_share=float(outlines.inside_shares[number]),
        )
    return parcels


def make_views(table: ViewTable, shared: SharedReads, tiles: tuple[Tile, ...]) -> dict[int, View]:
    """Return the views that have pixels by their row in the table, in the order of their reads."""
    matrices = table.matrix.reshape(-1, 6).tolist()
    heights = table.window.heights.tolist()
    widths = table.window.widths.tolist()
    shrink = table.shrink.tolist()
    is_doubtful = [hides_nodata(tile) for tile in tiles]

    made = {}
    pairs = zip(shared.reads.view.tolist(), make_reads(shared), strict=True)
    for number, group in itertools.groupby(pairs, key=itemgetter(0)):
        reads = tuple(read for _, read in group)
        a, b, c, d, e, f = matrices[number]
        made[number] = View(
            matrix=(a, b, c, d, e, f),
            shape=(heights[number], widths[number]),
            shrink=shrink[number],
            reads=reads,
            guess_black=any(is_doubtful[read.tile] for read in reads),
            has_eight_bits=all(tiles[read.tile].depth == "uint8" for read in reads),
        )
    return made


def make_reads(shared: SharedReads) -> list[Read]:
    """Return the reads one by one."""
    rows = zip(
        shared.reads.tile.tolist(),
        shared.reads.in_tile.boxes(),
        shared.reads.in_view.boxes(),
        shared.task.tolist(),
        shared.rank.tolist(),
        strict=True,
    )
    reads = []
    for tile, in_tile, in_view, task, rank in rows:
        piece = PieceId(task=task, rank=rank) if rank >= 0 else None
        reads.append(Read(tile=tile, in_tile=in_tile, in_view=in_view, piece=piece))
    return reads


def hides_nodata(tile: Tile) -> bool:
    """Tell whether pixels without data look like dark ones: lossy, and no mask or alpha."""
    has_mask = bool(tile.alpha) or tile.masked
    return tile.lossy and not has_mask and tile.nodata in (None, 0)


def make_inner_tasks(
    parcels: dict[int, ParcelCut], shared: SharedReads, tiles: tuple[Tile, ...]
) -> tuple[CutTask, ...]:
    """Return the tasks that decode: they cut parcels of their own, and leave pieces for others."""
    numbers = np.unique(shared.task).tolist()
    own: dict[int, list[ParcelCut]] = {number: [] for number in numbers}
    spills: dict[int, list[Read]] = {number: [] for number in numbers}

    task_of = dict(zip(shared.reads.parcel.tolist(), shared.task.tolist(), strict=True))
    for number, parcel in parcels.items():
        if not is_crossing(parcel):
            own[task_of[number]].append(parcel)

    for read in find_reads(list(parcels.values())):
        if read.piece:
            spills[read.piece.task].append(replace(read, piece=None))

    return tuple(make_task(number, own[number], spills[number], tiles) for number in numbers)


def is_crossing(parcel: ParcelCut) -> bool:
    """Tell whether a parcel reaches into several tasks; then all its reads are pieces."""
    return parcel.views[0].reads[0].piece is not None


def find_crossing(parcels: dict[int, ParcelCut], grids: ChipGrids) -> list[ParcelCut]:
    """Return the parcels that reach into several tasks, neighbors beside each other."""
    centers = gpd.GeoSeries(shapely.points(grids.corners.mean(axis=1)))
    crossing = []
    for number in hilbert_order(centers).tolist():
        if number in parcels and is_crossing(parcels[number]):
            crossing.append(parcels[number])
    return crossing


def make_seam_tasks(
    parcels: list[ParcelCut], tiles: tuple[Tile, ...], *, first_number: int
) -> tuple[CutTask, ...]:
    """Return the tasks that cut parcels from the pieces of others."""
    size = min(TASK_PARCELS, SEAM_PARCELS)
    tasks: list[CutTask] = []
    for start in range(0, len(parcels), size):
        number = first_number + len(tasks)
        tasks.append(make_task(number, parcels[start : start + size], [], tiles))
    return tuple(tasks)


def make_task(
    number: int, parcels: list[ParcelCut], spills: list[Read], tiles: tuple[Tile, ...]
) -> CutTask:
    """Return one task, with the tiles that it reads."""
    used = {read.tile for read in (*find_reads(parcels), *spills)}
    return CutTask(
        number=number,
        tiles={tile: tiles[tile] for tile in sorted(used)},
        parcels=tuple(parcels),
        spills=tuple(spills),
    )


def find_units(parcels: list[ParcelCut], tiles: tuple[Tile, ...], decoder: str) -> set[Unit]:
    """Return the distinct units that some parcels touch."""
    units: set[Unit] = set()
    for read in find_reads(parcels):
        units.update(units_of(read, tiles[read.tile], decoder))
    return units
