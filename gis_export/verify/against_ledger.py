"""Compare the rows of a product with the ledger: ids, hazard words, scores, days of the photo."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.table import columns
from gis_export.table.rows import TOO_OLD
from gis_export.table.symbols import BY_WORD
from gis_export.verify.days import NO_DATE, Days, days_of
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some
from gis_export.verify.known import Known
from gis_export.verify.rows import (
    ACTION,
    Rows,
    is_equal,
    is_excluded,
    keys_of,
)
from inference.hazard import HazardWord

_CONFIRMED = BY_WORD[HazardWord.CONFIRMED].code
_NOT_SEEN = BY_WORD[HazardWord.NOT_SEEN].code
_NOT_ASSESSED = BY_WORD[HazardWord.NOT_ASSESSED].code

# Every product has six digits after the point.
_SAME = 1e-5
# Enough strange ids to tell whether they lost their blanks.
_SAMPLE = 100


def check_against_ledger(
    path: Path,
    table: pa.Table,
    known: Known,
    *,
    whole: bool,
    left_out: frozenset[str] = frozenset(),
) -> Iterator[Finding]:
    """Compare ids, words, scores and days of a product with the ledger.

    Args:
        path: The file.
        table: Its rows under short names.
        known: The ledger.
        whole: Whether the product must hold every vacant parcel.
        left_out: Parcels that the product leaves out; see `gis_export.table.left_out`.
    """
    keys = keys_of(table[columns.PARCEL_ID])
    places = known.rows_of(keys)
    is_known = places >= 0
    if whole:
        yield from _check_count(path, len(table), len(known) - known.count_of(left_out))
    if whole or ACTION in table.column_names:
        # A delivery may repeat what dispatch holds of a parcel that has left the ledger.
        is_strange = ~is_known & ~Rows(path, table).held()
        yield from _check_strange(path, keys.filter(pa.array(is_strange)).to_pylist(), known)
    if whole:
        yield from _check_missing(path, places, known, left_out)

    if not is_known.all():
        table = table.filter(pa.array(is_known))
        places = places[is_known]
    rows = Rows(path, table)
    if rows.has(columns.IMG_DATE):
        yield from _check_days(rows, known.days[places])
    if rows.has(columns.RISK_LVL):
        if rows.has(columns.SCORED):
            yield from _check_scored(rows, known, places)
            yield from _check_scores(rows, known, places)
        codes = known.codes.take(pa.array(places))
        yield from _check_words(rows, codes)
        yield from _check_photo_words(rows, codes)


def _check_count(path: Path, count: int, wanted: int) -> Iterator[Finding]:
    if count != wanted:
        yield Finding(
            path=path,
            what=f"holds {count} rows, the ledger {wanted}",
            got=str(count),
            want=str(wanted),
            remedy=f"put back the rows that were taken out or added, or {EXPORT_AGAIN}",
        )


def _check_strange(path: Path, strange: list[str], known: Known) -> Iterator[Finding]:
    """Name the parcels that the ledger lacks."""
    if not strange:
        return

    bare_keys = set(pc.replace_substring(known.keys, " ", "").to_pylist())
    lost_blanks = all(key.replace(" ", "") in bare_keys for key in strange[:_SAMPLE])
    remedy = f"take the rows out, or {EXPORT_AGAIN}"
    if lost_blanks:
        remedy = "the blanks of the ids were lost: import PARCEL_ID as text"

    yield Finding(
        path=path,
        what="carries a parcel that the ledger lacks",
        got=some(strange),
        want="only parcels of the ledger",
        remedy=remedy,
    )


def _check_missing(
    path: Path, places: NDArray[np.intp], known: Known, left_out: frozenset[str]
) -> Iterator[Finding]:
    """Name the parcels that only the ledger has."""
    is_missing = np.ones(len(known), bool)
    is_missing[places[places >= 0]] = False
    is_missing &= ~np.array([key in left_out for key in known.keys.to_pylist()], bool)
    if is_missing.any():
        missing = known.keys.filter(pa.array(is_missing)).to_pylist()
        yield Finding(
            path=path,
            what=f"lacks {len(missing)} parcels of the ledger",
            got=f"none of {some(missing)}",
            want="every parcel once",
            remedy=EXPORT_AGAIN,
        )


def _check_scored(rows: Rows, known: Known, places: NDArray[np.intp]) -> Iterator[Finding]:
    """Check that a row is scored where the ledger's is; only NOT SEEN IN PHOTO ages."""
    says_scored = rows.equal(columns.SCORED, "Y")
    was_scored = known.scored[places]
    yield from rows.find(
        says_scored & ~was_scored, "says SCORED of a row that was not scored", columns.SCORED, "N"
    )
    if not rows.has(columns.NA_REASON):
        return

    has_no_reason = rows.equal(columns.NA_REASON, "")
    yield from rows.find(
        ~says_scored & has_no_reason,
        "a row that was not scored has no reason",
        columns.NA_REASON,
        "the reason",
    )

    was_not_seen = is_equal(known.codes.take(pa.array(places)), _NOT_SEEN)
    has_aged = was_not_seen & rows.equal(columns.NA_REASON, TOO_OLD)
    yield from rows.find(
        ~says_scored & was_scored & ~has_no_reason & ~has_aged & ~is_excluded(rows),
        "a scored row of the ledger is missing its score",
        columns.NA_REASON,
        "SCORED = Y",
    )


