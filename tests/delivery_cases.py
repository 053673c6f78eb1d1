"""Deliveries to dispatch one after the other, and a dispatch center that loads their files."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd
from export_cases import make_inputs, make_ledger, make_roll, read_csv
from site_cases import SiteLook, looks_table

from gis_export.fire.dispatch.center import read_center
from gis_export.fire.dispatch.delivery import Dispatch, build_dispatch
from gis_export.fire.dispatch.handover import keeping_delivery, mark_delivered
from gis_export.fire.dispatch.held_fires import with_held_fires
from gis_export.fire.dispatch.rows import COLUMNS, records
from gis_export.fire.dispatch.state import read_state
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings

SETTINGS = ExportSettings()
FLOWN_2027 = date(2027, 3, 1)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What one export knows."""

    day: date
    """Day of the export."""
    looks: tuple[SiteLook, ...] = ()
    """What people have found until then."""
    fires: dict[str, date] = field(default_factory=dict)
    """Fires in the city's table then."""
    year: int = 2026
    """Flyover."""


def deliver(export: Export, delivered: Path) -> Dispatch:
    """Deliver as an export does, without its other products."""
    hazards = ("LIKELY", "NOT SEEN IN PHOTO", "POSSIBLE", "NOT ASSESSED")
    flown = date(2026, 3, 9)
    if export.year == 2027:
        hazards = ("LIKELY", "POSSIBLE", "POSSIBLE", "NOT ASSESSED")
        flown = FLOWN_2027

    roll = make_roll(6)
    ledger = make_ledger(roll, hazards, year=export.year, flown=flown)
    inputs = make_inputs(roll, ledger, today=export.day)
    inputs = replace(inputs, year=export.year, looks=looks_table(*export.looks))
    held = with_held_fires(export.fires, read_state(delivered), roll.table["parcel_id"])
    inputs = replace(inputs, fires=held)
    center = read_center(delivered, SETTINGS.dispatch, inputs)
    rows = build_rows(inputs, SETTINGS)
    dispatch = build_dispatch(rows, center, SETTINGS, year=export.year, today=export.day)
    with keeping_delivery(dispatch, delivered, None, today=export.day):
        pass
    mark_delivered(dispatch, delivered, run_id="run")
    return dispatch


def folders(delivered: Path) -> list[Path]:
    """Return the kept deliveries in the order of their names."""
    return sorted((delivered / "deliveries").iterdir())


def replay(deliveries: list[Path]) -> pd.DataFrame:
    """Load deliveries into an empty system; return what it holds, by parcel."""
    held: dict[str, dict[str, str]] = {}
    for folder in deliveries:
        for name in ("add", "change", "delete"):
            for row in records(read_csv(folder / f"dispatch_{name}.csv")):
                load(row, held)

    table = pd.DataFrame(held.values(), dtype="str")
    return table.sort_values("PARCEL_ID").reset_index(drop=True)


def load(row: dict[str, str], held: dict[str, dict[str, str]]) -> None:
    """Do what the action of a row says."""
    parcel = row["PARCEL_ID"]
    if row["ACTION"] == "DELETE":
        del held[parcel]
    elif row["ACTION"] == "REVIEW":
        held[parcel]["STANDING"] = "REVIEW"
    else:
        assert (parcel in held) == (row["ACTION"] == "CHANGE")
        held[parcel] = {name: row[name] for name in COLUMNS} | {"STANDING": "ACTIVE"}
