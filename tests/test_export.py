"""Products say what the ledger says, in every format, or nothing is delivered."""

import shutil
import sqlite3
import subprocess
import xml.etree.ElementTree as ET
from contextlib import closing
from datetime import date
from pathlib import Path
from shutil import which

import fiona
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from export_cases import (
    FLOWN,
    HAZARDS,
    every_product,
    export,
    make_inputs,
    make_ledger,
    make_roll,
    page_columns,
    read_csv,
)

from gis_export import part_writers
from gis_export.fire.dispatch.rows import CadLine, dispatch_text
from gis_export.products import export_products
from gis_export.table.aging import add_months, as_date, review_by, too_old
from gis_export.table.change import change_of
from gis_export.table.export_table import polygons_only
from gis_export.table.fields import DBF_TEXT_MAX, FIELDS, Field, Tier, fields_of
from gis_export.table.priority import Case, points_of
from gis_export.table.rows import build_rows
from gis_export.table.settings import (
    DispatchSettings,
    ExportSettings,
    MapSettings,
    PrioritySettings,
    VisitSettings,
)
from gis_export.table.symbols import SYMBOLS
from gis_export.table.tables import fit
from gis_export.verify.folders import BadProduct, TierLeak, verify_products
from imagery.errors import ConfigError, InputError, Unbalanced
from imagery.roll.parcels import VacantRoll
from imagery.values.formulas import harmless
from inference.hazard import USE_LIMIT


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the products of four vacants, to be read only."""
    return export(make_inputs(make_roll(4)), tmp_path_factory.mktemp("four"))


def test_field_names_fit_a_shapefile() -> None:
    for field in FIELDS:
        assert field.name == field.name.upper()
        assert len(field.name) <= 10
    assert len({field.name for field in FIELDS}) == len(FIELDS)
    assert len({field.alias for field in FIELDS}) == len(FIELDS)

    with pytest.raises(ValueError, match="11 characters"):
        Field(
            name="ABCDEFGHIJK",
            alias="a",
            kind="text",
            width=9,
            tiers=frozenset({Tier.DATA}),
            meaning="",
        )


def test_fire_carries_no_score_and_housing_no_sign() -> None:
    fire = {field.name for field in fields_of(Tier.RESPONDER)}
    housing = {field.name for field in fields_of(Tier.HOUSING)}
    assert not fire & {"SCORE", "RANK", "RANK_DIST", "PRIORITY", "WHY", "VBN_DATE", "NBHD"}
    assert not housing & {"SIGN_POST", "ADJ_OCC", "OCC_SIDES", "FIRE_DIST"}


def test_shapefile_pack_is_whole_with_widths_dates_and_accents(four: Path) -> None:
    for suffix in ("shp", "shx", "dbf", "prj", "cpg", "qml", "shp.xml"):
        assert (four / f"housing/housing.{suffix}").stat().st_size > 0
    with fiona.open(four / "housing/housing.shp") as layer:
        assert layer.schema["properties"]["PARCEL_ID"] == "str:60"
        assert layer.schema["properties"]["WHY"] == f"str:{DBF_TEXT_MAX}"
        assert layer.schema["properties"]["SCORE"] == "float:9.6"
        assert layer.schema["properties"]["IMG_DATE"] == "date"
        assert layer.crs.to_epsg() == 2248
        rows = [dict(feature["properties"]) for feature in layer]

    first, _, unscored, _ = rows
    assert first["PARCEL_ID"] == "0216 001"
    assert first["ADDRESS"] == "100 Peña Réunion St"
    assert first["IMG_DATE"] == "2026-03-09"
    assert first["VBN_DATE"] is None
    assert (unscored["SCORED"], unscored["SCORE"], unscored["RANK"]) == ("N", -1, -1)
    assert (unscored["RISK_LVL"], unscored["NA_REASON"]) == ("NA", "outside_imagery")


def by_ogrinfo(path: Path, *options: str) -> str:
    """Return what GDAL's ogrinfo prints of a layer."""
    command = ["ogrinfo", "-al", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(which("ogrinfo") is None, reason="GDAL's ogrinfo is not installed")
def test_ogrinfo_reads_crs_encoding_and_dates(four: Path) -> None:
    dates = {"fire/fire.shp": "IMG_DATE: Date", "fire/fire.gpkg": "image_date: Date"}
    for name, words in dates.items():
        said = by_ogrinfo(four / name, "-so")
        assert words in said
        assert "Maryland" in said

    said = by_ogrinfo(four / "fire/fire.shp", "-mdd", "all")
    assert "SOURCE_ENCODING=UTF-8" in said
    assert "Peña Réunion" in said
    assert "IMG_DATE (Date) = 2026/03/09" in said


def test_ids_keep_their_blank_in_every_format(four: Path) -> None:
    for name, table in every_product(four).items():
        assert set(table["PARCEL_ID"]) == {"0216 001", "0217 001", "0218 001", "0219 001"}, name


def test_unscored_is_never_scored_in_any_product(tmp_path: Path) -> None:
    out = export(make_inputs(make_roll(12)), tmp_path)
    for name, table in every_product(out).items():
        unscored = table[table["RISK_LVL"] == "NA"]
        assert len(unscored) == 3, name
        assert (unscored["NA_REASON"] == "outside_imagery").all(), name
        if "SCORE" in table:
            assert not (pd.to_numeric(unscored["SCORE"].replace("", None)) >= 0).any(), name


def test_geopackage_has_nulls_style_and_use_limit(four: Path) -> None:
    unscored = "SELECT score, rank FROM vacant_roofs WHERE scored = 'N'"
    styled = "SELECT f_table_name FROM layer_styles WHERE useAsDefault = 1"
    with closing(sqlite3.connect(four / "housing/housing.gpkg")) as database:
        numbers = database.execute(unscored).fetchall()
        layers = {layer for (layer,) in database.execute(styled)}
        said = dict(database.execute("SELECT table_name, description FROM gpkg_contents"))

    assert numbers == [(None, None)]
    assert layers == {"vacant_roofs", "centroids", "not_assessed", "year_to_year"}
    assert said["vacant_roofs"] == said["centroids"] == USE_LIMIT


def test_geoparquet_types_stay_when_a_column_is_empty(tmp_path: Path) -> None:
    roll = make_roll(2)
    out = export(make_inputs(roll, make_ledger(roll, ("NOT ASSESSED",))), tmp_path)
    frame = gpd.read_parquet(out / "data/scores.parquet")
    assert frame.crs == roll.table.crs
    assert frame["score"].dtype == "float64"
    assert str(frame["verified_date"].dtype) == "date32[day][pyarrow]"


def test_style_and_metadata_name_every_word_and_field(four: Path) -> None:
    codes = [symbol.code for symbol in SYMBOLS]
    style = ET.parse(four / "fire/fire.qml").getroot()
    assert [category.get("value") for category in style.iter("category")] == [*codes, ""]

    names = [field.name for field in fields_of(Tier.RESPONDER)]
    metadata = ET.parse(four / "fire/fire.shp.xml").getroot()
    assert metadata.findtext(".//useLimit") == USE_LIMIT
    assert [tag.text for tag in metadata.iter("attrlabl")] == names


def test_symbols_differ_by_shape_letter_and_color() -> None:
    for name in ("shape", "letter", "color", "code"):
        assert len({getattr(symbol, name) for symbol in SYMBOLS}) == len(SYMBOLS)
    sizes = {symbol.code: symbol.size_mm for symbol in SYMBOLS}
    assert sizes["NA"] == sizes["LIKELY"]


def test_long_text_is_cut_at_a_whole_character_and_ids_never() -> None:
    why = next(field for field in FIELDS if field.name == "WHY")
    assert fit("é" * 200, why) == "é" * 127
    assert fit("a" + "é" * 200, why) == "a" + "é" * 126
    with pytest.raises(InputError, match="shorten the key"):
        fit("1" * 61, FIELDS[0])


def test_254_bytes_survive_the_shapefile(tmp_path: Path) -> None:
    roll = make_roll(1)
    roll.table["neighborhood"] = "ñ" * 40
    roll.table["address"] = "é" * 300
    row = gpd.read_file(export(make_inputs(roll), tmp_path) / "housing/housing.shp").iloc[0]
    assert row["NBHD"] == "ñ" * 40
    assert row["ADDRESS"] == "é" * 60


def test_parcels_without_geometry_are_in_the_tables(tmp_path: Path) -> None:
    roll = make_roll(4)
    roll.table.loc[2, ["geometry", "occupied_sides"]] = [None, ""]

    out = export(make_inputs(roll), tmp_path)

    assert len(gpd.read_file(out / "fire/fire.shp")) == 3
    row = read_csv(out / "fire/no_geometry.csv").iloc[0]
    assert (row["PARCEL_ID"], row["ADJ_OCC"], row["OCC_SIDES"]) == ("0218 001", "U", "U")

    assert len(read_csv(out / "housing/worklist.csv")) == 4
    assert len(gpd.read_file(out / "fire/fire.gpkg", layer="vacant_roofs")) == 4
    assert read_csv(out / "data/scores.csv")["lon"].tolist()[2] == ""


def test_only_polygons_in_two_dimensions_remain() -> None:
    flat = shapely.box(0, 0, 1, 1)
    mixed = shapely.GeometryCollection([flat, shapely.Point(5, 5)])
    shapes = gpd.GeoSeries(
        [shapely.force_3d(flat), mixed, shapely.Point(1, 1), None, shapely.Polygon()]
    ).to_numpy()

    found = polygons_only(shapes)

    assert shapely.equals(found[:2], flat).all()
    assert not shapely.has_z(found[0])
    assert found[2:].tolist() == [None, None, None]


def test_polygons_of_a_collection_that_holds_a_multipolygon_remain() -> None:
    crossing = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10), (-5, 10), (0, 10)])
    (found,) = polygons_only(np.array([shapely.make_valid(crossing)]))
    assert found.area == 50


