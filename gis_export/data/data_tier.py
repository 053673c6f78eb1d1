"""Products for the city's data team: every field under its long name."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gis_export.table.fields import Tier, fields_of
from gis_export.table.tables import arrow_table, csv_frame

_WGS84 = "EPSG:4326"
_ROW_GROUP = (
    8_192  # rows that a reader takes or skips together: a neighborhood or two of a large city
)
_EACH_ITS_OWN = frozenset(
    {"PARCEL_ID", "ADDRESS", "RANK"}
)  # a dictionary of these would only cost time
# Types that keep their kind and their nulls when a whole column is empty.
_PANDAS_TYPES = {
    pa.int32(): pd.Int32Dtype(),
    pa.string(): pd.StringDtype(),
    pa.date32(): pd.ArrowDtype(pa.date32()),
}


def write_data(rows: gpd.GeoDataFrame, folder: Path) -> None:
    """Write scores.parquet (GeoParquet) and scores.csv (with the lon and lat of a point inside)."""
    write_geoparquet(rows, folder / "scores.parquet")
    places = lon_lat(rows)
    csv_frame(rows, fields_of(Tier.DATA), long_names=True).assign(
        lon=places["lon"], lat=places["lat"]
    ).to_csv(folder / "scores.csv", index=False)


def write_geoparquet(rows: gpd.GeoDataFrame, path: Path) -> None:
    """Write GeoParquet 1.1 with a bbox of every row, neighbors together: a reader of one district skips the rest of the file.

    Rows without a geometry stand at the end. See https://geoparquet.org/releases/v1.1.0, "Bounding box columns".
    """
    fields, order = fields_of(Tier.DATA), _along_hilbert_curve(rows)
    frame = (
        arrow_table(rows, fields, long_names=True)
        .take(order)
        .to_pandas(types_mapper=_PANDAS_TYPES.get)
    )
    repeated = [
        field.alias for field in fields if field.kind != "real" and field.name not in _EACH_ITS_OWN
    ]
    gpd.GeoDataFrame(frame, geometry=rows.geometry.to_numpy()[order], crs=rows.crs).to_parquet(
        path,
        index=False,
        schema_version="1.1.0",
        write_covering_bbox=True,
        row_group_size=_ROW_GROUP,
        compression="zstd",
        use_dictionary=repeated,
    )


def _along_hilbert_curve(rows: gpd.GeoDataFrame) -> NDArray[np.intp]:
    """Return the places of the rows in an order that keeps neighbors together; equal ones stay in theirs."""
    placed = rows.geometry.notna().to_numpy()
    bounds = rows.total_bounds
    distance = np.full(len(rows), np.iinfo(np.int64).max)
    if placed.any() and bounds[0] < bounds[2] and bounds[1] < bounds[3]:
        distance[placed] = rows.geometry[placed].hilbert_distance(total_bounds=bounds).to_numpy()
    else:
        distance[placed] = 0
    return np.argsort(distance, kind="stable")


def lon_lat(rows: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return WGS 84 degrees of a point inside each parcel as text, "" without a geometry."""
    points = rows.geometry.representative_point().to_crs(_WGS84)
    return pd.DataFrame(
        {
            "lon": ["" if point is None else f"{point.x:.6f}" for point in points],
            "lat": ["" if point is None else f"{point.y:.6f}" for point in points],
        }
    )
