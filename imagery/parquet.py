"""Parquet files that may be damaged: cut short, overwritten, or no Parquet at all."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_ERRORS = (OSError, ValueError, TypeError, LookupError, AttributeError, pa.ArrowException)
"""What Arrow and pandas raise over a damaged table, or over what pandas noted in it."""


class DamagedTable(ValueError):
    """A file that is there is no whole table."""


def read_whole(path: Path) -> pd.DataFrame:
    """Read a Parquet file.

    Raises:
        DamagedTable: it is cut short, overwritten or no Parquet.
        OSError: the system does not let it be read.
    """
    try:
        return pd.read_parquet(path)
    except _ERRORS as error:
        raise _damage(path, error) from error


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """Return what a Parquet file says about itself, beside its rows.

    Raises:
        DamagedTable: it is cut short, overwritten or no Parquet.
        OSError: the system does not let it be read.
    """
    try:
        metadata: dict[bytes, bytes] | None = pq.read_schema(path).metadata
    except _ERRORS as error:
        raise _damage(path, error) from error
    return metadata or {}


def _damage(path: Path, error: Exception) -> Exception:
    """Return the error to raise: errors of the system have a number, those of a bad file none."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    reason = str(error).strip().partition("\n")[0]
    return DamagedTable(f"{path} is damaged ({reason})")
