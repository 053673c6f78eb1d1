"""Write every product of a year: all of them, checked, or none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis_export.data.data_tier import write_data
from gis_export.fire.book.book import write_fire_book
from gis_export.fire.dispatch.address_match import AddressBook
from gis_export.fire.dispatch.center import read_center
from gis_export.fire.dispatch.columns import ColumnMap, column_map_of
from gis_export.fire.dispatch.delivery import Dispatch, build_dispatch
from gis_export.fire.dispatch.handover import (
    VENDOR_FILES,
    keeping_delivery,
    mark_delivered,
    write_dispatch,
)
from gis_export.fire.map.districts import write_district_maps
from gis_export.fire.map.folder import write_fire_map
from gis_export.formats.dictionary import write_dictionary
from gis_export.formats.drawing_info import write_drawing_info
from gis_export.formats.geopackage import write_geopackage
from gis_export.formats.metadata import Lineage, lineage_of
from gis_export.formats.pmtiles import write_pmtiles
from gis_export.formats.qgis_project import write_qgis_project
from gis_export.formats.shapefile import Pack, write_pack
from gis_export.formats.spreadsheets import write_spreadsheets
from gis_export.guides.pages import write_guides
from gis_export.housing.capacity import write_capacity
from gis_export.housing.form import write_form_media, write_xlsform
from gis_export.housing.packets.evidence import write_packets
from gis_export.housing.packets.sources import PacketSources
from gis_export.housing.routes.phone_list import write_phone_lists
from gis_export.housing.routes.route_sheets import read_sources, write_route_sheets
from gis_export.housing.routes.routing import plan_routes
from gis_export.housing.worklist.worklist_csv import write_worklist
from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.public.counts import PublicText, write_public
from gis_export.staging import FOLDERS, alone, list_files, put, staged
from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier
from gis_export.table.inputs import ExportInputs
from gis_export.table.left_out import is_left_out, kept_rows, write_left_out
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from gis_export.verify.folders import verify_products
from gis_export.verify.sums import write_sums
from imagery.workspace import YearFiles

__all__ = ["ExportInputs", "ExportSettings", "export_products"]

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
"""The names that `progress` is called with, in this order."""

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """What every product is made from."""

    table: ExportTable
    """A row per vacant parcel."""
    inputs: ExportInputs
    """Roll, ledger and imagery."""
    settings: ExportSettings
    """The city's choices."""
    lineage: Lineage
    """Where the rows come from."""
    dispatch: Dispatch
    """What changed for dispatch."""
    addresses: AddressBook | None
    """The dispatcher's list of addresses."""
    vendor: ColumnMap | None
    """How the vendor of dispatch wants its file."""
    pictures: Path
    """Folder of the heat maps that `score` left; it may be missing."""
    tell: Tell
    """Hears of each step as it begins."""

    def title(self, ending: str) -> str:
        """Return the title of a product for people."""
        return f"{self.inputs.city} {self.inputs.year}, vacant roofs{ending}"


def export_products(
    inputs: ExportInputs,
    out: Path,
    settings: ExportSettings,
    *,
    delivered: Path,
    progress: Tell | None = None,
) -> list[Path]:
    """Write fire/, housing/, data/ and public/ into the year's folder.

    Each of the four folders holds SHA256SUMS of its files. Everything is written beside its
    place and verified first. A run that fails keeps the previous products.

    Args:
        inputs: Roll, ledger and imagery.
        out: The year's folder.
        settings: The city's choices.
        delivered: Folder that remembers what dispatch holds; all years share it, and one export
            at a time writes there.
        progress: Called with the name of each step as it begins, see `STEPS`.

    Returns:
        Every file written, sorted.

    Raises:
        Unbalanced: roll and ledger do not hold the same parcels.
        TierLeak: a product carries a field of another tier.
        BadProduct: a product does not say what the ledger says.
        InputError: another export is at work here; a dispatch file that cannot be read; a day
            before the last delivery.
    """
    tell = progress or _silent
    for folder in (out, delivered):
        folder.mkdir(parents=True, exist_ok=True)

    with alone(out), alone(delivered), staged(out / ".export") as staging:
        job = _prepare(inputs, settings, YearFiles(folder=out), delivered, tell)
        _write_all(job, staging)
        _check_all(job, staging)
        with keeping_delivery(job.dispatch, delivered, job.vendor, today=inputs.today):
            for name in FOLDERS:
                put(staging / name, out / name)
        mark_delivered(job.dispatch, delivered, run_id=inputs.run_id)
    return list_files(out)


def _prepare(
    inputs: ExportInputs, settings: ExportSettings, files: YearFiles, delivered: Path, tell: Tell
) -> _Job:
    """Build the rows, and compare them with what dispatch holds."""
    tell("rows")
    center = read_center(delivered, settings.dispatch, inputs)
    table = build_table(inputs, settings)
    dispatch = build_dispatch(table.rows, center, settings, year=inputs.year, today=inputs.today)
    return _Job(
        table=table,
        inputs=inputs,
        settings=settings,
        lineage=lineage_of(inputs),
        dispatch=dispatch,
        addresses=center.addresses,
        vendor=column_map_of(settings.dispatch),
        pictures=files.explain,
        tell=tell,
    )


