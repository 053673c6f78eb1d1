"""What one table hides no other gives away: attacked by integer programming over all tables."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from gis_export.public.suppression import SMALL, hidden_cells, with_totals
from gis_export.report.equity.hide import Divided, hide_linked

MOST = 5_000


def divide(areas: Sequence[int] | NDArray[np.int64]) -> Divided:
    """Return roofs divided into areas 0, 1, 2, ..."""
    numbers = np.array(areas, dtype=np.int64)
    return Divided(areas=numbers, names=tuple(f"A{area}" for area in range(numbers.max() + 1)))


def attack(
    levels: Sequence[Divided], outcomes: NDArray[np.int64], masks: list[NDArray[np.bool_]]
) -> list[int]:
    """Return how many whole numbers each hidden count could be, by all that is shown."""
    kinds = int(masks[0].shape[1]) - 1
    areas = np.column_stack([level.areas for level in levels])
    atoms, atom_of = np.unique(areas, axis=0, return_inverse=True)
    sums = []
    values = []
    hidden = []
    for number, (level, mask) in enumerate(zip(levels, masks, strict=True)):
        table = with_totals(level.count(outcomes, kinds))
        for row, column in np.ndindex(*table.shape):
            in_row = atoms[:, number] == row if row < len(level.names) else np.ones(len(atoms))
            in_column = np.arange(kinds) == column if column < kinds else np.ones(kinds)
            part = np.outer(in_row, in_column).ravel()
            sums.append(part)
            values.append(int(table[row, column]))
            hidden.append(bool(mask[row, column]))

    truth = np.zeros((len(atoms), kinds))
    np.add.at(truth, (atom_of, outcomes), 1)
    matrix = np.array(sums, dtype=np.float64)
    assert np.array_equal(matrix @ truth.ravel(), values)

    is_shown = ~np.array(hidden)
    shown = LinearConstraint(
        matrix[is_shown], np.array(values)[is_shown], np.array(values)[is_shown]
    )
    counts = []
    for place in np.flatnonzero(~is_shown):
        ends = []
        for sign in (1, -1):
            answer = milp(
                sign * matrix[place],
                constraints=shown if is_shown.any() else (),
                integrality=np.ones(truth.size, np.int64),
                bounds=Bounds(0, MOST),
            )
            assert answer.success, answer.message
            ends.append(sign * round(answer.fun))
        counts.append(ends[1] - ends[0] + 1)
    return counts


def test_a_district_is_the_sum_of_its_neighborhoods() -> None:
    """District 0 is neighborhoods 0 and 1: what 0 hides would follow from 1 and the district."""
    near = [0] * 24 + [1] * 100 + [2] * 40 + [3] * 90
    outcomes = np.array(
        [0] * 4 + [1] * 20 + [0] * 50 + [1] * 50 + [0] * 12 + [1] * 28 + [0] * 30 + [1] * 60
    )
    district = [0] * 124 + [1] * 130
    levels = [divide(near), divide(district)]
    where = np.column_stack([level.areas for level in levels])
    masks = hide_linked(levels, outcomes, kinds=2, where=where)

    assert masks[0][0, 0]
    assert min(attack(levels, outcomes, masks)) >= SMALL
    # Each table by itself leaves the district shown, and with it a way in.
    alone = [hidden_cells(level.count(outcomes, 2)) for level in levels]
    assert not alone[1].any()
    assert min(attack(levels, outcomes, alone)) < SMALL


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(2, 3))
def test_nobody_can_compute_what_is_hidden(seed: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    roofs = int(rng.integers(40, 400))
    near = rng.integers(0, 5, roofs)
    near[:5] = np.arange(5)
    levels = [divide(near), divide(near // 2), divide(rng.permutation(np.arange(roofs) % 2))]
    outcomes = rng.choice(kinds, size=roofs, p=rng.dirichlet(np.ones(kinds)))
    where = np.column_stack([level.areas for level in levels])
    masks = hide_linked(levels, outcomes, kinds=kinds, where=where)

    for level, mask in zip(levels, masks, strict=True):
        table = with_totals(level.count(outcomes, kinds))
        assert mask[table < SMALL].all()
        assert np.array_equal(mask[-1], masks[0][-1])
    assert min(attack(levels, outcomes, masks), default=SMALL) >= SMALL


def test_one_level_is_what_the_public_page_does() -> None:
    level = divide([0] * 12 + [1] * 30 + [2] * 40)
    outcomes = np.array([0] * 3 + [1] * 9 + [0] * 15 + [1] * 15 + [0] * 20 + [1] * 20)
    (mask,) = hide_linked([level], outcomes, kinds=2, where=level.areas[:, None])
    assert np.array_equal(mask, hidden_cells(level.count(outcomes, 2)))


def test_an_area_without_such_roofs_hides_no_city() -> None:
    """An area of the roll that nobody has labeled has no counts, and costs no others."""
    levels = [divide([0] * 40 + [1] * 60), divide([0] * 40 + [1] * 60)]
    named = [Divided(areas=level.areas, names=("A0", "A1", "A2")) for level in levels]
    outcomes = np.array([0] * 20 + [1] * 20 + [0] * 30 + [1] * 30)
    where = np.array([[0, 0], [1, 1], [2, 2], [2, 1]])
    masks = hide_linked(named, outcomes, kinds=2, where=where)
    assert masks[0][2].all()
    assert not masks[0][-1].any()
    assert not hide_linked([], outcomes, kinds=2, where=where)
