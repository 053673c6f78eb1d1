"""Layers, sheets and Arrow files: ids stay digits, and what could be meant twice is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from imagery.errors import InputError, MissingInput
from imagery.roll.tables import Table, read_table, text_column

FIRST = 491_107_123_045_000_101
IDS = [str(FIRST + number) for number in range(5)]


def parcels(null: bool = False) -> gpd.GeoDataFrame:
    """Make five lots whose ids have 18 digits, and perhaps one without."""
    ids = [FIRST + number for number in range(5)] + [None] * null
    shapes = [shapely.box(number, 0, number + 1, 1) for number in range(len(ids))]
    return gpd.GeoDataFrame({"pin": pd.array(ids, dtype="Int64")}, geometry=shapes, crs=32618)


def ids_of(table: Table) -> list[str]:
    """Return the ids as text."""
    return [str(text) for text in text_column(table.rows, ("pin",), what="[parcels]")]


def read(path: Path, layer: str = "", what: str = "parcels") -> Table:
    """Read a table whose id is `pin`."""
    return read_table(path, layer=layer, what=what, key=("pin",))


WRITERS: dict[str, Callable[[gpd.GeoDataFrame, Path], object]] = {
    "gpkg": lambda table, path: table.to_file(path),
    "geojson": lambda table, path: table.to_file(path),
    "fgb": lambda table, path: table.to_file(path),
    "parquet": lambda table, path: table.to_parquet(path),
    "feather": lambda table, path: table.to_feather(path),
    "pq": lambda table, path: table.set_index("pin").to_parquet(path),
}


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("suffix", WRITERS)
def test_digits_are_kept(tmp_path: Path, suffix: str, null: bool) -> None:
    """Ids of 18 digits, also beside a null."""
    path = tmp_path / f"parcels.{suffix}"
    WRITERS[suffix](parcels(null=null), path)
    table = read(path)
    assert sorted(ids_of(table)) == sorted([*IDS, *[""] * null])
    assert table.rows.crs is not None
    assert table.rows.geometry.notna().all()
    assert table.troubles == ()


def test_parquet_without_outlines(tmp_path: Path) -> None:
    """A plain table of notices."""
    frame = pd.DataFrame(parcels(null=True)[["pin"]])
    frame.to_parquet(tmp_path / "vacant.parquet")
    frame.to_feather(tmp_path / "vacant.feather")
    for name in ("vacant.parquet", "vacant.feather"):
        assert ids_of(read(tmp_path / name, what="vacant")) == [*IDS, ""]


@pytest.mark.parametrize("name", ["x.parquet", "x.feather", "x.gpkg", "x.xlsx", "x.geojson"])
def test_rubbish(tmp_path: Path, name: str) -> None:
    """One line, whatever the suffix promises."""
    (tmp_path / name).write_bytes(b"PK\x03\x04 rubbish")
    with pytest.raises(InputError, match=name):
        read(tmp_path / name)


def test_two_years_in_one_file(tmp_path: Path) -> None:
    """Both layers could be meant; a layer without the column, or of a program, could not."""
    path = tmp_path / "parcels.gpkg"
    parcels().to_file(path, layer="parcels_2022")
    gpd.GeoDataFrame({"road": [1]}, geometry=[shapely.Point(0, 0)], crs=32618).to_file(
        path, layer="roads"
    )
    assert ids_of(read(path)) == IDS

    parcels().iloc[:3].to_file(path, layer="parcels_2023")
    with pytest.raises(InputError) as refused:
        read(path)
    assert "2 layers that could be meant: 'parcels_2022', 'parcels_2023'" in str(refused.value)
    assert "[parcels] layer" in str(refused.value)
    assert len(read(path, "parcels_2023").rows) == 3
    with pytest.raises(MissingInput, match="no layer 'parcels_2024'"):
        read(path, "parcels_2024")


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write the rows of some sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_workbook_of_text(tmp_path: Path) -> None:
    """Title, empty and closing rows; ids keep their zeros; rows have the numbers of the sheet."""
    rows: list[list[object]] = [
        ["City list"],
        [],
        ["pin", "day"],
        ["00123", "2021-06-15"],
        [],
        ["00124", None],
        ["Total: 2"],
    ]
    path = write_workbook(tmp_path / "vacant.xlsx", {"List": rows, "Sheet2": []})
    table = read(path, what="vacant")
    assert ids_of(table) == ["00123", "00124"]
    assert table.row_numbers.tolist() == [4, 6]
    assert (table.empty, table.left_out) == (1, 1)


def test_workbook_of_several_sheets(tmp_path: Path) -> None:
    """The city file says which."""
    rows: list[list[object]] = [["pin"], ["00123"]]
    path = write_workbook(tmp_path / "vacant.xlsx", {"2022": rows, "2023": rows, "Notes": [["x"]]})
    with pytest.raises(InputError, match="2 layers that could be meant: '2022', '2023'"):
        read(path, what="vacant")
    assert ids_of(read(path, "2023", what="vacant")) == ["00123"]


def test_geojson_of_other_numbers(tmp_path: Path) -> None:
    """GeoJSON whose numbers are feet is read; what it declares is judged elsewhere."""
    shape = shapely.geometry.mapping(shapely.box(1_400_000, 500_000, 1_400_020, 500_040))
    feature = {"type": "Feature", "properties": {"pin": "1"}, "geometry": shape}
    path = tmp_path / "parcels.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert ids_of(read(path)) == ["1"]


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What a library says of a file becomes a trouble, not a line on the console."""
    shapes = [shapely.Point(0, 0), shapely.Point(1, 1)]
    path = tmp_path / "parcels.shp"
    gpd.GeoDataFrame({"pin": ["1", "2"]}, geometry=shapes, crs=32618).to_file(path)
    path.with_suffix(".dbf").write_bytes(path.with_suffix(".dbf").read_bytes()[:-40])
    table = read_table(path, what="vacant", key=("pin",))
    assert [trouble.is_fix for trouble in table.troubles] == [True]
    assert "1 of 2 rows were read" in table.troubles[0].line
    assert capfd.readouterr() == ("", "")
