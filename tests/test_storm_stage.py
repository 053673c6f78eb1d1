"""`roofwatch storm` on the tiny city: its lines, its data, its folder, and what it refuses."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from cities import DoneCity, Roofwatch

QUICK = ("--executor", "serial", "--quiet")
DAY = "2023-06-10"


@pytest.fixture(autouse=True)
def _without_storms(done_city: DoneCity) -> Iterator[None]:
    """Take the lists of storms away again: other tests count the files of the year."""
    yield
    shutil.rmtree(done_city.workspace / "2023/storm", ignore_errors=True)


@pytest.fixture
def with_schools(done_city: DoneCity, houses: gpd.GeoDataFrame) -> Iterator[Path]:
    """Yield the city file with a school in the middle of each lot of the first row."""
    schools = done_city.path.with_name("schools.gpkg")
    places = gpd.GeoDataFrame(houses.iloc[:6].assign(NAME="Oliver"))
    places.geometry = places.geometry.centroid
    places.to_file(schools)
    path = done_city.path.with_name("storm.toml")
    keys = 'path = "schools.gpkg"\nkind = "school"\nname = "NAME"\nnear_m = 1'
    path.write_text(f"{done_city.path.read_text()}\n[[storm.places]]\n{keys}\n")
    yield path
    path.unlink()
    schools.unlink()


def test_list_of_a_storm(
    done_city: DoneCity, with_schools: Path, roofwatch: Roofwatch, houses: gpd.GeoDataFrame
) -> None:
    command = ("storm", with_schools, "--year", 2023, "--day", DAY, *QUICK)
    answer = roofwatch(*command, "--json").answer
    ran = roofwatch(*command)
    folder = done_city.workspace / "2023/storm" / DAY
    assert ran.out.splitlines()[-1] == f"  {folder}"

    listed = pd.read_csv(folder / "storm_list.csv", dtype={"PARCEL_ID": str})
    others = pd.read_csv(folder / "not_listed.csv", dtype={"PARCEL_ID": str})
    assert answer["listed"] == len(listed)
    assert len(listed) + len(others) == 25
    assert "a roof that is not on the list may be failing too" in ran.out
    assert set(listed["RISK_LVL"]) <= {"CONFIRMED", "LIKELY"}

    in_first_row = set(houses["parcel_id"].iloc[:6]) & set(listed["PARCEL_ID"])
    near = listed[listed["PEOPLE"] == "near"]
    assert set(near["PARCEL_ID"]) == in_first_row
    assert near["STORM_NO"].tolist() == list(range(1, len(in_first_row) + 1))
    assert "school Oliver at 0 ft (0 m)" in str(near["NEAR"].iloc[0])


def test_a_list_is_no_file_of_the_export(
    done_city: DoneCity, with_schools: Path, roofwatch: Roofwatch
) -> None:
    assert roofwatch("storm", with_schools, "--year", 2023, "--day", DAY, *QUICK).code == 0
    assert roofwatch("audit", done_city.path).code == 0
    manifest = json.loads((done_city.workspace / "2023/report/manifest.json").read_text())
    assert not [name for name in manifest if name.startswith("storm")]


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2023-02-28", "got 2023-02-28, which lies before the flight of 2023-03-01"),
        ("2199-01-01", "got 2199-01-01, which lies after today"),
    ],
)
def test_days_that_cannot_be(
    done_city: DoneCity, roofwatch: Roofwatch, day: str, words: str
) -> None:
    ran = roofwatch("storm", done_city.path, "--year", 2023, "--day", day, *QUICK)
    assert ran.code == 3
    assert words in ran.error


def test_what_is_no_day(
    done_city: DoneCity, roofwatch: Roofwatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        roofwatch("storm", done_city.path, "--year", 2023, "--day", "2023-02-30", *QUICK)
    assert stopped.value.code == 2
    assert "got '2023-02-30', want YYYY-MM-DD" in capfd.readouterr().err


def test_without_places_and_with_a_missing_file(done_city: DoneCity, roofwatch: Roofwatch) -> None:
    ran = roofwatch("storm", done_city.path, "--year", 2023, "--day", DAY, *QUICK)
    assert ran.code == 0
    assert "no places are named" in ran.out

    path = done_city.path.with_name("other.toml")
    keys = 'path = "none.gpkg"\nkind = "school"'
    path.write_text(f"{done_city.path.read_text()}\n[[storm.places]]\n{keys}\n")
    ran = roofwatch("storm", path, "--year", 2023, "--day", DAY, *QUICK)
    path.unlink()
    assert ran.code == 3
    assert "[[storm.places]] path: no file at" in ran.error
