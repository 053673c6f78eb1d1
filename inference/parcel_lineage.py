"""What became of the parcels of an earlier roll: same, split, merged, new or gone.

A parcel is the same where its key is, unless its outline became that of several parcels or part of
another one. Where the key is gone, outlines decide. Every earlier parcel and every parcel of the
roll is in the table at least once.
"""

from dataclasses import dataclass
from enum import StrEnum

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from imagery.roll.keys import match_ids
from imagery.shapes import Shapes

SAME_OVERLAP = 0.6
"""Share of their union that two outlines of one parcel share at least: layers of two years are
drawn up to a meter apart, on lots five meters wide."""
INSIDE = 0.7
"""Share of a parcel that lies inside another one at least, for being a part of it."""
LEAST_PIECE = 0.05
"""Share of the earlier parcel that a piece has at least: slivers are drawing errors."""

LINEAGE_COLUMNS = (
    "parcel_id_before",
    "parcel_id",
    "lineage",
    "known_by",
    "share_of_before",
    "share_of_now",
)


class Lineage(StrEnum):
    """What became of a parcel."""

    SAME = "same"
    SPLIT = "split"
    MERGED = "merged"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, eq=False)
class Parcels:
    """Parcels of one year."""

    ids: pd.Series
    """Keys as text, each once, (N,)."""
    shapes: Shapes
    """Outlines in a CRS that both years share, None where there is none, (N,)."""

    def __post_init__(self) -> None:
        """Check that each key appears once and has its place for an outline."""
        if not self.ids.is_unique:
            twin = self.ids[self.ids.duplicated()].iloc[0]
            raise ValueError(f"parcel {twin!r} appears twice; want each once")
        if len(self.ids) != len(self.shapes):
            raise ValueError(f"{len(self.ids)} parcels, {len(self.shapes)} outlines; want as many")

    def __len__(self) -> int:
        """Return the number of parcels."""
        return len(self.ids)


@dataclass(frozen=True, kw_only=True, eq=False)
class Overlaps:
    """Pairs of an earlier parcel and one of now, and how much of each the other one covers."""

    before: NDArray[np.int64]
    """Places of the earlier parcels, (P,)."""
    now: NDArray[np.int64]
    """Places of the parcels of now, -1 where the key is known and no outline was found, (P,)."""
    share_of_before: NDArray[np.float64]
    """Share of the earlier parcel, NaN where an outline is missing, (P,)."""
    share_of_now: NDArray[np.float64]
    """Share of the parcel of now, NaN where an outline is missing, (P,)."""

    def take(self, chosen: NDArray[np.bool_]) -> "Overlaps":
        """Return some of the pairs."""
        return Overlaps(
            before=self.before[chosen],
            now=self.now[chosen],
            share_of_before=self.share_of_before[chosen],
            share_of_now=self.share_of_now[chosen],
        )

    @property
    def are_same(self) -> NDArray[np.bool_]:
        """Tell which pairs are one parcel by their outlines, (P,)."""
        with np.errstate(divide="ignore"):
            union = 1 / self.share_of_before + 1 / self.share_of_now - 1
        return np.asarray(1 / union >= SAME_OVERLAP, bool)

    @property
    def are_pieces(self) -> NDArray[np.bool_]:
        """Tell in which pairs the parcel of now is a piece of the earlier one, (P,)."""
        is_inside = self.share_of_now >= INSIDE
        return np.asarray(is_inside & (self.share_of_before >= LEAST_PIECE), bool)

    @property
    def are_swallowed(self) -> NDArray[np.bool_]:
        """Tell in which pairs the earlier parcel became part of the parcel of now, (P,)."""
        return np.asarray(self.share_of_before >= INSIDE, bool)


def trace_parcels(before: Parcels, on_roll: pd.Series, now: Parcels) -> pd.DataFrame:
    """Return what became of every earlier parcel, and where those on the roll come from.

    Args:
        before: The earlier roll.
        on_roll: Keys of the roll of now, each once.
        now: All parcels of now, at least those of the roll that have an outline.

    Returns:
        Columns `LINEAGE_COLUMNS`, sorted; `parcel_id_before` is "" of a new parcel and `parcel_id`
        "" of one that is gone. `known_by` is "key", "outline" or "".
    """
    by_key = _pairs_by_key(before, now)
    is_kept = _keep_key(by_key)
    kept = by_key.take(is_kept)
    loose = np.setdiff1d(np.arange(len(before)), kept.before)
    taken = set(kept.now.tolist())
    found = _pairs_by_outline(before, now, loose)

    frames = [_frame(kept, before, now, Lineage.SAME, "key")]
    frames += _read_outlines(found, before, now, taken)
    frames.append(_leftovers(by_key.take(~is_kept), frames, before, now))
    known = pd.concat(frames, ignore_index=True)
    gone = before.ids[~before.ids.isin(known["parcel_id_before"])]
    new = on_roll[~on_roll.isin(known["parcel_id"])]
    ends = [_ends("parcel_id_before", gone, Lineage.GONE), _ends("parcel_id", new, Lineage.NEW)]
    table = pd.concat([known, *ends], ignore_index=True)
    order = ["parcel_id_before", "parcel_id"]
    return table.sort_values(order, kind="stable").reset_index(drop=True)


