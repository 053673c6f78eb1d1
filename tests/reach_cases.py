"""Parcels without a notice for the tests: a ledger by hand, and what people found there."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from site_cases import SiteLook, looks_table

from gis_export.table.inputs import no_looks
from gis_export.table.reach_inputs import ReachInputs
from imagery.chips.quality import QUALITY_COLUMNS
from imagery.roll.reach_settings import ReachSettings
from inference.reach import COLUMNS, ReachLedger


@dataclass(frozen=True, kw_only=True)
class Home:
    """One parcel without a notice."""

    parcel: str
    strength: float = float("nan")
    suggests: str = "Y"
    district: str = "D1"
    occupied: str = ""
    permit: str = ""
    outline: str = ""
    note: str = ""


def reach_ledger(*homes: Home, year: int = 2026) -> ReachLedger:
    """Return the ledger of some parcels; one without strength was not scored."""
    strength = pd.Series([home.strength for home in homes], dtype="float64")
    is_scored = strength.notna()
    columns: dict[str, object] = {
        "parcel_id": [home.parcel for home in homes],
        "year": year,
        "status": np.where(is_scored, "scored", "not_assessed"),
        "reason": np.where(is_scored, "", "no_imagery"),
        "strength": strength,
        "suggests": np.where(is_scored, [home.suggests for home in homes], ""),
        "rank": strength.rank(ascending=False, method="first").astype("Int32"),
        "district": [home.district for home in homes],
        "address": [f"{place} Elm St" for place in range(len(homes))],
        "occupied": [home.occupied for home in homes],
        "permit": [home.permit for home in homes],
        "outline": [home.outline for home in homes],
        "model_version": "demo-roof/3",
        "img_date": date(2026, 3, 9),
        **dict.fromkeys(QUALITY_COLUMNS, 0.0),
        "tiles": "a.tif",
        "note": [home.note for home in homes],
    }
    return ReachLedger(year=year, table=pd.DataFrame(columns)[list(COLUMNS)])


def reach_of(
    *homes: Home,
    looks: tuple[SiteLook, ...] = (),
    per_district: int = 2,
    random: int = 0,
) -> ReachInputs:
    """Return what a list is made from."""
    return ReachInputs(
        ledger=reach_ledger(*homes),
        looks=looks_table(*looks) if looks else no_looks(),
        settings=ReachSettings(parcels="all", per_district=per_district, random=random),
    )
