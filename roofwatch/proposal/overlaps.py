"""How layers lie on the parcels. No file is opened."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from roofwatch.proposal.tables import CityTable

SAMPLE = 1_000
"""Geometries that are compared."""
SAME = 0.02
"""Areas that differ by a smaller share are those of one outline."""
NEAR = 0.02
"""How far beyond the parcels a place may lie, degrees: about 2 km."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How the outlines of one layer lie on the parcels."""

    on_parcels: float
    """Share of the outlines that meet a parcel."""
    holds: float
    """Share of the parcels whose middle lies in an outline."""
    met: float
    """Share of the parcels that an outline meets."""
    area: float
    """Area of all outlines, as a share of that of all parcels."""
    copies: float
    """Share of the outlines that are as large as the parcel under them."""


def find_overlap(layer: CityTable, parcels: CityTable) -> Overlap:
    """Compare the outlines of a layer with the parcels."""
    if layer.shapes is None or parcels.shapes is None:
        return Overlap(on_parcels=0.0, holds=0.0, met=0.0, area=0.0, copies=0.0)

    layer_places = _spread(len(layer.rows))
    lots = parcels.shapes.to_numpy()
    points = shapely.points(layer.points[layer_places])
    outlines = layer.shapes.to_numpy()
    meets, _ = shapely.STRtree(lots).query(outlines[layer_places], predicate="intersects")
    inner, under = shapely.STRtree(lots).query(points, predicate="intersects")
    ratio = layer.area_m2[layer_places][inner] / np.maximum(parcels.area_m2[under], 1e-9)

    parcel_places = _spread(len(lots))
    middles = shapely.points(parcels.points[parcel_places])
    held, _ = shapely.STRtree(outlines).query(middles, predicate="intersects")
    built, _ = shapely.STRtree(outlines).query(lots[parcel_places], predicate="intersects")
    return Overlap(
        met=len(np.unique(built)) / len(parcel_places),
        on_parcels=len(np.unique(meets)) / len(layer_places),
        holds=len(np.unique(held)) / len(parcel_places),
        area=float(np.nansum(layer.area_m2) / max(np.nansum(parcels.area_m2), 1e-9)),
        copies=float((np.abs(ratio - 1) < SAME).mean()) if len(ratio) else 0.0,
    )


def share_near(lon: NDArray[np.float64], lat: NDArray[np.float64], parcels: CityTable) -> float:
    """Return the share of known places that lie in the box around the parcels."""
    middles = parcels.points[np.isfinite(parcels.points).all(axis=1)]
    is_known = np.isfinite(lon) & np.isfinite(lat)
    if not len(middles) or not is_known.any():
        return 0.0

    low, high = np.percentile(middles, [1, 99], axis=0)
    is_near = (lon >= low[0] - NEAR) & (lon <= high[0] + NEAR)
    is_near &= (lat >= low[1] - NEAR) & (lat <= high[1] + NEAR)
    return float(is_near[is_known].mean())


def find_nearest(points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the place of the nearest other point of each, (n,), -1 where there is none.

    Args:
        points: Lon and lat, (n, 2); NaN where there is no place.
    """
    nearest = np.full(len(points), -1, dtype=np.intp)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(known) < 2:
        return nearest

    shrink = np.cos(np.radians(np.median(points[known, 1])))
    flat = points[known] * np.array([shrink, 1.0])
    found = np.asarray(cKDTree(flat).query(flat, k=2)[1])
    is_self = found[:, 1] == np.arange(len(known))
    nearest[known] = known[np.where(is_self, found[:, 0], found[:, 1])]
    return nearest


def share_next_door(groups: NDArray[np.intp], nearest: NDArray[np.intp]) -> float:
    """Return the share of the points whose nearest one is of the same group."""
    is_known = nearest >= 0
    if not is_known.any():
        return 0.0
    return float((groups[is_known] == groups[nearest[is_known]]).mean())


def clumping(groups: NDArray[np.intp], nearest: NDArray[np.intp]) -> float:
    """Tell how much more often neighbors are of one group than by lot, from 0 to 1."""
    shares = np.bincount(groups) / max(len(groups), 1)
    by_lot = float((shares**2).sum())
    if by_lot >= 1:
        return 0.0
    return max(0.0, (share_next_door(groups, nearest) - by_lot) / (1 - by_lot))


def _spread(count: int) -> NDArray[np.int64]:
    """Return places from all over a table."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.linspace(0, count - 1, SAMPLE).astype(np.int64)
