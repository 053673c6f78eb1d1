"""The vacant roll: keys however they are spelled, places, odd geometry, and no notice is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from imagery.errors import CrsMismatch, InputError, MissingInput
from imagery.roll.files import FootprintFile, ParcelFile, VacantFile
from imagery.roll.parcels import VacantRoll, read_roll

CRS = "EPSG:32618"
WEST = 360_000.0
SOUTH = 4_350_000.0
Outlines = Sequence[BaseGeometry | None]


def lot(number: int) -> shapely.Polygon:
    """Make a detached lot of 6 x 12 m."""
    west = WEST + 10 * number
    return shapely.box(west, SOUTH, west + 6, SOUTH + 12)


def row_of_lots(depth_m: float) -> Outlines:
    """Make three lots, 6 m wide, that adjoin from west to east."""
    wests = [WEST + 6 * number for number in range(3)]
    return [shapely.box(west, SOUTH, west + 6, SOUTH + depth_m) for west in wests]


def text_place(shape: BaseGeometry) -> str:
    """Return the center as text: latitude, longitude."""
    to_degrees = Transformer.from_crs(CRS, 4326, always_xy=True)
    lon, lat = to_degrees.transform(shape.centroid.x, shape.centroid.y)
    return f"({lat:.7f}, {lon:.7f})"


def write_parcels(
    folder: Path, ids: list[str], shapes: Outlines, **columns: list[str]
) -> ParcelFile:
    """Write parcels whose id column is `pin`."""
    path = folder / "parcels.gpkg"
    gpd.GeoDataFrame({"pin": ids, **columns}, geometry=shapes, crs=CRS).to_file(path)
    return ParcelFile(path=path, id=("pin",))


def write_vacant(folder: Path, **columns: list[str]) -> VacantFile:
    """Write notices whose id column is `key`."""
    path = folder / "vacant.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return VacantFile(path=path, id=("key",))


def ids_of(roll: VacantRoll) -> list[str]:
    """Return the parcel ids in order."""
    return [str(parcel_id) for parcel_id in roll.table["parcel_id"]]


@pytest.mark.parametrize("spelled", ["0216 001", "0216001", "0216-001", " 0216 001 "])
def test_keys_match_however_spelled(tmp_path: Path, spelled: str) -> None:
    """A notice matches with other blanks and hyphens; the parcel's own spelling is kept."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    vacant = write_vacant(tmp_path, key=[spelled], date=["2020"])

    roll = read_roll(parcels, vacant)

    assert ids_of(roll) == ["0216 001"]
    assert roll.unmatched == ()


def test_leading_zeros_are_kept(tmp_path: Path) -> None:
    """A key is text: 0216001 is not 216001."""
    parcels = write_parcels(tmp_path, ["0216001", "216001"], [lot(0), lot(1)])
    vacant = write_vacant(tmp_path, key=["0216001"], date=["2020"])
    assert ids_of(read_roll(parcels, vacant)) == ["0216001"]


def test_numbers_as_keys(tmp_path: Path) -> None:
    """An id column of floats (a spreadsheet has been at it) still joins."""
    path = tmp_path / "parcels.gpkg"
    numbers = {"pin": [216001.0, 216002.0]}
    gpd.GeoDataFrame(numbers, geometry=[lot(0), lot(1)], crs=CRS).to_file(path)
    vacant = write_vacant(tmp_path, key=["216002", "216001.0"], date=["2020", "2020"])

    roll = read_roll(ParcelFile(path=path, id=("pin",)), vacant)

    assert ids_of(roll) == ["216001", "216002"]


def test_key_in_two_columns(tmp_path: Path) -> None:
    """Block and lot are two columns of the notices."""
    parcels = write_parcels(tmp_path, ["0216 001"], [lot(0)])
    vacant = write_vacant(tmp_path, blk=["0216"], num=["001"])

    roll = read_roll(parcels, replace(vacant, id=("blk", "num")))

    assert ids_of(roll) == ["0216 001"]
    assert roll.unmatched == ()


def test_one_column_is_enough(tmp_path: Path) -> None:
    """A list of ids and nothing else is a vacancy file."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    for column in ("key", "parcel_id", "BLOCKLOT"):
        vacant = write_vacant(tmp_path, **{column: ["0216 001", "0216002"]})
        roll = read_roll(parcels, replace(vacant, id=(column,)))
        assert ids_of(roll) == ["0216 001", "0216 002"]


def test_place_joins_where_the_key_does_not(tmp_path: Path) -> None:
    """A point such as "(39.30, -76.65)" inside a parcel is enough, and is counted."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    places = [text_place(lot(1)), "(0.0, 0.0)"]
    vacant = write_vacant(tmp_path, key=["changed", "0216 001"], where=places)

    roll = read_roll(parcels, replace(vacant, location="where"))

    assert ids_of(roll) == ["0216 001", "0216 002"]
    assert roll.joined_by_place == 1


