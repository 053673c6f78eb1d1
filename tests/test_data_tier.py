"""The data team's tables: GeoParquet 1.1 with dates as dates and real nulls.

A reader of one district does not read the whole file.
"""

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll

from gis_export.data.data_tier import write_data, write_geoparquet
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier, fields_of
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings

ODD = ('1 Peña & <b>Réunion</b> St "rear"', "=cmd()", "2 Main St\nUnit 3")


def make_table(count: int = 8, *, hazards: tuple[str, ...] | None = None) -> ExportTable:
    """Return the table of a small city with odd addresses."""
    roll = make_roll(count)
    for row, address in enumerate(ODD[:count]):
        roll.table.loc[row, "address"] = address
    ledger = make_ledger(roll, hazards) if hazards else None
    return build_table(make_inputs(roll, ledger), ExportSettings())


def make_city(columns: int, lines: int) -> gpd.GeoDataFrame:
    """Return a grid of lots in the order of their ids, which runs along the streets."""
    few = make_table(4).rows
    numbers = np.arange(columns * lines)
    left = 1_415_000 + 20 * (numbers % columns)
    bottom = 593_000 + 80 * (numbers // columns)
    lots = shapely.box(left, bottom, left + 15, bottom + 72)

    rows = pd.concat([few] * (len(numbers) // 4), ignore_index=True)
    rows["PARCEL_ID"] = [f"{number:05d} 001" for number in numbers]
    return rows.set_geometry(gpd.GeoSeries(lots, crs=few.crs))


def test_the_file_is_geoparquet_1_1_with_a_bbox_and_its_crs(tmp_path: Path) -> None:
    write_geoparquet(make_table(), tmp_path / "scores.parquet")

    schema = pq.read_schema(tmp_path / "scores.parquet")
    said = json.loads(schema.metadata[b"geo"])
    assert (said["version"], said["primary_column"]) == ("1.1.0", "geometry")

    column = said["columns"]["geometry"]
    sides = ("xmin", "ymin", "xmax", "ymax")
    assert column["encoding"] == "WKB"
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 2248}
    assert column["covering"]["bbox"] == {side: ["bbox", side] for side in sides}

    assert schema.names == [*(field.alias for field in fields_of(Tier.DATA)), "geometry", "bbox"]
    for name in ("image_date", "review_by", "notice_date", "verified_date"):
        assert schema.field(name).type == pa.date32()
    assert schema.field("rank").type == pa.int32()


def test_every_row_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = make_table().rows
    empty = ["score", "score_low", "score_high", "rank", "rank_in_district"]

    write_geoparquet(ExportTable(rows=rows), tmp_path / "scores.parquet")

    table = gpd.read_parquet(tmp_path / "scores.parquet")
    table = table.sort_values("parcel_id", ignore_index=True)
    assert list(table["parcel_id"]) == list(rows["PARCEL_ID"])
    assert table["parcel_id"][0] == "0216 001"
    assert list(table["address"][:3]) == list(ODD)
    assert set(table["image_date"]) == {date(2026, 3, 9)}
    assert table.geometry.geom_equals(rows.geometry).all()
    assert list(table["score"].isna()) == list(rows["SCORED"] == "N")

    unscored = table[table["scored"] == "N"]
    assert unscored[empty].isna().all(axis=None)
    assert set(unscored["not_assessed_reason"]) == {"outside_imagery"}


def test_a_reader_of_a_corner_gets_it_whole_and_skips_the_rest(tmp_path: Path) -> None:
    rows = make_city(200, 164)  # 32,800 lots, 4 row groups and a bit
    write_geoparquet(ExportTable(rows=rows), tmp_path / "scores.parquet")
    west, south, east, north = rows.total_bounds
    corner = (west, south, west + (east - west) / 5, south + (north - south) / 5)

    found = gpd.read_parquet(tmp_path / "scores.parquet", bbox=corner)
    assert set(found["parcel_id"]) == set(rows["PARCEL_ID"][rows.intersects(shapely.box(*corner))])

    metadata = pq.ParquetFile(tmp_path / "scores.parquet").metadata
    names = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    xmin_column = names.index("bbox.xmin")
    ymin_column = names.index("bbox.ymin")
    needed = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        begins_west = group.column(xmin_column).statistics.min <= corner[2]
        begins_south = group.column(ymin_column).statistics.min <= corner[3]
        needed += begins_west and begins_south
    assert (metadata.num_row_groups, needed) == (5, 1)


def test_rows_without_a_place_are_at_the_end(tmp_path: Path) -> None:
    rows = make_table(4).rows
    rows.loc[1, "geometry"] = None
    write_geoparquet(ExportTable(rows=rows), tmp_path / "scores.parquet")
    table = gpd.read_parquet(tmp_path / "scores.parquet")
    assert table["parcel_id"].iloc[-1] == "0217 001"
    assert table.geometry.isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("count", [0, 1, 4])
@pytest.mark.parametrize("placed", [True, False])
def test_an_empty_city_and_one_without_places_keep_the_schema(
    count: int, placed: bool, tmp_path: Path
) -> None:
    rows = make_table(4, hazards=("NOT ASSESSED",)).rows.iloc[:count]
    if not placed:
        rows = rows.set_geometry(gpd.GeoSeries([None] * count, index=rows.index, crs=rows.crs))

    write_geoparquet(ExportTable(rows=rows), tmp_path / "scores.parquet")
    write_geoparquet(make_table(), tmp_path / "full.parquet")

    schema = pq.read_schema(tmp_path / "scores.parquet")
    full_schema = pq.read_schema(tmp_path / "full.parquet")
    assert schema.names == full_schema.names
    assert schema.types == full_schema.types

    table = gpd.read_parquet(tmp_path / "scores.parquet")
    assert len(table) == count
    assert table["score"].isna().all()
    assert table.crs == rows.crs


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        write_geoparquet(make_table(), tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_csv_beside_it_has_the_same_rows_with_formulas_made_harmless(tmp_path: Path) -> None:
    rows = make_table().rows
    write_data(ExportTable(rows=rows), tmp_path)
    table = pd.read_csv(tmp_path / "scores.csv", dtype=str, keep_default_na=False)
    assert list(table["parcel_id"]) == list(rows["PARCEL_ID"])
    assert list(table["address"][:3]) == [ODD[0], "'=cmd()", ODD[2]]
    assert (table.loc[table["scored"] == "N", "score"] == "").all()
