"""The vacant roll: every vacant parcel once, its notices joined by key, then by place."""

import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from imagery.errors import CrsMismatch, InputError, MissingInput

ROLL_COLUMNS = (
    "parcel_id", "parcel_key", "address", "block", "neighborhood", "fire_district", "inspection_district",
    "notice_date", "occupied_sides", "geometry",
)  # fmt: skip
TEXTS = ("address", "neighborhood", "fire_district", "inspection_district")


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
    `occupied_sides` compass letters of occupied attached neighbors such as "E,W", "" for none, "U" unknown; geometry in the
    parcel file's CRS or None."""
    notices: int
    """Notices read."""
    joined_by_place: int
    """Notices whose key matched nothing but whose point lies in a parcel."""
    unmatched: tuple[str, ...]
    """Ids of notices that matched no parcel; they stay on the roll without geometry."""

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


def normalize_key(raw: str) -> str:
    """Normalize a parcel key: upper case, blanks and punctuation gone, a float tail ".0" gone.

    >>> normalize_key("0216 001") == normalize_key("0216001 ")
    True
    """
    return re.sub(r"[^0-9A-Z]", "", re.sub(r"\.0$", "", str(raw).strip()).upper())


def read_table(path: Path, *, layer: str = "", what: str) -> gpd.GeoDataFrame:
    """Read a vector file or CSV with every CSV field as text.

    Raises:
        MissingInput: no such file or layer.
        InputError: GDAL cannot read it.
    """
    if not str(path).startswith("/vsi") and not path.exists():
        raise MissingInput(f"[{what}] path: no file at {path}; put it there or mend the path")
    try:
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            table = pd.read_csv(path, dtype=str, keep_default_na=False, sep=_separator(path), encoding="utf-8-sig")
            return gpd.GeoDataFrame(table)
        read = pyogrio.read_dataframe(path, layer=layer or None)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"[{what}] path: {path.name} cannot be read: {error}; convert it to GeoPackage or CSV (UTF-8)") from error
    return gpd.GeoDataFrame(read)


def read_footprints(footprints: FootprintFile) -> gpd.GeoSeries:
    """Read building outlines; any vector format, any CRS."""
    return read_table(footprints.path, layer=footprints.layer, what="footprints").geometry


def _separator(path: Path) -> str:
    """Return the separator that the header line of a CSV uses most; a comma when it holds none."""
    with path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    return max((",", ";", "\t", "|"), key=header.count)


def text_column(table: pd.DataFrame, names: tuple[str, ...], *, what: str) -> pd.Series:
    """Join columns as text; missing values are "".

    Raises:
        MissingInput: a column that is not there.
    """
    for name in names:
        if name not in table.columns:
            have = ", ".join(str(column) for column in table.columns[:20])
            raise MissingInput(f"{what}: no column {name!r}; the file has {have}; mend the column name in the city file")
    parts = [table[name].map(_as_text) for name in names]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + " " + part
    return joined.str.strip() if len(parts) > 1 else joined


