"""The chip stage: a plan, its jobs on some executor, one manifest.

A killed or repeated run does only what is missing.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from imagery.chips.cutting import Work, cut_task
from imagery.chips.inputs import CutInputs
from imagery.chips.jobs import CutRun, find_kept, plan_jobs
from imagery.chips.kept import remove_aside
from imagery.chips.manifest import shard_names, write_manifest
from imagery.chips.plan import plan_cuts
from imagery.chips.store import ChipStore, open_store, shard_key
from imagery.chips.tasks import CutJob, CutPlan, CutSettings
from imagery.crs import utm_zone
from imagery.errors import InputError
from imagery.files import atomic_path
from imagery.flyover.evidence import with_evidence
from imagery.roll.buildings import read_buildings
from imagery.roll.outlines import roofs_of
from imagery.roll.parcels import VacantRoll
from imagery.workspace import ChipFiles

NOWHERE = CRS("EPSG:3857")
"""CRS of a roll without any outline."""

CutRunner = Callable[[Callable[[CutJob], Work], Sequence[CutJob]], Iterator[Work]]
"""Executes jobs, in any order and on any machine, and yields the results as they come."""


def tile_parcels(inputs: CutInputs, folder: Path, runner: CutRunner) -> ChipStore:
    """Cut every vacant parcel of the roll out of one flyover.

    Args:
        inputs: What the chips are cut from.
        folder: The `chips/` folder; shards that need no change are kept.
        runner: Executes jobs.
    """
    files = ChipFiles(folder=folder)
    key = inputs.key
    done = open_done(files, key)
    if done is not None:
        return done

    # Without manifest nobody takes an unfinished folder for the chips of the year.
    files.manifest.unlink(missing_ok=True)
    flyover = inputs.flyover
    inputs = replace(inputs, flyover=replace(flyover, tiles=with_evidence(flyover.tiles)))
    plan = plan_flyover(inputs)
    write_plan(files, plan, key)

    limits = inputs.settings.limits
    run = CutRun(plan=plan, flyover=inputs.flyover, folder=folder, limits=limits)
    run = replace(run, kept=find_kept(run))
    decoded = 0
    for jobs in plan_jobs(run):
        decoded += sum(work.units for work in runner(cut_task, jobs))

    max_ground = inputs.settings.max_ground
    write_manifest(plan, inputs.flyover.year, folder, max_ground=max_ground)
    shutil.rmtree(files.pieces, ignore_errors=True)
    remove_aside(folder)
    return replace(open_store(folder), units_touched=plan.units, units_decoded=decoded)


def open_done(files: ChipFiles, key: str) -> ChipStore | None:
    """Open a folder that holds the manifest and every shard of these very inputs, whole."""
    if not (files.plan.exists() and files.manifest.exists()):
        return None

    try:
        recorded = json.loads(files.plan.read_text(encoding="utf-8"))
        is_ours = recorded["key"] == key
        shards = [int(Path(name).stem.partition("_")[2]) for name in recorded["files"]]
    except (ValueError, LookupError, TypeError):
        return None
    if not is_ours or not all(shard_key(files.folder, shard) for shard in set(shards)):
        return None

    try:
        return open_store(files.folder)
    except InputError:
        return None


def write_plan(files: ChipFiles, plan: CutPlan, key: str) -> None:
    """Write down which shards a plan has, and what it was made from."""
    facts = {"key": key, "files": shard_names(plan, files.folder)}
    with atomic_path(files.plan) as temporary:
        temporary.write_text(json.dumps(facts))


def plan_flyover(inputs: CutInputs) -> CutPlan:
    """Plan the cutting of a whole roll; no pixel is touched."""
    footprints = inputs.footprints
    buildings = read_buildings(footprints).outlines if footprints else None
    shapes, crs = roof_shapes(inputs.roll, buildings)
    ids = inputs.roll.table["parcel_id"].to_numpy()
    is_flat = np.isin(ids.astype(str), inputs.roll.without_area)
    shapes = shapes.mask(is_flat, shapely.Polygon())

    settings = CutSettings(
        gsd_m=inputs.settings.gsd_m,
        margin_m=inputs.settings.margin_m,
        max_side_m=inputs.settings.max_side_m,
        metric_crs=crs.to_wkt(),
        min_roof_m2=inputs.settings.min_roof_m2,
    )
    return plan_cuts(ids, shapes, inputs.flyover.tiles, settings)


def roof_shapes(roll: VacantRoll, footprints: gpd.GeoSeries | None) -> tuple[gpd.GeoSeries, CRS]:
    """Return the outline to look at of every parcel, and the CRS in meters that it is in.

    Args:
        roll: The vacant roll.
        footprints: Buildings. Where a parcel has one, it is cut down to it.
    """
    crs = metric_crs(roll)
    lots = roll.table.geometry.to_crs(crs)
    if footprints is None:
        return lots, crs

    return roofs_of(lots, footprints), crs


def metric_crs(roll: VacantRoll) -> CRS:
    """Return the UTM zone of the roll's center, in which chips are laid out."""
    return utm_zone(roll.table.geometry) or NOWHERE
