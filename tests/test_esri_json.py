"""Esri's JSON: rings, coded values, subtypes and days, compared with GDAL and worked by hand."""

import json
from datetime import date
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyogrio
import pytest
import shapely

from imagery.services.client import Json
from imagery.services.columns import day_array, guessed_array, number_array
from imagery.services.esri_about import crs_of
from imagery.services.esri_fields import read_fields
from imagery.services.esri_shapes import read_shape
from imagery.services.joining import join_pages

Ring = list[list[float]]


def square(west: float, south: float, side: float, *, is_hole: bool = False) -> Ring:
    """Return a square as a ring, counterclockwise where it is a hole."""
    shape = shapely.box(west, south, west + side, south + side, ccw=is_hole)
    return [list(place) for place in shape.exterior.coords]


RINGS: dict[str, list[Ring]] = {
    "one ring": [square(0, 0, 4)],
    "a hole": [square(0, 0, 9), square(1, 1, 2, is_hole=True)],
    "the hole first": [square(1, 1, 2, is_hole=True), square(0, 0, 9)],
    "two parts, each with a hole": [
        square(0, 0, 9),
        square(20, 0, 9),
        square(21, 1, 2, is_hole=True),
        square(1, 1, 2, is_hole=True),
    ],
    "an island in a hole, with a hole": [
        square(0, 0, 20),
        square(2, 2, 16, is_hole=True),
        square(4, 4, 12),
        square(6, 6, 8, is_hole=True),
    ],
    "drawn the wrong way": [square(0, 0, 4, is_hole=True)],
    "a third coordinate": [[[0, 0, 7], [0, 1, 7], [1, 1, 7], [1, 0, 7], [0, 0, 7]]],
}


@pytest.mark.parametrize("rings", RINGS.values(), ids=RINGS)
def test_rings_are_read_as_gdal_reads_them(rings: list[Ring]) -> None:
    layer = {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 32618},
        "fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"}],
        "features": [{"attributes": {"OBJECTID": 1}, "geometry": {"rings": rings}}],
    }
    expected = pyogrio.read_dataframe(json.dumps(layer).encode()).geometry.iloc[0]
    got = read_shape({"rings": rings})
    assert got is not None
    assert got.is_valid
    assert got.equals(shapely.force_2d(expected))
    assert got.area == expected.area


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        ({"x": 1.5, "y": 2}, "POINT (1.5 2)"),
        ({"points": [[1, 2], [3, 4]]}, "MULTIPOINT ((1 2), (3 4))"),
        ({"paths": [[[1, 2], [3, 4]]]}, "MULTILINESTRING ((1 2, 3 4))"),
        ({"x": "NaN", "y": "NaN"}, ""),
        ({"x": None, "y": None}, ""),
        ({"rings": []}, ""),
        ({}, ""),
    ],
)
def test_other_shapes_and_empty_ones(geometry: Json, text: str) -> None:
    got = read_shape(geometry)
    assert (got.wkt if got else "") == text


INFO: Json = {
    "fields": [
        {"name": "OBJECTID", "type": "esriFieldTypeOID"},
        {
            "name": "USE",
            "type": "esriFieldTypeSmallInteger",
            "domain": {
                "type": "codedValue",
                "codedValues": [{"code": 1, "name": "Vacant"}, {"code": 2, "name": "Occupied"}],
            },
        },
        {"name": "KIND", "type": "esriFieldTypeInteger", "domain": None},
        {
            "name": "STATE",
            "type": "esriFieldTypeString",
            "domain": {"type": "codedValue", "codedValues": [{"code": "O", "name": "Open"}]},
        },
        {"name": "DEPTH", "type": "esriFieldTypeInteger", "domain": {"type": "range"}},
        {"name": "BLOCKLOT", "type": "esriFieldTypeString"},
        {"name": "NOTICED", "type": "esriFieldTypeDate"},
    ],
    "typeIdField": "KIND",
    "types": [
        {"id": 7, "name": "Notice", "domains": {"STATE": {"type": "inherited"}}},
        {
            "id": 8,
            "name": "Order",
            "domains": {
                "STATE": {
                    "type": "codedValue",
                    "codedValues": [{"code": "O", "name": "Ordered"}],
                }
            },
        },
    ],
}


