"""The sha256 of flyover tiles, each file read once in a run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from gis_export.table.inputs import ExportInputs
from imagery.errors import InputError
from imagery.files import sha256_file
from imagery.flyover.tiles import Tile

TileSums = Callable[[int, str], str]


def tile_sums(inputs: ExportInputs) -> TileSums:
    """Return what names the sha256 of a tile by year and file name, or says why there is none; every file is read once."""
    openers = {inputs.year: inputs.tiles} | {one.year: one.tiles for one in inputs.earlier}

    @cache
    def by_name(year: int) -> dict[str, list[Tile]]:
        found: dict[str, list[Tile]] = {}
        try:
            for tile in openers[year]():
                found.setdefault(tile.name, []).append(tile)
        except InputError:  # the imagery of an old year may be gone
            return {}
        return found

    @cache
    def sum_of(path: str) -> str:
        return (
            sha256_file(Path(path)) if Path(path).is_file() else "the file is missing; no checksum"
        )

    def sums(year: int, name: str) -> str:
        tiles = by_name(year).get(name, [])
        said = [
            "kept on another machine; no checksum"
            if tile.path.startswith("/vsi")
            else sum_of(tile.path)
            for tile in tiles
        ]
        return (
            " or ".join(dict.fromkeys(said))
            if said
            else "no longer among the files of the flyover; no checksum"
        )

    return sums
