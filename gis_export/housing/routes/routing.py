"""The visits of each inspection district, split into days with the stops in driving order.

A capacity-constrained vehicle routing problem with open routes, solved by Google's OR-Tools: a vehicle is a day, its
capacity the stops of a day, and the depot lies at no distance from anywhere, so only the way between stops counts.
The search ends after twice as many solutions as there are stops (in a large district, where none is better nearby), never by
the clock: the same rows give the same routes on any machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from gis_export.table.settings import ExportSettings
from gis_export.table.visits import visits_of
from imagery.errors import RoofwatchError
from imagery.roll.parcels import metric

LARGE = 100
"""Stops of a district beyond which the search takes the nearest hollow, since it would take minutes to climb out of it."""
_UNITS_PER_M = 10


@dataclass(frozen=True, kw_only=True)
class Route:
    """One day of one inspector."""

    district: str
    """INSP_DIST of every stop; "" where the roll names none."""
    day: int
    """1 is the first day of the district."""
    parcels: tuple[str, ...]
    """PARCEL_ID in visiting order; parcels that no map holds come last."""
    length_m: float
    """Straight-line meters from stop to stop; streets are longer. Parcels that no map holds add nothing."""


def plan_routes(rows: gpd.GeoDataFrame, settings: ExportSettings) -> list[Route]:
    """Split the visits of each district into days of `visits.per_day` stops; days with the most urgent stops first."""
    visits = visits_of(rows, settings.visits)
    if not len(visits):
        return []
    points = metric(
        gpd.GeoDataFrame(geometry=visits.geometry.representative_point(), crs=visits.crs)
    ).geometry
    xy_m = np.column_stack(
        [points.x.to_numpy(dtype=np.float64), points.y.to_numpy(dtype=np.float64)]
    )
    parcels, priority = visits["PARCEL_ID"].to_numpy(), visits["PRIORITY"].to_numpy(dtype=np.int64)
    routes: list[Route] = []
    for district, places in sorted(visits.groupby("INSP_DIST").indices.items()):
        days = _district_days(np.sort(places), xy_m, priority, per_day=settings.visits.per_day)
        routes += [
            Route(
                district=str(district),
                day=number,
                parcels=tuple(str(parcels[stop]) for stop in stops),
                length_m=round(path_m(xy_m[stops]), 1),
            )
            for number, stops in enumerate(days, start=1)
        ]
    return routes


def path_m(xy_m: NDArray[np.float64]) -> float:
    """Return the straight-line meters along some points, (N, 2), in their order; points that are not known (NaN) are passed over."""
    known = xy_m[np.isfinite(xy_m).all(axis=1)]
    return float(np.hypot(*np.diff(known, axis=0).T).sum())


def _district_days(
    stops: NDArray[np.intp], xy_m: NDArray[np.float64], priority: NDArray[np.int64], *, per_day: int
) -> list[list[int]]:
    """Return the days of one district, each a list of row numbers."""
    known = np.isfinite(xy_m[stops]).all(axis=1)
    placed = stops[known]
    lost: list[int] = stops[~known].tolist()
    days = [
        _urgent_end_first([int(placed[one]) for one in day], priority)
        for day in split_days(xy_m[placed], per_day=per_day)
    ]
    days.sort(key=lambda day: (-int(priority[day].sum()), min(day)))
    if days:
        room = per_day - len(days[-1])
        days[-1] += lost[:room]
        lost = lost[room:]
    return days + [lost[start : start + per_day] for start in range(0, len(lost), per_day)]


def split_days(xy_m: NDArray[np.float64], *, per_day: int) -> list[list[int]]:
    """Split points, (N, 2), into the fewest days of at most `per_day` stops with the shortest way in all.

    Returns:
        Point numbers of each day, in driving order.
    """
    count, days = len(xy_m), -(-len(xy_m) // per_day)
    if count <= 1:
        return [[0]] * count
    manager = pywrapcp.RoutingIndexManager(count + 1, days, 0)  # node 0 is the depot
    routing = pywrapcp.RoutingModel(manager)
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(_distances(xy_m)))
    load = routing.RegisterUnaryTransitVector([0] + [1] * count)
    routing.AddDimensionWithVehicleCapacity(load, 0, [per_day] * days, True, "stops")
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.SAVINGS
    if count <= LARGE:
        search.local_search_metaheuristic = (
            routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        )
        search.solution_limit = 2 * count
    solution = routing.SolveWithParameters(search)
    if solution is None:
        raise RoofwatchError(
            f"no routes found for {count} stops in {days} days of {per_day}; this is a bug of ours"
        )
    found = [_walk(routing, manager, solution, day) for day in range(days)]
    return [day for day in found if day]


def _walk(
    routing: pywrapcp.RoutingModel,
    manager: pywrapcp.RoutingIndexManager,
    solution: pywrapcp.Assignment,
    day: int,
) -> list[int]:
    stops: list[int] = []
    index = solution.Value(routing.NextVar(routing.Start(day)))
    while not routing.IsEnd(index):
        stops.append(manager.IndexToNode(index) - 1)
        index = solution.Value(routing.NextVar(index))
    return stops


def _distances(xy_m: NDArray[np.float64]) -> list[list[int]]:
    """Return decimeters between all points, with a depot in front that lies at no distance from anywhere."""
    across = np.hypot(*(xy_m[:, None] - xy_m[None]).transpose(2, 0, 1))
    whole: list[list[int]] = np.pad(
        np.rint(across * _UNITS_PER_M).astype(np.int64), ((1, 0), (1, 0))
    ).tolist()
    return whole


def _urgent_end_first(stops: Sequence[int], priority: NDArray[np.int64]) -> list[int]:
    """Turn a day around where its other end is more urgent: the way is as long."""
    ends = (-int(priority[stops[0]]), stops[0]), (-int(priority[stops[-1]]), stops[-1])
    return list(stops) if ends[0] <= ends[1] else list(reversed(stops))
