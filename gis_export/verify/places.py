"""Check where things are: geometry, CRS, encoding file and spatial index of a layer."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_export.verify.finding import EXPORT_AGAIN, Finding

Kind: TypeAlias = Literal["polygon", "point"]
Shapes: TypeAlias = NDArray[np.object_]

_TYPES: dict[Kind, tuple[shapely.GeometryType, ...]] = {
    "polygon": (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
    "point": (shapely.GeometryType.POINT,),
}
_UTF8 = ("UTF-8", "UTF8", "65001")


@dataclass(kw_only=True, eq=False)
class ShapeCheck:
    """Geometry that was checked in one run: the same bytes stand in several products."""

    right: set[tuple[int, ...]] = field(default_factory=set)
    """Checksums of columns, or of pairs of them, that were found right."""
    decoded: dict[int, Shapes] = field(default_factory=dict)
    """Shapes of the last columns by their checksum: parcels are checked first, then held against their points."""

    def shapes(
        self, path: Path, column: pa.Array, *, ids: pa.ChunkedArray | None, kind: Kind
    ) -> Iterator[Finding]:
        """Check that every shape of a WKB column is of its kind and valid; `ids` name the rows."""
        mark = _sum_of(column)
        if (mark,) in self.right:
            return
        findings = list(check_shapes(path, self._decode(column, mark), ids=ids, kind=kind))
        if not findings:
            self.right.add((mark,))
        yield from findings

    def outside(self, points: pa.Array, parcels: pa.Array) -> NDArray[np.intp]:
        """Return the rows whose point does not lie in the parcel of the same row."""
        mark = (_sum_of(points), _sum_of(parcels))
        if mark in self.right:
            return np.empty(0, np.intp)
        places, shapes = self._decode(points, mark[0]), self._decode(parcels, mark[1])
        found = np.flatnonzero(~shapely.intersects(shapes, places))
        if not len(found):
            self.right.add(mark)
        return found

    def _decode(self, column: pa.Array, mark: int) -> Shapes:
        if mark not in self.decoded:
            self.decoded = dict(list(self.decoded.items())[-1:])
            self.decoded[mark] = shapely.from_wkb(
                column.to_numpy(zero_copy_only=False), on_invalid="ignore"
            )
        return self.decoded[mark]


def check_shapes(
    path: Path, shapes: Shapes, *, ids: pa.ChunkedArray | None, kind: Kind
) -> Iterator[Finding]:
    """Check that every shape is there, of its kind and valid."""
    none = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    other = ~none & ~np.isin(shapely.get_type_id(shapes), _TYPES[kind])
    invalid = (
        ~none & ~other & ~shapely.is_valid(shapes)
        if kind == "polygon"
        else np.zeros(len(shapes), bool)
    )
    for wrong, what, want, remedy in (
        (
            none,
            "has rows without a shape",
            f"a {kind} in each",
            "put them into no_geometry.csv, or " + EXPORT_AGAIN,
        ),
        (other, "has shapes of another kind", f"{kind}s", EXPORT_AGAIN),
        (
            invalid,
            "has invalid shapes",
            f"valid {kind}s",
            "repair them: Fix Geometries in QGIS, Repair Geometry in ArcGIS",
        ),
    ):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            name = repr(ids[first].as_py()) if ids is not None else f"row {first + 1}"
            reason = (
                f" ({shapely.is_valid_reason(shapes[first])})"
                if what.startswith("has invalid")
                else ""
            )
            more = f" and {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""
            yield _off(path, what, f"{name}{reason}{more}", want, remedy)


def check_places(shape: Path) -> Iterator[Finding]:
    """Check .prj, .cpg, .shx and .qix of a .shp against its header."""
    yield from _check_crs(shape)
    encoding = shape.with_suffix(".cpg")
    if encoding.exists():
        said = encoding.read_bytes().decode("ascii", "replace").strip()
        if said.upper() not in _UTF8:
            yield _off(
                encoding,
                "names another encoding",
                repr(said),
                "UTF-8",
                "save the table as UTF-8 and write UTF-8 into the .cpg",
            )
    count = _record_count(shape.with_suffix(".shx"))
    rows = int.from_bytes(_head(shape.with_suffix(".dbf"), 8)[4:8], "little")
    if count is not None and count != rows:
        yield _off(
            shape.with_suffix(".dbf"),
            "has another number of rows than there are shapes",
            str(rows),
            str(count),
            "rows were added or taken out without their shapes; " + EXPORT_AGAIN,
        )
    index = _head(shape.with_suffix(".qix"), 16)
    if count is not None and len(index) == 16 and index[:3] == b"SQT":
        order: Literal["little", "big"] = "big" if index[3] == 2 else "little"
        indexed = int.from_bytes(index[8:12], order)
        if indexed != count:
            yield _off(
                shape.with_suffix(".qix"),
                "is an index of other shapes",
                str(indexed),
                str(count),
                "make the spatial index anew: shapes that it lacks are not drawn",
            )


def _check_crs(shape: Path) -> Iterator[Finding]:
    path = shape.with_suffix(".prj")
    if not path.exists():
        return
    try:
        crs = CRS.from_wkt(path.read_text(encoding="utf-8", errors="replace"))
    except CRSError:
        yield _off(
            path, "names no CRS", "what PROJ cannot read", "WKT as Esri writes it", EXPORT_AGAIN
        )
        return
    box = np.frombuffer(_head(shape, 68)[36:68], "<f8")
    if len(box) < 4 or _record_count(shape.with_suffix(".shx")) == 0:
        return
    degrees = bool(np.all(np.abs(box) <= [180, 90, 180, 90]))
    if crs.is_geographic != degrees:
        got = f"{crs.name} and coordinates from {box[0]:.1f}, {box[1]:.1f} to {box[2]:.1f}, {box[3]:.1f}"
        yield _off(
            path,
            "does not fit the coordinates",
            got,
            "degrees with a geographic CRS only",
            "put the right .prj beside the layer, or " + EXPORT_AGAIN,
        )


def _sum_of(column: pa.Array) -> int:
    """Return a checksum of a WKB column; equal columns have equal offsets and bytes."""
    found = len(column)
    for buffer in column.buffers():
        found = zlib.crc32(buffer, found) if buffer is not None else found + 1
    return found


def _record_count(index: Path) -> int | None:
    return (index.stat().st_size - 100) // 8 if index.exists() else None


def _head(path: Path, size: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as stream:
        return stream.read(size)


def _off(path: Path, what: str, got: str, want: str, remedy: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=remedy)
