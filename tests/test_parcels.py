"""The vacant roll: keys however they are spelled, places, odd geometry, and nobody is lost."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from imagery.errors import CrsMismatch, InputError, MissingInput
from imagery.roll.files import FootprintFile, ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll
from imagery.roll.tables import normalize_key, normalize_keys

CRS = "EPSG:32618"
WEST, SOUTH = 360_000.0, 4_350_000.0
ReadRoll = Callable[..., VacantRoll]


def lot(number: int) -> shapely.Polygon:
    return shapely.box(WEST + 10 * number, SOUTH, WEST + 10 * number + 6, SOUTH + 12)


def text_place(shape: BaseGeometry) -> str:
    lon, lat = Transformer.from_crs(CRS, 4326, always_xy=True).transform(
        shape.centroid.x, shape.centroid.y
    )
    return f"({lat:.7f}, {lon:.7f})"


def write_parcels(
    folder: Path, ids: list[str], shapes: list[BaseGeometry | None], **columns: list[object]
) -> Path:
    path = folder / "parcels.gpkg"
    gpd.GeoDataFrame({"pin": ids, **columns}, geometry=shapes, crs=CRS).to_file(path)
    return path


def write_vacant(folder: Path, **columns: list[str]) -> Path:
    path = folder / "vacant.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def roll_of(parcels: Path, vacant: Path, **keys: object) -> VacantRoll:
    given_vacant = {
        "id": ("key",),
        **{
            key: value
            for key, value in keys.items()
            if key in ("id", "location", "lon", "lat", "notice_date")
        },
    }
    given_parcels = {
        "id": ("pin",),
        **{key: value for key, value in keys.items() if key in ("block", "address", "occupied")},
    }
    return read_roll(
        ParcelFile(path=parcels, **given_parcels), VacantFile(path=vacant, **given_vacant)
    )


@pytest.mark.parametrize("spelled", ["0216 001", "0216001", "0216-001", " 0216 001 "])
def test_keys_match_however_spelled(tmp_path: Path, spelled: str) -> None:
    """Blanks and hyphens do not part a notice from its parcel; the parcel's own spelling stays."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    roll = roll_of(parcels, write_vacant(tmp_path, key=[spelled], date=["2020"]))
    assert roll.table["parcel_id"].tolist() == ["0216 001"]
    assert roll.unmatched == ()


def test_leading_zeros_are_kept(tmp_path: Path) -> None:
    """A key is text: 0216001 is not 216001."""
    parcels = write_parcels(tmp_path, ["0216001", "216001"], [lot(0), lot(1)])
    roll = roll_of(parcels, write_vacant(tmp_path, key=["0216001"], date=["2020"]))
    assert roll.table["parcel_id"].tolist() == ["0216001"]


def test_numbers_as_keys(tmp_path: Path) -> None:
    """An id column of floats (a spreadsheet has been at it) still joins."""
    path = tmp_path / "parcels.gpkg"
    gpd.GeoDataFrame({"pin": [216001.0, 216002.0]}, geometry=[lot(0), lot(1)], crs=CRS).to_file(
        path
    )
    roll = roll_of(path, write_vacant(tmp_path, key=["216002", "216001.0"], date=["2020", "2020"]))
    assert roll.table["parcel_id"].tolist() == ["216001", "216002"]


def test_key_in_two_columns(tmp_path: Path) -> None:
    """Block and lot stand in two columns of the notices."""
    parcels = write_parcels(tmp_path, ["0216 001"], [lot(0)])
    roll = roll_of(parcels, write_vacant(tmp_path, blk=["0216"], num=["001"]), id=("blk", "num"))
    assert roll.table["parcel_id"].tolist() == ["0216 001"]
    assert roll.unmatched == ()


def test_one_column_is_enough(tmp_path: Path) -> None:
    """A list of ids and nothing else is a vacancy file."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    for column in ("key", "parcel_id", "BLOCKLOT"):
        roll = roll_of(
            parcels, write_vacant(tmp_path, **{column: ["0216 001", "0216002"]}), id=(column,)
        )
        assert roll.table["parcel_id"].tolist() == ["0216 001", "0216 002"]


def test_place_joins_where_the_key_does_not(tmp_path: Path) -> None:
    """A point such as "(39.30, -76.65)" inside a parcel is enough, and is counted."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    vacant = write_vacant(
        tmp_path, key=["changed", "0216 001"], where=[text_place(lot(1)), "(0.0, 0.0)"]
    )
    roll = roll_of(parcels, vacant, location="where")
    assert roll.table["parcel_id"].tolist() == ["0216 001", "0216 002"]
    assert roll.joined_by_place == 1


