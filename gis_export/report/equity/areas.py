"""The areas by which equity is audited: read for that page alone, and given to nothing else."""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_export.table.audit_settings import AuditArea
from imagery.errors import InputError
from imagery.roll.declared import check_places, read_layer
from imagery.roll.files import ParcelFile
from imagery.roll.parcels import VacantRoll
from imagery.roll.places import find_outline_faults, usable
from imagery.roll.tables import read_table, text_column
from imagery.values.texts import clean_ids, clean_texts

MOST_VALUES = 50
"""More values are no classes: a column of numbers has to be put into classes first."""
_SECTION = "audit.areas"


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """One way of dividing the city into areas."""

    name: str
    """Such as "neighborhood"."""
    of_parcel: pd.Series
    """Area by parcel, "" where it is not known."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the known areas, sorted."""
        return tuple(sorted(str(name) for name in self.of_parcel.unique() if name))

    @property
    def is_divided(self) -> bool:
        """Tell whether there are two areas or more to compare."""
        return len(self.names) > 1


def read_area(source: AuditArea, parcels: ParcelFile, roll: VacantRoll) -> Level:
    """Return the area of each vacant parcel by one attribute.

    Args:
        source: What the city file says of it.
        parcels: Where the parcels are.
        roll: The vacant parcels.

    Raises:
        MissingInput: no such file, layer or column.
        CrsMismatch: a layer without a CRS, or with coordinates of another one.
        InputError: a file that cannot be read, or a column with too many values.
    """
    values = _of_parcels(source, parcels) if source.path is None else _of_layer(source, roll)
    of_parcel = values.reindex(roll.table["parcel_id"].astype("str")).fillna("").astype("str")
    found = len(set(of_parcel))
    if found > MOST_VALUES:
        raise InputError(
            f"[[{_SECTION}]] {source.name}: column {source.column!r} has {found} values, want "
            f"{MOST_VALUES} at most; put them into classes first"
        )
    return Level(name=source.name, of_parcel=of_parcel)


def _of_parcels(source: AuditArea, parcels: ParcelFile) -> pd.Series:
    """Return a column of the parcel file by parcel."""
    columns = (*parcels.columns, source.column)
    table = read_table(
        parcels.path, layer=parcels.layer, what="parcels", key=parcels.id, columns=columns
    )
    what = f"[[{_SECTION}]] column"
    values = clean_texts(text_column(table.rows, (source.column,), what=what))
    ids = clean_ids(text_column(table.rows, parcels.id, what="[parcels] id"))
    by_id = pd.Series(values.to_numpy(dtype=object), index=ids.to_numpy(dtype=object))
    # Of several parts of a parcel the first that says something counts.
    by_id = by_id[by_id != ""]
    return by_id[~by_id.index.duplicated()]


def _of_layer(source: AuditArea, roll: VacantRoll) -> pd.Series:
    """Return the area in which a point inside each parcel lies."""
    path = source.path
    if path is None:
        raise ValueError(f"{source} names no layer")

    table = read_table(path, layer=source.layer, what=_SECTION, columns=(source.column,))
    layer = read_layer(table.rows, section=_SECTION, file=path.name)
    shapes = table.rows.geometry.to_numpy()
    faults = find_outline_faults(shapes, layer.crs)
    check_places(layer, shapes, faults)
    names = clean_texts(
        text_column(table.rows, (source.column,), what=f"[[{_SECTION}]] column")
    ).to_numpy(dtype=object)
    areas = gpd.GeoDataFrame({"area": names}, geometry=usable(shapes, faults), crs=table.rows.crs)

    placed = roll.table.loc[roll.table.geometry.notna(), ["parcel_id", "geometry"]]
    points = gpd.GeoDataFrame(placed.assign(geometry=placed.geometry.representative_point()))
    known = gpd.GeoDataFrame(areas[areas.geometry.notna()])
    joined = gpd.sjoin(points.to_crs(areas.crs), known, predicate="within")
    # Of areas that overlap the first by name counts.
    first = pd.DataFrame(joined).sort_values(["parcel_id", "area"]).drop_duplicates("parcel_id")
    return pd.Series(
        first["area"].to_numpy(dtype=object), index=first["parcel_id"].to_numpy(dtype=object)
    )


def roll_level(name: str, roll: VacantRoll, column: str) -> Level:
    """Return the areas of a column of the roll, such as "neighborhood"."""
    values = roll.table[column].to_numpy(dtype=object)
    ids = roll.table["parcel_id"].astype("str").to_numpy(dtype=object)
    texts = np.array([str(value).strip() for value in values], dtype=object)
    return Level(name=name, of_parcel=pd.Series(texts, index=ids))
