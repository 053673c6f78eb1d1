"""Scores of the parcels without a notice, apart from those of the vacants.

Nothing of them enters the flyover's statistics, its share failing, drift, a threshold or the
ledger of the vacants: they are scored by what those left.
"""

import numpy as np
import pandas as pd

from imagery.chips.store import ChipStore
from imagery.chips.tiling import metric_crs
from imagery.roll.buildings import read_buildings
from imagery.roll.outlines import are_built
from imagery.roll.parcels import VacantRoll
from imagery.values.coded import NO, YES
from inference.ledger import build_ledger
from inference.predict import score_features
from inference.reach import ReachLedger, build_reach, write_reach
from models.checksum import BACKBONE
from models.extract import NetworkSource
from roofwatch.sealed_files import REACH, REACH_FEATURES, seal
from roofwatch.stages.drift import Look
from roofwatch.year import CityYear
from roofwatch.year_features import compute_features

_STATES = {YES: "Y", NO: "N"}
"""How the ledger says what is known; "" for all others."""


def score_reach(year: CityYear, store: ChipStore, look: Look) -> ReachLedger:
    """Score the parcels without a notice by the head as it was set to the vacants.

    Args:
        year: The city in the year.
        store: Their chips.
        look: How the model sees the vacants of the flyover.
    """
    weights = str(look.version.folder / BACKBONE)
    network = NetworkSource(spec=look.model.spec, weights=weights)
    features = compute_features(year, store, network, apart=REACH_FEATURES)

    head = look.flyover.set(look.trained)
    scored = build_ledger(
        store.manifest,
        score_features(features.rung(head.rung), head),
        thresholds=look.thresholds,
        model_version=look.version.label,
        flown=year.flown,
    )
    ledger = build_reach(scored, city_facts(year, _roll_of(year)))
    write_reach(ledger, year.files.reach)
    seal(year, REACH)
    count = len(ledger.scored)
    year.city.log("reach", f"{year.year} without a notice: {count} of {len(ledger.table)} scored")
    return ledger


def _roll_of(year: CityYear) -> VacantRoll:
    roll = year.city.without_notice
    if roll is None:
        raise ValueError("[reach] is off")
    return roll


def city_facts(year: CityYear, roll: VacantRoll) -> pd.DataFrame:
    """Return what the city's own data say of each parcel; see `inference.reach.FACTS`."""
    table = roll.table
    footprints = year.file.footprints
    outline: object = ""
    if footprints:
        lots = table.geometry.to_crs(metric_crs(roll))
        outline = np.where(are_built(lots, read_buildings(footprints).outlines), "Y", "N")
    return pd.DataFrame(
        {
            "parcel_id": table["parcel_id"],
            "district": table["inspection_district"],
            "address": table["address"],
            "occupied": table["occupied"].map(_STATES).fillna(""),
            "permit": table["permit"],
            "outline": outline,
        }
    )
