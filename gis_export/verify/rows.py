"""Check what the rows of a product say by themselves: the rule for missing values, the words, and the texts that repeat them.

A table is text and numbers under short names, however its file spells them. Every check works on whole columns.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.fire.dispatch.rows import OPENING
from gis_export.table.symbols import BY_CODE
from gis_export.table.tables import harmless_texts, whole
from gis_export.table.values import VALUES
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some

NUMBERS = ("SCORE", "RANK", "RANK_DIST", "SCORE_LOW", "SCORE_HIGH")
"""Fields that a row which was not scored must not fill."""
TEXTS = (
    "PARCEL_ID",
    "ADDRESS",
    "RISK_LVL",
    "RISK_TXT",
    "SCORED",
    "NA_REASON",
    "IMG_DATE",
    "REVIEW_BY",
    "VERIFIED",
    "VER_DATE",
    "PREV_LVL",
    "CHANGE",
    "SIGN_POST",
    "ADJ_OCC",
    "DEMO_FLG",
    "ACTION",
    "TEXT",
)
"""Texts and days that are checked; the last two are of deliveries to dispatch."""
_OPENINGS = {"RISK_TXT": "", "TEXT": f"{OPENING} "}
"""What stands before the hazard word in the texts that repeat it."""
_MAY_BE_EMPTY = frozenset({"PREV_LVL"})

Mask = NDArray[np.bool_]


def keys_of(ids: pa.Array) -> pa.Array:
    """Return ids as every format can give them back: formulas made harmless, no zero bytes, no trailing blank."""
    return pc.utf8_rtrim(
        harmless_texts(pc.replace_substring(whole(ids), "\x00", "")), characters=" "
    )


def rows_in(keys: pa.Array, all_keys: pa.Array) -> NDArray[np.intp]:
    """Return where each key stands among all of them, -1 where it does not."""
    return np.asarray(pc.fill_null(pc.index_in(keys, value_set=all_keys), -1), np.intp)


def check_rows(path: Path, table: pa.Table, *, dbf: bool, once: bool = True) -> Iterator[Finding]:
    """Check what a table says by itself.

    Args:
        path: The file.
        table: Its rows under short names; fields that it lacks are not checked.
        dbf: Whether it is a shapefile, which writes -1 for a missing number.
        once: Whether each parcel stands in it once.
    """
    rows = Rows(path, table)
    if once and rows.has("PARCEL_ID"):
        yield from _check_unique(path, table)
    yield from _check_values(rows)
    if rows.has("SCORED"):
        scored = rows.equal("SCORED", "Y")
        yield from _check_unscored(rows, ~scored, dbf=dbf)
        yield from _check_scored(rows, scored)
    if rows.has("RISK_LVL"):
        yield from _check_text(rows)
        yield from _check_person(rows)


class Rows:
    """The rows of a file, and how to say that some of them are wrong."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        """Remember the file and its rows."""
        self.path, self.table, self.names = path, table, frozenset(table.column_names)

    def has(self, name: str) -> bool:
        """Return whether the file has a field."""
        return name in self.names

    def equal(self, name: str, text: str) -> Mask:
        """Return the rows where a field holds a text; none where the field is missing."""
        return (
            np.asarray(pc.equal(self.table[name], text), bool)
            if self.has(name)
            else np.zeros(len(self.table), bool)
        )

    def held(self) -> Mask:
        """Return the rows of a delivery that repeat what dispatch holds: they say the word of then, and what an older version did not keep is empty."""
        return self.equal("ACTION", "REVIEW") | self.equal("ACTION", "DELETE")

    def number(self, name: str) -> NDArray[np.float64]:
        """Return a field as numbers, NaN for null."""
        return np.asarray(self.table[name].to_numpy(), np.float64)

    def off(
        self, wrong: Mask, what: str, field: str, want: str | pa.Array, remedy: str = EXPORT_AGAIN
    ) -> Iterator[Finding]:
        """Yield one finding of all the rows that are wrong in a field; it shows the first."""
        if not wrong.any():
            return
        first, count = int(np.flatnonzero(wrong)[0]), int(wrong.sum())
        where = (
            f" at {self.table['PARCEL_ID'][first].as_py()!r}"
            if self.has("PARCEL_ID")
            else f" in row {first + 1}"
        )
        more = f" and {count - 1} more" if count > 1 else ""
        wanted = want if isinstance(want, str) else str(want[first].as_py())
        yield _off(
            self.path,
            what,
            f"{field} = {self.table[field][first].as_py()!r}{where}{more}",
            wanted,
            remedy,
        )


def _check_unique(path: Path, table: pa.Table) -> Iterator[Finding]:
    keys = keys_of(table["PARCEL_ID"])
    rising = bool(
        pc.all(pc.greater(keys[1:], keys[:-1])).as_py()
    )  # then none stands twice, and most products are sorted
    if not rising and pc.count_distinct(keys).as_py() < len(keys):
        counts = pc.value_counts(keys)
        twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist()
        yield _off(
            path, "names a parcel twice", some(twice), "every parcel once", "take the copies out"
        )
    empty = int(np.asarray(pc.equal(keys, ""), bool).sum())
    if empty:
        yield _off(
            path, "has rows without PARCEL_ID", f"{empty} rows", "an id in each", "put the ids back"
        )


def _check_values(rows: Rows) -> Iterator[Finding]:
    for name, allowed in VALUES.items():
        if rows.has(name):
            empty = {""} if name in _MAY_BE_EMPTY or rows.held().any() else set()
            strange = sorted(set(pc.unique(rows.table[name]).to_pylist()) - set(allowed) - empty)
            if strange:
                yield _off(
                    rows.path,
                    f"{name} holds values of its own",
                    some(strange),
                    ", ".join(allowed),
                    "write a value of the data dictionary",
                )


def _check_unscored(rows: Rows, unscored: Mask, *, dbf: bool) -> Iterator[Finding]:
    if rows.has("RISK_LVL"):
        word = unscored & ~rows.equal("RISK_LVL", "NA") & ~rows.equal("RISK_LVL", "CONFIRMED")
        yield from rows.off(
            word,
            "a row that was not scored carries a word of the photo",
            "RISK_LVL",
            "NA (or CONFIRMED, where a person saw it)",
        )
    yield from rows.off(
        unscored & rows.equal("NA_REASON", ""),
        "a row that was not scored has no reason",
        "NA_REASON",
        "the reason",
    )
    missing = "-1" if dbf else "nothing"
    for name in NUMBERS:
        if rows.has(name):
            number = rows.number(name)
            what = "a score" if name.startswith("SCORE") else f"a {name}"
            yield from rows.off(
                unscored & (number >= 0),
                f"a row that was not scored carries {what}",
                name,
                missing,
                f"write {missing} into {name}",
            )
            odd = (number != -1) & ~(number >= 0) if dbf else number < 0
            yield from rows.off(
                unscored & odd,
                f"{name} of a row that was not scored is not {missing}",
                name,
                missing,
                "other programs read it as a low value; put it back",
            )


def _check_scored(rows: Rows, scored: Mask) -> Iterator[Finding]:
    yield from rows.off(
        scored & rows.equal("RISK_LVL", "NA"),
        "a scored row says NOT ASSESSED",
        "RISK_LVL",
        "the word of the ledger",
    )
    if rows.has("NA_REASON"):
        yield from rows.off(
            scored & ~rows.equal("NA_REASON", ""),
            "a scored row gives a reason why it was not",
            "NA_REASON",
            "nothing",
            "empty it",
        )
    if rows.has("SCORE"):
        score = rows.number("SCORE")
        yield from rows.off(
            scored & ~((score >= 0) & (score <= 1)),
            "SCORE of a scored row is out of range",
            "SCORE",
            "0 to 1",
            "put the score back",
        )
    for name in ("RANK", "RANK_DIST"):
        if rows.has(name):
            yield from rows.off(
                scored & ~(rows.number(name) >= 1),
                f"{name} of a scored row is out of range",
                name,
                "1 or more",
                "put the rank back",
            )


def _check_text(rows: Rows) -> Iterator[Finding]:
    for name, opening in _OPENINGS.items():
        if not rows.has(name) or (
            name == "TEXT" and not rows.has("ACTION")
        ):  # any table may have a TEXT
            continue
        wrong = np.zeros(len(rows.table), bool)
        for code, symbol in BY_CODE.items():
            wrong |= rows.equal("RISK_LVL", code) & ~np.asarray(
                pc.starts_with(rows.table[name], f"{opening}{symbol.word.value}"), bool
            )
        wrong &= ~(rows.held() & rows.equal(name, ""))
        yield from rows.off(
            wrong,
            f"{name} says another hazard word than RISK_LVL",
            name,
            "the word of RISK_LVL",
            "put the text back",
        )


def _check_person(rows: Rows) -> Iterator[Finding]:
    if rows.has("VERIFIED"):
        alone = (
            rows.equal("RISK_LVL", "CONFIRMED")
            & ~rows.equal("VERIFIED", "Y")
            & ~(rows.held() & rows.equal("VERIFIED", ""))
        )
        yield from rows.off(
            alone,
            "a CONFIRMED row was not seen by a person",
            "VERIFIED",
            "Y",
            "only a person confirms; put the word back",
        )


def _off(path: Path, what: str, got: str, want: str, remedy: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=remedy)
