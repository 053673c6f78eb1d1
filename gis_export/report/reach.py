"""report/reach.json: counts of the parcels without a notice, and what visits say of their list."""

import json
from pathlib import Path

from gis_export.housing.reach.figures import count_reach
from gis_export.table.reach_inputs import ReachInputs
from imagery.files import atomic_path


def write_reach_figures(reach: ReachInputs | None, path: Path) -> None:
    """Write the figures; where [reach] is off or was not scored, remove those of before."""
    if reach is None:
        path.unlink(missing_ok=True)
        return
    text = json.dumps(count_reach(reach).facts, indent=2, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
