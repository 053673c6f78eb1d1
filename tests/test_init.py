"""`roofwatch init`: what it finds, what it leaves in doubt, and what it refuses."""

import io
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from cities import Roofwatch, make_houses
from init_cases import Delivery

from roofwatch.proposal.ask import ask
from roofwatch.proposal.choice import Candidate, Choice


@pytest.fixture
def city(tmp_path: Path, roofwatch: Roofwatch) -> Delivery:
    """Return a delivery with lots, notices and one flyover."""
    delivery = Delivery(folder=tmp_path / "given", roofwatch=roofwatch)
    delivery.write_lots()
    delivery.write_notices()
    delivery.write_photos("imagery/2023/tiles")
    return delivery


def test_keys_are_found_by_what_matches_and_the_file_passes_check(city: Delivery) -> None:
    """PIN_NO is the key because all notices match it; the counter beside it is none."""
    lots = city.write_lots(OBJECTID=range(1, 25))
    city.write_notices(ROW=range(1, 13))
    ran = city.init("--json")
    assert ran.code == 0, ran.err

    assert city.section("parcels") == {
        "path": "given/gis/base.gpkg",
        "id": "PIN_NO",
        "address": "SITUS",
    }
    assert city.section("vacant") == {
        "path": "given/lists/vbn.csv",
        "id": "Key",
        "notice_date": "Issued",
    }
    assert city.flyovers() == [{"year": 2023, "path": "given/imagery/2023/tiles"}]
    assert "# id: `Key`: 100.0% of 12 rows match `PIN_NO`" in city.text
    checked = ran.answer["check"]
    assert isinstance(checked, dict)
    assert checked["verdict"] == "GO"
    assert len(lots) == 24


def test_a_key_in_two_columns_is_joined(city: Delivery) -> None:
    """Block and lot of the notices match the one column of the parcels."""
    ids = make_houses()["parcel_id"].iloc[::2].str.split(" ", expand=True)
    city.write_table("lists/vbn.csv", Lot=ids[1], Block=ids[0], Issued=["2021-03-14"] * 12)
    assert city.init().code == 0
    assert city.section("vacant")["id"] == ["Block", "Lot"]


def test_notices_without_a_key_are_joined_by_the_place_in_a_text(city: Delivery) -> None:
    """The text has latitude first; its points lie among the parcels."""
    points = make_houses().geometry.iloc[::2].centroid.to_crs(4326)
    where = [f"({point.y:.7f}, {point.x:.7f})" for point in points]
    city.write_table("lists/vbn.csv", NoticeDay=["2021-03-14"] * 12, Spot=where)
    ran = city.init("--json")
    assert city.section("vacant") == {
        "path": "given/lists/vbn.csv",
        "notice_date": "NoticeDay",
        "location": "Spot",
    }
    checked = ran.answer["check"]
    assert isinstance(checked, dict)
    assert (checked["vacants"], checked["notices_joined_by_place"]) == (12, 12)


def front_of(lot: shapely.Polygon) -> shapely.Polygon:
    """Return the southern half of a lot."""
    left, bottom, right, _ = lot.bounds
    return shapely.box(left, bottom, right, lot.centroid.y)


def test_labels_outlines_and_areas_are_told_apart(city: Delivery) -> None:
    """A value and a year make labels; half of a lot is a building; two halves are areas."""
    lots = make_houses()
    city.write_table(
        "lists/survey.csv", Key=lots["parcel_id"], Collapsed=lots["failing"], Year=[2023] * 24
    )
    left, bottom, right, top = lots.total_bounds
    houses = [front_of(lot) for lot in lots.geometry]
    gpd.GeoDataFrame(geometry=houses, crs=lots.crs).to_file(city.folder / "gis" / "bldg.gpkg")
    middle = (left + right) / 2
    wards = [shapely.box(left, bottom, middle, top), shapely.box(middle, bottom, right, top)]
    table = gpd.GeoDataFrame({"Ward": ["East", "West"]}, geometry=wards, crs=lots.crs)
    table.to_file(city.folder / "gis" / "wards.geojson")

    ran = city.init("--json")
    assert ran.code == 0, ran.err
    labels = city.section("labels")
    assert (labels["collapsed"], labels["year"], labels["id"]) == ("Collapsed", "Year", "Key")
    assert city.section("footprints") == {"path": "given/gis/bldg.gpkg"}
    area = {"name": "wards", "path": "given/gis/wards.geojson", "column": "Ward"}
    assert city.section("audit") == {"areas": [area]}


def test_two_lists_of_labels_are_a_doubt_that_yes_decides(city: Delivery) -> None:
    """Without --yes the section stays a comment that names both."""
    lots = make_houses()
    for name in ("first.csv", "second.csv"):
        city.write_table(name, Key=lots["parcel_id"], Failing=lots["failing"], Year=[2023] * 24)
    ran = city.init("--json")
    assert ran.code == 0
    assert city.section("labels") == {}
    assert "# DOUBT path: second.csv could be meant as well" in city.text
    sections = ran.answer["sections"]
    assert isinstance(sections, list)
    labels = next(section for section in sections if section["section"] == "labels")
    path = labels["choices"][0]
    assert [each["value"] for each in path["candidates"]] == ["given/first.csv", "given/second.csv"]

    city.out.unlink()
    city.init("--yes")
    assert city.section("labels")["path"] == "given/first.csv"
    assert "taken by --yes" in city.text


