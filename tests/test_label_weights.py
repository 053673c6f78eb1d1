"""How labels were chosen: read, weighed, joined, and drawn on from."""

import csv
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll
from labels.draws.looks_file import (
    DrawPlan,
    LookColumns,
    draw_next,
    is_filled,
    look_columns,
    write_looks,
)
from labels.draws.weights import looked_share
from labels.files import read_label_rows, read_labels
from labels.label_file.values import read_chances
from labels.settings import LabelFile

ROOFS = 240


@pytest.fixture
def roll(tmp_path: Path) -> VacantRoll:
    """Two hundred and forty lots in a row, all vacant."""
    ids = [f"L{number:03d}" for number in range(ROOFS)]
    shapes = [shapely.box(west * 20, 0, west * 20 + 10, 10) for west in range(ROOFS)]
    addresses = [f"{number} Oak St, Rear" for number in range(ROOFS)]
    lots = gpd.GeoDataFrame(
        {"parcel_id": ids, "address": addresses}, geometry=shapes, crs="EPSG:32618"
    )
    lots.to_file(tmp_path / "parcels.gpkg")
    (tmp_path / "vacant.csv").write_text("parcel_id\n" + "\n".join(ids) + "\n")
    return read_roll(
        ParcelFile(path=tmp_path / "parcels.gpkg", id=("parcel_id",), address="address"),
        VacantFile(path=tmp_path / "vacant.csv", id=("parcel_id",)),
    )


@pytest.fixture
def file(tmp_path: Path) -> LabelFile:
    """A label file with all columns."""
    return LabelFile(
        path=tmp_path / "labels.csv",
        id=("parcel_id",),
        collapsed="collapsed",
        source="source",
        source_rank=("inspector",),
        chosen="chosen",
        chance="chance",
    )


def scored_roofs() -> pd.DataFrame:
    """Return a score for every lot."""
    return pd.DataFrame(
        {
            "parcel_id": [f"L{number:03d}" for number in range(ROOFS)],
            "score": np.linspace(0.99, 0.01, ROOFS),
            "district": np.where(np.arange(ROOFS) % 3 == 0, "East", "West"),
            "strangeness": np.arange(ROOFS) % 11.0,
        }
    )


@pytest.mark.parametrize(
    ("text", "chance"),
    [("0.05", 0.05), ("1", 1.0), ("5 %", 0.05), ("0,25", 0.25), ("1e-3", 0.001)],
)
def test_chances(text: str, chance: float) -> None:
    """Numbers, percentages, decimal commas."""
    assert read_chances(pd.Series([text])).tolist() == pytest.approx([chance])


@pytest.mark.parametrize(
    "text", ["", "0", "-0.1", "1.2", "20", "high", "nan", "inf", "0%", "1,000.5"]
)
def test_no_chances(text: str) -> None:
    """Whatever is no chance is not known."""
    assert read_chances(pd.Series([text])).isna().all()


def test_bad_chances_are_counted_and_unknown(roll: VacantRoll, file: LabelFile) -> None:
    """Named by row; an empty one is not."""
    file.path.write_text(
        "parcel_id,year,collapsed,source,chosen,chance\n"
        "L000,2024,1,desk,draw 1: top,1\n"
        "L001,2024,0,desk,draw 1: random,twenty\n"
        "L002,2024,0,desk,,\n"
        "L003,2024,0,desk,draw 1: random,20\n"
    )
    labels = read_labels(file, roll, until=2024)
    (line,) = labels.notes[1:]
    assert "labels with a chance that cannot be read: 2: row 3 'L001' has 'twenty'" in line
    assert labels.table["chance"].isna().tolist() == [False, True, True, True]
    assert labels.table["weight"].tolist() == [1, 1, 1, 1]
    assert labels.table["source"].tolist() == ["desk"] * 4
    assert labels.notes[0].startswith("1 labels were chosen with a known chance")


def test_a_file_without_the_columns_weighs_alike(roll: VacantRoll, file: LabelFile) -> None:
    """And its checksum is that of what the labels say, whatever the other columns."""
    file.path.write_text("parcel_id,year,collapsed,source\nL000,2024,1,desk\nL001,2024,0,desk\n")
    plain = replace(file, chosen="", chance="")
    labels = read_labels(plain, roll, until=2024)
    assert labels.table["weight"].tolist() == [1, 1]
    assert labels.table["chosen"].tolist() == ["", ""]
    assert labels.notes == ()

    file.path.write_text("parcel_id,year,collapsed,source\nL000,2024,1,other\nL001,2024,0,other\n")
    assert read_labels(plain, roll, until=2024).sha256 == labels.sha256