@pytest.mark.parametrize(("count", "hazards"), [(0, HAZARDS), (1, HAZARDS), (3, ("NOT ASSESSED",))])
def test_small_rolls_make_every_product(
    count: int, hazards: tuple[str, ...], tmp_path: Path
) -> None:
    roll = make_roll(count)
    out = export(make_inputs(roll, make_ledger(roll, hazards)), tmp_path)
    for name, table in every_product(out).items():
        assert len(table) == count, name


def test_old_imagery_cannot_say_not_seen(tmp_path: Path) -> None:
    roll = make_roll(4)
    out = export(make_inputs(roll, today=date(2027, 9, 10)), tmp_path)
    for name, table in every_product(out).items():
        aged = table[table["NA_REASON"] == "imagery_too_old"]
        assert aged["PARCEL_ID"].tolist() == ["0217 001"], name
        assert aged["RISK_LVL"].tolist() == ["NA"], name
        assert "NOT SEEN" not in set(table["RISK_LVL"]), name

    rows = build_rows(make_inputs(roll, today=date(2027, 9, 9)), ExportSettings())
    assert rows["RISK_LVL"].tolist()[1] == "NOT SEEN"
    assert rows["RISK_TXT"].tolist()[1] == "NOT SEEN IN PHOTO (photo 2026-03-09) - REVIEW DUE"


