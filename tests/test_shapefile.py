"""A shapefile pack holds every text, id and date as the rows do, for every reader.

The names stay the same every year.
"""

import json
import os
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import which
from zipfile import ZipFile

import fiona
import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from export_cases import FLOWN, make_inputs, make_ledger, make_roll, read_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from gis_export.formats.metadata import lineage_of
from gis_export.formats.shapefile import PARTS, Pack, crs_folder, pack_files, write_pack
from gis_export.formats.shapefile_schema import Schema, WrongSchema, check_schema, fiona_type
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier, fields_of
from gis_export.table.rows import build_rows, build_table
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_CODE, SYMBOLS
from imagery.errors import CrsMismatch
from inference.hazard import USE_LIMIT

TEXTS = (
    "Peña Réunion St",
    "=cmd|' /C calc'!A0",
    'say "no", twice',
    "line\nbreak",
    "<b>1 & 2</b>",
    "ß漢字🏚",
    "é" * 60,
    "a\tb",
    "'",
    "-5",
    "{=1}",
)
OGR = pytest.mark.skipif(which("ogrinfo") is None, reason="GDAL's ogrinfo is not installed")


def rows_of(
    count: int, hazards: tuple[str, ...] | None = None, *, crs: str = ""
) -> gpd.GeoDataFrame:
    """Return the rows of a small city."""
    roll = make_roll(count)
    ledger = make_ledger(roll, hazards) if hazards else None
    return build_rows(make_inputs(roll, ledger), ExportSettings(crs=crs))


def write(
    rows: gpd.GeoDataFrame,
    folder: Path,
    *,
    name: str = "fire",
    title: str = "Testville",
    also_crs: tuple[str, ...] = (),
) -> Path:
    """Write a pack and return its shapefile."""
    folder.mkdir(parents=True, exist_ok=True)
    lineage = lineage_of(make_inputs(make_roll(4)))
    tier = Tier.HOUSING if name == "housing" else Tier.RESPONDER
    pack = Pack(name=name, tier=tier, title=title, lineage=lineage)
    write_pack(ExportTable(rows=rows), folder, pack, also_crs=also_crs)
    return folder / f"{name}.shp"


def by_fiona(path: Path) -> list[dict[str, object]]:
    """Return the rows as Fiona reads them."""
    with fiona.open(path) as layer:
        return [dict(feature["properties"]) for feature in layer]


def by_ogrinfo(path: Path, *options: str) -> str:
    """Return what GDAL's ogrinfo prints of a layer."""
    command = ["ogrinfo", "-al", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["fire", "housing"])
def test_pack_has_every_part_of_both_layers_and_nothing_else(name: str, tmp_path: Path) -> None:
    wanted = {"no_geometry.csv", f"{name}.zip"}
    for suffix in PARTS:
        wanted |= {f"{name}{suffix}", f"{name}_points{suffix}"}

    write(rows_of(4), tmp_path, name=name)

    assert {path.name for path in tmp_path.iterdir()} == wanted
    assert all(path.stat().st_size > 0 for path in tmp_path.iterdir())


@pytest.mark.parametrize("layer", ["housing", "housing_points"])
def test_schema_is_the_field_table_whatever_the_rows_hold(layer: str, tmp_path: Path) -> None:
    wanted = [(field.name, fiona_type(field)) for field in fields_of(Tier.HOUSING)]
    cities = {
        "full": rows_of(4),
        "empty": rows_of(0),
        "dark": rows_of(3, ("NOT ASSESSED",)),
    }

    for folder, rows in cities.items():
        write(rows, tmp_path / folder, name="housing")

        with fiona.open(tmp_path / folder / f"{layer}.shp") as opened:
            assert list(opened.schema["properties"].items()) == wanted


def test_every_text_comes_back_as_it_went_in(tmp_path: Path) -> None:
    rows = rows_of(len(TEXTS))
    rows["ADDRESS"] = list(TEXTS)

    path = write(rows, tmp_path)

    points = pyogrio.read_dataframe(tmp_path / "fire_points.shp", use_arrow=True)
    assert [row["ADDRESS"] for row in by_fiona(path)] == list(TEXTS)
    assert gpd.read_file(path)["ADDRESS"].tolist() == list(TEXTS)
    assert points["ADDRESS"].tolist() == list(TEXTS)


