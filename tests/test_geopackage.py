"""The GeoPackage: every layer, real nulls, every text as it is, and styles and meanings inside."""

import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pyogrio
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll

from gis_export.formats.geopackage import set_day, write_geopackage
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier, fields_of
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT

ALL_WORDS = ["CONFIRMED", "LIKELY", "POSSIBLE", "NA", "NOT SEEN"]
ODD = ('1 Peña & <b>Réunion</b> St "rear"', "=cmd()", "2 Main St\nUnit 3", "ÿ" * 127)


def make_rows(
    roll: VacantRoll, hazards: tuple[str, ...], before: tuple[str, ...] | None = None
) -> gpd.GeoDataFrame:
    """Return rows with hazard words of this year and of the year before."""
    previous = make_ledger(roll, before, year=2025) if before else None
    inputs = make_inputs(roll, make_ledger(roll, hazards), previous=previous)
    return build_rows(inputs, ExportSettings())


def write(rows: gpd.GeoDataFrame, folder: Path, tier: Tier = Tier.HOUSING) -> Path:
    """Write a GeoPackage and return its path."""
    path = folder / "roofs.gpkg"
    write_geopackage(ExportTable(rows=rows), path, tier=tier, title="Testville 2026")
    return path


def read(path: Path, layer: str) -> gpd.GeoDataFrame:
    """Return a layer."""
    return gpd.read_file(path, layer=layer)


@pytest.mark.parametrize(
    ("tier", "layers"),
    [
        (Tier.RESPONDER, ["vacant_roofs", "centroids", "not_assessed"]),
        (Tier.HOUSING, ["vacant_roofs", "centroids", "not_assessed", "year_to_year"]),
    ],
)
def test_each_layer_has_the_fields_of_its_tier_and_no_other(
    tier: Tier, layers: list[str], tmp_path: Path
) -> None:
    names = [field.alias for field in fields_of(tier)]

    path = write(make_rows(make_roll(4), ("LIKELY", "NOT ASSESSED")), tmp_path, tier)

    assert [name for name, kind in pyogrio.list_layers(path) if kind] == layers
    for layer in layers:
        assert list(pyogrio.read_info(path, layer=layer)["fields"]) == names


def test_year_to_year_holds_each_change_of_level_and_nothing_else(tmp_path: Path) -> None:
    """A worked example: seven roofs, this year and the year before."""
    roll = make_roll(7)
    now = (
        "LIKELY",
        "LIKELY",
        "NOT SEEN IN PHOTO",
        "NOT ASSESSED",
        "POSSIBLE",
        "NOT ASSESSED",
        "POSSIBLE",
    )
    before = (
        "POSSIBLE",
        "LIKELY",
        "LIKELY",
        "POSSIBLE",
        "NOT ASSESSED",
        "NOT ASSESSED",
        "NOT SEEN IN PHOTO",
    )
    columns = ["parcel_id", "previous_hazard_level", "hazard_level", "change"]

    changed = read(write(make_rows(roll, now, before), tmp_path), "year_to_year")

    assert changed[columns].to_numpy().tolist() == [
        ["0216 001", "POSSIBLE", "LIKELY", "WORSE"],
        ["0218 001", "LIKELY", "NOT SEEN", "LESS SEEN"],
        ["0219 001", "POSSIBLE", "NA", "NOW NA"],
        ["0220 001", "NA", "POSSIBLE", "WAS NA"],
        ["0222 001", "NOT SEEN", "POSSIBLE", "WORSE"],
    ]
    assert changed["score"].isna().tolist() == [False, False, True, False, False]


def test_not_assessed_holds_the_unscored_with_their_reason(tmp_path: Path) -> None:
    path = write(make_rows(make_roll(6), ("LIKELY", "NOT ASSESSED", "NOT SEEN IN PHOTO")), tmp_path)
    table = read(path, "not_assessed")
    assert list(table["parcel_id"]) == ["0217 001", "0220 001"]
    assert set(table["not_assessed_reason"]) == {"outside_imagery"}
    assert table[["score", "rank", "rank_in_district", "model_version"]].isna().all(axis=None)


def test_texts_nulls_and_ids_come_back_as_they_were(tmp_path: Path) -> None:
    roll = make_roll(4)
    roll.table["address"] = list(ODD)

    path = write(make_rows(roll, ("LIKELY",)), tmp_path)

    table = read(path, "vacant_roofs")
    assert list(table["address"]) == list(ODD)
    assert list(table["parcel_id"]) == ["0216 001", "0217 001", "0218 001", "0219 001"]
    assert table["verified_date"].isna().all()
    assert table["notice_date"].isna().tolist() == [True, False, True, False]
    assert pyogrio.read_info(path, layer="vacant_roofs")["dtypes"][6] == "datetime64[D]"


