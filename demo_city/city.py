"""Build the demo city on disk: maps, lists, three flyovers, and the city file that ties them together."""

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
from demo_city.deliver import deliver_tile
from demo_city.folder import RECORD, refuse_other_folder
from demo_city.layout import CityPlan
from demo_city.states import CANNOT_TELL, MISSING_LABELS, THRESHOLD_PCT, WRONG_LABELS, YEARS
from demo_city.tiles import Tile, plan_year

Progress = Callable[[str, int, int], None]

VERSION = 3
WORKERS = 2
SERIAL_BELOW_TILES = 40
GROUP_ROWS, GROUP_COLUMNS = 3, 6
REPORT_S = 2.0
DATES = {2022: "2022-02-20", 2023: "2023-03-05", 2024: "2024-02-11"}
COLUMNS = ("block", "address", "neighborhood", "fire_district", "inspection_district", "occupied")
CAD_COLUMNS = """\
# Which column of the dispatch system's import gets which of our values; another vendor is another file like this.
[constants]
AGENCY = "DCFD"
HAZARD = "VACANT ROOF"

[actions]
ADD = "A"
CHANGE = "C"
DELETE = "D"
REVIEW = "R"

[columns]
RecordAction = "ACTION"
PremiseKey = "PREMISE"
Agency = "AGENCY"
HazardType = "HAZARD"
Location = "ADDRESS"
LocationAlias = "ALIASES"
Longitude = "LON"
Latitude = "LAT"
Comment = "{TEXT}"
EffectiveDate = "EFFECTIVE"
ReviewDate = "REVIEW_BY"
Source = "SOURCE"
OccupiedSides = "OCC_SIDES"
SignPosted = "SIGN_POST"
ParcelId = "PARCEL_ID"
ActionReason = "{REASON} {BY}"
UseLimit = "USE_LIMIT"

[widths]
LocationAlias = 120

[format]
date = "%m/%d/%Y"
delimiter = "|"
encoding = "cp1252"
line_ending = "crlf"
uppercase = true
"""


def build_demo_city(
    out: Path,
    *,
    parcels: int = 2000,
    seed: int = 0,
    years: tuple[int, ...] = YEARS,
    progress: Progress | None = None,
) -> Path:
    """Write the synthetic city under `out`; return the path of city.toml.

    A city that is there already is left alone; one that was cut short is finished. `progress` is called with
    the stage's name, how much is done, and how much there is. Only the flyovers of `years` are rendered.

    Raises:
        OtherFolder: `out` is not a demo's folder; see `refuse_other_folder`.
    """
    refuse_other_folder(out)
    plan = CityPlan(parcels=parcels, seed=seed)
    city_file = out / "city.toml"
    report = progress or (lambda stage, done, total: None)
    if not _start(plan, out) and city_file.exists():
        return city_file
    _write_tables(plan, out, report)
    _fly(plan, out, years, report)
    _replace_text(city_file, _city_toml(years))
    return city_file


def _start(plan: CityPlan, out: Path) -> bool:
    """Prepare the folder; return whether it had to be cleared of another city.

    The record is the first file written into a new folder, so that a demo that was killed knows its own.
    """
    out.mkdir(parents=True, exist_ok=True)
    record = _record(plan)
    path = out / RECORD
    if path.exists() and path.read_text(encoding="utf-8") == record:
        return False
    (out / "city.toml").unlink(missing_ok=True)
    for year in YEARS:
        shutil.rmtree(out / "flyover" / str(year), ignore_errors=True)
    _replace_text(path, record)
    return True


def _record(plan: CityPlan) -> str:
    """Say what was built, and which flaws were planted in it."""
    flawed = {year: plan_year(plan, year) for year in YEARS}
    facts = {
        "version": VERSION,
        "parcels": plan.parcels,
        "seed": plan.seed,
        "wrong_labels": WRONG_LABELS,
        "missing_labels": MISSING_LABELS,
        "cannot_tell": CANNOT_TELL,
        "lost_tiles": [t.name for _, lost in flawed.values() for t in lost],
        "shifted_tiles": [t.name for kept, _ in flawed.values() for t in kept if t.shift_ft],
    }
    return json.dumps(facts, indent=2) + "\n"


