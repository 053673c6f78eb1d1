"""One parcel through the whole chip stage: plan, jobs, shard, manifest, store."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from imagery.chips.chip import Chip
from imagery.chips.cutting import cut_task
from imagery.chips.jobs import CutRun, plan_jobs
from imagery.chips.manifest import write_manifest
from imagery.chips.plan import plan_cuts
from imagery.chips.quality import QUALITY_COLUMNS, Quality
from imagery.chips.settings import TileSettings
from imagery.chips.shards import CutRow
from imagery.chips.store import GRID_COLUMNS, ChipStore, open_store
from imagery.chips.tasks import CutPlan, CutSettings
from imagery.flyover.flyover import Flyover

PARCEL_ID = "0001"


def cut_lot(shape: BaseGeometry, flyover: Flyover, settings: TileSettings, crs: str) -> CutRow:
    """Cut one parcel and read it back from the store.

    Args:
        shape: Outline in `crs`.
        flyover: The year's imagery.
        settings: Scale, margin and quality limits.
        crs: A CRS in meters.
    """
    cut = CutSettings(
        gsd_m=settings.gsd_m,
        margin_m=settings.margin_m,
        max_side_m=settings.max_side_m,
        metric_crs=CRS(crs).to_wkt(),
    )
    ids = np.array([PARCEL_ID], dtype=object)
    plan = plan_cuts(ids, gpd.GeoSeries([shape], crs=crs), flyover.tiles, cut)

    with TemporaryDirectory() as folder:
        store = cut_plan(plan, flyover, settings, Path(folder))
        return read_row(store, cut)


def cut_plan(plan: CutPlan, flyover: Flyover, settings: TileSettings, folder: Path) -> ChipStore:
    """Carry out a plan in this process."""
    run = CutRun(plan=plan, flyover=flyover, folder=folder, limits=settings.limits)
    for jobs in plan_jobs(run):
        for job in jobs:
            cut_task(job)

    write_manifest(plan, flyover.year, folder, max_ground=settings.max_ground)
    return open_store(folder)


def read_row(store: ChipStore, cut: CutSettings) -> CutRow:
    """Return the only row of a store, its pixels copied into memory."""
    row = store.manifest.iloc[0]
    make: Callable[..., Quality] = Quality
    quality = make(**{name: float(row[name]) for name in QUALITY_COLUMNS})
    stored = store.read(PARCEL_ID)
    chip = None
    if stored is not None:
        a, b, c, d, e, f = (float(row[name]) for name in GRID_COLUMNS)
        chip = Chip(
            parcel_id=PARCEL_ID,
            year=int(row["year"]),
            pixels=np.array(stored.pixels),
            mask=stored.mask,
            transform=(a, b, c, d, e, f),
            crs=cut.metric_crs,
            gsd_m=cut.gsd_m,
            quality=quality,
        )
    return CutRow(
        parcel_id=PARCEL_ID, chip=chip, quality=quality, reason=row["reason"], tiles=row["tiles"]
    )
