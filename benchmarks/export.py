"""What an export of a large city costs: `python -m benchmarks.export [PARCELS]`.

A table of 240,000 parcels and 25 fields is written as a shapefile by us, by `GeoDataFrame.to_file`
as it comes, and as the same number of bytes; and as GeoParquet. Interleaved in one process
(ABCABC), CPU seconds, median of five.
"""

import shutil
import sys
import time
import warnings
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from benchmarks.table import Row, interleave, show, write_bytes
from gis_export.formats.shapefile import write_shapes
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import FIELDS, Field, Tier, fields_of
from gis_export.table.inputs import ExportInputs, no_looks
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import arrow_table
from imagery.roll.parcels import VacantRoll
from inference.hazard import Thresholds, hazard_word
from inference.ledger import COLUMNS, Ledger

PARCELS = 240_000
OUT = Path("out/bench/export")
YEAR = 2026
FLOWN = date(2026, 3, 9)
TODAY = date(2026, 11, 24)
FIRST_NOTICE = date(2015, 1, 1)
NOT_SCORED = 0.1
BENCH_FIELDS: tuple[Field, ...] = (
    *fields_of(Tier.HOUSING),
    next(field for field in FIELDS if field.name == "STATUS"),
)
"""The 24 fields of housing and one more."""


def main() -> None:
    """Print the table."""
    parcels = int(sys.argv[1]) if len(sys.argv) > 1 else PARCELS
    show(exporting(parcels=parcels), "export")


def exporting(*, parcels: int = PARCELS) -> list[Row]:
    """G11: what a large table costs."""
    inputs = _city(parcels)
    start_s = time.process_time()
    table = build_table(inputs, ExportSettings())
    building_s = time.process_time() - start_s

    shutil.rmtree(OUT, ignore_errors=True)
    ours = OUT / "ours"
    default = OUT / "default"
    for folder in (ours, default):
        folder.mkdir(parents=True)

    seconds = interleave(
        {
            "ours": partial(_write_ours, table, ours),
            "default": partial(_write_default, _as_people_have_it(table), default),
            "limit": lambda: write_bytes(OUT / "limit.bin", _size(ours)),
            "parquet": partial(_write_parquet, table),
        }
    )
    ours_mb = _size(ours) / 1e6
    default_mb = _size(default) / 1e6
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
        Row(what=f"   ours, CPU s ({ours_mb:.0f} MB)", got=seconds["ours"]),
        Row(what=f"   default, CPU s ({default_mb:.0f} MB)", got=seconds["default"]),
        Row(what="   limit: writing our bytes, CPU s", got=seconds["limit"]),
        Row(what="   GeoParquet, CPU s", got=seconds["parquet"]),
        Row(what="   building the rows once, CPU s", got=building_s),
    ]


def _write_ours(table: ExportTable, folder: Path) -> None:
    day = TODAY.isoformat()
    write_shapes(table, folder / "roofs.shp", BENCH_FIELDS, geometry="polygon", day=day)


def _write_default(frame: gpd.GeoDataFrame, folder: Path) -> None:
    # It warns that it turns dates into text.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(folder / "roofs.shp")


def _write_parquet(table: ExportTable) -> None:
    cells = arrow_table(table, BENCH_FIELDS, long_names=True)
    frame = _with_shapes(cells.to_pandas(types_mapper=_arrow_type), table)
    frame.to_parquet(OUT / "roofs.parquet", index=False)


def _arrow_type(kind: object) -> pd.ArrowDtype:
    return pd.ArrowDtype(kind)


def _as_people_have_it(table: ExportTable) -> gpd.GeoDataFrame:
    """Return the table as is usual in geopandas: dates as datetimes, numbers as floats."""
    frame = arrow_table(table, BENCH_FIELDS, long_names=False).to_pandas()
    for field in BENCH_FIELDS:
        if field.kind == "date":
            frame[field.name] = pd.to_datetime(frame[field.name])
    return _with_shapes(frame, table)


def _with_shapes(frame: pd.DataFrame, table: ExportTable) -> gpd.GeoDataFrame:
    rows = table.rows
    return gpd.GeoDataFrame(frame, geometry=rows.geometry.to_numpy(), crs=rows.crs)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _city(count: int) -> ExportInputs:
    """Return a city of row houses, a tenth of them not scored."""
    numbers = np.arange(count)
    ids = [f"{100 + number // 60:04d} {number % 60:03d}" for number in numbers]
    roll = VacantRoll(table=_roll(numbers, ids), notices=count, joined_by_place=0, unmatched=())
    return ExportInputs(
        city="Benchville",
        year=YEAR,
        run_id="run-1",
        roll=roll,
        ledger=Ledger(year=YEAR, table=_ledger(ids)),
        flyover=None,
        chips=None,
        earlier=(),
        looks=no_looks(),
        models={},
        today=TODAY,
    )


def _roll(numbers: NDArray[np.int_], ids: list[str]) -> gpd.GeoDataFrame:
    west_ft = 1_400_000 + 16.0 * (numbers % 1000)
    south_ft = 590_000 + 90.0 * (numbers // 1000)
    occupied = ("E,W", "", "U")
    streets = ("N", "N,S")
    return gpd.GeoDataFrame(
        {
            "parcel_id": ids,
            "address": [f"{100 + number % 900} Peña Réunion St" for number in numbers],
            "block": "",
            "neighborhood": "Harlem Park",
            "fire_district": "Bn 2",
            "inspection_district": [f"D{number % 9}" for number in numbers],
            "occupied_sides": [occupied[number % 3] for number in numbers],
            "street_sides": [streets[number % 2] for number in numbers],
            "notice_date": [_notice_day(number) for number in numbers.tolist()],
        },
        geometry=shapely.box(west_ft, south_ft, west_ft + 15, south_ft + 72),
        crs="EPSG:2248",
    )


def _notice_day(number: int) -> date | None:
    """Return a day for every other parcel."""
    return FIRST_NOTICE + timedelta(days=number % 3000) if number % 2 else None


def _ledger(ids: list[str]) -> pd.DataFrame:
    count = len(ids)
    rng = np.random.default_rng(0)
    score = pd.Series(rng.random(count)).mask(rng.random(count) < NOT_SCORED)
    is_scored = score.notna()

    thresholds = Thresholds(likely=0.8, possible=0.5)
    words = []
    for value in score:
        words.append(hazard_word(None if np.isnan(value) else value, thresholds).value)

    qualities = COLUMNS[COLUMNS.index("img_date") + 1 : -1]
    table = pd.DataFrame(
        {
            "parcel_id": ids,
            "year": YEAR,
            "status": np.where(is_scored, "scored", "not_assessed"),
            "reason": pd.Series("blurred", index=score.index).mask(is_scored),
            "score": score,
            "score_low": score / 2,
            "score_high": score,
            "score_raw": score,
            "hazard": words,
            "rank": score.rank(method="first", ascending=False).astype("Int32"),
            "model_version": pd.Series("city-roof/3", index=score.index).where(is_scored),
            "img_date": pd.Series([FLOWN] * count, dtype=object),
            **dict.fromkeys(qualities, 0.25),
            "tiles": "a.tif",
            "note": "",
        }
    )
    return table[list(COLUMNS)]


if __name__ == "__main__":
    main()
