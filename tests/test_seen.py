"""Label file and book of looks side by side: training, samples and products see both."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from book_cases import FILE, VISIT
from cities import CITY_TOML, CityBuilder, Roofwatch

from gis_export.table.confirmed import confirmed
from gis_export.table.inputs import LOOK_COLUMNS
from labels.draws.weights import looked_share
from labels.files import usable_labels
from labels.filled.visit_days import Flight
from labels.look import Means
from labels.table.book_rows import book_rows
from labels.table.look_table import looks_of
from roofwatch.config import read_city
from roofwatch.year import City


def open_city(path: Path) -> City:
    return City(file=read_city(path), quiet=True)


@pytest.fixture
def city(tiny_city: CityBuilder, tmp_path: Path) -> City:
    """Return the tiny city with one label in its file."""
    path = tiny_city(tmp_path / "city", CITY_TOML.replace("collapsed =", "roof_pct ="))
    ids = open_city(path).roll.table["parcel_id"]
    (path.parent / "labels.csv").write_text(f"parcel_id,year,collapsed\n{ids[0]},2024,0\n")
    text = path.read_text(encoding="utf-8").replace(
        'roof_pct = "roof_pct"', 'roof_pct = "collapsed"'
    )
    path.write_text(text, encoding="utf-8")
    return open_city(path)


def test_training_and_products_see_file_and_book(city: City) -> None:
    first, second, third = city.roll.table["parcel_id"][:3]
    looks = [
        replace(VISIT, parcel_id=second),
        replace(VISIT, parcel_id=third, disposition="razed", roof="", roof_pct=None),
        replace(VISIT, parcel_id=first, means=Means.PHOTO, source="desk", day=None, chance=0.5),
        replace(VISIT, parcel_id="no such parcel"),
    ]
    assert city.looks == ()
    assert not city.workspace.looks_db.exists()  # reading made no file
    city.book.add(looks, FILE)

    again = City(file=city.file, quiet=True).year(2024)
    labels = again.find_labels()
    assert labels is not None
    table = labels.table.set_index("parcel_id")
    assert table["failing"].to_dict() == {first: 1, second: 1}  # the book comes after the file
    assert (labels.unknown_parcels, labels.cannot_tell) == (1, 1)
    assert "looks of the book whose parcel is no longer" in labels.notes[-1]

    seen = again.find_looks()
    assert seen is not None
    assert list(seen.columns) == list(LOOK_COLUMNS)
    assert seen["parcel_id"].tolist() == [first, first, second, third]
    visit = seen[seen["parcel_id"] == second].iloc[0]
    said = ("who", "means", "disposition", "sign_posted", "sides", "secured", "signs", "date")
    assert [visit[name] for name in said] == [
        *("A. Peña", "site", "stabilize", "Y", "N E", "N", "wall_bulge floor_sag", "2024-05-02")
    ]
    assert seen["on_site"].tolist() == [False, False, True, True]
    assert seen["look_id"].str.len().tolist() == [0, 64, 64, 64]
    assert seen["chance"].notna().tolist() == [False, True, False, False]
    assert confirmed(seen, until=2024).index.tolist() == [second]


def test_a_city_without_label_file_learns_from_the_book(city: City) -> None:
    parcel = city.roll.table["parcel_id"][0]
    bare = City(file=replace(city.file, labels=None), quiet=True)
    assert (bare.label_rows, bare.year(2024).find_labels(), bare.year(2024).find_looks()) == (
        *(None, None, None),
    )
    bare.book.add([replace(VISIT, parcel_id=parcel, roof="pct_10_24", roof_pct=None)], FILE)
    labels = City(file=bare.file, quiet=True).year(2024).find_labels()
    assert labels is not None
    assert labels.table[["parcel_id", "failing"]].to_numpy().tolist() == [[parcel, 1]]


def test_what_is_not_the_roof_of_the_photo_teaches_nothing_and_is_shown(city: City) -> None:
    parcel = city.roll.table["parcel_id"][0]
    repaired = replace(VISIT, parcel_id=parcel, roof="pct_0", roof_pct=None, disposition="repaired")
    rows = book_rows([repaired], city.roll, threshold=10)
    labels = usable_labels(rows, city.roll, until=2024, source_rank=())
    assert len(labels.table) == 0
    looks = looks_of(rows, until=2024)
    assert looks["failing"].tolist() == ["N"]
    assert looks["found"].tolist() == ["no open roof found; repaired"]


@pytest.mark.parametrize(
    ("day", "flown", "learns"),
    [
        (date(2024, 5, 2), date(2024, 3, 1), True),
        (date(2025, 3, 2), date(2024, 3, 1), True),
        (date(2025, 3, 3), date(2024, 3, 1), False),  # 367 days
        (date(2025, 12, 31), None, True),
        (date(2026, 1, 1), None, False),
        (None, date(2024, 3, 1), True),
    ],
)
def test_a_visit_long_after_the_flight_is_shown_and_teaches_nothing(
    day: date | None, flown: date | None, learns: bool, city: City
) -> None:
    look = replace(VISIT, parcel_id=city.roll.table["parcel_id"][0], day=day)
    flights = (Flight(year=2024, flown=flown),)
    rows = book_rows([look], city.roll, threshold=10, flights=flights)
    labels = usable_labels(rows, city.roll, until=2024, source_rank=())
    assert (len(labels.table), labels.not_of_photo) == ((1, 0) if learns else (0, 1))
    assert len(looks_of(rows, until=2024)) == 1


def test_roofs_of_an_audit_say_nothing_of_the_whole_flyover(city: City) -> None:
    ids = city.roll.table["parcel_id"]
    looks = [replace(VISIT, parcel_id=name, chosen="audit: random", chance=0.04) for name in ids]
    rows = book_rows(looks, city.roll, threshold=10)
    labels = usable_labels(rows, city.roll, until=2024, source_rank=())
    assert labels.table["chance"].isna().all()
    assert looked_share(pd.concat([labels.table] * 10)) is None
    assert looks_of(rows, until=2024)["chance"].tolist() == [0.04] * len(ids)


def test_a_day_in_another_order_than_the_year(city: City) -> None:
    parcel = city.roll.table["parcel_id"][0]
    looks = [
        replace(VISIT, parcel_id=parcel, day=date(2024, 5, 2)),
        replace(VISIT, parcel_id=parcel, day=date(2024, 6, 2), roof="pct_0", roof_pct=None),
        replace(VISIT, parcel_id=parcel, day=None, roof="pct_100", roof_pct=None),
    ]
    rows = book_rows(looks, city.roll, threshold=10)
    labels = usable_labels(rows, city.roll, until=2024, source_rank=())
    assert labels.table["failing"].tolist() == [
        0
    ]  # the latest day counts; a year alone comes first
    assert looks_of(rows, until=2024)["date"].tolist() == ["", "2024-05-02", "2024-06-02"]


@pytest.mark.parametrize("has_labels", [True, False])
def test_check_says_that_the_book_cannot_be_read(
    has_labels: bool, tiny_city: CityBuilder, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    text = CITY_TOML + '\n[looks]\nurl = "sqlite:///looks.db"\n'
    if not has_labels:
        text = text[: text.index("[labels]")] + text[text.index("[[flyover]]") :]
    path = tiny_city(tmp_path / "city", text)
    ran = roofwatch("check", path, "--year", "2024")
    assert ran.code == 3
    assert "want a whole path" in ran.out
