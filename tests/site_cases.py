"""Looks on site for the tests of products, and the rows that they lead to."""

from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import pandas as pd
from export_cases import make_inputs, make_ledger, make_roll

from gis_export.table.inputs import ExportInputs, no_looks
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings


@dataclass(frozen=True, kw_only=True)
class SiteLook:
    """One look of a person on site."""

    parcel: str
    day: str = "2026-05-02"
    failing: str = ""
    disposition: str = ""
    sign_posted: str = ""
    sides: str = ""
    year: int = 2026
    roof_pct: float = float("nan")
    source: str = "inspector"
    chosen: str = ""
    on_site: bool = True


def looks_table(*looks: SiteLook) -> pd.DataFrame:
    """Return looks as an export gets them from the book."""
    rows = [
        {
            "parcel_id": look.parcel,
            "year": look.year,
            "date": look.day,
            "source": look.source,
            "found": "",
            "failing": look.failing,
            "roof_pct": look.roof_pct,
            "on_site": look.on_site,
            "means": "site" if look.on_site else "file",
            "disposition": look.disposition,
            "sign_posted": look.sign_posted,
            "sides": look.sides,
            "chosen": look.chosen,
        }
        for look in looks
    ]
    return pd.concat([no_looks(), pd.DataFrame(rows)], ignore_index=True)


def inputs_with(
    *looks: SiteLook,
    count: int = 4,
    hazards: tuple[str, ...] = ("LIKELY",),
    today: date = date(2026, 6, 1),
) -> ExportInputs:
    """Return what an export takes, with some looks."""
    roll = make_roll(count)
    inputs = make_inputs(roll, make_ledger(roll, hazards), today=today)
    return replace(inputs, looks=looks_table(*looks))


def rows_with(
    *looks: SiteLook,
    count: int = 4,
    hazards: tuple[str, ...] = ("LIKELY",),
    today: date = date(2026, 6, 1),
) -> gpd.GeoDataFrame:
    """Return the rows of a small city flown on 2026-03-09, by parcel."""
    inputs = inputs_with(*looks, count=count, hazards=hazards, today=today)
    return (
        build_rows(inputs, ExportSettings())
        .set_index("PARCEL_ID", drop=False)
        .rename_axis("parcel")
    )
