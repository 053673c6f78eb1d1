"""What is said once of each distinct combination is what would be said of each row."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gis_export.table.distinct import by_distinct

CELLS = st.one_of(st.none(), st.sampled_from(["a", "b", "", "é"]), st.dates())


@given(st.lists(st.tuples(CELLS, CELLS), max_size=30))
def test_equals_a_call_for_every_row(pairs: list[tuple[object, object]]) -> None:
    left = pd.Series([left for left, _ in pairs], dtype=object)
    right = pd.Series([right for _, right in pairs], dtype=object)

    found = by_distinct(lambda left_cell, right_cell: (left_cell, right_cell), left, right)

    assert found.tolist() == pairs


def test_is_called_once_for_a_combination() -> None:
    called: list[str] = []

    def upper(cell: str) -> str:
        called.append(cell)
        return cell.upper()

    found = by_distinct(upper, pd.Series(["x", "y", "x"]))

    assert found.tolist() == ["X", "Y", "X"]
    assert sorted(called) == ["x", "y"]
