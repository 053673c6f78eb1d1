"""The visits of each inspection district, split into days with the stops in driving order.

This is a capacity-constrained vehicle routing problem with open routes, solved by Google's
OR-Tools. A vehicle is a day, and its capacity the stops of a day. The depot is at distance 0 from
every stop, so only the way between stops counts.

The search ends after twice as many solutions as there are stops (in a large district, when none
nearby is better), never by the clock: the same rows give the same routes on any machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.constraint_solver.routing_parameters_pb2 import RoutingSearchParameters

from gis_export.table.settings import ExportSettings
from gis_export.table.visits import visits_of
from imagery.errors import RoofwatchError
from imagery.roll.lots import metric

Points = NDArray[np.float64]
"""Easting and northing in meters, (n, 2); NaN without a geometry."""

LARGE = 100
"""In a district of more stops the search takes the nearest local optimum: to leave it takes
minutes."""
_UNITS_PER_M = 10


@dataclass(frozen=True, kw_only=True)
class Route:
    """One day of one inspector."""

    district: str
    """INSP_DIST of every stop; "" when the roll names none."""
    day: int
    """1 is the first day of the district."""
    parcels: tuple[str, ...]
    """PARCEL_ID in visiting order; parcels without a geometry come last."""
    length_m: float
    """Straight-line meters from stop to stop; streets are longer. Parcels without a geometry add
    nothing."""


def plan_routes(rows: gpd.GeoDataFrame, settings: ExportSettings) -> list[Route]:
    """Split the visits of each district into days of `visits.per_day` stops.

    Days with the most urgent stops come first.
    """
    return route_visits(visits_of(rows, settings.visits), per_day=settings.visits.per_day)


def route_visits(visits: gpd.GeoDataFrame, *, per_day: int) -> list[Route]:
    """Split visits into days, district by district.

    Args:
        visits: Columns PARCEL_ID, INSP_DIST and PRIORITY.
        per_day: Most stops of a day.
    """
    if not len(visits):
        return []

    xy_m = _points(visits)
    parcels = visits["PARCEL_ID"].to_numpy()
    priority = visits["PRIORITY"].to_numpy(dtype=np.int64)

    routes: list[Route] = []
    for district, places in sorted(visits.groupby("INSP_DIST").indices.items()):
        days = _district_days(np.sort(places), xy_m, priority, per_day=per_day)
        for number, stops in enumerate(days, start=1):
            route = Route(
                district=str(district),
                day=number,
                parcels=tuple(str(parcels[stop]) for stop in stops),
                length_m=round(path_m(xy_m[stops]), 1),
            )
            routes.append(route)
    return routes


def _points(visits: gpd.GeoDataFrame) -> Points:
    """Return a point inside each row."""
    inside = visits.geometry.representative_point()
    points = metric(gpd.GeoDataFrame(geometry=inside, crs=visits.crs)).geometry
    x_m = points.x.to_numpy(dtype=np.float64)
    y_m = points.y.to_numpy(dtype=np.float64)
    return np.column_stack([x_m, y_m])


def path_m(xy_m: Points) -> float:
    """Return the straight-line meters along some points in their order, without unknown ones."""
    known = xy_m[np.isfinite(xy_m).all(axis=1)]
    steps = np.diff(known, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _district_days(
    stops: NDArray[np.intp], xy_m: Points, priority: NDArray[np.int64], *, per_day: int
) -> list[list[int]]:
    """Return the days of one district, the most urgent first, each a list of row numbers."""
    is_placed = np.isfinite(xy_m[stops]).all(axis=1)
    placed = stops[is_placed]
    unplaced: list[int] = stops[~is_placed].tolist()

    days = []
    for day in split_days(xy_m[placed], per_day=per_day):
        days.append(_urgent_end_first(placed[day].tolist(), priority))
    days.sort(key=lambda day: (-int(priority[day].sum()), min(day)))

    # Stops without a geometry fill the last day, then days of their own.
    if days:
        room = per_day - len(days[-1])
        days[-1] += unplaced[:room]
        unplaced = unplaced[room:]
    for start in range(0, len(unplaced), per_day):
        days.append(unplaced[start : start + per_day])
    return days


def _urgent_end_first(stops: Sequence[int], priority: NDArray[np.int64]) -> list[int]:
    """Turn a day around when its other end is more urgent: the way is as long."""
    first = (-int(priority[stops[0]]), stops[0])
    last = (-int(priority[stops[-1]]), stops[-1])
    return list(stops) if first <= last else list(reversed(stops))


def split_days(xy_m: Points, *, per_day: int) -> list[list[int]]:
    """Split points into the fewest days of at most `per_day` stops with the shortest way in all.

    Returns:
        Point numbers of each day, in driving order.
    """
    count = len(xy_m)
    if count <= 1:
        return [[0]] * count

    day_count = -(-count // per_day)
    manager = pywrapcp.RoutingIndexManager(count + 1, day_count, 0)  # node 0 is the depot
    routing = pywrapcp.RoutingModel(manager)
    distances = routing.RegisterTransitMatrix(_distances(xy_m))
    routing.SetArcCostEvaluatorOfAllVehicles(distances)
    load = routing.RegisterUnaryTransitVector([0] + [1] * count)
    capacities = [per_day] * day_count
    routing.AddDimensionWithVehicleCapacity(load, 0, capacities, True, "stops")

    solution = routing.SolveWithParameters(_search_parameters(count))
    if solution is None:
        raise RoofwatchError(
            f"no routes found for {count} stops in {day_count} days of {per_day}; "
            "this is a bug of ours"
        )
    days = [_walk(routing, manager, solution, day) for day in range(day_count)]
    return [day for day in days if day]


def _distances(xy_m: Points) -> list[list[int]]:
    """Return decimeters between all points, and a depot in front at distance 0 from all."""
    apart = xy_m[:, None] - xy_m[None]  # (n, n, 2)
    meters = np.hypot(apart[..., 0], apart[..., 1])
    units = np.rint(meters * _UNITS_PER_M).astype(np.int64)
    with_depot: list[list[int]] = np.pad(units, ((1, 0), (1, 0))).tolist()
    return with_depot


def _search_parameters(count: int) -> RoutingSearchParameters:
    """Return how to search for the routes of `count` stops."""
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.SAVINGS
    if count <= LARGE:
        metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        search.local_search_metaheuristic = metaheuristic
        search.solution_limit = 2 * count
    return search


def _walk(
    routing: pywrapcp.RoutingModel,
    manager: pywrapcp.RoutingIndexManager,
    solution: pywrapcp.Assignment,
    day: int,
) -> list[int]:
    """Return the point numbers of one day of a solution, in driving order."""
    stops: list[int] = []
    index = solution.Value(routing.NextVar(routing.Start(day)))
    while not routing.IsEnd(index):
        stops.append(manager.IndexToNode(index) - 1)
        index = solution.Value(routing.NextVar(index))
    return stops
