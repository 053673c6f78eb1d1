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

PAIR = r"(?P<lat>-?\d[\d.]*)\s*,\s*(?P<lon>-?\d[\d.]*)"
"""Text such as "39.30, -76.65": latitude, longitude."""
PAIR_IN_BRACKETS = rf"\(\s*{PAIR}\s*\)"
"""The same in brackets, at the end of an address as Socrata writes it."""
POINT = r"(?i)\bPOINT\s*(?:Z|M|ZM)?\s*\(\s*(?P<lon>-?\d[\d.eE+-]*)\s+(?P<lat>-?\d[\d.eE+-]*)"
"""Text such as "POINT (-76.65 39.30)": longitude, latitude."""


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Notices:
    """Vacancy notices as they were read."""

    table: pd.DataFrame
    """Columns row, raw, notice_date, lon, lat."""
    empty: int = 0
    """Rows of the file without any value."""
    left_out: int = 0
    """Rows of the file that are no notice."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed."""

    def __len__(self) -> int:
        """Return the number of notices."""
        return len(self.table)


def read_notices(vacant: VacantFile) -> Notices:
    """Read the notices of a city."""
    table = read_table(
        vacant.path, layer=vacant.layer, what="vacant", key=vacant.id, columns=vacant.columns
    )
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
    return Notices(
        table=notices,
        empty=table.empty,
        left_out=table.left_out,
        troubles=only_troubles([*table.troubles, bad_ids, *bad_days]),
    )


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


def points_in_shapes(table: gpd.GeoDataFrame) -> Points:
    """Return a point in each geometry; unusable geometries have none."""
    shapes = table.geometry.to_numpy()
    placed = usable(shapes, find_outline_faults(shapes, table.crs))
    series = gpd.GeoSeries(placed, index=table.index, crs=table.crs)
    points = series.to_crs(4326).representative_point()
    return Points(lon=points.x, lat=points.y)
