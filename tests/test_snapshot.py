"""`roofwatch snapshot`: layers of services copied whole, whatever the services do meanwhile."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from cities import CITY_TOML, STRANGER, CityBuilder, Roofwatch
from service_cases import FakeService, Layer, Row, serve

from gis_export.report.manifest import write_manifest
from gis_export.verify.product_files import find_products
from imagery.roll.tables import read_table
from imagery.workspace import YearFiles
from roofwatch.city_services import snapshot_facts
from roofwatch.config import read_city
from roofwatch.year import City

QUICK = """
[snapshot]
wait_s = 0.001
requests_per_s = 100000
page_rows = 10
tries = 3
"""
NOTICED_MS = int(datetime(2020, 5, 1, 4, tzinfo=UTC).timestamp() * 1000)
"""The day of the tiny city's notices, as midnight in Baltimore."""
FAULTS = (
    "429",
    "500",
    "error with status 200",
    "broken off",
    "half a JSON",
    "a web page",
    "fewer rows",
    "no rows",
)


def esri_fields(*names: str) -> list[dict[str, object]]:
    """Describe fields of text after the object id."""
    fields: list[dict[str, object]] = [{"name": "OBJECTID", "type": "esriFieldTypeOID"}]
    fields += [{"name": name, "type": "esriFieldTypeString"} for name in names]
    return fields


def esri_polygon(shape: shapely.Polygon) -> dict[str, object]:
    """Return a polygon without holes as Esri has it."""
    ring = shapely.LinearRing(shape.exterior.coords)
    return {"rings": [list((ring.reverse() if ring.is_ccw else ring).coords)]}


def parcels_layer(houses: gpd.GeoDataFrame) -> Layer:
    """Return the parcels of the tiny city, ids with gaps and out of order."""
    names = ("parcel_id", "block", "address", "battalion")
    lon_lat = houses.geometry.to_crs(4326)
    rows: list[Row] = []
    for place, house in enumerate(houses.itertuples()):
        row_id = (place * 7) % 24 * 3 + 5
        texts = {name: str(getattr(house, name)) for name in names}
        rows.append(
            {
                "id": row_id,
                "attributes": {"OBJECTID": row_id, **texts},
                "geometry": esri_polygon(house.geometry),
                "shape": json.loads(shapely.to_geojson(lon_lat.iloc[place])),
            }
        )
    return Layer(fields=esri_fields(*names), rows=rows, geometry="esriGeometryPolygon")


def vacant_layer(houses: gpd.GeoDataFrame) -> Layer:
    """Return the notices of the tiny city, a table whose day is in epoch milliseconds."""
    rows: list[Row] = []
    for row_id, parcel_id in enumerate([*houses["parcel_id"], STRANGER], start=1):
        values = {"OBJECTID": row_id, "parcel_id": parcel_id, "notice_date": NOTICED_MS}
        rows.append({"id": row_id, "attributes": values})
    day: dict[str, object] = {"name": "notice_date", "type": "esriFieldTypeDate"}
    return Layer(fields=[*esri_fields("parcel_id"), day], rows=rows)


def labels_layer(houses: gpd.GeoDataFrame) -> Layer:
    """Return the labels of the tiny city, without places."""
    rows: list[Row] = []
    for row_id, house in enumerate(houses.itertuples(), start=1):
        values = {"parcel_id": house.parcel_id, "collapsed": house.failing, "year": 2023}
        rows.append({"id": row_id, "attributes": values})
    return Layer(fields=esri_fields(), rows=rows)


@pytest.fixture
def service(houses: gpd.GeoDataFrame) -> Iterator[FakeService]:
    """Yield a server of all tables of the tiny city."""
    layers = {
        "0": parcels_layer(houses),
        "1": vacant_layer(houses),
        "labels": labels_layer(houses),
    }
    with serve(layers) as served:
        yield served


def served_toml(parcels: str, *, vacant: str = "vacant.csv", labels: str = "labels.csv") -> str:
    """Return the city file of the tiny city with other paths."""
    text = CITY_TOML.replace('"parcels.gpkg"', f'"{parcels}"')
    text = text.replace('"vacant.csv"', f'"{vacant}"').replace('"labels.csv"', f'"{labels}"')
    return text + QUICK


