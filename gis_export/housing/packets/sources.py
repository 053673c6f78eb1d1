"""What every evidence packet of a run is made from."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class PacketSources:
    """The rows of an export, and what is known beside them."""

    rows: gpd.GeoDataFrame
    """What `build_rows` returned, all of them: a file name must differ from those of all others."""
    inputs: ExportInputs
    """Ledgers, chips, looks and tiles of all years."""
    settings: ExportSettings
    """The city's choices."""
    pictures: Path | None = None
    """Folder of pictures that explain scores, such as <year>/explain; None for none."""
