"""The flyover before as the model of a year scores it: only one model's scores can be compared."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from imagery.errors import InputError
from imagery.files import atomic_path
from inference.ledger import Ledger
from models.spec import ModelVersion
from roofwatch.year import CityYear

if TYPE_CHECKING:
    from models.files import Model

_COLUMNS = ["parcel_id", "score", "score_low", "score_high"]
_YEAR = "year"
_MODEL = "model_version"


def write_before(year: CityYear, version: ModelVersion, model: "Model") -> None:
    """Score the flyover before again from its cached features, and keep the scores.

    Where its features are not cached, nothing is kept, and no change can be told.
    """
    # An export needs no torch.
    from models.features import cached_features
    from roofwatch.year_scores import score_year

    path = year.files.report.before
    path.unlink(missing_ok=True)
    before = _scored_last(year.earlier)
    store = before.find_chips() if before else None
    if before is None or store is None:
        return

    features = cached_features(store, model.spec, model.backbones)
    if features is None:
        return
    scores = score_year(before, version, model.head, features).scores
    kept = scores[_COLUMNS].copy()
    kept[_YEAR] = before.year
    kept[_MODEL] = version.label
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        kept.to_parquet(temporary, index=False)


def read_before(year: CityYear, ledger: Ledger) -> pd.DataFrame | None:
    """Return what `write_before` left; None where the ledger is of another model.

    Raises:
        InputError: the file is damaged.
    """
    path = year.files.report.before
    before = _scored_last(year.earlier)
    if before is None or not path.exists():
        return None

    try:
        table = pd.read_parquet(path, columns=[*_COLUMNS, _YEAR, _MODEL])
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read; score {year.year} again") from error
    labels = set(ledger.table[_MODEL].dropna().astype(str))
    is_ours = set(table[_MODEL]) <= labels and set(table[_YEAR]) <= {before.year}
    return table[_COLUMNS] if is_ours else None


def _scored_last(earlier: Sequence[CityYear]) -> CityYear | None:
    """Return the latest year before that was scored."""
    return next((year for year in earlier if year.files.ledger.exists()), None)