def test_codes_become_names() -> None:
    rows: list[Json] = [
        {"OBJECTID": 3, "USE": 1, "KIND": 7, "STATE": "O", "DEPTH": 12, "BLOCKLOT": "0216 001"},
        {"OBJECTID": 4, "USE": 2, "KIND": 8, "STATE": "O", "DEPTH": None, "BLOCKLOT": " "},
        {"OBJECTID": 5, "USE": 9, "KIND": None, "STATE": None, "NOTICED": 10**18},
    ]
    table, bad_days = read_fields(INFO).table(rows)
    assert table.to_pydict() == {
        "OBJECTID": [3, 4, 5],
        "USE": ["Vacant", "Occupied", "9"],
        "KIND": ["Notice", "Order", None],
        "STATE": ["Open", "Ordered", None],
        "DEPTH": [12, None, None],
        "BLOCKLOT": ["0216 001", " ", None],
        "NOTICED": [None, None, None],
    }
    assert bad_days == {"NOTICED": 1}


@pytest.mark.parametrize(
    ("moments", "zone", "days"),
    [
        ([1_588_291_200_000, 0], "", ["2020-05-01", "1970-01-01"]),
        # 2020-05-01 04:00 UTC, midnight in Baltimore.
        ([1_588_305_600_000, None], "", ["2020-05-01", None]),
        # 2020-05-02 01:30 UTC, still the evening before in Baltimore.
        ([1_588_383_000_000], "America/New_York", ["2020-05-01"]),
        ([1_588_383_000_000], "", ["2020-05-02"]),
        # Before 1970, and the day that databases write for none.
        ([-86_400_001, -2_209_161_600_000], "", ["1969-12-30", "1899-12-30"]),
        (["2020-05-01", "2020-05-01T23:00:00"], "", ["2020-05-01", "2020-05-01"]),
    ],
)
def test_epoch_milliseconds_become_days(
    moments: list[object], zone: str, days: list[str | None]
) -> None:
    array, bad = day_array(moments, ZoneInfo(zone) if zone else None)
    assert [day and day.isoformat() for day in array.to_pylist()] == days
    assert bad == 0


def test_midnights_of_utc_are_days_in_any_zone() -> None:
    info = {**INFO, "dateFieldsTimeReference": {"timeZoneIANA": "America/New_York"}}
    midnights: list[Json] = [{"NOTICED": 1_588_291_200_000}, {"NOTICED": None}]
    evening: Json = {"NOTICED": 1_588_383_000_000}

    days = read_fields(info).with_times(midnights).table(midnights)[0]["NOTICED"].to_pylist()
    assert days == [date(2020, 5, 1), None]
    rows = [*midnights, evening]
    days = read_fields(info).with_times(rows).table(rows)[0]["NOTICED"].to_pylist()
    assert days == [date(2020, 4, 30), None, date(2020, 5, 1)]


def test_pages_of_other_types_are_joined() -> None:
    pages = [
        pa.table({"id": [1, 2], "depth": [1, None], "year": [None, None]}),
        pa.table({"id": ["3A"], "depth": [2.5], "year": [2023], "more": ["x"]}),
    ]
    assert join_pages(pages).to_pydict() == {
        "id": ["1", "2", "3A"],
        "depth": [1.0, None, 2.5],
        "year": [None, None, 2023],
        "more": [None, None, "x"],
    }


def test_no_digit_is_lost() -> None:
    whole = number_array([2**53 + 1, None], guessed_array([1]).type)
    assert whole.to_pylist() == [2**53 + 1, None]
    assert guessed_array([1, 2.5, None]).to_pylist() == [1.0, 2.5, None]
    assert guessed_array([1, "0216 001"]).to_pylist() == ["1", "0216 001"]
    assert guessed_array([True, False]).to_pylist() == [True, False]
    assert guessed_array([{"a": 1}, None]).to_pylist() == ['{"a": 1}', None]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ({"wkid": 102685, "latestWkid": 2248}, 2248),
        ({"wkid": 102100, "latestWkid": 3857}, 3857),
        ({"wkid": 4326}, 4326),
        ({"wkid": 2248}, 2248),
    ],
)
def test_spatial_references(reference: Json, code: int) -> None:
    crs = crs_of(reference)
    assert crs is not None
    assert crs.to_epsg() == code
    assert crs_of({}) is None
