"""`roofwatch snapshot` of a WFS: copied whole or not at all, with its axes the right way round."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import geopandas as gpd
import pytest
import shapely
from cities import CityBuilder, Roofwatch
from shapely.affinity import scale
from shapely.geometry import mapping, shape
from test_snapshot import parcels_layer, served_toml, snapshot_file
from wfs_cases import FakeWfs, Feature, rounded, serve_wfs

from imagery.roll.tables import read_table
from imagery.services.wfs_answers import row_name
from imagery.services.wfs_places import own_crs


@pytest.fixture
def wfs(houses: gpd.GeoDataFrame) -> Iterator[FakeWfs]:
    """Yield a WFS of the parcels of the tiny city."""
    features = [
        {
            "type": "Feature",
            "id": f"lots.{row['id']}",
            "properties": row["attributes"],
            "geometry": row["shape"],
        }
        for row in parcels_layer(houses).rows
    ]
    with serve_wfs(list(features)) as served:
        yield served


@pytest.mark.parametrize("fault", ["", "429", "exception", "cut"])
@pytest.mark.parametrize("has_json", [True, False])
def test_rows_are_those_of_the_file(  # noqa: PLR0913  # fixtures
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    wfs: FakeWfs,
    has_json: bool,
    fault: str,
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.has_json = has_json
    wfs.faults = ["", fault]
    ran = roofwatch("snapshot", path, "--quiet")
    assert (ran.code, ran.err) == (0, "")

    rows = gpd.GeoDataFrame(read_table(snapshot_file(path), what="parcels").rows)
    rows = rows.sort_values("parcel_id", ignore_index=True)
    expected = gpd.read_file(tmp_path / "parcels.gpkg")
    for name in ("parcel_id", "block", "address", "battalion"):
        assert rows[name].tolist() == expected[name].tolist()
    shapes = rows.geometry.to_crs(expected.crs)
    assert (shapes.symmetric_difference(expected.geometry).area < 0.01).all()
    assert len(wfs.pages) == 3 + bool(fault) + 1  # the last asks what comes after


def test_a_server_of_version_1_1_is_asked_by_its_names(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.version = "1.1.0"
    ran = roofwatch("snapshot", path, "--quiet")
    assert (ran.code, ran.err) == (0, "")
    rows = read_table(snapshot_file(path), what="parcels").rows
    assert len(rows) == len(wfs.features)
    assert len(wfs.pages) == 3 + 1


@pytest.mark.parametrize("has_json", [True, False])
def test_axes_the_wrong_way_round_are_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs, has_json: bool
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.has_json = has_json
    wfs.is_turned = True
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "latitude before longitude" in ran.error
    assert not snapshot_file(path).exists()


@pytest.mark.parametrize(
    ("version", "crs", "is_qgis"),
    [("1.1.0", "EPSG:2248", True), ("2.0.0", "urn:ogc:def:crs:EPSG::2248", False)],
    ids=["QGIS Server", "MapServer"],
)
@pytest.mark.parametrize("has_json", [True, False])
def test_a_layer_in_feet_comes_in_feet(  # noqa: PLR0913  # fixtures
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    wfs: FakeWfs,
    has_json: bool,
    version: str,
    crs: str,
    is_qgis: bool,
) -> None:
    """Outlines are those of the file to the millimeter; QGIS has GeoJSON in rounded degrees."""
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.version, wfs.own_crs, wfs.is_qgis = version, crs, is_qgis
    wfs.has_json, wfs.json_name = has_json, "application/json; subtype=geojson"
    ran = roofwatch("snapshot", path)
    assert ran.code == 0
    assert "rounded" not in ran.out

    rows = gpd.read_file(snapshot_file(path)).sort_values("parcel_id", ignore_index=True)
    expected = gpd.read_file(tmp_path / "parcels.gpkg")
    off_m = shapely.hausdorff_distance(rows.geometry.to_crs(expected.crs), expected.geometry)
    assert (off_m < 0.001).all()
    assert rows.crs.to_epsg() == 2248
    assert not {"lowerCorner", "upperCorner"} & {*rows.columns}
    assert {page["SRSNAME"] for page in wfs.pages} == {crs}
    assert {"OUTPUTFORMAT" in page for page in wfs.pages} == {has_json and not is_qgis}


def test_a_layer_that_is_not_in_the_crs_that_it_names_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.own_crs, wfs.sent_crs = "EPSG:2248", "EPSG:32618"
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "off the box that it gives for them, so they are not in 'EPSG:2248'" in ran.error
    assert not snapshot_file(path).exists()


@pytest.mark.parametrize("has_json", [True, False])
def test_rounded_places_are_told(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs, has_json: bool
) -> None:
    """Six decimals of a degree are half of 0.11 m off at most, to the north and to the east."""
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.has_json = has_json
    wfs.features = rounded(wfs.features)
    ran = roofwatch("snapshot", path)
    assert ran.code == 0
    assert "its places are rounded, and off by up to 0.079 m" in ran.out
    assert {"OUTPUTFORMAT" in page for page in wfs.pages} == {has_json}


def test_a_row_is_known_without_the_columns_that_a_page_lacks() -> None:
    """GDAL has no column for what is empty in all of a page of GML."""
    row: Feature = {"id": "", "properties": {"key": "007", "note": None}, "geometry": None}
    assert row_name(row) == row_name({**row, "properties": {"key": "007"}})
    assert row_name(row) != row_name({**row, "properties": {"key": "7"}})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EPSG:2248", 2248),
        ("urn:ogc:def:crs:EPSG::2248", 2248),
        ("urn:x-ogc:def:crs:EPSG:6.9:2248", 2248),
        ("http://www.opengis.net/def/crs/EPSG/0/2248", 2248),
        ("urn:ogc:def:crs:EPSG::4326", None),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", None),
        ("EPSG:31467", None),  # north comes first
        ("EPSG:102685", None),  # a code of Esri's
        ("", None),
    ],
)
def test_only_meters_and_feet_with_east_first_are_asked_for(name: str, code: int | None) -> None:
    crs = own_crs(name)
    assert (crs.to_epsg() if crs else None) == code


def test_another_crs_than_was_asked_for_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    """A server that ignores SRSNAME and answers in meters."""
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.features = [
        {
            **row,
            "geometry": mapping(
                scale(shape(cast("dict[str, object]", row["geometry"])), 1e4, 1e4, origin=(0, 0))
            ),
        }
        for row in wfs.features
    ]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "its places are no degrees, so it answers in another CRS" in ran.error
    assert not snapshot_file(path).exists()


def test_rows_that_come_twice_or_are_miscounted(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.faults = ["", "other order"]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "10 rows came twice" in ran.error

    wfs.count_off = 1
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "1 rows were asked for, and 0 came" in ran.error
    assert not snapshot_file(path).exists()


@pytest.mark.parametrize("has_json", [True, False])
@pytest.mark.parametrize("lacking", ["all", "some"])
def test_rows_without_an_id_are_known_by_all_that_they_hold(  # noqa: PLR0913  # fixtures
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    wfs: FakeWfs,
    has_json: bool,
    lacking: str,
) -> None:
    """Rows that all differ came once each; of rows that are alike one may hide a gap."""
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.has_json = has_json
    for row in wfs.features[:: 1 if lacking == "all" else 3]:
        del row["id"]
    before = wfs.features
    ran = roofwatch("snapshot", path, "--quiet")
    assert (ran.code, ran.err) == (0, "")
    rows = read_table(snapshot_file(path), what="parcels").rows
    assert sorted(rows["parcel_id"]) == sorted(row["properties"]["parcel_id"] for row in before)  # type: ignore[index]  # JSON
    snapshot_file(path).unlink()

    # The second page has a row of the first one, as without a stable order.
    wfs.features = [*before[:12], before[0], *before[13:]]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    missing = len(before) if lacking == "all" else 8
    assert f"{missing} rows have no id, and 1 of them are like another" in ran.error
    assert "set [snapshot] page_rows = 24 to have one page" in ran.error
    assert not snapshot_file(path).exists()

    # On one page rows that are alike are the layer's own.
    path.write_text(path.read_text().replace("page_rows = 10", "page_rows = 24"))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    rows = read_table(snapshot_file(path), what="parcels").rows
    assert list(rows["parcel_id"]).count(before[0]["properties"]["parcel_id"]) == 2  # type: ignore[index]  # JSON


def test_a_service_that_counts_no_more_than_its_limit_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.most_counted = 15
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "it counts 15 rows and has more, so it limits its answers" in ran.error
    assert not snapshot_file(path).exists()


def test_an_error_of_http_says_what_the_service_says(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    """QGIS Server and MapServer send their exceptions with status 400."""
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.faults = ["400", "400", "400"]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "it answers 400 Bad Request: 'NoApplicableCode database is away' (3 tries)" in ran.error


def test_goes_on_where_it_stopped(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, wfs: FakeWfs
) -> None:
    path = tiny_city(tmp_path, served_toml(wfs.url))
    wfs.faults = ["", "exception", "exception", "exception"]
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "NoApplicableCode database is away" in ran.error
    assert "(3 tries)" in ran.error

    wfs.asked.clear()
    wfs.most = 7  # the server allows fewer rows than are asked for
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert [page["STARTINDEX"] for page in wfs.pages] == ["10", "17", "23"]


def test_token_and_names_of_the_address(
    tmp_path: Path,
    tiny_city: CityBuilder,
    roofwatch: Roofwatch,
    wfs: FakeWfs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wfs.token = "s3cret"
    monkeypatch.setenv("CITY_TOKEN", "s3cret")
    address = f"{wfs.url}?SERVICE=WFS&request=GetCapabilities&token=$CITY_TOKEN&typeName="
    path = tiny_city(tmp_path, served_toml(address + "lots&map=a"))
    assert roofwatch("snapshot", path, "--quiet").code == 0
    assert {asked["MAP"] for asked in wfs.asked} == {"a"}
    assert b"s3cret" not in snapshot_file(path).read_bytes()

    path.write_text(path.read_text().replace("=lots&", "=roads&"))
    ran = roofwatch("snapshot", path, "--quiet")
    assert ran.code == 3
    assert "want one feature type, and it has city:lots" in ran.error
