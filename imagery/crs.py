"""Coordinate reference systems: the one place that picks a metric one and knows its unit."""

from dataclasses import dataclass
from functools import lru_cache

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

Floats = NDArray[np.float64]
EARTH_M = 6_371_000.0
"""Mean radius of the earth."""
US_SURVEY_FOOT_M = 1200 / 3937
INTERNATIONAL_FOOT_M = 0.3048
"""The two feet differ by two millionths: about 3 ft in coordinates of 1.5 million feet."""
UNIT_WORDS = {
    US_SURVEY_FOOT_M: "US survey foot",
    INTERNATIONAL_FOOT_M: "international foot",
    1.0: "meter",
}
SAME_UNIT = 1e-8
"""Units that differ by a smaller share are the same."""
MOST_STRETCH = 0.002
"""A CRS whose scale differs by less from that of the ground counts as true to it."""
_EARTH = Geod(ellps="WGS84")
REACH_M = 50.0
"""How far around a place its scale is measured."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place on the earth."""

    lon: float
    """Longitude, degrees."""
    lat: float
    """Latitude, degrees."""


@dataclass(frozen=True, kw_only=True)
class CrsWords:
    """A CRS in words."""

    name: str
    """Name, e.g. "NAD83 / Maryland (ftUS)"."""
    epsg: int | None
    """EPSG code, None where none is known."""
    unit: str
    """Unit of its axes: meter, US survey foot, international foot, degree."""

    def __str__(self) -> str:
        """Return all of it on one line."""
        code = f"EPSG:{self.epsg}, " if self.epsg else ""
        return f"{self.name} ({code}{self.unit})"


@lru_cache(maxsize=64)
def crs_words(wkt: str) -> CrsWords:
    """Describe a CRS; the two kinds of foot are distinguished by length."""
    crs = CRS(wkt)
    flat = crs.sub_crs_list[0] if crs.is_compound else crs
    return CrsWords(name=flat.name, epsg=flat.to_epsg(), unit=_describe_unit(flat))


def _describe_unit(crs: CRS) -> str:
    if crs.is_geographic:
        return "degree"

    axis = crs.axis_info[0]
    for length_m, word in UNIT_WORDS.items():
        if abs(length_m / axis.unit_conversion_factor - 1) < SAME_UNIT:
            return word
    return f"{axis.unit_name} of {axis.unit_conversion_factor} m"


def is_on_earth(crs: CRS) -> bool:
    """Tell whether a CRS has a place on the earth, and two axes on its surface.

    The CRS of a drawing or a building site has none.
    """
    return bool(crs.is_geographic or crs.is_projected)


def is_lon_lat(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Tell which numbers can be longitude and latitude, in degrees."""
    is_known = np.isfinite(lon) & np.isfinite(lat)
    return np.asarray(is_known & (np.abs(lon) <= 360) & (np.abs(lat) <= 90))


def distances_km(place: Place, lon: Floats, lat: Floats) -> Floats:
    """Return how far places are from one, on the ellipsoid, km; infinite where they are none.

    Args:
        place: The one.
        lon: Longitudes, degrees, any shape.
        lat: Latitudes, degrees, of the same shape.
    """
    away_km = np.full(lon.shape, np.inf)
    known = is_lon_lat(lon, lat)
    here_lon = np.full(int(known.sum()), place.lon)
    here_lat = np.full(int(known.sum()), place.lat)
    meters = _EARTH.inv(here_lon, here_lat, lon[known], lat[known])[2]
    away_km[known] = meters / 1000
    return away_km


def middle_of(shapes: gpd.GeoSeries) -> tuple[float, float] | None:
    """Return x and y in the middle of most shapes, in their CRS; None when none has a place.

    It is the median, which a few shapes far away do not move.
    """
    bounds = shapely.bounds(shapes.to_numpy())
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None

    centers = (bounds[:, :2] + bounds[:, 2:]) / 2
    x, y = np.percentile(centers, 50, axis=0, method="lower").tolist()
    return x, y


def utm_zone(shapes: gpd.GeoSeries) -> CRS | None:
    """Return the UTM zone in which a city is measured, in meters.

    Args:
        shapes: Geometries in any CRS; missing ones are passed over.

    Returns:
        The zone in which most shapes are; None when no shape has a place.

    Raises:
        RuntimeError: the coordinates do not lie on the earth.
    """
    middle = middle_of(shapes)
    if middle is None:
        return None

    lon, lat = Transformer.from_crs(shapes.crs, 4326, always_xy=True).transform(*middle)
    degrees = gpd.points_from_xy([(lon + 180) % 360 - 180], [lat])
    return CRS(gpd.GeoSeries(degrees, crs=4326).estimate_utm_crs())


def meters_per_unit(crs: CRS) -> float:
    """Return the meters of one unit of a CRS; for degrees those of a degree of latitude."""
    unit = float(crs.axis_info[0].unit_conversion_factor)
    return EARTH_M * unit if crs.is_geographic else unit


def ground_meters_per_unit(wkt: str, x: float, y: float) -> float:
    """Return the meters on the ground of one unit of a CRS at a place, the mean of both axes.

    A projected CRS whose scale differs by less than 0.2% from that of the ground, such as State
    Plane and UTM, has the meters of its unit. So has any CRS at a place that is not on the earth.

    Args:
        wkt: The CRS.
        x: Easting or longitude of the place.
        y: Northing or latitude.
    """
    crs = _flat_crs(wkt)
    unit_m = meters_per_unit(crs)
    reach = REACH_M / unit_m
    xs = np.array([x - reach, x + reach, x, x])
    ys = np.array([y, y, y - reach, y + reach])
    lon, lat = _to_degrees(wkt).transform(xs, ys)
    if not np.isfinite([lon, lat]).all():
        return unit_m

    lengths_m = _EARTH.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])[2]
    ground_m = float(np.sqrt(lengths_m.prod())) / (2 * reach)
    if crs.is_projected and abs(ground_m / unit_m - 1) < MOST_STRETCH:
        return unit_m
    return ground_m if ground_m > 0 else unit_m


@lru_cache(maxsize=64)
def _flat_crs(wkt: str) -> CRS:
    """Return a CRS without its heights."""
    crs = CRS(wkt)
    return crs.sub_crs_list[0] if crs.is_compound else crs


@lru_cache(maxsize=64)
def _to_degrees(wkt: str) -> Transformer:
    """Return what turns a place into longitude and latitude of the same datum, degrees."""
    crs = _flat_crs(wkt)
    return Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
