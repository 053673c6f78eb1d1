"""`python -m benchmarks.joins`: what the joins of the roll cost at 240,000 parcels, 15,000 notices and 240,000 footprints (G12).

A seeded city in memory, EPSG:2248: rows of lots of 5 x 22 m, all turned by 4 degrees, back to back across an alley of 4.5 m, a house on
each lot; 70% of the notices carry the raw key, 20% one that lost its blank, 10% a strange key and a place. Nothing is read from disk:
reading is apart. CPU seconds of this process, median of five; the table is printed and written to out/bench/joins.json.
"""

import dataclasses
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from benchmarks.table import Row, interleave, show
from imagery.roll.lots import metric
from imagery.roll.outlines import roofs_of
from imagery.roll.parcels import VacantRoll, join_roll
from imagery.roll.tables import normalize_keys

CRS = "EPSG:2248"
FOOT_M = 1200 / 3937
ROWS, COLUMNS, NOTICES = 400, 600, 15_000
LOT_M, HOUSE_M, ALLEY_M, STREET_M = (5.0, 22.0), (0.3, 12.0), 4.5, 13.0
TURN_RAD = np.radians(4.0)
ORIGIN_FT = (1_420_000.0, 600_000.0)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """What the files of a city hold once they are read."""

    lots: gpd.GeoDataFrame
    """Every parcel, index from 0."""
    notices: pd.DataFrame
    """Columns raw, notice_date, lon, lat."""
    buildings: gpd.GeoSeries
    """One outline a lot."""


def main() -> None:
    """Measure and print."""
    show(joining(), "joins")


def joining() -> list[Row]:
    """G12: time the joins, every spatial index built anew each time."""
    city = make_tables()
    placed = metric(_roll(city).table).geometry
    work: dict[str, Callable[[], object]] = {
        "keys normalized": lambda: normalize_keys(city.lots["parcel_id"]),
        "notices by key, then by place; shared walls, occupied and street sides": lambda: _roll(
            city
        ),
        "footprints to vacant parcels": lambda: roofs_of(placed, city.buildings.copy()),
    }
    seconds = interleave(work)
    what = f"joins: {len(city.lots):,} parcels, {len(city.notices):,} notices, {len(city.buildings):,} footprints, CPU s"
    parts = [Row(what=f"   {name}", got=got) for name, got in seconds.items()]
    return [Row(goal="G12", what=what, want="<= 2", got=sum(seconds.values())), *parts]


def make_tables(seed: int = 0) -> Tables:
    """Lay out the city."""
    rng = np.random.default_rng(seed)
    row, column = (one.ravel() for one in np.mgrid[:ROWS, :COLUMNS])
    front = (row // 2) * (2 * LOT_M[1] + ALLEY_M + STREET_M) + (row % 2) * (LOT_M[1] + ALLEY_M)
    house = np.where(row[:, None] % 2, LOT_M[1] - np.array(HOUSE_M)[::-1], np.array(HOUSE_M))
    names = pd.Series([f"{block:04d} {lot:03d}" for block, lot in zip(row, column, strict=True)])
    lots = gpd.GeoDataFrame(
        {
            "parcel_id": names,
            "parcel_key": names.str.replace(" ", ""),
            "block": "",
            "occupied": np.where(rng.random(len(row)) < 0.7, "Y", "N"),
        }
        | dict.fromkeys(("address", "neighborhood", "fire_district", "inspection_district"), ""),
        geometry=_boxes(column, front, np.broadcast_to([0.0, LOT_M[1]], (len(row), 2))),
        crs=CRS,
    )
    buildings = gpd.GeoSeries(_boxes(column, front, house), crs=CRS)
    vacant = np.sort(rng.choice(len(row), NOTICES, replace=False))
    return Tables(lots=lots, notices=_notices(lots, vacant, rng), buildings=buildings)


def _boxes(
    column: NDArray[np.int_], front: NDArray[np.float64], depth: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Return one rectangle a lot, in feet, turned; `depth` (n, 2) is meters behind the front line."""
    left = column * LOT_M[0]
    x = np.stack([left, left + LOT_M[0], left + LOT_M[0], left], axis=1)
    y = front[:, None] + depth[:, [0, 0, 1, 1]]
    cos, sin = np.cos(TURN_RAD), np.sin(TURN_RAD)
    xy = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2) / FOOT_M + np.array(ORIGIN_FT)
    return np.asarray(shapely.polygons(xy), dtype=object)


def _notices(
    lots: gpd.GeoDataFrame, vacant: NDArray[np.int_], rng: np.random.Generator
) -> pd.DataFrame:
    chosen = lots.iloc[vacant]
    centers = chosen.geometry.centroid.to_crs(4326)
    kind = rng.random(len(chosen))
    raw = (
        chosen["parcel_id"]
        .where(kind < 0.7, chosen["parcel_id"].str.replace(" ", ""))
        .where(kind < 0.9, "OLD " + chosen["parcel_id"])
    )
    day = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, len(chosen)), unit="D")
    return pd.DataFrame(
        {
            "raw": raw.to_numpy(),
            "notice_date": day,
            "lon": centers.x.to_numpy(),
            "lat": centers.y.to_numpy(),
        }
    )


def _roll(city: Tables) -> VacantRoll:
    return join_roll(city.lots.copy(), city.notices.copy(), city.buildings.copy(), occupancy=True)


if __name__ == "__main__":
    main()
