"""What the joins of the roll cost (G12): `python -m benchmarks.joins`.

A seeded city in memory, EPSG:2248, of 240,000 parcels and footprints and 15,000 notices: rows of
lots of 5 x 22 m, all turned by 4 degrees, back to back across an alley of 4.5 m, a house on each
lot. 70% of the notices carry the raw key, 20% one that lost its blank, 10% a strange key and a
place. Nothing is read from disk. CPU seconds of this process, median of five; the table is printed
and written to out/bench/joins.json.
"""

import dataclasses
from collections.abc import Callable
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from benchmarks.table import Row, interleave, show
from imagery.roll.lots import metric
from imagery.roll.notices import Notices
from imagery.roll.outlines import roofs_of
from imagery.roll.parcels import VacantRoll, join_roll

CRS = "EPSG:2248"
FOOT_M = 1200 / 3937
ORIGIN_FT = (1_420_000.0, 600_000.0)
TURN_RAD = np.radians(4.0)

ROWS = 400
COLUMNS = 600
NOTICES = 15_000
LOT_WIDTH_M = 5.0
LOT_DEPTH_M = 22.0
HOUSE_FRONT_M = 0.3
HOUSE_REAR_M = 12.0
ALLEY_M = 4.5
STREET_M = 13.0


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """What the files of a city hold once they are read."""

    lots: gpd.GeoDataFrame
    """Every parcel, index from 0."""
    notices: Notices
    """One for each vacant lot."""
    buildings: gpd.GeoSeries
    """One outline a lot."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Where the lots are, each array (n,)."""

    row: NDArray[np.int_]
    """Row of lots, from the south."""
    column: NDArray[np.int_]
    """Place in the row, from the west."""

    @property
    def front_m(self) -> NDArray[np.float64]:
        """South end of the lots, meters from the origin."""
        pair, is_northern = np.divmod(self.row, 2)
        pair_m = 2 * LOT_DEPTH_M + ALLEY_M + STREET_M
        return pair * pair_m + is_northern * (LOT_DEPTH_M + ALLEY_M)

    def boxes(
        self, south_m: float | NDArray[np.float64], north_m: float | NDArray[np.float64]
    ) -> NDArray[np.object_]:
        """Return one turned rectangle a lot, in feet; given in meters from its south end."""
        left_m = self.column * LOT_WIDTH_M
        right_m = left_m + LOT_WIDTH_M
        bottom_m = self.front_m + south_m
        top_m = self.front_m + north_m
        x = np.stack([left_m, right_m, right_m, left_m], axis=1)
        y = np.stack([bottom_m, bottom_m, top_m, top_m], axis=1)

        cos = np.cos(TURN_RAD)
        sin = np.sin(TURN_RAD)
        turned_m = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2)
        return np.asarray(shapely.polygons(turned_m / FOOT_M + np.array(ORIGIN_FT)), dtype=object)


def main() -> None:
    """Measure and print."""
    show(joining(), "joins")


def joining() -> list[Row]:
    """G12: time the joins; every spatial index is built again each time."""
    city = make_tables()
    placed = metric(_join(city).table).geometry
    work: dict[str, Callable[[], object]] = {
        "notices by id, then by place; shared walls, occupied and street sides": partial(
            _join, city
        ),
        "footprints to vacant parcels": lambda: roofs_of(placed, city.buildings.copy()),
    }
    seconds = interleave(work)

    what = (
        f"joins: {len(city.lots):,} parcels, {len(city.notices):,} notices, "
        f"{len(city.buildings):,} footprints, CPU s"
    )
    rows = [Row(goal="G12", what=what, want="<= 2", got=sum(seconds.values()))]
    for name, got in seconds.items():
        rows.append(Row(what=f"   {name}", got=got))
    return rows


def make_tables(seed: int = 0) -> Tables:
    """Lay out the city."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:ROWS, :COLUMNS].reshape(2, -1)
    places = Places(row=row, column=column)

    lots = _make_lots(places, is_occupied=rng.random(len(row)) < 0.7)
    vacant = np.sort(rng.choice(len(row), NOTICES, replace=False))

    # Houses face the street: the southern row of a pair is built on at its south end.
    is_northern = row % 2 == 1
    south_m = np.where(is_northern, LOT_DEPTH_M - HOUSE_REAR_M, HOUSE_FRONT_M)
    north_m = np.where(is_northern, LOT_DEPTH_M - HOUSE_FRONT_M, HOUSE_REAR_M)
    buildings = gpd.GeoSeries(places.boxes(south_m, north_m), crs=CRS)
    return Tables(lots=lots, notices=_make_notices(lots.iloc[vacant], rng), buildings=buildings)


def _make_lots(places: Places, *, is_occupied: NDArray[np.bool_]) -> gpd.GeoDataFrame:
    names = []
    for row, column in zip(places.row.tolist(), places.column.tolist(), strict=True):
        names.append(f"{row:04d} {column:03d}")
    parcel_ids = pd.Series(names)

    return gpd.GeoDataFrame(
        {
            "parcel_id": parcel_ids,
            "block": "",
            "occupied": is_occupied.astype(np.int8),
            "address": "",
            "neighborhood": "",
            "fire_district": "",
            "inspection_district": "",
            "outline_fault": "",
        },
        geometry=places.boxes(0.0, LOT_DEPTH_M),
        crs=CRS,
    )


def _make_notices(vacant: gpd.GeoDataFrame, rng: np.random.Generator) -> Notices:
    """Write a notice for every vacant lot."""
    centers = vacant.geometry.centroid.to_crs(4326)
    kind = rng.random(len(vacant))
    raw = vacant["parcel_id"]
    raw = raw.where(kind < 0.7, raw.str.replace(" ", ""))
    raw = raw.where(kind < 0.9, "OLD " + vacant["parcel_id"])
    days = pd.to_timedelta(rng.integers(0, 3000, len(vacant)), unit="D")

    table = pd.DataFrame(
        {
            "row": np.arange(len(vacant)) + 2,
            "raw": raw.to_numpy(),
            "notice_date": pd.Timestamp("2015-01-01") + days,
            "lon": centers.x.to_numpy(),
            "lat": centers.y.to_numpy(),
            "point_fault": "",
            "is_partial": False,
        }
    )
    return Notices(table=table)


def _join(city: Tables) -> VacantRoll:
    return join_roll(city.lots.copy(), city.notices, city.buildings.copy(), occupancy=True)


if __name__ == "__main__":
    main()