def test_two_deliveries_of_the_parcels_are_a_doubt(city: Delivery) -> None:
    """Nothing tells which layer is the later one: both are named, with their layers."""
    city.write_lots("archive/base.gpkg")
    assert city.init().code == 3
    assert city.section("parcels") == {}
    assert '# path = "given/archive/base.gpkg"' in city.text
    assert '# path = "given/gis/base.gpkg"' in city.text
    assert city.section("export") == {}


def test_what_nothing_names_stays_a_doubt(city: Delivery) -> None:
    """Keys and days alone could be permits: nothing says vacancy, so it is not taken."""
    (city.folder / "lists" / "vbn.csv").unlink()
    ids = make_houses()["parcel_id"].iloc[::2]
    city.write_table("a.csv", k=ids, d=["2021-03-14"] * 12)
    ran = city.init()
    assert ran.code == 3
    assert "not settled: [vacant]" in ran.out
    assert city.section("vacant") == {}
    assert "# DOUBT path: neither names nor content say vacancy" in city.text


def test_a_table_of_the_assessor_is_not_taken_for_labels(city: Delivery) -> None:
    """Keys, a year and percent, but nothing about roofs: it stays a comment."""
    ids = make_houses()["parcel_id"]
    homestead = [10 * (place % 11) for place in range(24)]
    city.write_table("assessed.csv", Key=ids, TAX_YEAR=[2023] * 24, PCT_HOMESTEAD=homestead)
    assert city.init().code == 0
    assert city.section("labels") == {}
    assert "# DOUBT path: no name says that it is about roofs" in city.text


def test_violations_of_any_kind_are_not_taken_for_vacancy(city: Delivery) -> None:
    """A violation may be tall grass; where each row speaks of a vacant building it counts."""
    (city.folder / "lists" / "vbn.csv").unlink()
    ids = make_houses()["parcel_id"].iloc[::2]
    days = ["2021-03-14"] * 12
    city.write_table("lists/violations.csv", Key=ids, ViolationDate=days, Kind=["Grass"] * 12)
    assert city.init().code == 3
    city.out.unlink()
    kinds = ["Vacant building open"] * 12
    city.write_table("lists/violations.csv", Key=ids, ViolationDate=days, Kind=kinds)
    assert city.init().code == 0
    assert city.section("vacant")["notice_date"] == "ViolationDate"


def test_occupied_is_believed_where_the_notices_confirm_it(city: Delivery) -> None:
    """Y where no notice is; a column that says Y for vacants is turned round, and in doubt."""
    city.write_lots(OCC=["N", "Y"] * 12)
    city.init()
    assert city.section("parcels")["occupied"] == "OCC"
    assert "says yes 100% more often where there is no notice" in city.text

    city.out.unlink()
    city.write_lots(VACIND=["Y", "N"] * 12)
    city.init()
    assert "occupied" not in city.section("parcels")
    assert "turned round" in city.text
    city.out.unlink()
    ran = city.init("--yes")
    assert ran.code == 0
    parcels = city.section("parcels")
    assert (parcels["occupied"], parcels["occupied_values"]) == ("VACIND", ["N"])
    assert parcels["vacant_values"] == ["Y"]


def test_days_that_could_be_two_days_ask_for_their_order(city: Delivery) -> None:
    """03/04/2021 is 4 March or 3 April: no order is taken in silence."""
    city.write_notices(Issued=["03/04/2021"] * 12)
    city.init()
    assert "day_order" not in city.section("vacant")
    assert '# day_order = "month_first"' in city.text


DOUBTFUL = Choice(
    key="notice_date",
    candidates=(
        Candidate(value="A", evidence="days"),
        Candidate(value="B", evidence="days too", place=1),
    ),
    doubt="several columns hold days",
)


@pytest.mark.parametrize(
    ("typed", "value", "is_written"),
    [("2\n", "B", True), ("7\nx\n1\n", "A", True), ("\n", "A", False), ("", "A", False)],
)
def test_a_person_answers_with_a_number(
    typed: str, value: str, is_written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no number of the list is asked again; Enter and the end of input leave it open."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    choice = ask("vacant", DOUBTFUL)
    assert choice.best is not None
    assert (choice.best.value, choice.is_written) == (value, is_written)


def test_on_a_terminal_the_doubtful_is_asked(city: Delivery) -> None:
    """Two columns of days: the answer 2 takes the second."""
    city.write_notices(Second=["2021-04-14"] * 12)
    table = (city.folder / "lists" / "vbn.csv").read_text()
    (city.folder / "lists" / "vbn.csv").write_text(table.replace("Issued", "First"))
    command = ["-m", "roofwatch.cli", "init", str(city.folder), "--out", str(city.out)]

    master, slave = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, *command], stdin=slave, stdout=subprocess.DEVNULL, stderr=slave
    )
    shown = b""
    while b"or Enter" not in shown:
        assert select.select([master], [], [], 60)[0], shown
        shown += os.read(master, 4096)
    os.write(master, b"2\n" + b"\n" * 5)
    assert running.wait(timeout=60) == 0
    os.close(slave)
    os.close(master)
    assert b"several columns hold days" in shown
    assert city.section("vacant")["notice_date"] == "Second"
