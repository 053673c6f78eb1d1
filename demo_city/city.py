"""Build the demo city on disk: maps, lists, three flyovers, and the city file that names them."""

import json
import multiprocessing
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import partial
from pathlib import Path

import cv2

from demo_city import tables
from demo_city.city_file import CAD_COLUMNS, city_toml
from demo_city.deliver import deliver_tile
from demo_city.folder import RECORD, WRITING, refuse_other_folder, replace_text
from demo_city.layout import CityPlan
from demo_city.states import CANNOT_TELL, MISSING_LABELS, WRONG_LABELS, YEARS
from demo_city.tiles import Tile, plan_year

Progress = Callable[[str, int, int], None]
"""Is told the stage's name, how much is done, and how much there is."""

VERSION = 3
WORKERS = 2
SERIAL_BELOW_TILES = 40
GROUP_ROWS = 3
GROUP_COLUMNS = 6
REPORT_S = 2.0


def build_demo_city(
    out: Path,
    *,
    parcels: int = 2000,
    seed: int = 0,
    years: tuple[int, ...] = YEARS,
    progress: Progress | None = None,
) -> Path:
    """Write the synthetic city into a folder.

    A city that is there already is left alone. One that was interrupted is finished.

    Args:
        out: The folder.
        parcels: Number of parcels.
        seed: Seed of everything random.
        years: Years whose flyovers are rendered.
        progress: Is told the stage's name, how much is done, and how much there is.

    Returns:
        The path of city.toml.

    Raises:
        OtherFolder: `out` is not a demo's folder; see `refuse_other_folder`.
    """
    refuse_other_folder(out)
    plan = CityPlan(parcels=parcels, seed=seed)
    city_file = out / "city.toml"
    report = progress or _report_nothing
    if _is_same_city(plan, out) and city_file.exists():
        return city_file

    _start(plan, out)
    _write_tables(plan, out, report)
    _fly(plan, out, years, report)
    replace_text(city_file, city_toml(years))
    return city_file


def _report_nothing(stage: str, done: int, total: int) -> None:
    pass


def _is_same_city(plan: CityPlan, out: Path) -> bool:
    record = out / RECORD
    return record.exists() and record.read_text(encoding="utf-8") == _record(plan)


def _start(plan: CityPlan, out: Path) -> None:
    """Prepare the folder; what is left of another city is deleted.

    The record is the first file written into a new folder, so that a demo that was killed knows
    its own.
    """
    out.mkdir(parents=True, exist_ok=True)
    if _is_same_city(plan, out):
        return

    (out / "city.toml").unlink(missing_ok=True)
    for year in YEARS:
        shutil.rmtree(_year_folder(out, year), ignore_errors=True)
    replace_text(out / RECORD, _record(plan))


def _record(plan: CityPlan) -> str:
    """Say what was built, and which flaws were planted in it."""
    lost_tiles = []
    shifted_tiles = []
    for year in YEARS:
        kept, lost = plan_year(plan, year)
        lost_tiles += [tile.name for tile in lost]
        shifted_tiles += [tile.name for tile in kept if tile.shift_ft]

    facts = {
        "version": VERSION,
        "parcels": plan.parcels,
        "seed": plan.seed,
        "wrong_labels": WRONG_LABELS,
        "missing_labels": MISSING_LABELS,
        "cannot_tell": CANNOT_TELL,
        "lost_tiles": lost_tiles,
        "shifted_tiles": shifted_tiles,
    }
    return json.dumps(facts, indent=2) + "\n"


def _year_folder(out: Path, year: int) -> Path:
    return out / "flyover" / str(year)


def _write_tables(plan: CityPlan, out: Path, report: Progress) -> None:
    steps = (
        partial(tables.write_parcels, plan, out / "parcels.gpkg"),
        partial(tables.write_footprints, plan, out / "buildings.gpkg"),
        partial(tables.write_vacant, plan, out / "vacant.csv"),
        partial(tables.write_labels, plan, out / "labels.csv"),
        partial(tables.write_truth, plan, out / "truth.csv"),
        partial(tables.write_addresses, plan, out / "addresses.csv"),
        partial(replace_text, out / "cad_columns.toml", CAD_COLUMNS),
    )
    for done, step in enumerate(steps, start=1):
        step()
        report("maps and lists", done, len(steps))


def _fly(plan: CityPlan, out: Path, years: tuple[int, ...], report: Progress) -> None:
    """Render every year's tiles, in this process where there are few."""
    for year in years:
        folder = _year_folder(out, year)
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f"{WRITING}*"):
            leftover.unlink()

    groups = _group_tiles(plan, years)
    total = sum(len(group) for group in groups)
    deliver = _deliver_here if total < SERIAL_BELOW_TILES else _deliver_in_processes
    for done in deliver(plan, groups, out):
        report("flyovers", done, total)


def _group_tiles(plan: CityPlan, years: tuple[int, ...]) -> list[list[Tile]]:
    """Put neighbors into one group, because they show the same blocks."""
    groups: dict[tuple[int, int, int], list[Tile]] = defaultdict(list)
    for year in years:
        kept, _ = plan_year(plan, year)
        for tile in kept:
            groups[year, tile.row // GROUP_ROWS, tile.column // GROUP_COLUMNS].append(tile)
    return list(groups.values())


def _deliver_here(plan: CityPlan, groups: list[list[Tile]], out: Path) -> Iterator[int]:
    """Yield how many tiles are there, after each group."""
    done = 0
    for group in groups:
        _deliver_group(plan, group, out)
        done += len(group)
        yield done


def _deliver_in_processes(plan: CityPlan, groups: list[list[Tile]], out: Path) -> Iterator[int]:
    """Yield now and then how many tiles are there."""
    paths = []
    for group in groups:
        paths += [_year_folder(out, tile.grid.year) / tile.name for tile in group]

    pool = ProcessPoolExecutor(
        WORKERS,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=cv2.setNumThreads,
        initargs=(1,),
    )
    with pool:
        pending = {pool.submit(_deliver_group, plan, group, out) for group in groups}
        while pending:
            finished, pending = wait(pending, timeout=REPORT_S, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
            yield sum(path.exists() for path in paths)


def _deliver_group(plan: CityPlan, group: list[Tile], out: Path) -> None:
    for tile in group:
        deliver_tile(plan, tile, _year_folder(out, tile.grid.year))
