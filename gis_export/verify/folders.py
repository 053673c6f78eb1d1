"""Check finished products: those of a run before they take their place, and any pack that somebody has had in hand.

`verify_folder` reads a folder as a stranger would: it trusts no file name but those of the folders, and needs neither city
file nor settings. A ledger beside or above the folder is used when it is there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from gis_export.fire.dispatch.delivery import DELIVERIES, VENDOR_FILES
from gis_export.fire.dispatch.state import LOG_FILE, STATE_FILE
from gis_export.formats.geopackage import CENTROIDS, ROOFS
from gis_export.formats.shapefile import NO_GEOMETRY, POINTS
from gis_export.table.fields import Tier
from gis_export.verify.against_ledger import Known, check_against_ledger
from gis_export.verify.finding import LEAK, Finding
from gis_export.verify.names import TABLES, VECTOR
from gis_export.verify.pack import PackCheck, check_pack
from gis_export.verify.read import layer_names, read_csv, read_layer, read_page, read_parquet
from gis_export.verify.reading import Unreadable
from gis_export.verify.rows import check_rows
from gis_export.verify.sums import MANIFEST, SUMS, check_sums, has_sums
from gis_export.verify.tiers import check_tier, tier_audience
from imagery.errors import MissingInput, RoofwatchError, Unbalanced
from imagery.roll.parcels import VacantRoll
from inference.ledger import Ledger

__all__ = ["BadProduct", "Finding", "TierLeak", "verify_folder", "verify_notes", "verify_products"]

LEDGER = "ledger.parquet"
WHOLE = ("worklist.csv", "match_report.csv", "scores.csv", "scores.parquet")
"""Tables that hold every vacant."""
_NOT_PRODUCTS = frozenset({"chips", "report", "explain", "model", "mlruns", "vendor", DELIVERIES})
_OTHER_DAYS = frozenset({STATE_FILE, LOG_FILE})
"""Tables whose rows are of other days: only their fields are checked."""
_UP = 3  # fire/epsg_4326 lies two folders below the year


class TierLeak(RoofwatchError):
    """A product carries a field of a tier that may not read it."""


class BadProduct(RoofwatchError, RuntimeError):
    """A product does not say what the ledger says."""


def verify_folder(folder: Path, ledger: Ledger | None = None) -> list[Finding]:
    """Check every product under a folder: ours, or one that was edited by hand.

    Args:
        folder: A pack, a tier's folder, a year's folder, or a workspace.
        ledger: What to hold it against; None takes the ledger.parquet in the folder or up to two folders above.

    Returns:
        What is wrong, tier leaks first; nothing for a clean export.

    Raises:
        MissingInput: no such folder, or no product in it.
    """
    if not folder.is_dir():
        raise MissingInput(f"verify: no folder at {folder}; give the folder of a pack")
    products = _products(folder)
    if not products:
        raise MissingInput(
            f"verify: no shapefile, GeoPackage or table under {folder}; give the folder of a pack"
        )
    return [*_check(folder, products, ledger), *check_sums(folder, _homes(folder))]


def verify_notes(folder: Path) -> list[str]:
    """Say what `verify_folder` could not look at in a folder; nothing of it is wrong."""
    homes = [home.resolve() for home in _homes(folder)]
    products = [
        path
        for path in _products(folder)
        if path.name not in _OTHER_DAYS and path.stem != Path(LEDGER).stem
    ]
    bare = [
        path for path in products if not any(path.resolve().is_relative_to(home) for home in homes)
    ]
    if not bare:
        return []
    which = (
        ""
        if len(bare) == len(products)
        else f" of {len(bare)} of {len(products)} products, such as {bare[0]}"
    )
    return [
        f"{folder}: checksums{which} were not looked at: there is neither {SUMS} nor {MANIFEST}, so a changed file is found only where its contents are off"
    ]


def verify_products(out: Path, ledger: Ledger, roll: VacantRoll) -> None:
    """Check every product that an export has just written under `out`.

    Raises:
        TierLeak: a field of one tier stands in a product of another.
        BadProduct: fields, widths, counts, words or scores are off.
    """
    products = _products(out)
    expected = [
        out / tier / f"{tier}{suffix}"
        for tier in ("fire", "housing")
        for suffix in (".shp", ".gpkg")
    ]
    missing = [path for path in expected if path not in products]
    if missing:
        raise BadProduct(
            f"{missing[0]} was not written; nothing was delivered, the last good products stand"
        )
    for finding in _check(out, products, ledger):
        if finding.what == LEAK:
            raise TierLeak(str(finding))
        raise BadProduct(f"{finding}; nothing was delivered, the last good products stand")


def _products(folder: Path) -> list[Path]:
    """Return every file that may hold rows, sorted; chips, reports and hidden files are none.

    Nor are a vendor's files: their names and encoding are its own, such as a column Priority, and what stands in them is
    what `dispatch_*.csv` says.
    """
    found = []
    for root, names in _walk(folder):
        found += [
            root / name
            for name in names
            if Path(name).suffix.lower() in VECTOR | TABLES
            and not name.startswith(".")
            and name not in VENDOR_FILES
        ]
    return sorted(
        path
        for path in found
        if not (path.suffix.lower() == ".dbf" and path.with_suffix(".shp").exists())
    )


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders that may hold products, and the names of their files."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name not in _NOT_PRODUCTS and not name.startswith(".")
        )
        yield Path(root), names


def _check(folder: Path, products: list[Path], ledger: Ledger | None) -> Iterator[Finding]:
    """Yield tier leaks first, then whatever else is wrong."""
    for path in products:
        yield from check_tier(path, folder)
    given = Known(ledger=ledger) if ledger is not None else None
    runs: dict[Path | None, PackCheck] = {}
    for path in products:
        where = None if given is not None else _ledger_near(path.parent)
        try:
            if where not in runs:
                runs[where] = PackCheck(known=given or _read_known(where))
            yield from _check_rows_of(path, folder, runs[where])
        except Unreadable as error:
            yield error.finding
    for run in runs.values():
        yield from run.addresses.findings()


def _check_rows_of(path: Path, root: Path, run: PackCheck) -> Iterator[Finding]:
    kind = path.suffix.lower()
    if kind == ".shp" and not path.stem.endswith(POINTS):
        yield from check_pack(path, tier_audience(path, root).tier or Tier.DATA, run)
    elif kind == ".gpkg":
        yield from _check_geopackage(path, run)
    elif kind == ".parquet":
        table, shapes = read_parquet(path)
        yield from _check_table(path, table, run)
        yield from run.geometry.shapes(path, shapes.drop_null(), ids=None, kind="polygon")
    elif kind in (".csv", ".tsv") and path.name != NO_GEOMETRY and path.name not in _OTHER_DAYS:
        yield from _check_table(path, read_csv(path), run)
    elif kind in (".js", ".json"):
        yield from _check_table(path, read_page(path), run, whole=True)


def _check_geopackage(path: Path, run: PackCheck) -> Iterator[Finding]:
    """Check every layer with rows of parcels; the two main ones hold each parcel once."""
    for layer in layer_names(path):
        whole = layer in (ROOFS, CENTROIDS)
        table, shapes = read_layer(path, layer, shapes=layer == ROOFS)
        named = path / layer
        yield from _check_table(named, table, run, whole=whole, folder=path.parent)
        yield from run.geometry.shapes(named, shapes.drop_null(), ids=None, kind="polygon")


def _check_table(
    path: Path,
    table: pa.Table,
    run: PackCheck,
    *,
    whole: bool | None = None,
    folder: Path | None = None,
) -> Iterator[Finding]:
    """Check a table with rows of parcels; one without them is passed over. `folder` is where its file lies, if not beside `path`."""
    if "PARCEL_ID" not in table.column_names:
        return
    once = path.name in WHOLE if whole is None else whole
    if run.known is not None:
        yield from check_against_ledger(path, table, run.known, whole=once)
    yield from check_rows(path, table, dbf=False, once=once)
    yield from run.days.check(path, table, folder=folder or path.parent, dbf=False)
    run.addresses.add(path, table, folder=folder or path.parent)


def _read_known(path: Path | None) -> Known | None:
    if path is None:
        return None
    try:
        table = pd.read_parquet(path)
        return Known(
            ledger=Ledger(year=int(table["year"].iloc[0]) if len(table) else 0, table=table)
        )
    except (OSError, ValueError, KeyError, Unbalanced) as error:
        said = str(error).splitlines()[0]
        raise Unreadable(
            Finding(
                path=path,
                what="is no whole ledger",
                got=said,
                want="the ledger that score left",
                remedy="score the year again",
            )
        ) from error


def _ledger_near(folder: Path) -> Path | None:
    """Return the ledger beside a product or in the folders above it."""
    near = folder.resolve()
    return next(
        (
            place / LEDGER
            for place in (near, *near.parents[: _UP - 1])
            if (place / LEDGER).is_file()
        ),
        None,
    )


def _homes(folder: Path) -> list[Path]:
    """Return the folders in and above `folder` that hold checksums."""
    above = folder.resolve().parents[: _UP - 1]
    return [place for place in (*(root for root, _ in _walk(folder)), *above) if has_sums(place)]
