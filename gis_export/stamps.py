"""What a part of an export depends on, as checksums: what is equal need not be made again."""

import hashlib
import os
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache, cached_property
from pathlib import Path

from gis_export.digest import digest
from gis_export.fire.map.ground import ground_of
from gis_export.job import ExportJob
from gis_export.table import columns
from gis_export.table.inputs import ExportInputs
from imagery.chips.store import ChipStore
from imagery.errors import InputError
from imagery.flyover.evidence import file_state, find_evidence
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile
from imagery.workspace import ChipFiles

ROOMS = ("gis_export", "imagery", "inference", "labels")
"""Packages whose code makes products."""
_STAMPED = frozenset({"flyover", "chips", "tiles", "earlier", "reach"})
"""Inputs that have a checksum of their own: files are compared by size and time."""


class Stamps:
    """The checksums of what the parts of one export are made from."""

    def __init__(self, job: ExportJob) -> None:
        """Compute none yet."""
        self.job = job

    def key(self, needs: Iterable[str]) -> str:
        """Return the checksum of the code and of what a part needs.

        Args:
            needs: Names of properties of this class.

        Returns:
            "" where something cannot be compared: such a part is made again.
        """
        try:
            return digest(code_stamp(), [(name, getattr(self, name)) for name in needs])
        except TypeError:
            return ""

    @cached_property
    def rows(self) -> str:
        """Return that of every row, text and setting."""
        job = self.job
        inputs = job.inputs
        plain = [field.name for field in fields(ExportInputs) if field.name not in _STAMPED]
        return digest(
            job.fire_table,
            job.table,
            job.settings,
            job.lineage,
            job.addresses,
            [(name, getattr(inputs, name)) for name in plain],
            [(year.year, year.flown, year.ledger) for year in inputs.earlier],
        )

    @cached_property
    def flyover(self) -> str:
        """Return that of the flyover."""
        return _flyover_stamp(self.job.inputs.flyover)

    @cached_property
    def chips(self) -> str:
        """Return that of the chips of all years."""
        inputs = self.job.inputs
        stores = [inputs.chips, *(year.chips for year in inputs.earlier)]
        return digest([_chips_stamp(store) for store in stores])

    @cached_property
    def parcels(self) -> str:
        """Return that of the parcels on the fire map, in their order."""
        return digest(self.job.fire_rows[columns.PARCEL_ID].tolist())

    @cached_property
    def place(self) -> str:
        """Return that of the ground of the fire map."""
        settings = self.job.settings.map
        shapes = self.job.fire_rows.geometry
        return digest(ground_of(shapes, gsd_m=settings.gsd_m, megapixels=settings.megapixels))

    @cached_property
    def pictures(self) -> str:
        """Return that of the heat maps."""
        folder = self.job.pictures
        return _files_stamp(folder.iterdir()) if folder.is_dir() else ""

    @cached_property
    def reach(self) -> str:
        """Return that of the parcels without a notice, and of what people found there."""
        return digest(self.job.inputs.reach)

    @cached_property
    def tiles(self) -> str:
        """Return that of the tiles of all years, whose checksums are in the packets."""
        inputs = self.job.inputs
        found = [_tiles_of(inputs.tiles), *(_tiles_of(year.tiles) for year in inputs.earlier)]
        return digest([_tiles_stamp(tiles) for tiles in found])


@cache
def code_stamp() -> str:
    """Return that of the code of the products, and of the versions of all libraries."""
    found = hashlib.sha256()
    libraries = Path(sysconfig.get_path("purelib"))
    if libraries.is_dir():
        found.update("\n".join(sorted(path.name for path in libraries.iterdir())).encode())

    home = Path(__file__).parent.parent
    for room in ROOMS:
        for path in sorted((home / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(str(path.relative_to(home)).encode())
                found.update(path.read_bytes())
    return found.hexdigest()


def _tiles_of(tiles: Callable[[], tuple[Tile, ...]]) -> tuple[Tile, ...]:
    """Return the tiles of a flyover, none when its imagery is gone."""
    try:
        return tiles()
    except InputError:
        return ()


def _flyover_stamp(flyover: Flyover | None) -> str:
    if flyover is None:
        return ""
    return digest(flyover, _tiles_stamp(flyover.tiles))


def _tiles_stamp(tiles: Iterable[Tile]) -> str:
    """Return the checksum of names, sizes and times of tiles and of what lies beside them.

    A file on another machine shows neither: then no two checksums are equal.
    """
    states = [(tile.path, find_evidence(tile.path)) for tile in tiles]
    if not all(state for _, state in states):
        return os.urandom(16).hex()
    return digest(states)


def _chips_stamp(store: ChipStore | None) -> str:
    if store is None:
        return ""
    shards = sorted(store.folder.glob("shard_*.bin"))
    return digest(store.manifest, _files_stamp([*shards, ChipFiles(folder=store.folder).manifest]))


def _files_stamp(paths: Iterable[Path]) -> str:
    """Return the checksum of names, sizes and times of files."""
    return digest([(path.name, *file_state(str(path))) for path in sorted(paths)])