def test_place_alone(tmp_path: Path) -> None:
    """Notices without any key join by longitude and latitude."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    lat, lon = text_place(lot(1)).strip("()").split(", ")
    roll = roll_of(parcels, write_vacant(tmp_path, x=[lon], y=[lat]), id=(), lon="x", lat="y")
    assert roll.table["parcel_id"].tolist() == ["0216 002"]


def test_place_without_parcel_is_not_lost(tmp_path: Path) -> None:
    """A notice that has neither key nor parcel is a vacant building all the same: reported, and on the roll."""
    parcels = write_parcels(tmp_path, ["0216 001"], [lot(0)])
    vacant = write_vacant(
        tmp_path,
        where=[text_place(lot(0)), text_place(lot(50)), text_place(lot(60))],
        note=["a", "b", "c"],
    )
    roll = roll_of(parcels, vacant, id=(), location="where")
    assert len(roll.unmatched) == 2
    assert len(roll) == 3


def test_several_polygons_per_id(tmp_path: Path) -> None:
    """Parts of one parcel are one row."""
    parcels = write_parcels(
        tmp_path, ["0216 001", "0216 001", "0216 002"], [lot(0), lot(3), lot(1)]
    )
    roll = roll_of(parcels, write_vacant(tmp_path, key=["0216 001"], date=["2020"]))
    assert len(roll) == 1
    assert roll.table.geometry.iloc[0].area == pytest.approx(144)


def test_missing_and_invalid_geometry(tmp_path: Path) -> None:
    """A bow tie is mended, no geometry stays none; both stay on the roll."""
    tie = shapely.Polygon(
        [(WEST, SOUTH), (WEST + 6, SOUTH + 12), (WEST + 6, SOUTH), (WEST, SOUTH + 12)]
    )
    parcels = write_parcels(tmp_path, ["a 1", "a 2", "a 3"], [tie, None, shapely.Polygon()])
    roll = roll_of(parcels, write_vacant(tmp_path, key=["a1", "a2", "a3"], date=["2020"] * 3))
    assert roll.table["parcel_id"].tolist() == ["a 1", "a 2", "a 3"]
    assert roll.table.geometry.iloc[0].is_valid
    assert roll.table.geometry.iloc[0].area == pytest.approx(36)
    assert roll.table.geometry.isna().tolist() == [False, True, True]


def test_height_is_dropped(tmp_path: Path) -> None:
    """3-D outlines become flat."""
    parcels = write_parcels(tmp_path, ["a 1"], [shapely.force_3d(lot(0), 25.0)])
    roll = roll_of(parcels, write_vacant(tmp_path, key=["a1"], date=["2020"]))
    assert not roll.table.geometry.iloc[0].has_z


def test_unmatched_are_counted_and_kept(tmp_path: Path) -> None:
    """A notice that matches nothing is a row without outline, once."""
    parcels = write_parcels(tmp_path, ["0216 001"], [lot(0)])
    roll = roll_of(
        parcels, write_vacant(tmp_path, key=["0216 001", "9999 999", "9999 999"], date=["2020"] * 3)
    )
    assert roll.unmatched == ("9999 999",)
    assert roll.notices == 3
    assert roll.table.set_index("parcel_id").geometry.isna().to_dict() == {
        "0216 001": False,
        "9999 999": True,
    }


def test_first_notice_counts(tmp_path: Path) -> None:
    """Of two notices, the earlier date stands; a bad date is none."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    vacant = write_vacant(
        tmp_path,
        key=["0216001", "0216 001", "0216 002"],
        issued=["2021-05-01T00:00:00", "2019-03-02", "soon"],
    )
    roll = roll_of(parcels, vacant, notice_date="issued")
    assert roll.table["notice_date"].tolist() == [date(2019, 3, 2), None]


def test_blocks(tmp_path: Path) -> None:
    """Blocks come from their column, or from a grid: near lots share one, far ones do not."""
    parcels = write_parcels(
        tmp_path, ["a", "b", "c"], [lot(0), lot(1), lot(90)], blk=["B1", "B1", "B2"]
    )
    vacant = write_vacant(tmp_path, key=["a", "b", "c"], date=["2020"] * 3)
    assert roll_of(parcels, vacant, block="blk").table["block"].tolist() == ["B1", "B1", "B2"]
    near, same, far = roll_of(parcels, vacant).table["block"]
    assert near == same != far