@OGR
def test_another_gdal_reads_the_same_texts_and_dates(tmp_path: Path) -> None:
    rows = rows_of(len(TEXTS))
    rows["ADDRESS"] = list(TEXTS)

    said = by_ogrinfo(write(rows, tmp_path))

    for text in TEXTS:
        assert f"ADDRESS (String) = {text}" in said
    assert "IMG_DATE (Date) = 2026/03/09" in said
    assert "VER_DATE (Date) = (null)" in said
    assert "PARCEL_ID (String) = 0216 001" in said


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_comes_back_but_for_the_blanks_around_it(texts: list[str], tmp_path: Path) -> None:
    rows = rows_of(len(texts))
    rows["ADDRESS"] = texts
    fitting = [text.encode()[:120].decode(errors="ignore").strip(" ") for text in texts]

    path = write(rows, tmp_path)

    assert [row["ADDRESS"] or "" for row in by_fiona(path)] == fitting
    for leftover in tmp_path.iterdir():
        leftover.unlink()


def test_254_bytes_of_text_survive(tmp_path: Path) -> None:
    rows = rows_of(2)
    rows["WHY"] = ["x" * 254, "ñ" * 200]

    found = by_fiona(write(rows, tmp_path, name="housing"))

    assert [row["WHY"] for row in found] == ["x" * 254, "ñ" * 127]


def test_missing_numbers_are_minus_one_and_missing_dates_empty(tmp_path: Path) -> None:
    rows = by_fiona(write(rows_of(4), tmp_path, name="housing"))
    assert [(row["SCORED"], row["SCORE"], row["RANK"], row["RANK_DIST"]) for row in rows] == [
        ("Y", 0.75, 1, 1),
        ("Y", 0.0625, 3, 2),
        ("N", -1, -1, -1),
        ("Y", 0.25, 2, 1),
    ]
    assert [row["VBN_DATE"] for row in rows] == [None, "2015-01-31", None, "2015-01-31"]
    assert rows[0]["IMG_DATE"] == FLOWN.isoformat()


@pytest.mark.parametrize(
    ("crs", "esri"),
    [
        ("EPSG:2248", "NAD_1983_StatePlane_Maryland_FIPS_1900_Feet"),
        ("EPSG:26918", "NAD_1983_UTM_Zone_18N"),
        ("EPSG:4326", "GCS_WGS_1984"),
    ],
)
def test_prj_is_as_esri_writes_it_and_is_known_again(crs: str, esri: str, tmp_path: Path) -> None:
    path = write(rows_of(2, crs=crs), tmp_path)
    text = path.with_suffix(".prj").read_text(encoding="ascii")
    assert esri in text.split('"')[1]
    assert text == CRS(crs).to_wkt("WKT1_ESRI")
    assert CRS.from_wkt(text).to_epsg(min_confidence=20) == int(crs.split(":")[1])


@OGR
@pytest.mark.parametrize("crs", ["EPSG:2248", "EPSG:26918", "EPSG:4326"])
def test_another_gdal_knows_the_crs(crs: str, tmp_path: Path) -> None:
    said = by_ogrinfo(write(rows_of(2, crs=crs), tmp_path), "-so")
    assert f'ID["EPSG",{crs.split(":")[1]}]]' in said


def test_further_crs_get_a_folder_with_the_same_pack(tmp_path: Path) -> None:
    first = write(rows_of(4), tmp_path, also_crs=("EPSG:4326", "EPSG:26918"))
    shapes = gpd.read_file(first).geometry.to_numpy()
    names = {path.name for path in tmp_path.iterdir() if path.is_file()}
    table = first.with_suffix(".dbf").read_bytes()

    for folder, code in (("epsg_4326", 4326), ("epsg_26918", 26918)):
        there = gpd.read_file(tmp_path / folder / "fire.shp")
        back = there.to_crs(2248).geometry.to_numpy()

        assert {path.name for path in (tmp_path / folder).iterdir()} == names
        assert there.crs.to_epsg() == code
        assert shapely.hausdorff_distance(back, shapes).max() < 0.01
        assert (tmp_path / folder / "fire.dbf").read_bytes() == table

    assert crs_folder("EPSG:2248") == "epsg_2248"


