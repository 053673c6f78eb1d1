"""The flyover before as the model of a year scores it: only one model's scores can be compared."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from imagery.errors import InputError
from imagery.files import atomic_path
from inference.ledger import Ledger
from roofwatch.year import CityYear

_SCORES = ["parcel_id", "score", "score_low", "score_high"]
_WORD = "hazard"
_COLUMNS = [*_SCORES, _WORD]
_YEAR = "year"
_MODEL = "model_version"


def keep_before(year: CityYear, before: CityYear, scores: pd.DataFrame, label: str) -> None:
    """Keep the scores of the flyover before.

    Args:
        year: The year whose model scored it.
        before: The flyover.
        scores: Columns parcel_id, score, score_low, score_high, and hazard, the word that the model
            gives at the thresholds of this year.
        label: Name and version of the model.
    """
    path = year.files.report.before
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        kept = scores[_COLUMNS].copy()
        kept[_YEAR] = before.year
        kept[_MODEL] = label
        kept.to_parquet(temporary, index=False)


def read_before(year: CityYear, ledger: Ledger) -> pd.DataFrame | None:
    """Return what `keep_before` left; None where the ledger is of another model.

    Raises:
        InputError: the file is damaged.
    """
    path = year.files.report.before
    before = last_scored(year.earlier)
    if before is None or not path.exists():
        return None

    try:
        table = pd.read_parquet(path)
        is_ours = _is_of(table, ledger, before.year)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read; score {year.year} again") from error
    if not is_ours:
        return None
    # Files of earlier versions hold no words.
    return table if _WORD in table else table.assign(**{_WORD: ""})


def _is_of(table: pd.DataFrame, ledger: Ledger, year: int) -> bool:
    labels = set(ledger.table[_MODEL].dropna().astype(str))
    return set(table[_MODEL]) <= labels and set(table[_YEAR]) <= {year}


def last_scored(earlier: Sequence[CityYear]) -> CityYear | None:
    """Return the latest year before that was scored."""
    return next((year for year in earlier if year.files.ledger.exists()), None)
