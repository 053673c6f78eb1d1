"""Where buildings stand on both sides of the line between two parcels, in whole arrays."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from imagery.crs import meters_per_unit
from imagery.roll.edges import Edges, Floats, Mask, Places, covered_length, edges_of, members
from imagery.roll.outlines import BUILDING_M2
from imagery.roll.stretches import TOUCH_M, ParcelPairs, Stretches
from imagery.shapes import Shapes, make_valid


@dataclass(frozen=True, kw_only=True, eq=False)
class LineParts:
    """Parts of straight lines, (n,) each."""

    line: Places
    """Place of the line."""
    start: Floats
    """Where the part begins, as a share of the line."""
    stop: Floats
    """Where it ends."""


def wall_lengths(edges: Edges, stretches: Stretches, crs: CRS, houses: gpd.GeoSeries) -> Floats:
    """Return how much of each stretch has buildings on both sides, meters, (n,).

    ::

        <------------------------------  their edge
              - - - - - - - - -          line on their side
              - - - - - - - - -          line on our side
        ------------------------------>  our edge

    The two lines are `TOUCH_M` apart, in the middle of the gap. A wall is where both of them lie
    in buildings: the length on the one, and on the other, less the length on either.

    Args:
        edges: Edges of all parcels.
        stretches: Where two parcels adjoin.
        crs: CRS of the parcels.
        houses: Building outlines, any CRS.
    """
    count = len(stretches.pair)
    our_side = _parallel(edges, stretches, away_m=-TOUCH_M / 2)
    their_side = _parallel(edges, stretches, away_m=TOUCH_M / 2)
    ends = np.concatenate([our_side, their_side]) / meters_per_unit(crs)
    lines = gpd.GeoSeries(shapely.linestrings(ends), crs=crs).to_crs(houses.crs)

    parts = parts_inside(lines.to_numpy(), houses)
    stretch = parts.line % count
    length_m = stretches.length_m[stretch]
    start_m = parts.start * length_m
    stop_m = parts.stop * length_m

    on_each = covered_length(parts.line, start_m, stop_m, 2 * count)
    on_either = covered_length(stretch, start_m, stop_m, count)
    return on_each[:count] + on_each[count:] - on_either


def _parallel(edges: Edges, stretches: Stretches, *, away_m: float) -> Floats:
    """Return the ends of lines along stretches, outward of the middle of the gap, (n, 2, 2)."""
    along = edges.along[stretches.edge]
    outward_m = stretches.gap_m[:, None] / 2 + away_m
    aside_m = edges.outward[stretches.edge] * outward_m
    start = edges.start[stretches.edge] + along * stretches.start_m[:, None] + aside_m
    stop = edges.start[stretches.edge] + along * stretches.stop_m[:, None] + aside_m
    return np.stack([start, stop], axis=1)


def parts_inside(lines: Shapes, houses: gpd.GeoSeries) -> LineParts:
    """Return which parts of straight lines lie in buildings.

    Even-odd rule: a line is inside between its first and second crossing of an outline, its third
    and fourth, and so on.

    Args:
        lines: Lines of two points, (n,).
        houses: Building outlines in the same CRS.
    """
    line, hit = houses.sindex.query(lines)
    needed, place = np.unique(hit, return_inverse=True)
    walls = edges_of(houses.to_numpy()[needed])
    edge, which = members(walls.owner, place)

    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    begin = ends[line, 0]
    step = (ends[line, 1] - begin)[which]
    away = walls.start[edge] - begin[which]
    reach = walls.along[edge] * walls.length[edge, None]

    # An edge crosses the line where its ends lie on different sides of it.
    is_crossed = (_cross(step, away) > 0) != (_cross(step, away + reach) > 0)
    which = which[is_crossed]
    share = _cross(away, reach)[is_crossed] / _cross(step, reach)[is_crossed]
    share = share.clip(0.0, 1.0)

    # An outline is crossed an even number of times.
    order = np.lexsort((share, which))
    share = share[order]
    return LineParts(line=line[which[order][::2]], start=share[::2], stop=share[1::2])


def _cross(first: Floats, second: Floats) -> Floats:
    """Return the cross product of the vectors in each row, (n,)."""
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def both_built(pairs: ParcelPairs, lots: gpd.GeoSeries, houses: gpd.GeoSeries) -> Mask:
    """Tell whether a building stands on both parcels of each pair, (n,).

    Args:
        pairs: Places of parcels in `lots`.
        lots: Outlines of parcels.
        houses: Building outlines, any CRS.
    """
    both = np.stack([pairs.vacant, pairs.neighbor])
    needed, place = np.unique(both, return_inverse=True)
    asked = lots.iloc[needed]
    shapes = asked.to_crs(houses.crs).to_numpy()
    row, hit = houses.sindex.query(shapes)

    built = shapely.intersection(shapes[row], make_valid(houses.to_numpy()[hit]))
    share = shapely.area(built) / shapely.area(shapes)[row]
    built_share = np.bincount(row, weights=share, minlength=len(needed))
    built_m2 = built_share * asked.area.to_numpy() * meters_per_unit(lots.crs) ** 2

    is_built = (built_m2 >= BUILDING_M2)[place.reshape(both.shape)]
    return np.asarray(is_built.all(axis=0), dtype=bool)
