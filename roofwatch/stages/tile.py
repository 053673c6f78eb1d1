"""`roofwatch tile`: cut the chips of a year, find displaced tiles, and cut those again.

Training and scoring come this way too.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from imagery.chips.bare_lots import IN_DOUBT
from imagery.chips.displacement import (
    ACTIONS,
    Displacements,
    correct_tiles,
    read_displacements,
    write_displacements,
)
from imagery.chips.inputs import CutInputs
from imagery.chips.manifest import compare_with_before
from imagery.chips.registration import TileShift, tile_shifts
from imagery.chips.settings import TileSettings
from imagery.chips.store import ChipStore, open_store
from imagery.chips.tiling import CutRunner, metric_crs, tile_parcels
from imagery.errors import InputError
from imagery.flyover.flyover import Flyover
from models.spec import ModelSpec
from roofwatch.answer import Answer, count_lines, count_values
from roofwatch.opened import open_year
from roofwatch.sealed_files import CHIPS, drop_broken, seal
from roofwatch.sealed_photos import check_pixels
from roofwatch.year import CityYear
from roofwatch.year_reach import cut_reach


def command(options: argparse.Namespace) -> Answer:
    """Cut chips, and say what became of every parcel."""
    year = open_year(options)
    store = tile(year)
    reach = tile_reach(year)

    counts = count_chips(store)
    shifts = shift_lines(year)
    notes = [f"  note: {line}" for line in (*shifts, *doubt_lines(store))]
    lines = [*count_lines(counts), *notes, f"chips: {store.folder}"]
    facts = {
        "chips": str(store.folder),
        "parcels": len(store.manifest),
        "counts": counts,
        "displaced_tiles": shifts,
    }
    if reach:
        apart = count_chips(reach)
        lines += ["parcels without a notice:", *count_lines(apart), f"chips: {reach.folder}"]
        facts["without_notice"] = apart
    return Answer(lines=lines, facts=facts)


def count_chips(store: ChipStore) -> dict[str, int]:
    """Count chips, and the parcels without one by reason."""
    is_chip = store.manifest["status"] == "chip"
    return count_values(store.manifest["reason"].mask(is_chip, "chip"))


def doubt_lines(store: ChipStore) -> tuple[str, ...]:
    """Say how many lots may be without a building and are scored all the same."""
    in_doubt = store.manifest.loc[store.manifest["note"] == IN_DOUBT, "parcel_id"]
    if not len(in_doubt):
        return ()

    examples = ", ".join(in_doubt.head(3))
    return (f"scored, {IN_DOUBT}: {len(in_doubt)} lots ({examples}); a person should look",)


def tile(year: CityYear, spec: ModelSpec | None = None) -> ChipStore:
    """Cut the year's chips, once in a run.

    Displaced tiles are found by comparing the chips with those of the flyover before (cut now
    when they do not exist yet), or with the outlines. The parcels of such tiles are then cut
    again. The measurement is kept in <year>/registration.json.

    Args:
        year: The city in the year.
        spec: Gives the scale; the city file's model when None.

    Raises:
        InputError: the building outlines are not those of this city.
        TamperedFile: the flyover is a service, and kept tiles of it are damaged.
    """
    if year.roll.misplaced:
        raise InputError(year.roll.misplaced)

    settings = settings_of(year, spec)
    if settings in year.cut:
        return year.cut[settings]

    with year.at_work("tile"):
        check_pixels(year.city, year.year)
        drop_broken(year, CHIPS)
        delivered = CutInputs(
            roll=year.roll,
            flyover=year.flyover,
            settings=settings,
            footprints=year.file.footprints,
        )
        if settings.registration != "off":
            measure_shifts(year, delivered, spec)
        elif year.files.registration.exists():
            year.files.registration.unlink()
        store = recall_before(year, cut_chips(year, register(year, delivered)))
        seal(year, CHIPS)

    year.cut[settings] = store
    return store


def tile_reach(year: CityYear, spec: ModelSpec | None = None) -> ChipStore | None:
    """Cut the parcels without a notice, after the vacants; None where [reach] is off.

    Args:
        year: The city in the year; its displaced tiles are known.
        spec: See `tile`.
    """
    return cut_reach(year, registered_flyover(year), settings_of(year, spec))


def settings_of(year: CityYear, spec: ModelSpec | None) -> TileSettings:
    """Return how chips are cut, at the scale of a model; the city file's model when None."""
    scale = spec or year.file.model.spec
    return replace(year.file.tile, gsd_m=scale.gsd_m, margin_m=scale.margin_m)


