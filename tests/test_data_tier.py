"""The data team's tables: GeoParquet 1.1 that a reader of one district need not read whole, dates as dates, real nulls."""

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
    roll = make_roll(count)
    for row, address in enumerate(ODD[:count]):
        roll.table.loc[row, "address"] = address
    return build_table(
        make_inputs(roll, make_ledger(roll, hazards) if hazards else None), ExportSettings()
    )


def make_city(columns: int, lines: int) -> gpd.GeoDataFrame:
    """A grid of lots in the order of their ids, which runs along the streets."""
    few, place = make_table(4).rows, np.arange(columns * lines)
    rows = pd.concat([few] * (len(place) // 4), ignore_index=True)
    left, bottom = 1_415_000 + 20 * (place % columns), 593_000 + 80 * (place // columns)
    rows["PARCEL_ID"] = [f"{number:05d} 001" for number in place]
    return rows.set_geometry(
        gpd.GeoSeries(shapely.box(left, bottom, left + 15, bottom + 72), crs=few.crs)
    )


def geo_metadata(path: Path) -> dict[str, object]:
    return dict(json.loads(pq.read_schema(path).metadata[b"geo"]))


def test_the_file_is_geoparquet_1_1_with_a_bbox_and_its_crs(tmp_path: Path) -> None:
    write_geoparquet(make_table(), tmp_path / "scores.parquet")
    said = geo_metadata(tmp_path / "scores.parquet")
    assert (said["version"], said["primary_column"]) == ("1.1.0", "geometry")
    column = said["columns"]["geometry"]  # type: ignore[index]
    assert column["encoding"] == "WKB"
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 2248}
    assert column["covering"]["bbox"] == {
        side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")
    }
    schema = pq.read_schema(tmp_path / "scores.parquet")
    assert schema.names == [*(field.alias for field in fields_of(Tier.DATA)), "geometry", "bbox"]
    for name in ("image_date", "review_by", "notice_date", "verified_date"):
        assert schema.field(name).type == pa.date32()
    assert schema.field("rank").type == pa.int32()


def test_every_row_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = make_table().rows
    write_geoparquet(ExportTable(rows=rows), tmp_path / "scores.parquet")
    table = (
        gpd.read_parquet(tmp_path / "scores.parquet")
        .sort_values("parcel_id")
        .reset_index(drop=True)
    )
    assert list(table["parcel_id"]) == list(rows["PARCEL_ID"])
    assert table["parcel_id"][0] == "0216 001"
    assert list(table["address"][:3]) == list(ODD)
    assert set(table["image_date"]) == {date(2026, 3, 9)}
    assert table.geometry.geom_equals(rows.geometry).all()
    assert list(table["score"].isna()) == list(rows["SCORED"] == "N")
    unscored = table[table["scored"] == "N"]
    assert (
        unscored[["score", "score_low", "score_high", "rank", "rank_in_district"]]
        .isna()
        .all(axis=None)
    )
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
    west_of, south_of = names.index("bbox.xmin"), names.index("bbox.ymin")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    needed = [
        one
        for one in groups
        if one.column(west_of).statistics.min <= corner[2]
        and one.column(south_of).statistics.min <= corner[3]
    ]
    assert (len(groups), len(needed)) == (5, 1)


def test_rows_without_a_place_stand_at_the_end(tmp_path: Path) -> None:
    rows = make_table(4).rows
    rows.loc[1, "geometry"] = None
    write_geoparquet(ExportTable(rows=rows), tmp_path / "scores.parquet")
    table = gpd.read_parquet(tmp_path / "scores.parquet")
    assert table["parcel_id"].iloc[-1] == "0217 001" and table.geometry.isna().tolist() == [
        False,
        False,
        False,
        True,
    ]


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
    mine, full = (
        pq.read_schema(tmp_path / "scores.parquet"),
        pq.read_schema(tmp_path / "full.parquet"),
    )
    assert [(field.name, field.type) for field in mine] == [
        (field.name, field.type) for field in full
    ]
    table = gpd.read_parquet(tmp_path / "scores.parquet")
    assert len(table) == count and table["score"].isna().all()
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