def _write_tables(plan: CityPlan, out: Path, report: Progress) -> None:
    steps = (
        partial(tables.write_parcels, plan, out / "parcels.gpkg"),
        partial(tables.write_footprints, plan, out / "buildings.gpkg"),
        partial(tables.write_vacant, plan, out / "vacant.csv"),
        partial(tables.write_labels, plan, out / "labels.csv"),
        partial(tables.write_truth, plan, out / "truth.csv"),
        partial(tables.write_addresses, plan, out / "addresses.csv"),
        partial(_replace_text, out / "cad_columns.toml", CAD_COLUMNS),
    )
    for done, step in enumerate(steps, start=1):
        step()
        report("maps and lists", done, len(steps))


def _fly(plan: CityPlan, out: Path, years: tuple[int, ...], report: Progress) -> None:
    """Render every year's tiles, neighbors in one go because they show the same blocks."""
    groups: dict[tuple[int, int, int], list[Tile]] = defaultdict(list)
    for year in years:
        folder = out / "flyover" / str(year)
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".writing_*"):
            leftover.unlink()
        for tile in plan_year(plan, year)[0]:
            groups[year, tile.row // GROUP_ROWS, tile.column // GROUP_COLUMNS].append(tile)
    total = sum(len(group) for group in groups.values())
    for done in _deliver_all(
        plan, list(groups.values()), out / "flyover", parallel=total >= SERIAL_BELOW_TILES
    ):
        report("flyovers", done, total)


def _deliver_all(
    plan: CityPlan, groups: list[list[Tile]], folder: Path, *, parallel: bool
) -> Iterator[int]:
    """Yield now and then how many tiles are there."""
    if not parallel:
        done = 0
        for group in groups:
            done += _deliver_group(plan, group, folder)
            yield done
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        WORKERS, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        pending = {pool.submit(_deliver_group, plan, group, folder) for group in groups}
        while pending:
            finished, pending = wait(pending, timeout=REPORT_S, return_when=FIRST_COMPLETED)
            for future in finished:
                future.result()
            yield sum(
                (folder / str(tile.grid.year) / tile.name).exists()
                for group in groups
                for tile in group
            )


def _deliver_group(plan: CityPlan, group: list[Tile], folder: Path) -> int:
    for tile in group:
        deliver_tile(plan, tile, folder / str(tile.grid.year))
    return len(group)


def _city_toml(years: tuple[int, ...]) -> str:
    sections = [
        '[city]\nname = "Demo City"\nworkspace = "workspace"\n',
        '[parcels]\npath = "parcels.gpkg"\nid = "parcel_id"\n'
        + "".join(f'{c} = "{c}"\n' for c in COLUMNS),
        '[vacant]\npath = "vacant.csv"\nid = "parcel_id"\nnotice_date = "notice_date"\n',
        f'[labels]\npath = "labels.csv"\nid = "parcel_id"\nroof_pct = "roof_pct"\nthreshold = {THRESHOLD_PCT}\nyear = "year"\n'
        'source = "source"\nsource_rank = ["inspector"]\non_site = ["inspector"]\n',
        '[footprints]\npath = "buildings.gpkg"\n',
    ]
    sections += [
        f'[[flyover]]\nyear = {y}\npath = "flyover/{y}"\ndate = "{DATES[y]}"\n' for y in years
    ]
    sections += [
        "[train]\nrecall = 0.55  # of failing labels, a third of which are wrong here (3% of all labels are); a higher aim would list half the city\n"
    ]
    sections += [
        f'[export]\nas_of = "{max(YEARS)}-06-01"  # rows age against this day, so that the demo is the same every year\n'
    ]
    sections += [
        '[export.dispatch]\naddresses = "addresses.csv"\nalias = "alias"\ncolumns = "cad_columns.toml"\n'
    ]
    return "\n".join(sections)


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".writing_{path.name}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