def test_place_alone(tmp_path: Path) -> None:
    """Notices without any key join by longitude and latitude."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    lat, lon = text_place(lot(1)).strip("()").split(", ")
    vacant = write_vacant(tmp_path, x=[lon], y=[lat])

    roll = read_roll(parcels, replace(vacant, id=(), lon="x", lat="y"))

    assert ids_of(roll) == ["0216 002"]


def test_place_without_parcel_is_not_lost(tmp_path: Path) -> None:
    """A notice with neither key nor parcel is still a vacant building: it stays on the roll."""
    parcels = write_parcels(tmp_path, ["0216 001"], [lot(0)])
    places = [text_place(lot(number)) for number in (0, 50, 60)]
    vacant = write_vacant(tmp_path, where=places, note=["a", "b", "c"])

    roll = read_roll(parcels, replace(vacant, id=(), location="where"))

    assert len(roll.unmatched) == 2
    assert len(roll) == 3


def test_several_polygons_per_id(tmp_path: Path) -> None:
    """Parts of one parcel are one row."""
    ids = ["0216 001", "0216 001", "0216 002"]
    parcels = write_parcels(tmp_path, ids, [lot(0), lot(3), lot(1)])
    vacant = write_vacant(tmp_path, key=["0216 001"], date=["2020"])

    roll = read_roll(parcels, vacant)

    assert len(roll) == 1
    assert roll.table.geometry.iloc[0].area == pytest.approx(144)


def test_missing_and_invalid_geometry(tmp_path: Path) -> None:
    """A bow tie is repaired, no geometry stays none; both stay on the roll."""
    corners = [(WEST, SOUTH), (WEST + 6, SOUTH + 12), (WEST + 6, SOUTH), (WEST, SOUTH + 12)]
    outlines = [shapely.Polygon(corners), None, shapely.Polygon()]
    parcels = write_parcels(tmp_path, ["a 1", "a 2", "a 3"], outlines)
    vacant = write_vacant(tmp_path, key=["a1", "a2", "a3"], date=["2020"] * 3)

    roll = read_roll(parcels, vacant)

    assert ids_of(roll) == ["a 1", "a 2", "a 3"]
    assert roll.table.geometry.iloc[0].is_valid
    assert roll.table.geometry.iloc[0].area == pytest.approx(36)
    assert roll.table.geometry.isna().tolist() == [False, True, True]


def test_height_is_dropped(tmp_path: Path) -> None:
    """3-D outlines become flat."""
    parcels = write_parcels(tmp_path, ["a 1"], [shapely.force_3d(lot(0), 25.0)])
    roll = read_roll(parcels, write_vacant(tmp_path, key=["a1"], date=["2020"]))
    assert not roll.table.geometry.iloc[0].has_z


def test_unmatched_are_counted_and_kept(tmp_path: Path) -> None:
    """A notice that matches nothing is a row without outline, once."""
    parcels = write_parcels(tmp_path, ["0216 001"], [lot(0)])
    keys = ["0216 001", "9999 999", "9999 999"]

    roll = read_roll(parcels, write_vacant(tmp_path, key=keys, date=["2020"] * 3))

    assert roll.unmatched == ("9999 999",)
    assert roll.notices == 3
    lacks_outline = roll.table.set_index("parcel_id").geometry.isna().to_dict()
    assert lacks_outline == {"0216 001": False, "9999 999": True}


def test_first_notice_counts(tmp_path: Path) -> None:
    """Of two notices, the earlier date counts; a bad date is none."""
    parcels = write_parcels(tmp_path, ["0216 001", "0216 002"], [lot(0), lot(1)])
    vacant = write_vacant(
        tmp_path,
        key=["0216001", "0216 001", "0216 002"],
        issued=["2021-05-01T00:00:00", "2019-03-02", "soon"],
    )

    roll = read_roll(parcels, replace(vacant, notice_date="issued"))

    assert roll.table["notice_date"].tolist() == [date(2019, 3, 2), None]


def test_blocks(tmp_path: Path) -> None:
    """Blocks come from their column, or from a grid: near lots share one, far ones do not."""
    lots: Outlines = [lot(0), lot(1), lot(90)]
    parcels = write_parcels(tmp_path, ["a", "b", "c"], lots, blk=["B1", "B1", "B2"])
    vacant = write_vacant(tmp_path, key=["a", "b", "c"], date=["2020"] * 3)

    with_column = read_roll(replace(parcels, block="blk"), vacant)
    assert with_column.table["block"].tolist() == ["B1", "B1", "B2"]

    near, same, far = read_roll(parcels, vacant).table["block"]
    assert near == same != far


def test_occupied_neighbors(tmp_path: Path) -> None:
    """The sides with an occupied house attached are named; unknown without the column."""
    parcels = write_parcels(tmp_path, ["w", "m", "e"], row_of_lots(12), lived=["Y", "N", "N"])
    vacant = write_vacant(tmp_path, key=["m", "e"], date=["2020"] * 2)

    with_column = read_roll(replace(parcels, occupied="lived"), vacant)
    sides = with_column.table.set_index("parcel_id")["occupied_sides"]
    assert sides.to_dict() == {"m": "W", "e": ""}

    without_column = read_roll(parcels, vacant)
    assert set(without_column.table["occupied_sides"]) == {"U"}


def test_footprints_tell_walls_from_fences(tmp_path: Path) -> None:
    """With building outlines, given in any CRS, only shared walls count.

    The sides of a notice without a parcel are unknown.
    """
    lived = ["Y", "N", "Y"]
    written = write_parcels(tmp_path, ["w", "m", "e"], row_of_lots(22), lived=lived)
    parcels = replace(written, occupied="lived")
    vacant = write_vacant(tmp_path, key=["m", "lost"], date=["2020"] * 2)
    row = [
        shapely.box(WEST, SOUTH, WEST + 12, SOUTH + 12),
        shapely.box(WEST + 13, SOUTH, WEST + 18, SOUTH + 12),
    ]
    footprints = FootprintFile(path=tmp_path / "buildings.gpkg")
    gpd.GeoDataFrame(geometry=row, crs=CRS).to_crs(4326).to_file(footprints.path)

    with_outlines = read_roll(parcels, vacant, footprints).table.set_index("parcel_id")
    assert with_outlines[["occupied_sides", "street_sides"]].to_dict("index") == {
        "m": {"occupied_sides": "W", "street_sides": "N,S"},
        "lost": {"occupied_sides": "U", "street_sides": "U"},
    }

    without_outlines = read_roll(parcels, vacant).table.set_index("parcel_id")
    assert without_outlines.loc["m", "occupied_sides"] == "E,W"


def test_sides_of_a_parcel_without_outline_are_unknown(tmp_path: Path) -> None:
    parcels = write_parcels(tmp_path, ["a", "b"], [None, lot(0)], lived=["N", "Y"])
    vacant = write_vacant(tmp_path, key=["a"], date=["2020"])

    roll = read_roll(replace(parcels, occupied="lived"), vacant)

    assert roll.table[["occupied_sides", "street_sides"]].to_numpy().tolist() == [["U", "U"]]


def test_what_is_like_several_parcels_matches_none(tmp_path: Path) -> None:
    """The exact spelling goes first; an id that is like several parcels keeps a row of its own."""
    ids = ["0216 001", "0216001", "0216-001"]
    parcels = write_parcels(tmp_path, ids, [lot(0), lot(1), lot(2)])
    vacant = write_vacant(tmp_path, key=["0216 001", "0216/001", ""], date=["2020"] * 3)

    roll = read_roll(parcels, vacant)

    assert ids_of(roll) == ["0216 001", "0216/001", "notice in row 4"]
    assert roll.unmatched == ("0216/001", "notice in row 4")


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    """A column that is missing, no CRS, no notice at all, a file that is no vector file."""
    parcels = write_parcels(tmp_path, ["a"], [lot(0)])
    vacant = write_vacant(tmp_path, key=["a"], date=["2020"])
    with pytest.raises(MissingInput, match="no column 'kee'; the file has key, date"):
        read_roll(parcels, replace(vacant, id=("kee",)))

    with pytest.raises(InputError, match="holds no notice"):
        read_roll(parcels, write_vacant(tmp_path, key=[], date=[]))

    (tmp_path / "odd.gpkg").write_text("no database")
    with pytest.raises(InputError, match=r"odd\.gpkg cannot be read"):
        read_roll(replace(parcels, path=tmp_path / "odd.gpkg"), vacant)

    gpd.GeoDataFrame({"pin": ["a"]}, geometry=[lot(0)], crs=CRS).to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(CrsMismatch, match=r"bare\.shp has no CRS; add its \.prj"):
        read_roll(replace(parcels, path=tmp_path / "bare.shp"), vacant)