@pytest.mark.parametrize("crs", ["", "EPSG:6487"])
def test_shape_that_crosses_itself_is_repaired_in_the_rows(crs: str) -> None:
    roll = make_roll(3)
    bow_tie = shapely.Polygon(
        [(1_415_000, 593_000), (1_415_040, 593_040), (1_415_040, 593_000), (1_415_000, 593_040)]
    )
    roll.table.loc[0, "geometry"] = bow_tie
    roll.table.loc[1, "geometry"] = None

    found = build_rows(make_inputs(roll), ExportSettings(crs=crs)).geometry
    assert found.isna().tolist() == [False, True, False]
    assert found.dropna().is_valid.all()
    assert found[0].area == pytest.approx(800 if not crs else 800 * 0.3048006096**2, rel=1e-3)


def test_points_lie_inside_their_parcels_with_the_same_rows(tmp_path: Path) -> None:
    rows = rows_of(4)
    # The centroid of a horseshoe is outside the horseshoe.
    horseshoe = shapely.box(0, 0, 30, 30).difference(shapely.box(10, -1, 20, 25))
    rows.geometry = [horseshoe, *rows.geometry[1:]]

    path = write(rows, tmp_path)

    parcels = gpd.read_file(path)
    points = gpd.read_file(tmp_path / "fire_points.shp")
    assert parcels.geometry.contains(points.geometry).all()
    pd.testing.assert_frame_equal(
        pd.DataFrame(parcels.drop(columns="geometry")),
        pd.DataFrame(points.drop(columns="geometry")),
    )


def test_spatial_index_is_of_these_rows_and_is_used(tmp_path: Path) -> None:
    path = write(rows_of(200), tmp_path)
    index = path.with_suffix(".qix").read_bytes()
    assert (index[:3], int.from_bytes(index[8:12], "little")) == (b"SQT", 200)
    window = (1_415_000 + 16 * 50 + 1, 593_000, 1_415_000 + 16 * 50 + 2, 593_010)
    assert len(pyogrio.read_dataframe(path, bbox=window)) == 1

    # An empty index hides every row from a reader that uses it. A reader that finds none used it.
    empty = write(rows_of(0), tmp_path / "none").with_suffix(".qix")
    path.with_suffix(".qix").write_bytes(empty.read_bytes())
    assert len(pyogrio.read_dataframe(path, bbox=window)) == 0


def test_zip_holds_the_same_bytes_and_is_the_same_each_time(tmp_path: Path) -> None:
    packs = [write(rows_of(4), tmp_path / name).with_suffix(".zip") for name in ("a", "b")]
    assert packs[0].read_bytes() == packs[1].read_bytes()
    with ZipFile(packs[0]) as archive:
        assert archive.namelist() == [path.name for path in pack_files(tmp_path / "a", "fire")]
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "a" / name).read_bytes()
    assert len(gpd.read_file(f"zip://{packs[0]}!fire.shp")) == 4


def test_parcels_without_a_place_are_in_a_table_of_their_own(tmp_path: Path) -> None:
    rows = rows_of(4)
    rows.geometry = [*rows.geometry[:3], None]
    rows.loc[3, "ADDRESS"] = "=1+1"

    assert len(by_fiona(write(rows, tmp_path))) == 3
    beside = read_csv(tmp_path / "no_geometry.csv")
    assert list(beside.columns) == [field.name for field in fields_of(Tier.RESPONDER)]
    assert beside[["PARCEL_ID", "ADDRESS"]].to_numpy().tolist() == [["0219 001", "'=1+1"]]


def test_metadata_tells_where_the_rows_come_from(tmp_path: Path) -> None:
    roll = make_roll(4)
    inputs = make_inputs(roll)
    inputs.models["demo-roof/3"] = "ab" * 32
    lineage = lineage_of(inputs)
    assert (lineage.vacants, lineage.scored, lineage.flown, lineage.models) == (
        4,
        3,
        FLOWN,
        (("demo-roof/3", "ab" * 32),),
    )

    pack = Pack(name="fire", tier=Tier.RESPONDER, title='A & B <"C">', lineage=lineage)
    write_pack(build_table(inputs, ExportSettings()), tmp_path, pack)

    esri = ET.parse(tmp_path / "fire.shp.xml").getroot()
    assert esri.findtext("dataIdInfo/idCitation/resTitle") == 'A & B <"C">'
    assert esri.findtext("idinfo/citation/citeinfo/title") == 'A & B <"C">'
    assert esri.findtext(".//useLimit") == esri.findtext("idinfo/useconst") == USE_LIMIT

    said = str(esri.findtext("dqInfo/dataLineage/statement"))
    for words in (
        "flown 2026-03-09",
        "demo-roof/3 (sha256 " + "ab" * 32,
        "Run run-1",
        "4 vacant buildings, 3 scored",
        "Made 2026-11-24",
    ):
        assert words in said

    box = esri.find("dataIdInfo/dataExt/geoEle/GeoBndBox")
    assert box is not None
    assert -77 < float(str(box.findtext("westBL"))) < -76
    assert 39 < float(str(box.findtext("northBL"))) < 40

    fields = fields_of(Tier.RESPONDER)
    codes = [tag.text for tag in esri.iter("edomv")]
    assert [tag.text for tag in esri.iter("attrlabl")] == [field.name for field in fields]
    assert [tag.text for tag in esri.iter("attrdef")] == [field.meaning for field in fields]
    assert codes[: len(SYMBOLS)] == [symbol.code for symbol in SYMBOLS]


