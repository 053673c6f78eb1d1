"""Days of visits: each stop once, short ways, the most urgent day first, the same every time."""

import time
from itertools import chain

import geopandas as gpd
import numpy as np
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll
from numpy.typing import NDArray

from gis_export.housing.routes.routing import Route, path_m, plan_routes, split_days
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.visits import visited


def greedy_days(xy_m: NDArray[np.float64], per_day: int) -> float:
    """Return the length of all days when each stop is the nearest that is left.

    Each day begins at the stop farthest west.
    """
    length_m = 0.0
    left = set(range(len(xy_m)))
    while left:
        day = [min(left, key=lambda stop: xy_m[stop, 0])]
        left.discard(day[0])
        while left and len(day) < per_day:
            distances_m = np.hypot(*(xy_m - xy_m[day[-1]]).T)
            day.append(min(left, key=distances_m.__getitem__))
            left.discard(day[-1])
        length_m += path_m(xy_m[day])
    return length_m


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shorter_than_greedy_and_far_shorter_than_random(seed: int) -> None:
    xy_m = np.random.default_rng(seed).random((40, 2)) * 3000

    days = split_days(xy_m, per_day=10)

    assert sorted(chain.from_iterable(days)) == list(range(40))
    assert [len(day) for day in days] == [10] * 4

    found_m = sum(path_m(xy_m[day]) for day in days)
    random_m = sum(path_m(xy_m[start : start + 10]) for start in range(0, 40, 10))
    assert found_m < greedy_days(xy_m, 10)
    assert found_m < 0.5 * random_m


def test_two_clusters_are_two_days() -> None:
    near = np.array([[0.0, 0], [10, 0], [20, 0]])
    mixed = np.concatenate([near, near + 5000])[[0, 3, 1, 4, 2, 5]]

    days = split_days(mixed, per_day=3)

    assert sorted(sorted(day) for day in days) == [[0, 2, 4], [1, 3, 5]]


def test_street_of_houses_is_walked_in_order() -> None:
    rows = build_rows(make_inputs(make_roll(8)), ExportSettings())
    rows["INSP_DIST"] = "D0"
    rows["PRIORITY"] = [1, 2, 3, 4, 90, 80, 70, 95]

    routes = plan_routes(rows, ExportSettings(visits=VisitSettings(per_day=4)))

    assert [(route.district, route.day) for route in routes] == [("D0", 1), ("D0", 2)]
    assert routes[0].parcels == ("0223 001", "0222 001", "0221 001", "0220 001")
    assert routes[1].parcels == ("0219 001", "0218 001", "0217 001", "0216 001")
    assert routes[0].length_m == pytest.approx(3 * 16 * 0.3048, abs=0.2)


def parcels_of(routes: list[Route]) -> set[str]:
    """Return all parcels of some routes."""
    return set(chain.from_iterable(route.parcels for route in routes))


def test_same_rows_give_the_same_routes_and_every_visit_once() -> None:
    rows = build_rows(make_inputs(make_roll(60)), ExportSettings())
    settings = ExportSettings(visits=VisitSettings(per_district=25, capacity={"D1": 7}))

    routes = plan_routes(rows, settings)
    in_small_district = [route for route in routes if route.district == "D1"]

    assert routes == plan_routes(rows, settings)
    assert len(parcels_of(routes)) == 25 + 7
    assert [(route.day, len(route.parcels)) for route in in_small_district] == [(1, 7)]
    assert all(len(route.parcels) <= 10 for route in routes)


def test_parcels_without_a_place_come_last_and_add_no_way() -> None:
    roll = make_roll(6)
    roll.table["inspection_district"] = "D0"
    roll.table.loc[[1, 4], "geometry"] = None
    rows = build_rows(make_inputs(roll, make_ledger(roll, ("LIKELY",))), ExportSettings())

    routes = plan_routes(rows, ExportSettings(visits=VisitSettings(per_day=5)))

    assert [len(route.parcels) for route in routes] == [5, 1]
    assert {routes[0].parcels[-1], routes[1].parcels[0]} == {"0217 001", "0220 001"}
    assert routes[1].length_m == 0
    assert routes[0].length_m == pytest.approx(5 * 16 * 0.3048, abs=0.2)

    roll.table["geometry"] = None
    lost = plan_routes(build_rows(make_inputs(roll), ExportSettings()), ExportSettings())
    assert [(len(route.parcels), route.length_m) for route in lost] == [(6, 0)]


def test_what_has_neither_place_nor_address_is_no_visit() -> None:
    """It stays on the list of all vacants, and gives its turn to the next."""
    roll = make_roll(4)
    roll.table.loc[:2, "geometry"] = None
    roll.table.loc[0, "address"] = ""
    roll.table["inspection_district"] = "D0"
    rows = build_rows(make_inputs(roll, make_ledger(roll, ("NOT ASSESSED",))), ExportSettings())
    assert visited(rows, VisitSettings(per_district=3)).tolist() == [False, True, True, True]
    assert visited(rows, VisitSettings(per_district=1)).sum() == 1

    routes = plan_routes(rows, ExportSettings())
    assert parcels_of(routes) == {"0217 001", "0218 001", "0219 001"}


def test_no_visits_no_routes() -> None:
    settings = ExportSettings()
    assert plan_routes(build_rows(make_inputs(make_roll(0)), settings), settings) == []

    no_capacity = ExportSettings(visits=VisitSettings(capacity={"D0": 0, "D1": 0}))
    assert plan_routes(build_rows(make_inputs(make_roll(4)), settings), no_capacity) == []

    (route,) = plan_routes(build_rows(make_inputs(make_roll(1)), settings), settings)
    assert (route.parcels, route.length_m) == (("0216 001",), 0)


def test_district_takes_a_second_and_a_large_one_some() -> None:
    few = build_rows(make_inputs(make_roll(440)), ExportSettings())
    xy = np.random.default_rng(4).random((440, 2)) * 20_000 + (1_415_000, 593_000)
    names = ["large"] * 200 + [f"D{row % 6}" for row in range(240)]
    rows = gpd.GeoDataFrame(few.assign(INSP_DIST=names), geometry=shapely.points(xy), crs=few.crs)
    settings = ExportSettings(visits=VisitSettings(capacity={"large": 200}))

    begun = time.process_time()
    routes = plan_routes(rows, settings)

    assert time.process_time() - begun < 15
    assert [len(route.parcels) for route in routes] == [10] * 44
