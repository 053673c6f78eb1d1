"""A clean pack has no findings.

Every kind of damage that hands and programs do to a pack is named in one line.
"""

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from shutil import which
from zipfile import ZipFile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely
import xlsxwriter
from export_cases import HAZARDS, TODAY, export, make_inputs, make_ledger, make_roll, read_csv

from gis_export.fire.dispatch.center import DispatchCenter
from gis_export.fire.dispatch.columns import ColumnMap, FileFormat
from gis_export.fire.dispatch.delivery import build_dispatch
from gis_export.fire.dispatch.handover import write_dispatch
from gis_export.fire.dispatch.state import STATE_COLUMNS
from gis_export.fire.map.folder import write_fire_map
from gis_export.formats.geopackage import write_geopackage
from gis_export.formats.metadata import lineage_of
from gis_export.formats.shapefile import Pack, write_pack
from gis_export.table.fields import Tier, fields_of
from gis_export.table.rows import build_rows, build_table
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import csv_frame
from gis_export.verify.days import DayCheck
from gis_export.verify.folders import verify_folder, verify_notes
from gis_export.verify.sums import write_sums
from imagery.errors import MissingInput
from inference.ledger import Ledger, write_ledger

TIERS = {"fire": Tier.RESPONDER, "housing": Tier.HOUSING}
LEAKING_KINDS = ("csv", "parquet", "js", "json", "xlsx", "geojson", "pmtiles", "fgb", "zip")


def make_year(
    folder: Path,
    *,
    count: int = 8,
    hazards: tuple[str, ...] = HAZARDS,
    unplaced: int = 1,
    today: date = TODAY,
) -> Path:
    """Write packs, GeoPackages and a CSV of a small city, its ledger, and the checksums."""
    roll = make_roll(count)
    if unplaced and count:
        roll.table.loc[count - 1, "geometry"] = None
    ledger = make_ledger(roll, hazards)
    inputs = make_inputs(roll, ledger, today=today)
    table = build_table(inputs, ExportSettings())

    out = folder / "2026"
    for name, tier in TIERS.items():
        (out / name).mkdir(parents=True)
        pack = Pack(name=name, tier=tier, title=name, lineage=lineage_of(inputs))
        write_pack(table, out / name, pack, also_crs=("EPSG:4326",))
        write_geopackage(table, out / name / f"{name}.gpkg", tier=tier, title=name)

    (out / "data").mkdir()
    scores = csv_frame(table.rows, fields_of(Tier.DATA), long_names=True)
    scores.to_csv(out / "data/scores.csv", index=False)
    write_ledger(ledger, out)
    write_manifest(out)
    return out


def tell_fire(out: Path, *, today: date = TODAY, columns: ColumnMap | None = None) -> Path:
    """Write the map and the first delivery to dispatch, and return the folder of fire."""
    fire = out / "fire"
    settings = ExportSettings()
    inputs = make_inputs(make_roll(8), today=today)
    rows = build_rows(inputs, settings)
    write_fire_map(rows, fire / "fire_map", inputs, settings)

    none = pd.DataFrame(columns=list(STATE_COLUMNS), dtype="str")
    center = DispatchCenter(state=none)
    dispatch = build_dispatch(rows, center, settings, year=2026, today=today)
    write_dispatch(dispatch, fire, columns)
    return fire


def edit(path: Path, row: int, **cells: str) -> None:
    """Edit cells of a CSV, or of the map's data."""
    if path.suffix == ".csv":
        table = read_csv(path)
        table.loc[row, list(cells)] = list(cells.values())
        table.to_csv(path, index=False)
        return

    text = path.read_text(encoding="utf-8")
    data = json.loads(text[text.index("{") : text.rindex("}") + 1])
    for name, cell in cells.items():
        data["columns"][name][row] = cell
    path.write_text(f"window.ROOFWATCH={json.dumps(data)};\n", encoding="utf-8")


def files_of(folder: Path, *, but: str) -> list[Path]:
    """Return all files in a folder but those of one name."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != but]


def write_manifest(out: Path) -> None:
    """Write the checksums of a whole year."""
    (out / "report").mkdir(exist_ok=True)
    sums = {}
    for path in files_of(out, but="manifest.json"):
        sums[str(path.relative_to(out))] = hashlib.sha256(path.read_bytes()).hexdigest()
    (out / "report/manifest.json").write_text(json.dumps(sums), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean year, to be read only."""
    return make_year(tmp_path_factory.mktemp("clean"))


@pytest.fixture
def year(made: Path, tmp_path: Path) -> Path:
    """Return a clean year of one test's own."""
    shutil.copytree(made, tmp_path / "2026")
    return tmp_path / "2026"


def said(folder: Path, ledger: Ledger | None = None, *, sums: bool = False) -> list[str]:
    """Return the findings as lines.

    Without `sums` the checksums are removed first: they would name every edit.
    """
    if not sums:
        (folder / "report/manifest.json").unlink(missing_ok=True)
        (folder.parent / "report/manifest.json").unlink(missing_ok=True)
        for path in folder.rglob("SHA256SUMS"):
            path.unlink()
    return [str(finding) for finding in verify_folder(folder, ledger)]


def find_line(lines: list[str], *words: str) -> str:
    """Return the first line that holds all the words."""
    for line in lines:
        if all(word in line for word in words):
            assert "\n" not in line
            return line
    raise AssertionError(f"nothing of {words} in {lines}")


