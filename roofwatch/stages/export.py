"""The last stage: gather what a year and those before left, and write every product of it."""

import json
import os
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from gis_export.formats.postgis import publish
from gis_export.housing.packets.evidence import write_packets
from gis_export.housing.worklist.what_if import WhatIf, parse_weights, what_if
from gis_export.products import STEPS, export_products
from gis_export.table.fields import Tier
from gis_export.table.inputs import ExportInputs, Year, no_looks
from gis_export.table.priority import street_sides
from gis_export.table.rows import build_rows
from imagery.chips.store import ChipStore, open_store
from imagery.errors import InputError, MissingInput, TamperedModel
from imagery.files import atomic_path, sha256_file
from imagery.flyover.tiles import Tile
from imagery.roll.tables import normalize_key, normalize_keys
from inference.ledger import Ledger, read_ledger
from models.checksum import model_checksum
from roofwatch.audit import AuditLine, append_audit
from roofwatch.progress import Progress
from roofwatch.stages.tile import registered_flyover
from roofwatch.year import MODEL_FILE, City

EXTRA = "evidence"
"""Folder of a year for the packets of `roofwatch evidence`."""


def export(city: City, year: int) -> list[Path]:
    """Write every product of a scored year.

    Raises:
        MissingInput: the year has no ledger yet.
    """
    inputs, folder = export_inputs(city, year), city.folder(year)
    with Progress(f"export {year}", quiet=city.quiet) as progress:

        def tell(step: str) -> None:
            progress.stage = f"export {year}, {step}"
            progress.update(STEPS.index(step) + 1, len(STEPS))

        products = export_products(
            inputs, folder, city.file.export, delivered=city.file.city.workspace, progress=tell
        )
        progress.stage = f"export {year}"
    _write_change(folder)
    _write_manifest(folder)
    append_audit(
        city.audit,
        AuditLine(
            command="export", detail=f"{year}: {len(products)} files from run {inputs.run_id}"
        ),
    )
    return products


def export_inputs(city: City, year: int, *, photos: bool = True) -> ExportInputs:
    """Gather what the products of a scored year are made from, on request without opening the flyover.

    Raises:
        MissingInput: the year has no ledger yet.
    """
    source = city.file.source(year)
    folder = city.folder(year)
    ledger = _ledger(folder, year)
    if ledger is None:
        raise MissingInput(f"export {year}: no ledger in {folder}; run score --year {year} first")
    today = date.fromisoformat(city.file.export.as_of) if city.file.export.as_of else date.today()
    if source.flown and today < source.flown:
        raise InputError(
            f"export {year}: the flight of {source.flown} lies after {today}; mend [[flyover]] date, [export] as_of or the clock"
        )
    before = sorted(
        (one for one in city.file.flyover if one.year < year), key=lambda one: -one.year
    )
    return ExportInputs(
        city=city.file.city.name,
        year=year,
        run_id=f"{year}-{sha256_file(folder / 'ledger.parquet')[:8]}",
        roll=city.roll,
        ledger=ledger,
        flyover=registered_flyover(city, year) if photos else None,
        chips=_chips(folder),
        tiles=partial(_tiles, city, year),
        earlier=tuple(
            Year(
                year=one.year,
                flown=one.flown,
                ledger=_ledger(city.folder(one.year), one.year),
                chips=_chips(city.folder(one.year)),
                tiles=partial(_tiles, city, one.year),
            )
            for one in before
        ),
        looks=_looks(city, year),
        tested=_tested(folder),
        models=_models(city, (source.year, *(one.year for one in before))),
        today=today,
    )


def other_points(city: City, year: int, pairs: list[str]) -> WhatIf:
    """Say who would enter and leave the work list if points were others; nothing is written.

    Raises:
        UsageError: a pair that is not KEY=POINTS, or no such key.
    """
    settings = city.file.export
    changed = parse_weights(pairs, settings.priority)
    inputs = export_inputs(city, year, photos=False)
    rows = build_rows(inputs, settings)
    return what_if(
        rows,
        inputs.looks,
        street_sides(inputs.roll, rows["PARCEL_ID"]),
        settings,
        changed,
        today=inputs.today,
    )


