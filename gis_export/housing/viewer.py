"""Links to a building in the city's own map viewer."""

from urllib.parse import quote

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer


def viewer_links(rows: gpd.GeoDataFrame, template: str) -> list[str]:
    """Return the link of every row; see `viewer_link`."""
    if not template:
        return [""] * len(rows)

    links = []
    for parcel_id, address, lon_lat in zip(
        rows["PARCEL_ID"], rows["ADDRESS"], lon_lats(rows), strict=True
    ):
        link = viewer_link(template, parcel_id=parcel_id, address=address, lon_lat=lon_lat)
        links.append(link)
    return links


def viewer_link(
    template: str, *, parcel_id: str, address: str, lon_lat: tuple[float, float] | None
) -> str:
    """Fill in the address of the city's own map viewer.

    >>> template = "https://city.example/?p={parcel_id}"
    >>> viewer_link(template, parcel_id="0216 001", address="", lon_lat=None)
    'https://city.example/?p=0216%20001'

    Returns:
        The link; "" without a template, or when it needs a location that is not known.
    """
    needs_location = "{lon}" in template or "{lat}" in template
    if not template or (needs_location and lon_lat is None):
        return ""

    lon, lat = lon_lat or (0.0, 0.0)
    values = {
        "parcel_id": quote(parcel_id, safe=""),
        "address": quote(address, safe=""),
        "lon": f"{lon:.6f}",
        "lat": f"{lat:.6f}",
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def lon_lats(rows: gpd.GeoDataFrame) -> list[tuple[float, float] | None]:
    """Return longitude and latitude of a point inside each row, None without a geometry."""
    inside = rows.geometry.representative_point().to_numpy()
    transform = Transformer.from_crs(rows.crs, "EPSG:4326", always_xy=True)
    lon, lat = transform.transform(shapely.get_x(inside), shapely.get_y(inside))
    degrees = np.column_stack([lon, lat])  # (n, 2), not finite without a geometry

    places: list[tuple[float, float] | None] = []
    for place, is_known in zip(degrees.tolist(), np.isfinite(degrees).all(axis=1), strict=True):
        places.append((place[0], place[1]) if is_known else None)
    return places