def rewrite(path: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    """Edit a shapefile as a GIS does: the whole of it is rewritten, its companions stay."""
    frame = change(gpd.read_file(path))
    days = frame.select_dtypes(include="datetime").columns
    frame.astype(dict.fromkeys(days, "date32[pyarrow]")).to_file(
        path, engine="pyogrio", use_arrow=True, encoding="UTF-8"
    )


def patch(path: Path, field: str, row: int, text: bytes) -> None:
    """Edit one cell of a .dbf in place, as a table editor does."""
    raw = bytearray(path.read_bytes())
    descriptor = 32
    cell_start = 1
    while raw[descriptor : descriptor + 11].split(b"\x00")[0].decode() != field:
        cell_start += raw[descriptor + 16]
        descriptor += 32

    width = raw[descriptor + 16]
    is_text = raw[descriptor + 11] == ord("C")
    cell = text.ljust(width) if is_text else text.rjust(width)
    start = header_bytes(raw) + row * row_bytes(raw) + cell_start
    raw[start : start + width] = cell
    path.write_bytes(raw)


def header_bytes(raw: bytes | bytearray) -> int:
    """Return how long the header of a .dbf is."""
    return int.from_bytes(raw[8:10], "little")


def row_bytes(raw: bytes | bytearray) -> int:
    """Return how long a row of a .dbf is."""
    return int.from_bytes(raw[10:12], "little")


@pytest.mark.parametrize("part", ["", "fire", "housing", "data", "fire/epsg_4326"])
def test_clean_export_has_no_findings(part: str, made: Path) -> None:
    assert verify_folder(made / part) == []


@pytest.mark.parametrize(("count", "hazards"), [(0, HAZARDS), (1, HAZARDS), (3, ("NOT ASSESSED",))])
def test_small_cities_have_no_findings(
    count: int, hazards: tuple[str, ...], tmp_path: Path
) -> None:
    assert said(make_year(tmp_path, count=count, hazards=hazards, unplaced=0), sums=True) == []


def test_aged_rows_are_no_finding(tmp_path: Path) -> None:
    out = make_year(tmp_path, today=date(2027, 10, 1))
    assert "imagery_too_old" in (out / "data/scores.csv").read_text(encoding="utf-8")
    assert said(out, sums=True) == []


def test_folder_without_products_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no folder at"):
        verify_folder(tmp_path / "none")
    with pytest.raises(MissingInput, match="give the folder of a pack"):
        verify_folder(tmp_path)


@pytest.mark.parametrize(
    "part",
    [
        "fire.prj",
        "fire.cpg",
        "fire.qix",
        "fire.sld",
        "fire.shp.xml",
        "fire_points.qml",
        "fire_points.shp",
    ],
)
def test_missing_part_is_named(part: str, year: Path) -> None:
    (year / "fire" / part).unlink()
    assert find_line(
        said(year / "fire"), "lacks parts of its pack", f"no {part[part.index('.') :]}"
    )


def test_missing_index_or_list_of_unplaced_rows_is_named(year: Path) -> None:
    (year / "fire/no_geometry.csv").unlink()
    lines = said(year / "fire")
    assert find_line(lines, "no_geometry.csv: is missing")
    assert find_line(lines, "holds 7 rows, the ledger 8")

    (year / "housing/housing.shx").unlink()
    assert find_line(said(year / "housing"), "housing.shp: cannot be read")


def test_index_of_arcgis_will_do(year: Path) -> None:
    (year / "fire/fire.qix").unlink()
    (year / "fire/fire.sbn").write_bytes(b"index")
    assert not [line for line in said(year / "fire") if "lacks parts" in line]


def test_stale_index_is_named(year: Path) -> None:
    index = bytearray((year / "fire/fire.qix").read_bytes())
    index[8:12] = (5).to_bytes(4, "little")
    (year / "fire/fire.qix").write_bytes(index)
    assert find_line(said(year / "fire"), "fire.qix: is an index of other shapes", "got 5, want 7")


def address_first(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Swap the first two columns."""
    first, second, *others = frame.columns
    return frame[[second, first, *others]]


def test_gis_that_rewrites_the_file_changes_types_widths_and_order(year: Path) -> None:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        frame["VBN_DATE"] = frame["VBN_DATE"].dt.strftime("%m/%d/%Y")
        frame["RANK"] = frame["RANK"].astype("str")
        frame["Shape_Area"] = 1.5
        return address_first(frame.drop(columns="WHY"))

    rewrite(year / "housing/housing.shp", change)
    lines = said(year / "housing")
    assert find_line(lines, "lacks fields", "'WHY'")
    assert find_line(lines, "has extra fields", "'Shape_Area'")
    assert find_line(lines, "field VBN_DATE has another type", "got text, want date")
    assert find_line(lines, "field RANK has another type", "got text, want whole number")
    assert find_line(lines, "field ADDRESS has another width", "want 120")


def test_fields_in_another_order_are_named(year: Path) -> None:
    rewrite(year / "fire/fire.shp", address_first)
    lines = said(year / "fire")
    assert find_line(
        lines, "has its fields in another order", "got ADDRESS as number 1, want PARCEL_ID"
    )


@pytest.mark.parametrize(
    ("field", "row", "text", "parts"),
    [
        (
            "ADDRESS",
            1,
            "Peña".encode("latin-1"),
            ("field ADDRESS holds bytes that are not UTF-8", "in row 2"),
        ),
        (
            "ADDRESS",
            1,
            b"x" * 119 + "é".encode()[:1],
            ("field ADDRESS holds bytes that are not UTF-8",),
        ),
        (
            "IMG_DATE",
            0,
            b"20260231",
            ("field IMG_DATE holds a value that is not a date", "20260231"),
        ),
        ("IMG_DATE", 0, b"3/9/26", ("field IMG_DATE holds a value that is not a date",)),
        ("SCORE", 2, b"", ("field SCORE is empty, which many programs read as 0", "row 3")),
        ("SCORE", 2, b"*********", ("field SCORE is empty",)),
        (
            "SCORE",
            2,
            b"0.000000",
            ("a row that was not scored carries a score", "'0218 001'", "want -1"),
        ),
        ("RANK", 2, b"0", ("a row that was not scored carries a RANK", "'0218 001'")),
        (
            "RISK_LVL",
            2,
            b"NOT SEEN",
            ("a row that was not scored carries a word of the photo", "'NOT SEEN'"),
        ),
        ("NA_REASON", 2, b"", ("a row that was not scored has no reason", "'0218 001'")),
        (
            "NA_REASON",
            0,
            b"too_blurred",
            ("a scored row gives a reason why it was not", "'0216 001'"),
        ),
        ("SCORE", 0, b"1.500000", ("SCORE of a scored row is out of range", "1.5")),
        (
            "SCORE",
            0,
            b"0.700000",
            ("carries another score than the ledger", "got SCORE = 0.7", "want 0.75"),
        ),
        ("RISK_LVL", 0, b"NA", ("a scored row says NOT ASSESSED",)),
        (
            "RISK_LVL",
            0,
            b"POSSIBLE",
            ("says another hazard word than the ledger", "'POSSIBLE'", "want LIKELY"),
        ),
        ("RISK_LVL", 0, b"SAFE", ("RISK_LVL holds unknown values", "'SAFE'")),
        ("RISK_LVL", 0, b"CONFIRMED", ("a CONFIRMED row was not seen by a person",)),
        ("RISK_TXT", 0, b"POSSIBLE: maybe", ("RISK_TXT says another hazard word than RISK_LVL",)),
        ("SCORED", 2, b"Y", ("says SCORED of a row that was not scored",)),
        ("SCORED", 0, b"N", ("a row that was not scored has no reason",)),
        ("SCORED", 0, b"y", ("SCORED holds unknown values", "'y'")),
        (
            "PARCEL_ID",
            0,
            b"0216001",
            (
                "carries a parcel that the ledger lacks",
                "'0216001'",
                "the blanks of the ids were lost",
            ),
        ),
        ("PARCEL_ID", 0, b"", ("has rows without PARCEL_ID",)),
        ("PARCEL_ID", 0, b"0217 001", ("names a parcel twice", "'0217 001'")),
        ("PARCEL_ID", 0, b"0217 001", ("lacks 1 parcels of the ledger", "'0216 001'")),
    ],
)
def test_edited_cell_is_named(
    field: str, row: int, text: bytes, parts: tuple[str, ...], year: Path
) -> None:
    patch(year / "housing/housing.dbf", field, row, text)
    lines = said(year / "housing")
    assert find_line(lines, *parts)
    assert find_line(lines, "housing_points.dbf: holds other rows than the parcels")
    assert find_line(lines, "housing.zip: does not hold the same housing.dbf as its folder")


def test_rows_marked_as_deleted_are_named(year: Path) -> None:
    raw = bytearray((year / "fire/fire.dbf").read_bytes())
    raw[header_bytes(raw)] = ord("*")
    (year / "fire/fire.dbf").write_bytes(raw)
    lines = said(year / "fire")
    assert find_line(lines, "holds rows that are marked as deleted", "got 1, want 0")
    assert find_line(lines, "lacks 1 parcels of the ledger", "'0216 001'")


def test_table_edited_without_its_shapes_is_named(year: Path) -> None:
    path = year / "fire/fire.dbf"
    raw = bytearray(path.read_bytes())
    header = header_bytes(raw)
    width = row_bytes(raw)

    # Sort the rows, as a spreadsheet does.
    first = raw[header : header + width]
    second = raw[header + width : header + 2 * width]
    path.write_bytes(raw[:header] + second + first + raw[header + 2 * width :])
    assert find_line(
        said(year / "fire"), "fire_points.shp: has points outside their parcels", "and 1 more"
    )

    # Drop the last row.
    raw[4:8] = (6).to_bytes(4, "little")
    path.write_bytes(raw[: header + 6 * width] + b"\x1a")
    lines = said(year / "fire")
    assert find_line(lines, "fire.dbf: has another number of rows than of shapes", "got 6, want 7")


def test_short_table_is_named(year: Path) -> None:
    path = year / "fire/fire.dbf"
    path.write_bytes(path.read_bytes()[:3000])
    assert find_line(said(year / "fire"), "cannot be read", "hold fewer than the 7 rows it says")


def test_encoding_that_the_cpg_denies_is_named(year: Path) -> None:
    (year / "fire/fire.cpg").write_text("ISO-8859-1", encoding="ascii")
    assert find_line(said(year / "fire"), "fire.cpg: names another encoding", "want UTF-8")


def test_crs_that_does_not_fit_is_named(year: Path) -> None:
    shutil.copy(year / "fire/epsg_4326/fire.prj", year / "fire/fire.prj")
    assert find_line(said(year / "fire"), "fire.prj: does not fit the coordinates", "WGS 84")
    (year / "fire/fire.prj").write_text("Maryland", encoding="ascii")
    assert find_line(said(year / "fire"), "fire.prj: names no CRS")


def test_shapes_that_are_broken_moved_or_gone_are_named(year: Path) -> None:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = list(frame.geometry)
        shapes[0] = shapely.Polygon([(0, 0), (40, 40), (40, 0), (0, 41)])
        shapes[1] = shapely.transform(shapes[1], lambda xy: xy + np.array([500, 0]))
        shapes[2] = None
        return frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))

    rewrite(year / "fire/fire.shp", change)
    lines = said(year / "fire")
    assert find_line(lines, "fire.shp: has invalid shapes", "'0216 001'", "Self-intersection")
    assert find_line(lines, "fire.shp: has rows without a shape", "'0218 001'")
    assert find_line(lines, "fire_points.shp: has points outside their parcels")


def test_rows_added_and_taken_out_are_named(year: Path) -> None:
    rewrite(year / "fire/fire.shp", lambda frame: frame.iloc[1:])
    lines = said(year / "fire")
    assert find_line(lines, "holds 7 rows, the ledger 8")
    assert find_line(lines, "lacks 1 parcels of the ledger", "'0216 001'")


def test_pack_alone_is_checked_without_a_ledger(year: Path, tmp_path: Path) -> None:
    alone = tmp_path / "sent"
    shutil.copytree(year / "fire", alone)
    patch(alone / "fire.dbf", "NA_REASON", 2, b"")
    lines = said(alone)
    assert find_line(lines, "a row that was not scored has no reason")
    assert not [line for line in lines if "ledger" in line]
    assert find_line(said(alone, make_ledger(make_roll(9))), "holds 8 rows, the ledger 9")


@pytest.mark.parametrize("name", ["fire", "pack"])
def test_leak_in_a_shapefile_is_found_by_folder_name_and_fields(name: str, year: Path) -> None:
    rewrite(year / "fire/fire.shp", lambda frame: frame.assign(SCORE=0.5, priority=3))
    folder = year / "fire"
    if name == "pack":  # no name gives the tier: the fields do
        folder = year.parent / "handed_on"
        folder.mkdir()
        for path in (year / "fire").glob("fire.*"):
            if path.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                shutil.copy(path, folder / f"vacants{path.suffix}")

    line = find_line(said(folder), "carries fields of another tier", "'SCORE'")
    assert "PRIORITY" in line
    assert "RESPONDER" in line


def test_fields_of_fire_in_a_housing_geopackage_leak(year: Path) -> None:
    path = year / "housing/housing.gpkg"
    layer = gpd.read_file(path, layer="vacant_roofs").assign(sign_posted="Y")
    layer.to_file(path, layer="vacant_roofs")
    assert find_line(
        said(year),
        "housing.gpkg: carries fields of another tier",
        "SIGN_POST as sign_posted",
        "HOUSING",
    )


def leaking(folder: Path) -> dict[str, Path]:
    """Write a product with a score into a folder of fire, in each format."""
    frame = gpd.GeoDataFrame(
        {"parcel_id": ["0216 001"], "score": [0.5]},
        geometry=[shapely.Point(-76.6, 39.3)],
        crs="EPSG:4326",
    )
    paths = {kind: folder / f"leak.{kind}" for kind in LEAKING_KINDS}
    pd.DataFrame({"PARCEL_ID": ["1"], "SCORE": ["0.5"]}).to_csv(paths["csv"], index=False)
    frame.to_parquet(paths["parquet"])
    paths["js"].write_text(
        'window.ROOFWATCH={"columns": {"PARCEL_ID": ["1"], "SCORE" : ["0.5"]}};\n', encoding="utf-8"
    )
    paths["json"].write_text('[{"parcel": {"rank": 1}}]', encoding="utf-8")
    for kind, driver in (("geojson", "GeoJSON"), ("pmtiles", "PMTiles"), ("fgb", "FlatGeobuf")):
        pyogrio.write_dataframe(frame, paths[kind], driver=driver)

    book = xlsxwriter.Workbook(paths["xlsx"])
    sheet = book.add_worksheet("list")
    sheet.write_row(0, 0, ["Work list of fire"])
    sheet.write_row(3, 0, ["PARCEL_ID", "SCORE"])
    sheet.write_row(4, 0, ["0216 001", 0.5])
    book.close()

    with ZipFile(paths["zip"], "w") as archive:
        archive.write(paths["csv"], "inside.csv")
    return paths


@pytest.mark.parametrize("kind", LEAKING_KINDS)
def test_leak_is_found_in_every_format(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "fire"
    folder.mkdir()
    path = leaking(folder)[kind]
    line = find_line(said(folder), f"leak.{kind}: carries fields of another tier")
    assert "SCORE" in line or "RANK" in line

    (tmp_path / "housing").mkdir()
    shutil.copy(path, tmp_path / "housing")
    assert not [line for line in said(tmp_path / "housing") if "another tier" in line]


def test_words_in_texts_and_blank_forms_are_no_leak(tmp_path: Path) -> None:
    folder = tmp_path / "fire"
    folder.mkdir()
    text = json.dumps(
        {
            "columns": {"PARCEL_ID": ["1", "2"], "ADDRESS": ['5 "SCORE": St', "SCORE"]},
            "year": 2026,
            "tiles": [],
        }
    )
    (folder / "data.js").write_text(f"window.X={text};", encoding="utf-8")
    (folder / "page.js").write_text('const score = {"SCORE": 1};', encoding="utf-8")
    assert said(folder) == []


def test_public_folder_may_name_no_parcel(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    path = tmp_path / "public/counts.csv"
    counts = pd.DataFrame({"neighborhood": ["Harlem Park"], "LIKELY": [12]})
    counts.to_csv(path, index=False)
    assert said(tmp_path) == []

    counts.assign(address="1 A St", PARCEL_ID="1").drop(columns="LIKELY").to_csv(path, index=False)
    assert find_line(
        said(tmp_path),
        "counts.csv: carries fields of another tier",
        "ADDRESS as address",
        "PARCEL_ID",
        "PUBLIC",
    )


def test_owner_stays_with_the_data_team(tmp_path: Path) -> None:
    table = pd.DataFrame({"PARCEL_ID": ["1"], "OWNER": ["N. N."]})
    for name in ("housing", "data"):
        (tmp_path / name).mkdir()
        table.to_csv(tmp_path / name / "x.csv", index=False)

    lines = said(tmp_path)
    assert len(lines) == 1
    assert find_line(lines, "housing/x.csv", "'OWNER'")


def test_score_of_an_unscored_row_is_found_in_other_formats_too(year: Path) -> None:
    path = year / "data/scores.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[2, "score"] = "0.000000"
    table.to_csv(path, index=False)
    assert find_line(
        said(year / "data"),
        "scores.csv: a row that was not scored carries a score",
        "'0218 001'",
        "want nothing",
    )

    gpkg = year / "housing/housing.gpkg"
    layer = gpd.read_file(gpkg, layer="vacant_roofs")
    layer.loc[2, "score"] = -1.0
    layer.to_file(gpkg, layer="vacant_roofs")
    assert find_line(
        said(year / "housing"),
        "vacant_roofs: SCORE of a row that was not scored is not nothing",
        "-1.0",
    )


def test_csv_that_a_spreadsheet_saved_with_semicolons_or_a_bom(year: Path) -> None:
    path = year / "data/scores.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert said(year / "data") == []
    path.write_text(text.encode().decode("utf-8"), encoding="utf-16")
    assert find_line(said(year / "data"), "scores.csv: cannot be read")


def test_checksums_show_every_change(year: Path) -> None:
    assert verify_folder(year / "fire") == []
    (year / "fire/fire.qml").write_text("<qgis/>", encoding="utf-8")
    (year / "fire/fire.sld").unlink()
    lines = said(year / "fire", sums=True)
    assert find_line(lines, "fire.qml: was changed after the export", "sha256")
    assert find_line(lines, "fire.sld: is missing")
    assert len([line for line in said(year, sums=True) if "was changed after" in line]) == 1


def test_broken_ledger_is_a_finding(year: Path) -> None:
    (year / "ledger.parquet").write_bytes(b"PAR1")
    assert find_line(said(year / "fire"), "ledger.parquet: is not a complete ledger")


def test_confirmed_by_hand_is_named(year: Path) -> None:
    """A person who saw the roof says so through findings, so that every product says it."""
    for layer in ("fire", "fire_points"):
        path = year / f"fire/{layer}.dbf"
        patch(path, "RISK_LVL", 0, b"CONFIRMED")
        patch(path, "RISK_TXT", 0, b"CONFIRMED: seen on 1 June")
        patch(path, "VERIFIED", 0, b"Y")
        patch(path, "RISK_CODE", 0, b"CONFIRMED")
    lines = [line for line in said(year / "fire") if "fire.zip" not in line]
    assert len(lines) == 1
    assert find_line(lines, "fire.shp: says CONFIRMED of a roof", "roofwatch findings")


@pytest.mark.parametrize("today", [TODAY, date(2027, 10, 1)])
def test_map_and_deliveries_have_no_findings(today: date, tmp_path: Path) -> None:
    assert said(tell_fire(make_year(tmp_path, today=today), today=today)) == []


@pytest.mark.parametrize("name", ["dispatch_add.csv", "fire_map/data.js"])
@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        (
            {"RISK_TXT": "NOT SEEN IN PHOTO (photo 2026-03-09)"},
            ("RISK_TXT says another hazard word than RISK_LVL", "'0216 001'"),
        ),
        (
            {"RISK_LVL": "POSSIBLE", "RISK_TXT": "POSSIBLE: x"},
            (
                "says another hazard word than the ledger",
                "RISK_LVL = 'POSSIBLE' at '0216 001'",
                "want LIKELY",
            ),
        ),
        (
            {"RISK_LVL": "NA", "RISK_TXT": "NOT ASSESSED: imagery too old"},
            ("says another hazard word than the ledger", "want LIKELY"),
        ),
        (
            {"RISK_LVL": "CONFIRMED", "RISK_TXT": "CONFIRMED: x"},
            ("a CONFIRMED row was not seen by a person",),
        ),
        (
            {"PARCEL_ID": "0216001"},
            ("carries a parcel that the ledger lacks", "the blanks of the ids were lost"),
        ),
    ],
)
def test_words_are_checked_where_scored_is_missing(
    name: str, cells: dict[str, str], parts: tuple[str, ...], year: Path
) -> None:
    path = tell_fire(year) / name
    edit(path, 0, **cells)
    assert find_line(said(year / "fire"), f"{path.name}: ", *parts)


def test_text_of_a_delivery_is_compared_with_its_word(year: Path) -> None:
    text = "VACANT: NO OPEN ROOF SEEN 09MAR2026, NOT VERIFIED"
    edit(tell_fire(year) / "dispatch_add.csv", 0, TEXT=text)

    lines = said(year / "fire")

    wrong_word = "dispatch_add.csv: TEXT says another hazard word than RISK_LVL"
    assert find_line(lines, wrong_word, "'0216 001'")
    assert [line for line in lines if "dispatch_add.csv" not in line] == []


def test_what_dispatch_holds_may_say_the_word_of_then(year: Path) -> None:
    """A row for a person to review is as it was sent, by an older version with fewer columns.

    So is a row of a parcel that has left the ledger.
    """
    fire = tell_fire(year)
    sent = read_csv(fire / "dispatch_add.csv").iloc[[1]]
    sent = sent.assign(RISK_LVL="LIKELY")
    sent[["RISK_TXT", "TEXT", "VERIFIED", "SIGN_POST", "ADJ_OCC", "RISK_CODE"]] = ""
    review = sent.assign(ACTION="REVIEW")
    delete = sent.assign(ACTION="DELETE", PARCEL_ID="0001 001")
    held = pd.concat([review, delete])

    held.to_csv(fire / "dispatch_delete.csv", index=False)
    assert said(fire) == []

    held.assign(RISK_TXT="POSSIBLE: x").to_csv(fire / "dispatch_delete.csv", index=False)
    assert find_line(
        said(fire), "dispatch_delete.csv: RISK_TXT says another hazard word than RISK_LVL"
    )


def test_a_vendor_may_name_and_encode_its_columns_as_it_likes(year: Path) -> None:
    columns = {
        "Do": "{ACTION}",
        "PARCEL_ID": "{PREMISE}",
        "RISK_LVL": "{TEXT}",
        "RISK_TXT": "{ADDRESS}",
        "Priority": "{RISK_LVL}",
    }
    layouts = (
        FileFormat(),
        FileFormat(encoding="cp1252", header=False),
        FileFormat(encoding="utf-16"),
    )
    for layout in layouts:
        assert said(tell_fire(year, columns=ColumnMap(columns=columns, format=layout))) == []
        shutil.rmtree(year / "fire/fire_map")


def test_rows_of_other_days_are_not_compared_with_this_ledger(year: Path) -> None:
    """State, log and kept deliveries hold rows of other days.

    Fields of another tier are a leak even there.
    """
    old = read_csv(tell_fire(year) / "dispatch_add.csv").assign(RISK_LVL="POSSIBLE", RISK_TXT="")
    kept = year / "deliveries/2025-11-24_01"
    kept.mkdir(parents=True)
    for path in (
        year / "dispatch_state.csv",
        year / "dispatch_log.csv",
        kept / "dispatch_add.csv",
    ):
        old.to_csv(path, index=False)
    assert said(year) == []

    old.assign(SCORE="").to_csv(year / "fire/dispatch_log.csv", index=False)
    assert find_line(said(year), "dispatch_log.csv: carries fields of another tier")


def test_a_list_of_some_rows_is_compared_with_the_ledger_too(year: Path) -> None:
    """Somebody's extract is among the products."""
    path = year / "data/for_the_mayor.csv"
    read_csv(year / "data/scores.csv").iloc[:2].to_csv(path, index=False)
    assert said(year) == []

    edit(path, 0, hazard_level="NOT SEEN", hazard_text="NOT SEEN IN PHOTO")
    assert find_line(
        said(year), "for_the_mayor.csv: says another hazard word than the ledger", "want LIKELY"
    )


@pytest.mark.parametrize(("row", "word"), [(0, "LIKELY"), (3, "POSSIBLE")])
def test_only_not_seen_in_photo_ages(row: int, word: str, year: Path) -> None:
    """A LIKELY may not hide behind old imagery."""
    numbers = dict.fromkeys(("score", "rank", "rank_in_district", "score_low", "score_high"), "")
    gone = {
        "hazard_level": "NA",
        "hazard_code": "NOT_ASSESSED",
        "hazard_text": "NOT ASSESSED: imagery too old",
        "scored": "N",
        "not_assessed_reason": "imagery_too_old",
        **numbers,
    }
    path = year / "data/scores.csv"

    edit(path, 1, **gone)
    assert said(year) == []

    edit(path, row, **gone)
    lines = said(year)
    no_score = "scores.csv: a scored row of the ledger is missing its score"
    assert find_line(lines, no_score, "imagery_too_old")
    assert find_line(lines, "scores.csv: says another hazard word than the ledger", f"want {word}")


def edit_geopackage(path: Path, **cells: str) -> None:
    """Set cells of every row of both layers, as a query does."""
    triggers_of = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE ?"
    with closing(sqlite3.connect(path)) as database, database:
        for layer in ("vacant_roofs", "centroids"):
            # The triggers of the index need a function that only GDAL has.
            triggers = database.execute(triggers_of, (f"rtree_{layer}_geom%",)).fetchall()
            for (trigger,) in triggers:
                database.execute(f'DROP TRIGGER "{trigger}"')
            for name, cell in cells.items():
                database.execute(f'UPDATE "{layer}" SET "{name}" = ?', (cell,))


def test_wrong_days_and_addresses_of_a_geopackage_are_named(year: Path) -> None:
    edit_geopackage(
        year / "fire/fire.gpkg",
        image_date="2027-02-11",
        review_by="1999-01-01",
        address="1 MAIN ST",
    )
    another_day = "gives another day of the photo than the ledger"
    got = "IMG_DATE = '2027-02-11' at '0216 001' and 7 more"
    too_early = "a row is due for review before it was flown"

    lines = said(year)

    for layer in ("vacant_roofs", "centroids"):
        named = f"fire.gpkg/{layer}: "
        assert find_line(lines, named, another_day, got, "want 2026-03-09")
        assert find_line(
            lines, named, "a row was flown after the export", "want 2026-11-24 or before"
        )
        assert find_line(lines, named, too_early, "REVIEW_BY = '1999-01-01'")
    assert not [line for line in lines if "fire.gpkg" not in line], "every other product is right"


def test_an_address_of_another_house_is_named_with_where_the_right_one_is(year: Path) -> None:
    fire = tell_fire(year)
    assert said(year) == []
    for name in ("dispatch_add.csv", "fire_map/data.js"):
        kept = (fire / name).read_bytes()
        edit(fire / name, 0, ADDRESS="1 MAIN ST")
        (line,) = said(year)
        assert find_line(
            [line],
            f"{Path(name).name}: gives another address than other products",
            "got ADDRESS = '1 MAIN ST' at '0216 001'",
            "want '100 Peña Réunion St', as in",
        )
        (fire / name).write_bytes(kept)

    patch(year / "housing/housing.dbf", "ADDRESS", 0, b"100 PENA REUNION ST")
    assert find_line(
        said(year), "housing.shp: gives another address", "as in epsg_4326/housing.shp"
    )


def test_departments_may_spell_an_address_in_their_own_way(year: Path) -> None:
    """Products of fire give the address of dispatch, and match_report.csv that of the roll.

    A row for review gives the address that was sent.
    """
    path = year / "data/scores.csv"
    table = read_csv(path)
    table["address"] = [f"{text.upper()} " for text in table["address"]]
    table.to_csv(path, index=False)

    fire = tell_fire(year)
    edit(fire / "match_report.csv", 0, ADDRESS="100 PENA")
    sent = read_csv(fire / "dispatch_add.csv").iloc[:1]
    review = sent.assign(ACTION="REVIEW", ADDRESS="9 OLD ST")
    review.to_csv(fire / "dispatch_delete.csv", index=False)

    assert said(year) == []


@pytest.mark.parametrize(
    "address", ["=1+1", "'=1", "x" * 119 + "é", "=" + "y" * 300, " 1  MAIN\n ST ", "a\x00b", ""]
)
def test_an_address_that_formats_hold_in_their_own_way_is_no_finding(
    address: str, tmp_path: Path
) -> None:
    roll = make_roll(2)
    roll.table.loc[0, "address"] = address
    table = build_table(make_inputs(roll), ExportSettings())
    out = tmp_path / "housing"
    out.mkdir()
    lineage = lineage_of(make_inputs(roll))
    pack = Pack(name="housing", tier=Tier.HOUSING, title="t", lineage=lineage)

    write_pack(table, out, pack)
    write_geopackage(table, out / "housing.gpkg", tier=Tier.HOUSING, title="t")
    rows = csv_frame(table.rows, fields_of(Tier.HOUSING), long_names=False)
    rows.to_csv(out / "list.csv", index=False)

    assert [line for line in said(out) if "another address" in line] == []


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        (
            {"image_date": "2026-03-10"},
            ("gives another day of the photo than the ledger", "want 2026-03-09"),
        ),
        ({"image_date": ""}, ("gives another day of the photo than the ledger", "IMG_DATE = ''")),
        (
            {"image_date": "3/9/2026"},
            (
                "IMG_DATE holds a value that is not a date",
                "'3/9/2026'",
                "want YYYY-MM-DD or nothing",
            ),
        ),
        ({"review_by": "2026-02-30"}, ("REVIEW_BY holds a value that is not a date", "2026-02-30")),
        (
            {"review_by": "2026-03-08"},
            ("a row is due for review before it was flown", "want IMG_DATE or later"),
        ),
        ({"verified_date": "2999-01-01"}, ("a row was seen by a person on a day in the future",)),
    ],
)
def test_wrong_day_is_named(cells: dict[str, str], parts: tuple[str, ...], year: Path) -> None:
    edit(year / "data/scores.csv", 0, **cells)
    lines = said(year)
    assert find_line(lines, "scores.csv", "'0216 001'", *parts)
    assert len(lines) == 1


