"""What is said once of each distinct combination is what would be said of each row."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gis_export.table.distinct import by_distinct

CELLS = st.one_of(st.none(), st.sampled_from(["a", "b", "", "é"]), st.dates())


@given(st.lists(st.tuples(CELLS, CELLS), max_size=30))
def test_equals_a_call_for_every_row(pairs: list[tuple[object, object]]) -> None:
    left, right = (pd.Series([pair[side] for pair in pairs], dtype=object) for side in (0, 1))
    assert by_distinct(lambda one, other: (one, other), left, right).tolist() == pairs


def test_is_called_once_for_a_combination() -> None:
    called: list[str] = []
    found = by_distinct(
        lambda cell: called.append(cell) or cell.upper(), pd.Series(["x", "y", "x"])
    )
    assert (found.tolist(), sorted(called)) == (["X", "Y", "X"], ["x", "y"])
