"""The inputs of a year's chips, and the checksum that tells whether they have changed."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import shapely

from imagery.chips.settings import TileSettings
from imagery.flyover.evidence import table_evidence, with_evidence
from imagery.flyover.flyover import Flyover
from imagery.roll.files import FootprintFile
from imagery.roll.parcels import VacantRoll

CUTTER = 5
"""Increase this when the same inputs give different chips."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CutInputs:
    """Everything that the chips of a year are cut from."""

    roll: VacantRoll
    """The vacant roll."""
    flyover: Flyover
    """The year's imagery."""
    settings: TileSettings
    """Scale, margin and quality limits."""
    footprints: FootprintFile | None
    """Building outlines, intersected with the parcels; None for whole parcels."""

    @cached_property
    def key(self) -> str:
        """Return a checksum that changes when anything does that chips depend on."""
        # These are checked or done elsewhere, and change no chip of the same tiles.
        settings = replace(
            self.settings, registration="off", max_shift=1.0, max_block_mb=1.0, max_seconds=1.0
        )
        flyover = self.flyover
        buildings = self.footprints
        outlines: tuple[object, ...] = ()
        if buildings:
            # Where it lies does not matter, so that a city may be moved.
            outlines = (replace(buildings, path=Path()), table_evidence(buildings.path))
        facts = (CUTTER, flyover.year, flyover.white, settings, outlines)

        digest = hashlib.sha256(repr(facts).encode())
        for tile in with_evidence(flyover.tiles):
            digest.update(tile.facts.encode())
        digest.update(_roll_bytes(self.roll))
        return digest.hexdigest()


@lru_cache(maxsize=2)
def _roll_bytes(roll: VacantRoll) -> bytes:
    """Return the ids and outlines of a roll; one roll serves all years of a run.

    The parcels without a notice are a roll of their own.
    """
    ids = "\0".join([*roll.table["parcel_id"], "", *roll.without_area])
    shapes = shapely.to_wkb(roll.table.geometry.to_numpy())
    outlines = b"".join(shape or b"-" for shape in shapes)
    return ids.encode() + repr(roll.table.crs).encode() + outlines