def test_the_point_of_a_lot_lies_inside_it(tmp_path: Path) -> None:
    """The centroid of this L is in the neighbor's lot."""
    roll = make_roll(1)
    shape = shapely.Polygon([(0, 0), (100, 0), (100, 10), (10, 10), (10, 100), (0, 100)])
    assert not shape.contains(shape.centroid)
    roll.table.loc[0, "geometry"] = shape

    centroids = read(write(make_rows(roll, ("LIKELY",)), tmp_path), "centroids")

    assert shape.contains(centroids.geometry[0])


def test_rows_without_a_place_are_in_every_layer(tmp_path: Path) -> None:
    roll = make_roll(2)
    roll.table.loc[1, "geometry"] = None
    path = write(make_rows(roll, ("NOT ASSESSED",), ("LIKELY",)), tmp_path)
    for layer in ("vacant_roofs", "centroids", "not_assessed", "year_to_year"):
        table = read(path, layer)
        assert list(table["parcel_id"]) == ["0216 001", "0217 001"]
        assert table.geometry.isna().tolist() == [False, True]


@pytest.mark.parametrize("count", [0, 1])
def test_a_city_of_none_or_one_is_a_whole_file(count: int, tmp_path: Path) -> None:
    rows = make_rows(make_roll(1), ("NOT ASSESSED",)).iloc[:count]
    path = write(rows, tmp_path)
    for layer in ("vacant_roofs", "centroids", "not_assessed"):
        assert len(read(path, layer)) == count
    assert len(read(path, "year_to_year")) == 0
    assert pyogrio.read_info(path, layer="not_assessed")["geometry_type"] == "MultiPolygon"


def test_every_layer_carries_its_style_its_words_and_its_use_limit(tmp_path: Path) -> None:
    layers = ["vacant_roofs", "centroids", "not_assessed", "year_to_year"]

    path = write(make_rows(make_roll(2), ("LIKELY",)), tmp_path)

    with closing(sqlite3.connect(path)) as database:
        styles = database.execute(
            "SELECT f_table_name, useAsDefault, styleQML, styleSLD FROM layer_styles"
        ).fetchall()
        described = database.execute(
            "SELECT table_name, identifier, description FROM gpkg_contents "
            "WHERE data_type = 'features'"
        ).fetchall()
        meanings = database.execute(
            "SELECT column_name, name, description FROM gpkg_data_columns "
            "WHERE table_name = 'vacant_roofs'"
        ).fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []

    fields = fields_of(Tier.HOUSING)
    assert sorted(described) == sorted(
        (layer, f"Testville 2026: {layer}", USE_LIMIT) for layer in layers
    )
    assert sorted(meanings) == sorted((field.alias, field.name, field.meaning) for field in fields)

    assert [name for name, *_ in styles] == layers
    for name, default, qml, sld in styles:
        categories = [tag.get("value") for tag in ElementTree.fromstring(qml).iter("category")]
        words = ["NA"] if name == "not_assessed" else ALL_WORDS
        assert default == 1
        assert categories[:5] == words
        assert "hazard_level" in sld
        assert "RISK_LVL" not in sld
        assert ElementTree.fromstring(sld).tag.endswith("StyledLayerDescriptor")


def test_the_same_rows_of_a_day_are_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the clock says: a restored workspace exports what was delivered."""
    rows = make_rows(make_roll(3), ("LIKELY", "POSSIBLE"))
    paths = [tmp_path / "a.gpkg", tmp_path / "b.gpkg"]
    for path in paths:
        table = ExportTable(rows=rows)
        write_geopackage(table, path, tier=Tier.RESPONDER, title="t")
        if path == paths[1]:  # as GDAL does, or does not, depending on the millisecond
            with closing(sqlite3.connect(path)) as database, database:
                database.execute(
                    "UPDATE gpkg_contents SET last_change = '0001-01-01T00:00:00.000Z'"
                )
        set_day(path, date(2026, 6, 1))
        time.sleep(0.01)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    with closing(sqlite3.connect(paths[0])) as database:
        days = {day for (day,) in database.execute("SELECT last_change FROM gpkg_contents")}
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert days == {"2026-06-01T00:00:00.000Z"}
