"""Ids that a spreadsheet has shortened or taken for numbers and days. No file is opened."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.troubles import Trouble, shown

Mask = NDArray[np.bool_]
"""Which ids, (n,)."""

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_EXPONENT = r"\d(?:\.\d+)?e\+\d{1,3}|\d\.\d+e-\d{2,3}"
_DAY = rf"\d{{1,2}}-(?:{_MONTHS})(?:-(?:\d\d){{1,2}})?|(?:{_MONTHS})-\d\d"
_TIME = r"\d{4}-\d\d-\d\d[ t]00:00:00(?:\.0+)?"
_ERROR = r"#{2,}|#(?:n/a|ref!|value!|name\?|num!|div/0!|null!)"

_CERTAIN = re.compile("|".join((_EXPONENT, _TIME, _ERROR)))
_WRITTEN_DAY = re.compile(_DAY)
_SHAPES = (r"\d+\.0+", r"\d{4}-\d\d-\d\d", r"\d{1,2}/\d{1,2}/(?:\d\d){1,2}")
"""Floats and days that may be ids of their own, where the parcels have such ids too."""
_NATURAL_SHARE = 0.01
"""Share of the parcels from which on a shape is the city's own."""

_PAIR = r"(\d{1,6})-(\d{1,6})"
"""Ids that a spreadsheet takes for a day, such as 3-1."""
_FEWEST = 3
"""Ids of which the whole file has to speak for a change before one is claimed."""

_LONG = r"\d{16,}"
_DIGITS = 15
"""Digits of a number that a spreadsheet keeps; those behind become zeros."""


def is_changed(text: str) -> bool:
    """Tell whether an id looks as a spreadsheet writes a long number, a day or a narrow column.

    >>> [is_changed(text) for text in ("2.16E+11", "1-Mar", "Mar-01", "#####", "3E5", "216001")]
    [True, True, True, True, False, False]
    """
    plain = text.strip().lower()
    return bool(_CERTAIN.fullmatch(plain) or _WRITTEN_DAY.fullmatch(plain))


def changed_in_list(ids: pd.Series, is_found: Mask, parcels: pd.Series) -> Mask:
    """Return which ids of a list a spreadsheet has changed; never one that means a parcel.

    Args:
        ids: Ids as text.
        is_found: Which of them mean a parcel.
        parcels: The ids of all parcels.
    """
    rest = ids[~is_found]
    is_odd = rest.map(is_changed).astype(bool)
    for shape in _SHAPES:
        if _share(parcels, shape) < _NATURAL_SHARE:
            is_odd |= rest.str.strip().str.fullmatch(shape).astype(bool)
    is_odd |= _are_cut(rest, ids, parcels)

    changed = np.zeros(len(ids), dtype=bool)
    changed[~is_found] = is_odd.to_numpy(bool)
    return changed


def changed_in_parcels(ids: pd.Series) -> Mask:
    """Return which ids of the parcels a spreadsheet has changed.

    A lot may be called 1-Mar. Such ids are days only where others are pairs of numbers, and none
    of these is left that a spreadsheet would take for a day.
    """
    plain = ids.str.strip().str.lower()
    is_certain = plain.str.fullmatch(_CERTAIN.pattern).to_numpy(bool)
    is_day = plain.str.fullmatch(_WRITTEN_DAY.pattern).to_numpy(bool)
    if is_day.sum() < _FEWEST or not _lacks_days(plain):
        return is_certain
    return is_certain | is_day


def cut_in_parcels(parcels: pd.Series, unmatched: pd.Series) -> Mask:
    """Return which parcels' ids lost the digits that ids of a list still have."""
    return _are_cut(parcels, parcels, unmatched).to_numpy(bool)


def find_changed_ids(
    ids: pd.Series, is_odd: Mask, *, what: str, rows: pd.Series | None
) -> Trouble | None:
    """Return the ids that a spreadsheet has changed, None where there is none.

    Args:
        ids: Ids as text.
        is_odd: Which of them are changed.
        what: What they are ids of, such as "notices".
        rows: Number of the row of each in its file; None where it is not known.
    """
    if not is_odd.any():
        return None

    names = ids[is_odd].map(shown)
    if rows is not None:
        names += " in row " + rows[is_odd].astype("str").to_numpy()
    # Different ids first: the same one in three rows tells less.
    named = names.iloc[ids[is_odd].duplicated().to_numpy().argsort(kind="stable")]
    return Trouble(
        what=f"{what} with an id that a spreadsheet has changed",
        examples=tuple(named),
        remedy="export the list again with its ids as text, and open it in no spreadsheet before",
        is_fix=True,
        count=int(is_odd.sum()),
    )


def _share(ids: pd.Series, shape: str) -> float:
    return float(ids.str.strip().str.fullmatch(shape).mean()) if len(ids) else 0.0


def _lacks_days(plain: pd.Series) -> bool:
    """Tell whether some ids are pairs of numbers, and none of them could be a day."""
    pairs = plain.str.extract(rf"^{_PAIR}$").dropna().astype(int)
    low = pairs.min(axis=1)
    high = pairs.max(axis=1)
    is_day = (low >= 1) & (low <= 12) & (high <= 28)
    return len(pairs) >= _FEWEST and not is_day.any()


def _are_cut(ids: pd.Series, column: pd.Series, whole: pd.Series) -> pd.Series:
    """Return which ids are others whose digits behind the 15th became zeros.

    It is certain only where no long id of the column has kept its digits.

    Args:
        ids: Ids that may be cut.
        column: All ids of their column.
        whole: Ids that may have kept their digits.
    """
    none = pd.Series(False, index=ids.index)
    long_ids = column[column.str.fullmatch(_LONG)]
    if len(long_ids) < _FEWEST or not (long_ids == _cut(long_ids)).all():
        return none

    kept = whole[whole.str.fullmatch(_LONG)]
    kept = kept[kept != _cut(kept)]
    return ids.isin(_cut(kept)) if len(kept) else none


def _cut(ids: pd.Series) -> pd.Series:
    """Return ids of digits with zeros behind the 15th."""
    behind = ids.str.slice(_DIGITS).str.replace(r"\d", "0", regex=True)
    return ids.str.slice(0, _DIGITS) + behind
