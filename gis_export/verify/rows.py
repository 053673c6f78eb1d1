"""The rows of a product: text and numbers under short names, however the file spells them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.table import columns
from gis_export.table.site_states import LEFT_OUT
from gis_export.table.tables import harmless_texts, whole
from gis_export.verify.finding import EXPORT_AGAIN, Finding, and_more

ACTION = "ACTION"
"""What dispatch is to do with a row; a column of deliveries only."""
TEXT = "TEXT"
"""The line that dispatch shows; a column of deliveries only."""

NUMBERS = (
    columns.SCORE,
    columns.RANK,
    columns.RANK_DIST,
    columns.SCORE_LOW,
    columns.SCORE_HIGH,
)
"""Fields that a row which was not scored must not fill."""
TEXTS = (
    columns.PARCEL_ID,
    columns.ADDRESS,
    columns.RISK_LVL,
    columns.RISK_TXT,
    columns.SCORED,
    columns.NA_REASON,
    columns.IMG_DATE,
    columns.REVIEW_BY,
    columns.VERIFIED,
    columns.VER_DATE,
    columns.PREV_LVL,
    columns.CHANGE,
    columns.SIGN_POST,
    columns.ADJ_OCC,
    columns.DEMO_FLG,
    columns.VISIT_TXT,
    columns.LAST_VISIT,
    columns.PHOTO_LVL,
    columns.RISK_CODE,
    columns.PREV_CODE,
    columns.PHOTO_CODE,
    columns.FIRE_DATE,
    ACTION,
    TEXT,
)
"""Texts and days that are checked."""

Mask = NDArray[np.bool_]


class Rows:
    """The rows of a file, with questions about whole columns."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        """Keep the file that findings name, and its rows under short names."""
        self.path = path
        self.table = table
        self.names = frozenset(table.column_names)

    def has(self, name: str) -> bool:
        """Return whether the file has a field."""
        return name in self.names

    def equal(self, name: str, text: str) -> Mask:
        """Return the rows where a field holds a text; none when the field is missing."""
        if not self.has(name):
            return np.zeros(len(self.table), bool)
        return is_equal(self.table[name], text)

    def held(self) -> Mask:
        """Return the rows of a delivery that repeat what dispatch holds.

        They carry the hazard word of that day. A field that an older version did not have is
        empty.
        """
        return self.equal(ACTION, "REVIEW") | self.equal(ACTION, "DELETE")

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a field as numbers, NaN for null."""
        return np.asarray(self.table[name].to_numpy(), np.float64)

    def find(
        self, wrong: Mask, what: str, field: str, want: str | pa.Array, remedy: str = EXPORT_AGAIN
    ) -> Iterator[Finding]:
        """Yield one finding for all rows that are wrong in a field; it shows the first.

        Args:
            wrong: The rows, (rows,).
            what: What is wrong with them.
            field: The field that is shown.
            want: What should be in it, one text or one for each row.
            remedy: What a person can do.
        """
        if not wrong.any():
            return

        first = int(np.flatnonzero(wrong)[0])
        where = f"in row {first + 1}"
        if self.has(columns.PARCEL_ID):
            where = f"at {self.table[columns.PARCEL_ID][first].as_py()!r}"
        cell = self.table[field][first].as_py()
        more = and_more(int(wrong.sum()) - 1)

        yield Finding(
            path=self.path,
            what=what,
            got=f"{field} = {cell!r} {where}{more}",
            want=want if isinstance(want, str) else str(want[first].as_py()),
            remedy=remedy,
        )


def is_equal(texts: pa.Array | pa.ChunkedArray, other: pa.Array | str) -> Mask:
    """Return where a column of text equals a text, or another column."""
    return np.asarray(pc.equal(texts, other), bool)


def is_excluded(rows: Rows) -> Mask:
    """Tell which rows say that a person found the building gone or lived in."""
    is_out = np.zeros(len(rows.table), bool)
    for reason in LEFT_OUT:
        is_out |= rows.equal(columns.NA_REASON, reason)
    return is_out


def keys_of(ids: pa.Array) -> pa.Array:
    """Return ids as every format can hold them.

    Formulas are made harmless, zero bytes and blanks at the end are removed.
    """
    texts = harmless_texts(pc.replace_substring(whole(ids), "\x00", ""))
    return pc.utf8_rtrim(texts, characters=" ")


def rows_in(keys: pa.Array, all_keys: pa.Array) -> NDArray[np.intp]:
    """Return the place of each key among all of them, -1 for a key that is not there."""
    return np.asarray(pc.fill_null(pc.index_in(keys, value_set=all_keys), -1), np.intp)
