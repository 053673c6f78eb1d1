"""One bad row costs its own parcel, is named by `check`, and never stops the city."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from cities import CityBuilder, Roofwatch
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from imagery.troubles import Trouble
from imagery.values.texts import LONGEST_ID, clean_ids

Change = Callable[[BaseGeometry], BaseGeometry | None]
FIRST = "0216 001"
INPUTS = ("parcels.gpkg", "vacant.csv", "labels.csv")


@pytest.fixture(scope="module")
def scored_city(tmp_path_factory: pytest.TempPathFactory, tiny_city: CityBuilder) -> Path:
    """A city with a champion, whose tables have no bad row."""
    from roofwatch.cli import main

    path = tiny_city(tmp_path_factory.mktemp("troubles") / "city")
    options = ["--year", "2023", "--executor", "serial", "--quiet"]
    assert main(["train", str(path), *options]) == 0
    assert main(["score", str(path), *options]) == 0
    shutil.copy(ledger_path(path), path.parent / "good.parquet")
    return path


@pytest.fixture
def city(scored_city: Path, tmp_path: Path) -> Iterator[Path]:
    """The scored city; its tables are put back after the test."""
    for name in INPUTS:
        shutil.copy(scored_city.parent / name, tmp_path / name)
    yield scored_city
    for name in INPUTS:
        shutil.copy(tmp_path / name, scored_city.parent / name)


def ledger_path(city: Path) -> Path:
    """Return the ledger of 2023."""
    return city.parent / "workspace" / "2023" / "ledger.parquet"


def command(roofwatch: Roofwatch, name: str, city: Path) -> str:
    """Run a command for 2023 that has to succeed; return what it printed."""
    ran = roofwatch(name, city, "--year", 2023, "--executor", "serial", "--quiet")
    assert ran.code == 0, ran.err
    return str(ran.out)


def rewrite_outlines(city: Path, change: Change, *, crs: int | None = None) -> None:
    """Change the first outline; the file may declare another CRS, right for all others."""
    path = city.parent / "parcels.gpkg"
    parcels = gpd.read_file(path)

    shapes = parcels.to_crs(crs or parcels.crs).geometry.to_numpy().copy()
    shapes[0] = change(parcels.geometry.iloc[0])

    path.unlink()
    columns = parcels.drop(columns="geometry")
    gpd.GeoDataFrame(columns, geometry=shapes, crs=crs or parcels.crs).to_file(path)


def rewrite_cell(city: Path, name: str, column: str, value: str) -> None:
    """Change the first cell of a column of a CSV."""
    table = pd.read_csv(city.parent / name, dtype=str)
    table.loc[0, column] = value
    table.to_csv(city.parent / name, index=False)


def open_first_ring(city: Path) -> None:
    """Take the last point off the first outline, as a careless converter writes it."""
    with sqlite3.connect(city.parent / "parcels.gpkg") as database:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda blob: 0)
        query = "SELECT fid, geom FROM parcels ORDER BY fid LIMIT 1"
        fid, blob = database.execute(query).fetchone()

        # The count of points follows the head of a polygon of one ring.
        start = blob.index(b"\x01\x03\x00\x00\x00\x01\x00\x00\x00") + 9
        points = int.from_bytes(blob[start : start + 4], "little")
        opened = blob[:start] + (points - 1).to_bytes(4, "little") + blob[start + 4 : -16]
        database.execute("UPDATE parcels SET geom = ? WHERE fid = ?", (opened, fid))
    database.close()


def corner(value: float) -> Callable[[BaseGeometry], BaseGeometry]:
    """Return a change that gives one corner this value as x and y."""

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = xy.copy()
        moved[1] = value
        return moved

    return lambda shape: shapely.transform(shape, move)


def with_bad_part(shape: BaseGeometry) -> BaseGeometry:
    """Return two parts, one of them with a NaN."""
    broken = corner(np.nan)(shape)
    assert isinstance(shape, shapely.Polygon)
    assert isinstance(broken, shapely.Polygon)
    return shapely.MultiPolygon([shape, broken])


def zero_area(shape: BaseGeometry) -> BaseGeometry:
    """Return a ring that stays on one point."""
    return shapely.Polygon([shapely.get_coordinates(shape)[0]] * 4)


OUTLINES: dict[str, tuple[Change, str]] = {
    "nan": (corner(np.nan), "a coordinate that is not a number"),
    "infinite": (corner(np.inf), "a coordinate that is not a number"),
    "1e300": (corner(1e300), "cannot be WGS 84 / UTM zone 18N"),
    "1e9": (corner(1e9), "cannot be WGS 84 / UTM zone 18N"),
    "another city": (lambda shape: shapely.transform(shape, lambda xy: xy + 6e5), "km from the"),
    "empty": (lambda shape: shapely.Polygon(), "an empty outline"),
    "null": (lambda shape: None, "no outline, or an unreadable one"),
    "bad part": (with_bad_part, "a coordinate that is not a number"),
    "only a point": (lambda shape: shapely.GeometryCollection([shape.centroid]), "empty outline"),
}
FLAT: dict[str, tuple[Change, str]] = {
    "zero area": (zero_area, "an outline without area"),
    "a point": (lambda shape: shape.centroid, "a point"),
    "a line": (lambda shape: shapely.LineString(shapely.get_coordinates(shape)[:2]), "a line"),
}


def assert_costs_only(city: Path, parcel: str, *, reason: str = "no_geometry") -> None:
    """Check that one parcel lost its outline and that all others are scored as before."""
    columns = ["status", "reason", "score", "hazard"]
    before = pd.read_parquet(city.parent / "good.parquet").set_index("parcel_id")[columns]
    after = pd.read_parquet(ledger_path(city)).set_index("parcel_id")[columns]
    assert after.loc[parcel, "status"] == "not_assessed"
    assert after.loc[parcel, "reason"] == reason
    assert after.loc[parcel, "hazard"] == "NOT ASSESSED"
    pd.testing.assert_frame_equal(after.drop(parcel), before.drop(parcel))


def assert_costs_nothing(city: Path) -> None:
    """Check that every parcel is scored as before."""
    columns = ["parcel_id", "status", "reason", "score", "hazard"]
    before = pd.read_parquet(city.parent / "good.parquet")[columns]
    pd.testing.assert_frame_equal(pd.read_parquet(ledger_path(city))[columns], before)


@pytest.mark.parametrize("kind", OUTLINES)
def test_bad_outline(city: Path, roofwatch: Roofwatch, kind: str) -> None:
    """A broken outline is named with its fault; its parcel becomes NOT ASSESSED, no other."""
    change, fault = OUTLINES[kind]
    rewrite_outlines(city, change)

    said = command(roofwatch, "check", city)
    line = next(line for line in said.splitlines() if "without a usable outline" in line)
    assert "outline: 1: '0216 001' (" in line and fault in line
    assert "NOT ASSESSED (no_geometry)" in line

    command(roofwatch, "score", city)
    assert_costs_only(city, FIRST)


@pytest.mark.parametrize("kind", FLAT)
def test_outline_without_area(city: Path, roofwatch: Roofwatch, kind: str) -> None:
    """A parcel that is a point or a line, or has no area, is named; it holds no roof."""
    change, fault = FLAT[kind]
    rewrite_outlines(city, change)

    said = command(roofwatch, "check", city)
    line = next(line for line in said.splitlines() if "has no area" in line)
    assert f"area: 1: '0216 001' ({fault})" in line and "want" not in line
    assert "must be outlines (polygons)" in line and "NOT ASSESSED (no_roof_area)" in line

    command(roofwatch, "score", city)
    assert_costs_only(city, FIRST, reason="no_roof_area")


def test_open_ring(city: Path, roofwatch: Roofwatch) -> None:
    """A ring that is not closed costs its parcel; every product is written, with its row."""
    open_first_ring(city)
    assert "usable outline: 1: '0216 001'" in command(roofwatch, "check", city)
    command(roofwatch, "score", city)
    assert_costs_only(city, FIRST)

    command(roofwatch, "export", city)
    exported = pd.read_csv(city.parent / "workspace/2023/housing/worklist.csv", dtype=str)
    assert (exported == FIRST).any(axis=None)


def test_meters_in_a_file_of_degrees(city: Path, roofwatch: Roofwatch) -> None:
    """One outline in UTM numbers costs its parcel; when all are, check says FIX FIRST."""
    rewrite_outlines(city, lambda shape: shape, crs=4326)

    said = command(roofwatch, "check", city)
    assert "x 360005 to 360011, y 4350051 to 4350063 cannot be degrees of WGS 84" in said
    assert "ogr2ogr -a_srs" in said

    command(roofwatch, "score", city)
    after = pd.read_parquet(ledger_path(city)).set_index("parcel_id")
    assert after.index[after["reason"] == "no_geometry"].tolist() == [FIRST, "9999 999"]
    assert after.loc["0216 002", "status"] == "scored"


@pytest.mark.parametrize("stage", ["check", "tile"])
def test_all_outlines_bad(city: Path, roofwatch: Roofwatch, stage: str) -> None:
    """When the whole file has the wrong CRS, one line says what was found and the remedy."""
    parcels = gpd.read_file(city.parent / "parcels.gpkg")
    (city.parent / "parcels.gpkg").unlink()
    parcels.set_crs(4326, allow_override=True).to_file(city.parent / "parcels.gpkg")

    ran = roofwatch(stage, city, "--year", 2023, "--quiet")

    assert ran.code == 3 and len(ran.err.splitlines()) == 1
    assert "[parcels] path: parcels.gpkg declares the CRS WGS 84 (EPSG:4326, degree)" in ran.error
    assert "cannot be degrees of WGS 84; they look like projected numbers" in ran.error
    assert "ogr2ogr -a_srs" in ran.error


HARMLESS: dict[str, Change] = {
    "bow tie": lambda shape: shapely.Polygon(shapely.get_coordinates(shape)[[0, 2, 1, 3]]),
    "nan height": lambda shape: shapely.from_wkt(
        shapely.to_wkt(shapely.force_3d(shape, 1.5)).replace(" 1.5", " nan", 1),
    ),
    "stray point": lambda shape: shapely.GeometryCollection([shape, shapely.Point(0, 0)]),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_outline_that_can_be_repaired(city: Path, roofwatch: Roofwatch, kind: str) -> None:
    """A bow tie, a height that is no number and a stray point keep the parcel."""
    rewrite_outlines(city, HARMLESS[kind])
    said = command(roofwatch, "check", city)
    assert "usable outline" not in said and "24 covered" in said


DATES = {
    "-1": "that is a bare number",
    "0": "that is a bare number",
    "0000-00-00": "that stands for no day",
    "1900-01-01": "that stands for no day",
    "1e30": "that cannot be read",
    "today": "that cannot be read",
    "20\x0020-05-01": "that cannot be read",
    "2023-02-30": "that cannot be read",
    "03/04/2020": "that may be two days",
    "43831": "that is a bare number",
    "1850-01-01": "before 1900 or after the end of next year",
    "2999-01-01": "before 1900 or after the end of next year",
}


@pytest.mark.parametrize("written", DATES)
def test_bad_notice_date(city: Path, roofwatch: Roofwatch, written: str) -> None:
    """A date that cannot be told is empty and named; the parcel is scored."""
    rewrite_cell(city, "vacant.csv", "notice_date", written)
    said = command(roofwatch, "check", city)
    line = next(line for line in said.splitlines() if "notices with a date" in line)
    assert f"vacant.csv notice_date: notices with a date {DATES[written]}" in line
    assert ": 1: row 2 '0216 001' has" in line
    assert "24 covered" in said


def test_products_of_a_city_with_troubles(city: Path, roofwatch: Roofwatch) -> None:
    """A NaN, a date of -1, a bell in an id and a label of year inf: products are there."""
    rewrite_outlines(city, corner(np.nan))
    rewrite_cell(city, "vacant.csv", "notice_date", "-1")
    rewrite_cell(city, "labels.csv", "year", "inf")
    vacant = city.parent / "vacant.csv"
    vacant.write_bytes(vacant.read_bytes().replace(b"9999 999", b"9999\x00 9\x0799"))

    said = command(roofwatch, "check", city)
    assert said.count("note: ") == 5
    command(roofwatch, "score", city)
    assert_costs_only(city, FIRST)

    exported = command(roofwatch, "export", city)
    assert "note: labels with a year that cannot be read: 1: row 2 '0216 001'" in exported
    year = city.parent / "workspace" / "2023"
    layer = gpd.read_parquet(year / "data" / "scores.parquet")
    assert len(layer) == 25
    for name in ("fire/fire.gpkg", "housing/housing.shp", "housing/worklist.xlsx"):
        assert (year / name).exists()
    with sqlite3.connect(year / "housing" / "housing.gpkg") as database:
        tables = [row[0] for row in database.execute("SELECT table_name FROM gpkg_contents")]
    database.close()
    assert tables


YEARS = ["inf", "nan", "1e400", "2023.5", "-2023", "1e30", "", "2023\x00"]


@pytest.mark.parametrize("written", YEARS)
def test_bad_label_year(city: Path, roofwatch: Roofwatch, written: str) -> None:
    """A label whose year cannot be read is named by check and not used."""
    rewrite_cell(city, "labels.csv", "year", written)
    said = command(roofwatch, "check", city)
    assert "labels with a year that cannot be read: 1: row 2 '0216 001' has" in said
    assert "until then they are not used" in said


def test_train_names_bad_label_years(city: Path, roofwatch: Roofwatch) -> None:
    """Training leaves the label out and says so."""
    rewrite_cell(city, "labels.csv", "year", "inf")

    said = command(roofwatch, "train", city)

    assert "on 23 labels" in said
    assert "note: labels with a year that cannot be read: 1: row 2 '0216 001' has 'inf'" in said
    evaluation = city.parent / "workspace" / "2023" / "report" / "evaluation.html"
    assert "labels with a year that cannot be read" in evaluation.read_text()


IDS = {
    "nul": (b"0216 001\x00", FIRST),
    "tab": (b'"0216\t001"', FIRST),
    "line break": (b'"0216\n001"', FIRST),
    "bell": (b"0216 \x07001", FIRST),
    "next line": (b"0216\xc2\x85001", FIRST),
    "line separator": (b"0216\xe2\x80\xa8001", FIRST),
}


@pytest.mark.parametrize("kind", IDS)
def test_bad_id(city: Path, roofwatch: Roofwatch, kind: str) -> None:
    """An id with control characters is cleaned, named, and matches its parcel."""
    written, cleaned = IDS[kind]
    vacant = city.parent / "vacant.csv"
    vacant.write_bytes(vacant.read_bytes().replace(FIRST.encode(), written, 1))

    said = command(roofwatch, "check", city)
    assert "ids of [vacant] with control characters or more than 60 bytes: 1: " in said
    assert f"is used as {cleaned!r}" in said

    command(roofwatch, "score", city)
    assert_costs_nothing(city)


def test_id_of_nothing_but_nul(city: Path, roofwatch: Roofwatch) -> None:
    """The notice keeps a row of its own, named by its row in the file."""
    vacant = city.parent / "vacant.csv"
    vacant.write_bytes(vacant.read_bytes().replace(b"9999 999", b"\x00" * 8))
    assert "ids of [vacant] with control characters" in command(roofwatch, "check", city)
    command(roofwatch, "score", city)
    assert "notice in row 26" in pd.read_parquet(ledger_path(city))["parcel_id"].tolist()


def test_lone_surrogate(city: Path, roofwatch: Roofwatch) -> None:
    """A line that is no UTF-8 is read as Windows-1252 and named."""
    vacant = city.parent / "vacant.csv"
    vacant.write_bytes(vacant.read_bytes().replace(FIRST.encode(), b"0216\xed\xa0\x80001", 1))

    said = command(roofwatch, "check", city)

    assert "vacant.csv: lines that are not UTF-8 and were read as Windows-1252: 1: line 2" in said


def test_vacants_in_are_rows_out_after_cleaning(city: Path, roofwatch: Roofwatch) -> None:
    """The same id twice after cleaning is one parcel; a long id stays one of its own."""
    vacant = city.parent / "vacant.csv"
    more = f"{FIRST}\x00,2020-05-01\n{'7' * 10_000},2020-05-01\n{'7' * 10_001},2020-05-01\n"
    vacant.write_text(vacant.read_text() + more)

    assert "with control characters or more than 60 bytes: 3: " in command(roofwatch, "check", city)
    command(roofwatch, "score", city)
    assert len(pd.read_parquet(ledger_path(city))) == 27

    command(roofwatch, "export", city)
    layer = gpd.read_parquet(city.parent / "workspace" / "2023" / "data" / "scores.parquet")
    assert len(layer) == 27


def test_clean_ids() -> None:
    """Ids fit every product, stay apart when they are long, and ordinary ones stay as they are."""
    raw = ["0216 001", "ß" * 60, "7" * 10_000, "7" * 9_999, "a\x7fb", "\x00", " 1"]

    cleaned = clean_ids(pd.Series(raw)).tolist()

    assert [cleaned[0], *cleaned[4:]] == ["0216 001", "ab", "", " 1"]
    assert all(len(text.encode()) <= LONGEST_ID for text in cleaned)
    assert len(set(cleaned)) == len(raw)


def test_line_of_many_rows() -> None:
    """Three examples and the count of the others."""
    bad = Trouble(what="bad", examples=("a", "b", "c", "d", "e"), remedy="correct them")
    assert bad.line == "bad: 5: a, b, c and 2 more; correct them"
