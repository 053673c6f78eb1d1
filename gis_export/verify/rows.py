"""Check the rows of a product: the rule for missing values, the words, and all of it against the ledger.

A table is text and numbers under short names, however its file spells them. Every check works on whole columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.rows import TOO_OLD
from gis_export.symbols import BY_CODE, BY_WORD
from gis_export.tables import harmless_texts, whole
from gis_export.values import VALUES
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some
from inference.ledger import Ledger

NUMBERS = ("SCORE", "RANK", "RANK_DIST", "SCORE_LOW", "SCORE_HIGH")
"""Fields that a row which was not scored must not fill."""
TEXTS = ("PARCEL_ID", "RISK_LVL", "RISK_TXT", "SCORED", "NA_REASON", "VERIFIED", "PREV_LVL", "CHANGE", "SIGN_POST", "ADJ_OCC", "DEMO_FLG")
"""Texts that are checked."""
_MAY_BE_EMPTY = frozenset({"PREV_LVL"})
_SAME = 1e-5  # six digits after the point stand in every product

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """A ledger, as products are held against it."""

    ledger: Ledger
    """The ledger."""
    found: list[tuple[pa.Array, NDArray[np.intp]]] = field(default_factory=list)
    """Columns of ids that were looked up, and their rows: most products list the same ids in the same order."""

    @cached_property
    def keys(self) -> pa.Array:
        """Return its ids as every format can give them back."""
        return keys_of(pa.array(self.ledger.table["parcel_id"].astype("str"), pa.string()))

    @cached_property
    def codes(self) -> pa.Array:
        """Return RISK_LVL of its words."""
        return pa.array(self.ledger.table["hazard"].map({word: symbol.code for word, symbol in BY_WORD.items()}).astype("str"), pa.string())

    @cached_property
    def scored(self) -> Mask:
        """Return which rows were scored."""
        return np.asarray(self.ledger.table["status"] == "scored", bool)

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Return the scores, NaN where there is none."""
        return self.ledger.table["score"].to_numpy(dtype=np.float64, na_value=np.nan)

    def rows_of(self, keys: pa.Array) -> NDArray[np.intp]:
        """Return the row of each key, -1 where it has none."""
        for before, rows in self.found:
            if before.equals(keys):
                return rows
        rows = rows_in(keys, self.keys)
        self.found.append((keys, rows))
        return rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ledger.table)


def keys_of(ids: pa.Array) -> pa.Array:
    """Return ids as every format can give them back: formulas made harmless, no zero bytes, no trailing blank."""
    return pc.utf8_rtrim(harmless_texts(pc.replace_substring(whole(ids), "\x00", "")), characters=" ")


def rows_in(keys: pa.Array, all_keys: pa.Array) -> NDArray[np.intp]:
    """Return where each key stands among all of them, -1 where it does not."""
    return np.asarray(pc.fill_null(pc.index_in(keys, value_set=all_keys), -1), np.intp)


def check_against_ledger(path: Path, table: pa.Table, known: Known) -> Iterator[Finding]:
    """Hold count, ids, words and scores of a product that has every vacant against the ledger."""
    if len(table) != len(known):
        remedy = f"put back the rows that were taken out or added, or {EXPORT_AGAIN}"
        yield _off(path, f"holds {len(table)} rows, the ledger {len(known)}", str(len(table)), str(len(known)), remedy)
    keys = keys_of(table["PARCEL_ID"])
    rows = known.rows_of(keys)
    yield from _check_ids(path, keys, rows, known)
    if "RISK_LVL" in table.column_names and "SCORED" in table.column_names:
        found = rows >= 0
        kept = table if found.all() else table.filter(pa.array(found))
        yield from _check_words(_Rows(path, kept), known, rows[found])


def check_rows(path: Path, table: pa.Table, *, dbf: bool, once: bool = True) -> Iterator[Finding]:
    """Check what a table says by itself.

    Args:
        path: The file.
        table: Its rows under short names; fields that it lacks are not checked.
        dbf: Whether it is a shapefile, which writes -1 for a missing number.
        once: Whether each parcel stands in it once.
    """
    rows = _Rows(path, table)
    if once and rows.has("PARCEL_ID"):
        yield from _check_unique(path, table)
    yield from _check_values(path, table)
    if not rows.has("SCORED"):
        return
    scored = rows.equal("SCORED", "Y")
    yield from _check_unscored(rows, ~scored, dbf=dbf)
    yield from _check_scored(rows, scored)
    yield from _check_text(rows)


