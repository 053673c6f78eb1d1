"""The plan: from parcels to the units that must be decoded, before any pixel is touched.

A *view* is what one chip sees of one lattice (tiles that share CRS and pixel grid are one lattice, so that a chip that crosses
their seam is cut as if from one mosaic). A *read* is the part of a view that lies in one cell of one tile. *Cells* are whole tiles,
or quarters of tiles with many parcels; cells that lie side by side make one *task*, and every decode unit belongs to one task alone.
A parcel whose reads all lie in one task is cut there. The others are cut at the end, from *pieces* that the tasks leave on disk.
So each unit is decoded once, whoever executes the tasks.
"""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from imagery.chips.cells import split_cells
from imagery.chips.lattice import find_lattices
from imagery.chips.tasks import CutPlan, CutSettings, CutTask, ParcelCut, Read, View, units_of
from imagery.chips.windows import (
    ChipGrids,
    Floats,
    chip_grids,
    fit_matrices,
    overlap,
    pixel_windows,
)
from imagery.flyover.decode import choose_decoder, decode_unit
from imagery.flyover.tiles import Tile, at_scale

TASK_PARCELS = 300
"""Parcels per task and shard, about."""
SEAM_PARCELS = 100
"""Parcels per shard of those that reach into several tasks; fewer, so that a changed tile touches fewer of its neighbors."""
OUTLINE_POINTS = 9
"""Points per side of a tile's outline, which bends when it is reprojected."""
NEAR_M = 0.5
"""How far from a tile a chip must at least be to have nothing to do with it."""


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
    known = np.flatnonzero(shapes.notna().to_numpy())
    outlines = shapes.to_numpy()[known]
    scaled = tuple(at_scale(tile, settings.gsd_m) for tile in tiles)
    decoder = choose_decoder(scaled)
    grids = chip_grids(
        outlines, gsd_m=settings.gsd_m, margin_m=settings.margin_m, max_side_m=settings.max_side_m
    )
    views, reads = _plan_reads(grids, scaled, settings)
    reads = _share_out(reads, views, scaled, decoder)
    order = _hilbert(grids.corners.mean(axis=1))
    parcels = _make_parcels(ids[known], outlines, grids, views=views, reads=reads, tiles=scaled)
    inner, seams = _make_tasks(reads, parcels, order, scaled)
    seen = np.zeros(len(known), bool)
    seen[reads["parcel"].unique()] = True
    absent = [
        (str(ids[number]), "no_geometry") for number in np.flatnonzero(shapes.isna().to_numpy())
    ]
    absent += [(str(ids[number]), "no_imagery") for number in known[~seen]]
    return CutPlan(
        decoder=decoder,
        settings=settings,
        inner=inner,
        seams=seams,
        absent=tuple(absent),
        units=_count_units(parcels, scaled, decoder),
    )


def tile_outlines(tiles: tuple[Tile, ...], crs: CRS) -> list[shapely.Polygon]:
    """Return the outline of every tile in another CRS, its sides bent as they are there."""
    along = np.linspace(0, 1, OUTLINE_POINTS)[:-1, None]
    ways = {
        wkt: Transformer.from_crs(wkt, crs, always_xy=True) for wkt in {tile.crs for tile in tiles}
    }
    rings = []
    for tile in tiles:
        ends = np.array(tile.corners)
        ring = np.concatenate(
            [
                start + (end - start) * along
                for start, end in zip(ends, np.roll(ends, -1, axis=0), strict=True)
            ]
        )
        x, y = ways[tile.crs].transform(*ring.T)
        rings.append(
            shapely.Polygon(np.column_stack([x, y]))
            if np.isfinite(x).all() and np.isfinite(y).all()
            else shapely.Polygon()
        )
    return rings


