"""Is what changed since the flyover before told right, on a demo city whose truth is known?

    python -m benchmarks.change --demo DIR [--seed S]

DIR is a finished demo city. The change of its last two flyovers is compared with truth.csv. Parcels
of the demo never change, so some are split and merged here, and all are drawn up to half a meter
off, before their lineage is traced.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from imagery.workspace import YearFiles
from inference.change import Outcome
from inference.ledger import read_ledger
from inference.parcel_lineage import Lineage, Parcels, trace_parcels

FAILING_PCT = 10
"""Percent of the roof at which the truth counts as failing."""
WORSENED_PCT = 15
"""Percent of the roof by which an open roof opens further, for being called worse."""
PLANTED = 100
"""Parcels that are split, and pairs that are merged."""
DRAWN_OFF_M = 0.5
"""Outlines of two years differ by so much at most, in each direction."""
FOOT_M = 0.3048


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What truly became of the roofs that both photos show."""

    opened: frozenset[str]
    """Failing now, not then."""
    worsened: frozenset[str]
    """Failing in both, and wider open now."""
    unchanged: frozenset[str]
    """In the same state, equally open."""
    razed: frozenset[str]
    """A building then, none now."""


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    for line in compare_change(options.demo):
        print(line)
    print(compare_lineage(options.demo, np.random.default_rng(options.seed)))


def compare_change(demo: Path) -> list[str]:
    """Return what `outcome` and what words alone say of the last two flyovers."""
    table = pd.read_csv(demo / "truth.csv", dtype={"parcel_id": str})
    then, now = sorted(table["year"].unique())[-2:]
    folder = demo / "workspace" / str(now)
    words = read_ledger(folder, now).table.set_index("parcel_id")["hazard"]
    before = read_ledger(folder.parent / str(then), then).table.set_index("parcel_id")["hazard"]
    truth = read_truth(table, then, now, both_scored(words, before))

    change = pd.read_csv(YearFiles(folder=folder).report.change, dtype=str, keep_default_na=False)
    outcome = change.set_index("parcel_id")["outcome"]
    risen = frozenset(words.index[_severity(words) > _severity(before.reindex(words.index))])
    called = {
        "by change.csv, NEW and WORSE": _ids(outcome, Outcome.NEW, Outcome.WORSE),
        "by words alone, a worse word": risen,
    }
    lines = [_line(name, ids, truth) for name, ids in called.items()]
    gone = _ids(outcome, Outcome.NO_BUILDING, Outcome.RAZED)
    better = _ids(outcome, Outcome.BETTER)
    return [
        *lines,
        f"no building seen: {len(gone)} called, of {len(truth.razed)} razed since "
        f"{len(gone & truth.razed)} found; better in photo: {len(better)} called",
    ]


def both_scored(words: pd.Series, before: pd.Series) -> frozenset[str]:
    """Return the parcels that were scored in both flyovers."""
    is_scored = words != "NOT ASSESSED"
    was_scored = before != "NOT ASSESSED"
    return frozenset(words.index[is_scored]) & frozenset(before.index[was_scored])


def read_truth(table: pd.DataFrame, then: int, now: int, scored: frozenset[str]) -> Truth:
    """Return what truly became of roofs.

    Args:
        table: Columns parcel_id, year, roof_pct and state.
        then: Year of the flyover before.
        now: Year of the flyover.
        scored: Roofs that both photos show.
    """
    pct = table.pivot(index="parcel_id", columns="year", values="roof_pct")
    state = table.pivot(index="parcel_id", columns="year", values="state")
    is_scored = pct.index.isin(scored)
    was_failing = pct[then] >= FAILING_PCT
    is_failing = pct[now] >= FAILING_PCT
    opens = pct[now] - pct[then]
    is_same = (state[then] == state[now]) & (opens == 0)
    is_razed = (state[now] == "razed") & (state[then] != "razed")
    return Truth(
        opened=frozenset(pct.index[is_scored & is_failing & ~was_failing]),
        worsened=frozenset(pct.index[is_scored & was_failing & (opens >= WORSENED_PCT)]),
        unchanged=frozenset(pct.index[is_scored & is_same]),
        razed=frozenset(pct.index[is_razed]),
    )


def _severity(words: pd.Series) -> pd.Series:
    order = {"NOT SEEN IN PHOTO": 0, "POSSIBLE": 1, "LIKELY": 2}
    return words.map(order)


def _ids(outcome: pd.Series, *wanted: Outcome) -> frozenset[str]:
    return frozenset(outcome.index[outcome.isin([one.value for one in wanted])])


