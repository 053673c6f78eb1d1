"""Displaced tiles of a year: what was measured, and the flyover with them corrected."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pyproj import CRS

from imagery.chips.registration import TileShift, displaced, move_back
from imagery.errors import InputError
from imagery.files import atomic_path
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile

ACTIONS = {
    "correct": "laid where it belongs",
    "quarantine": "its parcels are NOT ASSESSED",
    "report": "left as it is",
}
"""What `[tile] registration` does with a displaced tile, in words."""


@dataclass(frozen=True, kw_only=True)
class Displacements:
    """Result of one registration of a year; registration.json holds it."""

    key: str
    """Checksum of all that the compared chips were cut from."""
    lot_width_m: float
    """Median lot width, meters."""
    tiles: tuple[TileShift, ...]
    """Every tile that was measured; a shift that cannot be told is null."""

    def beyond(self, max_shift: float) -> list[TileShift]:
        """Return the tiles displaced by more than a share of the median lot width."""
        return displaced(list(self.tiles), max_shift * self.lot_width_m)


def read_displacements(path: Path) -> Displacements | None:
    """Read a registration.json; None when there is none.

    Raises:
        InputError: it is damaged.
    """
    if not path.exists():
        return None

    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        tiles = tuple(TileShift(**shift) for shift in facts["tiles"])
        return Displacements(key=facts["key"], lot_width_m=facts["lot_width_m"], tiles=tiles)
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path} is damaged; remove it and tile the year again") from error


def write_displacements(path: Path, found: Displacements) -> None:
    """Write a registration.json."""
    facts = {
        "key": found.key,
        "lot_width_m": found.lot_width_m,
        "tiles": [asdict(shift) for shift in found.tiles],
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(facts, indent=1), encoding="utf-8")


def correct_tiles(
    flyover: Flyover, shifts: list[TileShift], *, action: str, metric_crs: CRS
) -> Flyover:
    """Return a flyover with its displaced tiles moved back, quarantined or left as they are.

    Args:
        flyover: The imagery as delivered.
        shifts: Its displaced tiles.
        action: A key of `ACTIONS`.
        metric_crs: CRS in meters in which the shifts were measured.
    """
    if not shifts or action == "report":
        return flyover

    shift_of = {shift.tile: shift for shift in shifts}
    tiles: list[Tile] = []
    for tile in flyover.tiles:
        if tile.name not in shift_of:
            tiles.append(tile)
        elif action == "correct":
            tiles.append(move_back(tile, shift_of[tile.name], metric_crs))
        else:
            tiles.append(replace(tile, displaced=True))
    return replace(flyover, tiles=tuple(tiles))
