"""Tiles of flyovers that are services, fetched by `roofwatch snapshot`."""

from dataclasses import asdict, dataclass

from imagery.photo_services.fetch import FetchedPhotos, PhotoNeed, fetch_photos
from imagery.photo_services.service import PhotoService
from roofwatch.city_photos import photo_folder
from roofwatch.progress import Progress
from roofwatch.year import City


@dataclass(frozen=True, kw_only=True)
class TakenPhotos:
    """The tiles of one year."""

    photo: PhotoService
    """Their service."""
    fetched: FetchedPhotos
    """What was fetched."""
    folder: str
    """Where they are."""

    @property
    def lines(self) -> list[str]:
        """Return what people are told."""
        fetched = self.fetched
        service = self.photo.service
        return [
            f"[{service.section}] level {fetched.level} of {service.shown}, {fetched.gsd_m:.3f} m "
            f"per pixel: {fetched.photos:,} tiles with a photo, {fetched.none:,} that are not "
            f"there, {fetched.blank:,} that show no ground; {fetched.asked:,} asked for now; "
            f"{fetched.bytes / 1e6:,.1f} MB in all: {self.folder}"
        ]

    @property
    def facts(self) -> dict[str, object]:
        """Return the same for programs."""
        address = self.photo.service.shown
        return {"section": self.photo.service.section, "address": address, **asdict(self.fetched)}


def photos_of(city: City) -> list[PhotoService]:
    """Return the tile services of the city file."""
    return [source.photos for source in city.file.flyover if source.photos]


def take_tiles(city: City, photo: PhotoService) -> TakenPhotos:
    """Fetch the tiles that the vacants need and that are not here.

    Raises:
        InputError: the service or the roll failed.
        Refused: the level is only enlarged, or the tiles that are here are of another service.
    """
    need = PhotoNeed(
        shapes=city.roll.table.geometry,
        margin_m=city.file.model.margin_m,
        gsd_m=city.file.model.gsd_m,
    )
    folder = photo_folder(city.file, photo.year)
    with Progress(f"snapshot {photo.service.section}", quiet=city.quiet) as progress:
        fetched = fetch_photos(photo, need, city.file.snapshot, folder, progress.update)
    city.log("snapshot", f"{photo.service.section}: {fetched.photos} tiles of {photo.identity}")
    return TakenPhotos(photo=photo, fetched=fetched, folder=f"sources/{folder.name}")
