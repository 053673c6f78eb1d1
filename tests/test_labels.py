"""Labels: which of several counts, and that order of rows decides last."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from imagery.errors import InputError
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll
from labels.files import LabelFile, read_labels
from labels.look import read_looks

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
    """Five lots, all vacant."""
    lots = gpd.GeoDataFrame(
        {"parcel_id": list("ABCDE")},
        geometry=[shapely.box(20 * n, 0, 20 * n + 10, 10) for n in range(5)],
        crs="EPSG:32618",
    )
    lots.to_file(tmp_path / "parcels.gpkg")
    (tmp_path / "vacant.csv").write_text("parcel_id\n" + "\n".join("ABCDE") + "\n")
    (tmp_path / "labels.csv").write_text(ROWS)
    return read_roll(
        ParcelFile(path=tmp_path / "parcels.gpkg", id=("parcel_id",)),
        VacantFile(path=tmp_path / "vacant.csv", id=("parcel_id",)),
    )


def labels_of(roll: VacantRoll, folder: Path, **keys: object) -> dict[str, int]:
    """Return the label that counts, by parcel."""
    source = LabelFile(path=folder / "labels.csv", id=("parcel_id",), collapsed="collapsed", **keys)  # type: ignore[arg-type]  # keys of the city file
    table = read_labels(source, roll, until=2023).table
    return dict(zip(table["parcel_id"], table["failing"].tolist(), strict=True))


def test_the_most_trusted_counts_then_the_latest(roll: VacantRoll, tmp_path: Path) -> None:
    """Trust decides first, then the day, then the lower row; an unknown source comes last."""
    ranked = labels_of(
        roll, tmp_path, source="source", source_rank=("inspector", "desk review"), date="date"
    )
    assert ranked == {"A": 0, "B": 1, "C": 0, "D": 1, "E": 0}


def test_without_ranks_the_lower_row_counts(roll: VacantRoll, tmp_path: Path) -> None:
    """As the file has them; "cannot tell" never takes the place of a label."""
    assert labels_of(roll, tmp_path) == {"A": 1, "B": 0, "C": 0, "D": 1, "E": 0}
    assert labels_of(roll, tmp_path, date="date") == {"A": 1, "B": 1, "C": 1, "D": 1, "E": 0}


def test_a_missing_column_is_one_line(roll: VacantRoll, tmp_path: Path) -> None:
    """The section and the column are named."""
    with pytest.raises(InputError, match=r"\[labels\] source"):
        labels_of(roll, tmp_path, source="who")


@pytest.mark.parametrize("typo", ["1o", "yes", "-1", "2"])
def test_a_typo_is_refused_by_training_and_by_lists(
    roll: VacantRoll, tmp_path: Path, typo: str
) -> None:
    """A typo after `score` must not take a CONFIRMED out of `export` without a word."""
    path = tmp_path / "labels.csv"
    path.write_text(ROWS.replace("D,2023,1,inspector", f"D,2023,{typo},inspector"))
    source = LabelFile(path=path, id=("parcel_id",), collapsed="collapsed", source="source")

    for read in (read_labels, read_looks):
        with pytest.raises(InputError) as caught:
            read(source, roll, until=2023)
        assert str(caught.value) == (
            f"[labels] labels.csv row 9: got collapsed={typo!r}; "
            "want 0 or 1 or 'cannot tell'; correct that row"
        )
        assert caught.value.exit_code == 3


def test_training_and_lists_need_a_column_of_values(roll: VacantRoll, tmp_path: Path) -> None:
    """Neither reads a label file for which the city file names no column of values."""
    source = LabelFile(path=tmp_path / "labels.csv", id=("parcel_id",))

    for read in (read_labels, read_looks):
        with pytest.raises(InputError, match="neither collapsed nor roof_pct names a column"):
            read(source, roll, until=2023)


@pytest.mark.parametrize("day", ["", "some day in May"])
def test_a_label_without_a_day_counts_before_all_others(
    roll: VacantRoll, tmp_path: Path, day: str
) -> None:
    """Of two equally trusted labels the dated one counts, whatever their order."""
    text = f"parcel_id,year,collapsed,date\nA,2023,1,2023-05-01\nA,2023,0,{day}\n"
    (tmp_path / "labels.csv").write_text(text)
    assert labels_of(roll, tmp_path, date="date") == {"A": 1}
