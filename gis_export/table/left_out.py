"""Which buildings are left out of map, book and work list, and the file that says why."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from gis_export.table import columns
from gis_export.table.fields import BY_NAME
from gis_export.table.site_states import EXCLUDED
from gis_export.table.tables import csv_frame

FILE = "excluded.csv"
"""Beside the products of a department; there is none where nothing is left out."""
_FIELDS = (columns.PARCEL_ID, columns.ADDRESS, columns.NA_REASON, columns.VISIT_TXT)


def is_left_out(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which buildings a person on site found gone or lived in."""
    is_out: pd.Series[bool] = rows[columns.STATUS] == EXCLUDED
    return is_out


def kept_rows(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows that map, book and work list show."""
    return gpd.GeoDataFrame(rows[~is_left_out(rows)])


def write_left_out(rows: pd.DataFrame, folder: Path) -> None:
    """Write excluded.csv where a building is left out, with its reason and the day of the visit."""
    left_out = rows[is_left_out(rows)]
    if len(left_out):
        fields = tuple(BY_NAME[name] for name in _FIELDS)
        csv_frame(left_out, fields, long_names=False).to_csv(folder / FILE, index=False)