def _plan_reads(
    grids: ChipGrids, tiles: tuple[Tile, ...], settings: CutSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return views and reads as tables.

    Returns:
        Views: parcel, lattice, a..f, shrink, rows, columns. Reads, sorted by parcel, view and tile: parcel, view, tile,
        the window in the tile r0 r1 c0 c1, and row, column in the view.
    """
    lattices, corners = find_lattices(tiles), grids.corners
    crs = CRS(settings.metric_crs)
    reach = [
        max(NEAR_M, tile.gsd_m, 2 * settings.gsd_m) for tile in tiles
    ]  # what is sampled at the edge of a chip lies beyond it
    tree = shapely.STRtree(
        [outline.buffer(far) for outline, far in zip(tile_outlines(tiles, crs), reach, strict=True)]
    )
    parcel, tile = (
        tree.query(shapely.polygons(corners), predicate="intersects")
        if len(corners)
        else np.zeros((2, 0), np.int64)
    )
    pairs = pd.DataFrame(
        {"parcel": parcel, "tile": tile, "lattice": lattices.of_tile[tile]}
    ).sort_values(["parcel", "tile"], ignore_index=True)
    views = pairs.groupby(["parcel", "lattice"], as_index=False, sort=False).agg(
        tile=("tile", "min")
    )
    parcels, lattice = views["parcel"].to_numpy(), views["lattice"].to_numpy()
    ends = _ends(corners, parcels, lattice, lattices.crs, lattices.transforms, crs)
    matrices = fit_matrices(ends, grids.widths[parcels], grids.heights[parcels])
    shrink = np.maximum(
        1, np.floor(np.sqrt(np.abs(np.linalg.det(matrices[:, :, :2]))) + 0.25)
    ).astype(np.int64)
    pairs = pairs.merge(
        views[["parcel", "lattice"]].assign(view=np.arange(len(views))), on=["parcel", "lattice"]
    )
    view, tile = pairs["view"].to_numpy(), pairs["tile"].to_numpy()
    shared = overlap(pixel_windows(ends, 1 + shrink)[view], lattices.windows[tile])
    full = (shared[:, 1] > shared[:, 0]) & (shared[:, 3] > shared[:, 2])
    reads = pd.DataFrame(shared[full], columns=["r0", "r1", "c0", "c1"]).assign(
        parcel=pairs["parcel"].to_numpy()[full], view=view[full], tile=tile[full]
    )
    held = (
        reads.groupby("view")
        .agg(r0=("r0", "min"), r1=("r1", "max"), c0=("c0", "min"), c1=("c1", "max"))
        .reindex(range(len(views)), fill_value=0)
    )
    r0, c0 = held["r0"].to_numpy(), held["c0"].to_numpy()
    reads = reads.assign(
        row=reads["r0"] - r0[reads["view"]], column=reads["c0"] - c0[reads["view"]]
    )
    for name, side in (("r0", 0), ("r1", 0), ("c0", 2), ("c1", 2)):
        reads[name] -= lattices.windows[reads["tile"], side]
    flat = matrices.reshape(-1, 6)
    flat[:, 2] -= c0
    flat[:, 5] -= r0
    columns = {
        **dict(zip("abcdef", flat.T, strict=True)),
        "shrink": shrink,
        "rows": held["r1"] - held["r0"],
        "columns": held["c1"] - held["c0"],
    }
    return views.drop(columns="tile").assign(**columns), reads


def _ends(
    corners: Floats,
    parcels: NDArray[np.int64],
    lattice: NDArray[np.int64],
    crs: tuple[str, ...],
    transforms: Floats,
    metric: CRS,
) -> Floats:
    """Return where the corners of each view's chip lie on its lattice, (views, 4, 2) column-row pairs; far away where they cannot be reached."""
    xy = np.zeros((len(parcels), 4, 2))
    for wkt in set(crs):
        chosen = np.flatnonzero(np.array([one == wkt for one in crs], bool)[lattice])
        x, y = Transformer.from_crs(metric, wkt, always_xy=True).transform(
            *corners[parcels[chosen]].reshape(-1, 2).T
        )
        xy[chosen] = np.column_stack([x, y]).reshape(-1, 4, 2)
    a, b, c, d, e, f = transforms[lattice].T[:, :, None]
    x, y, size = xy[..., 0] - c, xy[..., 1] - f, a * e - b * d
    ends = np.stack([(e * x - b * y) / size, (a * y - d * x) / size], axis=2)
    return np.where(np.isfinite(ends), ends, -1e9)


def _share_out(
    reads: pd.DataFrame, views: pd.DataFrame, tiles: tuple[Tile, ...], decoder: str
) -> pd.DataFrame:
    """Split reads at the borders of cells; add the task of each, and the rank among the task's pieces, -1 for parcels of one task."""
    centers = np.column_stack([(reads["r0"] + reads["r1"]) / 2, (reads["c0"] + reads["c1"]) / 2])
    parts: list[pd.DataFrame] = []
    places: list[tuple[float, float, str]] = []
    weights: list[int] = []
    indices = reads.groupby("tile").indices
    for number in sorted(set(reads["tile"].tolist())):
        rows = indices[number]
        tile, some = tiles[number], reads.iloc[rows]
        for cell in split_cells(
            (tile.height, tile.width), decode_unit(tile, decoder), centers[rows], TASK_PARCELS
        ):
            box = overlap(some[["r0", "r1", "c0", "c1"]].to_numpy(), np.array([cell]))
            inside = (box[:, 1] > box[:, 0]) & (box[:, 3] > box[:, 2])
            part = some[inside].assign(cell=len(places))
            part["row"] += box[inside, 0] - part["r0"]
            part["column"] += box[inside, 2] - part["c0"]
            parts.append(
                part.assign(**dict(zip(("r0", "r1", "c0", "c1"), box[inside].T, strict=True)))
            )
            a, b, c, d, e, f = tile.transform
            row, column = (cell[0] + cell[1]) / 2, (cell[2] + cell[3]) / 2
            places.append((a * column + b * row + c, d * column + e * row + f, tile.crs))
            weights.append(
                int(
                    ((centers[rows] >= (cell[0], cell[2])) & (centers[rows] < (cell[1], cell[3])))
                    .all(axis=1)
                    .sum()
                )
            )
    shared = pd.concat(parts, ignore_index=True) if parts else reads.assign(cell=0)
    shared = shared.assign(
        task=_group(places, weights)[shared["cell"]] if parts else 0
    ).sort_values(["parcel", "view", "tile", "cell"], ignore_index=True)
    crossing = shared.groupby("parcel")["task"].transform("nunique") > 1
    return shared.assign(
        rank=shared[crossing].groupby("task").cumcount().reindex(shared.index, fill_value=-1)
    )


def _group(places: list[tuple[float, float, str]], weights: list[int]) -> NDArray[np.int64]:
    """Put cells that lie side by side into tasks of about `TASK_PARCELS`; return the task of every cell."""
    table = pd.DataFrame(places, columns=["x", "y", "crs"])
    for crs, rows in table.groupby("crs").indices.items():
        x, y = Transformer.from_crs(str(crs), 4326, always_xy=True).transform(
            table["x"].iloc[rows], table["y"].iloc[rows]
        )
        table.loc[rows, "x"], table.loc[rows, "y"] = x, y
    task, filled, tasks = 0, 0, np.zeros(len(places), np.int64)
    for cell in _hilbert(table[["x", "y"]].to_numpy(np.float64)):
        if filled and filled + weights[cell] > 1.3 * TASK_PARCELS:
            task, filled = task + 1, 0
        tasks[cell] = task
        filled += weights[cell]
    return tasks


def _hilbert(xy: Floats) -> NDArray[np.int64]:
    """Return the order of points (n, 2) along a Hilbert curve."""
    points = gpd.GeoSeries(shapely.points(xy)) if len(xy) else gpd.GeoSeries([])
    return (
        np.argsort(points.hilbert_distance().to_numpy(), kind="stable")
        if len(xy)
        else np.zeros(0, np.int64)
    )


def _count_units(parcels: dict[int, ParcelCut], tiles: tuple[Tile, ...], decoder: str) -> int:
    """Count the distinct units that the parcels touch."""
    reads = (read for parcel in parcels.values() for view in parcel.views for read in view.reads)
    return len({unit for read in reads for unit in units_of(read, tiles[read.tile], decoder)})


def _make_parcels(
    ids: NDArray[np.object_],
    outlines: NDArray[np.object_],
    grids: ChipGrids,
    *,
    views: pd.DataFrame,
    reads: pd.DataFrame,
    tiles: tuple[Tile, ...],
) -> dict[int, ParcelCut]:
    """Turn the rows of the plan into parcels to cut, by parcel number."""
    wkb = shapely.to_wkb(outlines)
    looks = (
        views[["a", "b", "c", "d", "e", "f", "rows", "columns", "shrink"]]
        .to_numpy(np.float64)
        .tolist()
    )
    unsure = [
        tile.lossy and not tile.alpha and not tile.masked and tile.nodata in (None, 0)
        for tile in tiles
    ]
    made: dict[int, list[View]] = {}
    rows = zip(*(reads[name].tolist() for name in ("parcel", "view", *READ_COLUMNS)), strict=True)
    for (parcel, view), group in itertools.groupby(rows, key=lambda row: row[:2]):
        a, b, c, d, e, f, height, width, shrink = looks[view]
        some = tuple(_read(row[2:]) for row in group)
        black = any(unsure[read.tile] for read in some)
        made.setdefault(parcel, []).append(
            View(
                matrix=(a, b, c, d, e, f),
                shape=(int(height), int(width)),
                shrink=int(shrink),
                reads=some,
                guess_black=black,
            )
        )
    return {
        parcel: ParcelCut(
            parcel_id=str(ids[parcel]), shape=wkb[parcel], grid=grids[parcel], views=tuple(parts)
        )
        for parcel, parts in made.items()
    }


READ_COLUMNS = ("tile", "r0", "r1", "c0", "c1", "row", "column", "task", "rank")


def _read(row: tuple[int, ...]) -> Read:
    tile, r0, r1, c0, c1, at_row, at_column, task, rank = row
    return Read(
        tile=tile,
        window=(r0, r1, c0, c1),
        at=(at_row, at_column),
        piece=(task, rank) if rank >= 0 else None,
    )


def _make_tasks(
    reads: pd.DataFrame,
    parcels: dict[int, ParcelCut],
    order: NDArray[np.int64],
    tiles: tuple[Tile, ...],
) -> tuple[tuple[CutTask, ...], tuple[CutTask, ...]]:
    """Return the tasks that decode, and those that cut the parcels which reach into several of them."""
    home = reads.groupby("parcel")["task"].agg(["min", "max"])
    seam = reads["rank"] >= 0
    spills: dict[int, list[Read]] = {int(task): [] for task in reads["task"].unique()}
    for row in zip(*(reads.loc[seam, name].tolist() for name in READ_COLUMNS), strict=True):
        spills[row[7]].append(_read((*row[:8], -1)))
    mine: dict[int, list[ParcelCut]] = {task: [] for task in spills}
    for parcel, low, high in zip(home.index, home["min"], home["max"], strict=True):
        if low == high:
            mine[low].append(parcels[parcel])
    inner = tuple(_make_task(task, mine[task], spills[task], tiles) for task in sorted(spills))
    crossing = set(home.index[home["min"] != home["max"]])
    chosen = [parcels[parcel] for parcel in order.tolist() if parcel in crossing]
    size = min(TASK_PARCELS, SEAM_PARCELS)
    seams = tuple(
        _make_task(len(inner) + turn, chosen[start : start + size], [], tiles)
        for turn, start in enumerate(range(0, len(chosen), size))
    )
    return inner, seams


def _make_task(
    number: int, parcels: list[ParcelCut], spills: list[Read], tiles: tuple[Tile, ...]
) -> CutTask:
    used = {read.tile for parcel in parcels for view in parcel.views for read in view.reads} | {
        read.tile for read in spills
    }
    return CutTask(
        number=number,
        tiles={tile: tiles[tile] for tile in sorted(used)},
        parcels=tuple(parcels),
        spills=tuple(spills),
    )
