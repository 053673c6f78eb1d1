"""Products for the city's data team: every field under its long name."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from gis_export.fields import Tier, fields_of
from gis_export.tables import arrow_table, csv_frame

_WGS84 = "EPSG:4326"
# Types that keep their kind and their nulls when a whole column is empty.
_PANDAS_TYPES = {pa.int32(): pd.Int32Dtype(), pa.string(): pd.StringDtype(), pa.date32(): pd.ArrowDtype(pa.date32())}


def write_data(rows: gpd.GeoDataFrame, folder: Path) -> None:
    """Write scores.parquet (GeoParquet), scores.csv (with the centroid's lon and lat) and data_dictionary.csv."""
    fields = fields_of(Tier.DATA)
    frame = arrow_table(rows, fields, long_names=True).to_pandas(types_mapper=_PANDAS_TYPES.get)
    gpd.GeoDataFrame(frame, geometry=rows.geometry.to_numpy(), crs=rows.crs).to_parquet(folder / "scores.parquet", index=False)
    places = lon_lat(rows)
    csv_frame(rows, fields, long_names=True).assign(lon=places["lon"], lat=places["lat"]).to_csv(folder / "scores.csv", index=False)
    data_dictionary().to_csv(folder / "data_dictionary.csv", index=False)


def lon_lat(rows: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return WGS 84 degrees of a point inside each parcel as text, "" without a geometry."""
    points = rows.geometry.representative_point().to_crs(_WGS84)
    return pd.DataFrame(
        {
            "lon": ["" if point is None else f"{point.x:.6f}" for point in points],
            "lat": ["" if point is None else f"{point.y:.6f}" for point in points],
        }
    )


def data_dictionary() -> pd.DataFrame:
    """Return what every field is called, holds and means, and which tiers carry it."""
    return pd.DataFrame(
        [
            {
                "name": field.name, "long_name": field.alias, "type": field.kind, "width": field.width,
                "precision": field.precision, "tiers": " ".join(sorted(field.tiers)), "meaning": field.meaning,
            }
            for field in fields_of(Tier.DATA)
        ]
    )  # fmt: skip
