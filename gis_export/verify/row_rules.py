"""Check what the rows of a product say by themselves, without a ledger.

The rules: missing values are marked as missing, coded fields hold known values, and texts that
repeat the hazard word agree with it. Every check works on whole columns.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis_export.fire.dispatch.cad_words import CAD_WORDS
from gis_export.table import columns
from gis_export.table.symbols import BY_CODE, BY_WORD
from gis_export.table.values import VALUES
from gis_export.verify.finding import Finding, some
from gis_export.verify.fire_rules import check_fire
from gis_export.verify.rows import ACTION, NUMBERS, TEXT, Mask, Rows, is_equal, keys_of
from inference.hazard import HazardWord

_CONFIRMED = BY_WORD[HazardWord.CONFIRMED].code
_NOT_ASSESSED = BY_WORD[HazardWord.NOT_ASSESSED].code

# What the texts that repeat the hazard word begin with, by RISK_LVL.
_STARTS = {
    columns.RISK_TXT: {code: symbol.word.value for code, symbol in BY_CODE.items()},
    TEXT: {code: words.head.partition("{")[0] for code, words in CAD_WORDS.items()},
}
# What dispatch holds may have been sent by an older version.
_BEFORE = "VACANT ROOF "
_VISIT = r"^visited \d{4}(-\d{2}-\d{2})?, .*: |^visited \d{4}-\d{2}-\d{2}: "
_MAY_BE_EMPTY = frozenset({columns.PREV_LVL, columns.PREV_CODE})
_CODES = {
    columns.RISK_CODE: columns.RISK_LVL,
    columns.PREV_CODE: columns.PREV_LVL,
    columns.PHOTO_CODE: columns.PHOTO_LVL,
}
"""Codes for programs, and the level that each repeats."""


def check_rows(path: Path, table: pa.Table, *, dbf: bool, once: bool = True) -> Iterator[Finding]:
    """Check what a table says by itself.

    Args:
        path: The file.
        table: Its rows under short names; fields that it lacks are not checked.
        dbf: Whether it is a shapefile, which writes -1 for a missing number.
        once: Whether each parcel may appear only once.
    """
    rows = Rows(path, table)
    if once and rows.has(columns.PARCEL_ID):
        yield from _check_unique(path, table)
    yield from _check_values(rows)

    if rows.has(columns.SCORED):
        scored = rows.equal(columns.SCORED, "Y")
        yield from _check_unscored(rows, ~scored)
        yield from _check_missing_numbers(rows, ~scored, dbf=dbf)
        yield from _check_scored(rows, scored)

    if rows.has(columns.RISK_LVL):
        yield from _check_texts(rows)
        for code, level in _CODES.items():
            yield from _check_code(rows, code, level)
        yield from check_fire(rows)
        yield from _check_person(rows)
        yield from _check_visit(rows)


def _check_unique(path: Path, table: pa.Table) -> Iterator[Finding]:
    keys = keys_of(table[columns.PARCEL_ID])
    twice = _find_repeated(keys)
    if twice:
        yield Finding(
            path=path,
            what="names a parcel twice",
            got=some(twice),
            want="every parcel once",
            remedy="take the copies out",
        )

    empty = int(is_equal(keys, "").sum())
    if empty:
        yield Finding(
            path=path,
            what="has rows without PARCEL_ID",
            got=f"{empty} rows",
            want="an id in each",
            remedy="put the ids back",
        )


def _find_repeated(keys: pa.Array) -> list[str]:
    # Most products are sorted, and comparing neighbors is much faster than counting.
    is_rising = bool(pc.all(pc.greater(keys[1:], keys[:-1])).as_py())
    if is_rising or pc.count_distinct(keys).as_py() == len(keys):
        return []

    counts = pc.value_counts(keys)
    is_repeated = pc.greater(counts.field("counts"), 1)
    return [str(key) for key in counts.field("values").filter(is_repeated).to_pylist()]


def _check_values(rows: Rows) -> Iterator[Finding]:
    for name, allowed in VALUES.items():
        if not rows.has(name):
            continue

        strange = set(pc.unique(rows.table[name]).to_pylist()) - set(allowed)
        if name in _MAY_BE_EMPTY or rows.held().any():
            strange.discard("")
        if strange:
            yield Finding(
                path=rows.path,
                what=f"{name} holds unknown values",
                got=some(sorted(strange)),
                want=", ".join(allowed),
                remedy="write a value of the data dictionary",
            )


def _check_unscored(rows: Rows, unscored: Mask) -> Iterator[Finding]:
    if rows.has(columns.RISK_LVL):
        is_allowed = rows.equal(columns.RISK_LVL, _NOT_ASSESSED)
        is_allowed |= rows.equal(columns.RISK_LVL, _CONFIRMED)
        yield from rows.find(
            unscored & ~is_allowed,
            "a row that was not scored carries a word of the photo",
            columns.RISK_LVL,
            f"{_NOT_ASSESSED} (or {_CONFIRMED}, where a person saw it)",
        )

    yield from rows.find(
        unscored & rows.equal(columns.NA_REASON, ""),
        "a row that was not scored has no reason",
        columns.NA_REASON,
        "the reason",
    )


def _check_missing_numbers(rows: Rows, unscored: Mask, *, dbf: bool) -> Iterator[Finding]:
    """Check that rows which were not scored carry no number, and mark it as missing."""
    missing = "-1" if dbf else "nothing"
    for name in NUMBERS:
        if not rows.has(name):
            continue

        number = rows.number(name)
        what = "a score" if name.startswith(columns.SCORE) else f"a {name}"
        yield from rows.find(
            unscored & (number >= 0),
            f"a row that was not scored carries {what}",
            name,
            missing,
            f"write {missing} into {name}",
        )

        is_odd = number < 0
        if dbf:
            is_odd = (number != -1) & ~(number >= 0)
        yield from rows.find(
            unscored & is_odd,
            f"{name} of a row that was not scored is not {missing}",
            name,
            missing,
            "other programs read it as a low value; put it back",
        )


def _check_scored(rows: Rows, scored: Mask) -> Iterator[Finding]:
    yield from rows.find(
        scored & rows.equal(columns.RISK_LVL, _NOT_ASSESSED),
        "a scored row says NOT ASSESSED",
        columns.RISK_LVL,
        "the word of the ledger",
    )

    if rows.has(columns.NA_REASON):
        yield from rows.find(
            scored & ~rows.equal(columns.NA_REASON, ""),
            "a scored row gives a reason why it was not",
            columns.NA_REASON,
            "nothing",
            "empty it",
        )

    if rows.has(columns.SCORE):
        score = rows.number(columns.SCORE)
        yield from rows.find(
            scored & ~((score >= 0) & (score <= 1)),
            "SCORE of a scored row is out of range",
            columns.SCORE,
            "0 to 1",
            "put the score back",
        )

    for name in (columns.RANK, columns.RANK_DIST):
        if rows.has(name):
            yield from rows.find(
                scored & ~(rows.number(name) >= 1),
                f"{name} of a scored row is out of range",
                name,
                "1 or more",
                "put the rank back",
            )


def _check_texts(rows: Rows) -> Iterator[Finding]:
    """Check that every text that repeats the hazard word repeats that of RISK_LVL."""
    for name, starts in _STARTS.items():
        # Any table may have a column TEXT; only that of a delivery is ours.
        is_ours = name != TEXT or rows.has(ACTION)
        if not rows.has(name) or not is_ours:
            continue

        is_wrong = np.zeros(len(rows.table), bool)
        for code, start in starts.items():
            agrees = np.asarray(pc.starts_with(rows.table[name], start), bool)
            before = f"{_BEFORE}{BY_CODE[code].word.value}"
            agrees |= rows.held() & np.asarray(pc.starts_with(rows.table[name], before), bool)
            is_wrong |= rows.equal(columns.RISK_LVL, code) & ~agrees

        yield from rows.find(
            is_wrong & ~(rows.held() & rows.equal(name, "")),
            f"{name} says another hazard word than RISK_LVL",
            name,
            "the word of RISK_LVL",
            "put the text back",
        )


def _check_code(rows: Rows, name: str, level: str) -> Iterator[Finding]:
    """Check that a code for programs is that of the word."""
    if not rows.has(name) or not rows.has(level):
        return

    is_wrong = np.zeros(len(rows.table), bool)
    for code, symbol in BY_CODE.items():
        is_other = ~rows.equal(name, symbol.plain_code)
        is_wrong |= rows.equal(level, code) & is_other
    is_older = rows.held() & rows.equal(name, "")
    yield from rows.find(
        is_wrong & ~is_older,
        f"{name} says another hazard word than {level}",
        name,
        f"the word of {level}",
        "put the code back",
    )


def _check_visit(rows: Rows) -> Iterator[Finding]:
    """Check that the line on a visit says that somebody visited, and when."""
    if not rows.has(columns.VISIT_TXT):
        return

    texts = rows.table[columns.VISIT_TXT]
    is_ours = np.asarray(pc.match_substring_regex(texts, _VISIT), bool)
    yield from rows.find(
        ~is_ours & ~is_equal(texts, ""),
        "VISIT_TXT says something else than what a visit found",
        columns.VISIT_TXT,
        "visited, the day, and what was found",
        "put the text back",
    )


def _check_person(rows: Rows) -> Iterator[Finding]:
    if not rows.has(columns.VERIFIED):
        return

    is_unverified = rows.equal(columns.RISK_LVL, _CONFIRMED) & ~rows.equal(columns.VERIFIED, "Y")
    is_older = rows.held() & rows.equal(columns.VERIFIED, "")
    yield from rows.find(
        is_unverified & ~is_older,
        "a CONFIRMED row was not seen by a person",
        columns.VERIFIED,
        "Y",
        "only a person confirms; put the word back",
    )
