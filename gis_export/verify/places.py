"""Check where a layer is drawn: its CRS, its encoding file, its row count, its spatial index."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_export.verify.finding import EXPORT_AGAIN, Finding
from gis_export.verify.shapes import Kind, check_shapes, wkb_sum
from imagery.shapes import Shapes

_UTF8 = ("UTF-8", "UTF8", "65001")
_LARGEST_DEGREES = [180, 90, 180, 90]

# Of a .shx: the header, and the entry of one shape.
_SHX_HEADER_BYTES = 100
_SHX_ENTRY_BYTES = 8


@dataclass(kw_only=True, eq=False)
class ShapeCheck:
    """Geometry that was checked in one run: the same bytes are in several products."""

    right: set[tuple[int, ...]] = field(default_factory=set)
    """Checksums of columns, or of pairs of them, that were found right."""
    decoded: dict[int, Shapes] = field(default_factory=dict)
    """Shapes of the last two columns by checksum: parcels are needed again for their points."""

    def shapes(
        self, path: Path, column: pa.Array, *, ids: pa.ChunkedArray | None, kind: Kind
    ) -> Iterator[Finding]:
        """Check that every shape of a WKB column is of its kind and valid; `ids` name the rows."""
        checksum = wkb_sum(column)
        if (checksum,) in self.right:
            return

        shapes = self._decode(column, checksum)
        findings = list(check_shapes(path, shapes, ids=ids, kind=kind))
        if not findings:
            self.right.add((checksum,))
        yield from findings

    def outside(self, points: pa.Array, parcels: pa.Array) -> NDArray[np.intp]:
        """Return the rows whose point is not in the parcel of the same row."""
        checksums = (wkb_sum(points), wkb_sum(parcels))
        if checksums in self.right:
            return np.empty(0, np.intp)

        point_shapes = self._decode(points, checksums[0])
        parcel_shapes = self._decode(parcels, checksums[1])
        rows = np.flatnonzero(~shapely.intersects(parcel_shapes, point_shapes))
        if not len(rows):
            self.right.add(checksums)
        return rows

    def _decode(self, column: pa.Array, checksum: int) -> Shapes:
        if checksum not in self.decoded:
            self.decoded = dict(list(self.decoded.items())[-1:])
            wkb = column.to_numpy(zero_copy_only=False)
            self.decoded[checksum] = shapely.from_wkb(wkb, on_invalid="ignore")
        return self.decoded[checksum]


def check_places(shape: Path) -> Iterator[Finding]:
    """Check .prj, .cpg, .shx and .qix of a .shp against its header."""
    yield from _check_crs(shape)
    yield from _check_encoding(shape.with_suffix(".cpg"))

    shape_count = _shape_count(shape.with_suffix(".shx"))
    if shape_count is not None:
        yield from _check_row_count(shape.with_suffix(".dbf"), shape_count)
        yield from _check_index(shape.with_suffix(".qix"), shape_count)


def _check_crs(shape: Path) -> Iterator[Finding]:
    path = shape.with_suffix(".prj")
    if not path.exists():
        return

    try:
        crs = CRS.from_wkt(path.read_text(encoding="utf-8", errors="replace"))
    except CRSError:
        yield Finding(
            path=path,
            what="names no CRS",
            got="what PROJ cannot read",
            want="WKT as Esri writes it",
            remedy=EXPORT_AGAIN,
        )
        return

    # West, south, east and north, from the header of the .shp.
    bounds = np.frombuffer(_head(shape, 68)[36:68], "<f8")
    if len(bounds) < 4 or _shape_count(shape.with_suffix(".shx")) == 0:
        return

    is_degrees = bool(np.all(np.abs(bounds) <= _LARGEST_DEGREES))
    if crs.is_geographic != is_degrees:
        west, south, east, north = bounds
        yield Finding(
            path=path,
            what="does not fit the coordinates",
            got=f"{crs.name} and coordinates from {west:.1f}, {south:.1f} "
            f"to {east:.1f}, {north:.1f}",
            want="degrees with a geographic CRS only",
            remedy="put the right .prj beside the layer, or " + EXPORT_AGAIN,
        )


def _check_encoding(path: Path) -> Iterator[Finding]:
    if not path.exists():
        return

    encoding = path.read_bytes().decode("ascii", "replace").strip()
    if encoding.upper() not in _UTF8:
        yield Finding(
            path=path,
            what="names another encoding",
            got=repr(encoding),
            want="UTF-8",
            remedy="save the table as UTF-8 and write UTF-8 into the .cpg",
        )


def _check_row_count(path: Path, shape_count: int) -> Iterator[Finding]:
    row_count = int.from_bytes(_head(path, 8)[4:8], "little")
    if row_count != shape_count:
        yield Finding(
            path=path,
            what="has another number of rows than of shapes",
            got=str(row_count),
            want=str(shape_count),
            remedy="rows were added or taken out without their shapes; " + EXPORT_AGAIN,
        )


def _check_index(path: Path, shape_count: int) -> Iterator[Finding]:
    header = _head(path, 16)
    if len(header) < 16 or header[:3] != b"SQT":
        return

    order: Literal["little", "big"] = "big" if header[3] == 2 else "little"
    indexed = int.from_bytes(header[8:12], order)
    if indexed != shape_count:
        yield Finding(
            path=path,
            what="is an index of other shapes",
            got=str(indexed),
            want=str(shape_count),
            remedy="create the spatial index again: shapes that it lacks are not drawn",
        )


def _shape_count(path: Path) -> int | None:
    """Return how many shapes a .shx lists, None when there is no such file."""
    if not path.exists():
        return None
    return (path.stat().st_size - _SHX_HEADER_BYTES) // _SHX_ENTRY_BYTES


def _head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, none when there is no such file."""
    if not path.exists():
        return b""
    with path.open("rb") as stream:
        return stream.read(size)
