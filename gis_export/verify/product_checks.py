"""Check the products that were found in a folder, each in the way of its format."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from gis_export.formats.geopackage import CENTROIDS, ROOFS
from gis_export.formats.shapefile import NO_GEOMETRY, POINTS
from gis_export.table import columns
from gis_export.table.fields import Tier
from gis_export.verify.against_ledger import check_against_ledger
from gis_export.verify.finding import Finding
from gis_export.verify.known import Known
from gis_export.verify.pack import PackCheck, check_pack
from gis_export.verify.product_files import OTHER_DAYS, find_ledger
from gis_export.verify.reach_list import check_reach_list
from gis_export.verify.read import layer_names, read_csv, read_layer, read_page, read_parquet
from gis_export.verify.reading import Unreadable
from gis_export.verify.row_rules import check_rows
from gis_export.verify.tiers import check_tier, tier_audience
from imagery.errors import Unbalanced
from inference.ledger import Ledger, with_notes

WHOLE = ("worklist.csv", "match_report.csv", "scores.csv", "scores.parquet")
"""Tables that hold every vacant parcel."""


def check_products(
    folder: Path, products: list[Path], ledger: Ledger | None, distrusted: Collection[Path]
) -> Iterator[Finding]:
    """Yield tier leaks first, then whatever else is wrong.

    Args:
        folder: The folder that is checked.
        products: Its files with rows.
        ledger: What to compare them with; None takes the ledger near each product.
        distrusted: Ledgers that are not compared with anything.
    """
    for path in products:
        yield from check_tier(path, folder)

    given = Known(ledger=ledger) if ledger is not None else None
    runs: dict[Path | None, PackCheck] = {}
    for path in products:
        near = find_ledger(path.parent) if given is None else None
        try:
            if near not in runs:
                trusted = None if near in distrusted else near
                runs[near] = PackCheck(known=given or _read_known(trusted))
            yield from _check_product(path, folder, runs[near])
        except Unreadable as error:
            yield error.finding

    # Products are compared with each other last: only then all of them have been read.
    for run in runs.values():
        yield from run.addresses.findings()
        yield from run.persons.findings()


def _check_product(path: Path, root: Path, run: PackCheck) -> Iterator[Finding]:
    kind = path.suffix.lower()
    if kind == ".shp" and not path.stem.endswith(POINTS):
        tier = tier_audience(path, root).tier or Tier.DATA
        yield from check_pack(path, tier, run)
    elif kind == ".gpkg":
        yield from _check_geopackage(path, run)
    elif kind == ".parquet":
        yield from _check_parquet(path, run)
    elif kind in (".csv", ".tsv"):
        # The list of rows without geometry is checked with its pack.
        if path.name != NO_GEOMETRY and path.name not in OTHER_DAYS:
            yield from _check_table(path, read_csv(path), run, whole=path.name in WHOLE)
    elif kind in (".js", ".json"):
        yield from _check_table(path, read_page(path), run, whole=True)


def _check_geopackage(path: Path, run: PackCheck) -> Iterator[Finding]:
    """Check every layer with rows of parcels; the two main ones hold each parcel once."""
    for layer in layer_names(path):
        is_whole = layer in (ROOFS, CENTROIDS)
        read = read_layer(path, layer, shapes=layer == ROOFS)
        yield from _check_table(path / layer, read.table, run, whole=is_whole, folder=path.parent)
        shapes = read.shapes.drop_null()
        yield from run.geometry.shapes(path / layer, shapes, ids=None, kind="polygon")


def _check_parquet(path: Path, run: PackCheck) -> Iterator[Finding]:
    read = read_parquet(path)
    yield from _check_table(path, read.table, run, whole=path.name in WHOLE)
    yield from run.geometry.shapes(path, read.shapes.drop_null(), ids=None, kind="polygon")


def _check_table(
    path: Path, table: pa.Table, run: PackCheck, *, whole: bool, folder: Path | None = None
) -> Iterator[Finding]:
    """Check a table with rows of parcels; a table without them is passed over.

    Args:
        path: What a finding names.
        table: The rows under short names.
        run: The run.
        whole: Whether the table must hold every vacant parcel once.
        folder: Where the file is, if not beside `path`.
    """
    if columns.PARCEL_ID not in table.column_names:
        return

    home = folder or path.parent
    left_out = run.left_out.of(path, home)
    yield from run.left_out.check_product(path, table, home)
    yield from check_reach_list(path, table, run.known)
    if run.known is not None:
        yield from check_against_ledger(path, table, run.known, whole=whole, left_out=left_out)
    yield from check_rows(path, table, dbf=False, once=whole)
    yield from run.days.check(path, table, folder=home, dbf=False)
    run.addresses.add(path, table, folder=home)
    run.persons.add(path, table, folder=home)


def _read_known(path: Path | None) -> Known | None:
    """Return the ledger in a file, None when there is none.

    Raises:
        Unreadable: it is not a ledger.
    """
    if path is None:
        return None

    try:
        table = with_notes(pd.read_parquet(path))
        year = int(table["year"].iloc[0]) if len(table) else 0
        return Known(ledger=Ledger(year=year, table=table))
    except (OSError, ValueError, KeyError, Unbalanced) as error:
        finding = Finding(
            path=path,
            what="is not a complete ledger",
            got=str(error).splitlines()[0],
            want="the ledger that score wrote",
            remedy="score the year again",
        )
        raise Unreadable(finding) from error
