"""A copy that can begin: the service was asked what it has, and some tiles were looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd

from imagery.errors import Refused
from imagery.photo_services.copied import PhotoCopy
from imagery.photo_services.damaged import EarlierCopy, look_at_earlier
from imagery.photo_services.enlarged import OwnPixels
from imagery.photo_services.estimate import CopyEstimate, check_count, check_estimate
from imagery.photo_services.grid import TileGrid, TilePlace, TileSource, chip_boxes
from imagery.photo_services.image_server import open_image_server
from imagery.photo_services.kept import KeptTiles
from imagery.photo_services.samples import Sampled, fetch_samples, samples_of_copy
from imagery.photo_services.service import Kind, PhotoService
from imagery.photo_services.wmts import open_wmts
from imagery.photo_services.xyz import open_xyz
from imagery.services.client import Client
from imagery.services.settings import SnapshotSettings

ORIGIN = "origin"


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoNeed:
    """What the chips of a city need."""

    shapes: gpd.GeoSeries
    """Outlines of the vacants, in any CRS."""
    margin_m: float
    """Margin of a chip."""
    gsd_m: float
    """Meters per pixel of a chip."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CopyPlace:
    """Where a copy is made."""

    folder: Path
    """Where its files are."""
    kept: KeptTiles
    """Tiles that are in no file yet."""
    before: PhotoCopy | None
    """What an earlier run left, None where nothing is known of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CopyJob:
    """A copy that can begin."""

    place: CopyPlace
    """Where it is made."""
    source: TileSource
    """The level."""
    shapes: gpd.GeoSeries
    """Outlines of the vacants, in any CRS."""
    origin: str
    """Service, layer and level."""
    earlier: EarlierCopy
    """What an earlier run left, compared with its checksums."""
    wanted: frozenset[TilePlace]
    """Tiles that are needed, and damaged tiles of an earlier run."""
    new: int
    """Tiles that were missing when it began."""
    sampled: Sampled
    """What some tiles tell of all."""

    @property
    def missing(self) -> list[TilePlace]:
        """Return the tiles that are not here, sorted."""
        kept = self.place.kept.tiles(self.source.grid.level)
        return missing_tiles(self.wanted, kept, self.earlier)

    @property
    def here_bytes(self) -> int:
        """Return how many bytes were sent of the tiles that are here."""
        kept = self.place.kept.tiles(self.source.grid.level)
        return sum(tile.bytes for tile in (self.earlier.intact | kept).values())

    @property
    def estimate(self) -> CopyEstimate:
        """Return what is still to be fetched."""
        pixels = self.sampled.pixels
        grid = self.source.grid.with_pixels(pixels) if all(pixels) else self.source.grid
        missing = self.missing
        return CopyEstimate(
            level=grid.level,
            gsd_m=gsd_here(grid, self.shapes),
            needed=len(self.wanted),
            missing=len(missing),
            damaged=len(self.earlier.lost.intersection(missing)),
            sent_bytes=self.sampled.sent_bytes,
            stored_bytes=self.sampled.stored_bytes,
            requests_per_s=self.source.client.settings.requests_per_s,
        )


def missing_tiles(
    wanted: frozenset[TilePlace], kept: Mapping[TilePlace, object], earlier: EarlierCopy
) -> list[TilePlace]:
    """Return the tiles that are neither kept nor in a file, sorted."""
    return sorted(wanted - kept.keys() - earlier.intact.keys())


def prepare_copy(
    photo: PhotoService, need: PhotoNeed, settings: SnapshotSettings, place: CopyPlace
) -> CopyJob:
    """Ask what a service has, look at some tiles, and find out what is missing.

    Args:
        photo: The service.
        need: What is needed of it.
        settings: How it is asked.
        place: Where the copy is made.

    Raises:
        InputError: the service failed, has nothing here, or a limit of the city file is passed.
        Refused: the folder holds tiles of another service, or the level is only enlarged.
    """
    client = Client(service=photo.service, settings=settings, kept="fetched tiles were kept")
    source = limited(open_source(photo, client, need))
    places = needed_tiles(source.grid, need, client)
    origin = f"{photo.identity}, level {source.grid.level}"
    check_origin(photo, origin, place)

    place.kept.drop_damaged()
    earlier = look_at_earlier(place.before, place.folder)
    wanted = earlier.lost.union(places)
    new = len(missing_tiles(wanted, place.kept.tiles(source.grid.level), earlier))
    check_count(new, client)
    job = CopyJob(
        place=place,
        source=source,
        shapes=need.shapes,
        origin=origin,
        earlier=earlier,
        wanted=wanted,
        new=new,
        sampled=look_at_samples(photo, source, places, place),
    )
    check_estimate(job.estimate, job.here_bytes, place.folder, client)
    return job


def limited(source: TileSource) -> TileSource:
    """Return a level whose tiles may not be longer than the city file allows."""
    most = round(source.client.settings.most_tile_mb * 1e6)
    client = replace(source.client, most_bytes=most)
    coarser = source.coarser and replace(source.coarser, client=client)
    return replace(source, client=client, coarser=coarser)


def open_source(photo: PhotoService, client: Client, need: PhotoNeed) -> TileSource:
    """Ask what the service has, and choose the level.

    Raises:
        InputError: it does not answer, or has no such layer or level.
    """
    if photo.kind is Kind.XYZ:
        return open_xyz(photo, client)
    if photo.kind is Kind.IMAGE_SERVER:
        return open_image_server(client)
    return open_wmts(photo, client, lambda grid: gsd_here(grid, need.shapes), need.gsd_m)


def gsd_here(grid: TileGrid, shapes: gpd.GeoSeries) -> float:
    """Return the meters on the ground of a pixel in the middle of parcels."""
    west, south, east, north = shapes.dropna().to_crs(grid.crs).total_bounds
    return grid.gsd_m(float(west + east) / 2, float(south + north) / 2)


def needed_tiles(grid: TileGrid, need: PhotoNeed, client: Client) -> list[TilePlace]:
    """Return the tiles that chips may show, sorted.

    Raises:
        InputError: no vacant has a place.
    """
    boxes = chip_boxes(need.shapes, grid.crs, need.margin_m)
    if not len(boxes):
        raise client.error("no vacant has a place", remedy="see roofwatch check")
    return grid.tiles_of(boxes)


def check_origin(photo: PhotoService, origin: str, place: CopyPlace) -> None:
    """Check that the tiles that are here are of the same service and level.

    Raises:
        Refused: they are not.
    """
    copied = place.before.about.origin if place.before else ""
    for before in (copied, place.kept.about(ORIGIN)):
        if before not in ("", origin):
            raise Refused(
                f"[{photo.service.section}] path: {place.folder} holds tiles of {before}, not of "
                f"{origin}; move it away and run roofwatch snapshot again"
            )
    place.kept.note(ORIGIN, origin)


def look_at_samples(
    photo: PhotoService, source: TileSource, places: Sequence[TilePlace], place: CopyPlace
) -> Sampled:
    """Look at some tiles, where that was not done by an earlier run.

    Raises:
        InputError: the service failed.
        Refused: the level is only enlarged, and the city file does not say that it is sharp.
    """
    if place.before:
        sampled = samples_of_copy(place.before)
    else:
        sampled = fetch_samples(place.kept, source, places)
    found = sampled.own_pixels
    if not found.is_enlarged:
        return sampled
    if not photo.own_pixels:
        raise only_enlarged(source, found)
    return replace(sampled, own_pixels=replace(found, taken_because=photo.own_pixels))


def only_enlarged(source: TileSource, found: OwnPixels) -> Refused:
    """Return the error of a level whose tiles add next to nothing to the level above."""
    level = source.grid.level
    above = source.coarser.grid.level if source.coarser else "above"
    error = source.client.error(
        f"level {level} only enlarges level {above} ({found.compared} tiles add {found.added:.2f} "
        "of detail to it), and must not pass as sharp",
        remedy=f"set zoom to {above}, move the folder of its tiles away and run roofwatch snapshot "
        "again; or look at the photos yourselves, and if they are sharp write own_pixels = "
        '"who looked, when, at what" below the zoom',
    )
    return Refused(*error.args)
