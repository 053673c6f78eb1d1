"""The inspector's list as CSV: every vacant, the most urgent first, with points and reasons."""

from pathlib import Path

import geopandas as gpd
import numpy as np

from gis_export.table.fields import FIELDS
from gis_export.table.settings import VisitSettings
from gis_export.table.tables import csv_frame
from gis_export.table.visits import CHANCE, CHOSEN, by_priority, visited, with_choice
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
    "VISIT_TXT",
    "LAST_VISIT",
    "NEXT_VISIT",
    "DISPUTED",
    "DEMO_FLG",
    "MODEL_VER",
    "RUN_ID",
    "RISK_CODE",
    "PREV_CODE",
)
"""Fields of the list; VISIT comes before them; USE_LIMIT, CHOSEN and CHANCE after them."""


def write_worklist(rows: gpd.GeoDataFrame, path: Path, settings: VisitSettings) -> None:
    """Write the list by PRIORITY, then RANK, then PARCEL_ID.

    VISIT is Y for as many rows of each district as it can visit. CHOSEN says how a visit was
    chosen, CHANCE with which chance where it was drawn.
    """
    chosen = with_choice(rows, settings)
    is_visit = visited(rows, settings)
    order = by_priority(gpd.GeoDataFrame(chosen.assign(VISIT=np.where(is_visit, "Y", "N"))))

    fields = {field.name: field for field in FIELDS}
    frame = csv_frame(order, tuple(fields[name] for name in COLUMNS), long_names=False)
    frame.insert(0, "VISIT", order["VISIT"].to_numpy())
    frame = frame.assign(USE_LIMIT=USE_LIMIT)
    frame[[CHOSEN, CHANCE]] = order[[CHOSEN, CHANCE]].to_numpy(dtype=object)
    frame.to_csv(path, index=False)
