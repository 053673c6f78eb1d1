"""Places with people near vacant buildings: schools, sidewalks and whatever the city names."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from gis_export.printing.map_edge import FOOT_M
from gis_export.table import columns
from gis_export.table.storm_settings import PlaceFile
from imagery.crs import utm_zone
from imagery.roll.declared import check_places, read_layer
from imagery.roll.places import find_outline_faults, usable
from imagery.roll.tables import optional_column, read_table
from imagery.troubles import Trouble, only_troubles, trouble_of
from imagery.values.texts import clean_texts

_SECTION = "storm.places"


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceLayer:
    """The places of one kind."""

    source: PlaceFile
    """What the city file says of them."""
    places: gpd.GeoDataFrame
    """Column `name`; geometries that are not null, in the CRS of the file."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed in the file."""


@dataclass(frozen=True, kw_only=True)
class NearPlace:
    """The nearest place of one kind."""

    kind: str
    """What it is."""
    name: str
    """Its name, "" where the layer has none."""
    distance_m: float
    """Meters from the parcel, 0 where they touch."""

    @property
    def text(self) -> str:
        """Say what is near."""
        what = f"{self.kind} {self.name}".rstrip()
        return f"{what} at {self.distance_m / FOOT_M:,.0f} ft ({self.distance_m:,.0f} m)"


def read_places(source: PlaceFile) -> PlaceLayer:
    """Read a layer of places.

    Raises:
        MissingInput: no such file or layer.
        CrsMismatch: it has no geometry, no CRS, or coordinates of another one.
        InputError: it cannot be read.
    """
    wanted = (source.name,) if source.name else ()
    table = read_table(source.path, layer=source.layer, what=_SECTION, columns=wanted)
    layer = read_layer(table.rows, section=_SECTION, file=source.path.name)

    shapes = table.rows.geometry.to_numpy()
    faults = find_outline_faults(shapes, layer.crs)
    check_places(layer, shapes, faults)
    names = clean_texts(optional_column(table.rows, source.name, what=f"[[{_SECTION}]] name"))
    places = gpd.GeoDataFrame(
        {"name": names.to_numpy(dtype=object)}, geometry=usable(shapes, faults), crs=table.rows.crs
    )
    bad = trouble_of(
        [f"{table.name_row(row)} ({fault})" for row, fault in enumerate(faults) if fault],
        what=f"{source.path.name}: places without a usable geometry, which are near nothing",
        remedy="correct them in the file",
    )
    kept = gpd.GeoDataFrame(places[places.geometry.notna()])
    return PlaceLayer(source=source, places=kept, troubles=only_troubles([*table.troubles, bad]))


def near_places(
    rows: gpd.GeoDataFrame, layers: Sequence[PlaceLayer]
) -> dict[str, tuple[NearPlace, ...]]:
    """Return the nearest place of each kind that is near, by parcel; only parcels with one.

    Args:
        rows: Columns PARCEL_ID and the parcel's geometry or None.
        layers: The places.
    """
    crs = utm_zone(rows.geometry)
    if crs is None:
        return {}

    placed = gpd.GeoDataFrame(rows.loc[rows.geometry.notna(), [columns.PARCEL_ID, "geometry"]])
    parcels = placed.to_crs(crs)
    found: dict[str, tuple[NearPlace, ...]] = {}
    for layer in layers:
        for parcel, place in _nearest(parcels, layer, crs).items():
            found[parcel] = (*found.get(parcel, ()), place)
    return found


def _nearest(parcels: gpd.GeoDataFrame, layer: PlaceLayer, crs: CRS) -> dict[str, NearPlace]:
    """Return the nearest place of one kind by parcel."""
    source = layer.source
    if not len(layer.places) or not len(parcels):
        return {}

    joined = gpd.sjoin_nearest(
        parcels, layer.places.to_crs(crs), max_distance=source.near_m + 1e-6, distance_col="apart"
    )
    # Of places that are equally near the first by name counts.
    nearest = pd.DataFrame(joined).sort_values(["apart", "name"], kind="stable")
    nearest = nearest.drop_duplicates(columns.PARCEL_ID)
    return {
        str(parcel): NearPlace(kind=source.kind, name=str(name), distance_m=float(apart))
        for parcel, name, apart in zip(
            nearest[columns.PARCEL_ID], nearest["name"], nearest["apart"], strict=True
        )
    }