def _pairs_by_key(before: Parcels, now: Parcels) -> Overlaps:
    """Return the pairs whose keys mean one parcel; the first of several spellings counts."""
    place = match_ids(before.ids, now.ids).place
    first = pd.Series(place).where(place >= 0)
    is_pair = (place >= 0) & ~first.duplicated().to_numpy(bool)
    return _measure(before, now, np.flatnonzero(is_pair), np.asarray(place[is_pair], np.int64))


def _keep_key(pairs: Overlaps) -> NDArray[np.bool_]:
    """Tell which keys settle it: those whose outline is missing, or did not change, (P,)."""
    is_unknown = np.isnan(pairs.share_of_before)
    return np.asarray(is_unknown | pairs.are_same, bool)


def _pairs_by_outline(before: Parcels, now: Parcels, loose: NDArray[np.int64]) -> Overlaps:
    """Return all pairs of some earlier parcels and the parcels of now that overlap."""
    tree = shapely.STRtree(now.shapes)
    sought, hits = tree.query(before.shapes[loose], predicate="intersects")
    pairs = _measure(before, now, loose[sought], np.asarray(hits, np.int64))
    return pairs.take(pairs.share_of_before > 0)


def _measure(
    before: Parcels, now: Parcels, first: NDArray[np.int64], second: NDArray[np.int64]
) -> Overlaps:
    """Measure how much of each other some pairs cover."""
    ours = before.shapes[first]
    theirs = now.shapes[second]
    with np.errstate(invalid="ignore", divide="ignore"):
        # Most outlines are those of the year before, and need no intersection.
        shared = shapely.area(ours)
        differs = ~shapely.equals_exact(ours, theirs)
        shared[differs] = shapely.area(shapely.intersection(ours[differs], theirs[differs]))
        of_before = shared / shapely.area(ours)
        of_now = shared / shapely.area(theirs)
    return Overlaps(before=first, now=second, share_of_before=of_before, share_of_now=of_now)


def _read_outlines(
    pairs: Overlaps, before: Parcels, now: Parcels, taken: set[int]
) -> list[pd.DataFrame]:
    """Return what outlines say of the parcels that their key does not settle."""
    # A parcel that another one's key claims is not this one under a new key.
    is_free = ~np.isin(pairs.now, np.array(sorted(taken), np.int64))
    is_same = pairs.are_same & is_free
    same = pairs.take(is_same)
    rest = pairs.take(~np.isin(pairs.before, same.before))

    is_piece = rest.are_pieces & ~rest.are_swallowed
    pieces = rest.take(is_piece)
    others = rest.take(~np.isin(rest.before, pieces.before))
    swallowed = others.take(others.are_swallowed)
    return [
        _frame(same, before, now, Lineage.SAME, "outline"),
        _frame(pieces, before, now, Lineage.SPLIT, "outline"),
        _frame(swallowed, before, now, Lineage.MERGED, "outline"),
    ]


def _leftovers(
    pairs: Overlaps, frames: list[pd.DataFrame], before: Parcels, now: Parcels
) -> pd.DataFrame:
    """Return the pairs of one key of which the outlines say nothing, such as a moved outline."""
    known = pd.concat(frames, ignore_index=True)
    is_same = known["lineage"] == Lineage.SAME.value
    is_open = ~before.ids.iloc[pairs.before].isin(known["parcel_id_before"]).to_numpy(bool)
    is_free = ~now.ids.iloc[pairs.now].isin(known.loc[is_same, "parcel_id"]).to_numpy(bool)
    return _frame(pairs.take(is_open & is_free), before, now, Lineage.SAME, "key")


def _frame(
    pairs: Overlaps, before: Parcels, now: Parcels, lineage: Lineage, known_by: str
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "parcel_id_before": before.ids.iloc[pairs.before].to_numpy(dtype=object),
            "parcel_id": now.ids.iloc[pairs.now].to_numpy(dtype=object),
            "lineage": lineage.value,
            "known_by": known_by,
            "share_of_before": pairs.share_of_before,
            "share_of_now": pairs.share_of_now,
        },
        columns=list(LINEAGE_COLUMNS),
    )


def _ends(column: str, ids: pd.Series, lineage: Lineage) -> pd.DataFrame:
    """Return parcels that are in one year only."""
    texts = {"parcel_id_before": "", "parcel_id": "", "lineage": lineage.value, "known_by": ""}
    frame = pd.DataFrame({column: ids.to_numpy(dtype=object)})
    rest = {name: text for name, text in texts.items() if name != column}
    numbers = {"share_of_before": np.nan, "share_of_now": np.nan}
    return frame.assign(**rest, **numbers)[list(LINEAGE_COLUMNS)]


def parcels_of(table: gpd.GeoDataFrame) -> Parcels:
    """Return the parcels of a table with parcel_id and geometry."""
    ids = table["parcel_id"].astype("str").reset_index(drop=True)
    return Parcels(ids=ids, shapes=table.geometry.to_numpy())
