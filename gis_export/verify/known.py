"""A ledger as products are compared with it: what is asked of it often is made once."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gis_export.table.aging import as_date
from gis_export.table.symbols import BY_WORD
from gis_export.verify.days import Days
from gis_export.verify.rows import Mask, keys_of, rows_in
from inference.ledger import Ledger


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """A ledger, as products are compared with it."""

    ledger: Ledger
    """The ledger."""
    found: list[tuple[pa.Array, NDArray[np.intp]]] = field(default_factory=list)
    """Columns of ids that were looked up, and their rows: most products list the same ids."""

    @cached_property
    def keys(self) -> pa.Array:
        """Return its ids as every format can hold them."""
        return keys_of(pa.array(self.ledger.table["parcel_id"].astype("str"), pa.string()))

    @cached_property
    def codes(self) -> pa.Array:
        """Return RISK_LVL of its words."""
        code_of = {word: symbol.code for word, symbol in BY_WORD.items()}
        codes = self.ledger.table["hazard"].map(code_of)
        return pa.array(codes.astype("str"), pa.string())

    @cached_property
    def scored(self) -> Mask:
        """Return which rows were scored."""
        return np.asarray(self.ledger.table["status"] == "scored", bool)

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Return the scores, NaN where there is none."""
        return self.ledger.table["score"].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def days(self) -> Days:
        """Return the days of the photos, as `days_of` does."""
        days = [as_date(day) for day in self.ledger.table["img_date"]]
        return np.array([day.toordinal() if day else 0 for day in days], np.int64)

    def rows_of(self, keys: pa.Array) -> NDArray[np.intp]:
        """Return the row of each key, -1 for a key that the ledger lacks."""
        for known_keys, known_rows in self.found:
            if known_keys.equals(keys):
                return known_rows

        rows = rows_in(keys, self.keys)
        self.found.append((keys, rows))
        return rows

    def count_of(self, keys: frozenset[str]) -> int:
        """Return how many of some keys it has."""
        return len(keys & set(self.keys.to_pylist())) if keys else 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ledger.table)
