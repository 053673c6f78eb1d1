"""Labels: which of several counts, and that order of rows decides last."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from imagery.errors import InputError
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll
from labels.files import read_label_rows, read_labels
from labels.settings import LabelFile
from labels.table.look_table import looks_of

ROWS = """parcel_id,year,collapsed,source,date
A,2023,0,inspector,2023-05-01
A,2023,1,desk review,2023-09-01
B,2023,1,desk review,2023-09-01
B,2023,0,desk review,2023-02-01
C,2023,1,hearsay,2023-12-01
C,2023,0,desk review,2023-01-01
D,2023,0,inspector,2023-03-01
D,2023,1,inspector,2023-03-01
E,2023,0,inspector,2023-01-01
E,2023,cannot tell,inspector,2023-06-01
"""


@pytest.fixture
def roll(tmp_path: Path) -> VacantRoll:
    """Five lots, all vacant, and their labels."""
    shapes = [shapely.box(west, 0, west + 10, 10) for west in range(0, 100, 20)]
    lots = gpd.GeoDataFrame({"parcel_id": list("ABCDE")}, geometry=shapes, crs="EPSG:32618")
    lots.to_file(tmp_path / "parcels.gpkg")
    (tmp_path / "vacant.csv").write_text("parcel_id\n" + "\n".join("ABCDE") + "\n")
    (tmp_path / "labels.csv").write_text(ROWS)
    return read_roll(
        ParcelFile(path=tmp_path / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=tmp_path / "vacant.csv", id=("parcel_id",)),
    )


@pytest.fixture
def file(tmp_path: Path) -> LabelFile:
    """The label file of the roll, without sources and dates."""
    return LabelFile(path=tmp_path / "labels.csv", id=("parcel_id",), collapsed="collapsed")


def labels_of(roll: VacantRoll, source: LabelFile) -> dict[str, int]:
    """Return the label that counts, by parcel."""
    table = read_labels(source, roll, until=2023).table
    return dict(zip(table["parcel_id"], table["failing"].tolist(), strict=True))


def test_the_most_trusted_counts_then_the_latest(roll: VacantRoll, file: LabelFile) -> None:
    """Trust decides first, then the day, then the lower row; an unknown source comes last."""
    rank = ("inspector", "desk review")
    ranked = replace(file, source="source", source_rank=rank, date="date")
    assert labels_of(roll, ranked) == {"A": 0, "B": 1, "C": 0, "D": 1, "E": 0}


def test_without_ranks_the_lower_row_counts(roll: VacantRoll, file: LabelFile) -> None:
    """The order of rows decides; "cannot tell" never takes the place of a label."""
    assert labels_of(roll, file) == {"A": 1, "B": 0, "C": 0, "D": 1, "E": 0}
    dated = replace(file, date="date")
    assert labels_of(roll, dated) == {"A": 1, "B": 1, "C": 1, "D": 1, "E": 0}


def test_a_missing_column_is_one_line(roll: VacantRoll, file: LabelFile) -> None:
    """The section and the column are named."""
    with pytest.raises(InputError, match=r"\[labels\] source"):
        labels_of(roll, replace(file, source="who"))


def read_looks(source: LabelFile, roll: VacantRoll, *, until: int) -> pd.DataFrame:
    """Read a label file as lists do."""
    return looks_of(read_label_rows(source, roll), until=until)


@pytest.mark.parametrize("typo", ["1o", "maybe", "-1", "2"])
def test_a_typo_is_refused_by_training_and_by_lists(
    roll: VacantRoll, file: LabelFile, typo: str
) -> None:
    """A typo after `score` must not silently remove a CONFIRMED from `export`."""
    file.path.write_text(ROWS.replace("D,2023,1,inspector", f"D,2023,{typo},inspector"))
    source = replace(file, source="source")

    for read in (read_labels, read_looks):
        with pytest.raises(InputError) as caught:
            read(source, roll, until=2023)
        assert str(caught.value) == (
            f"[labels] labels.csv row 9: got collapsed={typo!r}; "
            "want 0 or 1 or 'cannot tell'; correct that row"
        )
        assert caught.value.exit_code == 3


def test_training_and_lists_need_a_column_of_values(roll: VacantRoll, file: LabelFile) -> None:
    """Neither reads a label file for which the city file names no column of values."""
    source = replace(file, collapsed="")

    for read in (read_labels, read_looks):
        with pytest.raises(InputError, match="neither collapsed nor roof_pct names a column"):
            read(source, roll, until=2023)


@pytest.mark.parametrize("day", ["", "some day in May"])
def test_a_label_without_a_day_counts_before_all_others(
    roll: VacantRoll, file: LabelFile, day: str
) -> None:
    """Of two equally trusted labels the dated one counts, whatever their order."""
    text = f"parcel_id,year,collapsed,date\nA,2023,1,2023-05-01\nA,2023,0,{day}\n"
    file.path.write_text(text)
    assert labels_of(roll, replace(file, date="date")) == {"A": 1}