def test_months_and_dates() -> None:
    assert add_months(date(2024, 8, 31), 18) == date(2026, 2, 28)
    assert too_old(None, 2024, today=date(2026, 7, 1), stale_months=18)
    assert not too_old(None, 2024, today=date(2026, 6, 30), stale_months=18)
    assert review_by(FLOWN, 2026, review_months=12) == date(2027, 3, 9)
    assert review_by(None, 2019, review_months=12) == date(2020, 12, 31)


def test_dates_are_read_from_what_tables_hold() -> None:
    for nothing in (pd.NaT, None, ""):
        assert as_date(nothing) is None
    for value in (pd.Timestamp("2026-03-09T23:00"), "2026-03-09"):
        assert as_date(value) == FLOWN
    with pytest.raises(ValueError, match="want a date"):
        as_date(3)


def test_settings_are_checked() -> None:
    cases = (
        ({"stale_months": 0}, "stale_months is 0"),
        ({"review_months": 999_999}, "review_months is 999999"),
        ({"as_of": "9999-12-31"}, "as_of is '9999-12-31'"),
        ({"crs": "EPSG:0"}, "crs is 'EPSG:0'"),
        ({"crs": "EPSG:5703"}, "want a flat one"),
        ({"crs": "EPSG:4978"}, "want a flat one"),
        ({"also_crs": ("EPSG:4326", "EPSG:4326")}, "every CRS once"),
        ({"crs": "EPSG:2248", "also_crs": ("EPSG:2248",)}, "every CRS once"),
    )
    for wrong, said in cases:
        with pytest.raises(ConfigError, match=said):
            ExportSettings(**wrong)


def test_settings_of_single_products_are_checked() -> None:
    with pytest.raises(ConfigError, match="width is 20"):
        DispatchSettings(width=20)
    with pytest.raises(ConfigError, match="capacity of 'I1' is -1"):
        VisitSettings(capacity={"I1": -1})
    with pytest.raises(ConfigError, match="likely is 99999999999"):
        PrioritySettings(likely=99_999_999_999)
    with pytest.raises(ConfigError, match=r"viewer has \{foo\}"):
        VisitSettings(viewer="https://m/{foo}?p={parcel_id}")

    for gsd in (0.0, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="gsd_m is"):
            MapSettings(gsd_m=gsd)