def evidence(city: City, year: int, parcel_ids: list[str]) -> list[Path]:
    """Write the evidence packets of some parcels into the year's evidence/, where no export replaces them.

    Raises:
        InputError: no such parcel.
    """
    inputs, folder = export_inputs(city, year), city.folder(year)
    rows = build_rows(inputs, city.file.export)
    spelled = dict(zip(normalize_keys(rows["PARCEL_ID"]), rows["PARCEL_ID"], strict=True)) | {
        parcel: parcel for parcel in rows["PARCEL_ID"]
    }
    parcels = [
        spelled.get(parcel) or spelled.get(normalize_key(parcel), parcel) for parcel in parcel_ids
    ]
    files = write_packets(
        rows, folder / EXTRA, inputs, city.file.export, parcels=parcels, pictures=folder / "explain"
    )
    append_audit(city.audit, AuditLine(command="evidence", detail=f"{year}: {', '.join(parcels)}"))
    return files


def publish_year(city: City, year: int, url: str, *, schema: str) -> dict[str, int]:
    """Replace the year's rows of both departments in a PostGIS database; return how many by table.

    Raises:
        InputError: the database cannot be reached or written to.
    """
    inputs = export_inputs(city, year, photos=False)
    rows = build_rows(inputs, city.file.export)
    counts = {
        f"{schema}.vacant_roofs_{tier.value.lower()}": publish(
            rows, url, schema=schema, tier=tier, year=year
        )
        for tier in (Tier.RESPONDER, Tier.HOUSING)
    }
    append_audit(
        city.audit,
        AuditLine(command="publish", detail=f"{year}: {len(rows)} rows into schema {schema}"),
    )
    return counts


def _ledger(folder: Path, year: int) -> Ledger | None:
    return read_ledger(folder, year) if (folder / "ledger.parquet").exists() else None


def _chips(folder: Path) -> ChipStore | None:
    return (
        open_store(folder / "chips") if (folder / "chips" / "manifest.parquet").exists() else None
    )


def _tiles(city: City, year: int) -> tuple[Tile, ...]:
    return city.flyover(year).tiles


def _looks(city: City, year: int) -> pd.DataFrame:
    if city.file.labels is None:
        return no_looks()
    from labels.look import read_looks

    return read_looks(city.file.labels, city.roll, until=year)


def _tested(folder: Path) -> str:
    """Say how good the model that scored a year was found to be; "" where it is not the one that was trained there."""
    evaluation, scored_by = folder / "report" / "evaluation.json", folder / "report" / MODEL_FILE
    if not (evaluation.exists() and scored_by.exists()):
        return ""
    try:
        trained = model_checksum(folder / "model")
    except TamperedModel:  # it scored nothing here: the registry has its own copy
        return ""
    if json.loads(scored_by.read_text(encoding="utf-8"))["sha256"] != trained:
        return ""
    report = json.loads(evaluation.read_text(encoding="utf-8"))
    found = next(one for one in report["rungs"] if one["name"] == report["ships"]["name"])
    likely = (
        f"of the roofs that it called LIKELY {found['precision_likely']:.0%} were failing, and "
        if found["precision_likely"] is not None
        else ""
    )
    return (
        f"It was tested on {found['labels']:,} roofs that people had looked at, {found['failing']:,} of them failing, in blocks that it had not learned from: "
        f"{likely}{found['recall_possible']:.0%} of the failing roofs were called LIKELY or POSSIBLE."
    )


def _models(city: City, years: tuple[int, ...]) -> dict[str, str]:
    """Return the sha256 of the models that scored some years, by label."""
    files = [city.folder(year) / "report" / MODEL_FILE for year in years]
    known = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return {str(one["label"]): str(one["sha256"]) for one in known}


def _write_change(folder: Path) -> None:
    """Write report/change.csv, who changed the hazard word since the flyover before, as the products say it; header only in a first year."""
    table = pd.read_csv(
        folder / "data" / "scores.csv",
        dtype=str,
        keep_default_na=False,
        usecols=["parcel_id", "hazard_level", "previous_hazard_level", "change", "score"],
    )
    with atomic_path(folder / "report" / "change.csv") as temporary:
        table[~table["change"].isin(["NEW", "SAME"])].to_csv(temporary, index=False)


def _write_manifest(folder: Path) -> None:
    """Write report/manifest.json: the sha256 of every file of the year but the chips, and the packets that people asked for later."""
    left_out = {folder / "chips", folder / EXTRA}
    files = sorted(
        Path(root) / name
        for root, folders, names in os.walk(folder)
        for name in names
        if not name.startswith(".")
        and name != "manifest.json"
        and left_out.isdisjoint((Path(root), *Path(root).parents))
    )
    sums = {str(file.relative_to(folder)): sha256_file(file) for file in files}
    with atomic_path(folder / "report" / "manifest.json") as temporary:
        temporary.write_text(json.dumps(sums, indent=2), encoding="utf-8")
