"""Laying chips over parcels so that as much of each roof as possible lies on its chip."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from imagery.chips.affine import Floats
from imagery.chips.grids import ChipGrids, chip_grids
from imagery.chips.tasks import CutSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class LaidGrids:
    """Where chips lie, and how much of each parcel they have room for."""

    grids: ChipGrids
    """The grids, (n,)."""
    inside_shares: Floats
    """Share of the area of each parcel on its chip, (n,); 1 where all of it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlines:
    """The parcels that have an outline."""

    ids: list[str]
    """Raw parcel ids."""
    shapes: NDArray[np.object_]
    """Outlines in the metric CRS, (n,)."""
    grids: ChipGrids
    """Where the pixels of their chips lie, (n,)."""
    inside_shares: Floats
    """Share of each that its chip has room for, (n,)."""


def lay_out(
    ids: NDArray[np.object_], shapes: NDArray[np.object_], settings: CutSettings
) -> Outlines:
    """Lay a grid over every parcel."""
    laid = lay_grids(
        shapes,
        gsd_m=settings.gsd_m,
        margin_m=settings.margin_m,
        max_side_m=settings.max_side_m,
    )
    return Outlines(
        ids=[str(parcel_id) for parcel_id in ids],
        shapes=shapes,
        grids=laid.grids,
        inside_shares=laid.inside_shares,
    )


def lay_grids(
    shapes: NDArray[np.object_], *, gsd_m: float, margin_m: float, max_side_m: float
) -> LaidGrids:
    """Lay a grid over every parcel, or over its largest part where that shows more of it.

    Args:
        shapes: Polygons or MultiPolygons with an area, in a metric CRS, (n,).
        gsd_m: Meters per pixel of the chip.
        margin_m: Meters kept on every side.
        max_side_m: Longest side of a chip.
    """
    grids = chip_grids(shapes, gsd_m=gsd_m, margin_m=margin_m, max_side_m=max_side_m)
    shares = np.ones(len(shapes))

    # Only a chip of the longest side can have cut something off.
    cut = np.flatnonzero((grids.widths + 1) * gsd_m > max_side_m)
    shares[cut] = _inside_shares(shapes[cut], grids.take(cut))
    scattered = cut[(shares[cut] < 1) & (shapely.get_num_geometries(shapes[cut]) > 1)]
    if not len(scattered):
        return LaidGrids(grids=grids, inside_shares=shares)

    parts = np.array([_largest_part(shape) for shape in shapes[scattered]], dtype=object)
    on_part = chip_grids(parts, gsd_m=gsd_m, margin_m=margin_m, max_side_m=max_side_m)
    part_shares = _inside_shares(shapes[scattered], on_part)
    better = np.flatnonzero(part_shares > shares[scattered])
    shares[scattered[better]] = part_shares[better]
    grids = grids.replace(scattered[better], on_part.take(better))
    return LaidGrids(grids=grids, inside_shares=shares)


def _inside_shares(shapes: NDArray[np.object_], grids: ChipGrids) -> Floats:
    """Return the share of the area of each shape on its chip, (n,)."""
    chips = shapely.polygons(grids.corners) if len(shapes) else np.empty(0, object)
    is_inside = shapely.covers(chips, shapes)
    on_chip_m2 = shapely.area(shapely.intersection(shapely.make_valid(shapes), chips))
    shares = on_chip_m2 / shapely.area(shapes)
    return np.asarray(np.where(is_inside, 1.0, np.minimum(shares, 1.0)))


def _largest_part(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    largest: shapely.Geometry = parts[int(np.argmax(shapely.area(parts)))]
    return largest
