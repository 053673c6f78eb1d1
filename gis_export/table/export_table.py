"""The export table: one row per vacant parcel, checked once, from which every product is made."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_export.table import columns
from gis_export.table.fields import FIELDS
from imagery.errors import CrsMismatch
from imagery.shapes import Shapes, is_area, make_valid

COLUMNS = (*(field.name for field in FIELDS), columns.GEOMETRY)
"""What the table holds, in this order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportTable:
    """Vacant parcels with every field of every tier; products choose columns from it.

    Raises:
        ValueError: a column is missing or unknown, or a parcel_id appears twice.
        CrsMismatch: the geometry has no CRS.
    """

    rows: gpd.GeoDataFrame
    """Columns `COLUMNS`, one row per vacant parcel. What is not known is null, never 0."""

    def __post_init__(self) -> None:
        """Check columns, parcel ids and CRS."""
        odd = sorted(set(COLUMNS) ^ set(self.rows.columns))
        if odd:
            raise ValueError(
                f"export table: column {odd[0]!r} is missing or unknown; want the columns of FIELDS"
            )

        parcel_ids = self.rows[columns.PARCEL_ID]
        repeated = parcel_ids[parcel_ids.duplicated()]
        if len(repeated):
            raise ValueError(
                f"export table: parcel {repeated.iloc[0]!r} appears twice; want one row per parcel"
            )

        if self.rows.crs is None:
            raise CrsMismatch("export table: the geometry has no CRS; set the CRS of the parcels")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    @property
    def crs(self) -> CRS:
        """Return the CRS of the geometry."""
        return CRS(self.rows.crs)

    @property
    def shapes(self) -> Shapes:
        """Return the geometry of every row, None where it has none, (N,)."""
        shapes: Shapes = self.rows.geometry.to_numpy()
        return shapes

    @property
    def placed(self) -> "ExportTable":
        """Return the rows that have a geometry."""
        return self.take(self.rows.geometry.notna())

    @property
    def unplaced(self) -> "ExportTable":
        """Return the rows that have none."""
        return self.take(self.rows.geometry.isna())

    def take(self, chosen: pd.Series) -> "ExportTable":
        """Return the rows where a column of booleans is True."""
        return ExportTable(rows=gpd.GeoDataFrame(self.rows[chosen]))

    def with_addresses(self, addresses: NDArray[np.object_]) -> "ExportTable":
        """Return the rows with other addresses, (N,)."""
        return ExportTable(rows=self.rows.assign(**{columns.ADDRESS: addresses}))

    def inner_points(self) -> "ExportTable":
        """Return the rows with a point inside each parcel.

        It is not the centroid, which may lie next door when the lot is L-shaped.
        """
        return self._with_shapes(shapely.point_on_surface(self.shapes))

    def to_crs(self, crs: str) -> "ExportTable":
        """Return the rows in another CRS, repaired where a narrow parcel now crosses itself."""
        moved = ExportTable(rows=self.rows.to_crs(crs))
        return moved.repaired()

    def repaired(self) -> "ExportTable":
        """Return the rows with valid polygons."""
        shapes = self.shapes
        valid = make_valid(shapes)
        # Most often nothing is broken, and a city's shapes are not copied for nothing.
        return self if valid is shapes else self._with_shapes(polygons_only(valid))

    def _with_shapes(self, shapes: Shapes) -> "ExportTable":
        geometry = gpd.GeoSeries(shapes, index=self.rows.index, crs=self.rows.crs)
        return ExportTable(rows=self.rows.set_geometry(geometry))


def polygons_only(shapes: Shapes) -> Shapes:
    """Return the polygons of each shape in two dimensions, None where it has none, (N,)."""
    flat = shapely.force_2d(shapes)
    is_plain = is_area(flat) & ~shapely.is_empty(flat)

    kept = np.array(flat, dtype=object)
    for place in np.flatnonzero(~is_plain):
        kept[place] = _polygons_in(flat[place])
    return kept


def _polygons_in(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    if shape is None:
        return None

    # A collection may hold a multipolygon, so it is taken apart twice.
    parts = shapely.get_parts(shapely.get_parts(shape))
    is_kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(
        parts
    )
    polygons = parts[is_kept]
    return shapely.MultiPolygon(list(polygons)) if len(polygons) else None