def test_layers_follow_the_asked_crs(tmp_path: Path) -> None:
    out = tmp_path / "2026"
    settings = ExportSettings(crs="EPSG:4326")

    export_products(make_inputs(make_roll(1)), out, settings, delivered=tmp_path)

    frame = gpd.read_file(out / "fire/fire.shp")
    assert frame.crs.to_epsg() == 4326
    assert -77.3 < frame.geometry[0].centroid.x < -76.5


def test_priority_is_a_sum_of_named_points() -> None:
    worse = Case(code="LIKELY", occupied_sides="E,W", change="WORSE")
    points = points_of(worse, PrioritySettings())
    assert [str(point) for point in points] == [
        "LIKELY +60",
        "occupied neighbor on side E and W +30",
        "worse than in the photo before +20",
    ]

    new = Case(code="NA", occupied_sides="U", change="NEW")
    assert sum(point.points for point in points_of(new, PrioritySettings())) == 20


def test_change_against_the_flyover_before() -> None:
    pairs = {
        ("LIKELY", "", 0): "NEW",
        ("LIKELY", "POSSIBLE", 1): "WORSE",
        ("LIKELY", "POSSIBLE", 0): "UNSURE",
        ("NOT SEEN", "LIKELY", -1): "LESS SEEN",
        ("NOT SEEN", "LIKELY", 1): "UNSURE",
        ("CONFIRMED", "LIKELY", 0): "WORSE",
        ("NA", "LIKELY", -1): "NOW NA",
        ("LIKELY", "NA", 1): "WAS NA",
        ("LIKELY", "LIKELY", 1): "SAME",
    }
    assert {pair: change_of(*pair) for pair in pairs} == pairs


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "\uff1d1"]
)
def test_formulas_become_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(harmless(text)) == f"'{text}"


def test_numbers_and_names_stay_as_they_are() -> None:
    for text in ("-1", "-76.5", "O'Donnell St", ""):
        assert harmless(text) == text


def test_formula_in_an_address_is_harmless_in_every_csv(tmp_path: Path) -> None:
    roll = make_roll(2)
    roll.table.loc[0, "address"] = '=HYPERLINK("http://x")'

    out = export(make_inputs(roll), tmp_path)

    for path in (*out.rglob("*.csv"), *tmp_path.glob("*.csv")):
        cells = read_csv(path).to_numpy().ravel()
        assert not any(str(cell).startswith("=") for cell in cells), path
    assert page_columns(out)["ADDRESS"][0] == '=HYPERLINK("http://x")'


def test_bare_carriage_return_splits_no_row_of_a_csv(tmp_path: Path) -> None:
    roll = make_roll(2)
    roll.table.loc[0, ["address", "neighborhood"]] = ["1 MAIN\rST", "Harlem\r\nPark"]
    out = export(make_inputs(roll), tmp_path)

    worklist = read_csv(out / "housing/worklist.csv").set_index("PARCEL_ID")
    assert worklist.loc["0216 001", "ADDRESS"] == "1 MAIN\nST"
    assert worklist.loc["0216 001", "NBHD"] == "Harlem\nPark"
    assert not any(b"\r" in path.read_bytes() for path in out.rglob("*.csv"))


def test_dispatch_delta_is_empty_when_nothing_changed(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(4))
    out = export(inputs, tmp_path)
    assert len(read_csv(out / "fire/dispatch_add.csv")) == 4

    export(inputs, tmp_path)

    for name in ("add", "change", "delete"):
        assert len(read_csv(out / f"fire/dispatch_{name}.csv")) == 0
    assert len(read_csv(tmp_path / "dispatch_log.csv")) == 4


