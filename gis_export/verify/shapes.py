"""Check the shapes of a layer: each is there, of the right kind, and valid."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from gis_export.verify.finding import EXPORT_AGAIN, Finding, and_more
from imagery.shapes import Shapes

Kind: TypeAlias = Literal["polygon", "point"]

_TYPES: dict[Kind, tuple[shapely.GeometryType, ...]] = {
    "polygon": (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
    "point": (shapely.GeometryType.POINT,),
}


def check_shapes(
    path: Path, shapes: Shapes, *, ids: pa.ChunkedArray | None, kind: Kind
) -> Iterator[Finding]:
    """Check every shape of a layer.

    Args:
        path: What a finding names.
        shapes: The shapes, (rows,).
        ids: Names of the rows; None when they have none.
        kind: What each shape should be.
    """
    has_none = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), bool)
    if has_none.any():
        yield Finding(
            path=path,
            what="has rows without a shape",
            got=_name_rows(has_none, ids),
            want=f"a {kind} in each",
            remedy="put them into no_geometry.csv, or " + EXPORT_AGAIN,
        )

    is_kind = np.isin(shapely.get_type_id(shapes), _TYPES[kind])
    is_other = ~has_none & ~is_kind
    if is_other.any():
        yield Finding(
            path=path,
            what="has shapes of another kind",
            got=_name_rows(is_other, ids),
            want=f"{kind}s",
            remedy=EXPORT_AGAIN,
        )

    if kind == "polygon":
        is_invalid = ~has_none & is_kind & ~shapely.is_valid(shapes)
        yield from _check_valid(path, shapes, is_invalid, ids)


def _check_valid(
    path: Path, shapes: Shapes, is_invalid: NDArray[np.bool_], ids: pa.ChunkedArray | None
) -> Iterator[Finding]:
    if not is_invalid.any():
        return

    first = int(np.flatnonzero(is_invalid)[0])
    reason = shapely.is_valid_reason(shapes[first])
    yield Finding(
        path=path,
        what="has invalid shapes",
        got=_name_rows(is_invalid, ids, reason=f" ({reason})"),
        want="valid polygons",
        remedy="repair them: Fix Geometries in QGIS, Repair Geometry in ArcGIS",
    )


def _name_rows(wrong: NDArray[np.bool_], ids: pa.ChunkedArray | None, *, reason: str = "") -> str:
    """Return the id of the first wrong row, and how many more there are."""
    first = int(np.flatnonzero(wrong)[0])
    name = f"row {first + 1}" if ids is None else repr(ids[first].as_py())
    return f"{name}{reason}{and_more(int(wrong.sum()) - 1)}"


def wkb_sum(column: pa.Array) -> int:
    """Return a checksum of a WKB column; equal columns have equal offsets and bytes."""
    checksum = len(column)
    for buffer in column.buffers():
        checksum = checksum + 1 if buffer is None else zlib.crc32(buffer, checksum)
    return checksum
