"""Check a shapefile pack: its parts, the bytes of its table, its places, its zip, and both layers against each other."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pyarrow as pa

from gis_export.formats.shapefile import NO_GEOMETRY, PARTS, POINTS, pack_files
from gis_export.table.fields import Tier, fields_of
from gis_export.verify.addresses import AddressCheck
from gis_export.verify.against_ledger import Known, check_against_ledger
from gis_export.verify.days import DayCheck
from gis_export.verify.dbf import check_dbf, read_dbf
from gis_export.verify.finding import EXPORT_AGAIN, Finding
from gis_export.verify.places import ShapeCheck, check_places
from gis_export.verify.read import read_csv, read_shape
from gis_export.verify.reading import reading
from gis_export.verify.rows import check_rows, keys_of, rows_in

_OTHER_INDEX = ".sbn"  # what ArcGIS makes


@dataclass(kw_only=True, eq=False)
class PackCheck:
    """What the packs of one run are held against."""

    known: Known | None
    """The ledger, None where there is none."""
    checked: set[tuple[int, int]] = field(default_factory=set)
    """Checksums of table and no_geometry.csv that were checked: the same rows in another CRS are read once."""
    geometry: ShapeCheck = field(default_factory=ShapeCheck)
    """Geometry that was checked."""
    days: DayCheck = field(default_factory=DayCheck)
    """Days of the exports."""
    addresses: AddressCheck = field(default_factory=AddressCheck)
    """Addresses of every product."""
    sums: dict[Path, int] = field(default_factory=dict)
    """CRC-32 of files that were read."""

    def sum_of(self, path: Path) -> int:
        """Return the CRC-32 of a file, -1 where there is none."""
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
    mark = run.sum_of(shape.with_suffix(".dbf")), run.sum_of(shape.parent / NO_GEOMETRY)
    table, shapes = read_shape(shape)
    if mark not in run.checked:
        run.checked.add(mark)
        yield from _check_table(shape, table, tier, run)
    yield from check_places(shape)
    yield from run.geometry.shapes(shape, shapes, ids=_ids(table), kind="polygon")
    if points.exists() and points.with_suffix(".dbf").exists():
        yield from check_places(points)
        yield from _check_points(points, shape, (table, shapes), run)
    yield from _check_zip(shape.with_suffix(".zip"), run)


def _check_parts(shape: Path) -> Iterator[Finding]:
    missing = [part for part in PARTS if not shape.with_suffix(part).is_file()]
    if ".qix" in missing and shape.with_suffix(_OTHER_INDEX).exists():
        missing.remove(".qix")
    if missing:
        yield _off(
            shape,
            "lacks parts of its pack",
            f"no {' '.join(missing)}",
            " ".join(PARTS),
            f"copy all files of one name together, or {EXPORT_AGAIN}",
        )


def _check_table(shape: Path, table: pa.Table, tier: Tier, run: PackCheck) -> Iterator[Finding]:
    known, path = run.known, shape.with_suffix(".dbf")
    beside = shape.parent / NO_GEOMETRY
    unplaced = read_csv(beside) if beside.exists() else pa.table({})
    if not beside.exists():
        yield _off(
            beside,
            "is not there",
            "nothing",
            "the parcels without a place",
            f"copy it along, or {EXPORT_AGAIN}",
        )
    if known is not None and _ids(table) is not None:
        yield from check_against_ledger(
            shape,
            pa.concat_tables([table, unplaced], promote_options="default")
            if len(unplaced)
            else table,
            known,
            whole=True,
        )
    with reading(path):
        yield from list(check_dbf(path, read_dbf(path), fields_of(tier)))
    for file, rows in ((shape, table), (beside, unplaced)):
        yield from check_rows(file, rows, dbf=file == shape)
        yield from run.days.check(file, rows, folder=shape.parent, dbf=file == shape)
        run.addresses.add(file, rows, folder=shape.parent)


def _check_points(
    points: Path, shape: Path, parcels: tuple[pa.Table, pa.Array], run: PackCheck
) -> Iterator[Finding]:
    """Hold the light layer against the parcels: the same rows, each point inside its parcel."""
    table, shapes = parcels
    same = run.sum_of(points.with_suffix(".dbf")) == run.sum_of(shape.with_suffix(".dbf"))
    other, places = read_shape(points, columns=not same)
    other = table if same else other
    yield from run.geometry.shapes(points, places, ids=_ids(other), kind="point")
    if not same:
        yield _off(
            points.with_suffix(".dbf"),
            "holds other rows than the parcels",
            f"{len(other)} rows",
            f"the {len(table)} rows of {shape.stem}.dbf",
            "edit both layers alike",
        )
    ids, other_ids = _ids(table), _ids(other)
    if ids is None or other_ids is None:
        return
    rows = np.arange(len(table)) if same else rows_in(keys_of(other_ids), keys_of(ids))
    found = np.flatnonzero(
        (rows >= 0) & (rows < len(shapes)) & (np.arange(len(rows)) < len(places))
    )
    if len(found) == len(shapes) == len(places) and same:
        outside = run.geometry.outside(places, shapes)
    else:
        outside = found[
            run.geometry.outside(places.take(pa.array(found)), shapes.take(pa.array(rows[found])))
        ]
    if len(outside):
        more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        got = f"{other_ids[int(outside[0])].as_py()!r} outside{more}"
        yield _off(
            points,
            "has points outside their parcels",
            got,
            "each inside its parcel",
            "a table was sorted without its shapes, or shapes were moved; " + EXPORT_AGAIN,
        )


def _check_zip(path: Path, run: PackCheck) -> Iterator[Finding]:
    if not path.exists():
        yield _off(path, "is not there", "nothing", "the zipped pack", EXPORT_AGAIN)
        return
    with reading(path), ZipFile(path) as archive:
        inside = {entry.filename: entry.CRC for entry in archive.infolist()}
    for file in pack_files(path.parent, path.stem):
        if file.exists() and inside.get(file.name) != run.sum_of(file):
            got = "other bytes" if file.name in inside else "nothing"
            yield _off(
                path,
                f"does not hold {file.name} as it lies beside it",
                got,
                "the same bytes",
                "zip the pack again, or " + EXPORT_AGAIN,
            )


def _ids(table: pa.Table) -> pa.ChunkedArray | None:
    return table["PARCEL_ID"] if "PARCEL_ID" in table.column_names else None


def _crc32(path: Path) -> int:
    found = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            found = zlib.crc32(block, found)
    return found


def _off(path: Path, what: str, got: str, want: str, remedy: str) -> Finding:
    return Finding(path=path, what=what, got=got, want=want, remedy=remedy)
