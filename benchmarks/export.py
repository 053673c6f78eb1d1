"""What an export of a large city costs: python -m benchmarks.export [PARCELS]

A table of 240,000 parcels and 25 fields is written as a shapefile by us, by `GeoDataFrame.to_file` as it comes, and as the
same number of bytes; and as GeoParquet. Interleaved in one process (ABCABC), CPU seconds, median of five.
"""

import shutil
import sys
import time
import warnings
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.table import Row, interleave, show
from gis_export.formats.shapefile import write_shapes
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import FIELDS, Field, Tier, fields_of
from gis_export.table.inputs import ExportInputs, no_looks
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import arrow_table
from imagery.roll.parcels import VacantRoll
from inference.hazard import Thresholds, hazard_word
from inference.ledger import COLUMNS, Ledger

PARCELS = 240_000
OUT = Path("out/bench/export")
TODAY = date(2026, 11, 24)
BENCH_FIELDS: tuple[Field, ...] = (
    *fields_of(Tier.HOUSING),
    next(field for field in FIELDS if field.name == "STATUS"),
)
"""The 24 fields of housing and one more."""


def exporting(*, parcels: int = PARCELS) -> list[Row]:
    """G11: what a large table costs."""
    inputs = _city(parcels)
    start = time.process_time()
    rows = build_rows(inputs, ExportSettings())
    building = time.process_time() - start
    frame = _plain(rows)
    shutil.rmtree(OUT, ignore_errors=True)
    for name in ("ours", "default"):
        (OUT / name).mkdir(parents=True)

    def ours() -> None:
        write_shapes(
            ExportTable(rows=rows),
            OUT / "ours/roofs.shp",
            BENCH_FIELDS,
            geometry="polygon",
            day=TODAY.isoformat(),
        )

    def default() -> None:
        with warnings.catch_warnings():  # it warns that it turns dates into text
            warnings.simplefilter("ignore")
            frame.to_file(OUT / "default/roofs.shp")

    def limit() -> None:
        block, size = bytes(1 << 20), sum(path.stat().st_size for path in (OUT / "ours").iterdir())
        with (OUT / "limit.bin").open("wb") as stream:
            for _ in range(size >> 20):
                stream.write(block)

    def parquet() -> None:
        table = arrow_table(ExportTable(rows=rows), BENCH_FIELDS, long_names=True).to_pandas(
            types_mapper=_arrow_types
        )
        gpd.GeoDataFrame(table, geometry=rows.geometry.to_numpy(), crs=rows.crs).to_parquet(
            OUT / "roofs.parquet", index=False
        )

    seconds = interleave({"ours": ours, "default": default, "limit": limit, "parquet": parquet})
    sizes = {
        name: sum(path.stat().st_size for path in (OUT / name).iterdir()) / 1e6
        for name in ("ours", "default")
    }
    shutil.rmtree(OUT)
    what = f"{parcels:,} x {len(BENCH_FIELDS)}"
    return [
        Row(
            goal="G11",
            what=f"shapefile with spatial index, {what}, ours / default",
            want="<= 0.7",
            got=seconds["ours"] / seconds["default"],
        ),
        Row(
            goal="G11",
            what=f"GeoParquet, {what}, ours / default shapefile",
            want="<= 0.17",
            got=seconds["parquet"] / seconds["default"],
        ),
        Row(what=f"   ours, CPU s ({sizes['ours']:.0f} MB)", got=seconds["ours"]),
        Row(what=f"   default, CPU s ({sizes['default']:.0f} MB)", got=seconds["default"]),
        Row(what="   limit: writing our bytes, CPU s", got=seconds["limit"]),
        Row(what="   GeoParquet, CPU s", got=seconds["parquet"]),
        Row(what="   building the rows once, CPU s", got=building),
    ]


def _city(count: int) -> ExportInputs:
    """Return a city of row houses, a tenth of them not scored."""
    rng = np.random.default_rng(0)
    number = np.arange(count)
    ids = [f"{100 + one // 60:04d} {one % 60:03d}" for one in number]
    west, south = 1_400_000 + 16.0 * (number % 1000), 590_000 + 90.0 * (number // 1000)
    roll = gpd.GeoDataFrame(
        {
            "parcel_id": ids,
            "parcel_key": ids,
            "address": [f"{100 + one % 900} Peña Réunion St" for one in number],
            "block": "",
            "neighborhood": "Harlem Park",
            "fire_district": "Bn 2",
            "inspection_district": [f"D{one % 9}" for one in number],
            "occupied_sides": [("E,W", "", "U")[one % 3] for one in number],
            "street_sides": [("N", "N,S")[one % 2] for one in number],
            "notice_date": [
                date(2015, 1, 1) + timedelta(days=int(one % 3000)) if one % 2 else None
                for one in number
            ],
        },
        geometry=shapely.box(west, south, west + 15, south + 72),
        crs="EPSG:2248",
    )
    score = pd.Series(rng.random(count)).mask(rng.random(count) < 0.1)
    scored, thresholds = score.notna(), Thresholds(likely=0.8, possible=0.5)
    quality = dict.fromkeys(COLUMNS[COLUMNS.index("img_date") + 1 : -1], 0.25)
    table = pd.DataFrame(
        {
            "parcel_id": ids,
            "year": 2026,
            "status": np.where(scored, "scored", "not_assessed"),
            "reason": pd.Series("too_blurred", index=score.index).mask(scored),
            "score": score,
            "score_low": score / 2,
            "score_high": score,
            "hazard": [hazard_word(None if one != one else one, thresholds).value for one in score],
            "rank": score.rank(method="first", ascending=False).astype("Int32"),
            "model_version": pd.Series("city-roof/3", index=score.index).where(scored),
            "img_date": pd.Series([date(2026, 3, 9)] * count, dtype=object),
            **quality,
            "tiles": "a.tif",
        }
    )
    return ExportInputs(
        city="Benchville",
        year=2026,
        run_id="run-1",
        roll=VacantRoll(table=roll, notices=count, joined_by_place=0, unmatched=()),
        ledger=Ledger(year=2026, table=table[list(COLUMNS)]),
        flyover=None,
        chips=None,
        earlier=(),
        looks=no_looks(),
        models={},
        today=TODAY,
    )


def _plain(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the same table as people have it in geopandas: dates as datetimes, numbers as floats."""
    table = arrow_table(ExportTable(rows=rows), BENCH_FIELDS, long_names=False).to_pandas()
    days = {
        field.name: pd.to_datetime(table[field.name])
        for field in BENCH_FIELDS
        if field.kind == "date"
    }
    return gpd.GeoDataFrame(table.assign(**days), geometry=rows.geometry.to_numpy(), crs=rows.crs)


def _arrow_types(kind: object) -> pd.ArrowDtype:
    return pd.ArrowDtype(kind)


def main() -> None:
    """Print the table."""
    show(exporting(parcels=int(sys.argv[1]) if len(sys.argv) > 1 else PARCELS), "export")


if __name__ == "__main__":
    main()