class _Rows:
    """The rows of a file, and how to say that some of them are wrong."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        """Remember the file and its rows."""
        self.path, self.table, self.names = path, table, frozenset(table.column_names)

    def has(self, name: str) -> bool:
        """Return whether the file has a field."""
        return name in self.names

    def equal(self, name: str, text: str) -> Mask:
        """Return the rows where a field holds a text; none where the field is missing."""
        return np.asarray(pc.equal(self.table[name], text), bool) if self.has(name) else np.zeros(len(self.table), bool)

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a field as numbers, NaN for null."""
        return np.asarray(self.table[name].to_numpy(), np.float64)

    def off(self, wrong: Mask, what: str, field: str, want: str | pa.Array, remedy: str = EXPORT_AGAIN) -> Iterator[Finding]:
        """Yield one finding of all the rows that are wrong in a field; it shows the first."""
        if not wrong.any():
            return
        first, count = int(np.flatnonzero(wrong)[0]), int(wrong.sum())
        where = f" at {self.table['PARCEL_ID'][first].as_py()!r}" if self.has("PARCEL_ID") else f" in row {first + 1}"
        more = f" and {count - 1} more" if count > 1 else ""
        wanted = want if isinstance(want, str) else str(want[first].as_py())
        yield _off(self.path, what, f"{field} = {self.table[field][first].as_py()!r}{where}{more}", wanted, remedy)


def _check_ids(path: Path, keys: pa.Array, rows: NDArray[np.intp], known: Known) -> Iterator[Finding]:
    strange = keys.filter(pa.array(rows < 0)).to_pylist()
    if strange:
        bare = set(pc.replace_substring(known.keys, " ", "").to_pylist())
        lost = all(key.replace(" ", "") in bare for key in strange[:100])
        remedy = "the blanks of the ids were lost: import PARCEL_ID as text" if lost else f"take the rows out, or {EXPORT_AGAIN}"
        yield _off(path, "carries a parcel that the ledger lacks", some(strange), "only parcels of the ledger", remedy)
    missing = np.ones(len(known), bool)
    missing[rows[rows >= 0]] = False
    if missing.any():
        without = known.keys.filter(pa.array(missing)).to_pylist()
        yield _off(path, f"lacks {len(without)} parcels of the ledger", f"none of {some(without)}", "every parcel once", EXPORT_AGAIN)


def _check_words(rows: _Rows, known: Known, places: NDArray[np.intp]) -> Iterator[Finding]:
    scored, right = rows.equal("SCORED", "Y"), known.scored[places]
    yield from rows.off(scored & ~right, "says SCORED of a row that was not scored", "SCORED", "N")
    if rows.has("NA_REASON"):
        no_reason, old = rows.equal("NA_REASON", ""), rows.equal("NA_REASON", TOO_OLD)
        yield from rows.off(~scored & no_reason, "a row that was not scored has no reason", "NA_REASON", "the reason")
        yield from rows.off(~scored & right & ~no_reason & ~old, "a scored row of the ledger is missing its score", "NA_REASON", "SCORED = Y")
    codes = known.codes.take(pa.array(places))
    by_person = rows.equal("RISK_LVL", "CONFIRMED") & (rows.equal("VERIFIED", "Y") | (not rows.has("VERIFIED")))
    other = ~np.asarray(pc.equal(rows.table["RISK_LVL"], codes), bool)
    remedy = "put the word back; what a person found belongs into the city's labels"
    yield from rows.off(scored & right & other & ~by_person, "says another hazard word than the ledger", "RISK_LVL", codes, remedy)
    if rows.has("SCORE"):
        wrong = scored & right & ~(np.abs(rows.number("SCORE") - known.score[places]) <= _SAME)
        yield from rows.off(wrong, "carries another score than the ledger", "SCORE", pa.array(known.score[places]), "put the score back")


