"""The vacant roll: every vacant parcel once, its notices joined by key, then by place."""

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from imagery.errors import CrsMismatch, InputError
from imagery.roll.bad_rows import (
    BadRows,
    clean_ids,
    clean_texts,
    find_bad_buildings,
    find_bad_days,
    find_bad_ids,
    find_bad_outlines,
    find_outline_faults,
    read_days,
    usable,
)
from imagery.roll.neighbors import sides_of
from imagery.roll.tables import normalize_keys, read_table, text_column

ROLL_COLUMNS = (
    "parcel_id",
    "parcel_key",
    "address",
    "block",
    "neighborhood",
    "fire_district",
    "inspection_district",
    "notice_date",
    "occupied_sides",
    "street_sides",
    "geometry",
)
TEXTS = ("address", "neighborhood", "fire_district", "inspection_district")
_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, kw_only=True)
class ParcelFile:
    """Where the parcels are; keys of [parcels] in the city file."""

    path: Path
    """Any vector file GDAL reads."""
    id: tuple[str, ...]
    """Id column, or several that are joined by a blank."""
    layer: str = ""
    """Layer name; "" is the first."""
    block: str = ""
    """Column that groups parcels for honest splits; "" derives it."""
    block_grid_m: float = 150.0
    """Side of the grid cells that stand for blocks where there is no block column, metres."""
    address: str = ""
    """Column."""
    neighborhood: str = ""
    """Column."""
    fire_district: str = ""
    """Column."""
    inspection_district: str = ""
    """Column."""
    occupied: str = ""
    """Column of Y/N, 1/0 or true/false."""
    owner_class: str = ""
    """Column; kept out of every product of another tier than DATA."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.block_grid_m >= 1:
            raise ValueError(f"block_grid_m is {self.block_grid_m}, want 1 or more meters")


@dataclass(frozen=True, kw_only=True)
class VacantFile:
    """Where the vacancy notices are; keys of [vacant] in the city file."""

    path: Path
    """CSV or any vector file."""
    id: tuple[str, ...] = ()
    """Key column, or several that are joined by a blank; empty for notices that have only a place."""
    layer: str = ""
    """Layer name; "" is the first."""
    notice_date: str = ""
    """Column."""
    lon: str = ""
    """Column, degrees."""
    lat: str = ""
    """Column, degrees."""
    location: str = ""
    """Column of text such as "(39.30, -76.65)": latitude, longitude in degrees."""


@dataclass(frozen=True, kw_only=True)
class FootprintFile:
    """Where the building outlines are; keys of [footprints] in the city file."""

    path: Path
    """Any vector file GDAL reads."""
    layer: str = ""
    """Layer name; "" is the first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VacantRoll:
    """Every vacant parcel once, with or without a geometry."""

    table: gpd.GeoDataFrame
    """Columns `ROLL_COLUMNS`, one row per parcel: ids and texts as str ("" when not known), `notice_date` a date or None,
    `occupied_sides` compass letters of occupied attached neighbors such as "E,W", "" for none, "U" unknown; `street_sides`
    those on which no parcel adjoins; geometry in the parcel file's CRS or None."""
    notices: int
    """Notices read."""
    joined_by_place: int
    """Notices whose key matched nothing but whose point lies in a parcel."""
    unmatched: tuple[str, ...]
    """Ids of notices that matched no parcel; they stay on the roll without geometry."""
    bad_outlines: BadRows | None = None
    """Vacants of the parcel file without a usable outline; they stay without geometry."""
    bad_rows: tuple[BadRows, ...] = ()
    """Other rows that could not be used as they are, by kind."""

    def __post_init__(self) -> None:
        """Check columns, unique keys and CRS."""
        missing = set(ROLL_COLUMNS) - set(self.table.columns)
        if missing:
            raise InputError(f"vacant roll lacks columns {sorted(missing)}")
        if not self.table["parcel_id"].is_unique:
            twice = self.table.loc[self.table["parcel_id"].duplicated(), "parcel_id"].iloc[0]
            raise InputError(f"vacant roll: parcel {twice!r} stands twice, want once")
        if self.table.crs is None:
            raise CrsMismatch("vacant roll has no CRS; give the parcel file one")

    def __len__(self) -> int:
        """Return the number of vacant parcels."""
        return len(self.table)


