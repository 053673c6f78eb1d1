"""Links to a building in the city's own map viewer."""

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from imagery.roll.links import fill_template


def viewer_links(rows: gpd.GeoDataFrame, template: str) -> list[str]:
    """Return the link of every row; see `imagery.roll.links.fill_template`."""
    if not template:
        return [""] * len(rows)

    links = []
    for parcel_id, address, lon_lat in zip(
        rows["PARCEL_ID"], rows["ADDRESS"], lon_lats(rows), strict=True
    ):
        link = fill_template(template, parcel_id=parcel_id, address=address, lon_lat=lon_lat)
        links.append(link)
    return links


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
