"""The sha256 of flyover tiles, each file read once in a run."""

from pathlib import Path

from gis_export.table.inputs import ExportInputs
from imagery.errors import InputError
from imagery.files import sha256_file
from imagery.flyover.tiles import Tile

GONE = "no longer among the files of the flyover; no checksum"
MISSING = "the file is missing; no checksum"
REMOTE = "kept on another machine; no checksum"


class TileSums:
    """The checksums of the tiles that chips were cut from."""

    def __init__(self, inputs: ExportInputs) -> None:
        """Read no file yet."""
        self._openers = {inputs.year: inputs.tiles}
        for year in inputs.earlier:
            self._openers[year.year] = year.tiles
        self._tiles_by_name: dict[int, dict[str, list[Tile]]] = {}
        self._sum_by_path: dict[str, str] = {}

    def of(self, year: int, name: str) -> str:
        """Return the sha256 of a tile, or why there is none.

        Args:
            year: Year of the flyover.
            name: Name of the file. Several tiles of one name in different folders all count.
        """
        if year not in self._tiles_by_name:
            self._tiles_by_name[year] = self._read_tiles(year)

        tiles = self._tiles_by_name[year].get(name, [])
        sums = dict.fromkeys(self._sum(tile.path) for tile in tiles)
        return " or ".join(sums) or GONE

    def _read_tiles(self, year: int) -> dict[str, list[Tile]]:
        """Return the tiles of a flyover by name, none when its imagery is gone."""
        tiles_by_name: dict[str, list[Tile]] = {}
        try:
            for tile in self._openers[year]():
                tiles_by_name.setdefault(tile.name, []).append(tile)
        except InputError:  # the imagery of an old year may be gone
            return {}
        return tiles_by_name

    def _sum(self, path: str) -> str:
        if path.startswith("/vsi"):
            return REMOTE

        if path not in self._sum_by_path:
            is_there = Path(path).is_file()
            self._sum_by_path[path] = sha256_file(Path(path)) if is_there else MISSING
        return self._sum_by_path[path]