def read_roll(parcels: ParcelFile, vacant: VacantFile) -> VacantRoll:
    """Join vacancy notices to parcels: by raw key, by normalized key, then by place.

    Raises:
        InputError: see `read_table`, `text_column`; no notices at all.
    """
    lots = _read_parcels(parcels)
    notices = _read_notices(vacant)
    if not len(notices):
        raise InputError(f"[vacant] path: {vacant.path.name} holds no notice; want at least one vacant parcel")
    by_raw = dict(zip(lots["parcel_id"], lots.index, strict=True))
    by_key = dict(zip(lots["parcel_key"], lots.index, strict=True))
    found = [by_raw.get(raw, by_key.get(normalize_key(raw)) if normalize_key(raw) else None) for raw in notices["raw"]]
    notices["lot"] = pd.array(found, dtype="Int64")
    joined_by_place = _join_by_place(notices, lots)
    known = notices.dropna(subset=["lot"]).sort_values("notice_date", na_position="last").drop_duplicates("lot")
    lost = notices[notices["lot"].isna()].copy()
    lost["raw"] = lost["raw"].where(lost["raw"].str.strip() != "", "notice in row " + (lost.index + 2).astype(str))
    lost = lost.drop_duplicates("raw")
    roll = lots.loc[known["lot"].astype(int)].assign(notice_date=known["notice_date"].to_numpy())
    extra = gpd.GeoDataFrame(
        {"parcel_id": lost["raw"], "parcel_key": lost["raw"].map(normalize_key), "notice_date": lost["notice_date"]}, geometry=[None] * len(lost), crs=lots.crs
    )  # fmt: skip
    table = gpd.GeoDataFrame(pd.concat([roll, extra], ignore_index=True) if len(extra) else roll, geometry="geometry", crs=lots.crs)
    for column in (*TEXTS, "block"):
        table[column] = table[column].fillna("")
    table = gpd.GeoDataFrame(table.sort_values("parcel_id").reset_index(drop=True), geometry="geometry", crs=lots.crs)
    table["notice_date"] = [None if pd.isna(value) else value.date() for value in pd.to_datetime(table["notice_date"])]
    table["occupied_sides"] = _occupied_sides(table, lots, known=bool(parcels.occupied))
    unmatched = tuple(sorted(lost["raw"]))
    return VacantRoll(table=gpd.GeoDataFrame(table[list(ROLL_COLUMNS)]), notices=len(notices), joined_by_place=joined_by_place, unmatched=unmatched)


def _read_parcels(parcels: ParcelFile) -> gpd.GeoDataFrame:
    raw = read_table(parcels.path, layer=parcels.layer, what="parcels")
    if "geometry" not in raw.columns or raw.crs is None:
        raise CrsMismatch(f"[parcels] path: {parcels.path.name} has no geometry or no CRS; export it with both, e.g. as GeoPackage")
    table = gpd.GeoDataFrame({"parcel_id": text_column(raw, parcels.id, what="[parcels] id")}, geometry=raw.geometry.values, crs=raw.crs)
    for column in (*TEXTS, "block", "occupied"):
        name = getattr(parcels, column)
        table[column] = text_column(raw, (name,), what=f"[parcels] {column}") if name else ""
    table = table[table["parcel_id"].str.strip() != ""]
    table["geometry"] = [_mend(shape) for shape in table.geometry]
    table["parcel_key"] = table["parcel_id"].map(normalize_key)
    if not table["parcel_id"].is_unique:
        shapes = table.dropna(subset=["geometry"]).groupby("parcel_id")["geometry"].agg(lambda group: shapely.union_all(group.to_numpy()))
        table = table.drop_duplicates("parcel_id").set_index("parcel_id", drop=False)
        table["geometry"] = gpd.GeoSeries(shapes, crs=raw.crs).reindex(table.index)
    table = gpd.GeoDataFrame(table.reset_index(drop=True), geometry="geometry", crs=raw.crs)
    if not parcels.block:
        table["block"] = _grid_blocks(table, parcels.block_grid_m)
    return table


