"""The inspector's list as CSV: every vacant, the most urgent first, with the priority as visible points and the reasons in words."""

from pathlib import Path

import geopandas as gpd
import numpy as np

from gis_export.table.fields import FIELDS
from gis_export.table.settings import VisitSettings
from gis_export.table.tables import csv_frame
from gis_export.table.visits import by_priority, visited
from inference.hazard import USE_LIMIT

COLUMNS = (
    "PRIORITY",
    "WHY",
    "INSP_DIST",
    "PARCEL_ID",
    "ADDRESS",
    "NBHD",
    "RISK_LVL",
    "RISK_TXT",
    "SCORED",
    "NA_REASON",
    "SCORE",
    "RANK",
    "RANK_DIST",
    "PREV_LVL",
    "CHANGE",
    "IMG_DATE",
    "VBN_DATE",
    "REVIEW_BY",
    "VERIFIED",
    "VER_DATE",
    "MODEL_VER",
    "RUN_ID",
)


def write_worklist(rows: gpd.GeoDataFrame, path: Path, settings: VisitSettings) -> None:
    """Write the list by PRIORITY, then RANK, then PARCEL_ID; VISIT is Y for the k of each district."""
    order = by_priority(rows.assign(VISIT=np.where(visited(rows, settings), "Y", "N")))
    fields = {field.name: field for field in FIELDS}
    frame = csv_frame(order, tuple(fields[name] for name in COLUMNS), long_names=False)
    frame.insert(0, "VISIT", order["VISIT"].to_numpy())
    frame.assign(USE_LIMIT=USE_LIMIT).to_csv(path, index=False)
