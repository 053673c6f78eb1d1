"""Labels: which of several counts, and that order of rows decides last."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from imagery.errors import InputError
from imagery.roll.parcels import ParcelFile, VacantFile, VacantRoll, read_roll
from labels.files import LabelFile, read_labels

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
    """An inspector beats a later desk review; of two desk reviews the later counts; an unknown source comes last; then the lower row."""
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
