"""Layers of the city file that are services: their snapshots take the place of their addresses.

This is the one place where an address becomes a path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from imagery.errors import ConfigError, MissingInput
from imagery.services.service import Service, is_service
from imagery.services.snapshot_file import Snapshot, find_snapshot
from imagery.workspace import Workspace
from roofwatch.city_file import CityFile

SECTIONS = ("parcels", "vacant", "footprints", "labels")
"""Sections whose path may be the address of a service."""
Document = dict[str, object]
"""A city file as TOML."""


def take_services(document: Document, file: str) -> tuple[Document, tuple[Service, ...]]:
    """Return the city file with a path in place of each address, and the services.

    Args:
        document: The city file as it was read.
        file: Its name, for messages.

    Raises:
        ConfigError: an address that holds a secret, or a layer that is no text.
    """
    taken = dict(document)
    services = []
    for section in SECTIONS:
        values = document.get(section)
        if not isinstance(values, dict):
            continue
        address = values.get("path")
        if not (isinstance(address, str) and is_service(address)):
            continue

        layer = values.get("layer", "")
        if not isinstance(layer, str):
            raise ConfigError(f"{file}: [{section}] layer: got {layer!r}, want text in quotes")
        try:
            services.append(Service(section=section, address=address, layer=layer))
        except ConfigError as error:
            raise ConfigError(f"{file}: {error}") from error
        taken[section] = {**values, "path": _placeholder(section), "layer": ""}
    return taken, tuple(services)


def _placeholder(section: str) -> str:
    return f"{section}.gpkg"


def with_snapshots(city: CityFile, services: tuple[Service, ...]) -> CityFile:
    """Return the city file with the path of the last snapshot of each service.

    Where there is none, the path is one at which no file is.
    """
    if not services:
        return city
    paths = SnapshotPaths(paths=_find_paths(city, services))
    return replace(
        city,
        services=services,
        parcels=replace(city.parcels, path=paths.of("parcels", city.parcels.path)),
        vacant=replace(city.vacant, path=paths.of("vacant", city.vacant.path)),
        footprints=city.footprints
        and replace(city.footprints, path=paths.of("footprints", city.footprints.path)),
        labels=city.labels and replace(city.labels, path=paths.of("labels", city.labels.path)),
    )


@dataclass(frozen=True, kw_only=True)
class SnapshotPaths:
    """Where the sections that are services are read from."""

    paths: Mapping[str, Path]
    """By section."""

    def of(self, section: str, path: Path) -> Path:
        """Return the path of a section: that of its snapshot, or else its own."""
        return self.paths.get(section, path)


def _find_paths(city: CityFile, services: tuple[Service, ...]) -> dict[str, Path]:
    workspace = Workspace(folder=city.city.workspace)
    paths = {}
    for service in services:
        last = find_snapshot(workspace, service)
        none = workspace.sources / _placeholder(service.section)
        paths[service.section] = last.path if last else none
    return paths


def find_snapshots(city: CityFile) -> tuple[Snapshot, ...]:
    """Return the last snapshot of each layer that is a service and has one."""
    workspace = Workspace(folder=city.city.workspace)
    found = (find_snapshot(workspace, service) for service in city.services)
    return tuple(snapshot for snapshot in found if snapshot)


def snapshot_facts(city: CityFile) -> dict[str, dict[str, str]]:
    """Return address, day and checksum of each snapshot by its section, for the manifest."""
    return {
        snapshot.service.section: {
            "address": snapshot.service.identity,
            "day": snapshot.day,
            "sha256": snapshot.sha256,
        }
        for snapshot in find_snapshots(city)
    }


def snapshot_lines(city: CityFile) -> list[str]:
    """Say from which day each snapshot is; no line where no layer is a service."""
    told = [f"{found.service.section} of {found.day}" for found in find_snapshots(city)]
    return [f"  read from snapshots: {', '.join(told)}"] if told else []


def check_snapshots(city: CityFile, path: Path) -> None:
    """Check that each service has a snapshot.

    Args:
        city: The city file.
        path: Where it is.

    Raises:
        MissingInput: one has none.
    """
    workspace = Workspace(folder=city.city.workspace)
    for service in city.services:
        if find_snapshot(workspace, service) is None:
            raise MissingInput(
                f"{path.name}: [{service.section}] path: no snapshot of {service.shown} in "
                f"{workspace.sources}; run roofwatch snapshot {path} first"
            )


def named_columns(city: CityFile, section: str) -> tuple[str, ...]:
    """Return every column that the city file names of a section, once."""
    names: tuple[str, ...] = ()
    if section == "parcels":
        parcels = city.parcels
        areas = tuple(area.column for area in city.audit.areas if area.path is None)
        names = (*parcels.id, *parcels.columns, parcels.owner_class, *areas)
    elif section == "vacant":
        names = (*city.vacant.id, *city.vacant.columns)
    elif section == "labels" and city.labels:
        names = city.labels.columns
    return tuple(dict.fromkeys(name.strip() for name in names if name and name != "geometry"))
