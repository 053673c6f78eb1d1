"""What is wrong in a workspace, and which command makes it good again.

Every file is compared with something: sealed files with the audit log, chips with the manifest,
products with their checksums and the ledger, models with the registry and the log, and databases
with their own pages.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gis_export.verify.folders import verify_folder
from imagery.chips.store import ChipStore, open_store, read_chip, rows_path, shard_path
from imagery.errors import InputError, RoofwatchError
from imagery.workspace import ChipFiles
from roofwatch.audit import broken_line_text
from roofwatch.sealed_files import broken_seals, intact_files, stage_of
from roofwatch.sealed_photos import photo_damage
from roofwatch.year import City, CityYear

SNAPSHOT = "snapshot"
"""Command that asks a service again; `--repair` asks nobody."""
FROM_BACKUP = ""
"""Nothing makes it anew: it comes back from a backup."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One thing that is wrong."""

    line: str
    """What, where, got, want, remedy."""
    year: int | None
    """The year it belongs to, None for the whole workspace."""
    stage: str = FROM_BACKUP
    """Command that makes it anew: "tile", "score", "export" or `SNAPSHOT`."""
    files: tuple[Path, ...] = ()
    """Files to remove before that."""


def find_damage(city: City) -> list[Damage]:
    """Return all that is wrong, first what the rest depends on."""
    edited = broken_seals(city.workspace.folder)
    distrusted = frozenset(finding.path for finding in edited)
    # A training after the export changes reports that the export listed.
    known = distrusted | intact_files(city.workspace)
    found = [*_log_damage(city), *_database_damage(city)]

    for finding in edited:
        year, name = _place_of(city, finding.path)
        stage = "" if year is None else stage_of(name)
        is_network = finding.path.is_relative_to(city.workspace.networks.resolve())
        files = (finding.path,) if is_network or stage in ("tile", "score") else ()
        is_source = finding.path.is_relative_to(city.workspace.sources.resolve())
        repaired_by = SNAPSHOT if is_source else _repair_of(stage)
        found.append(Damage(line=str(finding), year=year, stage=repaired_by, files=files))
    found += [Damage(line=line, year=None, stage=SNAPSHOT) for line in photo_damage(city)]

    for source in sorted(city.file.flyover, key=lambda source: source.year):
        year_at_work = city.year(source.year)
        found += _chip_damage(year_at_work)
        if year_at_work.files.report.manifest.exists():
            findings = verify_folder(year_at_work.files.folder, distrusted=distrusted)
            found += [
                Damage(line=str(finding), year=source.year, stage="export")
                for finding in findings
                if finding.path.resolve() not in known
            ]
    return [*found, *_model_damage(city)]


def _repair_of(stage: str) -> str:
    """Return the stage of a repair: what drift finds comes with a score, training needs people."""
    return {"tile": "tile", "score": "score", "drift": "score"}.get(stage, FROM_BACKUP)


def _place_of(city: City, path: Path) -> tuple[int | None, str]:
    """Return the year of a file, None for none, and its name from there."""
    first, *rest = path.relative_to(city.workspace.folder.resolve()).parts
    return (int(first) if first.isdecimal() else None), "/".join(rest)


def _log_damage(city: City) -> Iterator[Damage]:
    broken = broken_line_text(city.workspace.audit)
    if broken:
        yield Damage(line=broken, year=None)


def _database_damage(city: City) -> Iterator[Damage]:
    """Ask SQLite whether the pages of its files are whole."""
    for path in (city.workspace.mlflow_db, city.workspace.looks_db):
        if not path.is_file():
            continue
        address = f"{path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            said = str(error)
        if said != "ok":
            line = f"{path}: SQLite says {said}, want ok; put it back from a backup"
            yield Damage(line=" ".join(line.split()), year=None)


def _chip_damage(year: CityYear) -> Iterator[Damage]:
    """Compare every chip with the checksum in the manifest; name each shard once."""
    for chips in (year.files.chips, year.files.reach.chips, year.files.left_chips):
        if chips.manifest.exists():
            yield from _damage_of(chips, year.year)


def _damage_of(chips: ChipFiles, year: int) -> Iterator[Damage]:
    try:
        store = open_store(chips.folder)
    except InputError as error:
        yield Damage(line=str(error), year=year, stage="tile", files=(chips.manifest,))
        return
    for shard, line in broken_shards(store).items():
        files = (shard_path(store.folder, shard), rows_path(store.folder, shard))
        yield Damage(line=line, year=year, stage="tile", files=files)


def broken_shards(store: ChipStore) -> dict[int, str]:
    """Read every chip; return what is wrong with the first bad one of each shard, by shard."""
    chips = store.manifest[store.manifest["status"] == "chip"]
    broken: dict[int, str] = {}
    for place in store.places(chips):
        if place.shard in broken:
            continue
        try:
            read_chip(place)
        except InputError as error:
            broken[place.shard] = str(error)
    return broken


def _model_damage(city: City) -> Iterator[Damage]:
    """Load every registered version as scoring does, and compare the champion with the log."""
    if not city.workspace.mlflow_db.is_file() and not city.file.mlflow.uri:
        return
    # These load torch.
    from models.files import load_model
    from models.registry import list_versions
    from roofwatch.trusted_models import check_evaluation, check_files, find_model, settle_champion

    def look_at(version: int) -> None:
        found = find_model(city, str(version))
        load_model(found.folder, found.sha256)
        check_evaluation(city, version)
        check_files(city, found)

    try:
        versions = list_versions(city.registry)
    except RoofwatchError as error:
        yield Damage(line=str(error), year=None)
        return
    for version in versions:
        yield from _refused(partial(look_at, version))
    yield from _refused(partial(settle_champion, city))


def _refused(look: Callable[[], object]) -> Iterator[Damage]:
    try:
        look()
    except RoofwatchError as error:
        yield Damage(line=str(error), year=None)
