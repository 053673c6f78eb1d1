"""What the headers of a flyover's tiles leave in doubt, for `check`."""

from imagery.flyover.tiles import Tile
from imagery.troubles import Trouble, only_troubles, trouble_of


def tile_troubles(tiles: tuple[Tile, ...]) -> tuple[Trouble, ...]:
    """Return what was noticed when headers were read."""
    return only_troubles((_undeclared(tiles), _stale(tiles), _missing(tiles)))


def _undeclared(tiles: tuple[Tile, ...]) -> Trouble | None:
    """Name the tiles of which nothing declares the order of the bands, and what is assumed."""
    found = [f"{tile.name} ({tile.assumed})" for tile in tiles if tile.assumed]
    return trouble_of(
        found,
        what="tiles that do not declare the order of their bands; what is assumed",
        remedy="if that is wrong, colors are: declare each band with "
        "gdal_edit.py -colorinterp_1 red -colorinterp_2 green (and so on)",
    )


def _stale(tiles: tuple[Tile, ...]) -> Trouble | None:
    """Name the overviews that are older than their tiles."""
    found = [f"{tile.stale_overview} of {tile.name}" for tile in tiles if tile.stale_overview]
    return trouble_of(
        found,
        what="overviews older than the pixels that they show, which are not used",
        remedy="remove them and make them again with gdaladdo -r average",
    )


def _missing(tiles: tuple[Tile, ...]) -> Trouble | None:
    """Name the files that VRTs refer to and that are gone."""
    found: list[str] = []
    for tile in tiles:
        found += [f"{name} of {tile.name}" for name in tile.missing_sources]
    return trouble_of(
        found,
        what="files that a VRT refers to and that are not there",
        remedy="copy them to their place or build the VRT again; "
        "until then their parcels are NOT ASSESSED",
    )
