"""Random tables of bad cells: read, joined and checked; no exit 1, and the balance holds.

`ROOFWATCH_TABLES=300` tries as many tables as it says.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from cities import CITY_TOML, Ran, Roofwatch, make_houses, write_city

from imagery.errors import InputError
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll

TABLES = int(os.environ.get("ROOFWATCH_TABLES", "24"))
"""Random tables that are tried."""
CHECKED = 12
"""Every so many tables are checked by the command, too."""
RUNS = TABLES // 100
"""Tables with which the whole year is run."""
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le")
SEPARATORS = (",", ";", "\t", "|")
DAYS = (
    "2021-06-15",
    "15-Mar-2021",
    "Mar 15, 2021",
    "2204-05-01",
    "0001-01-01",
    "44362",
    "1623715200000",
    "06/15/2021",
    "15.06.2021",
    "no day",
    "",
    "2021-06-15T10:00:00+14:00",
    "99999999999999999999",
    "-1",
    "nan",
)
IDS = (
    "",
    " ",
    "9999 999",
    "2.16E+08",
    "216001.0",
    "Total",
    "0216 001\n0216 002",
    "491107123045000101",
    "'0216 001",
    "=0216",
    "x" * 5000,
    "\x00",
    "é 1",
)
PLACES = (
    "POINT (-76.6 39.3)",
    "(39.3, -76.6)",
    "POINT (nan nan)",
    "POINT EMPTY",
    "(1e999, 0)",
    "here",
    "",
    "POINT (1e308 -1e308)",
    "(0, 0)",
)
REMARKS = (
    "boarded up",
    '"rear wall gone',
    'sign says "keep out"',
    "two\nlines",
    'a, b; c | d "e"',
    "",
    "\t",
    "café",
    "\x07\ufffe",
    '""',
    "x" * 40_000,
)
BELOW = (",,,", "", "Total: 36", '"Source: City, 2023"', "pin,day,place,remark", ",,,,,,", '"')


def bad_cell(chance: random.Random, good: str, bad: tuple[str, ...]) -> str:
    """Return a good cell mostly, else a bad one."""
    return good if chance.random() < 0.8 else chance.choice(bad)


def bad_rows(chance: random.Random, ids: list[str]) -> list[list[str]]:
    """Return rows of id, day, place and remark."""
    rows = []
    for parcel_id in chance.sample(ids, chance.randint(0, len(ids))) * chance.randint(1, 2):
        row = [
            bad_cell(chance, parcel_id, IDS),
            bad_cell(chance, "2021-06-15", DAYS),
            bad_cell(chance, "", PLACES),
            bad_cell(chance, "boarded up", REMARKS),
        ]
        rows.append(row)
    return rows


def quoted(chance: random.Random, cell: str, separator: str) -> str:
    """Return a cell as careful or careless programs write it."""
    if chance.random() < 0.9 and any(sign in cell for sign in ('"', "\n", separator)):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def write_text(chance: random.Random, rows: list[list[str]], folder: Path) -> Path:
    """Write a text file: any separator and encoding, a title, lines below, cells that slip."""
    separator = chance.choice(SEPARATORS)
    lines = [separator.join(["pin", "day", "place", "remark"])]
    for row in rows:
        cells = [quoted(chance, cell, separator) for cell in row]
        if chance.random() < 0.03:
            cells.append("more")
        if chance.random() < 0.03:
            cells.pop()
        lines.append(separator.join(cells))

    if chance.random() < 0.3:
        lines.insert(0, "List of the city, as of June")
    for _ in range(chance.choice([0, 0, 1, 5, 40])):
        lines.append(chance.choice(BELOW).replace(",", separator))
    end = chance.choice(["\n", "\r\n"])
    path = folder / "vacant.csv"
    encoding = chance.choice(ENCODINGS)
    path.write_bytes((end.join(lines) + end).encode(encoding, errors="replace"))
    return path


def write_workbook(chance: random.Random, rows: list[list[str]], folder: Path) -> Path:
    """Write a workbook; characters that it cannot hold are left out."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    if chance.random() < 0.3:
        sheet.append(["List of the city"])
    sheet.append(["pin", "day", "place", "remark"])
    for row in rows:
        sheet.append(["".join(sign for sign in cell[:900] if sign.isprintable()) for cell in row])
    path = folder / "vacant.xlsx"
    book.save(path)
    return path