def test_dispatch_tells_new_changed_and_left(tmp_path: Path) -> None:
    roll = make_roll(4)
    export(make_inputs(roll, make_ledger(roll, ("POSSIBLE",))), tmp_path)
    fewer = VacantRoll(
        table=roll.table.iloc[1:].reset_index(drop=True), notices=3, joined_by_place=0, unmatched=()
    )
    fewer.table.loc[2, "address"] = ""

    out = export(make_inputs(fewer, make_ledger(fewer, ("LIKELY", "POSSIBLE"))), tmp_path)
    change = read_csv(out / "fire/dispatch_change.csv")
    assert change[["PARCEL_ID", "REASON"]].to_numpy().tolist() == [["0217 001", "RISK_LVL"]]

    delete = read_csv(out / "fire/dispatch_delete.csv").set_index("PARCEL_ID")
    assert set(delete["ACTION"]) == {"REVIEW"}
    assert delete.loc["0216 001", "REASON"] == "left the vacant roll; needs a person"
    assert delete.loc["0219 001", "REASON"] == "address no longer known; needs a person"

    match = read_csv(out / "fire/match_report.csv").set_index("PARCEL_ID")
    assert match["MATCH"].to_dict() == {
        "0217 001": "NOT CHECKED",
        "0218 001": "NOT CHECKED",
        "0219 001": "NO",
    }

    state = read_csv(tmp_path / "dispatch_state.csv").set_index("PARCEL_ID")
    assert state.loc["0216 001", "STANDING"] == "REVIEW"

    out = export(make_inputs(roll, make_ledger(roll, ("POSSIBLE",))), tmp_path)
    change = read_csv(out / "fire/dispatch_change.csv")
    assert set(change["PARCEL_ID"]) == {"0216 001", "0217 001", "0219 001"}


def test_dispatch_text_keeps_the_words_whole() -> None:
    text = dispatch_text(CadLine(code="NOT SEEN", day="2026-03-09", sides="E,W"), width=80)
    assert text == "VACANT: NO OPEN ROOF SEEN 09MAR2026, NOT VERIFIED / OCC E,W / SIZE-UP GOVERNS"

    for symbol in SYMBOLS:
        line = CadLine(code=symbol.code, day="2026-03-09", sides="U")
        assert len(dispatch_text(line, width=64)) <= 64


def test_damaged_dispatch_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dispatch_state.csv").write_text("PARCEL_ID\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match="restore the file"):
        export(make_inputs(make_roll(1)), tmp_path)


def test_roll_and_ledger_must_hold_the_same_parcels(tmp_path: Path) -> None:
    with pytest.raises(Unbalanced, match="3 vacants, 4 ledger rows"):
        export(make_inputs(make_roll(3), make_ledger(make_roll(4))), tmp_path)


def test_failing_run_keeps_the_previous_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = export(make_inputs(make_roll(4)), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(part_writers, "write_worklist", full_disk)
    with pytest.raises(OSError, match="no space left"):
        export(make_inputs(make_roll(2)), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not (out / ".export").exists()


def test_housing_field_in_a_fire_product_is_a_leak(four: Path, tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(4))
    out = shutil.copytree(four, tmp_path / "2026")
    verify_products(out, inputs.ledger, inputs.roll)

    for name in ("fire/no_geometry.csv", "fire/dispatch_add.csv", "fire/match_report.csv"):
        kept = (out / name).read_bytes()
        read_csv(out / name).assign(SCORE="").to_csv(out / name, index=False)
        with pytest.raises(TierLeak, match="SCORE"):
            verify_products(out, inputs.ledger, inputs.roll)
        (out / name).write_bytes(kept)

    layer = gpd.read_file(out / "fire/fire.gpkg", layer="vacant_roofs")
    layer.assign(priority=1).to_file(out / "fire/fire.gpkg", layer="vacant_roofs")
    with pytest.raises(TierLeak, match="PRIORITY"):
        verify_products(out, inputs.ledger, inputs.roll)


def test_product_that_differs_from_the_ledger_is_refused(four: Path, tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(4))
    out = shutil.copytree(four, tmp_path / "2026")
    path = out / "housing/worklist.csv"
    good = read_csv(path)
    unscored = good.index[good["SCORED"] == "N"][0]
    cases = (
        ("SCORE", unscored, "0.5", "was not scored carries a score"),
        ("SCORE", 0, "0.1", "another score"),
        ("RISK_LVL", 0, "POSSIBLE", "another hazard word"),
        ("SCORED", unscored, "Y", "SCORED of a row that was not scored"),
        ("PARCEL_ID", 0, "0216001", "a parcel that the ledger lacks"),
        ("NA_REASON", unscored, "", "has no reason"),
    )

    for column, row, value, message in cases:
        bad = good.copy()
        bad.loc[row, column] = value
        bad.to_csv(path, index=False)
        with pytest.raises(BadProduct, match=message):
            verify_products(out, inputs.ledger, inputs.roll)

    good.iloc[1:].to_csv(path, index=False)
    with pytest.raises(BadProduct, match="3 rows, the ledger 4"):
        verify_products(out, inputs.ledger, inputs.roll)


def test_data_dictionary_names_every_field(four: Path) -> None:
    table = read_csv(four / "data/data_dictionary.csv")
    assert table["name"].tolist() == [field.name for field in FIELDS]
    assert (table["meaning"] != "").all()
