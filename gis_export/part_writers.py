"""What writes each part of an export; imports all that makes products."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gis_export.data.data_tier import write_data
from gis_export.fire.book.book import BookSources, write_fire_book
from gis_export.fire.dispatch.handover import write_dispatch
from gis_export.fire.map.base_map import BaseMap
from gis_export.fire.map.districts import write_district_maps
from gis_export.fire.map.folder import (
    MapPhotos,
    RoofsShown,
    write_ground,
    write_page,
    write_roofs,
)
from gis_export.formats.dictionary import write_dictionary
from gis_export.formats.drawing_info import write_drawing_info
from gis_export.formats.geopackage import set_day, write_geopackage
from gis_export.formats.pmtiles import write_pmtiles
from gis_export.formats.qgis_project import write_qgis_project
from gis_export.formats.shapefile import Pack, write_pack
from gis_export.guides.pages import write_guides
from gis_export.housing.capacity import write_capacity
from gis_export.housing.form import write_form_media, write_xlsform
from gis_export.housing.packets.evidence import write_packets
from gis_export.housing.packets.sources import PacketSources
from gis_export.housing.plan.days import crews_of
from gis_export.housing.plan.tables import build_plan, outlook_of
from gis_export.housing.reach.files import LIST, write_list
from gis_export.housing.routes.phone_list import write_phone_lists
from gis_export.housing.routes.route_sheets import read_sources, write_route_sheets
from gis_export.housing.routes.routing import plan_routes
from gis_export.housing.worklist.worklist_csv import write_worklist
from gis_export.housing.worklist.worklist_xlsx import write_worklist_xlsx
from gis_export.job import ExportJob
from gis_export.part_record import LastFiles, Told
from gis_export.part_table import GROUND, ROOFS
from gis_export.public.counts import PublicText, write_public
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier
from gis_export.table.left_out import write_left_out

MAP = "fire_map"
"""Folder of the fire map."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What earlier parts left."""

    folder: Path
    """Where their files are."""
    told: Mapping[str, Told]
    """What each told, by its name."""
    last: LastFiles
    """What this part left at the last export."""


Maker = Callable[[ExportJob, Path, Finished], Told]


def _ground(job: ExportJob, folder: Path, _: Finished) -> Told:
    base = write_ground(job.fire_rows, _made(folder / "fire" / MAP), job.inputs, job.settings)
    return (str(base.unread), *base.tiles)


def _roofs(job: ExportJob, folder: Path, finished: Finished) -> Told:
    home = f"fire/{MAP}"
    roofs = write_roofs(
        job.fire_rows, _made(folder / home), job.inputs, last=finished.last.below(home)
    )
    return roofs.told


def _fire_map(job: ExportJob, folder: Path, finished: Finished) -> Told:
    unread, *tiles = finished.told[GROUND]
    photos = MapPhotos(
        folder=finished.folder / "fire" / MAP,
        base=BaseMap(tiles=tuple(tiles), unread=int(unread)),
        roofs=RoofsShown.of(finished.told[ROOFS]),
        on_roll=job.on_roll,
    )
    city = write_page(job.fire_rows, folder / "fire" / MAP, job.inputs, job.settings, shown=photos)
    write_district_maps(city, folder / "fire/fire_map_districts", job.inputs, job.settings)
    return ()


def _book_and_routes(job: ExportJob, folder: Path, _: Finished) -> Told:
    listed = job.addresses.spelled if job.addresses else ()
    write_fire_book(
        job.fire_rows,
        _made(folder / "fire") / "fire_book.pdf",
        job.inputs,
        job.settings,
        sources=BookSources(listed=listed, ground=job.ground),
    )

    routes = plan_routes(job.rows, job.settings)
    sheets = read_sources(routes, job.rows, job.inputs, job.settings, ground=job.ground)
    write_route_sheets(routes, sheets, folder / "housing/route_sheets")
    write_phone_lists(routes, sheets, folder / "housing/phone_lists", run_id=job.inputs.run_id)
    return ()


