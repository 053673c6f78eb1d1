"""Reading the city file: checked whole before any work."""

import datetime
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from imagery.errors import ConfigError, MissingInput
from imagery.troubles import shown
from imagery.values.texts import LONGEST_TEXT, is_plain
from models.spec import DOWNLOAD
from roofwatch.city_file import CityFile
from roofwatch.city_photos import take_photos, with_photos
from roofwatch.city_services import check_snapshots, take_services, with_snapshots
from roofwatch.toml_reader import VIRTUAL, Reader


def read_city(path: Path, *, needs_snapshots: bool = True) -> CityFile:
    """Read and check a city file.

    Args:
        path: The file.
        needs_snapshots: Whether each layer that is a service must have a snapshot.

    Raises:
        MissingInput: the file, or a file it names, is not there.
        ConfigError: bad TOML, an unknown or missing key, a wrong type, two flyovers of one year.
    """
    if not path.is_file():
        raise MissingInput(f"city file: no file at {path}; give the path of a city TOML file")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not valid TOML: {error}; correct that line") from error

    document, services = take_services(document, path.name)
    document, photos = take_photos(document, path.name)
    reader = Reader(file=path.name, base=path.parent.resolve())
    city = reader.read_table(CityFile, document, "")
    check_name(city, path.name)
    check_flyovers(city, path.name)
    city = with_photos(with_snapshots(city, services), photos)
    if needs_snapshots:
        check_snapshots(city, path)
    check_files(city, path.name)

    tile = replace(city.tile, gsd_m=city.model.gsd_m, margin_m=city.model.margin_m)
    labels = city.labels
    if labels is not None and city.export.as_of:
        labels = replace(labels, latest=datetime.date.fromisoformat(city.export.as_of))
    # What lies below the city file's own folder is the city's.
    imagery = replace(city.imagery, allow=(str(reader.base), *city.imagery.allow))
    parcels = replace(city.parcels, reach=city.reach)
    return replace(city, tile=tile, labels=labels, imagery=imagery, parcels=parcels)


def check_name(city: CityFile, file: str) -> None:
    """Check that the name leaves something to call a registered model by."""
    name = city.city.name
    if not re.search(r"[A-Za-z0-9]", name):
        raise ConfigError(
            f"{file}: [city] name: got {shown(name)}, want a name with a letter from A to Z "
            "or a digit: it names the model"
        )
    if not is_plain(name):
        raise ConfigError(
            f"{file}: [city] name: got {shown(name)}, want at most {LONGEST_TEXT} characters "
            "and no control character"
        )


def check_flyovers(city: CityFile, file: str) -> None:
    """Check that there is a flyover, each year once, with days that can be read."""
    if not city.flyover:
        raise ConfigError(f"{file}: no [[flyover]]; want at least one with year and path")

    seen: set[int] = set()
    for source in city.flyover:
        if source.year in seen:
            raise ConfigError(
                f"{file}: [[flyover]] year: got {source.year} twice, want each year once; "
                "join the two path entries into a list"
            )
        seen.add(source.year)
        try:
            _ = source.flown
        except ValueError as error:
            raise ConfigError(
                f"{file}: [[flyover]] {source.year} date: got {source.date!r}, want YYYY-MM-DD"
            ) from error


def check_files(city: CityFile, file: str) -> None:
    """Check that the files that are named are there."""
    services = {f"[{service.section}] path" for service in city.services}
    for name, path in named_files(city):
        if name in services:
            continue
        if not str(path).startswith(VIRTUAL) and not path.exists():
            raise MissingInput(
                f"{file}: {name}: no file at {path}; put it there or correct the path"
            )

    weights = city.model.weights
    if weights not in ("", DOWNLOAD) and not Path(weights).exists():
        raise MissingInput(
            f"{file}: [model] weights: no file at {weights}; give a .safetensors or .pth state dict"
        )


def named_files(city: CityFile) -> Iterator[tuple[str, Path]]:
    """Yield key and path of every table that the city file names."""
    yield "[parcels] path", city.parcels.path
    yield "[vacant] path", city.vacant.path
    if city.labels:
        yield "[labels] path", city.labels.path
    if city.footprints:
        yield "[footprints] path", city.footprints.path

    dispatch = city.export.dispatch
    if dispatch.columns:
        yield "[export.dispatch] columns", dispatch.columns
    if dispatch.addresses:
        yield "[export.dispatch] addresses", dispatch.addresses
    if city.export.fires:
        yield "[export.fires] path", city.export.fires.path
    for place in city.storm.places:
        yield "[[storm.places]] path", place.path
    for area in city.audit.areas:
        if area.path:
            yield "[[audit.areas]] path", area.path
