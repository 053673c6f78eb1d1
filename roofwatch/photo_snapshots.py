"""Tiles of flyovers that are services, fetched by `roofwatch snapshot`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial

from imagery.photo_services.copied import MANIFEST
from imagery.photo_services.estimate import CopyEstimate
from imagery.photo_services.fetch import KEPT_FILE, FetchedPhotos, fetch_missing, finish_copy
from imagery.photo_services.job import CopyJob, CopyPlace, PhotoNeed, prepare_copy
from imagery.photo_services.kept import open_kept
from imagery.photo_services.service import PhotoService
from roofwatch.city_photos import photo_folder
from roofwatch.console import warn
from roofwatch.photo_facts import sharp_lines
from roofwatch.progress import Progress
from roofwatch.sealed_files import seal_snapshot
from roofwatch.sealed_photos import repair_line, trusted_copy
from roofwatch.year import City


@dataclass(frozen=True, kw_only=True)
class TakenPhotos:
    """The tiles of one year."""

    photo: PhotoService
    """Their service."""
    estimate: CopyEstimate
    """What was said before they were fetched."""
    fetched: FetchedPhotos
    """What was fetched."""
    folder: str
    """Where they are."""
    sharp: str
    """Why an enlarged level is taken for sharp, "" where none is."""

    @property
    def lines(self) -> list[str]:
        """Return what people are told."""
        fetched = self.fetched
        service = self.photo.service
        return [
            f"[{service.section}] level {fetched.level} of {service.shown}, {fetched.gsd_m:.3f} m "
            f"per pixel: {fetched.photos:,} tiles with a photo, {fetched.none:,} that are not "
            f"there, {fetched.blank:,} that show no ground; {fetched.asked:,} asked for now; "
            f"{fetched.bytes / 1e6:,.1f} MB in all: {self.folder}",
            *sharp_lines(self.photo, self.sharp),
        ]

    @property
    def facts(self) -> dict[str, object]:
        """Return the same for programs."""
        return {
            "section": self.photo.service.section,
            "address": self.photo.service.shown,
            **asdict(self.fetched),
            "estimate": self.estimate.facts,
            "own_pixels": self.sharp,
        }


@dataclass(frozen=True, kw_only=True)
class PlannedPhotos:
    """The tiles of one year that `snapshot` would fetch."""

    photo: PhotoService
    """Their service."""
    estimate: CopyEstimate
    """What would be fetched."""
    sharp: str
    """Why an enlarged level is taken for sharp, "" where none is."""

    @property
    def lines(self) -> list[str]:
        """Return what people are told."""
        section = self.photo.service.section
        return [f"[{section}] {self.estimate.line}", *sharp_lines(self.photo, self.sharp)]

    @property
    def facts(self) -> dict[str, object]:
        """Return the same for programs."""
        section = self.photo.service.section
        return {"section": section, **self.estimate.facts, "own_pixels": self.sharp}


def photos_of(city: City) -> list[PhotoService]:
    """Return the tile services of the city file."""
    return [source.photos for source in city.file.flyover if source.photos]


def plan_tiles(city: City, photo: PhotoService) -> PlannedPhotos:
    """Look at some tiles, which are kept, and say what would be fetched.

    Raises:
        InputError: the service or the roll failed, or a limit of the city file is passed.
        Refused: the level is only enlarged, or the tiles that are here are of another service.
    """
    with prepared(city, photo) as job:
        sharp = job.sampled.own_pixels.line
        return PlannedPhotos(photo=photo, estimate=job.estimate, sharp=sharp)


def take_tiles(city: City, photo: PhotoService) -> TakenPhotos:
    """Fetch the tiles that the vacants need and that are not here, or are damaged.

    Raises:
        InputError: the service or the roll failed, or a limit of the city file is passed.
        Refused: the level is only enlarged, or the tiles that are here are of another service.
    """
    section = photo.service.section
    folder = photo_folder(city.file, photo.year)
    with prepared(city, photo) as job:
        estimate = job.estimate
        if not city.quiet:
            warn(f"[{section}] {estimate.line}")
        with Progress(f"snapshot {section}", quiet=city.quiet) as progress:
            fetch_missing(job, progress.update)
        fetched = finish_copy(job, partial(seal_snapshot, city, folder / MANIFEST))
        sharp = job.sampled.own_pixels.line
        if job.earlier.damaged:
            city.log("repair", repair_line(section, job.earlier.damaged))
    # All of it is in files now, and in the table that the log seals.
    (folder / KEPT_FILE).unlink()
    told = f"; {sharp}" if sharp else ""
    city.log("snapshot", f"{section}: {fetched.photos} tiles of {photo.identity}{told}")
    return TakenPhotos(
        photo=photo,
        estimate=estimate,
        fetched=fetched,
        folder=f"sources/{folder.name}",
        sharp=sharp,
    )


@contextmanager
def prepared(city: City, photo: PhotoService) -> Iterator[CopyJob]:
    """Open what earlier runs left, and find out what is missing."""
    need = PhotoNeed(
        shapes=city.roll.table.geometry,
        margin_m=city.file.model.margin_m,
        gsd_m=city.file.model.gsd_m,
    )
    folder = photo_folder(city.file, photo.year)
    before = trusted_copy(city, photo.year)
    with open_kept(folder / KEPT_FILE) as kept:
        place = CopyPlace(folder=folder, kept=kept, before=before)
        yield prepare_copy(photo, need, city.file.snapshot, place)
