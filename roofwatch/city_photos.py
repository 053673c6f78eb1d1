"""Flyovers of the city file that are tile services: files in the workspace take their place."""

from dataclasses import replace
from pathlib import Path

from imagery.errors import ConfigError
from imagery.photo_services.service import PhotoService, kind_of, photo_service
from imagery.workspace import Workspace
from roofwatch.city_file import CityFile

Document = dict[str, object]
"""A city file as TOML."""
KEYS = {"zoom", "layer", "own_pixels"}
"""Keys of a [[flyover]] that is a tile service."""


def take_photos(document: Document, file: str) -> tuple[Document, tuple[PhotoService, ...]]:
    """Return the city file with a path in place of each tile service, and the services.

    Args:
        document: The city file as it was read.
        file: Its name, for messages.

    Raises:
        ConfigError: an address that cannot be used, or one in a list with other paths.
    """
    flyovers = document.get("flyover")
    if not isinstance(flyovers, list):
        return document, ()
    taken = []
    found = []
    for values in flyovers:
        photo = _find_photo(values, file) if isinstance(values, dict) else None
        found += [photo] if photo else []
        taken.append({**values, "path": "."} if photo else values)
    return {**document, "flyover": taken}, tuple(found)


def _find_photo(values: Document, file: str) -> PhotoService | None:
    path = values.get("path")
    paths = path if isinstance(path, list) else [path]
    named = [each for each in paths if isinstance(each, str) and kind_of(each)]
    year, zoom, layer = values.get("year"), values.get("zoom", -1), values.get("layer", "")
    own_pixels = values.get("own_pixels", "")
    if not named:
        if KEYS & values.keys():
            raise ConfigError(
                f"{file}: [[flyover]] {year}: zoom, layer and own_pixels are of tile services; "
                "remove them"
            )
        return None
    if len(paths) > 1:
        raise ConfigError(
            f"{file}: [[flyover]] {year} path: got a tile service among other paths, want it alone"
        )
    if not (isinstance(year, int) and isinstance(zoom, int)):
        return None  # the reader says what is wrong
    if not (isinstance(layer, str) and isinstance(own_pixels, str)):
        return None
    try:
        return photo_service(year, named[0], zoom=zoom, layer=layer, own_pixels=own_pixels)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def with_photos(city: CityFile, photos: tuple[PhotoService, ...]) -> CityFile:
    """Return the city file with the folder in which the tiles of each service are."""
    by_year = {photo.year: photo for photo in photos}
    flyovers = [
        replace(source, photos=by_year[source.year], path=(str(photo_folder(city, source.year)),))
        if source.year in by_year
        else source
        for source in city.flyover
    ]
    return replace(city, flyover=tuple(flyovers))


def photo_folder(city: CityFile, year: int) -> Path:
    """Return where the tiles of a year's service are kept."""
    return Workspace(folder=city.city.workspace).sources / f"flyover_{year}"