def _read_notices(vacant: VacantFile) -> pd.DataFrame:
    raw = read_table(vacant.path, layer=vacant.layer, what="vacant")
    ids = text_column(raw, vacant.id, what="[vacant] id") if vacant.id else pd.Series("", index=raw.index)
    notices = pd.DataFrame({"raw": ids.to_numpy()})
    dates = text_column(raw, (vacant.notice_date,), what="[vacant] notice_date") if vacant.notice_date else pd.Series("", index=raw.index)
    notices["notice_date"] = pd.to_datetime(dates.str[:10], errors="coerce", format="mixed").to_numpy()
    lon = lat = pd.Series(np.nan, index=raw.index)
    if vacant.location:
        pair = text_column(raw, (vacant.location,), what="[vacant] location").str.extract(r"\(?\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*\)?")
        lat, lon = pd.to_numeric(pair[0], errors="coerce"), pd.to_numeric(pair[1], errors="coerce")
    elif vacant.lon and vacant.lat:
        lon = pd.to_numeric(text_column(raw, (vacant.lon,), what="[vacant] lon"), errors="coerce")
        lat = pd.to_numeric(text_column(raw, (vacant.lat,), what="[vacant] lat"), errors="coerce")
    elif "geometry" in raw.columns and raw.crs is not None:
        points = raw.geometry.to_crs(4326).representative_point()
        lon, lat = points.x, points.y
    elif not vacant.id:
        raise InputError("[vacant]: neither id nor lon/lat, location or points; name one of them")
    return notices.assign(lon=lon.to_numpy(), lat=lat.to_numpy())


def _join_by_place(notices: pd.DataFrame, lots: gpd.GeoDataFrame) -> int:
    """Fill `lot` for notices with a point inside a parcel; return how many."""
    rest = notices[notices["lot"].isna() & notices["lon"].notna() & notices["lat"].notna()]
    if not len(rest):
        return 0
    points = gpd.GeoSeries(gpd.points_from_xy(rest["lon"], rest["lat"]), index=rest.index, crs=4326).to_crs(lots.crs)
    hits = lots.sindex.query(points.to_numpy(), predicate="within")
    first = pd.Series(hits[1], index=rest.index[hits[0]])
    first = first[~first.index.duplicated()]
    notices.loc[first.index, "lot"] = first.to_numpy()
    return len(first)


def _grid_blocks(table: gpd.GeoDataFrame, side_m: float) -> pd.Series:
    centers = metric(table).geometry.centroid
    cells = (centers.x // side_m).fillna(-1).astype(int).astype(str) + "_" + (centers.y // side_m).fillna(-1).astype(int).astype(str)
    return pd.Series(cells.where(centers.notna(), ""))


def _occupied_sides(table: gpd.GeoDataFrame, lots: gpd.GeoDataFrame, *, known: bool) -> list[str]:
    """Name the sides on which an occupied neighbor touches; "U" where occupancy is not in the parcel file."""
    if not known:
        return ["U"] * len(table)
    occupied = metric(lots[lots["occupied"].str.upper().str[:1].isin(["Y", "1", "T"])])
    vacant = metric(table)
    pairs = occupied.sindex.query(vacant.geometry.buffer(0.3).to_numpy(), predicate="intersects")
    sides: list[set[str]] = [set() for _ in range(len(vacant))]
    for row, neighbor in zip(*pairs, strict=True):
        here, there = vacant.geometry.iloc[row], occupied.geometry.iloc[neighbor]
        if occupied["parcel_id"].iloc[neighbor] == vacant["parcel_id"].iloc[row] or here.buffer(0.3).intersection(there).length < 4:
            continue
        bearing = np.degrees(np.arctan2(there.centroid.x - here.centroid.x, there.centroid.y - here.centroid.y)) % 360
        sides[row].add(("N", "NE", "E", "SE", "S", "SW", "W", "NW")[round(bearing / 45) % 8])
    return [",".join(sorted(names)) for names in sides]


def metric(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Reproject to the UTM zone of the table's center: metres, scale within 0.1% of the ground."""
    if not table.geometry.notna().any():
        return table
    return gpd.GeoDataFrame(table.to_crs(table.estimate_utm_crs()))


def _mend(shape: BaseGeometry | None) -> BaseGeometry | None:
    if shape is None or shape.is_empty:
        return None
    flat = shapely.force_2d(shape)
    solid = flat if flat.is_valid else shapely.make_valid(flat)
    areas = [part for part in getattr(solid, "geoms", [solid]) if part.geom_type in ("Polygon", "MultiPolygon") and part.area > 0]
    return shapely.union_all(areas) if areas else None


def _as_text(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is pd.NaT or value is pd.NA else str(value)
