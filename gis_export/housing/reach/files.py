"""housing/check_for_a_notice.csv: the list to be filled in, and read by `findings`."""

from pathlib import Path

import pandas as pd

from gis_export.housing.reach.listed import (
    AGAINST,
    CHANCE,
    CHOSEN,
    RANK,
    STATE,
    list_parcels,
)
from gis_export.table.reach_inputs import ReachInputs
from gis_export.table.tables import csv_texts
from imagery.files import atomic_path
from imagery.values.formulas import harmless

LIST = "check_for_a_notice.csv"
"""Name of the list."""
USE = (
    "For the housing department alone. No parcel here carries a vacancy notice, and people may "
    "live in it. One photo of the roof says nothing of the rest. A parcel that is not here may "
    "have a failing roof too."
)
"""What every row says."""
ANSWERS = ("visited_on", "roof_open", "occupied", "disposition", "notes")
"""Columns that are filled in, as `labels.filled.questions` names them."""
_COLUMNS = {
    "INSP_DIST": "district",
    RANK: RANK,
    "ADDRESS": "address",
    "PARCEL_ID": "parcel_id",
    STATE: STATE,
    AGAINST: AGAINST,
    "IMG_DATE": "img_date",
}


def write_list(reach: ReachInputs, path: Path) -> None:
    """Write the list of parcels without a notice that somebody should check."""
    listed = list_parcels(reach)
    cells = {
        name: [harmless(text) for text in csv_texts(listed[column].tolist())]
        for name, column in _COLUMNS.items()
    }
    table = pd.DataFrame(cells, index=listed.index, dtype="str")
    table = table.assign(**dict.fromkeys(ANSWERS, ""), USE=USE)
    table[[CHOSEN, CHANCE]] = listed[[CHOSEN, CHANCE]].to_numpy(dtype=object)
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