def city_of(path: Path) -> City:
    """Return the city of a file."""
    return City(file=read_city(path), quiet=True)


def snapshot_file(path: Path, section: str = "parcels") -> Path:
    """Return today's snapshot of a section."""
    sources = path.parent / "workspace" / "sources"
    return sources / date.today().isoformat() / f"{section}.gpkg"


def test_city_of_services_is_the_city_of_files(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    files = tiny_city(tmp_path / "files")
    text = served_toml(service.esri("0"), vacant=service.esri("1"), labels=service.ogc("labels"))
    served = tiny_city(tmp_path / "served", text)

    answer = roofwatch("snapshot", served, "--json", "--quiet").answer
    taken = answer["taken"]
    assert isinstance(taken, list)
    assert [(one["section"], one["rows"]) for one in taken] == [
        ("parcels", 24),
        ("vacant", 25),
        ("labels", 24),
    ]

    # Three questions on each layer and one at the end, and three pages of ten.
    asked = [path for path in service.asked if "FeatureServer/0" in path]
    assert len(asked) == 4 + 3
    requests = len(service.asked)
    expected = city_of(files)
    got = city_of(served)
    pd.testing.assert_frame_equal(
        pd.DataFrame(got.roll.table.drop(columns="geometry")),
        pd.DataFrame(expected.roll.table.drop(columns="geometry")),
    )
    lots = expected.roll.table.geometry
    assert (got.roll.table.geometry.geom_equals(lots) | lots.isna()).all()
    assert got.roll.table.crs == expected.roll.table.crs
    label_rows = (got.label_rows, expected.label_rows)
    assert label_rows[0] is not None
    assert label_rows[1] is not None
    assert label_rows[0].failing.tolist() == label_rows[1].failing.tolist()
    assert len(service.asked) == requests  # nobody but `snapshot` asks


def test_manifest_tells_day_and_checksum(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    files = YearFiles(folder=tmp_path / "workspace" / "2023")
    files.folder.mkdir()
    write_manifest(files.folder, None, snapshot_facts(read_city(path)))
    assert json.loads(files.report.manifest.read_text())["sources"] == {
        "parcels": {
            "address": service.esri("0"),
            "day": date.today().isoformat(),
            "sha256": hashlib.sha256(snapshot_file(path).read_bytes()).hexdigest(),
        }
    }


def test_no_snapshot_yet(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    ran = roofwatch("check", path, "--year", 2023)
    assert ran.code == 3
    assert f"run roofwatch snapshot {path} first" in ran.error
    assert service.asked == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["esri", "ogc"])
def test_one_page_fails_once(  # noqa: PLR0913  # fixtures
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    service: FakeService,
    kind: str,
    fault: str,
) -> None:
    address = service.esri("0") if kind == "esri" else service.ogc("0")
    path = tiny_city(tmp_path, served_toml(address))
    service.faults = ["", fault]
    ran = roofwatch("snapshot", path, "--quiet")
    assert (ran.code, ran.err) == (0, "")

    rows = read_table(snapshot_file(path), what="parcels").rows
    expected = gpd.read_file(tmp_path / "parcels.gpkg")
    rows = gpd.GeoDataFrame(rows).sort_values("parcel_id", ignore_index=True)
    for name in ("parcel_id", "block", "address", "battalion"):
        assert rows[name].tolist() == expected[name].tolist()
    shapes = rows.geometry.to_crs(expected.crs)
    assert (shapes.symmetric_difference(expected.geometry).area < 0.01).all()
    extra = 1 if kind == "ogc" else 0  # one row is asked for its count
    assert len(service.pages) == 4 + extra


@pytest.mark.parametrize("kind", ["esri", "ogc"])
def test_killed_midway_goes_on(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    service: FakeService,
    kind: str,
) -> None:
    address = service.esri("0") if kind == "esri" else service.ogc("0")
    path = tiny_city(tmp_path, served_toml(address))
    extra = 1 if kind == "ogc" else 0
    service.dies_after = 2 + extra
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "it answers 500" in ran.error
    assert "(3 tries)" in ran.error
    assert not snapshot_file(path).exists()

    service.asked.clear()
    service.dies_after = 10**9
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert len(service.pages) == 1 + extra
    assert len(read_table(snapshot_file(path), what="parcels").rows) == 24
    assert [found.name for found in snapshot_file(path).parent.iterdir()] == ["parcels.gpkg"]
    assert not list(snapshot_file(path).parent.parent.glob(".*"))
    assert find_products(tmp_path / "workspace") == []


def test_pages_of_another_state_are_not_mixed(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    service.layers["0"].info["editingInfo"] = {"dataLastEditDate": 1}
    service.dies_after = 2
    assert roofwatch("snapshot", path, "--quiet").code == 3

    service.dies_after = 10**9
    service.layers["0"].info["editingInfo"] = {"dataLastEditDate": 2}
    service.asked.clear()
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert len(service.pages) == 3


@pytest.mark.parametrize(
    ("kind", "words"),
    [("esri", "counts 25 rows and lists 24 ids"), ("ogc", "counts 25 rows and ends after 24")],
)
def test_count_is_not_that_of_the_rows(  # noqa: PLR0913  # fixtures
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    service: FakeService,
    kind: str,
    words: str,
) -> None:
    address = service.esri("0") if kind == "esri" else service.ogc("0")
    path = tiny_city(tmp_path, served_toml(address))
    service.count_off = 1
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert words in ran.error
    assert not snapshot_file(path).exists()


@pytest.mark.parametrize("kind", ["esri", "ogc"])
def test_layer_that_shrank_is_refused(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    service: FakeService,
    kind: str,
) -> None:
    address = service.esri("0") if kind == "esri" else service.ogc("0")
    path = tiny_city(tmp_path, served_toml(address))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    before = snapshot_file(path).read_bytes()

    del service.layers["0"].rows[16:]
    assert roofwatch("snapshot", path, "--quiet").code == 0  # a third is not more than a third
    assert roofwatch("audit", path).code == 0
    snapshot_file(path).write_bytes(before)
    del service.layers["0"].rows[15:]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 4
    assert "shrank from 24 rows to 15" in ran.error
    assert snapshot_file(path).read_bytes() == before


def test_layer_that_lost_a_named_column_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0"), vacant=service.ogc("1")))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    before = snapshot_file(path).read_bytes()

    layer = service.layers["0"]
    layer.fields = [column for column in layer.fields if column["name"] != "battalion"]
    for row in service.layers["1"].rows:
        attributes = row["attributes"]
        assert isinstance(attributes, dict)
        del attributes["notice_date"]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 4
    assert "no column battalion any more" in ran.err
    assert "no column notice_date any more" in ran.err
    assert snapshot_file(path).read_bytes() == before

    path.write_text(path.read_text().replace('"battalion"', '"batallion"'))
    snapshot_file(path).unlink()
    ran = roofwatch("snapshot", path, "--quiet")
    assert "correct the column name in the city file" in ran.err


def test_token_stays_in_the_environment(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    service: FakeService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = "s3cret/token=of+the city"
    service.layers["0"].token = token
    path = tiny_city(tmp_path, served_toml(service.esri("0") + "?token=$CITY_TOKEN"))
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "no environment variable CITY_TOKEN" in ran.error

    monkeypatch.setenv("CITY_TOKEN", token + "!")
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "Invalid token: $CITY_TOKEN" in ran.error
    assert "s3cret" not in ran.err

    monkeypatch.setenv("CITY_TOKEN", token)
    service.dies_after = 2
    failed = roofwatch("snapshot", path, "--quiet")
    service.dies_after = 10**9
    ran = roofwatch("snapshot", path, "--quiet")
    assert (failed.code, ran.code) == (3, 0)
    assert "s3cret" not in failed.err + ran.out
    assert roofwatch("check", path, "--year", 2023, "--quiet").code == 0
    for file in (tmp_path / "workspace").rglob("*"):
        assert not file.is_file() or b"s3cret" not in file.read_bytes()

    # Another token is another way to the same layer.
    monkeypatch.delenv("CITY_TOKEN")
    assert city_of(path).roll.table["parcel_id"].size == 25


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (
            "https://city.example/FeatureServer/0?token=abc",
            "the token itself stands in the address",
        ),
        ("https://user:abc@city.example/FeatureServer/0", "a user or password stands"),
        ("http://city.example/FeatureServer/0?token=$T", "write https://"),
        ("https:///FeatureServer/0", "want http(s)://HOST"),
    ],
)
def test_address_that_gives_a_secret_away(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, address: str, words: str
) -> None:
    path = tiny_city(tmp_path, served_toml(address))
    ran = roofwatch("snapshot", path)
    assert ran.code == 3
    assert words in ran.error
    assert "abc" not in ran.error


def test_no_other_host_is_asked(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    service.faults = ["other host"]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "sends us to http://other.invalid, which the city file does not name" in ran.error
    assert len(service.pages) == 1


def test_snapshot_that_was_changed_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert roofwatch("audit", path).code == 0

    rows = gpd.read_file(snapshot_file(path)).iloc[1:]
    metadata = {"roofwatch_address": service.esri("0"), "roofwatch_layer": ""}
    snapshot_file(path).unlink()
    gpd.GeoDataFrame(rows).to_file(snapshot_file(path), layer="parcels", layer_metadata=metadata)
    ran = roofwatch("check", path, "--year", 2023, "--quiet")
    assert ran.code == 4
    assert "it is not the file that snapshot wrote" in ran.error
    ran = roofwatch("audit", path)
    assert ran.code == 3
    assert "put it back from a backup, or run roofwatch snapshot again" in ran.out + ran.err

    assert roofwatch("snapshot", path, "--quiet").code == 0
    ran = roofwatch("check", path, "--year", 2023, "--quiet")
    assert ran.code == 0
    assert f"  read from snapshots: parcels of {date.today().isoformat()}\n" in ran.out


def test_snapshot_of_another_address_is_not_taken(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    path.write_text(path.read_text().replace(service.esri("0"), service.ogc("0")))
    assert roofwatch("check", path, "--year", 2023).code == 3


def test_damaged_snapshot_is_not_passed_over(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    older = snapshot_file(path).parents[1] / "2020-01-01" / "parcels.gpkg"
    older.parent.mkdir()
    shutil.copyfile(snapshot_file(path), older)
    snapshot_file(path).write_bytes(b"half a file")
    ran = roofwatch("check", path, "--year", 2023, "--quiet")
    assert ran.code == 4
    assert str(snapshot_file(path)) in ran.error


def test_waits_as_long_as_the_service_asks(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.esri("0")))
    path.write_text(path.read_text().replace("requests_per_s = 100000", "requests_per_s = 50"))
    service.faults = ["429"]
    service.retry_after = "1"
    start = time.monotonic()
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert len(service.asked) == 8
    assert time.monotonic() - start >= 1 + 6 / 50


def test_columns_that_differ_in_case(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    path = tiny_city(tmp_path, served_toml(service.ogc("0")))
    for row in service.layers["0"].rows:
        row["attributes"] = {**json.loads(json.dumps(row["attributes"])), "ID": 1, "geom": "x"}
    assert roofwatch("snapshot", path, "--quiet").code == 0

    for row in service.layers["0"].rows:
        row["attributes"] = {**json.loads(json.dumps(row["attributes"])), "Block": "x"}
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "its rows cannot be kept" in ran.error


def test_layer_by_its_name(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, service: FakeService
) -> None:
    server = f"{service.url}/rest/services/City/FeatureServer"
    path = tiny_city(tmp_path, served_toml(server))
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "want one layer, and it has 0 (0), 1 (1), labels (2)" in ran.error

    path.write_text(path.read_text().replace(f'"{server}"', f'"{server}"\nlayer = "0"'))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert len(city_of(path).roll.table) == 25


def test_no_layer_is_a_service(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch
) -> None:
    ran = roofwatch("snapshot", tiny_city(tmp_path))
    assert ran.code == 0
    assert ran.out == "Tinyville: no layer is a service; files are read where they are\n"
