"""Points of notices: read from whatever columns hold them, and what is wrong with them."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from imagery.crs import Place, distances_km, is_lon_lat, is_on_earth
from imagery.errors import InputError
from imagery.roll.declared import check_places, read_layer
from imagery.roll.files import VacantFile
from imagery.roll.places import FAR_KM, WRONG_PLACES, find_outline_faults, usable
from imagery.roll.tables import text_column
from imagery.troubles import Trouble, shown

PAIR = r"(?P<lat>-?\d[\d.]*)\s*,\s*(?P<lon>-?\d[\d.]*)"
"""Text such as "39.30, -76.65": latitude, longitude."""
PAIR_IN_BRACKETS = rf"\(\s*{PAIR}\s*\)"
"""The same in brackets, at the end of an address as Socrata writes it."""
POINT = r"(?i)\bPOINT\s*(?:Z|M|ZM)?\s*\(\s*(?P<lon>-?\d[\d.eE+-]*)\s+(?P<lat>-?\d[\d.eE+-]*)"
"""Text such as "POINT (-76.65 39.30)": longitude, latitude."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Points as they were read, NaN where a row has none, (n,) each."""

    lon: pd.Series
    """Longitude, degrees."""
    lat: pd.Series
    """Latitude, degrees."""

    @property
    def faults(self) -> pd.Series:
        """Return why each point cannot be on the earth, "" where it can or there is none."""
        is_given = (self.lon.notna() & self.lat.notna()).to_numpy()
        is_possible = is_lon_lat(self.lon.to_numpy(np.float64), self.lat.to_numpy(np.float64))
        faults = pd.Series("", index=self.lon.index, dtype=object)
        for row in np.flatnonzero(is_given & ~is_possible).tolist():
            faults.iloc[row] = (
                f"{_name_point(self.lon.iloc[row], self.lat.iloc[row])} is no degrees"
            )
        return faults

    def on_earth(self) -> "Points":
        """Return the points without those that cannot be on the earth."""
        is_possible = is_lon_lat(self.lon.to_numpy(np.float64), self.lat.to_numpy(np.float64))
        return Points(lon=self.lon.where(is_possible), lat=self.lat.where(is_possible))


def read_points(raw: gpd.GeoDataFrame, vacant: VacantFile) -> Points:
    """Read the place of each notice from the first source that the city file names.

    Raises:
        CrsMismatch: the points have no CRS or an impossible one, and there is no id either.
        InputError: there is no place, and no id either.
    """
    if vacant.location:
        return points_in_text(text_column(raw, (vacant.location,), what="[vacant] location"))
    if vacant.lon and vacant.lat:
        lon = text_column(raw, (vacant.lon,), what="[vacant] lon")
        lat = text_column(raw, (vacant.lat,), what="[vacant] lat")
        return points_in_columns(lon, lat)
    if raw.active_geometry_name is None:
        if not vacant.id:
            raise InputError(
                "[vacant]: neither id nor lon/lat, location or points; name one of them"
            )
        return no_points(raw.index)
    if vacant.id and (raw.crs is None or not is_on_earth(CRS(raw.crs))):
        return no_points(raw.index)
    return points_in_shapes(raw, vacant)


def no_points(index: pd.Index) -> Points:
    """Return points for rows that have none."""
    nowhere = pd.Series(np.nan, index=index)
    return Points(lon=nowhere, lat=nowhere)


def points_in_text(texts: pd.Series) -> Points:
    """Read points from texts.

    "POINT (-76.65 39.30)" is longitude, latitude; "(39.30, -76.65)" is latitude, longitude, also
    without brackets and behind an address.
    """
    found = texts.str.extract(POINT)[["lon", "lat"]]
    for form in (PAIR_IN_BRACKETS, PAIR):
        is_open = found["lon"].isna()
        found[is_open] = texts[is_open].str.extract(form)[["lon", "lat"]]
    return points_in_columns(found["lon"], found["lat"])


def points_in_columns(lon: pd.Series, lat: pd.Series) -> Points:
    """Read points from two columns of text, degrees."""
    return Points(lon=pd.to_numeric(lon, errors="coerce"), lat=pd.to_numeric(lat, errors="coerce"))


def points_in_shapes(table: gpd.GeoDataFrame, vacant: VacantFile) -> Points:
    """Return a point in each geometry; unusable geometries have none.

    Raises:
        CrsMismatch: there is no CRS, or one that cannot be that of the numbers.
    """
    layer = read_layer(table, section="vacant", file=vacant.path.name)
    shapes = table.geometry.to_numpy()
    faults = find_outline_faults(shapes, layer.crs)
    if not vacant.id:
        check_places(layer, shapes, faults)

    series = gpd.GeoSeries(usable(shapes, faults), index=table.index, crs=table.crs)
    points = series.to_crs(4326).representative_point()
    return Points(lon=points.x, lat=points.y)


def find_lost_points(notices: pd.DataFrame, place: Place | None, *, total: int) -> Trouble | None:
    """Return the notices whose point cannot be in the city, None where there is none.

    Args:
        notices: Columns row, raw, lon, lat and point_fault of notices that match no parcel.
        place: Middle of the parcels, None where they have none.
        total: Notices in the file.
    """
    faults = notices["point_fault"].to_numpy(dtype=object).copy()
    lon = notices["lon"].to_numpy(np.float64)
    lat = notices["lat"].to_numpy(np.float64)
    if place is not None:
        away_km = distances_km(place, lon, lat)
        is_swapped = distances_km(place, lat, lon) <= FAR_KM
        for row in np.flatnonzero(np.isfinite(away_km) & (away_km > FAR_KM)).tolist():
            hint = ", latitude and longitude are swapped" if is_swapped[row] else ""
            point = _name_point(lon[row], lat[row])
            faults[row] = f"{point} is {away_km[row]:,.0f} km from the parcels{hint}"

    lost = np.flatnonzero(faults != "")
    if not len(lost):
        return None

    names = [_name_notice(notices.iloc[row], str(faults[row])) for row in lost[:3].tolist()]
    return Trouble(
        what="notices whose point cannot be in this city",
        examples=tuple(names),
        remedy=(
            "give longitude and latitude in degrees ([vacant] lon, lat), or points in a file that "
            "declares its CRS; without a parcel they are NOT ASSESSED"
        ),
        is_fix=len(lost) > WRONG_PLACES * total,
        count=len(lost),
    )


def _name_notice(notice: pd.Series, fault: str) -> str:
    name = f"{shown(notice['raw'])} in " if str(notice["raw"]).strip() else ""
    return f"{name}row {notice['row']} ({fault})"


def _name_point(lon: float, lat: float) -> str:
    return f"lon {lon:.7g}, lat {lat:.7g}"
