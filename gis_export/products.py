"""Write every product of a year: all of them, checked, or none."""

from pathlib import Path

from gis_export.fire.dispatch.center import read_center
from gis_export.fire.dispatch.columns import column_map_of
from gis_export.fire.dispatch.delivery import build_dispatch
from gis_export.fire.dispatch.handover import keeping_delivery, mark_delivered
from gis_export.formats.metadata import lineage_of
from gis_export.job import ExportJob, with_open_tiles, without_tiles
from gis_export.part_record import write_record
from gis_export.part_table import PARTS
from gis_export.parts import Course, write_parts
from gis_export.staging import FOLDERS, alone, list_files, put, staged
from gis_export.table.inputs import ExportInputs
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from gis_export.verify.folders import verify_products
from gis_export.verify.sums import write_sums
from imagery.workspace import YearFiles

__all__ = ["Course", "ExportInputs", "ExportSettings", "export_products"]

STEPS = ("rows", *(part.name for part in PARTS), "verify")
"""What is told of an export; parts come in the order in which they are done."""


def export_products(
    inputs: ExportInputs,
    out: Path,
    settings: ExportSettings,
    *,
    delivered: Path,
    course: Course | None = None,
) -> list[Path]:
    """Write fire/, housing/, data/ and public/ into the year's folder.

    Each of the four folders holds SHA256SUMS of its files. Everything is written beside its
    place and verified first. A run that fails keeps the previous products. What is made from the
    same as at the last export is taken from it.

    Args:
        inputs: Roll, ledger and imagery.
        out: The year's folder.
        settings: The city's choices.
        delivered: Folder that remembers what dispatch holds; all years share it, and one export
            at a time writes there.
        course: Who hears of its steps, and what makes the long parts; see `STEPS` for the steps.

    Returns:
        Every file written, sorted.

    Raises:
        Unbalanced: roll and ledger do not hold the same parcels.
        TierLeak: a product carries a field of another tier.
        BadProduct: a product does not say what the ledger says.
        InputError: another export is at work here; a dispatch file that cannot be read; a day
            before the last delivery.
    """
    course = course or Course()
    for folder in (out, delivered):
        folder.mkdir(parents=True, exist_ok=True)

    with alone(out), alone(delivered), staged(out / ".export") as staging:
        course.tell("rows")
        job = _prepare(inputs, settings, YearFiles(folder=out), delivered)
        parts = write_parts(job, staging, out, course)
        course.tell("verify")
        _check_all(job, staging)
        with keeping_delivery(job.dispatch, delivered, job.vendor, today=inputs.today):
            for name in FOLDERS:
                put(staging / name, out / name)
        mark_delivered(job.dispatch, delivered, run_id=inputs.run_id)
        write_record(parts, out)
    return list_files(out)


def _prepare(
    inputs: ExportInputs, settings: ExportSettings, files: YearFiles, delivered: Path
) -> ExportJob:
    """Build the rows, and compare them with what dispatch holds."""
    center = read_center(delivered, settings.dispatch, inputs)
    table = build_table(inputs, settings)
    dispatch = build_dispatch(table.rows, center, settings, year=inputs.year, today=inputs.today)
    return ExportJob(
        table=table,
        inputs=with_open_tiles(inputs) if settings.visits.packets else without_tiles(inputs),
        settings=settings,
        lineage=lineage_of(inputs),
        dispatch=dispatch,
        addresses=center.addresses,
        vendor=column_map_of(settings.dispatch),
        pictures=files.explain,
    )


def _check_all(job: ExportJob, staging: Path) -> None:
    """Write the checksums of every folder, and verify every product."""
    for name in FOLDERS:
        if name == "fire":
            # The map travels alone too, on tablets and memory sticks.
            write_sums(staging / name / "fire_map", job.inputs.log)
        write_sums(staging / name, job.inputs.log)
    verify_products(staging, job.inputs.ledger, job.inputs.roll)