def _check_scores(rows: Rows, known: Known, places: NDArray[np.intp]) -> Iterator[Finding]:
    if not rows.has(columns.SCORE):
        return

    is_scored = rows.equal(columns.SCORED, "Y") & known.scored[places]
    score = known.score[places]
    is_same = np.abs(rows.number(columns.SCORE) - score) <= _SAME
    yield from rows.find(
        is_scored & ~is_same,
        "carries another score than the ledger",
        columns.SCORE,
        pa.array(score),
        "put the score back",
    )


def _check_words(rows: Rows, codes: pa.Array) -> Iterator[Finding]:
    """Compare RISK_LVL with that of the ledger.

    It may differ in three ways: a person saw the roof, a person found the building gone or lived
    in, or an old NOT SEEN IN PHOTO has become NA. A product without NA_REASON or VERIFIED may not
    show why.
    """
    has_aged = is_equal(codes, _NOT_SEEN) & rows.equal(columns.RISK_LVL, _NOT_ASSESSED)
    if rows.has(columns.NA_REASON):
        has_aged &= rows.equal(columns.NA_REASON, TOO_OLD)

    is_by_person = rows.equal(columns.RISK_LVL, _CONFIRMED)
    if rows.has(columns.VERIFIED):
        is_by_person &= rows.equal(columns.VERIFIED, "Y")

    is_out = is_excluded(rows) & rows.equal(columns.RISK_LVL, _NOT_ASSESSED)
    differs = ~is_equal(rows.table[columns.RISK_LVL], codes)
    is_wrong = differs & ~has_aged & ~is_by_person & ~is_out & ~rows.held()
    is_lost = rows.equal(columns.VERIFIED, "Y") & ~rows.equal(columns.RISK_LVL, _CONFIRMED)
    is_lost &= ~is_excluded(rows) & ~rows.held()
    yield from rows.find(
        is_lost,
        "says another word of a roof that a person saw failing",
        columns.RISK_LVL,
        _CONFIRMED,
        "put CONFIRMED back; only a later finding takes it back: roofwatch findings",
    )
    yield from rows.find(
        is_wrong & ~is_lost & ~rows.equal(columns.RISK_LVL, _CONFIRMED),
        "says another hazard word than the ledger",
        columns.RISK_LVL,
        codes,
        "put the word back; what a person found belongs in the city's labels",
    )
    yield from rows.find(
        is_wrong & rows.equal(columns.RISK_LVL, _CONFIRMED),
        "says CONFIRMED of a roof that no person saw",
        columns.RISK_LVL,
        codes,
        "put the word back; a person confirms through the city's labels: roofwatch findings",
    )


def _check_photo_words(rows: Rows, codes: pa.Array) -> Iterator[Finding]:
    """Compare the word of the photo with that of the ledger: no finding changes it."""
    if not rows.has(columns.PHOTO_LVL):
        return

    has_aged = is_equal(codes, _NOT_SEEN) & rows.equal(columns.PHOTO_LVL, _NOT_ASSESSED)
    yield from rows.find(
        ~is_equal(rows.table[columns.PHOTO_LVL], codes) & ~has_aged,
        "gives another hazard word of the photo than the ledger",
        columns.PHOTO_LVL,
        codes,
        "put the word back",
    )


def _check_days(rows: Rows, days: Days) -> Iterator[Finding]:
    """Compare the day of the photo, except in rows that repeat what dispatch holds."""
    said = days_of(rows.table[columns.IMG_DATE])
    differs = (said != days) & (said != NO_DATE) & ~rows.held()
    if not differs.any():
        return

    first = int(days[np.flatnonzero(differs)[0]])
    yield from rows.find(
        differs,
        "gives another day of the photo than the ledger",
        columns.IMG_DATE,
        date.fromordinal(first).isoformat() if first else "nothing",
        "put the day back",
    )