def read_footprints(footprints: FootprintFile) -> gpd.GeoSeries:
    """Read building outlines; any vector format, any CRS; unusable ones are left out."""
    return _read_buildings(footprints)[0]


def _read_buildings(footprints: FootprintFile) -> tuple[gpd.GeoSeries, BadRows | None]:
    """Return the usable building outlines, and those that had to be left out."""
    shapes = read_table(footprints.path, layer=footprints.layer, what="footprints").geometry
    if shapes.crs is None:
        return shapes, None

    faults = find_outline_faults(shapes.to_numpy(), shapes.crs)
    return shapes[faults == ""], find_bad_buildings(faults)


def read_roll(
    parcels: ParcelFile, vacant: VacantFile, footprints: FootprintFile | None = None
) -> VacantRoll:
    """Join vacancy notices to parcels: by raw key, by normalized key, then by place; and name the sides of each.

    Raises:
        InputError: see `read_table`, `text_column`; no notices at all.
    """
    lots, bad_lots = _read_parcels(parcels)
    notices, bad_notices = _read_notices(vacant)
    if not len(notices):
        raise InputError(
            f"[vacant] path: {vacant.path.name} holds no notice; want at least one vacant parcel"
        )
    buildings, bad_buildings = _read_buildings(footprints) if footprints else (None, None)
    roll = join_roll(lots, notices, buildings, occupancy=bool(parcels.occupied))

    bad_rows = (*bad_lots, *bad_notices, bad_buildings)
    return replace(
        roll,
        bad_outlines=_bad_outlines(roll, lots),
        bad_rows=tuple(bad for bad in bad_rows if bad is not None),
    )


def _bad_outlines(roll: VacantRoll, lots: gpd.GeoDataFrame) -> BadRows | None:
    """Return the vacants that are in the parcel file and have no usable outline."""
    without = roll.table.loc[roll.table.geometry.isna(), "parcel_id"]
    faults = lots.set_index("parcel_id")["outline_fault"]
    names = without[without.isin(faults.index)]
    return find_bad_outlines(names, faults.loc[names].reset_index(drop=True))


def join_roll(
    lots: gpd.GeoDataFrame,
    notices: pd.DataFrame,
    buildings: gpd.GeoSeries | None,
    *,
    occupancy: bool,
) -> VacantRoll:
    """Join tables that have been read.

    Args:
        lots: Every parcel once, index from 0.
        notices: Columns raw, notice_date, lon, lat.
        buildings: Building outlines, None where there are none.
        occupancy: Whether the column `occupied` of `lots` says anything.
    """
    notices["lot"] = _join_by_key(notices, lots)
    joined_by_place = _join_by_place(notices, lots)
    known = (
        notices.dropna(subset=["lot"])
        .sort_values("notice_date", na_position="last")
        .drop_duplicates("lot")
    )
    lost = notices[notices["lot"].isna()].copy()
    lost["raw"] = lost["raw"].where(
        lost["raw"].str.strip() != "", "notice in row " + (lost.index + 2).astype(str)
    )
    lost = lost.drop_duplicates("raw")
    places = known["lot"].to_numpy(dtype=np.intp)
    lived = (
        lots["occupied"].str.upper().str[:1].isin(["Y", "1", "T"]).to_numpy() if occupancy else None
    )
    occupied, street = sides_of(lots.geometry, places, occupied=lived, buildings=buildings)
    roll = lots.loc[places].assign(
        notice_date=known["notice_date"].to_numpy(), occupied_sides=occupied, street_sides=street
    )
    extra = gpd.GeoDataFrame(
        {
            "parcel_id": lost["raw"],
            "parcel_key": normalize_keys(lost["raw"]),
            "notice_date": lost["notice_date"],
            "occupied_sides": "U",
            "street_sides": "U",
        },
        geometry=[None] * len(lost),
        crs=lots.crs,
    )
    table = gpd.GeoDataFrame(
        pd.concat([roll, extra], ignore_index=True) if len(extra) else roll,
        geometry="geometry",
        crs=lots.crs,
    )
    for column in (*TEXTS, "block"):
        table[column] = table[column].fillna("")
    table = gpd.GeoDataFrame(
        table.sort_values("parcel_id").reset_index(drop=True), geometry="geometry", crs=lots.crs
    )
    table["notice_date"] = [
        None if pd.isna(value) else value.date() for value in pd.to_datetime(table["notice_date"])
    ]
    unmatched = tuple(sorted(lost["raw"]))
    return VacantRoll(
        table=gpd.GeoDataFrame(table[list(ROLL_COLUMNS)]),
        notices=len(notices),
        joined_by_place=joined_by_place,
        unmatched=unmatched,
    )


