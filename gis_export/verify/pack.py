"""Check a shapefile pack: its parts, the bytes of its table, its shapes, its points, its zip."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gis_export.formats.shapefile import NO_GEOMETRY, PARTS, POINTS, pack_files
from gis_export.table import columns
from gis_export.table.fields import Tier, fields_of
from gis_export.verify.addresses import AddressCheck
from gis_export.verify.against_ledger import check_against_ledger
from gis_export.verify.days import DayCheck
from gis_export.verify.dbf import read_dbf
from gis_export.verify.dbf_rules import check_dbf
from gis_export.verify.finding import EXPORT_AGAIN, Finding, and_more
from gis_export.verify.known import Known
from gis_export.verify.left_out import LeftOutCheck
from gis_export.verify.persons import PersonCheck
from gis_export.verify.places import ShapeCheck, check_places
from gis_export.verify.read import Layer, read_csv, read_shape
from gis_export.verify.reading import reading
from gis_export.verify.row_rules import check_rows
from gis_export.verify.rows import keys_of, rows_in

# ArcGIS writes its own spatial index.
_OTHER_INDEX = ".sbn"
_BLOCK_BYTES = 1 << 20


@dataclass(kw_only=True, eq=False)
class PackCheck:
    """What the products of one run are compared with, and what was checked of them."""

    known: Known | None
    """The ledger, None when there is none."""
    checked: set[tuple[int, int]] = field(default_factory=set)
    """Checksums of table and no_geometry.csv: the same rows in another CRS are read once."""
    geometry: ShapeCheck = field(default_factory=ShapeCheck)
    """Geometry that was checked."""
    days: DayCheck = field(default_factory=DayCheck)
    """Days of the exports."""
    addresses: AddressCheck = field(default_factory=AddressCheck)
    """Addresses of every product."""
    persons: PersonCheck = field(default_factory=PersonCheck)
    """What every product says that people saw."""
    left_out: LeftOutCheck = field(default_factory=LeftOutCheck)
    """Buildings that map and list leave out."""
    sums: dict[Path, int] = field(default_factory=dict)
    """CRC-32 of files that were read."""

    def sum_of(self, path: Path) -> int:
        """Return the CRC-32 of a file, -1 when there is none."""
        if path not in self.sums:
            self.sums[path] = _crc32(path) if path.exists() else -1
        return self.sums[path]


def check_pack(shape: Path, tier: Tier, run: PackCheck) -> Iterator[Finding]:
    """Check the pack whose parcels are `shape`, with the fields of `tier`."""
    points = shape.with_name(f"{shape.stem}{POINTS}.shp")
    yield from _check_parts(shape)
    yield from _check_parts(points)
    if not shape.with_suffix(".dbf").exists():
        return

    parcels = read_shape(shape)
    table_sum = run.sum_of(shape.with_suffix(".dbf"))
    unplaced_sum = run.sum_of(shape.parent / NO_GEOMETRY)
    if (table_sum, unplaced_sum) not in run.checked:
        run.checked.add((table_sum, unplaced_sum))
        yield from _check_tables(shape, parcels.table, tier, run)

    yield from check_places(shape)
    ids = _ids(parcels.table)
    yield from run.geometry.shapes(shape, parcels.shapes, ids=ids, kind="polygon")

    if points.exists() and points.with_suffix(".dbf").exists():
        yield from check_places(points)
        yield from _check_points(points, shape, parcels, run)
    yield from _check_zip(shape.with_suffix(".zip"), run)


def _check_parts(shape: Path) -> Iterator[Finding]:
    missing = [part for part in PARTS if not shape.with_suffix(part).is_file()]
    if ".qix" in missing and shape.with_suffix(_OTHER_INDEX).exists():
        missing.remove(".qix")

    if missing:
        yield Finding(
            path=shape,
            what="lacks parts of its pack",
            got=f"no {' '.join(missing)}",
            want=" ".join(PARTS),
            remedy=f"copy all files of one name together, or {EXPORT_AGAIN}",
        )


def _check_tables(shape: Path, table: pa.Table, tier: Tier, run: PackCheck) -> Iterator[Finding]:
    """Check the table of the parcels, and the list of those without geometry beside it."""
    beside = shape.parent / NO_GEOMETRY
    unplaced = pa.table({})
    if beside.exists():
        unplaced = read_csv(beside)
    else:
        yield Finding(
            path=beside,
            what="is missing",
            got="nothing",
            want="the parcels without geometry",
            remedy=f"copy it along, or {EXPORT_AGAIN}",
        )

    every = table
    if len(unplaced):
        every = pa.concat_tables([table, unplaced], promote_options="default")
    if run.known is not None and _ids(table) is not None:
        yield from check_against_ledger(shape, every, run.known, whole=True)
    yield from run.left_out.check_layer(shape, every)

    # The table is read inside `reading`, and findings leave it only when all of it was read.
    with reading(shape.with_suffix(".dbf")):
        dbf = read_dbf(shape.with_suffix(".dbf"))
        findings = list(check_dbf(shape.with_suffix(".dbf"), dbf, fields_of(tier)))
    yield from findings

    for path, rows in ((shape, table), (beside, unplaced)):
        is_dbf = path == shape
        yield from check_rows(path, rows, dbf=is_dbf)
        yield from run.days.check(path, rows, folder=shape.parent, dbf=is_dbf)
        run.addresses.add(path, rows, folder=shape.parent)
        run.persons.add(path, rows, folder=shape.parent)


def _check_points(points: Path, shape: Path, parcels: Layer, run: PackCheck) -> Iterator[Finding]:
    """Compare the layer of points with the parcels: the same rows, each point in its parcel."""
    table = points.with_suffix(".dbf")
    is_same = run.sum_of(table) == run.sum_of(shape.with_suffix(".dbf"))
    light = read_shape(points, with_table=not is_same)
    if is_same:
        light = Layer(table=parcels.table, shapes=light.shapes)
    yield from run.geometry.shapes(points, light.shapes, ids=_ids(light.table), kind="point")

    if not is_same:
        yield Finding(
            path=table,
            what="holds other rows than the parcels",
            got=f"{len(light.table)} rows",
            want=f"the {len(parcels.table)} rows of {shape.stem}.dbf",
            remedy="edit both layers alike",
        )

    ids = _ids(light.table)
    outside = _find_outside(light, parcels, run.geometry)
    if ids is not None and len(outside):
        first = ids[int(outside[0])].as_py()
        yield Finding(
            path=points,
            what="has points outside their parcels",
            got=f"{first!r} outside{and_more(len(outside) - 1)}",
            want="each inside its parcel",
            remedy="a table was sorted without its shapes, or shapes were moved; " + EXPORT_AGAIN,
        )


def _find_outside(points: Layer, parcels: Layer, geometry: ShapeCheck) -> NDArray[np.intp]:
    """Return the rows of points that are not inside the parcel of the same id."""
    ids = _ids(parcels.table)
    point_ids = _ids(points.table)
    if ids is None or point_ids is None:
        return np.empty(0, np.intp)

    # Mostly both layers have the same rows: then nothing is looked up or copied.
    is_same = points.table is parcels.table
    if is_same and len(points.shapes) == len(parcels.shapes) == len(ids):
        return geometry.outside(points.shapes, parcels.shapes)

    rows = np.arange(len(ids)) if is_same else rows_in(keys_of(point_ids), keys_of(ids))
    has_parcel = (rows >= 0) & (rows < len(parcels.shapes))
    has_point = np.arange(len(rows)) < len(points.shapes)
    found = np.flatnonzero(has_parcel & has_point)

    point_shapes = points.shapes.take(pa.array(found))
    parcel_shapes = parcels.shapes.take(pa.array(rows[found]))
    return found[geometry.outside(point_shapes, parcel_shapes)]


def _check_zip(path: Path, run: PackCheck) -> Iterator[Finding]:
    if not path.exists():
        yield Finding(
            path=path, what="is missing", got="nothing", want="the zipped pack", remedy=EXPORT_AGAIN
        )
        return

    with reading(path), ZipFile(path) as archive:
        sums = {entry.filename: entry.CRC for entry in archive.infolist()}

    for file in pack_files(path.parent, path.stem):
        if file.exists() and sums.get(file.name) != run.sum_of(file):
            yield Finding(
                path=path,
                what=f"does not hold the same {file.name} as its folder",
                got="other bytes" if file.name in sums else "nothing",
                want="the same bytes",
                remedy="zip the pack again, or " + EXPORT_AGAIN,
            )


def _ids(table: pa.Table) -> pa.ChunkedArray | None:
    return table[columns.PARCEL_ID] if columns.PARCEL_ID in table.column_names else None


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            checksum = zlib.crc32(block, checksum)
    return checksum
