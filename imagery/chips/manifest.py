"""The manifest: the rows of all shards joined, when every parcel has been cut."""

from pathlib import Path

import pandas as pd

from imagery.chips.store import (
    MANIFEST_COLUMNS,
    CutRow,
    ShardOrigin,
    describe_row,
    rows_path,
    shard_path,
)
from imagery.chips.tasks import CutPlan
from imagery.errors import InputError
from imagery.files import atomic_path
from imagery.parquet import DamagedTable, read_whole
from imagery.workspace import ChipFiles

USUAL_GROUND = 0.2
"""Median share of ground tint in roofs up to which the tint distinguishes roofs from ground.

Above it the sensor or the roofs are of that tint themselves.
"""


def write_manifest(plan: CutPlan, year: int, folder: Path, *, max_ground: float) -> None:
    """Join the rows of all shards, and remove shards of another plan.

    Args:
        plan: The plan; all its tasks have been cut.
        year: Year of the flyover.
        folder: The `chips/` folder.
        max_ground: Largest share of a roof with the tint of ground.
    """
    parts = [read_rows(folder, number) for number in shard_numbers(plan)]
    if plan.absent or not parts:
        parts.append(describe_absent(plan, year))

    manifest = pd.concat(parts, ignore_index=True).sort_values("parcel_id", ignore_index=True)
    set_aside_ground(manifest, max_ground)
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
        return read_whole(path)
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


def set_aside_ground(manifest: pd.DataFrame, max_ground: float) -> None:
    """Mark the parcels on which no building is seen, unless most roofs have the tint of ground."""
    is_chip = manifest["status"] == "chip"
    if not is_chip.any():
        return

    ground = manifest["ground_share"]
    if ground[is_chip].median() <= USUAL_GROUND:
        no_building = is_chip & (ground > max_ground)
        manifest.loc[no_building, "status"] = "not_assessed"
        manifest.loc[no_building, "reason"] = "no_building_seen"


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
