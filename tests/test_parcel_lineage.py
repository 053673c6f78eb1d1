"""Parcels that were split, merged or renumbered are traced by outline and key."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.parcel_lineage import LINEAGE_COLUMNS, Parcels, trace_parcels

Box = tuple[float, float]
"""West and east of a lot; all are 20 deep."""


def lots(boxes: Mapping[str, Box | None]) -> Parcels:
    """Return lots side by side; None for one without outline."""
    shapes = np.empty(len(boxes), dtype=object)
    shapes[:] = [shapely.box(box[0], 0, box[1], 20) if box else None for box in boxes.values()]
    return Parcels(ids=pd.Series(list(boxes), dtype="str"), shapes=shapes)


def traced(before: Mapping[str, Box | None], now: Mapping[str, Box | None]) -> set[tuple[str, ...]]:
    """Return before, now, lineage and known_by of every row; all lots are on the roll."""
    parcels = lots(now)
    table = trace_parcels(lots(before), parcels.ids, parcels)
    assert tuple(table.columns) == LINEAGE_COLUMNS
    return set(table[list(LINEAGE_COLUMNS[:4])].itertuples(index=False, name=None))


def test_a_parcel_stays_the_same_by_its_key_though_drawn_a_meter_off() -> None:
    before = {"0216 001": (0, 5), "0216 002": (5, 10)}
    now = {"0216 001": (1, 6), "0216 002": (6, 11)}
    assert traced(before, now) == {
        ("0216 001", "0216 001", "same", "key"),
        ("0216 002", "0216 002", "same", "key"),
    }


def test_a_key_is_the_same_without_its_blanks() -> None:
    assert traced({"0216 001": (0, 5)}, {"0216001": (0, 5)}) == {
        ("0216 001", "0216001", "same", "key")
    }


def test_a_new_key_on_the_same_ground_is_the_same_parcel() -> None:
    assert traced({"0216 001": (0, 5)}, {"9999 777": (0, 5)}) == {
        ("0216 001", "9999 777", "same", "outline")
    }


def test_a_split_parcel_is_traced_to_its_pieces_even_if_one_keeps_the_key() -> None:
    assert traced({"0216 001": (0, 10)}, {"0216 001": (0, 5), "0216 009": (5, 10)}) == {
        ("0216 001", "0216 001", "split", "outline"),
        ("0216 001", "0216 009", "split", "outline"),
    }


def test_merged_parcels_are_traced_to_the_one_that_they_became() -> None:
    before = {"0216 001": (0, 5), "0216 002": (5, 10)}
    assert traced(before, {"0216 001": (0, 10)}) == {
        ("0216 001", "0216 001", "merged", "outline"),
        ("0216 002", "0216 001", "merged", "outline"),
    }


def test_gone_and_new_parcels_have_nobody_on_the_other_side() -> None:
    assert traced({"0216 001": (0, 5)}, {"0300 001": (90, 95)}) == {
        ("0216 001", "", "gone", ""),
        ("", "0300 001", "new", ""),
    }


def test_keys_alone_decide_without_outlines() -> None:
    before = {"0216 001": None, "0216 002": None}
    assert traced(before, {"0216 001": (0, 5)}) == {
        ("0216 001", "0216 001", "same", "key"),
        ("0216 002", "", "gone", ""),
    }


def test_an_outline_that_was_redrawn_elsewhere_keeps_its_key() -> None:
    assert traced({"0216 001": (0, 5)}, {"0216 001": (50, 55)}) == {
        ("0216 001", "0216 001", "same", "key")
    }


def test_a_key_that_moved_to_other_ground_is_not_given_to_two_parcels() -> None:
    before: dict[str, Box | None] = {"0001": (1, 3), "0002": (3, 13)}
    assert traced(before, {"0001": (2, 13)}) == {
        ("0001", "", "gone", ""),
        ("0002", "0001", "same", "outline"),
    }


def test_a_parcel_off_the_roll_is_not_new() -> None:
    now = lots({"0216 001": (0, 5), "0216 002": (5, 10)})
    table = trace_parcels(lots({"0216 001": (0, 5)}), now.ids.iloc[:1], now)
    assert table["lineage"].tolist() == ["same"]


def test_a_key_twice_is_refused() -> None:
    shapes = np.full(2, None, dtype=object)
    with pytest.raises(ValueError, match="'0216 001' appears twice"):
        Parcels(ids=pd.Series(["0216 001", "0216 001"]), shapes=shapes)


@settings(max_examples=200, deadline=None)
@given(
    before=st.lists(st.integers(0, 12), min_size=1, max_size=8, unique=True),
    now=st.lists(st.integers(0, 12), min_size=1, max_size=8, unique=True),
    keys=st.permutations([f"{number:04d}" for number in range(12)]),
)
def test_no_parcel_of_either_year_is_lost(
    before: list[int], now: list[int], keys: list[str]
) -> None:
    """Cuts at random places: each earlier parcel and each one on the roll has a row."""
    first = strips(before, sorted(keys))
    second = strips(now, keys)
    parcels = lots(second)
    table = trace_parcels(lots(first), parcels.ids, parcels)
    assert set(first) <= set(table["parcel_id_before"])
    assert set(second) <= set(table["parcel_id"])
    pairs = table[(table["parcel_id_before"] != "") & (table["parcel_id"] != "")]
    assert not pairs.duplicated(["parcel_id_before", "parcel_id"]).any()
    same = pairs[pairs["lineage"] == "same"]
    assert same["parcel_id"].is_unique


def strips(cuts: list[int], keys: list[str]) -> dict[str, Box]:
    """Return the strips between cuts of 0 to 13."""
    edges = sorted({0, 13, *cuts})
    pairs = pairwise(edges)
    return {key: (float(west), float(east)) for key, (west, east) in zip(keys, pairs, strict=False)}
