"""The vacant roll as it was when a year was scored: the city's files hold only that of today."""

import geopandas as gpd
import pyarrow as pa

from gis_export.table.inputs import KEPT_ROLL
from imagery.errors import InputError
from imagery.files import atomic_path
from roofwatch.year import CityYear


def keep_roll(year: CityYear) -> None:
    """Keep keys, addresses, districts and outlines of the roll that a year was scored with."""
    path = year.files.report.roll
    with atomic_path(path) as temporary:
        year.roll.table[list(KEPT_ROLL)].to_parquet(temporary, index=False)


def read_kept_roll(year: CityYear) -> gpd.GeoDataFrame | None:
    """Return what `keep_roll` left; None where an earlier version scored the year.

    Raises:
        InputError: the file is damaged.
    """
    path = year.files.report.roll
    if not path.exists():
        return None
    try:
        return gpd.read_parquet(path, columns=list(KEPT_ROLL))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read; score {year.year} again") from error
