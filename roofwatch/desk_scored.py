"""A year that has been scored, as the desk opens it: ledger, model and features."""

from dataclasses import dataclass

import pandas as pd

from imagery.chips.store import ChipStore
from imagery.errors import RoofwatchError
from inference.ledger import Ledger
from inference.predict import look_at_flyover
from models.feature_cache import Features
from models.files import Model, load_model
from models.head import Head
from models.share import ScoredFlyover
from models.spec import ModelVersion
from roofwatch.stages.looks import scored_roofs
from roofwatch.trusted_models import find_model
from roofwatch.year import CityYear
from roofwatch.year_features import recall_features

LISTED = ("LIKELY", "POSSIBLE")
"""Words of the list."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredYear:
    """What scored a year."""

    ledger: Ledger
    """Its ledger."""
    version: ModelVersion
    """The model."""
    model: Model
    """Its files, loaded."""
    features: Features
    """What it saw of the chips."""
    flyover: ScoredFlyover
    """What it was set to."""

    @property
    def head(self) -> Head:
        """Return the head, set to the flyover."""
        return self.flyover.set(self.model.head)

    @property
    def listed(self) -> set[str]:
        """Return the roofs that are LIKELY or POSSIBLE."""
        is_listed = self.ledger.table["hazard"].isin(LISTED)
        return set(self.ledger.table.loc[is_listed, "parcel_id"])

    def roofs(self, year: CityYear) -> pd.DataFrame:
        """Return parcel_id, score, district and strangeness of every scored roof."""
        return scored_roofs(year, self.ledger, self.features, self.head)


def open_scored(year: CityYear, store: ChipStore) -> ScoredYear | str:
    """Open what scored a year, or say why that cannot be.

    Args:
        year: The city in the year.
        store: Its chips.
    """
    ledger = year.find_ledger()
    if ledger is None:
        return f"{year.year} has not been scored"
    labels = ledger.table["model_version"].dropna().unique().tolist()
    if len(labels) != 1:
        return f"{year.year} has no scored roof"

    try:
        version = find_model(year.city, str(labels[0]).rpartition("/")[2])
        model = load_model(version.folder, version.sha256)
    except RoofwatchError as error:
        return str(error)
    features = recall_features(year, store, model)
    if version.label != labels[0] or features is None:
        return f"the features of {year.year} are not those of {labels[0]}; score the year again"

    flyover = look_at_flyover(
        features,
        model.head,
        year=year.year,
        blocks=year.roll.block_of,
        looked=year.find_looked_share(),
    )
    return ScoredYear(
        ledger=ledger, version=version, model=model, features=features, flyover=flyover
    )
