"""Write every product of a year: all of them, checked, or none."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
from filelock import FileLock, Timeout

from gis_export.data_tier import write_data
from gis_export.dispatch import Dispatch, build_dispatch, mark_delivered, read_state, write_dispatch
from gis_export.fields import Tier
from gis_export.fire_map.folder import write_fire_map
from gis_export.geopackage import write_geopackage
from gis_export.inputs import ExportInputs, ExportSettings
from gis_export.rows import build_rows
from gis_export.shapefile import write_shapefile
from gis_export.verify import verify_products
from gis_export.worklist import write_worklist
from imagery.errors import InputError
from imagery.files import atomic_folder

__all__ = ["ExportInputs", "ExportSettings", "export_products"]

FOLDERS = ("fire", "housing", "data")


def export_products(inputs: ExportInputs, out: Path, settings: ExportSettings, *, delivered: Path, progress: Callable[[str], None] | None = None) -> list[Path]:
    """Write fire/, housing/ and data/ into the year's folder.

    Everything is written beside its place and verified first; a run that fails leaves the last good products.

    Args:
        inputs: Roll, ledger and imagery.
        out: The year's folder.
        settings: The city's choices.
        delivered: Folder that remembers what dispatch holds.
        progress: Called with the name of each step as it begins.

    Returns:
        Every file written, sorted.

    Raises:
        Unbalanced: roll and ledger do not hold the same parcels.
        TierLeak: a product carries a field of another tier.
        BadProduct: a product does not say what the ledger says.
    """
    tell = progress or _silent
    out.mkdir(parents=True, exist_ok=True)
    tell("rows")
    rows = build_rows(inputs, settings)
    dispatch = build_dispatch(rows, read_state(delivered), settings)
    with _alone(out), _staging(out / ".export") as staging:
        _write_fire(rows, dispatch, staging / "fire", inputs, settings, tell=tell)
        _write_housing(rows, staging / "housing", inputs, tell=tell)
        tell("data")
        write_data(rows, staging / "data")
        tell("verify")
        verify_products(staging, inputs.ledger, inputs.roll)
        for folder in FOLDERS:
            _put(staging / folder, out / folder)
    mark_delivered(dispatch, delivered, run_id=inputs.run_id)
    return sorted(path for folder in FOLDERS for path in (out / folder).rglob("*") if path.is_file())


def _write_fire(rows: gpd.GeoDataFrame, dispatch: Dispatch, folder: Path, inputs: ExportInputs, settings: ExportSettings, *, tell: Callable[[str], None]) -> None:
    title = f"{inputs.city} {inputs.year}, vacant roofs for the fire department"
    tell("fire layers")
    write_shapefile(rows, folder, name="fire", tier=Tier.RESPONDER, title=title)
    write_geopackage(rows, folder / "fire.gpkg", tier=Tier.RESPONDER, title=title)
    tell("dispatch")
    write_dispatch(dispatch, folder)
    tell("fire map")
    write_fire_map(rows, folder / "fire_map", inputs, settings)


def _write_housing(rows: gpd.GeoDataFrame, folder: Path, inputs: ExportInputs, *, tell: Callable[[str], None]) -> None:
    title = f"{inputs.city} {inputs.year}, vacant roofs for the housing department"
    tell("housing layers")
    write_shapefile(rows, folder, name="housing", tier=Tier.HOUSING, title=title)
    write_geopackage(rows, folder / "housing.gpkg", tier=Tier.HOUSING, title=title)
    tell("work list")
    write_worklist(rows, folder / "worklist.csv")


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let no second export of the year begin."""
    lock = FileLock(out / ".export.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(f"export: another export is writing {out}; wait until it has ended") from error
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Yield an empty folder of folders, and take it away again; what a killed run left there goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(finished: Path, target: Path) -> None:
    """Swap a finished folder into its place in one rename."""
    with atomic_folder(target) as temporary:
        for child in finished.iterdir():
            child.rename(temporary / child.name)


def _silent(step: str) -> None:
    """Say nothing."""
