"""report/manifest.json: the sha256 of every file of a year, and the balance of its roll."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from imagery.files import atomic_path, sha256_file
from imagery.roll.row_balance import RollBalance
from imagery.workspace import YearFiles

BALANCE = "roll_balance"
"""Key of the manifest that is no file."""


SOURCES = "sources"
"""Key of the manifest that tells day and checksum of the snapshots of services."""


def write_manifest(
    folder: Path,
    balance: RollBalance | None,
    snapshots: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write the checksums of a year's files, and where every row of the vacancy file went.

    Chips are left out, which have checksums of their own, and so are parcels without a notice,
    which are sealed, packets that people asked for one by one, lists after storms, the list of
    roofs to look at, which people fill in, and the page of the planner, which `plan` writes again.

    Args:
        folder: The year's folder, exported.
        balance: The balance of the roll; None for a roll that is no file's.
        snapshots: Address, day and checksum of each layer that is a service, by its section.
    """
    files = YearFiles(folder=folder)
    paths = sorted(_find_files(files))
    facts: dict[str, object] = {BALANCE: asdict(balance) if balance else None}
    if snapshots:
        facts[SOURCES] = snapshots
    for path in paths:
        facts[str(path.relative_to(folder))] = sha256_file(path)
    with atomic_path(files.report.manifest) as temporary:
        temporary.write_text(json.dumps(facts, indent=2), encoding="utf-8")


def _find_files(files: YearFiles) -> Iterator[Path]:
    """Yield every file that the manifest lists."""
    left_out = {files.chips.folder, files.reach.folder, files.evidence, files.storm}
    report = files.report
    manifest = report.manifest.name
    unlisted = {manifest, f"{manifest}.sig", report.looks.name, report.plan.name}
    for root, folders, names in os.walk(files.folder):
        here = Path(root)
        folders[:] = [name for name in folders if here / name not in left_out]
        for name in names:
            if not name.startswith(".") and name not in unlisted:
                yield here / name
