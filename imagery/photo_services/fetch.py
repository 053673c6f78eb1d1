"""The tiles that the parcels of a year need, fetched once and written as a flyover of files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np

from imagery.errors import Refused
from imagery.photo_services.blocks import write_blocks
from imagery.photo_services.enlarged import SAMPLES, TileAbove, is_enlarged
from imagery.photo_services.grid import TileGrid, TilePlace, TileSource, chip_boxes
from imagery.photo_services.image_server import open_image_server
from imagery.photo_services.kept import BLANK, NONE, PHOTO, KeptTiles, open_kept
from imagery.photo_services.pictures import Picture, Pixels, read_picture
from imagery.photo_services.service import Kind, PhotoService
from imagery.photo_services.wmts import open_wmts
from imagery.photo_services.xyz import open_xyz
from imagery.services.client import Client
from imagery.services.settings import SnapshotSettings

KEPT_FILE = "tiles.db"
"""Name of the file of fetched tiles, beside the blocks."""
ORIGIN = "origin"
OWN_PIXELS = "own pixels"

Tell = Callable[[int, int], None]
"""Told how many tiles of how many are here."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PhotoNeed:
    """What the chips of a city need."""

    shapes: gpd.GeoSeries
    """Outlines of the vacants, in any CRS."""
    margin_m: float
    """Margin of a chip."""
    gsd_m: float
    """Meters per pixel of a chip."""


@dataclass(frozen=True, kw_only=True)
class FetchedPhotos:
    """What was fetched."""

    level: str
    """Level of the service."""
    gsd_m: float
    """Meters per pixel on the ground where the city is."""
    asked: int
    """Tiles that were asked for now."""
    photos: int
    """Tiles with a photo."""
    none: int
    """Tiles that the service does not have."""
    blank: int
    """Tiles that show no ground."""
    bytes: int
    """Bytes of all tiles."""
    files: int
    """Files that were made of them."""


def fetch_photos(
    photo: PhotoService, need: PhotoNeed, settings: SnapshotSettings, folder: Path, tell: Tell
) -> FetchedPhotos:
    """Fetch the tiles that are missing, and write those that are new.

    Args:
        photo: The service.
        need: What is needed of it.
        settings: How it is asked.
        folder: Where the files are; tiles of an earlier run are kept.
        tell: See `Tell`.

    Raises:
        InputError: the service failed, has nothing here, or too many tiles would be asked for.
        Refused: the folder holds tiles of another service, or the level is only enlarged.
    """
    client = Client(service=photo.service, settings=settings, kept="fetched tiles were kept")
    source = open_source(photo, client, need)
    boxes = chip_boxes(need.shapes, source.grid.crs, need.margin_m)
    if not len(boxes):
        raise client.error("no vacant has a place", remedy="see roofwatch check")
    places = source.grid.tiles_of(boxes)
    with open_kept(folder / KEPT_FILE) as kept:
        _check_origin(kept, photo, source.grid, folder)
        new = len(set(places) - kept.places())
        _check_count(new, client)
        _check_own_pixels(kept, source, places, client)
        missing = sorted(set(places) - kept.places())
        for number, place in enumerate(missing, start=1):
            _fetch_tile(kept, source, place)
            tell(number, len(missing))

        kept.mark_repeated()
        count = kept.count()
        if not count.get(PHOTO):
            raise client.error(
                f"none of {len(places):,} tiles of level {source.grid.level} shows a photo",
                remedy="correct the address or zoom",
            )
        grid = _grid_of_pictures(kept, source, client)
        files = write_blocks(kept, grid, folder)
        return FetchedPhotos(
            level=grid.level,
            gsd_m=gsd_here(grid, need.shapes),
            asked=new,
            photos=count[PHOTO],
            none=count.get(NONE, 0),
            blank=count.get(BLANK, 0),
            bytes=kept.total_bytes(),
            files=files,
        )


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


def _check_origin(kept: KeptTiles, photo: PhotoService, grid: TileGrid, folder: Path) -> None:
    """Check that the tiles that are here are of the same service and level."""
    origin = f"{photo.identity}, level {grid.level}"
    before = kept.about(ORIGIN)
    if before and before != origin:
        raise Refused(
            f"[{photo.service.section}] path: {folder} holds tiles of {before}, not of {origin}; "
            "move it away and run roofwatch snapshot again"
        )
    kept.note(ORIGIN, origin)


def _check_count(count: int, client: Client) -> None:
    """Check that not more tiles are asked for than the city allows."""
    settings = client.settings
    if count > settings.most_tiles:
        hours = count / settings.requests_per_s / 3600
        raise client.error(
            f"{count:,} tiles would be asked for, {hours:,.1f} hours at "
            f"{settings.requests_per_s:g} a second, want at most {settings.most_tiles:,}",
            remedy="set a coarser zoom, or raise [snapshot] most_tiles",
        )


def _check_own_pixels(
    kept: KeptTiles, source: TileSource, places: Sequence[TilePlace], client: Client
) -> None:
    """Check on some tiles that the level is more than the one above enlarged; once."""
    if source.coarser is None or kept.about(OWN_PIXELS):
        return
    chosen = np.linspace(0, len(places) - 1, min(SAMPLES, len(places))).astype(int)
    pairs = []
    for number in chosen.tolist():
        picture = _fetch_tile(kept, source, places[number])
        above = _fetch(source.coarser, _above(places[number])) if picture else None
        if picture and above and picture.pixels.shape == above.pixels.shape:
            quarter = _quarter(above, places[number])
            pairs.append(TileAbove(tile=picture.pixels, quarter=quarter))
    if is_enlarged(pairs):
        level, above_level = source.grid.level, source.coarser.grid.level
        error = client.error(
            f"level {level} only enlarges level {above_level}, and must not pass as sharp",
            remedy=f"set zoom to {above_level}, move the folder of its tiles away and run "
            "roofwatch snapshot again",
        )
        raise Refused(*error.args)
    kept.note(OWN_PIXELS, f"compared on {len(pairs)} tiles")


def _above(place: TilePlace) -> TilePlace:
    return TilePlace(row=place.row // 2, column=place.column // 2)


def _quarter(above: Picture, place: TilePlace) -> Pixels:
    """Return the quarter of a tile that shows the ground of a tile below it."""
    rows, columns = (side // 2 for side in above.pixels.shape[1:])
    top = place.row % 2 * rows
    left = place.column % 2 * columns
    return above.pixels[:, top : top + rows, left : left + columns]


def _fetch_tile(kept: KeptTiles, source: TileSource, place: TilePlace) -> Picture | None:
    picture = _fetch(source, place)
    kept.add(place, picture)
    return picture


def _fetch(source: TileSource, place: TilePlace) -> Picture | None:
    request = source.request(place)
    return source.client.fetch(request.path, request.parameters, read_picture)


def _grid_of_pictures(kept: KeptTiles, source: TileSource, client: Client) -> TileGrid:
    """Return the grid with the pixels that the tiles really have."""
    found = kept.pixels()
    if len(found) > 1:
        raise client.error(
            f"its tiles have different sizes: {sorted(found)}", remedy="ask those who run it"
        )
    return source.grid.with_pixels(found.pop())