def _read_parcels(parcels: ParcelFile) -> tuple[gpd.GeoDataFrame, tuple[BadRows | None, ...]]:
    """Return every parcel once, with the fault of its outline, and the ids that were cleaned."""
    raw = read_table(parcels.path, layer=parcels.layer, what="parcels")
    if "geometry" not in raw.columns or raw.crs is None:
        raise CrsMismatch(
            f"[parcels] path: {parcels.path.name} has no geometry or no CRS; export it with both, e.g. as GeoPackage"
        )
    ids = text_column(raw, parcels.id, what="[parcels] id")
    cleaned = clean_ids(ids)
    table = gpd.GeoDataFrame({"parcel_id": cleaned}, geometry=raw.geometry.values, crs=raw.crs)
    for column in (*TEXTS, "block", "occupied"):
        name = getattr(parcels, column)
        texts = text_column(raw, (name,), what=f"[parcels] {column}") if name else None
        table[column] = "" if texts is None else clean_texts(texts)
    table = table[table["parcel_id"].str.strip() != ""]
    areas = _without_points(table.geometry.to_numpy())
    table["outline_fault"] = find_outline_faults(areas, raw.crs)
    table["geometry"] = _mend(usable(areas, table["outline_fault"].to_numpy()))
    table["parcel_key"] = normalize_keys(table["parcel_id"])
    if not table["parcel_id"].is_unique:
        shapes = (
            table.dropna(subset=["geometry"])
            .groupby("parcel_id")["geometry"]
            .agg(lambda group: shapely.union_all(group.to_numpy()))
        )
        table = table.drop_duplicates("parcel_id").set_index("parcel_id", drop=False)
        table["geometry"] = gpd.GeoSeries(shapes, crs=raw.crs).reindex(table.index)
    table = gpd.GeoDataFrame(table.reset_index(drop=True), geometry="geometry", crs=raw.crs)
    if not parcels.block:
        table["block"] = _grid_blocks(table, parcels.block_grid_m)
    return table, (find_bad_ids(ids, cleaned, what="[parcels]"),)


def _read_notices(vacant: VacantFile) -> tuple[pd.DataFrame, tuple[BadRows | None, ...]]:
    """Return the notices, and those whose id was cleaned or whose date cannot be read."""
    raw = read_table(vacant.path, layer=vacant.layer, what="vacant")
    ids = (
        text_column(raw, vacant.id, what="[vacant] id")
        if vacant.id
        else pd.Series("", index=raw.index)
    )
    cleaned = clean_ids(ids)
    notices = pd.DataFrame({"raw": cleaned.to_numpy()})
    dates = (
        text_column(raw, (vacant.notice_date,), what="[vacant] notice_date")
        if vacant.notice_date
        else pd.Series("", index=raw.index)
    )
    days = read_days(dates)
    notices["notice_date"] = days.to_numpy()
    bad_rows = (find_bad_ids(ids, cleaned, what="[vacant]"), find_bad_days(dates, days, ids))
    lon = lat = pd.Series(np.nan, index=raw.index)
    if vacant.location:
        pair = text_column(raw, (vacant.location,), what="[vacant] location").str.extract(
            r"\(?\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*\)?"
        )
        lat, lon = pd.to_numeric(pair[0], errors="coerce"), pd.to_numeric(pair[1], errors="coerce")
    elif vacant.lon and vacant.lat:
        lon = pd.to_numeric(text_column(raw, (vacant.lon,), what="[vacant] lon"), errors="coerce")
        lat = pd.to_numeric(text_column(raw, (vacant.lat,), what="[vacant] lat"), errors="coerce")
    elif "geometry" in raw.columns and raw.crs is not None:
        shapes = raw.geometry.to_numpy()
        known = usable(shapes, find_outline_faults(shapes, raw.crs))
        places = gpd.GeoSeries(known, index=raw.index, crs=raw.crs)
        points = places.to_crs(4326).representative_point()
        lon, lat = points.x, points.y
    elif not vacant.id:
        raise InputError("[vacant]: neither id nor lon/lat, location or points; name one of them")
    on_earth = (lon.abs() <= 360) & (lat.abs() <= 90)
    notices["lon"] = lon.where(on_earth).to_numpy()
    notices["lat"] = lat.where(on_earth).to_numpy()
    return notices, bad_rows


