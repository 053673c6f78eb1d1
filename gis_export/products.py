"""Write every product of a year: all of them, checked, or none."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from filelock import FileLock, Timeout
from pyproj import CRS

from gis_export.data.data_tier import write_data
from gis_export.fire.book.book import write_fire_book
from gis_export.fire.dispatch.address_match import read_addresses
from gis_export.fire.dispatch.columns import ColumnMap, column_map_of
from gis_export.fire.dispatch.delivery import (
    Dispatch,
    build_dispatch,
    keeping_delivery,
    mark_delivered,
    write_dispatch,
)
from gis_export.fire.dispatch.state import read_deletes, read_state
from gis_export.fire.map.folder import write_fire_map
from gis_export.formats.dictionary import write_dictionary
from gis_export.formats.drawing_info import write_drawing_info
from gis_export.formats.geopackage import write_geopackage
from gis_export.formats.metadata import Lineage, lineage_of
from gis_export.formats.pmtiles import write_pmtiles
from gis_export.formats.qgis_project import write_qgis_project
from gis_export.formats.shapefile import write_pack
from gis_export.housing.capacity import write_capacity
from gis_export.housing.form import write_form_media, write_xlsform
from gis_export.housing.packets.evidence import write_packets
from gis_export.housing.routes.route_sheets import write_route_sheets
from gis_export.housing.routes.routing import plan_routes
from gis_export.housing.worklist.worklist_csv import write_worklist
from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.public.counts import PublicText, write_public
from gis_export.table.fields import Tier
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from gis_export.verify.folders import verify_products
from gis_export.verify.sums import write_sums
from imagery.errors import InputError
from imagery.files import atomic_folder

__all__ = ["ExportInputs", "ExportSettings", "export_products"]

FOLDERS = ("fire", "housing", "data", "public")
STEPS = (
    "rows",
    "fire layers",
    "dispatch",
    "fire map",
    "fire book",
    "housing layers",
    "work list",
    "routes",
    "evidence",
    "data",
    "public",
    "verify",
)
"""What `progress` hears of, in this order."""

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """What every product is made from."""

    rows: gpd.GeoDataFrame
    """A row per vacant parcel."""
    inputs: ExportInputs
    """Roll, ledger and imagery."""
    settings: ExportSettings
    """The city's choices."""
    lineage: Lineage
    """Where the rows come from."""
    dispatch: Dispatch
    """What changed for dispatch."""
    columns: ColumnMap | None
    """How its vendor wants it."""
    pictures: Path
    """Folder of the heat maps that `score` left; it may be missing."""


def export_products(
    inputs: ExportInputs,
    out: Path,
    settings: ExportSettings,
    *,
    delivered: Path,
    progress: Tell | None = None,
) -> list[Path]:
    """Write fire/, housing/, data/ and public/ into the year's folder.

    Each of the four folders holds SHA256SUMS of its files. Everything is written beside its place and verified first; a run that fails leaves the last good products.

    Args:
        inputs: Roll, ledger and imagery.
        out: The year's folder.
        settings: The city's choices.
        delivered: Folder that remembers what dispatch holds; all years share it, and one export at a time writes there.
        progress: Called with the name of each step as it begins, see `STEPS`.

    Returns:
        Every file written, sorted.

    Raises:
        Unbalanced: roll and ledger do not hold the same parcels.
        TierLeak: a product carries a field of another tier.
        BadProduct: a product does not say what the ledger says.
        InputError: another export is at work here; a dispatch file that cannot be read.
    """
    tell = progress or _silent
    for folder in (out, delivered):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(out), _alone(delivered), _staging(out / ".export") as staging:
        tell("rows")
        rows = build_rows(inputs, settings)
        dispatch = build_dispatch(
            rows,
            read_state(delivered),
            settings,
            year=inputs.year,
            today=inputs.today,
            addresses=read_addresses(settings.dispatch),
            deletes=read_deletes(delivered, today=inputs.today),
        )
        job = _Job(
            rows=rows,
            inputs=inputs,
            settings=settings,
            lineage=lineage_of(inputs),
            dispatch=dispatch,
            columns=column_map_of(settings.dispatch),
            pictures=out / "explain",
        )
        _write_fire(job, staging / "fire", tell)
        _write_housing(job, staging / "housing", tell)
        _write_data(job, staging / "data", tell)
        tell("public")
        write_public(
            rows,
            staging / "public",
            PublicText(
                city=inputs.city, year=inputs.year, made=inputs.today, figures=inputs.tested
            ),
        )
        tell("verify")
        for name in FOLDERS:
            write_sums(staging / name)
        verify_products(staging, inputs.ledger, inputs.roll)
        with keeping_delivery(dispatch, delivered, job.columns, today=inputs.today):
            for name in FOLDERS:
                _put(staging / name, out / name)
        mark_delivered(dispatch, delivered, run_id=inputs.run_id)
    return sorted(
        path for folder in FOLDERS for path in (out / folder).rglob("*") if path.is_file()
    )


