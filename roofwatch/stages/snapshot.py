"""`roofwatch snapshot`: layers that are services, copied whole into the workspace."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from imagery.errors import InputError, MissingInput, Refused, RoofwatchError
from imagery.files import atomic_path
from imagery.locks import at_work
from imagery.services.client import Client
from imagery.services.layer import Layer, LayerRows
from imagery.services.opening import open_layer
from imagery.services.pages import KeptPages, open_pages
from imagery.services.service import Service
from imagery.services.snapshot_file import (
    Snapshot,
    find_snapshot,
    snapshot_path,
    write_snapshot,
)
from roofwatch.answer import Answer
from roofwatch.city_services import named_columns
from roofwatch.opened import open_city
from roofwatch.photo_snapshots import (
    PlannedPhotos,
    TakenPhotos,
    photos_of,
    plan_tiles,
    take_tiles,
)
from roofwatch.progress import Progress
from roofwatch.sealed_files import seal_snapshot
from roofwatch.year import City

LEAST_KEPT = 2 / 3
"""Share of the rows of the last snapshot below which a layer is refused."""
NOTHING_COPIED = "nothing was copied"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A layer that was copied."""

    snapshot: Snapshot
    """Its file."""
    rows: int
    """How many rows it has."""
    notes: tuple[str, ...]
    """What was noticed."""

    @property
    def lines(self) -> list[str]:
        """Return what people are told."""
        service = self.snapshot.service
        told = f"[{service.section}] {self.rows:,} rows of {service.shown}"
        where = f"sources/{self.snapshot.day}/{self.snapshot.path.name}"
        notes = [f"  note: [{service.section}] {note}" for note in self.notes]
        return [f"{told}: {where}, sha256 {self.snapshot.sha256[:12]}", *notes]

    @property
    def facts(self) -> dict[str, object]:
        """Return the same for programs."""
        return {
            "section": self.snapshot.service.section,
            "address": self.snapshot.service.shown,
            "rows": self.rows,
            "file": str(self.snapshot.path),
            "day": self.snapshot.day,
            "sha256": self.snapshot.sha256,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A layer that would be copied."""

    service: Service
    """Its service."""
    count: int | None
    """How many rows the service counts; None where it does not."""

    @property
    def lines(self) -> list[str]:
        """Return what people are told."""
        rows = "rows that it does not count" if self.count is None else f"{self.count:,} rows"
        return [f"[{self.service.section}] {rows} of {self.service.shown} would be copied"]

    @property
    def facts(self) -> dict[str, object]:
        """Return the same for programs."""
        service = self.service
        return {"section": service.section, "address": service.shown, "rows": self.count}


Told = Taken | TakenPhotos | Planned | PlannedPhotos
"""What is told of a layer or of a tile service."""


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What was copied and what was not; one that fails keeps no other from being copied."""

    taken: list[Told]
    """What was copied, or would be."""
    failed: list[RoofwatchError]
    """Why others were not."""
    lines: list[str]
    """What people are told."""

    def try_one(self, section: str, take: Callable[[], Told]) -> None:
        """Copy one."""
        try:
            taken = take()
        except (InputError, Refused) as error:
            self.failed.append(error)
            self.lines.append(f"[{section}] not copied")
        else:
            self.taken.append(taken)
            self.lines.extend(taken.lines)


def command(options: argparse.Namespace) -> Answer:
    """Copy each layer that is a service; one that fails keeps no other from being copied."""
    city = open_city(options)
    services = city.file.services
    photos = photos_of(city)
    if not services and not photos:
        line = f"{city.name}: no layer is a service; files are read where they are"
        return Answer(lines=[line], facts={"taken": [], "failed": []})

    copies = Copies(taken=[], failed=[], lines=[])
    with at_work(city.workspace.sources, "`snapshot`"):
        take_layer = plan_snapshot if options.dry_run else take_snapshot
        for service in services:
            copies.try_one(service.section, partial(take_layer, city, service))
        if photos:
            # The roll, which says which tiles are needed, may be of the snapshots just taken.
            city = open_city(options)
        take_photos = plan_tiles if options.dry_run else take_tiles
        for photo in photos:
            copies.try_one(photo.service.section, partial(take_photos, city, photo))

    nothing = [NOTHING_COPIED] if options.dry_run else []
    return Answer(
        lines=[*copies.lines, *nothing],
        facts={
            "dry_run": options.dry_run,
            "taken": [layer.facts for layer in copies.taken],
            "failed": [str(error) for error in copies.failed],
        },
        exit_code=max((error.exit_code for error in copies.failed), default=0),
        error="\nroofwatch: ".join(map(str, copies.failed)),
    )


def plan_snapshot(city: City, service: Service) -> Planned:
    """Ask how many rows a layer has; nothing is copied.

    Raises:
        InputError: the service failed.
        MissingInput: see `take_snapshot`.
        Refused: see `take_snapshot`.
    """
    last = find_snapshot(city.workspace, service)
    layer = open_layer(Client(service=service, settings=city.file.snapshot))
    check_count(layer.count, last, service)
    check_columns(city, layer.columns, last, service)
    return Planned(service=service, count=layer.count)


def take_snapshot(city: City, service: Service) -> Taken:
    """Copy one layer into `sources/<day>/`; pages of a killed run are not asked for again.

    Raises:
        InputError: the service failed, or its pages do not add up to its own count.
        MissingInput: a column that the city file names is not there, and never was.
        Refused: the layer shrank by more than a third, or lost a column that the city file names.
    """
    day = date.today()
    workspace = city.workspace
    last = find_snapshot(workspace, service)
    layer = open_layer(Client(service=service, settings=city.file.snapshot))
    check_count(layer.count, last, service)
    check_columns(city, layer.columns, last, service)

    pages = open_layer_pages(city, service, layer, day)
    rows = fetch_rows(city, service, layer, pages)
    check_count(rows.count, last, service)
    check_columns(city, rows.columns, last, service)

    path = snapshot_path(workspace, service, day)
    with atomic_path(path) as temporary:
        write_snapshot(rows, service, temporary)
        seal_snapshot(city, path, temporary)
    pages.remove()

    snapshot = Snapshot(service=service, path=path)
    city.log("snapshot", f"{service.section}: {rows.count} rows of {service.shown}")
    return Taken(snapshot=snapshot, rows=rows.count, notes=rows.notes)


def open_layer_pages(city: City, service: Service, layer: Layer, day: date) -> KeptPages:
    """Return the pages of the same layer that a killed run left."""
    about = layer.about
    if not about.get("edited"):
        about |= {"day": day.isoformat()}  # yesterday's pages may be of another state
    return open_pages(city.workspace.sources / f".{service.section}.pages", about)


def fetch_rows(city: City, service: Service, layer: Layer, pages: KeptPages) -> LayerRows:
    """Return all rows of a layer."""
    with Progress(f"snapshot {service.section}", quiet=city.quiet) as progress:
        progress.total = layer.count or 0
        layer.fetch(pages, progress.advance)
    return layer.read(pages)


def check_count(count: int | None, last: Snapshot | None, service: Service) -> None:
    """Check that a layer has rows, and not far fewer than before.

    Raises:
        InputError: it has none, and had none before.
        Refused: it shrank by more than a third.
    """
    if count is None:
        return
    before = last.count if last else 0
    if count == 0 and not before:
        raise InputError(
            f"[{service.section}] path: {service.shown} has no row; correct the address"
        )
    if last and count < before * LEAST_KEPT:
        raise Refused(
            f"[{service.section}] path: {service.shown} shrank from {before:,} rows to {count:,}, "
            f"want no loss of more than a third; the snapshot of {last.day} was kept; ask those "
            f"who run it, and if it is right move {last.path} away and run snapshot again"
        )


def check_columns(
    city: City, columns: tuple[str, ...], last: Snapshot | None, service: Service
) -> None:
    """Check that a layer has every column that the city file names.

    Raises:
        MissingInput: it has not, and there is no earlier snapshot.
        Refused: it has not any more.
    """
    missing = [name for name in named_columns(city.file, service.section) if name not in columns]
    if not columns or not missing:
        return
    names = ", ".join(missing)
    if last is None:
        raise MissingInput(
            f"[{service.section}] path: {service.shown} has no column {names}; it has "
            f"{', '.join(columns[:20])}; correct the column name in the city file"
        )
    raise Refused(
        f"[{service.section}] path: {service.shown} has no column {names} any more, which the "
        f"city file names; the snapshot of {last.day} was kept; correct the name in the city file, "
        "or ask those who run it"
    )
