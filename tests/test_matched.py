"""What matches no parcel for certain is counted and named, and too little of it stops the city."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll
from imagery.troubles import Trouble
from imagery.values.spreadsheets import changed_in_list, changed_in_parcels, is_changed
from labels.files import Labels, read_labels
from labels.settings import LabelFile

CRS = "EPSG:32618"
WEST = 360_000.0
SOUTH = 4_350_000.0


def lot(number: int) -> shapely.Polygon:
    """Make a detached lot of 6 x 12 m."""
    west = WEST + 10 * number
    return shapely.box(west, SOUTH, west + 6, SOUTH + 12)


def place_of(number: int) -> str:
    """Return the middle of a lot as text: latitude, longitude."""
    to_degrees = Transformer.from_crs(CRS, 4326, always_xy=True)
    center = lot(number).centroid
    lon, lat = to_degrees.transform(center.x, center.y)
    return f"({lat:.7f}, {lon:.7f})"


def read(
    folder: Path,
    parcels: list[str],
    notices: list[str],
    *,
    lots: Sequence[int] | None = None,
    places: list[str] | None = None,
) -> VacantRoll:
    """Write parcels and notices, and read the roll."""
    numbers = lots if lots is not None else range(len(parcels))
    shapes = [lot(number) for number in numbers]
    path = folder / "parcels.gpkg"
    gpd.GeoDataFrame({"pin": parcels}, geometry=shapes, crs=CRS).to_file(path)
    table = pd.DataFrame({"key": notices, "where": places or [""] * len(notices)})
    table.to_csv(folder / "vacant.csv", index=False)
    return read_roll(
        ParcelFile(path=path, id=("pin",)),
        VacantFile(path=folder / "vacant.csv", id=("key",), location="where"),
    )


def read_label_ids(folder: Path, roll: VacantRoll, ids: list[str]) -> Labels:
    """Write a label of 2023 for each id, and read them."""
    path = folder / "labels.csv"
    pd.DataFrame({"pin": ids, "year": 2023, "failing": 1}).to_csv(path, index=False)
    return read_labels(LabelFile(path=path, id=("pin",), collapsed="failing"), roll, until=2023)


def only(troubles: Sequence[Trouble]) -> Trouble:
    """Return the one trouble there is."""
    (trouble,) = troubles
    return trouble


def outlines(roll: VacantRoll) -> dict[str, bool]:
    """Return which parcels of the roll have an outline."""
    has = roll.table.geometry.notna()
    return dict(zip(roll.table["parcel_id"], has.tolist(), strict=True))


@pytest.mark.parametrize(("unmatched", "is_fix"), [(2, False), (3, True)])
def test_a_share_below_the_least_is_fix_first(tmp_path: Path, unmatched: int, is_fix: bool) -> None:
    """8 of 10 notices are enough, 7 are not."""
    ids = [f"0216 {number:03d}" for number in range(10)]
    spelled = [f"X{name}" if row < unmatched else name for row, name in enumerate(ids)]

    trouble = only(read(tmp_path, ids, spelled).troubles)

    assert trouble.is_fix == is_fix
    assert trouble.what == f"notices that match no parcel ({10 - unmatched} of 10 match)"
    assert trouble.examples[0] == "'X0216 000' in row 2"


def test_a_notice_that_fits_two_parcels_keeps_a_row_of_its_own(tmp_path: Path) -> None:
    """Two ids that differ by the place of a dash stay two parcels, for labels too."""
    parcels = ["21-60001", "216-0001", "2170001", "2170002", "2170003"]
    roll = read(tmp_path, parcels, [*parcels, "2160001"])

    assert outlines(roll) == dict.fromkeys(parcels, True) | {"2160001": False}
    trouble = only(roll.troubles)
    assert "'2160001' in row 7 (like '21-60001' or '216-0001')" in trouble.line

    labels = read_label_ids(tmp_path, roll, ["21-60001", "216 0001", "2170001"])
    assert labels.table["parcel_id"].tolist() == ["21-60001", "2170001"]
    assert "'216 0001' in row 3 (like '21-60001' or '216-0001')" in only(labels.troubles).line


def test_a_place_decides_between_the_parcels_that_an_id_fits(tmp_path: Path) -> None:
    parcels = ["21-60001", "216-0001", "2170001"]
    roll = read(tmp_path, parcels, ["2160001"], places=[place_of(1)])
    assert outlines(roll) == {"216-0001": True}
    assert roll.troubles == ()

    roll = read(tmp_path, parcels, ["2160001"], places=[place_of(2)])
    assert outlines(roll) == {"2160001": False}


def test_units_on_one_outline_keep_a_row_each(tmp_path: Path) -> None:
    """Units have ids of their own and the outline of their building; none of them merges."""
    units = ["0216 001-A", "0216 001-B", "0216 001-C"]
    roll = read(tmp_path, [*units, "0216 002"], units, lots=[0, 0, 0, 1])
    assert outlines(roll) == dict.fromkeys(units, True)
    assert len(set(roll.table.geometry.to_wkb())) == 1


def test_a_place_in_several_units_is_a_guess(tmp_path: Path) -> None:
    """Which unit is vacant cannot be told from a place: the notice is named."""
    units = ["0216 001-A", "0216 001-B", "0216 002"]
    roll = read(tmp_path, units, ["", ""], lots=[0, 0, 1], places=[place_of(0), place_of(1)])
    assert outlines(roll) == {"0216 002": True, "notice in row 2": False}
    assert "place lies in several parcels" in only(roll.troubles).what


def test_labels_off_the_roll_are_counted_apart(tmp_path: Path) -> None:
    """A label of a parcel that is not vacant is fine; one of no parcel is named."""
    parcels = [f"0216 {number:03d}" for number in range(10)]
    roll = read(tmp_path, parcels, parcels[:5])

    labels = read_label_ids(tmp_path, roll, [*parcels, "021G 001"])

    assert (labels.off_roll, labels.unknown_parcels, len(labels.table)) == (5, 1, 5)
    assert labels.notes[0].startswith("5 labels, 5 of them failing, are of parcels that are not on")
    words = "10 of 11 labels match a parcel; 5 of parcels that are not on the roll"
    assert labels.matches.line == words
    trouble = only(labels.troubles)
    assert not trouble.is_fix
    assert "'021G 001' in row 12" in trouble.line


def test_labels_of_another_city_are_fix_first(tmp_path: Path) -> None:
    roll = read(tmp_path, ["0216 001"], ["0216 001"])
    trouble = only(read_label_ids(tmp_path, roll, ["A", "B", "C", "D"]).troubles)
    assert trouble.is_fix
    assert trouble.line.startswith("labels that match no parcel (0 of 4 match): 4: 'A' in row 2")


def test_exponents_and_days_in_the_notices(tmp_path: Path) -> None:
    """Each notice keeps a row, however many the spreadsheet wrote alike."""
    parcels = ["3E5", "1-Mar", "216000001", "3-1", "4-2"]
    spoilt = ["2.16E+08", "########", "2.16E+08", "3-Jan"]
    roll = read(tmp_path, parcels, ["3E5", "1-Mar", *spoilt])

    assert len(roll) == 6
    assert outlines(roll)["3E5"] and outlines(roll)["1-Mar"]
    trouble = only(roll.troubles)
    assert (trouble.is_fix, trouble.total) == (True, 4)
    first = ("'2.16E+08' in row 4", "'########' in row 5", "'3-Jan' in row 7")
    assert trouble.examples == (*first, "'2.16E+08' in row 6")


def test_exponents_in_the_parcels(tmp_path: Path) -> None:
    roll = read(tmp_path, ["2.16E+11", "2.17E+11", "5"], ["5"])
    trouble = only(roll.troubles)
    assert (trouble.is_fix, trouble.total) == (True, 2)
    assert trouble.what == "parcels with an id that a spreadsheet has changed"


@pytest.mark.parametrize(
    ("ids", "changed"),
    [
        (["1-Mar", "2-Mar", "3-Mar", "45-12", "45-13", "46-40"], 3),
        (["1-Mar", "2-Mar", "3-Mar", "4-12", "45-13", "46-40"], 0),
        (["1-Mar", "2-Mar", "3-Mar", "A"], 0),
        (["#N/A", "5"], 1),
    ],
)
def test_lots_may_be_called_as_days_are(ids: list[str], changed: int) -> None:
    """Days are claimed only where pairs of numbers are left, and none that could be a day."""
    assert changed_in_parcels(pd.Series(ids)).sum() == changed


@pytest.mark.parametrize(
    ("ids", "parcels", "changed"),
    [
        (["216001.0", "216"], ["216002", "216003"], 1),
        (["216001.0"], ["216002.0", "216003"], 0),
        (["2024-03-01", "3/1/2024"], ["A", "B"], 2),
        (["2024-03-01"], ["2024-03-02"], 0),
    ],
)
def test_floats_and_days_that_no_parcel_has(
    ids: list[str], parcels: list[str], changed: int
) -> None:
    """A shape that the parcels have is the city's own."""
    none = np.zeros(len(ids), dtype=bool)
    assert changed_in_list(pd.Series(ids), none, pd.Series(parcels)).sum() == changed


def test_fifteen_digits() -> None:
    """Digits behind the 15th became zeros, and no long id of the list has kept them."""
    parcels = pd.Series([f"2016000000000012{number}" for number in range(1, 6)])
    cut = pd.Series(["20160000000000100"] * 3)
    none = np.zeros(3, dtype=bool)
    assert changed_in_list(cut, none, parcels).sum() == 3
    assert changed_in_list(cut[:2], none[:2], parcels).sum() == 0
    mixed = pd.Series([*cut[:2], "20160000000000777"])
    assert changed_in_list(mixed, none, parcels).sum() == 0


@given(st.integers(10**8, 10**15), st.integers(0, 6))
def test_whatever_a_spreadsheet_shortens_is_seen(number: int, digits: int) -> None:
    """Numbers in scientific notation, with any number of digits."""
    assert is_changed(f"{float(number):.{digits}E}")
    assert not is_changed(str(number))
