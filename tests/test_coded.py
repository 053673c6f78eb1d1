"""Words for occupied and vacant: what is in no list is not known, and never "nobody there"."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_export.fire.dispatch.rows import CadLine, dispatch_text
from gis_export.table.priority import Case, points_of
from gis_export.table.settings import PrioritySettings
from imagery.roll.files import ParcelFile, VacantFile
from imagery.roll.neighbors import sides_of
from imagery.roll.parcels import VacantRoll, read_roll
from imagery.values.coded import NO, NOT_KNOWN, OCCUPANCY, YES, YES_NO, Codes, find_bad_occupancy

WORDS = {
    YES: ["Y", "yes", "T", "TRUE", "1", "1.0", " Occupied ", "OCC", "Owner", "owner-occupied"]
    + ["TENANT", "Partially Occupied"],
    NO: ["N", "no", "F", "False", "0", "0.0", "Vacant", "VAC", "un-occupied", "Unoccupied"]
    + ["Not Occupied", "EMPTY", "None"],
    NOT_KNOWN: ["", "U", "unknown", "N/A", "R", "2", "yes?", "V/O", "\u2713"],
}


def states(*texts: str, codes: Codes = OCCUPANCY) -> list[int]:
    """Return the state of each text."""
    return [int(state) for state in codes.read(pd.Series(texts, dtype="str")).state]


@pytest.mark.parametrize("state", WORDS)
def test_words_of_occupancy(state: int) -> None:
    assert states(*WORDS[state]) == [state] * len(WORDS[state])


def test_a_question_knows_no_owners() -> None:
    assert states("Y", "n", "owner", codes=YES_NO) == [YES, NO, NOT_KNOWN]


def test_a_city_names_its_own_words() -> None:
    """They count before ours, so that a column of vacancy can be turned round."""
    own = OCCUPANCY.with_words(yes=["R", "N"], no=["Y", ""])
    assert states("r", "N", "y", "", "No", codes=own) == [YES, YES, NO, NO, NO]
    with pytest.raises(ValueError, match="'r' says yes and no"):
        OCCUPANCY.with_words(yes=["R"], no=["r "])


@given(st.lists(st.text(max_size=8).filter(lambda text: text.isprintable())))
def test_what_is_in_no_list_is_not_known(texts: list[str]) -> None:
    for text, state in zip(texts, states(*texts), strict=True):
        assert state == NOT_KNOWN or states(text.strip().upper()) == [state]


@pytest.mark.parametrize(("strange", "is_fix"), [(1, False), (2, True)])
def test_more_than_a_tenth_is_to_be_mended_first(strange: int, is_fix: bool) -> None:
    texts = pd.Series(["Y"] * (10 - strange + 1) + ["R"] * strange + [""] * 40)
    coded = OCCUPANCY.read(texts)
    trouble, blank = find_bad_occupancy(coded, texts, file="lots.csv", column="use")
    assert trouble.is_fix == is_fix
    assert f"value of occupied that is not known: {strange}: 'R' ({strange})" in trouble.line
    assert "[parcels] occupied_values" in trouble.line
    assert blank.total == 40 and not blank.is_fix


def test_parts_of_one_parcel_count_together() -> None:
    """Occupied where any part is; not known where one is not, and none is occupied."""
    coded = OCCUPANCY.read(pd.Series(["N", "Y", "N", "", "N", "N"]))
    found = coded.of_each(pd.Series(["A", "A", "B", "B", "C", "C"]))
    assert found.tolist() == [YES, YES, NOT_KNOWN, NOT_KNOWN, NO, NO]


ROW = [shapely.box(6 * place, 0, 6 * place + 6, 20) for place in (1, 0, 2)]
"""A lot, and its neighbors west and east."""


@pytest.mark.parametrize(
    ("west", "east", "sides"),
    [
        (YES, YES, "E,W"),
        (NO, NO, ""),
        (NOT_KNOWN, NOT_KNOWN, "U"),
        (NOT_KNOWN, NO, "U"),
        (NOT_KNOWN, YES, "E,U"),
        (NO, YES, "E"),
    ],
)
def test_unknown_neighbors(west: int, east: int, sides: str) -> None:
    """One occupied neighbor is said; another of whom nothing is known does not read as empty."""
    lots = gpd.GeoSeries(ROW, crs=32618)
    lived_in = np.array([NO, west, east], dtype=np.int8)
    found, _ = sides_of(lots, np.array([0]), occupied=lived_in, buildings=None)
    assert found == [sides]


def test_no_product_says_that_the_unknown_side_is_empty() -> None:
    """Dispatch and housing read what is known; a narrow text still says that more may be."""
    line = CadLine(code="LIKELY", day="2024-02-11", sides="E,U")
    texts = [dispatch_text(line, width=width) for width in (90, 68)]
    assert texts == [
        "VACANT: OPEN ROOF LIKELY / PHOTO 11FEB2024, NOT VERIFIED / OCC E, OTHERS UNKNOWN",
        "VACANT: OPEN ROOF LIKELY / PHOTO 11FEB2024, NOT VERIFIED / OCC E,U",
    ]
    case = Case(code="LIKELY", occupied_sides="E,U", change="NEW")
    reasons = [reason.reason for reason in points_of(case, PrioritySettings())]
    assert "occupied neighbor on side E" in reasons


def read_town(
    folder: Path, uses: list[str], *, yes: tuple[str, ...] = (), no: tuple[str, ...] = ()
) -> VacantRoll:
    """Return the roll of a row of three, of which the middle one is vacant."""
    lots = gpd.GeoDataFrame({"id": ["B", "A", "C"], "use": uses}, geometry=ROW, crs=32618)
    lots.to_file(folder / "lots.gpkg")
    (folder / "vacant.csv").write_text("id\nB\n", encoding="utf-8")
    parcels = ParcelFile(
        path=folder / "lots.gpkg",
        id=("id",),
        occupied="use",
        occupied_values=yes,
        vacant_values=no,
    )
    return read_roll(parcels, VacantFile(path=folder / "vacant.csv", id=("id",)))


def test_occupied_and_vacant_in_words(tmp_path: Path) -> None:
    roll = read_town(tmp_path, ["Vacant", "Occupied", "Vacant"])
    assert roll.table["occupied_sides"].tolist() == ["W"]
    assert roll.troubles == ()


def test_values_of_the_city_file(tmp_path: Path) -> None:
    roll = read_town(tmp_path, ["V", "R", ""], yes=("R",), no=("V", ""))
    assert roll.table["occupied_sides"].tolist() == ["W"]
    assert roll.troubles == ()


def test_values_that_nobody_explains(tmp_path: Path) -> None:
    roll = read_town(tmp_path, ["V", "R", "R"])
    assert roll.table["occupied_sides"].tolist() == ["U"]
    (trouble,) = roll.troubles
    assert trouble.is_fix
    assert "lots.gpkg use: parcels with a value of occupied" in trouble.line
    assert "'R' (2), 'V' (1)" in trouble.line


def test_a_column_of_vacancy_is_noticed(tmp_path: Path) -> None:
    """All vacants are "occupied": the column may say who is vacant."""
    roll = read_town(tmp_path, ["Y", "N", "N"])
    (trouble,) = roll.troubles
    assert "vacants that [parcels] occupied calls occupied, most of all vacants: 1: 'B'" in (
        trouble.line
    )
    turned = read_town(tmp_path, ["Y", "N", "N"], yes=("N",), no=("Y",))
    assert turned.troubles == ()
    assert turned.table["occupied_sides"].tolist() == ["E,W"]