def _write_fire(job: _Job, folder: Path, tell: Tell) -> None:
    spelled = job.dispatch.match["DISPATCH_ADDRESS"].to_numpy(dtype=object)
    rows = job.rows.assign(
        ADDRESS=np.where(spelled != "", spelled, job.rows["ADDRESS"])
    )  # responders see what dispatch says
    tell("fire layers")
    _write_layers(
        job,
        rows,
        folder,
        name="fire",
        tier=Tier.RESPONDER,
        title=f"{job.inputs.city} {job.inputs.year}, vacant roofs for the fire department",
    )
    tell("dispatch")
    write_dispatch(job.dispatch, folder, job.columns)
    tell("fire map")
    write_fire_map(
        rows, folder / "fire_map", job.inputs, job.settings, on_roll=job.rows["ADDRESS"].tolist()
    )
    tell("fire book")
    write_fire_book(rows, folder / "fire_book.pdf", job.inputs, job.settings)


def _write_housing(job: _Job, folder: Path, tell: Tell) -> None:
    tell("housing layers")
    _write_layers(
        job,
        job.rows,
        folder,
        name="housing",
        tier=Tier.HOUSING,
        title=f"{job.inputs.city} {job.inputs.year}, vacant roofs for the housing department",
    )
    tell("work list")
    write_worklist(job.rows, folder / "worklist.csv", job.settings.visits)
    write_worklist_xlsx(job.rows, folder / "worklist.xlsx", job.inputs, job.settings)
    write_capacity(job.rows, folder / "capacity.csv", job.settings, start=job.inputs.today)
    write_xlsform(folder / "findings_form.xlsx", city=job.inputs.city)
    write_form_media(job.rows, folder)
    tell("routes")
    write_route_sheets(
        plan_routes(job.rows, job.settings),
        job.rows,
        folder / "route_sheets",
        job.inputs,
        job.settings,
    )
    tell("evidence")
    write_packets(job.rows, folder / "evidence", job.inputs, job.settings, pictures=job.pictures)


def _write_layers(
    job: _Job, rows: gpd.GeoDataFrame, folder: Path, *, name: str, tier: Tier, title: str
) -> None:
    write_pack(
        rows,
        folder,
        name=name,
        tier=tier,
        title=title,
        lineage=job.lineage,
        also_crs=job.settings.also_crs,
    )
    write_geopackage(rows, folder / f"{name}.gpkg", tier=tier, title=title)
    write_qgis_project(folder, name=name, title=title, crs=CRS(rows.crs), tier=tier)
    write_drawing_info(folder / f"{name}.drawingInfo.json", tier)
    write_dictionary(folder, tier)


def _write_data(job: _Job, folder: Path, tell: Tell) -> None:
    tell("data")
    write_data(job.rows, folder)
    write_pmtiles(
        job.rows,
        folder / "scores.pmtiles",
        title=f"{job.inputs.city} {job.inputs.year}, vacant roofs",
    )
    write_dictionary(folder, Tier.DATA)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let no second export begin that writes into this folder: a year's products, or what all years tell dispatch."""
    lock = FileLock(out / ".export.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"export: another export is writing {out}; wait until it has ended"
        ) from error
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Yield an empty folder of folders, and take it away again; what a killed run left there goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(finished: Path, target: Path) -> None:
    """Swap a finished folder into its place in one rename."""
    with atomic_folder(target) as temporary:
        for child in finished.iterdir():
            child.rename(temporary / child.name)


def _silent(step: str) -> None:
    """Say nothing."""