def write_arrow(chance: random.Random, rows: list[list[str]], folder: Path) -> Path:
    """Write a Parquet file or a GeoPackage without outlines."""
    table = pd.DataFrame(rows, columns=["pin", "day", "place", "remark"], dtype="str")
    if chance.random() < 0.5:
        table.to_parquet(folder / "vacant.parquet")
        return folder / "vacant.parquet"
    path = folder / "vacant.gpkg"
    clean = table.map(lambda cell: cell.replace("\x00", ""))
    gpd.GeoDataFrame(clean, geometry=[None] * len(clean), crs=4326).to_file(path)
    return path


WRITERS: list[Callable[[random.Random, list[list[str]], Path], Path]] = [
    write_text,
    write_text,
    write_text,
    write_workbook,
    write_arrow,
]


def write_bad_table(seed: int, folder: Path) -> Path:
    """Write one random table."""
    chance = random.Random(seed)
    ids = [str(parcel_id) for parcel_id in make_houses()["parcel_id"]]
    rows = bad_rows(chance, ids)
    for old in folder.glob("vacant.*"):
        old.unlink()
    return chance.choice(WRITERS)(chance, rows, folder)


def source_of(path: Path) -> VacantFile:
    """Return how the city file describes a table."""
    return VacantFile(path=path, id=("pin",), notice_date="day", location="place")


def assert_balanced(roll: VacantRoll) -> None:
    """Check that every row of the file is counted once."""
    balance = roll.balance
    assert balance is not None
    assert balance.vacants == len(roll)
    assert balance.rows == len(roll) + balance.merged + balance.empty + balance.left_out
    assert balance.rows == roll.notices + balance.empty + balance.left_out


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose vacancy file is replaced again and again."""
    text = CITY_TOML.replace('id = "parcel_id"\nnotice_date = "notice_date"', VACANT_KEYS)
    return write_city(tmp_path_factory.mktemp("bad") / "city", text)


VACANT_KEYS = 'id = "pin"\nnotice_date = "day"\nlocation = "place"'


def test_random_tables(tmp_path: Path, city: Path, roofwatch: Roofwatch) -> None:
    """Read and join each; a table is refused in one line, or balanced."""
    parcels = ParcelFile(path=city.parent / "parcels.gpkg", id=("parcel_id",), block="block")
    refused = 0
    for seed in range(TABLES):
        path = write_bad_table(seed, tmp_path)
        try:
            assert_balanced(read_roll(parcels, source_of(path)))
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
        if seed % CHECKED == 0:
            run_command(city, path, roofwatch, "check")
    assert refused < TABLES / 2


def use_table(city: Path, table: Path) -> None:
    """Make a table the vacancy file of the city."""
    for old in city.parent.glob("vacant.*"):
        old.unlink()
    shutil.copy(table, city.parent / table.name)
    text = city.read_text()
    start = text.index("vacant.")
    end = text.index('"', start)
    city.write_text(text[:start] + table.name + text[end:])


def run_command(city: Path, table: Path, roofwatch: Roofwatch, command: str) -> Ran:
    """Run a command on the city with another vacancy file."""
    use_table(city, table)
    ran = roofwatch(command, city, "--year", 2023, "--executor", "serial", "--quiet")
    assert "Traceback" not in ran.err
    assert ran.code in (0, 3), ran.err
    return ran


@pytest.mark.skipif(TABLES < 100, reason="half a minute a run; ROOFWATCH_TABLES=300 does it")
def test_whole_year_of_a_bad_table(tmp_path: Path, city: Path, roofwatch: Roofwatch) -> None:
    """The run stops at its check, with exit 3, or delivers."""
    parcels = ParcelFile(path=city.parent / "parcels.gpkg", id=("parcel_id",), block="block")
    tried = 0
    for seed in range(1000, 1200):
        path = write_bad_table(seed, tmp_path)
        if count_placed(parcels, path) < 20:
            continue  # too few to learn from

        ran = run_command(city, path, roofwatch, "run")
        assert ran.code == 0 or "FIX FIRST" in ran.error, ran.err
        tried += 1
        if tried == RUNS:
            return
    raise AssertionError("no table is good enough to be run")


def count_placed(parcels: ParcelFile, path: Path) -> int:
    """Return how many vacants of a table have an outline, none of one that is refused."""
    try:
        roll = read_roll(parcels, source_of(path))
    except InputError:
        return 0
    return int(roll.table.geometry.notna().sum())
