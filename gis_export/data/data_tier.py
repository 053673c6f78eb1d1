"""Products for the city's data team: every field under its long name."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Field, Tier, fields_of
from gis_export.table.places import lon_lat
from gis_export.table.tables import arrow_table, csv_frame
from imagery.shapes import hilbert_order

# Rows that a reader takes or skips together: a neighborhood or two of a large city.
_ROW_GROUP = 8_192
# Almost every row has its own value: a dictionary of them would only cost time.
_DISTINCT = frozenset({columns.PARCEL_ID, columns.ADDRESS, columns.RANK})
# Types that keep their kind and their nulls when a whole column is empty.
_PANDAS_TYPES = {
    pa.int32(): pd.Int32Dtype(),
    pa.string(): pd.StringDtype(),
    pa.date32(): pd.ArrowDtype(pa.date32()),
}


def write_data(table: ExportTable, folder: Path) -> None:
    """Write scores.parquet (GeoParquet) and scores.csv (with lon and lat of a point inside)."""
    write_geoparquet(table, folder / "scores.parquet")

    texts = csv_frame(table.rows, fields_of(Tier.DATA), long_names=True)
    places = lon_lat(table.rows)
    texts = texts.assign(lon=places["lon"], lat=places["lat"])
    texts.to_csv(folder / "scores.csv", index=False)


def write_geoparquet(table: ExportTable, path: Path) -> None:
    """Write GeoParquet 1.1 with a bbox of every row, neighbors together.

    A reader of one district can skip the rest of the file. Rows without a geometry come last.
    See https://geoparquet.org/releases/v1.1.0, "Bounding box columns".
    """
    fields = fields_of(Tier.DATA)
    order = hilbert_order(table.rows.geometry)
    cells = arrow_table(table, fields, long_names=True).take(order)

    frame = gpd.GeoDataFrame(
        cells.to_pandas(types_mapper=_PANDAS_TYPES.get),
        geometry=table.shapes[order],
        crs=table.crs,
    )
    frame.to_parquet(
        path,
        index=False,
        schema_version="1.1.0",
        write_covering_bbox=True,
        row_group_size=_ROW_GROUP,
        compression="zstd",
        use_dictionary=[field.alias for field in fields if _repeats(field)],
    )


def _repeats(field: Field) -> bool:
    """Return whether many rows share a value of the field."""
    return field.kind != "real" and field.name not in _DISTINCT
