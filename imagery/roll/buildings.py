"""Building outlines as the city delivers them, and whether they are those of its parcels."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from imagery.crs import Place, crs_words, distances_km
from imagery.errors import MissingInput
from imagery.roll.declared import Layer, check_places, read_layer
from imagery.roll.edges import Mask
from imagery.roll.files import FootprintFile
from imagery.roll.places import (
    FAR_KM,
    Faults,
    degrees_of,
    find_area_faults,
    find_outline_faults,
    place_of,
)
from imagery.roll.tables import Table, read_table
from imagery.troubles import MOST_EXAMPLES, Trouble, only_troubles, shown, trouble_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Buildings:
    """The building outlines of a city that can be used."""

    layer: Layer
    """The file and its CRS."""
    outlines: gpd.GeoSeries
    """Polygons in the CRS of the file, index from 0."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed."""


def read_buildings(footprints: FootprintFile) -> Buildings:
    """Read building outlines; any vector format, any CRS; unusable ones are left out.

    Raises:
        CrsMismatch: the file has no CRS, or one that cannot be that of its numbers.
        MissingInput: it holds no outline at all.
    """
    table = read_table(footprints.path, layer=footprints.layer, what="footprints")
    layer = read_layer(table.rows, section="footprints", file=footprints.path.name)
    shapes = table.rows.geometry.to_numpy()

    faults = find_outline_faults(shapes, layer.crs)
    check_places(layer, shapes, faults)
    faults = np.where(faults == "", find_area_faults(shapes), faults)
    if not (faults == "").any():
        raise MissingInput(_no_outline_line(layer, faults))

    outlines = gpd.GeoSeries(shapes[faults == ""], crs=layer.crs)
    return Buildings(
        layer=layer,
        outlines=outlines,
        troubles=only_troubles([*table.troubles, _find_bad(layer, table, faults)]),
    )


def _no_outline_line(layer: Layer, faults: Faults) -> str:
    remedy = "give it the layer of building outlines (polygons), or leave [footprints] out"
    if not len(faults):
        return f"{layer.name} holds no row; {remedy}"

    kinds = dict.fromkeys(faults.tolist())
    found = ", ".join(f"{int((faults == kind).sum()):,} x {kind}" for kind in list(kinds)[:3])
    return f"{layer.name} holds no building outline: {found}; {remedy}"


def _find_bad(layer: Layer, table: Table, faults: Faults) -> Trouble | None:
    """Return the building outlines that cannot be used, None where there is none."""
    bad = np.flatnonzero(faults != "").tolist()
    return trouble_of(
        [f"{table.name_row(place)} ({faults[place]})" for place in bad],
        what=f"{layer.file}: building outlines that cannot be used",
        remedy="correct them in the footprint file; until then they are left out",
    )


def find_misplaced(parcels: gpd.GeoSeries, buildings: Buildings, *, least: float) -> Trouble | None:
    """Return that buildings lie under too few vacants, None where they lie under enough.

    Args:
        parcels: Outlines of the vacants by parcel id, None where there is none.
        buildings: The building outlines.
        least: Share of the vacants with an outline that have to meet a building.
    """
    placed = parcels.dropna()
    is_built = _meet_building(placed, buildings)
    built = int(is_built.sum())
    if not len(placed) or built >= least * len(placed) - 1e-9:
        return None

    layer = buildings.layer
    ours = crs_words(parcels.crs.to_wkt())
    theirs = crs_words(layer.crs.to_wkt())
    return Trouble(
        what=(
            f"{layer.file}: vacants without a building outline on their parcel "
            f"({built:,} of {len(placed):,} have one, want {least:.0%}; parcels in {ours}, "
            f"building outlines in {theirs}, {_gap(placed, buildings)})"
        ),
        examples=tuple(shown(name) for name in placed.index[~is_built]),
        remedy=(
            "give [footprints] path the outlines of this city, correct the CRS that is wrong, "
            "leave [footprints] out, or lower [vacant] min_matched"
        ),
        is_fix=True,
    )


def _meet_building(placed: gpd.GeoSeries, buildings: Buildings) -> Mask:
    """Tell which parcels meet a building outline, (n,)."""
    outlines = buildings.outlines
    shapes = placed.to_crs(outlines.crs).to_numpy()
    rows, _ = outlines.sindex.query(shapes, predicate="intersects")

    is_built = np.zeros(len(placed), bool)
    is_built[rows] = True
    return is_built


def _gap(placed: gpd.GeoSeries, buildings: Buildings) -> str:
    """Say how far the middle of the buildings is from that of the parcels."""
    ours = place_of(placed.to_numpy(), CRS(placed.crs))
    theirs = place_of(buildings.outlines.to_numpy(), buildings.layer.crs)
    if ours is None or theirs is None:
        return "not on the same earth"

    away_km = distances_km(ours, np.array([theirs.lon]), np.array([theirs.lat]))
    return f"their middles {away_km[0]:,.1f} km apart"


def find_far(place: Place | None, buildings: Buildings) -> Trouble | None:
    """Return the buildings that lie far from the vacants; they change nothing.

    Args:
        place: Middle of the vacants, None where they have none.
        buildings: The building outlines.
    """
    if place is None:
        return None

    lon, lat = degrees_of(shapely.bounds(buildings.outlines.to_numpy()), buildings.layer.crs)
    away_km = distances_km(place, lon[:, 0], lat[:, 0])
    far = np.flatnonzero(away_km > FAR_KM)
    named = far[:MOST_EXAMPLES].tolist()
    return trouble_of(
        [f"building {place + 1} ({away_km[place]:,.0f} km)" for place in named],
        what=f"{buildings.layer.file}: building outlines more than {FAR_KM:.0f} km "
        "from the vacants",
        remedy="they are not used; leave them out if they belong to another city",
        count=len(far),
    )