def measure_shifts(year: CityYear, inputs: CutInputs, spec: ModelSpec | None) -> None:
    """Measure the shift of every tile, unless that was done for the same inputs."""
    path = year.files.registration
    known = read_displacements(path)
    if known is not None and known.key == inputs.key:
        return

    store = cut_chips(year, inputs)
    before, against = find_reference(year, spec)
    shifts = tile_shifts(
        store.folder,
        before,
        against=against,
        runner=year.city.runner(f"compare {year.year} with {against}", 0),
    )

    lot_width_m = store.lot_width_m(inputs.settings.margin_m)
    found = Displacements(key=inputs.key, lot_width_m=lot_width_m, tiles=tuple(shifts))
    write_displacements(path, found)


def cut_chips(year: CityYear, inputs: CutInputs) -> ChipStore:
    """Cut a flyover of the year, as delivered or corrected."""
    runner: CutRunner = year.city.runner(f"cut {year.year}", len(year.roll))
    return tile_parcels(inputs, year.files.chips.folder, runner)


def recall_before(year: CityYear, store: ChipStore) -> ChipStore:
    """Mark lots without a building again, with the flyover before beside them."""
    if not year.earlier:
        return store

    before = year.earlier[0].files.chips
    if not before.manifest.exists():
        return store

    max_ground = year.file.tile.max_ground
    if not compare_with_before(store.folder, before.folder, max_ground=max_ground):
        return store
    return replace(
        open_store(store.folder),
        units_touched=store.units_touched,
        units_decoded=store.units_decoded,
    )


def register(year: CityYear, delivered: CutInputs) -> CutInputs:
    """Return the inputs with displaced tiles corrected; the same ones when there are none."""
    flyover = registered_flyover(year)
    if flyover is delivered.flyover:
        return delivered
    return replace(delivered, flyover=flyover)


def find_reference(year: CityYear, spec: ModelSpec | None) -> tuple[Path | None, str]:
    """Return the chips of the flyover before and its year.

    Where there is none, or its imagery is gone, tiles are compared with the outlines.
    """
    if not year.earlier:
        return None, "outlines"

    before = year.earlier[0]
    chips = before.files.chips
    if not chips.manifest.exists():
        try:
            tile(before, spec)
        except InputError:
            return None, "outlines"
    return chips.folder, str(before.year)


def registered_flyover(year: CityYear) -> Flyover:
    """Return the flyover with its displaced tiles corrected, as far as they are known.

    Raises:
        TamperedFile: the flyover is a service, and kept tiles of it are damaged.
    """
    check_pixels(year.city, year.year)
    shifts = displaced_tiles(year)
    if not shifts:
        return year.flyover

    action = year.file.tile.registration
    metric = metric_crs(year.roll)
    return correct_tiles(year.flyover, shifts, action=action, metric_crs=metric)


def displaced_tiles(year: CityYear) -> list[TileShift]:
    """Return the tiles that are known to be displaced; none before chips have been cut."""
    found = read_displacements(year.files.registration)
    return found.beyond(year.file.tile.max_shift) if found else []


def shift_lines(year: CityYear) -> tuple[str, ...]:
    """Say of every displaced tile how far, and what was done."""
    action = ACTIONS.get(year.file.tile.registration, "")
    return tuple(f"{shift.describe()}; {action}" for shift in displaced_tiles(year))
