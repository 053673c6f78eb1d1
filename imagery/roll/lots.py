"""Parcels as the city delivers them: read, outlines repaired, each once, and put into blocks."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from imagery.crs import utm_zone
from imagery.roll.declared import Layer, check_places, read_layer
from imagery.roll.files import ParcelFile
from imagery.roll.places import FLAT, find_area_faults, find_outline_faults, usable
from imagery.roll.tables import Table, optional_column, read_table, text_column
from imagery.shapes import Shapes, is_area
from imagery.troubles import Trouble, only_troubles, trouble_of
from imagery.values.coded import find_bad_occupancy
from imagery.values.spreadsheets import changed_in_parcels, find_changed_ids
from imagery.values.texts import clean_ids, clean_texts, find_bad_ids, find_bad_texts

MANY = 0.5
"""Share of parcels without an id above which the column is rather the wrong one."""
KIND = "kind"
"""Column of what [reach] chooses parcels by."""
PERMIT = "permit"
"""Column of what the city says of a building permit."""
KEYS = {KIND: "[reach] field", PERMIT: "[reach] permit"}
"""Key of the city file that names a column, where that is not [parcels]."""


def read_lots(parcels: ParcelFile) -> tuple[gpd.GeoDataFrame, tuple[Trouble, ...]]:
    """Return every parcel once, with the fault of its outline, and what was noticed."""
    table = read_table(
        parcels.path,
        layer=parcels.layer,
        what="parcels",
        key=parcels.id,
        columns=parcels.columns,
    )
    raw = table.rows
    layer = read_layer(raw, section="parcels", file=parcels.path.name)

    ids = text_column(raw, parcels.id, what="[parcels] id")
    cleaned = clean_ids(ids)
    lots = gpd.GeoDataFrame({"parcel_id": cleaned}, geometry=raw.geometry.values, crs=raw.crs)
    names = {
        "address": parcels.address,
        "neighborhood": parcels.neighborhood,
        "fire_district": parcels.fire_district,
        "inspection_district": parcels.inspection_district,
        "block": parcels.block,
        "occupied": parcels.occupied,
    }
    if parcels.reach:
        names |= {KIND: parcels.reach.field, PERMIT: parcels.reach.permit}
    bad_texts = []
    for column, name in names.items():
        key = KEYS.get(column, f"[parcels] {column}")
        texts = optional_column(raw, name, what=key)
        lots[column] = clean_texts(texts)
        bad_texts.append(find_bad_texts(texts, lots[column], cleaned, what=key))

    occupied = parcels.occupancy.read(lots["occupied"])
    bad_occupancy: tuple[Trouble, ...] = ()
    if parcels.occupied:
        bad_occupancy = find_bad_occupancy(
            occupied, lots["occupied"], file=parcels.path.name, column=parcels.occupied
        )
    lots["occupied"] = occupied.of_each(lots["parcel_id"])

    no_ids = find_no_ids(cleaned, table, file=parcels.path.name)
    lots = clean_outlines(lots[lots["parcel_id"].str.strip() != ""], layer)
    lots = merge_parts(lots)
    if not parcels.block:
        lots["block"] = grid_blocks(lots, parcels.block_grid_m)
    bad_ids = find_bad_ids(ids, cleaned, what="[parcels]")
    is_changed = changed_in_parcels(ids)
    changed = find_changed_ids(ids, is_changed, what="parcels", rows=table.row_numbers)
    return lots, only_troubles(
        [*table.troubles, no_ids, changed, bad_ids, *bad_texts, *bad_occupancy]
    )


def find_no_ids(ids: pd.Series, table: Table, *, file: str) -> Trouble | None:
    """Return the parcels without an id, None where each has one.

    Args:
        ids: Id of each row, cleaned.
        table: The rows.
        file: Name of their file.
    """
    blank = np.flatnonzero((ids.str.strip() == "").to_numpy())
    return trouble_of(
        [table.name_row(place) for place in blank.tolist()],
        what=f"{file}: parcels without an id, [parcels] id, which are not used",
        remedy="give them their id, unless they are no parcels, such as streets",
        is_fix=len(blank) > MANY * len(ids),
    )


def clean_outlines(lots: gpd.GeoDataFrame, layer: Layer) -> gpd.GeoDataFrame:
    """Return the parcels with flat, valid polygons or None.

    The new column `outline_fault` says what is wrong with an outline, "" where nothing is.

    Raises:
        CrsMismatch: most outlines cannot be in the CRS of the layer.
    """
    areas = _without_points(lots.geometry.to_numpy())
    faults = find_outline_faults(areas, layer.crs)
    check_places(layer, areas, faults)
    faults = np.where(faults == "", find_area_faults(areas), faults)
    outlines = _repair(usable(areas, faults))
    faults[shapely.is_missing(outlines) & (faults == "")] = FLAT
    return gpd.GeoDataFrame(lots.assign(outline_fault=faults, geometry=outlines))


def _without_points(shapes: Shapes) -> Shapes:
    """Return the polygons of collections, so that a stray point in one costs no parcel."""
    kept = shapes.copy()
    is_mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    for place in np.flatnonzero(is_mixed):
        parts = shapely.get_parts(shapely.get_parts(shapes[place]))
        polygons = [part for part in parts if part.geom_type == "Polygon"]
        kept[place] = shapely.MultiPolygon(polygons)
    return kept


def _repair(shapes: Shapes) -> Shapes:
    """Return flat, valid polygons; None where nothing is left."""
    flat = shapes.copy()
    has_heights = shapely.has_z(shapes)
    flat[has_heights] = shapely.force_2d(shapes[has_heights])
    flat[shapely.is_empty(flat)] = None

    is_good = shapely.is_valid(flat) & is_area(flat)
    for place in np.flatnonzero(~shapely.is_missing(flat) & ~is_good):
        parts = shapely.get_parts(shapely.make_valid(flat[place]))
        areas = parts[is_area(parts) & (shapely.area(parts) > 0)]
        flat[place] = shapely.union_all(areas) if len(areas) else None
    return flat


def merge_parts(lots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return every parcel once, its outline that of all rows with its id; index from 0."""
    if lots["parcel_id"].is_unique:
        return gpd.GeoDataFrame(lots.reset_index(drop=True))

    placed = lots.dropna(subset=["geometry"])
    outlines = placed.groupby("parcel_id")["geometry"].agg(_unite)
    once = lots.drop_duplicates("parcel_id").set_index("parcel_id", drop=False)
    merged = gpd.GeoSeries(outlines, crs=lots.crs).reindex(once.index)
    return gpd.GeoDataFrame(once.assign(geometry=merged).reset_index(drop=True))


def _unite(outlines: pd.Series) -> shapely.Geometry:
    return shapely.union_all(outlines.to_numpy())


def grid_blocks(lots: gpd.GeoDataFrame, side_m: float) -> pd.Series:
    """Return the cell of a grid in which each parcel's center is, as text; "" without outline."""
    centers = metric(lots).geometry.centroid
    column = _cell_number(centers.x, side_m)
    row = _cell_number(centers.y, side_m)
    return pd.Series((column + "_" + row).where(centers.notna(), ""))


def _cell_number(values_m: pd.Series, side_m: float) -> pd.Series:
    return (values_m // side_m).fillna(-1).astype(int).astype(str)


def metric(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Reproject to the UTM zone of the table's center: meters, within 0.1% of the ground."""
    zone = utm_zone(table.geometry)
    return table if zone is None else gpd.GeoDataFrame(table.to_crs(zone))
