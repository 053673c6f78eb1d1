"""Where parcels are, as degrees of a point inside each."""

import geopandas as gpd
import pandas as pd

_WGS84 = "EPSG:4326"


def lon_lat(rows: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return WGS 84 degrees of a point inside each parcel as text, "" without a geometry.

    Returns:
        Columns lon and lat, six digits after the point, numbered from 0.
    """
    points = rows.geometry.representative_point().to_crs(_WGS84)
    degrees = {"lon": points.x, "lat": points.y}
    return pd.DataFrame({name: _texts(column) for name, column in degrees.items()})


def _texts(degrees: pd.Series) -> list[str]:
    return ["" if pd.isna(number) else f"{number:.6f}" for number in degrees]
