"""Points of notices: read from whatever columns hold them, and what is wrong with them."""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from imagery.crs import Place, distances_km, is_lon_lat
from imagery.errors import CrsMismatch, InputError
from imagery.roll.declared import Layer, check_places, read_layer
from imagery.roll.files import VacantFile
from imagery.roll.places import CANNOT_BE, FAR_KM, WRONG_PLACES, find_outline_faults, usable
from imagery.roll.tables import text_column
from imagery.troubles import MOST_EXAMPLES, Trouble, shown
from imagery.values.degrees import read_degrees, read_pairs, says_something


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Points as they were read, NaN where a row has none, (n,) each."""

    lon: pd.Series
    """Longitude, degrees."""
    lat: pd.Series
    """Latitude, degrees."""
    texts: pd.Series | None = None
    """What the file says of each, None where it holds geometries."""
    outside: pd.Series | None = None
    """What is wrong with shapes that cannot be in the CRS of their file; None for no shapes."""
    layer: Layer | None = None
    """The file and its CRS, where the points are the shapes of a file."""
    trouble: Trouble | None = None
    """Why the shapes of a file cannot be used at all."""

    @property
    def faults(self) -> pd.Series:
        """Return why each point cannot be on the earth, "" where it can or there is none."""
        if self.outside is not None:
            return self.outside

        is_given = (self.lon.notna() & self.lat.notna()).to_numpy()
        is_possible = is_lon_lat(self.lon.to_numpy(np.float64), self.lat.to_numpy(np.float64))
        faults = pd.Series("", index=self.lon.index, dtype=object)
        for row in np.flatnonzero(is_given & ~is_possible).tolist():
            faults.iloc[row] = (
                f"{_name_point(self.lon.iloc[row], self.lat.iloc[row])} is no degrees"
            )

        if self.texts is None:
            return faults
        is_unread = says_something(self.texts).to_numpy() & ~is_given
        for row in np.flatnonzero(is_unread).tolist():
            faults.iloc[row] = f"{shown(self.texts.iloc[row])} cannot be read"
        return faults

    def on_earth(self) -> "Points":
        """Return the points without those that cannot be on the earth."""
        is_possible = is_lon_lat(self.lon.to_numpy(np.float64), self.lat.to_numpy(np.float64))
        return replace(self, lon=self.lon.where(is_possible), lat=self.lat.where(is_possible))


def read_points(raw: gpd.GeoDataFrame, vacant: VacantFile) -> Points:
    """Read the place of each notice from the first source that the city file names.

    Raises:
        CrsMismatch: the points have no CRS or an impossible one, and there is no id either.
        InputError: there is no place, and no id either.
    """
    if vacant.location:
        texts = text_column(raw, (vacant.location,), what="[vacant] location")
        pair = read_pairs(texts)
        return Points(lon=pair.lon, lat=pair.lat, texts=texts)
    if vacant.lon and vacant.lat:
        lon = text_column(raw, (vacant.lon,), what="[vacant] lon")
        lat = text_column(raw, (vacant.lat,), what="[vacant] lat")
        return Points(
            lon=read_degrees(lon, halves="EW"),
            lat=read_degrees(lat, halves="NS"),
            texts=_join_texts(lon, lat),
        )
    if raw.active_geometry_name is None:
        if not vacant.id:
            raise InputError(
                "[vacant]: neither id nor lon/lat, location or points; name one of them"
            )
        return no_points(raw.index)
    try:
        return points_in_shapes(raw, vacant)
    except CrsMismatch as error:
        if not vacant.id:
            raise
        return replace(no_points(raw.index), trouble=_find_unplaced(raw, error))


def _find_unplaced(raw: gpd.GeoDataFrame, error: CrsMismatch) -> Trouble | None:
    """Return that the shapes of notices cannot be used, None where no notice has one."""
    has_shape = raw.geometry.notna() & ~raw.geometry.is_empty
    if not has_shape.any():
        return None

    what, _, remedy = str(error).partition("; ")
    return Trouble(
        what="notices whose points cannot be used, so that they are matched by id only",
        examples=(what,),
        remedy=remedy,
        count=int(has_shape.sum()),
    )


def no_points(index: pd.Index) -> Points:
    """Return points for rows that have none."""
    nowhere = pd.Series(np.nan, index=index)
    return Points(lon=nowhere, lat=nowhere)


def _join_texts(lon: pd.Series, lat: pd.Series) -> pd.Series:
    """Return both texts of each row, "" where neither says anything."""
    is_said = says_something(lon) | says_something(lat)
    return ("lon " + lon + ", lat " + lat).where(is_said, "")


def points_in_shapes(table: gpd.GeoDataFrame, vacant: VacantFile) -> Points:
    """Return a point in each geometry; unusable geometries have none.

    Raises:
        CrsMismatch: there is no CRS, or one that cannot be that of the numbers.
    """
    layer = read_layer(table, section="vacant", file=vacant.path.name)
    shapes = table.geometry.to_numpy()
    faults = find_outline_faults(shapes, layer.crs)
    check_places(layer, shapes, faults)

    series = gpd.GeoSeries(usable(shapes, faults), index=table.index, crs=table.crs)
    points = series.to_crs(4326).representative_point()
    outside = [fault if CANNOT_BE in fault else "" for fault in faults]
    return Points(
        lon=points.x,
        lat=points.y,
        outside=pd.Series(outside, index=table.index, dtype=object),
        layer=layer,
    )


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
        is_unsigned = distances_km(place, -lon, lat) <= FAR_KM
        for row in np.flatnonzero(np.isfinite(away_km) & (away_km > FAR_KM)).tolist():
            hint = ", latitude and longitude are swapped" if is_swapped[row] else ""
            hint = ", the minus sign of the longitude is missing" if is_unsigned[row] else hint
            point = _name_point(lon[row], lat[row])
            faults[row] = f"{point} is {away_km[row]:,.0f} km from the parcels{hint}"

    lost = np.flatnonzero(faults != "")
    if not len(lost):
        return None

    names = [
        _name_notice(notices.iloc[row], str(faults[row])) for row in lost[:MOST_EXAMPLES].tolist()
    ]
    return Trouble(
        what="notices whose point cannot be read, or cannot be in this city",
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
