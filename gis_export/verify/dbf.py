"""Check the bytes of a .dbf: its fields, and what other programs leave in it that a reader would paper over."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_export.table.fields import Field
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some

_KINDS = {"text": "C", "int": "N", "real": "NF", "date": "D"}
_WORDS = {"C": "text", "N": "number", "F": "number", "D": "date", "L": "yes or no", "M": "memo"}
_DELETED = ord("*")
_BLANK = frozenset(b" \x00")

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A field as the file holds it."""

    name: str
    """Its name."""
    kind: str
    """Letter of its type: C, N, F, D, L, M."""
    width: int
    """Bytes."""
    precision: int
    """Digits after the point."""
    start: int
    """First byte of it in a record."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dbf:
    """A .dbf file."""

    columns: tuple[Column, ...]
    """Its fields."""
    records: Bytes
    """(rows, bytes of a record)."""

    def cells(self, column: Column) -> Bytes:
        """Return the bytes of a field, (rows, width)."""
        return self.records[:, column.start : column.start + column.width]

    def table(self, names: frozenset[str]) -> pa.Table:
        """Return some fields as text, without the blanks at their ends and the rows that are marked as deleted."""
        kept = self.records[:, 0] != _DELETED if len(self.records) else np.zeros(0, bool)
        columns = [column for column in self.columns if column.name.upper() in names]
        return pa.table({column.name: _as_text(self.cells(column)[kept]) for column in columns})


def read_dbf(path: Path) -> Dbf:
    """Map a .dbf into memory.

    Raises:
        ValueError: it is shorter than it says, or no .dbf at all.
    """
    raw = np.asarray(np.memmap(path, np.uint8, "r"))
    if len(raw) < 33:
        raise ValueError(f"{len(raw)} bytes are no .dbf")
    count, header, width = (
        int.from_bytes(raw[start:end].tobytes(), "little")
        for start, end in ((4, 8), (8, 10), (10, 12))
    )
    if len(raw) < header + count * width or header < 33 or width < 1:
        raise ValueError(f"{len(raw)} bytes hold fewer than the {count} rows it says")
    columns, start = [], 1
    for place in range(32, header - 32, 32):
        entry = raw[place : place + 32].tobytes()
        if entry[0] == 0x0D:
            break
        columns.append(
            Column(
                name=entry[:11].split(b"\x00")[0].decode("latin-1"),
                kind=chr(entry[11]),
                width=entry[16],
                precision=entry[17],
                start=start,
            )
        )
        start += entry[16]
    return Dbf(
        columns=tuple(columns), records=raw[header : header + count * width].reshape(count, width)
    )


def check_dbf(path: Path, dbf: Dbf, fields: tuple[Field, ...]) -> Iterator[Finding]:
    """Check names, order, types and widths of the fields, and the bytes of every cell."""
    yield from _check_names(path, dbf, fields)
    wanted = {field.name: field for field in fields}
    for column in dbf.columns:
        field = wanted.get(column.name)
        if field is not None:
            yield from _check_column(path, column, field)
        yield from _check_cells(path, dbf, column)
    deleted = int((dbf.records[:, 0] == _DELETED).sum()) if len(dbf.records) else 0
    if deleted:
        yield _off(
            path,
            "holds rows that are marked as deleted",
            str(deleted),
            "0",
            "pack the table: some programs still show them",
        )


def _check_names(path: Path, dbf: Dbf, fields: tuple[Field, ...]) -> Iterator[Finding]:
    names, wanted = [column.name for column in dbf.columns], [field.name for field in fields]
    missing, extra = (
        [name for name in wanted if name not in names],
        [name for name in names if name not in wanted],
    )
    if missing:
        yield _off(
            path,
            "lacks fields",
            f"none of {some(missing)}",
            f"{len(wanted)} fields",
            f"put them back, or {EXPORT_AGAIN}",
        )
    if extra:
        yield _off(
            path,
            "has fields of its own",
            some(extra),
            "only the fields of the data dictionary",
            "take them out before the layer is handed on",
        )
    kept = [name for name in names if name in wanted]
    if not missing and kept != wanted:
        first = next(index for index, name in enumerate(wanted) if kept[index] != name)
        yield _off(
            path,
            "has its fields in another order",
            f"{kept[first]} as number {first + 1}",
            wanted[first],
            "put them in the order of the data dictionary: a hosted layer keys on it",
        )


def _check_column(path: Path, column: Column, field: Field) -> Iterator[Finding]:
    if column.kind not in _KINDS[field.kind] or (field.kind == "int" and column.precision):
        got = _WORDS.get(column.kind, column.kind)
        yield _off(
            path,
            f"field {field.name} has another type",
            got,
            {"int": "whole number"}.get(field.kind, field.kind),
            f"make it a {field.kind} field again, or {EXPORT_AGAIN}",
        )
    elif (column.width, column.precision) != (field.width, field.precision):
        want = f"{field.width}.{field.precision}" if field.precision else f"{field.width}"
        got = f"{column.width}.{column.precision}" if column.precision else f"{column.width}"
        yield _off(
            path,
            f"field {field.name} has another width",
            got,
            want,
            f"make it {want} wide again: a hosted layer keys on it",
        )


def _check_cells(path: Path, dbf: Dbf, column: Column) -> Iterator[Finding]:
    cells = dbf.cells(column)
    if not len(cells):
        return
    if column.kind == "C":
        yield from _check_letters(path, column, cells)
    elif column.kind == "D":
        wrong = ~(_blank(cells) | (cells == ord("0")).all(axis=1) | _is_date(cells))
        yield from _rows(
            path, f"field {column.name} holds what is no date", wrong, cells, "YYYYMMDD or nothing"
        )
    elif column.kind in "NF":
        empty = _blank(cells) | (cells == ord("*")).all(axis=1)
        yield from _rows(
            path,
            f"field {column.name} is empty, which many programs read as 0",
            empty,
            cells,
            "a number, -1 where it is not known",
        )


def _check_letters(path: Path, column: Column, cells: Bytes) -> Iterator[Finding]:
    if cells.max() < 128:
        return
    closed = np.concatenate(
        [cells, np.full((len(cells), 1), ord("\n"), np.uint8)], axis=1
    )  # a letter cut off must not join the next row's
    if _is_utf8(closed.tobytes()):
        return
    wrong = np.array([not _is_utf8(cell.tobytes()) for cell in cells])
    yield from _rows(
        path,
        f"field {column.name} holds bytes that are no UTF-8",
        wrong,
        cells,
        "UTF-8, as the .cpg says",
    )


def _as_text(cells: Bytes) -> pa.Array:
    packed = np.ascontiguousarray(cells)
    raw = pa.Array.from_buffers(
        pa.binary(cells.shape[1]), len(cells), [None, pa.py_buffer(packed)]
    ).cast(pa.binary())
    try:
        texts = raw.cast(pa.string())
    except pa.ArrowInvalid:  # bytes that are no UTF-8 are a finding of their own
        texts = pa.array([cell.decode("utf-8", "replace") for cell in raw.to_pylist()], pa.string())
    return pc.utf8_rtrim(texts, characters=" \x00")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _blank(cells: Bytes) -> NDArray[np.bool_]:
    return np.asarray(np.isin(cells, list(_BLANK)).all(axis=1), bool)


def _is_date(cells: Bytes) -> NDArray[np.bool_]:
    """Return which cells are YYYYMMDD of a day from 1900 to 2199."""
    if cells.shape[1] != 8:
        return np.zeros(len(cells), bool)
    digits = cells.astype(np.int64) - ord("0")
    whole = ((digits >= 0) & (digits <= 9)).all(axis=1)
    year, month, day = (
        digits[:, span] @ 10 ** np.arange(span.stop - span.start)[::-1]
        for span in (slice(0, 4), slice(4, 6), slice(6, 8))
    )
    days = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    right = whole & (year >= 1900) & (year < 2200) & (month >= 1) & (month <= 12)
    return np.asarray(right & (day >= 1) & (day <= days[np.where(right, month, 0)]), bool)


def _rows(
    path: Path, what: str, wrong: NDArray[np.bool_], cells: Bytes, want: str
) -> Iterator[Finding]:
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        more = int(wrong.sum()) - 1
        got = f"{cells[first].tobytes().rstrip()!r} in row {first + 1}" + (
            f" and {more} more rows" if more else ""
        )
        yield _off(path, what, got, want, EXPORT_AGAIN)


def _off(path: Path, what: str, got: str, want: str, remedy: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=remedy)
