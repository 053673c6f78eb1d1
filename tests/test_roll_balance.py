"""Every row of the vacancy file is counted once, and a roll that changes too much is stopped."""

import json
from pathlib import Path

import pytest
from cities import CityBuilder, Roofwatch
from test_parcels import lot, write_parcels

from imagery.errors import Unbalanced
from imagery.roll.files import VacantFile
from imagery.roll.parcels import read_roll
from imagery.roll.roll_change import EarlierRoll, find_roll_change
from imagery.roll.row_balance import RollBalance

OPTIONS = ("--executor", "serial", "--quiet")


def test_balance_of_a_file(tmp_path: Path) -> None:
    """Two notices of one parcel, one twice without parcel, empty rows and a total."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    path = tmp_path / "vacant.csv"
    rows = ["0216 001,a", "0216 002,b", "0216001,c", ",", "9999,d", "9999,e", "", "Total: 5,"]
    path.write_text("\n".join(["key,remark", *rows]) + "\n")

    roll = read_roll(parcels, VacantFile(path=path, id=("key",)))

    assert roll.balance == RollBalance(
        rows=8,
        vacants=3,
        merged=2,
        empty=2,
        left_out=1,
        merged_examples=("'0216 001' (rows 2, 4)", "'9999' (rows 6, 7)"),
    )
    assert roll.balance.line == "8 rows = 3 vacants + 2 merged + 2 empty + 1 left out"


def test_unbalanced() -> None:
    """A row that is nowhere is a bug."""
    with pytest.raises(Unbalanced, match="5 rows = 3 vacants"):
        RollBalance(rows=5, vacants=3, merged=1)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (36, 18, "the roll shrank by 50% since 2023 (from 36 to 18 vacants): 18: 'p018' gone"),
        (20, 27, "the roll grew by 35% since 2023 (from 20 to 27 vacants): 7: 'p020' new"),
        (20, 26, ""),
        (20, 14, ""),
        (0, 14, ""),
    ],
)
def test_change_of_the_roll(before: int, now: int, words: str) -> None:
    """Both counts, and who came or went; up to 30% is no change."""
    names = [f"p{number:03d}" for number in range(40)]
    earlier = EarlierRoll(year=2023, vacants=before, parcel_ids=frozenset(names[:before]))

    trouble = find_roll_change(names[:now], earlier, max_change=0.3)

    assert (trouble is not None) == bool(words)
    if trouble:
        assert words in trouble.line
        assert trouble.is_fix


def test_check_shows_balance_and_change(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    """The next year compares with what the year before was checked for."""
    city = tiny_city(tmp_path / "city")
    assert "vacancy file: 25 rows = 25" in roofwatch("check", city, "--year", 2023, *OPTIONS).out
    folder = city.parent / "workspace" / "2023"
    assert json.loads((folder / "check.json").read_text())["roll_balance"]["rows"] == 25
    assert "Rows of the vacancy file" in (folder / "check.html").read_text(encoding="utf-8")

    vacant = city.parent / "vacant.csv"
    vacant.write_text("\n".join(vacant.read_text().splitlines()[:13]) + "\n")
    ran = roofwatch("check", city, "--year", 2024, *OPTIONS)
    assert ran.code == 3
    assert "the roll shrank by 52% since 2023 (from 25 to 12 vacants): 13: 25 vacants" in ran.out

    city.write_text(city.read_text().replace("[vacant]", "[vacant]\nmax_change = 0.6", 1))
    assert roofwatch("check", city, "--year", 2024, *OPTIONS).code == 0