def _write_all(job: _Job, staging: Path) -> None:
    _write_fire(job, staging / "fire")
    _write_housing(job, staging / "housing")
    _write_data(job, staging / "data")
    _write_public(job, staging / "public")


def _write_fire(job: _Job, folder: Path) -> None:
    # Responders see addresses as dispatch spells them.
    spelled = job.dispatch.match["DISPATCH_ADDRESS"].to_numpy(dtype=object)
    on_roll = job.table.rows[columns.ADDRESS].to_numpy(dtype=object)
    table = job.table.with_addresses(np.where(spelled != "", spelled, on_roll))

    job.tell("fire layers")
    pack = Pack(
        name="fire",
        tier=Tier.RESPONDER,
        title=job.title(" for the fire department"),
        lineage=job.lineage,
    )
    _write_layers(job, table, folder, pack)

    job.tell("dispatch")
    write_dispatch(job.dispatch, folder, job.vendor)

    job.tell("fire map")
    map_folder = folder / "fire_map"
    kept = kept_rows(table.rows)
    on_roll = on_roll[~is_left_out(table.rows).to_numpy()]
    city = write_fire_map(kept, map_folder, job.inputs, job.settings, on_roll=on_roll.tolist())
    write_district_maps(city, folder / "fire_map_districts", job.inputs, job.settings)

    job.tell("fire book")
    listed = job.addresses.spelled if job.addresses else ()
    write_fire_book(kept, folder / "fire_book.pdf", job.inputs, job.settings, listed=listed)


def _write_housing(job: _Job, folder: Path) -> None:
    job.tell("housing layers")
    pack = Pack(
        name="housing",
        tier=Tier.HOUSING,
        title=job.title(" for the housing department"),
        lineage=job.lineage,
    )
    _write_layers(job, job.table, folder, pack)

    job.tell("work list")
    rows = kept_rows(job.table.rows)
    write_worklist(rows, folder / "worklist.csv", job.settings.visits)
    write_worklist_xlsx(rows, folder / "worklist.xlsx", job.inputs, job.settings)
    write_capacity(rows, folder / "capacity.csv", job.settings, start=job.inputs.today)
    write_xlsform(folder / "findings_form.xlsx", city=job.inputs.city)
    write_form_media(rows, folder)

    job.tell("routes")
    routes = plan_routes(rows, job.settings)
    sheets = read_sources(routes, rows, job.inputs, job.settings)
    write_route_sheets(routes, sheets, folder / "route_sheets")
    write_phone_lists(routes, sheets, folder / "phone_lists", run_id=job.inputs.run_id)

    job.tell("evidence")
    sources = PacketSources(
        rows=job.table.rows, inputs=job.inputs, settings=job.settings, pictures=job.pictures
    )
    write_packets(sources, folder / "evidence")


def _write_layers(job: _Job, table: ExportTable, folder: Path, pack: Pack) -> None:
    """Write a department's layers, their styles and dictionary, and the guides."""
    name = pack.name
    write_pack(table, folder, pack, also_crs=job.settings.also_crs)
    write_geopackage(
        table, folder / f"{name}.gpkg", tier=pack.tier, title=pack.title, note=pack.lineage.note
    )
    write_qgis_project(folder, name=name, title=pack.title, crs=table.crs, tier=pack.tier)
    write_drawing_info(folder / f"{name}.drawingInfo.json", pack.tier)
    write_left_out(table.rows, folder)
    write_dictionary(folder, pack.tier)
    write_guides(folder, name)


def _write_data(job: _Job, folder: Path) -> None:
    job.tell("data")
    write_data(job.table, folder)
    write_pmtiles(job.table, folder / "scores.pmtiles", title=job.title(""), note=job.inputs.note)
    write_dictionary(folder, Tier.DATA)


def _write_public(job: _Job, folder: Path) -> None:
    job.tell("public")
    inputs = job.inputs
    text = PublicText(
        city=inputs.city,
        year=inputs.year,
        made=inputs.today,
        figures=" ".join(text for text in (inputs.visited, inputs.tested) if text),
    )
    write_public(kept_rows(job.table.rows), folder, text)


def _check_all(job: _Job, staging: Path) -> None:
    """Write the checksums of every folder, and verify every product."""
    job.tell("verify")
    for name in FOLDERS:
        write_spreadsheets(staging / name, today=job.inputs.today, without=VENDOR_FILES)
        if name == "fire":
            # The map travels alone too, on tablets and memory sticks.
            write_sums(staging / name / "fire_map")
        write_sums(staging / name)
    verify_products(staging, job.inputs.ledger, job.inputs.roll)


def _silent(step: str) -> None:
    """Say nothing."""
