"""A checksum of facts: the same facts give the same text in every process and on every day."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

_PLAIN = (type(None), bool, int, float, str, bytes, date, Enum, Path, np.generic)


def digest(*facts: object) -> str:
    """Return the hex sha256 of some facts.

    Raises:
        TypeError: a fact is of a kind whose content is not known, such as a function.
    """
    found = hashlib.sha256()
    for piece in _pieces(facts):
        # With its length no two lists of pieces give the same bytes.
        found.update(f"{len(piece)}:".encode())
        found.update(piece)
    return found.hexdigest()


def _pieces(fact: object) -> Iterator[bytes]:
    """Yield the kind of a fact and its content."""
    yield type(fact).__qualname__.encode()
    if isinstance(fact, _PLAIN):
        yield repr(fact).encode()
    elif isinstance(fact, tuple | list):
        yield str(len(fact)).encode()
        for item in fact:
            yield from _pieces(item)
    elif isinstance(fact, Mapping):
        yield from _pieces(list(fact.items()))
    elif isinstance(fact, set | frozenset):
        yield from _pieces(sorted(fact, key=repr))
    else:
        yield from _pieces_of_table(fact)


def _pieces_of_table(fact: object) -> Iterator[bytes]:
    if isinstance(fact, pd.DataFrame):
        for name in fact.columns:
            yield from _pieces_of_column(fact[name])
    elif isinstance(fact, pd.Series):
        yield from _pieces_of_column(fact)
    elif isinstance(fact, np.ndarray):
        yield from _pieces_of_array(fact)
    elif isinstance(fact, CRS):
        yield fact.to_wkt().encode()
    elif is_dataclass(fact) and not isinstance(fact, type):
        for field in fields(fact):
            yield field.name.encode()
            yield from _pieces(getattr(fact, field.name))
    else:
        raise TypeError(f"digest of {type(fact).__qualname__}, want plain facts and tables")


def _pieces_of_column(column: pd.Series) -> Iterator[bytes]:
    yield f"{column.name!r} {column.dtype} {len(column)}".encode()
    if isinstance(column, gpd.GeoSeries):
        yield CRS(column.crs).to_wkt().encode() if column.crs else b""
        yield from (shape or b"" for shape in shapely.to_wkb(column.to_numpy()))
    elif isinstance(column.dtype, np.dtype) and column.dtype != object:
        yield np.ascontiguousarray(column.to_numpy()).tobytes()
    else:
        for cell in column.tolist():
            yield from _pieces_of_cell(cell)


def _pieces_of_cell(cell: object) -> Iterator[bytes]:
    """Yield the content of a cell; a column has too many for anything slower."""
    if isinstance(cell, np.ndarray):
        yield from _pieces_of_array(cell)
    else:
        yield repr(cell).encode()


def _pieces_of_array(array: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> Iterator[bytes]:
    yield f"{array.dtype} {array.shape}".encode()
    if array.dtype == object:
        yield from _pieces(array.tolist())
    else:
        yield np.ascontiguousarray(array).tobytes()