def test_days_are_compared_with_the_export_or_today(year: Path) -> None:
    """A photo shown by an export was flown before the export.

    What a person saw later may be added, and an export may have a date in the future.
    """
    table = pa.table({"PARCEL_ID": ["1"], "IMG_DATE": ["2026-11-25"], "VER_DATE": ["2026-11-25"]})
    flown = "x: a row was flown after the export"
    seen = "x: a row was seen by a person on a day in the future"

    def found(folder: str, today: date) -> list[str]:
        check = DayCheck(today=today)
        findings = check.check(Path("x"), table, folder=year / folder, dbf=False)
        return [str(finding).split(";")[0] for finding in findings]

    # The export is of 2026-11-24.
    assert found("fire", date(2026, 12, 1)) == [flown]
    assert found("fire/epsg_4326", date(2026, 12, 1)) == [flown]
    assert found("fire", date(2026, 1, 1)) == [flown, seen]
    assert found("data", date(2026, 12, 1)) == []
    assert found("data", date(2026, 1, 1)) == [flown, seen], "other departments give the day"
    assert found("../none", date(2026, 11, 25)) == []
    assert found("../none", date(2026, 11, 24)) == [flown, seen]


def with_sums(year: Path) -> Path:
    """Leave SHA256SUMS in each department's folder, and no manifest."""
    (year / "report/manifest.json").unlink()
    for name in ("fire", "housing", "data"):
        write_sums(year / name)
    return year


