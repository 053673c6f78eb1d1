"""report/manifest.json: the sha256 of every file of a year."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from imagery.files import atomic_path, sha256_file
from imagery.workspace import YearFiles


def write_manifest(folder: Path) -> None:
    """Write the checksums of a year's files.

    Chips are left out, which have checksums of their own, and so are packets that people asked
    for one by one.

    Args:
        folder: The year's folder, exported.
    """
    files = YearFiles(folder=folder)
    paths = sorted(_find_files(files))
    sums = {str(path.relative_to(folder)): sha256_file(path) for path in paths}
    with atomic_path(files.report.manifest) as temporary:
        temporary.write_text(json.dumps(sums, indent=2), encoding="utf-8")


def _find_files(files: YearFiles) -> Iterator[Path]:
    """Yield every file that the manifest lists."""
    left_out = {files.chips.folder, files.evidence}
    for root, folders, names in os.walk(files.folder):
        here = Path(root)
        folders[:] = [name for name in folders if here / name not in left_out]
        for name in names:
            if not name.startswith(".") and name != files.report.manifest.name:
                yield here / name
