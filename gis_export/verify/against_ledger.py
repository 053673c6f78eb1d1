"""Hold the rows of a product against the ledger: which parcels, which words, which scores, which day of the photo."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.table.aging import as_date
from gis_export.table.rows import TOO_OLD
from gis_export.table.symbols import BY_WORD
from gis_export.verify.days import NO_DATE, Days, days_of
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some
from gis_export.verify.rows import Mask, Rows, keys_of, rows_in
from inference.hazard import HazardWord
from inference.ledger import Ledger

_NOT_SEEN, _NOT_ASSESSED = BY_WORD[HazardWord.NOT_SEEN].code, BY_WORD[HazardWord.NOT_ASSESSED].code
_SAME = 1e-5  # six digits after the point stand in every product


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
        return pa.array(
            self.ledger.table["hazard"]
            .map({word: symbol.code for word, symbol in BY_WORD.items()})
            .astype("str"),
            pa.string(),
        )

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


def check_against_ledger(
    path: Path, table: pa.Table, known: Known, *, whole: bool
) -> Iterator[Finding]:
    """Hold ids, words, scores and days of a product against the ledger.

    Args:
        path: The file.
        table: Its rows under short names.
        known: The ledger.
        whole: Whether the product has every vacant: then none may be missing.
    """
    keys = keys_of(table["PARCEL_ID"])
    rows = known.rows_of(keys)
    if whole and len(table) != len(known):
        remedy = f"put back the rows that were taken out or added, or {EXPORT_AGAIN}"
        yield _off(
            path,
            f"holds {len(table)} rows, the ledger {len(known)}",
            str(len(table)),
            str(len(known)),
            remedy,
        )
    if whole or "ACTION" in table.column_names:
        yield from _check_strange(
            path, keys.filter(pa.array((rows < 0) & ~Rows(path, table).held())).to_pylist(), known
        )
    if whole:
        yield from _check_missing(path, rows, known)
    found = rows >= 0
    kept = Rows(path, table if found.all() else table.filter(pa.array(found)))
    if kept.has("IMG_DATE"):
        yield from _check_days(kept, known.days[rows[found]])
    if kept.has("RISK_LVL"):
        if kept.has("SCORED"):
            yield from _check_scored(kept, known, rows[found])
        yield from _check_words(kept, known.codes.take(pa.array(rows[found])))


def _check_strange(path: Path, strange: list[str], known: Known) -> Iterator[Finding]:
    """Name the parcels that the ledger lacks."""
    if strange:
        bare = set(pc.replace_substring(known.keys, " ", "").to_pylist())
        lost = all(key.replace(" ", "") in bare for key in strange[:100])
        remedy = (
            "the blanks of the ids were lost: import PARCEL_ID as text"
            if lost
            else f"take the rows out, or {EXPORT_AGAIN}"
        )
        yield _off(
            path,
            "carries a parcel that the ledger lacks",
            some(strange),
            "only parcels of the ledger",
            remedy,
        )


def _check_missing(path: Path, rows: NDArray[np.intp], known: Known) -> Iterator[Finding]:
    missing = np.ones(len(known), bool)
    missing[rows[rows >= 0]] = False
    if missing.any():
        without = known.keys.filter(pa.array(missing)).to_pylist()
        yield _off(
            path,
            f"lacks {len(without)} parcels of the ledger",
            f"none of {some(without)}",
            "every parcel once",
            EXPORT_AGAIN,
        )


def _check_scored(rows: Rows, known: Known, places: NDArray[np.intp]) -> Iterator[Finding]:
    """Check that a row is scored where the ledger's is, and has its score; only NOT SEEN IN PHOTO ages."""
    scored, right = rows.equal("SCORED", "Y"), known.scored[places]
    yield from rows.off(scored & ~right, "says SCORED of a row that was not scored", "SCORED", "N")
    if rows.has("NA_REASON"):
        no_reason, aged = (
            rows.equal("NA_REASON", ""),
            rows.equal("NA_REASON", TOO_OLD)
            & _equal(known.codes.take(pa.array(places)), _NOT_SEEN),
        )
        yield from rows.off(
            ~scored & no_reason,
            "a row that was not scored has no reason",
            "NA_REASON",
            "the reason",
        )
        yield from rows.off(
            ~scored & right & ~no_reason & ~aged,
            "a scored row of the ledger is missing its score",
            "NA_REASON",
            "SCORED = Y",
        )
    if rows.has("SCORE"):
        wrong = scored & right & ~(np.abs(rows.number("SCORE") - known.score[places]) <= _SAME)
        yield from rows.off(
            wrong,
            "carries another score than the ledger",
            "SCORE",
            pa.array(known.score[places]),
            "put the score back",
        )


def _check_words(rows: Rows, codes: pa.Array) -> Iterator[Finding]:
    """Check RISK_LVL against that of the ledger; another word may stand there by a person's hand, or NA for an old NOT SEEN IN PHOTO."""
    aged = (
        _equal(codes, _NOT_SEEN)
        & rows.equal("RISK_LVL", _NOT_ASSESSED)
        & (rows.equal("NA_REASON", TOO_OLD) | (not rows.has("NA_REASON")))
    )
    by_person = rows.equal("RISK_LVL", "CONFIRMED") & (
        rows.equal("VERIFIED", "Y") | (not rows.has("VERIFIED"))
    )
    wrong = ~_equal(rows.table["RISK_LVL"], codes) & ~aged & ~by_person & ~rows.held()
    remedy = "put the word back; what a person found belongs into the city's labels"
    yield from rows.off(
        wrong, "says another hazard word than the ledger", "RISK_LVL", codes, remedy
    )


def _check_days(rows: Rows, days: Days) -> Iterator[Finding]:
    """Check the day of the photo, but of rows that repeat what dispatch holds."""
    said = days_of(rows.table["IMG_DATE"])
    wrong = (said != days) & (said != NO_DATE) & ~rows.held()
    if wrong.any():
        first = int(days[np.flatnonzero(wrong)[0]])
        want = date.fromordinal(first).isoformat() if first else "nothing"
        yield from rows.off(
            wrong,
            "gives another day of the photo than the ledger",
            "IMG_DATE",
            want,
            "put the day back",
        )


def _equal(texts: pa.Array | pa.ChunkedArray, other: pa.Array | str) -> Mask:
    return np.asarray(pc.equal(texts, other), bool)


def _off(path: Path, what: str, got: str, want: str, remedy: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=remedy)
