"""Which columns name parcels: uniqueness, and how many keys of other tables match."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np
import pandas as pd

from imagery.roll.keys import Spellings, match_ids
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.tables import CityTable

PROBE = 300
"""Different keys that are tried before all are."""
WORTH = 0.2
"""Share of the tried keys that must match before all are compared."""
LONGEST_KEY = 40
MOST_PARTS = 8
"""Columns of a table that are tried in pairs."""
UNIQUE = 0.9
OF_TEXTS = 0.2
OF_COUNTERS = 0.02
"""What matches of addresses and of row numbers are worth beside those of ids."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Key:
    """One or two columns that name parcels."""

    columns: tuple[str, ...]
    """Names of the columns."""
    ids: pd.Series
    """The keys as text, "" for none, (n,)."""
    worth: float = 1.0
    """How much a match says: 1 for ids, less for addresses, next to nothing for row numbers."""

    @cached_property
    def said(self) -> pd.Series:
        """Return the keys that say something."""
        return self.ids[self.ids != ""]

    @cached_property
    def known(self) -> pd.Series:
        """Return each key once."""
        return self.said.drop_duplicates().reset_index(drop=True)

    @cached_property
    def bare(self) -> frozenset[str]:
        """Return the loosest spellings."""
        return frozenset(Spellings(ids=self.known).bare)

    @property
    def is_plain(self) -> bool:
        """Tell whether they are ids, rather than addresses or numbers of rows."""
        return self.worth == 1

    @property
    def unique(self) -> float:
        """Return the share of the keys that are different."""
        return len(self.known) / len(self.said) if len(self.said) else 0.0

    @property
    def name(self) -> str:
        """Return how lines name it."""
        return " + ".join(f"`{column}`" for column in self.columns)

    @property
    def value(self) -> str | list[str]:
        """Return what the city file says."""
        return self.columns[0] if len(self.columns) == 1 else list(self.columns)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """How many keys of a table match those of the parcels."""

    parcels: Key
    """Key of the parcels."""
    key: Key
    """Key of the table."""
    matched: int
    """Rows whose key matches."""
    reached: int
    """Parcels that are matched."""

    @property
    def total(self) -> int:
        """Return how many rows have a key."""
        return len(self.key.said)

    @property
    def share(self) -> float:
        """Return the share that matches."""
        return self.matched / self.total if self.total else 0.0

    @property
    def reach(self) -> float:
        """Return the share of the parcels that are matched."""
        return self.reached / len(self.parcels.known) if len(self.parcels.known) else 0.0

    @property
    def rank(self) -> tuple[bool, float, bool, float]:
        """Return by what fits are compared: ids first, then matches."""
        is_plain = self.key.is_plain and self.parcels.is_plain
        is_usable = self.share >= 0.5
        alike = bool(self.key.columns == self.parcels.columns)
        return is_plain and is_usable, round(self.share, 2), alike, self.key.unique


def parcel_keys(table: CityTable) -> list[Key]:
    """Return the columns of a table, or pairs of columns, that are nearly unique."""
    singles = [
        _key_of(look)
        for look in table.looks.values()
        if look.filled >= UNIQUE and look.unique >= UNIQUE and _may_be_key(look)
    ]
    if any(key.is_plain for key in singles):
        return singles
    pairs = [key for key in _pairs(table) if key.unique >= UNIQUE]
    return [*singles, *pairs]


def _may_be_key(look: ColumnLook) -> bool:
    if look.is_fraction or look.distinct < 2:
        return False
    return float(look.sample.str.len().median()) <= LONGEST_KEY


def _key_of(look: ColumnLook) -> Key:
    is_text = look.is_addresses >= 0.5 or look.is_words >= 0.5
    worth = OF_TEXTS if is_text else 1.0
    return Key(
        columns=(look.name,), ids=look.texts, worth=OF_COUNTERS if look.is_counter else worth
    )


def _pairs(table: CityTable) -> Iterator[Key]:
    """Yield two columns joined by a blank, such as block and lot, in both orders."""
    parts = [look for look in table.looks.values() if _may_be_part(look)][:MOST_PARTS]
    for first, second in permutations(parts, 2):
        joined = (first.texts + " " + second.texts).where(
            (first.texts != "") & (second.texts != ""), ""
        )
        yield Key(columns=(first.name, second.name), ids=joined)


def _may_be_part(look: ColumnLook) -> bool:
    """Tell whether a column may be block or lot: short, with digits, on most rows."""
    has_digits = float(look.sample.str.contains(r"\d").mean()) if len(look.sample) else 0.0
    is_short = len(look.sample) and float(look.sample.str.len().quantile(0.9)) <= 8
    is_other = look.is_days > 0.5 or look.is_addresses > 0.5 or look.is_float
    return look.filled >= UNIQUE and has_digits >= 0.9 and bool(is_short) and not is_other


def find_fits(table: CityTable, keys: list[Key]) -> list[Fit]:
    """Return how columns of a table match keys of the parcels, the best first."""
    fits = []
    for key in keys:
        for look in table.looks.values():
            if look.filled >= 0.5 and _may_be_key(look):
                fits += _fit(_key_of(look), key)
    if not any(fit.share >= 0.5 and fit.key.is_plain for fit in fits):
        for pair in _pairs(table):
            for key in keys:
                if key.is_plain:
                    fits += _fit(pair, key)
    return sorted(fits, key=lambda fit: fit.rank, reverse=True)


def _fit(key: Key, parcels: Key) -> list[Fit]:
    """Compare all keys where a few of them match."""
    if not len(key.known) or not len(parcels.known):
        return []
    places = np.unique(np.linspace(0, len(key.known) - 1, PROBE).astype(np.int64))
    probe = Spellings(ids=key.known.iloc[places].reset_index(drop=True)).bare
    if sum(text in parcels.bare for text in probe) < WORTH * len(probe):
        return []

    matches = match_ids(key.said, parcels.known)
    reached = len(np.unique(matches.place[matches.is_found]))
    matched = int(matches.is_found.sum())
    return [Fit(parcels=parcels, key=key, matched=matched, reached=reached)]