def test_iso_document_says_the_same(tmp_path: Path) -> None:
    write(rows_of(4), tmp_path, title="A & B")
    spaces = {
        "gmd": "http://www.isotc211.org/2005/gmd",
        "gco": "http://www.isotc211.org/2005/gco",
        "gml": "http://www.opengis.net/gml/3.2",
    }
    iso = ET.parse(tmp_path / "fire.iso.xml").getroot()
    assert iso.tag == "{http://www.isotc211.org/2005/gmd}MD_Metadata"

    def said(path: str) -> str | None:
        return iso.findtext(path, namespaces=spaces)

    assert said(".//gmd:citation//gmd:title/gco:CharacterString") == "A & B"
    assert said(".//gmd:useLimitation/gco:CharacterString") == USE_LIMIT
    assert said(".//gmd:RS_Identifier/gmd:code/gco:CharacterString") == "2248"
    assert said(".//gml:timePosition") == "2026-03-09"
    assert "flown 2026-03-09" in str(said(".//gmd:statement/gco:CharacterString"))
    fields = str(said(".//gmd:supplementalInformation/gco:CharacterString"))
    assert all(field.name in fields for field in fields_of(Tier.RESPONDER))


def test_unknown_flight_and_empty_city_leave_whole_documents(tmp_path: Path) -> None:
    roll = make_roll(0)
    inputs = make_inputs(roll, make_ledger(roll, flown=None))
    pack = Pack(name="fire", tier=Tier.RESPONDER, title="", lineage=lineage_of(inputs))
    write_pack(build_table(inputs, ExportSettings()), tmp_path, pack)
    for path in (*tmp_path.glob("*.xml"), *tmp_path.glob("*.sld"), *tmp_path.glob("*.qml")):
        ET.parse(path)
    assert "not known" in (tmp_path / "fire.shp.xml").read_text(encoding="utf-8")
    assert by_fiona(tmp_path / "fire.shp") == by_fiona(tmp_path / "fire_points.shp") == []


def test_day_of_the_last_change_is_the_day_of_the_export(tmp_path: Path) -> None:
    raw = write(rows_of(1), tmp_path).with_suffix(".dbf").read_bytes()
    assert date(1900 + raw[1], raw[2], raw[3]) == date(2026, 11, 24)


def test_sld_has_a_rule_for_every_word_in_its_color(tmp_path: Path) -> None:
    write(rows_of(1), tmp_path)
    spaces = {"se": "http://www.opengis.net/se", "ogc": "http://www.opengis.net/ogc"}
    codes = [symbol.code for symbol in SYMBOLS]

    for name in ("fire", "fire_points"):
        rules = ET.parse(tmp_path / f"{name}.sld").getroot().findall(".//se:Rule", spaces)
        values = []
        for rule, symbol in zip(rules, (*SYMBOLS, BY_CODE["NA"]), strict=True):
            title = str(rule.findtext("se:Description/se:Title", namespaces=spaces))
            colors = {tag.text for tag in rule.findall(".//se:SvgParameter", spaces)}
            values.append([tag.text for tag in rule.findall(".//ogc:Literal", spaces)])

            assert title.startswith(f"{symbol.word.value}: ")
            assert symbol.color in colors
            assert str(ord(symbol.letter)) == rule.findtext(".//se:MarkIndex", namespaces=spaces)

        assert values == [*([code] for code in codes), codes]


