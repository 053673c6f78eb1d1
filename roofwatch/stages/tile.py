"""The chip stage of a city, shared by training and scoring: cut, see which tiles lie off, put those right."""

import dataclasses
import json
from pathlib import Path

from pyproj import CRS

from imagery.chips.registration import TileShift, displaced, move_back, tile_shifts
from imagery.chips.store import ChipStore
from imagery.chips.tiling import TileSettings, inputs_key, metric_crs, tile_parcels
from imagery.errors import InputError
from imagery.files import atomic_path
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile
from models.spec import ModelSpec
from roofwatch.year import City

DONE = {
    "correct": "laid where it belongs",
    "quarantine": "its parcels are NOT ASSESSED",
    "report": "left as it is",
}
"""What [tile] registration does with a tile that lies off."""


def tile(city: City, year: int, spec: ModelSpec | None = None) -> ChipStore:
    """Cut the year's chips at the scale of `spec` (default: the city file's model).

    Tiles that lie off are found by comparing the chips with those of the flyover before (cut now when they are not there yet), or
    with the outlines; the parcels of such tiles are then cut again. The measurement is kept in <year>/registration.json.
    """
    scale = spec or city.file.model.spec
    settings = dataclasses.replace(city.file.tile, gsd_m=scale.gsd_m, margin_m=scale.margin_m)
    flyover, path = city.flyover(year), city.folder(year) / "registration.json"
    if settings.registration == "off":
        path.unlink(missing_ok=True)
        return _cut(city, flyover, settings)
    key = inputs_key(city.roll, flyover, settings, city.file.footprints)
    if _recorded_key(path) != key:
        store = _cut(city, flyover, settings)
        before, against = _earlier_chips(city, year, spec)
        shifts = tile_shifts(
            store.folder,
            before,
            against=against,
            mapper=city.mapper(f"compare {year} with {against}", 0),
        )
        _record(path, key, shifts, store.lot_width_m(settings.margin_m))
    return _cut(city, registered_flyover(city, year), settings)


def registered_flyover(city: City, year: int) -> Flyover:
    """Return the flyover of a year with its displaced tiles put right, as far as they are known."""
    off, flyover = displaced_tiles(city, year), city.flyover(year)
    return _put_right(flyover, off, city.file.tile, metric_crs(city.roll)) if off else flyover


def displaced_tiles(city: City, year: int) -> list[TileShift]:
    """Return the tiles of a year that are known to lie off; [] before its chips have been cut."""
    path = city.folder(year) / "registration.json"
    if not path.exists():
        return []
    facts = json.loads(path.read_text(encoding="utf-8"))
    return displaced(
        [TileShift(**shift) for shift in facts["tiles"]],
        city.file.tile.max_shift * facts["lot_width_m"],
    )


def shift_lines(city: City, year: int) -> tuple[str, ...]:
    """Say of every tile that lies off how far, and what was done."""
    done = DONE.get(city.file.tile.registration, "")
    return tuple(f"{shift.describe()}; {done}" for shift in displaced_tiles(city, year))


def _cut(city: City, flyover: Flyover, settings: TileSettings) -> ChipStore:
    mapper = city.mapper(f"cut {flyover.year}", len(city.roll))
    return tile_parcels(
        city.roll,
        flyover,
        city.folder(flyover.year) / "chips",
        settings=settings,
        footprints=city.file.footprints,
        mapper=mapper,
    )


def _earlier_chips(city: City, year: int, spec: ModelSpec | None) -> tuple[Path | None, str]:
    """Return the chips of the flyover before and its year; the outlines where there is none, or its imagery is gone."""
    years = [source.year for source in city.file.flyover if source.year < year]
    if not years:
        return None, "outlines"
    before = max(years)
    folder = city.folder(before) / "chips"
    if not (folder / "manifest.parquet").exists():
        try:
            tile(city, before, spec)
        except InputError:
            return None, "outlines"
    return folder, str(before)


def _put_right(
    flyover: Flyover, off: list[TileShift], settings: TileSettings, metric: CRS
) -> Flyover:
    shifts = {shift.tile: shift for shift in off}

    def mend(one: Tile) -> Tile:
        if one.name not in shifts or settings.registration == "report":
            return one
        return (
            move_back(one, shifts[one.name], metric)
            if settings.registration == "correct"
            else dataclasses.replace(one, displaced=True)
        )

    return dataclasses.replace(flyover, tiles=tuple(mend(one) for one in flyover.tiles))


def _recorded_key(path: Path) -> str:
    return str(json.loads(path.read_text(encoding="utf-8"))["key"]) if path.exists() else ""


def _record(path: Path, key: str, shifts: list[TileShift], lot_width_m: float) -> None:
    """Write what was measured; a shift that cannot be told is null."""
    with atomic_path(path) as temporary:
        temporary.write_text(
            json.dumps(
                {
                    "key": key,
                    "lot_width_m": lot_width_m,
                    "tiles": [dataclasses.asdict(shift) for shift in shifts],
                },
                indent=1,
            ),
            encoding="utf-8",
        )
