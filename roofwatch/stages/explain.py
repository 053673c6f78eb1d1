"""The stage that shows why the listed roofs are on the list; `score` calls it."""

from functools import partial
from pathlib import Path

import pandas as pd

from imagery.errors import MissingInput
from inference.explain_labels import find_labeled_roofs
from inference.explain_listed import ExplainYear, explain_listed
from inference.hazard import HazardWord
from inference.ledger import Ledger
from labels.files import Labels
from models.feature_cache import Features
from models.share import ScoredFlyover
from models.spec import ModelVersion
from roofwatch.converted_networks import convert_once
from roofwatch.stages.tile import tile
from roofwatch.year import CityYear

MOST = 60
"""Roofs that are explained, by rank: the visits of a week, and some."""
LISTED = (HazardWord.LIKELY.value, HazardWord.POSSIBLE.value)
"""Words whose roofs are explained."""


def explain(
    year: CityYear,
    version: ModelVersion,
    flyover: ScoredFlyover,
    ledger: Ledger,
    features: Features,
) -> list[Path]:
    """Write <year>/explain/: a picture of every roof that is LIKELY or POSSIBLE, and explain.csv.

    Args:
        year: The city in the year, scored.
        version: The model that scored.
        flyover: What it was set to.
        ledger: The year's ledger; at most `MOST` roofs are explained, by rank.
        features: What the model saw of the year's chips.
    """
    is_listed = ledger.table["hazard"].isin(LISTED)
    listed = ledger.table[is_listed].sort_values("rank").head(MOST)
    chips = {source.year: year.city.year(source.year).files.chips for source in year.file.flyover}

    inputs = ExplainYear(
        files=year.files,
        version=version,
        flyover=flyover,
        titles=make_titles(year, listed),
        store=tile(year, version.spec),
        features=features,
        labeled=find_labeled_roofs(find_labels(year), chips, features),
        convert=partial(convert_once, year.city, maps=True),
    )
    return explain_listed(
        inputs,
        year.city.runner("explain", len(listed)),
        threads=year.city.execution.threads,
    )


def find_labels(year: CityYear) -> Labels | None:
    """Return the labels up to the year; None where there is no label file.

    Scoring goes on where the labels are kept elsewhere.
    """
    try:
        return year.find_labels()
    except MissingInput:
        return None


def make_titles(year: CityYear, listed: pd.DataFrame) -> dict[str, str]:
    """Return the title of each picture: word, address, parcel, year."""
    addresses = year.roll.table[["parcel_id", "address"]]
    rows = listed[["parcel_id", "hazard"]].merge(addresses, on="parcel_id", how="left")

    titles = {}
    for row in rows.itertuples():
        parts = [row.hazard, row.address or "", row.parcel_id, f"photo of {year.year}"]
        titles[str(row.parcel_id)] = "   ".join(str(part) for part in parts if part)
    return titles