def _join_by_key(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> pd.Series:
    """Return the place of each notice's parcel, NA where no key is like it; the raw key goes before the normalized one."""
    found = pd.Index(lots["parcel_id"]).get_indexer(pd.Index(notices["raw"]))
    rest = np.flatnonzero(found < 0)
    keys = normalize_keys(notices["raw"].iloc[rest])
    alike = lots.loc[lots["parcel_key"].isin(keys[keys != ""]), "parcel_key"].drop_duplicates(
        keep="last"
    )
    place = pd.Index(alike).get_indexer(pd.Index(keys))
    found[rest] = np.where(place < 0, -1, np.append(alike.index.to_numpy(), -1)[place])
    return pd.Series(found, index=notices.index, dtype="Int64").replace(-1, pd.NA)


def _join_by_place(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> int:
    """Fill `lot` for notices with a point inside a parcel; return how many."""
    rest = notices[notices["lot"].isna() & notices["lon"].notna() & notices["lat"].notna()]
    if not len(rest):
        return 0
    points = gpd.GeoSeries(
        gpd.points_from_xy(rest["lon"], rest["lat"]), index=rest.index, crs=4326
    ).to_crs(lots.crs)
    hits = lots.sindex.query(points.to_numpy(), predicate="within")
    first = pd.Series(hits[1], index=rest.index[hits[0]])
    first = first[~first.index.duplicated()]
    notices.loc[first.index, "lot"] = first.to_numpy()
    return len(first)


def _grid_blocks(table: gpd.GeoDataFrame, side_m: float) -> pd.Series:
    centers = metric(table).geometry.centroid
    cells = (
        (centers.x // side_m).fillna(-1).astype(int).astype(str)
        + "_"
        + (centers.y // side_m).fillna(-1).astype(int).astype(str)
    )
    return pd.Series(cells.where(centers.notna(), ""))


def metric(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Reproject to the UTM zone of the table's center: metres, scale within 0.1% of the ground."""
    if not table.geometry.notna().any():
        return table
    return gpd.GeoDataFrame(table.to_crs(table.estimate_utm_crs()))


def _without_points(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the polygons of collections, so that a stray point in one costs no parcel."""
    kept = shapes.copy()
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    for place in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapely.get_parts(shapes[place]))
        kept[place] = shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])
    return kept


def _mend(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return flat, valid polygons; None where nothing is left."""
    flat = shapely.force_2d(shapes)
    flat[shapely.is_empty(flat)] = None
    odd = ~shapely.is_missing(flat) & ~(
        shapely.is_valid(flat) & np.isin(shapely.get_type_id(flat), _AREAS)
    )
    for place in np.flatnonzero(odd):
        parts = shapely.get_parts(shapely.make_valid(flat[place]))
        areas = [
            part
            for part in parts
            if part.geom_type in ("Polygon", "MultiPolygon") and part.area > 0
        ]
        flat[place] = shapely.union_all(areas) if areas else None
    return flat
