"""The inspector's list: highest score first, with the priority as visible points and the reasons in words."""

from pathlib import Path

import geopandas as gpd

from gis_export.fields import FIELDS
from gis_export.tables import csv_frame
from inference.hazard import USE_LIMIT

COLUMNS = (
    "RANK", "RANK_DIST", "INSP_DIST", "PARCEL_ID", "ADDRESS", "NBHD", "RISK_LVL", "RISK_TXT", "PRIORITY", "WHY", "PREV_LVL",
    "CHANGE", "IMG_DATE", "VBN_DATE", "SCORE", "SCORED", "NA_REASON", "REVIEW_BY", "VERIFIED", "VER_DATE", "MODEL_VER", "RUN_ID",
)  # fmt: skip


def write_worklist(rows: gpd.GeoDataFrame, path: Path) -> None:
    """Write the list: by RANK, then the roofs that were not scored, by PRIORITY."""
    fields = {field.name: field for field in FIELDS}
    order = rows.sort_values(["RANK", "PRIORITY", "PARCEL_ID"], ascending=[True, False, True], na_position="last")
    frame = csv_frame(order, tuple(fields[name] for name in COLUMNS), long_names=False)
    frame.assign(USE_LIMIT=USE_LIMIT).to_csv(path, index=False)
