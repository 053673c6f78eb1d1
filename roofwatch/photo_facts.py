"""What is said of flyovers that are tile services, by `check` and in the manifest."""

from imagery.files import sha256_file
from imagery.photo_services.copied import MANIFEST, read_about
from imagery.photo_services.service import PhotoService
from roofwatch.city_file import CityFile
from roofwatch.city_photos import photo_folder


def photo_facts(city: CityFile, year: int) -> dict[str, dict[str, str]]:
    """Return address, level, day and checksum of the tiles of a year, for the manifest.

    Returns:
        Empty where its flyover is no service, or its tiles are not here yet.
    """
    photo = city.source(year).photos
    path = photo_folder(city, year) / MANIFEST
    if photo is None or not path.exists():
        return {}
    about = read_about(path)
    facts = {
        "address": photo.service.identity,
        "level": about.level,
        "gsd_m": f"{about.gsd_m:.4f}",
        "tiles": str(about.photos),
        "day": about.day,
        "sha256": sha256_file(path),
    }
    line = about.own_pixels.line
    return {photo.service.section: facts | ({"own_pixels": line} if line else {})}


def photo_lines(city: CityFile, year: int) -> list[str]:
    """Say from which day the tiles of a year are; no line where its flyover is no service."""
    photo = city.source(year).photos
    path = photo_folder(city, year) / MANIFEST
    if photo is None or not path.exists():
        return []
    about = read_about(path)
    told = (
        f"  photos: {about.photos:,} tiles of level {about.level} of {photo.service.shown}, "
        f"{about.gsd_m:.3f} m per pixel, copied until {about.day}"
    )
    return [told, *sharp_lines(photo, about.own_pixels.line)]


def sharp_lines(photo: PhotoService, line: str) -> list[str]:
    """Return the note that an enlarged level is taken for sharp; none where it is not."""
    return [f"  note: [{photo.service.section}] {line}"] if line else []
