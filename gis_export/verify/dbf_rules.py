"""Check a .dbf: its fields, and what other programs leave in its cells."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis_export.table.fields import Field
from gis_export.verify.dbf import Bytes, Column, Dbf
from gis_export.verify.finding import EXPORT_AGAIN, Finding, and_more, some

_KINDS = {"text": "C", "int": "N", "real": "NF", "date": "D"}
_WORDS = {"C": "text", "N": "number", "F": "number", "D": "date", "L": "yes or no", "M": "memo"}
_BLANKS = frozenset(b" \x00")
_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

Mask = NDArray[np.bool_]


def check_dbf(path: Path, dbf: Dbf, fields: tuple[Field, ...]) -> Iterator[Finding]:
    """Check names, order, types and widths of the fields, and the bytes of every cell."""
    yield from _check_names(path, dbf, fields)
    wanted = {field.name: field for field in fields}
    for column in dbf.columns:
        field = wanted.get(column.name)
        if field is not None:
            yield from _check_column(path, column, field)
        yield from _check_cells(path, dbf, column)

    deleted = int(dbf.is_deleted.sum())
    if deleted:
        yield Finding(
            path=path,
            what="holds rows that are marked as deleted",
            got=str(deleted),
            want="0",
            remedy="pack the table: some programs still show them",
        )


def _check_names(path: Path, dbf: Dbf, fields: tuple[Field, ...]) -> Iterator[Finding]:
    names = [column.name for column in dbf.columns]
    wanted = [field.name for field in fields]

    missing = [name for name in wanted if name not in names]
    if missing:
        yield Finding(
            path=path,
            what="lacks fields",
            got=f"none of {some(missing)}",
            want=f"{len(wanted)} fields",
            remedy=f"put them back, or {EXPORT_AGAIN}",
        )

    extra = [name for name in names if name not in wanted]
    if extra:
        yield Finding(
            path=path,
            what="has extra fields",
            got=some(extra),
            want="only the fields of the data dictionary",
            remedy="take them out before the layer is handed on",
        )

    if not missing:
        kept = [name for name in names if name in wanted]
        yield from _check_order(path, kept, wanted)


def _check_order(path: Path, names: list[str], wanted: list[str]) -> Iterator[Finding]:
    if names == wanted:
        return

    first = next(index for index, name in enumerate(wanted) if names[index] != name)
    yield Finding(
        path=path,
        what="has its fields in another order",
        got=f"{names[first]} as number {first + 1}",
        want=wanted[first],
        remedy="put them in the order of the data dictionary: a hosted layer keys on it",
    )


def _check_column(path: Path, column: Column, field: Field) -> Iterator[Finding]:
    has_kind = column.kind in _KINDS[field.kind]
    if not has_kind or (field.kind == "int" and column.precision):
        yield Finding(
            path=path,
            what=f"field {field.name} has another type",
            got=_WORDS.get(column.kind, column.kind),
            want="whole number" if field.kind == "int" else field.kind,
            remedy=f"make it a {field.kind} field again, or {EXPORT_AGAIN}",
        )
        return

    got = _width_text(column.width, column.precision)
    want = _width_text(field.width, field.precision)
    if got != want:
        yield Finding(
            path=path,
            what=f"field {field.name} has another width",
            got=got,
            want=want,
            remedy=f"make it {want} wide again: a hosted layer keys on it",
        )


def _width_text(width: int, precision: int) -> str:
    return f"{width}.{precision}" if precision else f"{width}"


def _check_cells(path: Path, dbf: Dbf, column: Column) -> Iterator[Finding]:
    cells = dbf.cells(column)
    if not len(cells):
        return

    if column.kind == "C":
        what = f"field {column.name} holds bytes that are not UTF-8"
        yield from _find(path, what, _not_utf8(cells), cells, "UTF-8, as the .cpg says")

    elif column.kind == "D":
        what = f"field {column.name} holds a value that is not a date"
        is_zero = (cells == ord("0")).all(axis=1)
        is_good = _is_blank(cells) | is_zero | _is_date(cells)
        yield from _find(path, what, ~is_good, cells, "YYYYMMDD or nothing")

    elif column.kind in "NF":
        what = f"field {column.name} is empty, which many programs read as 0"
        is_empty = _is_blank(cells) | (cells == ord("*")).all(axis=1)
        yield from _find(path, what, is_empty, cells, "a number, -1 when it is not known")


def _find(path: Path, what: str, wrong: Mask, cells: Bytes, want: str) -> Iterator[Finding]:
    """Yield one finding for all wrong cells of a field; it shows the first."""
    if not wrong.any():
        return

    first = int(np.flatnonzero(wrong)[0])
    cell = cells[first].tobytes().rstrip()
    more = and_more(int(wrong.sum()) - 1, "more rows")
    yield Finding(
        path=path,
        what=what,
        got=f"{cell!r} in row {first + 1}{more}",
        want=want,
        remedy=EXPORT_AGAIN,
    )


def _not_utf8(cells: Bytes) -> Mask:
    """Return which cells hold bytes that are not UTF-8, (rows,)."""
    if cells.max() < 128:
        return np.zeros(len(cells), bool)

    # A line end after each cell keeps a letter that was cut off from joining the next row's.
    line_ends = np.full((len(cells), 1), ord("\n"), np.uint8)
    closed = np.concatenate([cells, line_ends], axis=1)
    if _is_utf8(closed.tobytes()):
        return np.zeros(len(cells), bool)
    return np.array([not _is_utf8(cell.tobytes()) for cell in cells])


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_blank(cells: Bytes) -> Mask:
    return np.asarray(np.isin(cells, list(_BLANKS)).all(axis=1), bool)


def _is_date(cells: Bytes) -> Mask:
    """Return which cells are YYYYMMDD of a day from 1900 to 2199, (rows,)."""
    if cells.shape[1] != 8:
        return np.zeros(len(cells), bool)

    digits = cells.astype(np.int64) - ord("0")
    year = digits[:, :4] @ [1000, 100, 10, 1]
    month = digits[:, 4:6] @ [10, 1]
    day = digits[:, 6:] @ [10, 1]

    is_digit = ((digits >= 0) & (digits <= 9)).all(axis=1)
    has_year = (year >= 1900) & (year < 2200)
    has_month = is_digit & (month >= 1) & (month <= 12)
    last_day = _MONTH_DAYS[np.where(has_month, month, 0)]
    return np.asarray(has_year & has_month & (day >= 1) & (day <= last_day), bool)
