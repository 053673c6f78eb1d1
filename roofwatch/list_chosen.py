"""How a building was chosen for a visit, from the lists of housing of its year."""

from functools import cache
from pathlib import Path

import pandas as pd

from gis_export.housing.reach.files import LIST
from imagery.workspace import Workspace
from labels.draws.weights import ON_THE_LIST
from labels.filled.rows import Choose
from labels.label_file.values import read_chances

WORKLIST = "worklist.csv"
_PARCEL = "PARCEL_ID"
_VISIT = "VISIT"
_CHOSEN = "CHOSEN"
_CHANCE = "CHANCE"

Chosen = dict[str, tuple[str, float | None]]
"""How each building was chosen, and with what chance, by parcel."""


def chosen_by_list(workspace: Workspace) -> Choose:
    """Return what tells how a parcel was chosen for the visits of a flyover year.

    It says ("", None) of a parcel that was not on the list, and where there is no list.
    """

    @cache
    def list_of(year: int) -> Chosen:
        housing = workspace.year(year).housing
        return read_chosen(housing / LIST) | read_chosen(housing / WORKLIST)

    def choose(parcel_id: str, year: int) -> tuple[str, float | None]:
        return list_of(year).get(parcel_id, ("", None))

    return choose


def read_chosen(path: Path) -> Chosen:
    """Return how the buildings on a list were chosen; none where there is no list."""
    if not path.exists():
        return {}
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    if _PARCEL not in table:
        return {}

    nothing = pd.Series("", index=table.index)
    said = table.get(_CHOSEN, nothing)
    chances = read_chances(table.get(_CHANCE, nothing))
    chosen: Chosen = {}
    visits = table.get(_VISIT, nothing)
    rows = zip(table[_PARCEL], visits, said, chances, strict=True)
    for parcel, visit, words, chance in rows:
        if words:
            chosen[parcel] = (words, None if pd.isna(chance) else float(chance))
        elif visit == "Y":
            chosen[parcel] = (ON_THE_LIST, None)
    return chosen
