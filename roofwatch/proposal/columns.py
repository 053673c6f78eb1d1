"""What a column of a table looks like, whatever it is called. No file is opened."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from imagery.values.coded import OCCUPANCY, YES_NO
from imagery.values.days import Days, read_days
from imagery.values.degrees import Pairs, read_pairs
from labels.label_file.values import UNCLEAR

SAMPLE = 2_000
"""Cells of a column that are looked at; keys are compared on all."""
FIRST_PHOTO_YEAR = 1990
_ADDRESS = r"^\s*\d+[A-Za-z]?(?:\s*[-/]\s*\d+[A-Za-z]?)?\s+\S*[A-Za-z]"
_HAS_STREET = r"[A-Za-z]{2,}|\s[A-Za-z0-9]+\s+[A-Za-z]"
_FRACTION = r"^-?\d+\.\d*[1-9]\d*$"
_CODE = r"^[A-Za-z]{0,12}[ .#-]?\d{1,3}[A-Za-z]?$|^[A-Za-z]{1,4}$"
_VACANT = r"\b(?:vacan|abandon|unoccupied|condemn)"
_WORDS = r"^[^\d]*[A-Za-z]{3,}[^\d]*$"


def plain_name(name: str) -> str:
    """Return letters and digits of a column's or file's name, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnLook:
    """One column as text."""

    name: str
    """As the file spells it."""
    texts: pd.Series
    """All cells without blanks at the ends, "" for none, (n,)."""
    is_float: bool = False
    """Whether the file holds numbers with a point."""

    @property
    def plain(self) -> str:
        """Return the name as patterns expect it."""
        return plain_name(self.name)

    @cached_property
    def said(self) -> pd.Series:
        """Return the cells that say something."""
        return self.texts[self.texts != ""]

    @property
    def filled(self) -> float:
        """Return the share of the cells that say something."""
        return len(self.said) / len(self.texts) if len(self.texts) else 0.0

    @cached_property
    def distinct(self) -> int:
        """Return how many different texts there are."""
        return int(self.said.nunique())

    @property
    def unique(self) -> float:
        """Return the share of the cells that are different."""
        return self.distinct / len(self.said) if len(self.said) else 0.0

    @cached_property
    def sample(self) -> pd.Series:
        """Return cells from all over the column."""
        if len(self.said) <= SAMPLE:
            return self.said
        places = np.linspace(0, len(self.said) - 1, SAMPLE).astype(np.int64)
        return self.said.iloc[places]

    @cached_property
    def numbers(self) -> pd.Series:
        """Return the sample as numbers, NaN for what is none."""
        plain = self.sample.str.replace(r"\s*%$", "", regex=True)
        return pd.to_numeric(plain, errors="coerce").astype(np.float64)

    @cached_property
    def is_fraction(self) -> bool:
        """Tell whether the column measures something, such as an area."""
        return self.is_float and _share(self.sample, _FRACTION) > 0.05

    @cached_property
    def is_counter(self) -> bool:
        """Tell whether the column only counts rows, such as OBJECTID."""
        numbers = pd.to_numeric(self.said, errors="coerce")
        if self.unique < 1 or numbers.isna().any() or (numbers % 1 != 0).any():
            return False
        span = float(numbers.max() - numbers.min()) + 1
        return float(numbers.min()) <= 1 and span <= 1.2 * len(numbers)

    @cached_property
    def days(self) -> Days:
        """Return the sample as days."""
        return read_days(self.sample)

    @property
    def is_days(self) -> float:
        """Return the share of the sample that is a day, certain or not."""
        if not len(self.sample) or _share(self.sample, r"^-?[\d.]{1,7}$") > 0.5:
            return 0.0
        return float((self.days.day.notna() | (self.days.fault == 2)).mean())

    @property
    def undecided(self) -> float:
        """Return the share of the sample whose month and day could be swapped."""
        return float((self.days.fault == 2).mean()) if len(self.sample) else 0.0

    @cached_property
    def is_years(self) -> float:
        """Return the share of the sample that could be the year of a flyover."""
        last = date.today().year + 1
        whole = self.numbers[self.numbers % 1 == 0]
        if not len(self.sample):
            return 0.0
        return float(whole.between(FIRST_PHOTO_YEAR, last).sum()) / len(self.sample)

    @cached_property
    def is_addresses(self) -> float:
        """Return the share of the sample that reads like "302 N ASH ST"."""
        if not len(self.sample):
            return 0.0
        has_number = self.sample.str.contains(_ADDRESS, regex=True)
        rest = self.sample.str.replace(r"^\s*\d+\S*\s+", "", regex=True)
        has_street = rest.str.contains(_HAS_STREET, regex=True)
        return float((has_number & has_street).mean())

    @cached_property
    def is_words(self) -> float:
        """Return the share of the sample that is a name without digits."""
        return _share(self.sample, _WORDS)

    @cached_property
    def is_codes(self) -> float:
        """Return the share of the sample that is a short code, such as F1 or Battalion 3."""
        return _share(self.sample, _CODE)

    @cached_property
    def is_yes_no(self) -> float:
        """Return the share of the sample that says yes or no."""
        return _share_of(YES_NO.read(self.sample).state >= 0)

    @cached_property
    def is_occupancy(self) -> float:
        """Return the share of the sample that says occupied or vacant."""
        return _share_of(OCCUPANCY.read(self.sample).state >= 0)

    @property
    def says_vacant(self) -> float:
        """Return the share of the sample that speaks of vacant buildings."""
        return _share(self.sample.str.lower(), _VACANT)

    @cached_property
    def is_percent(self) -> float:
        """Return the share of the sample that is a percentage or "cannot tell"."""
        is_unclear = self.sample.str.lower().isin(UNCLEAR)
        return _share_of((self.numbers.between(0, 100) | is_unclear).to_numpy())

    @cached_property
    def is_share(self) -> bool:
        """Tell whether the column holds shares of 1, such as 0.25 for 25%."""
        inside = (self.numbers > 0) & (self.numbers < 1)
        return bool(inside.any()) and float(self.numbers.max()) <= 1

    @cached_property
    def pairs(self) -> Pairs:
        """Return the sample as points, NaN where it is none."""
        return read_pairs(self.sample)


def _share(texts: pd.Series, pattern: str) -> float:
    return float(texts.str.contains(pattern, regex=True).mean()) if len(texts) else 0.0


def _share_of(values: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> float:
    return float(values.mean()) if len(values) else 0.0
