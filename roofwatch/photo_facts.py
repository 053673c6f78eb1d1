"""What is said of flyovers that are tile services, by `check` and in the manifest."""

from imagery.files import sha256_file
from imagery.photo_services.copied import MANIFEST, read_about
from imagery.photo_services.service import PhotoService
from imagery.troubles import Trouble, only_troubles, trouble_of
from roofwatch.city_file import CityFile
from roofwatch.city_photos import photo_folder

OWN_PIXELS = "own_pixels"
"""Key of the facts that is there only where an enlarged level is taken for sharp."""


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
    return {photo.service.section: facts | ({OWN_PIXELS: line} if line else {})}


def photo_lines(city: CityFile, year: int) -> list[str]:
    """Say from which day the tiles of a year are; no line where its flyover is no service."""
    photo = city.source(year).photos
    path = photo_folder(city, year) / MANIFEST
    if photo is None or not path.exists():
        return []
    about = read_about(path)
    return [
        f"  photos: {about.photos:,} tiles of level {about.level} of {photo.service.shown}, "
        f"{about.gsd_m:.3f} m per pixel, copied until {about.day}"
    ]


def photo_troubles(city: CityFile, year: int) -> tuple[Trouble, ...]:
    """Return that an enlarged level is taken for sharp, where it is."""
    facts = photo_facts(city, year)
    told = [
        f"{section} ({found[OWN_PIXELS]})"
        for section, found in facts.items()
        if OWN_PIXELS in found
    ]
    trouble = trouble_of(
        told,
        what="photos that may only be enlarged",
        remedy="look at some roofs, and set a coarser zoom where they are blurred",
    )
    return only_troubles([trouble])


def sharp_lines(photo: PhotoService, line: str) -> list[str]:
    """Return the note that an enlarged level is taken for sharp; none where it is not."""
    return [f"  note: [{photo.service.section}] {line}"] if line else []