ANY_OTHER = (
    "RISK_LVL IS NULL OR NOT ( "
    + " OR ".join(f"RISK_LVL = '{symbol.code}'" for symbol in SYMBOLS)
    + " )"
)
QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
said = {}
for name in ("fire", "fire_points"):
    layer = QgsVectorLayer(f"{sys.argv[1]}/{name}.shp", name, "ogr")
    meta = layer.metadata()
    message, good = layer.loadSldStyle(f"{sys.argv[1]}/{name}.sld")
    rules = layer.renderer().rootRule().children()
    said[name] = {
        "good": good,
        "message": message,
        "filters": [rule.filterExpression() for rule in rules],
        "index": layer.hasSpatialIndex() == 2,
        "title": meta.title(),
        "limits": [constraint.constraint for constraint in meta.constraints()],
        "history": meta.history(),
        "crs": layer.crs().authid(),
    }
json.dump(said, open(sys.argv[2], "w"))
"""


@pytest.mark.skipif(
    not Path("/usr/lib/python3/dist-packages/qgis").exists(),
    reason="Debian's QGIS is not installed",
)
def test_qgis_loads_the_sld_and_reads_metadata_and_index(tmp_path: Path) -> None:
    write(rows_of(4), tmp_path / "pack", title="A & B <C>")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    said_path = tmp_path / "said.json"
    command = ["/usr/bin/python3", "-c", QGIS, str(tmp_path / "pack"), str(said_path)]

    # QGIS may crash when it exits, after the work is done.
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert said_path.exists(), ended.stderr
    for name, said in json.loads(said_path.read_text(encoding="utf-8")).items():
        assert said["good"], said["message"]
        assert said["filters"] == [
            *(f"RISK_LVL = '{symbol.code}'" for symbol in SYMBOLS),
            ANY_OTHER,
        ]
        assert (said["crs"], said["index"], said["limits"]) == ("EPSG:2248", True, [USE_LIMIT])
        assert said["title"] == ("A & B <C>" if name == "fire" else "A & B <C> (points)")
        assert "flown 2026-03-09" in said["history"][0]


def test_a_shapefile_with_other_fields_is_refused_by_its_name(tmp_path: Path) -> None:
    fields = fields_of(Tier.RESPONDER)
    path = write(rows_of(2), tmp_path)
    wanted = Schema(fields=fields, geometry="Polygon", crs=CRS("EPSG:2248"))
    check_schema(path, wanted)

    wider = (replace(fields[0], width=61), *fields[1:])
    with pytest.raises(
        WrongSchema, match=r"fire\.shp: got PARCEL_ID str:60, want PARCEL_ID str:61"
    ):
        check_schema(path, replace(wanted, fields=wider))

    with pytest.raises(WrongSchema, match="got ADDRESS str:120, want RISK_LVL str:10"):
        check_schema(path, replace(wanted, fields=(fields[0], *fields[2:])))

    with pytest.raises(WrongSchema, match="want no field"):
        check_schema(path, replace(wanted, fields=fields[:-1]))

    with pytest.raises(WrongSchema, match="geometry Polygon in UTF-8, want Point"):
        check_schema(path, replace(wanted, geometry="Point"))

    path.with_suffix(".cpg").write_text("ISO-8859-1")
    with pytest.raises(WrongSchema, match="Polygon in ISO-8859-1, want Polygon in UTF-8"):
        check_schema(path, wanted)


def test_a_prj_with_another_unit_is_refused(tmp_path: Path) -> None:
    """US survey feet and international feet differ by 2 ppm: by 1 m at 500 km."""
    path = write(rows_of(2), tmp_path)
    survey_feet = Schema(fields=fields_of(Tier.RESPONDER), geometry="Polygon", crs=CRS("EPSG:2248"))
    international_feet = CRS(
        "+proj=lcc +lat_1=38.3 +lat_2=39.45 +lat_0=37.67 +lon_0=-77 +datum=NAD83 +units=ft"
    )

    for crs in (international_feet, CRS("EPSG:26985"), CRS("EPSG:4269")):
        with pytest.raises(CrsMismatch, match=r"its \.prj says .*set \[export\] crs"):
            check_schema(path, replace(survey_feet, crs=crs))

    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsMismatch, match=r"no \.prj can say NAD83 / Maryland"):
        check_schema(path, survey_feet)