def test_a_more_trusted_source_keeps_the_chance(roll: VacantRoll, file: LabelFile) -> None:
    """The inspector's answer counts; how the roof was chosen is what the draw says."""
    file.path.write_text(
        "parcel_id,year,collapsed,source,chosen,chance\n"
        "L000,2024,0,desk,draw 2: random,0.25\n"
        "L000,2024,1,inspector,complaint,\n"
        "L000,2023,1,inspector,,\n"
    )
    table = read_labels(file, roll, until=2024).table
    found = table[["year", "failing", "source", "chosen"]].to_numpy().tolist()
    assert found == [[2023, 1, "inspector", ""], [2024, 1, "inspector", "draw 2: random"]]
    assert table["chance"].tolist() == pytest.approx([np.nan, 0.25], nan_ok=True)


def test_the_list_is_a_label_file(roll: VacantRoll, file: LabelFile, tmp_path: Path) -> None:
    """What `score` leaves is filled in, read as labels, and says the share failing.

    The next draw leaves these roofs out.
    """
    first = draw_next(scored_roofs(), None, year=2024, plan=DrawPlan(likely=0.7, seed=0))
    addresses = roll.table.set_index("parcel_id")["address"]
    columns = look_columns(file)
    write_looks(file.path, first, addresses, columns)
    assert not is_filled(file.path, columns)

    with file.path.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 100
    assert rows[0]["address"] == addresses[rows[0]["parcel_id"]]
    for row in rows:
        row["collapsed"] = str(int(int(row["parcel_id"][1:]) < 60))
    pd.DataFrame(rows).to_csv(file.path, index=False)
    assert is_filled(file.path, columns)

    labels = read_labels(file, roll, until=2024)
    assert labels.table["chance"].notna().all()
    assert labels.table["weight"].mean() == pytest.approx(1)
    looked = looked_share(labels.table)
    assert looked is not None
    assert looked.share == pytest.approx(60 / ROOFS, abs=0.03)
    assert "100 roofs were looked at" in looked.sentence

    second = draw_next(
        scored_roofs(), read_label_rows(file, roll), year=2024, plan=DrawPlan(likely=0.7, seed=0)
    )
    assert second.draw == 2
    assert not set(second.table["parcel_id"]) & set(first.table["parcel_id"])
    other_year = draw_next(
        scored_roofs(), read_label_rows(file, roll), year=2025, plan=DrawPlan(likely=0.7, seed=0)
    )
    assert other_year.draw == 1


def test_labeled_roofs_are_drawn_at_random_alone(roll: VacantRoll, file: LabelFile) -> None:
    """Somebody has said already what they are; the honest part draws from all roofs."""
    lines = [f"L{number:03d},2024,1,desk,," for number in range(50)]
    file.path.write_text("parcel_id,year,collapsed,source,chosen,chance\n" + "\n".join(lines))
    rows = read_label_rows(file, roll)
    looks = draw_next(scored_roofs(), rows, year=2024, plan=DrawPlan(likely=0.7, seed=0))
    sure = looks.table[looks.table["part"] != "random"]
    assert not set(sure["parcel_id"]) & {f"L{number:03d}" for number in range(50)}
    assert (1 / looks.table["chance"]).sum() == pytest.approx(ROOFS)


def test_columns_are_called_as_in_the_city_file(file: LabelFile) -> None:
    """So that rows can be added as they are."""
    named = replace(file, id=("pin",), collapsed="", roof_pct="pct", date="seen", year="flown")
    assert look_columns(named) == LookColumns(
        parcel_id="pin", year="flown", value="pct", date="seen", chosen="chosen", chance="chance"
    )
    assert look_columns(None) == LookColumns()
    assert look_columns(replace(file, id=("book", "lot"))).parcel_id == "parcel_id"


def test_a_file_that_is_something_else_is_kept(tmp_path: Path) -> None:
    """Whatever is there and is no list of ours was put there by somebody."""
    path = tmp_path / "looks.csv"
    assert not is_filled(path, LookColumns())
    path.write_bytes("\ufeffparcel_id,collapsed\nL000,\n".encode())
    assert not is_filled(path, LookColumns())
    path.write_text("parcel;collapsed\nL000;1\n")
    assert is_filled(path, LookColumns())