def of_sums(folder: Path) -> list[str]:
    """Return what the checksums alone have found."""
    lines = []
    for line in said(folder, sums=True):
        is_other = "lacks parts of" in line or ".zip: does not hold" in line
        if not is_other:
            lines.append(line)
    return lines


def sha256sum(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the sums of a folder with the program of coreutils."""
    return subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_folder_carries_the_sums_of_its_files(tmp_path: Path) -> None:
    """And a whole export has nothing to find, also where a folder went alone."""
    four = export(make_inputs(make_roll(4)), tmp_path / "kept")
    assert verify_folder(four) == []
    assert verify_notes(four) == []

    for name in ("fire", "housing", "data", "public"):
        assert listed_names(four / name) == present_names(four / name)

        alone = shutil.copytree(four / name, tmp_path / name)
        if which("sha256sum"):
            assert sha256sum(alone).returncode == 0
        assert verify_folder(alone) == []
        assert verify_notes(alone) == []


def listed_names(folder: Path) -> list[str]:
    """Return the names in the list of sums of a folder."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return [line[66:] for line in lines]


def present_names(folder: Path) -> list[str]:
    """Return the names of the files of a folder, as its list of sums gives them."""
    files = files_of(folder, but="SHA256SUMS")
    return sorted(path.relative_to(folder).as_posix() for path in files)


ODD_NAMES = (
    "Peña.txt",
    " blank .txt",
    "back\\slash.txt",
    "line\nend.txt",
    "return\rend.txt",
    ".hidden",
    "deep/er/x.txt",
)


def test_sums_are_as_coreutils_want_them(year: Path) -> None:
    for name in ODD_NAMES:
        path = year / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    with_sums(year)

    fire = year / "fire"
    assert listed_names(fire) == present_names(fire)
    for line in (fire / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        raw = (fire / line[66:]).read_bytes()
        assert line[:64] == hashlib.sha256(raw).hexdigest()
        assert line[64:66] == "  "

    if which("sha256sum"):
        for name in ("fire", "housing", "data"):
            ran = sha256sum(year / name)
            files = files_of(year / name, but="SHA256SUMS")
            assert (ran.returncode, ran.stderr) == (0, ""), ran
            assert ran.stdout.count(": OK\n") == len(files)
    assert said(year, sums=True) == []


@pytest.mark.parametrize(
    ("folder", "fire"),
    [
        ("2026", "2026/fire"),
        ("2026/fire", "2026/fire"),
        ("usb", "usb/from the city"),
        ("usb/from the city", "usb/from the city"),
    ],
)
def test_sums_show_changed_missing_and_stray_files_wherever_the_folder_went(
    folder: str, fire: str, year: Path, tmp_path: Path
) -> None:
    checked = tmp_path / folder
    changed = tmp_path / fire
    shutil.copytree(with_sums(year) / "fire", tmp_path / "usb/from the city")
    assert said(checked, sums=True) == []

    (changed / "fire.qml").write_text("<qgis/>", encoding="utf-8")
    (changed / "epsg_4326/fire.sld").unlink()
    for name in ("notes.txt", ".DS_Store"):
        (changed / name).write_text("x", encoding="utf-8")

    assert [line.split("; got")[0] for line in of_sums(checked)] == [
        f"{changed}/epsg_4326/fire.sld: is missing",
        f"{changed}/fire.qml: was changed after the export",
        f"{changed}/notes.txt: is not of this export",
    ]
    if which("sha256sum"):
        assert sha256sum(changed).returncode == 1


def test_a_folder_inside_a_department_is_compared_with_its_sums(year: Path) -> None:
    with_sums(year)
    (year / "fire/fire.qml").write_text("<qgis/>", encoding="utf-8")
    assert said(year / "fire/epsg_4326", sums=True) == [], "other folders are not checked"

    (year / "fire/epsg_4326/fire.qml").write_text("<qgis/>", encoding="utf-8")
    (line,) = of_sums(year / "fire/epsg_4326")
    assert find_line([line], f"{year}/fire/epsg_4326/fire.qml: was changed after the export")


def test_sums_and_manifest_name_a_file_once_and_each_what_the_other_cannot(year: Path) -> None:
    for name in ("fire", "housing", "data"):
        write_sums(year / name)
    write_manifest(year)
    assert said(year, sums=True) == []

    (year / "fire/fire.qml").write_text("<qgis/>", encoding="utf-8")
    (year / "fire/fire.sld").unlink()
    lines = of_sums(year)
    assert [line.split(";")[0] for line in lines] == [
        f"{year}/fire/fire.qml: was changed after the export",
        f"{year}/fire/fire.sld: is missing",
    ]

    # Whoever changed the files may write their sums again.
    (year / "fire/SHA256SUMS").unlink()
    write_sums(year / "fire")
    names = sorted(line.split(":")[0].rpartition("/")[2] for line in of_sums(year))
    assert names == ["SHA256SUMS", "fire.qml", "fire.sld"]


def test_many_files_of_a_kind_are_counted_in_one_line(year: Path) -> None:
    with_sums(year)
    for number in range(11):
        (year / f"data/{number:02d}.txt").write_text("x", encoding="utf-8")
    (line,) = said(year, sums=True)
    assert "\n" not in line
    assert line.startswith(
        f"{year}/data: holds 11 files that are not of this export; "
        "got '00.txt', '01.txt', '02.txt' and 8 more, want the files that the export wrote; "
    )

    (year / "data/00.txt").unlink()
    assert len(said(year, sums=True)) == 10


@pytest.mark.parametrize(
    "text",
    [
        "no sums",
        f"{'0' * 64}  ../ledger.parquet\n",
        f"{'0' * 64}  /etc/passwd\n",
        f"{'0' * 63}  fire.qml\n",
    ],
)
def test_sums_that_are_none_are_one_finding(text: str, year: Path) -> None:
    with_sums(year)
    (year / "fire/SHA256SUMS").write_text(text, encoding="utf-8")
    (line,) = said(year, sums=True)
    assert find_line([line], "fire/SHA256SUMS: cannot be read")


def test_a_folder_without_checksums_says_so_once_and_has_no_finding(year: Path) -> None:
    for folder in (year, year / "fire", year / "fire/epsg_4326"):
        assert verify_notes(folder) == []

    with_sums(year)
    for folder in (year, year / "fire/epsg_4326"):
        assert verify_notes(folder) == []

    (year / "fire/SHA256SUMS").unlink()
    (note,) = verify_notes(year)
    assert note.startswith(f"{year}: checksums of 9 of 19 products, such as {year}/fire/")
    (note,) = verify_notes(year / "fire")
    assert note.startswith(
        f"{year}/fire: checksums were not checked: "
        "there is neither SHA256SUMS nor report/manifest.json"
    )
    assert said(year / "fire") == []


def test_changed_report_is_named(year: Path) -> None:
    """Reports have no SHA256SUMS: the manifest of the year has their checksums."""
    report = year / "report/change.csv"
    report.write_text("parcel_id\n", encoding="utf-8")
    write_manifest(year)
    assert said(year, sums=True) == []

    report.write_text("parcel_id\n0216 001\n", encoding="utf-8")
    (line,) = said(year, sums=True)
    assert find_line([line], f"{report}: was changed after the export", "sha256")