def _line(name: str, called: frozenset[str], truth: Truth) -> str:
    false = len(called & truth.unchanged)
    per_thousand = 1000 * false / len(truth.unchanged)
    return (
        f"{name}: of {len(truth.opened)} that opened {len(called & truth.opened)} found, "
        f"of {len(truth.worsened)} that opened further {len(called & truth.worsened)}; "
        f"of {len(truth.unchanged)} unchanged {false} called, {per_thousand:.1f} per 1,000"
    )


def compare_lineage(demo: Path, rng: np.random.Generator) -> str:
    """Return how many planted splits and merges are traced, and how many others are called so."""
    lots = gpd.read_file(demo / "parcels.gpkg").dropna(subset=["geometry"])
    lots = lots.drop_duplicates("parcel_id").reset_index(drop=True)
    ids = lots["parcel_id"].astype("str")
    shapes = lots.geometry.to_numpy()
    chosen = rng.permutation(len(lots))
    split = chosen[:PLANTED]
    merged = _pairs(shapes, chosen[PLANTED:])

    now = _draw_off(_change_lots(ids, shapes, split, merged), rng)
    table = trace_parcels(Parcels(ids=ids, shapes=shapes), now.ids, now)
    lineage = table.drop_duplicates("parcel_id_before").set_index("parcel_id_before")["lineage"]
    is_split = lineage.reindex(ids) == Lineage.SPLIT.value
    is_merged = lineage.reindex(ids) == Lineage.MERGED.value
    in_pairs = merged.ravel()
    others = np.setdiff1d(np.arange(len(ids)), np.union1d(split, in_pairs))
    is_same = (lineage.reindex(ids) == Lineage.SAME.value).to_numpy()
    return (
        f"lineage: {int(is_split.iloc[split].sum())} of {len(split)} split parcels found, "
        f"{int(is_merged.iloc[in_pairs].sum())} of {len(in_pairs)} merged ones; "
        f"of {len(others)} others {int((~is_same[others]).sum())} not called same"
    )


def _pairs(shapes: NDArray[np.object_], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return pairs of parcels that share a border, each parcel in one pair at most, (n, 2)."""
    tree = shapely.STRtree(shapes)
    free = set(order.tolist())
    pairs: list[tuple[int, int]] = []
    for place in order.tolist():
        near = [int(one) for one in tree.query(shapes[place], predicate="intersects")]
        walls = [one for one in near if one in free and one != place]
        long = [one for one in walls if shapes[place].intersection(shapes[one]).length > 10]
        if place in free and long and len(pairs) < PLANTED:
            pairs.append((place, long[0]))
            free -= {place, long[0]}
    return np.array(pairs, np.int64)


def _change_lots(
    ids: pd.Series,
    shapes: NDArray[np.object_],
    split: NDArray[np.int64],
    merged: NDArray[np.int64],
) -> Parcels:
    """Return the parcels with some cut in two and some united; half of the keys survive."""
    names = ids.to_numpy(dtype=object).copy()
    changed = shapes.copy()
    new_names: list[str] = []
    new_shapes: list[shapely.Geometry] = []
    for number, place in enumerate(split.tolist()):
        first, second = _halves(shapes[place])
        changed[place] = first
        new_names.append(f"{names[place]} HALF B")
        new_shapes.append(second)
        names[place] = names[place] if number % 2 else f"{names[place]} HALF A"
    for number, (keeps, goes) in enumerate(merged.tolist()):
        changed[keeps] = shapely.union(shapes[keeps], shapes[goes])
        names[keeps] = names[keeps] if number % 2 else f"{names[keeps]} UNITED"

    kept = np.setdiff1d(np.arange(len(ids)), merged[:, 1])
    outlines = np.empty(len(kept) + len(new_shapes), dtype=object)
    outlines[:] = [*changed[kept], *new_shapes]
    return Parcels(ids=pd.Series([*names[kept], *new_names], dtype="str"), shapes=outlines)


def _halves(
    shape: shapely.geometry.base.BaseGeometry,
) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Cut a parcel in two across its box."""
    west, south, east, north = shape.bounds
    if east - west > north - south:
        middle = (west + east) / 2
        first = shapely.box(west, south, middle, north)
    else:
        middle = (south + north) / 2
        first = shapely.box(west, south, east, middle)
    return shape.intersection(first), shape.difference(first)


def _draw_off(parcels: Parcels, rng: np.random.Generator) -> Parcels:
    """Return parcels each of which is drawn a little off."""
    most = DRAWN_OFF_M / FOOT_M
    moved = [
        shapely.transform(shape, lambda xy: xy + rng.uniform(-most, most, 2))
        for shape in parcels.shapes
    ]
    shapes = np.empty(len(moved), dtype=object)
    shapes[:] = moved
    return Parcels(ids=parcels.ids, shapes=shapes)


if __name__ == "__main__":
    main()
