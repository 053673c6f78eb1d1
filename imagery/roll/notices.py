"""Vacancy notices as the city delivers them, and the place of each, whatever columns hold it."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from imagery.errors import InputError
from imagery.roll.days import DaySource, find_bad_days, read_days
from imagery.roll.files import VacantFile
from imagery.roll.places import find_outline_faults, usable
from imagery.roll.tables import optional_column, read_table, text_column
from imagery.roll.texts import clean_ids, find_bad_ids
from imagery.roll.troubles import Trouble, only_troubles

PAIR = r"\(?\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*\)?"
"""Text such as "(39.30, -76.65)": latitude, longitude."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Points in degrees, NaN where a row has none, (n,) each."""

    lon: pd.Series
    """Longitude."""
    lat: pd.Series
    """Latitude."""

    def on_earth(self) -> "Points":
        """Return the points without those that cannot be on the earth."""
        is_possible = (self.lon.abs() <= 360) & (self.lat.abs() <= 90)
        return Points(lon=self.lon.where(is_possible), lat=self.lat.where(is_possible))


def read_notices(vacant: VacantFile) -> tuple[pd.DataFrame, tuple[Trouble, ...]]:
    """Return the notices (columns row, raw, notice_date, lon, lat), and what was noticed."""
    table = read_table(vacant.path, layer=vacant.layer, what="vacant")
    raw = table.rows
    ids = pd.Series("", index=raw.index)
    if vacant.id:
        ids = text_column(raw, vacant.id, what="[vacant] id")
    cleaned = clean_ids(ids)
    dates = optional_column(raw, vacant.notice_date, what="[vacant] notice_date")
    days = read_days(dates, order=vacant.day_order)
    points = _read_points(raw, vacant).on_earth()

    notices = pd.DataFrame(
        {
            "row": table.row_numbers.to_numpy(),
            "raw": cleaned.to_numpy(),
            "notice_date": days.day.to_numpy(),
            "lon": points.lon.to_numpy(),
            "lat": points.lat.to_numpy(),
        }
    )
    bad_ids = find_bad_ids(ids, cleaned, what="[vacant]")
    source = DaySource(
        file=vacant.path.name,
        section="vacant",
        noun="notices",
        column=vacant.notice_date,
        names=ids,
        rows=table.row_numbers,
    )
    bad_days = find_bad_days(days, dates, source)
    return notices, only_troubles([*table.troubles, bad_ids, *bad_days])


def _read_points(raw: gpd.GeoDataFrame, vacant: VacantFile) -> Points:
    """Return the place of each notice from the first source that the city file names.

    Raises:
        InputError: there is none, and no id either.
    """
    if vacant.location:
        return points_in_text(text_column(raw, (vacant.location,), what="[vacant] location"))
    if vacant.lon and vacant.lat:
        lon = text_column(raw, (vacant.lon,), what="[vacant] lon")
        lat = text_column(raw, (vacant.lat,), what="[vacant] lat")
        return points_in_columns(lon, lat)
    if "geometry" in raw.columns and raw.crs is not None:
        return points_in_shapes(raw)
    if not vacant.id:
        raise InputError("[vacant]: neither id nor lon/lat, location or points; name one of them")
    return no_points(raw.index)


def no_points(index: pd.Index) -> Points:
    """Return points for rows that have none."""
    nowhere = pd.Series(np.nan, index=index)
    return Points(lon=nowhere, lat=nowhere)


def points_in_text(texts: pd.Series) -> Points:
    """Read points from texts such as "(39.30, -76.65)": latitude, longitude."""
    pairs = texts.str.extract(PAIR)
    return points_in_columns(pairs[1], pairs[0])


def points_in_columns(lon: pd.Series, lat: pd.Series) -> Points:
    """Read points from two columns of text, degrees."""
    return Points(lon=pd.to_numeric(lon, errors="coerce"), lat=pd.to_numeric(lat, errors="coerce"))


def points_in_shapes(table: gpd.GeoDataFrame) -> Points:
    """Return a point in each geometry; unusable geometries have none."""
    shapes = table.geometry.to_numpy()
    placed = usable(shapes, find_outline_faults(shapes, table.crs))
    series = gpd.GeoSeries(placed, index=table.index, crs=table.crs)
    points = series.to_crs(4326).representative_point()
    return Points(lon=points.x, lat=points.y)