def _dispatch(job: ExportJob, folder: Path, _: Finished) -> Told:
    write_dispatch(job.dispatch, _made(folder / "fire"), job.vendor)
    return ()


def _fire_layers(job: ExportJob, folder: Path, _: Finished) -> Told:
    return _layers(job, job.fire_table, folder / "fire", Tier.RESPONDER)


def _housing_layers(job: ExportJob, folder: Path, _: Finished) -> Told:
    return _layers(job, job.table, folder / "housing", Tier.HOUSING)


def _layers(job: ExportJob, table: ExportTable, folder: Path, tier: Tier) -> Told:
    """Write a department's layers, their styles and dictionary, and the guides."""
    _made(folder)
    name = folder.name
    title = job.title(f" for the {name} department")
    pack = Pack(name=name, tier=tier, title=title, lineage=job.lineage)
    write_pack(table, folder, pack, also_crs=job.settings.also_crs)
    path = folder / f"{name}.gpkg"
    write_geopackage(table, path, tier=tier, title=title, note=job.lineage.note)
    set_day(path, job.lineage.made)
    write_qgis_project(folder, name=name, title=title, crs=table.crs, tier=tier)
    write_drawing_info(folder / f"{name}.drawingInfo.json", tier)
    write_left_out(table.rows, folder)
    write_dictionary(folder, tier)
    write_guides(folder, name)
    return ()


def _work_list(job: ExportJob, folder: Path, _: Finished) -> Told:
    housing = _made(folder / "housing")
    write_worklist(job.rows, housing / "worklist.csv", job.settings.visits)
    write_worklist_xlsx(job.rows, housing / "worklist.xlsx", job.inputs, job.settings)
    outlook = outlook_of(job.table.rows, job.inputs, job.settings)
    tables = build_plan(job.table.rows, outlook, job.settings.visits)
    write_capacity(tables, housing / "capacity.csv", crews_of(job.settings, job.inputs.today))
    write_xlsform(housing / "findings_form.xlsx", city=job.inputs.city)
    write_form_media(job.rows, housing)
    return ()


def _evidence(job: ExportJob, folder: Path, _: Finished) -> Told:
    sources = PacketSources(
        rows=job.table.rows, inputs=job.inputs, settings=job.settings, pictures=job.pictures
    )
    write_packets(sources, folder / "housing/evidence")
    return ()


def _check_for_a_notice(job: ExportJob, folder: Path, _: Finished) -> Told:
    """Write what housing alone sees: nothing of it is in any other part."""
    if job.inputs.reach:
        write_list(job.inputs.reach, _made(folder / "housing") / LIST)
    return ()


def _data(job: ExportJob, folder: Path, _: Finished) -> Told:
    data = _made(folder / "data")
    write_data(job.table, data)
    write_pmtiles(job.table, data / "scores.pmtiles", title=job.title(""), note=job.inputs.note)
    write_dictionary(data, Tier.DATA)
    return ()


def _public(job: ExportJob, folder: Path, _: Finished) -> Told:
    inputs = job.inputs
    text = PublicText(
        city=inputs.city,
        year=inputs.year,
        made=inputs.today,
        figures=" ".join(text for text in (inputs.visited, inputs.tested) if text),
    )
    write_public(job.rows, _made(folder / "public"), text)
    return ()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


MAKERS: dict[str, Maker] = {
    ROOFS: _roofs,
    GROUND: _ground,
    "book and routes": _book_and_routes,
    "evidence": _evidence,
    "work list": _work_list,
    "data": _data,
    "dispatch": _dispatch,
    "fire layers": _fire_layers,
    "housing layers": _housing_layers,
    "check for a notice": _check_for_a_notice,
    "public": _public,
    "fire map": _fire_map,
}
"""What writes each of `gis_export.part_table.PARTS`, into an empty folder of the departments."""