def test_occupied_neighbors(tmp_path: Path) -> None:
    """The sides on which an occupied house is attached are named; without the column they are unknown."""
    shapes: list[BaseGeometry | None] = [
        shapely.box(WEST + 6 * number, SOUTH, WEST + 6 * number + 6, SOUTH + 12)
        for number in range(3)
    ]
    parcels = write_parcels(tmp_path, ["w", "m", "e"], shapes, lived=["Y", "N", "N"])
    vacant = write_vacant(tmp_path, key=["m", "e"], date=["2020"] * 2)
    assert roll_of(parcels, vacant, occupied="lived").table.set_index("parcel_id")[
        "occupied_sides"
    ].to_dict() == {"m": "W", "e": ""}
    assert set(roll_of(parcels, vacant).table["occupied_sides"]) == {"U"}


def test_footprints_tell_walls_from_fences(tmp_path: Path) -> None:
    """With building outlines, given in any CRS, only shared walls count; a notice without a parcel knows no sides."""
    shapes: list[BaseGeometry | None] = [
        shapely.box(WEST + 6 * number, SOUTH, WEST + 6 * number + 6, SOUTH + 22)
        for number in range(3)
    ]
    parcels = write_parcels(tmp_path, ["w", "m", "e"], shapes, lived=["Y", "N", "Y"])
    vacant = write_vacant(tmp_path, key=["m", "lost"], date=["2020"] * 2)
    row = [
        shapely.box(WEST, SOUTH, WEST + 12, SOUTH + 12),
        shapely.box(WEST + 13, SOUTH, WEST + 18, SOUTH + 12),
    ]
    gpd.GeoDataFrame(geometry=row, crs=CRS).to_crs(4326).to_file(tmp_path / "buildings.gpkg")
    files = (
        ParcelFile(path=parcels, id=("pin",), occupied="lived"),
        VacantFile(path=vacant, id=("key",)),
    )
    with_outlines = read_roll(
        *files, FootprintFile(path=tmp_path / "buildings.gpkg")
    ).table.set_index("parcel_id")
    assert with_outlines[["occupied_sides", "street_sides"]].to_dict("index") == {
        "m": {"occupied_sides": "W", "street_sides": "N,S"},
        "lost": {"occupied_sides": "U", "street_sides": "U"},
    }
    assert read_roll(*files).table.set_index("parcel_id").loc["m", "occupied_sides"] == "E,W"


def test_parcel_without_outline_knows_no_sides(tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path, ["a", "b"], [None, lot(0)], lived=["N", "Y"])
    roll = roll_of(parcels, write_vacant(tmp_path, key=["a"], date=["2020"]), occupied="lived")
    assert roll.table[["occupied_sides", "street_sides"]].to_numpy().tolist() == [["U", "U"]]


@given(st.lists(st.text(max_size=12)))
def test_keys_of_a_column_are_those_of_its_cells(raw: list[str]) -> None:
    cells = [*raw, " 0216 001.0", "4074c-009", "straße.0", "1.0.0", "\u2003 7.0\u2003", "\n"]
    assert normalize_keys(pd.Series(cells, dtype="str")).tolist() == [
        normalize_key(cell) for cell in cells
    ]


def test_two_parcels_with_one_normal_key_take_the_raw_one(tmp_path: Path) -> None:
    """A raw key goes before a normalized one; a key that is like several takes the last, as ever."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216001", "0216-001"], [lot(0), lot(1), lot(2)])
    roll = roll_of(
        parcels, write_vacant(tmp_path, key=["0216 001", "0216/001", ""], date=["2020"] * 3)
    )
    assert roll.table["parcel_id"].tolist() == ["0216 001", "0216-001", "notice in row 4"]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    """A column that is not there, no CRS, no notice at all, a file that is no vector file."""
    parcels = write_parcels(tmp_path, ["a"], [lot(0)])
    vacant = write_vacant(tmp_path, key=["a"], date=["2020"])
    with pytest.raises(MissingInput, match="no column 'kee'; the file has key, date"):
        roll_of(parcels, vacant, id=("kee",))
    with pytest.raises(InputError, match="holds no notice"):
        roll_of(parcels, write_vacant(tmp_path, key=[], date=[]))
    (tmp_path / "odd.gpkg").write_text("no database")
    with pytest.raises(InputError, match=r"odd\.gpkg cannot be read"):
        roll_of(tmp_path / "odd.gpkg", vacant)
    gpd.GeoDataFrame({"pin": ["a"]}, geometry=[lot(0)], crs=CRS).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(CrsMismatch, match=r"bare\.shp has no geometry or no CRS"):
        roll_of(tmp_path / "bare.shp", vacant)


@given(st.text(), st.sampled_from([" ", "-", "/", "."]))
def test_normal_keys_are_stable(raw: str, between: str) -> None:
    """Normalizing twice changes nothing, and case and separators do not matter."""
    key = normalize_key(raw)
    assert normalize_key(key) == key
    assert normalize_key(f"{key[:4]}{between}{key[4:]}x".lower()) == key + "X"
