"""The manifest: the rows of all shards joined, when every parcel has been cut."""

from pathlib import Path

import numpy as np
import pandas as pd

from imagery.chips.bare_lots import BARE_NOTES, NO_BUILDING, note_bare_lots
from imagery.chips.shards import CutRow, ShardOrigin, describe_row
from imagery.chips.store import MANIFEST_COLUMNS, rows_path, shard_path
from imagery.chips.tasks import CutPlan
from imagery.errors import InputError
from imagery.files import atomic_path
from imagery.parquet import DamagedTable, read_whole
from imagery.workspace import ChipFiles


def write_manifest(plan: CutPlan, year: int, folder: Path, *, max_ground: float) -> None:
    """Join the rows of all shards, and remove shards of another plan.

    Args:
        plan: The plan; all its tasks have been cut.
        year: Year of the flyover.
        folder: The `chips/` folder.
        max_ground: Share of ground tint that suggests a lot without a building.
    """
    parts = [read_rows(folder, number) for number in shard_numbers(plan)]
    if plan.absent or not parts:
        parts.append(describe_absent(plan, year))

    manifest = pd.concat(parts, ignore_index=True).sort_values("parcel_id", ignore_index=True)
    manifest = set_aside_bare(manifest, None, max_ground)
    with atomic_path(ChipFiles(folder=folder).manifest) as temporary:
        manifest.to_parquet(temporary, index=False)

    remove_other_shards(plan, folder)


def read_rows(folder: Path, shard: int) -> pd.DataFrame:
    """Read the rows of a shard.

    Raises:
        InputError: they are damaged; then they are removed, so that the next run cuts them again.
    """
    path = rows_path(folder, shard)
    try:
        return read_whole(path)[list(MANIFEST_COLUMNS)]
    except DamagedTable as error:
        path.unlink()
        raise InputError(f"{error}; start the same command again, which cuts it again") from error


def describe_absent(plan: CutPlan, year: int) -> pd.DataFrame:
    """Return the rows of the parcels without work."""
    origin = ShardOrigin(year=year, decoder=plan.decoder)
    records = []
    for parcel_id, reason in plan.absent:
        row = CutRow(parcel_id=parcel_id, chip=None, quality=None, reason=reason, tiles="")
        records.append(describe_row(row, origin))
    return pd.DataFrame(records, columns=list(MANIFEST_COLUMNS))


def set_aside_bare(
    manifest: pd.DataFrame, before: pd.DataFrame | None, max_ground: float
) -> pd.DataFrame:
    """Return the manifest with the lots marked on which no building is seen.

    The same manifest may be marked again, such as when the flyover before has been cut.

    Args:
        manifest: The manifest, marked or not.
        before: That of the flyover before; None for none.
        max_ground: Share of ground tint that counts.
    """
    notes = note_bare_lots(manifest, before, max_ground).to_numpy()
    is_bare = np.isin(notes, BARE_NOTES)
    was_bare = (manifest["reason"] == NO_BUILDING).to_numpy()
    is_chip = (manifest["status"] == "chip").to_numpy() | was_bare

    marked = manifest.copy()
    marked["note"] = np.where(is_chip, notes, "")
    marked.loc[is_chip, "status"] = np.where(is_bare[is_chip], "not_assessed", "chip")
    marked.loc[is_chip, "reason"] = np.where(is_bare[is_chip], NO_BUILDING, "")
    return marked


def compare_with_before(folder: Path, before: Path, *, max_ground: float) -> bool:
    """Mark lots without a building again, now that the flyover before is known.

    Args:
        folder: The `chips/` folder of the year.
        before: That of the flyover before.
        max_ground: Share of ground tint that counts.

    Returns:
        Whether the manifest was written again.
    """
    path = ChipFiles(folder=folder).manifest
    manifest = read_whole(path)
    earlier = read_whole(ChipFiles(folder=before).manifest)
    if "photo_gsd_m" not in earlier:
        return False

    marked = set_aside_bare(manifest, earlier, max_ground)
    names = ["status", "reason", "note"]
    if (marked[names].to_numpy() == manifest[names].to_numpy()).all():
        return False

    with atomic_path(path) as temporary:
        marked.to_parquet(temporary, index=False)
    return True


def shard_numbers(plan: CutPlan) -> list[int]:
    """Return the numbers of all shards of a plan."""
    return [task.number for task in plan.tasks if task.parcels]


def shard_names(plan: CutPlan, folder: Path) -> list[str]:
    """Return the file names of all shards of a plan."""
    names = []
    for number in shard_numbers(plan):
        names += [shard_path(folder, number).name, rows_path(folder, number).name]
    return names


def remove_other_shards(plan: CutPlan, folder: Path) -> None:
    """Remove shards of another plan, and what workers left that were killed while writing."""
    ours = set(shard_names(plan, folder))
    for path in (*folder.glob("shard_*"), *folder.glob(".*.shard_*")):
        if path.name not in ours:
            path.unlink()