def _check_unique(path: Path, table: pa.Table) -> Iterator[Finding]:
    keys = keys_of(table["PARCEL_ID"])
    rising = bool(pc.all(pc.greater(keys[1:], keys[:-1])).as_py())  # then none stands twice, and most products are sorted
    if not rising and pc.count_distinct(keys).as_py() < len(keys):
        counts = pc.value_counts(keys)
        twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist()
        yield _off(path, "names a parcel twice", some(twice), "every parcel once", "take the copies out")
    empty = int(np.asarray(pc.equal(keys, ""), bool).sum())
    if empty:
        yield _off(path, "has rows without PARCEL_ID", f"{empty} rows", "an id in each", "put the ids back")


def _check_values(path: Path, table: pa.Table) -> Iterator[Finding]:
    for name, allowed in VALUES.items():
        if name in table.column_names:
            strange = sorted(set(pc.unique(table[name]).to_pylist()) - set(allowed) - ({""} if name in _MAY_BE_EMPTY else set()))
            if strange:
                yield _off(path, f"{name} holds values of its own", some(strange), ", ".join(allowed), "write a value of the data dictionary")


def _check_unscored(rows: _Rows, unscored: Mask, *, dbf: bool) -> Iterator[Finding]:
    if rows.has("RISK_LVL"):
        word = unscored & ~rows.equal("RISK_LVL", "NA") & ~rows.equal("RISK_LVL", "CONFIRMED")
        yield from rows.off(word, "a row that was not scored carries a word of the photo", "RISK_LVL", "NA (or CONFIRMED, where a person saw it)")
    yield from rows.off(unscored & rows.equal("NA_REASON", ""), "a row that was not scored has no reason", "NA_REASON", "the reason")
    missing = "-1" if dbf else "nothing"
    for name in NUMBERS:
        if rows.has(name):
            number = rows.number(name)
            what = "a score" if name.startswith("SCORE") else f"a {name}"
            yield from rows.off(unscored & (number >= 0), f"a row that was not scored carries {what}", name, missing, f"write {missing} into {name}")
            odd = (number != -1) & ~(number >= 0) if dbf else number < 0
            yield from rows.off(unscored & odd, f"{name} of a row that was not scored is not {missing}", name, missing, "other programs read it as a low value; put it back")


def _check_scored(rows: _Rows, scored: Mask) -> Iterator[Finding]:
    yield from rows.off(scored & rows.equal("RISK_LVL", "NA"), "a scored row says NOT ASSESSED", "RISK_LVL", "the word of the ledger")
    if rows.has("NA_REASON"):
        yield from rows.off(scored & ~rows.equal("NA_REASON", ""), "a scored row gives a reason why it was not", "NA_REASON", "nothing", "empty it")
    if rows.has("SCORE"):
        score = rows.number("SCORE")
        yield from rows.off(scored & ~((score >= 0) & (score <= 1)), "SCORE of a scored row is out of range", "SCORE", "0 to 1", "put the score back")
    for name in ("RANK", "RANK_DIST"):
        if rows.has(name):
            yield from rows.off(scored & ~(rows.number(name) >= 1), f"{name} of a scored row is out of range", name, "1 or more", "put the rank back")


def _check_text(rows: _Rows) -> Iterator[Finding]:
    if not rows.has("RISK_LVL"):
        return
    if rows.has("RISK_TXT"):
        wrong = np.zeros(len(rows.table), bool)
        for code, symbol in BY_CODE.items():
            wrong |= rows.equal("RISK_LVL", code) & ~np.asarray(pc.starts_with(rows.table["RISK_TXT"], symbol.word.value), bool)
        yield from rows.off(wrong, "RISK_TXT says another hazard word than RISK_LVL", "RISK_TXT", "the word of RISK_LVL", "put the text back")
    if rows.has("VERIFIED"):
        alone = rows.equal("RISK_LVL", "CONFIRMED") & ~rows.equal("VERIFIED", "Y")
        yield from rows.off(alone, "a CONFIRMED row was not seen by a person", "VERIFIED", "Y", "only a person confirms; put the word back")


def _off(path: Path, what: str, got: str, want: str, remedy: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=remedy)
