"""Read a .dbf byte by byte, so that nothing is hidden as a reader of tables would hide it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

DELETED = ord("*")
"""First byte of a row that is marked as deleted."""

_ENTRY_BYTES = 32
"""The header has an entry of this size for the file, and one for each field."""
_HEADER_END = 0x0D
_BLANKS = " \x00"


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

    @property
    def is_deleted(self) -> NDArray[np.bool_]:
        """Return which rows are marked as deleted, (rows,)."""
        if not len(self.records):
            return np.zeros(0, bool)
        return np.asarray(self.records[:, 0] == DELETED, bool)

    def cells(self, column: Column) -> Bytes:
        """Return the bytes of a field, (rows, width)."""
        return self.records[:, column.start : column.start + column.width]

    def table(self, names: frozenset[str]) -> pa.Table:
        """Return some fields as text, without blanks at the end and without deleted rows."""
        is_kept = ~self.is_deleted
        texts = {}
        for column in self.columns:
            if column.name.upper() in names:
                texts[column.name] = _as_text(self.cells(column)[is_kept])
        return pa.table(texts)


def read_dbf(path: Path) -> Dbf:
    """Map a .dbf into memory.

    Raises:
        ValueError: it is shorter than it says, or not a .dbf at all.
    """
    raw = np.asarray(np.memmap(path, np.uint8, "r"))
    if len(raw) <= _ENTRY_BYTES:
        raise ValueError(f"{len(raw)} bytes are not a .dbf")

    row_count = int.from_bytes(raw[4:8].tobytes(), "little")
    header_bytes = int.from_bytes(raw[8:10].tobytes(), "little")
    row_bytes = int.from_bytes(raw[10:12].tobytes(), "little")
    end = header_bytes + row_count * row_bytes
    if len(raw) < end or header_bytes <= _ENTRY_BYTES or row_bytes < 1:
        raise ValueError(f"{len(raw)} bytes hold fewer than the {row_count} rows it says")

    records = raw[header_bytes:end].reshape(row_count, row_bytes)
    return Dbf(columns=_read_columns(raw[:header_bytes]), records=records)


def _read_columns(header: Bytes) -> tuple[Column, ...]:
    columns = []
    start = 1
    for place in range(_ENTRY_BYTES, len(header) - _ENTRY_BYTES, _ENTRY_BYTES):
        entry = header[place : place + _ENTRY_BYTES].tobytes()
        if entry[0] == _HEADER_END:
            break

        column = Column(
            name=entry[:11].split(b"\x00")[0].decode("latin-1"),
            kind=chr(entry[11]),
            width=entry[16],
            precision=entry[17],
            start=start,
        )
        columns.append(column)
        start += column.width
    return tuple(columns)


def _as_text(cells: Bytes) -> pa.Array:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(cells))]
    fixed = pa.Array.from_buffers(pa.binary(cells.shape[1]), len(cells), buffers)
    raw = fixed.cast(pa.binary())
    try:
        texts = raw.cast(pa.string())
    except pa.ArrowInvalid:
        # Bytes that are not UTF-8 are a finding of their own.
        texts = pa.array([cell.decode("utf-8", "replace") for cell in raw.to_pylist()], pa.string())
    return pc.utf8_rtrim(texts, characters=_BLANKS)
