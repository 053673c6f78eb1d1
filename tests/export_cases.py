"""A small city for the tests of products: rolls, ledgers and exports.

Every product can be read back as a table.
"""

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_export.products import export_products
from gis_export.table.fields import FIELDS
from gis_export.table.inputs import LOOK_COLUMNS, ExportInputs, Year, no_looks
from gis_export.table.settings import ExportSettings, VisitSettings
from imagery.roll.parcels import VacantRoll
from inference.ledger import COLUMNS, Ledger

TODAY = date(2026, 11, 24)
FLOWN = date(2026, 3, 9)
HAZARDS = ("LIKELY", "NOT SEEN IN PHOTO", "NOT ASSESSED", "POSSIBLE")
SCORES = {"LIKELY": 0.75, "POSSIBLE": 0.25, "NOT SEEN IN PHOTO": 0.0625, "NOT ASSESSED": None}


def make_roll(count: int) -> VacantRoll:
    """Return a roll of lots side by side."""
    ids = [f"{216 + row:04d} 001" for row in range(count)]
    table = gpd.GeoDataFrame(
        {
            "parcel_id": ids,
            "address": [f"{100 + 2 * row} Peña Réunion St" for row in range(count)],
            "block": [parcel[:4] for parcel in ids],
            "neighborhood": "Harlem Park",
            "fire_district": "Bn 2",
            "inspection_district": [f"D{row % 2}" for row in range(count)],
            "notice_date": [date(2015, 1, 31) if row % 2 else None for row in range(count)],
            "occupied_sides": [("E,W", "", "U")[row % 3] for row in range(count)],
            "street_sides": "U",
        },
        geometry=[
            shapely.box(1_415_000 + 16 * row, 593_000, 1_415_015 + 16 * row, 593_072)
            for row in range(count)
        ],
        crs="EPSG:2248",
    )
    return VacantRoll(table=table, notices=count, joined_by_place=0, unmatched=())


def make_ledger(
    roll: VacantRoll,
    hazards: tuple[str, ...] = HAZARDS,
    *,
    year: int = 2026,
    flown: date | None = FLOWN,
) -> Ledger:
    """Return a ledger that repeats some hazard words."""
    words = [hazards[row % len(hazards)] for row in range(len(roll))]
    scores = pd.Series([SCORES[word] for word in words], dtype="float64")
    scored = scores.notna()
    table = pd.DataFrame(
        {
            "parcel_id": roll.table["parcel_id"].to_numpy(),
            "year": year,
            "status": ["scored" if known else "not_assessed" for known in scored],
            "reason": [None if known else "outside_imagery" for known in scored],
            "score": scores,
            "score_low": scores * 0.5,
            "score_high": scores,
            "score_raw": scores,
            "hazard": words,
            "rank": scores.rank(method="first", ascending=False).astype("Int32"),
            "model_version": pd.Series("demo-roof/3", index=scored.index, dtype="string").where(
                scored
            ),
            "img_date": pd.Series([flown] * len(roll), dtype=object),
            "covered_share": 1.0,
            "nodata_share": 0.0,
            "sharpness": 12.5,
            "dark_share": 0.25,
            "shadow_share": 0.0,
            "canopy_share": 0.0,
            "seam_share": 0.0,
            "ground_share": 0.0,
            "tiles": "a.tif",
            "note": "",
        }
    )
    return Ledger(year=year, table=table[list(COLUMNS)])


def make_inputs(
    roll: VacantRoll,
    ledger: Ledger | None = None,
    *,
    previous: Ledger | None = None,
    today: date = TODAY,
) -> ExportInputs:
    """Return what an export takes, without imagery."""
    ledger = ledger or make_ledger(roll)
    earlier: tuple[Year, ...] = ()
    if previous is not None:
        earlier = (Year(year=previous.year, flown=None, ledger=previous, chips=None),)
    return ExportInputs(
        city="Testville",
        year=2026,
        run_id="run-1",
        roll=roll,
        ledger=ledger,
        flyover=None,
        chips=None,
        looks=no_looks(),
        models={},
        today=today,
        earlier=earlier,
    )


def export(inputs: ExportInputs, out: Path) -> Path:
    """Write every product, of the evidence packets one."""
    settings = ExportSettings(visits=VisitSettings(packets=1))
    export_products(inputs, out / "2026", settings, delivered=out)
    return out / "2026"


def read_csv(path: Path) -> pd.DataFrame:
    """Return a CSV with every cell as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def page_columns(out: Path) -> dict[str, list[str]]:
    """Return the columns of the fire map's page."""
    text = (out / "fire/fire_map/data.js").read_text(encoding="utf-8")
    data = json.loads(text.removeprefix("window.ROOFWATCH=").rstrip(";\n"))
    columns: dict[str, list[str]] = data["columns"]
    return columns


def every_product(out: Path) -> dict[str, pd.DataFrame]:
    """Read each product that has a row per vacant, with short names."""
    short = {field.alias: field.name for field in FIELDS}
    tables = {
        "fire.shp": gpd.read_file(out / "fire/fire.shp"),
        "fire.gpkg": gpd.read_file(out / "fire/fire.gpkg", layer="vacant_roofs"),
        "housing.shp": gpd.read_file(out / "housing/housing.shp"),
        "housing.gpkg": gpd.read_file(out / "housing/housing.gpkg", layer="vacant_roofs"),
        "worklist": read_csv(out / "housing/worklist.csv"),
        "scores.csv": read_csv(out / "data/scores.csv"),
        "scores.parquet": gpd.read_parquet(out / "data/scores.parquet"),
        "page": pd.DataFrame(page_columns(out)),
    }
    return {name: pd.DataFrame(table).rename(columns=short) for name, table in tables.items()}


def whole_looks(looks: pd.DataFrame) -> pd.DataFrame:
    """Return looks with every column of `LOOK_COLUMNS`, as rows of a label file have them."""
    table = looks.reset_index(drop=True)
    for name, kind in no_looks().dtypes.items():
        if name not in table.columns:
            table[name] = "" if kind == "str" else np.nan
    return table[list(LOOK_COLUMNS)].astype({"chance": "float64"})
