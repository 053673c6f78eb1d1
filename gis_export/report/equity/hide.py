"""Hide small counts of tables that share their roofs: by neighborhood, by district, by any area.

Each table by itself is done by `gis_export.public.suppression`. A count that one table hides could
still follow from another: a district is the sum of its neighborhoods. So the least and the most
that a hidden count could be are computed from all that all tables show, by linear programming over
the smallest parts that areas have in common, and more is hidden until every hidden count could be
`SMALL` or more different ones (Fischetti and Salazar, 2000, "Models and algorithms for optimizing
cell suppression in tabular data with linear constraints", Journal of the American Statistical
Association 95, call this the attacker's problem).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from gis_export.public.suppression import SMALL, hidden_cells, with_totals

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
_ROUNDING = 1e-6
_AT_ONCE = 40
"""Times that counts far from the truth are looked for in many places at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Divided:
    """Roofs by area and outcome."""

    areas: NDArray[np.int64]
    """Number of the area of each roof, (N,)."""
    names: tuple[str, ...]
    """Name of each area."""

    def count(self, outcomes: NDArray[np.int64], kinds: int) -> Counts:
        """Return the roofs of each area by outcome, (areas, kinds)."""
        found = np.zeros((len(self.names), kinds), dtype=np.int64)
        np.add.at(found, (self.areas, outcomes), 1)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Every count of all tables as a sum of parts."""

    parts: csr_array
    """Which parts each count adds up, (counts, parts)."""
    values: Counts
    """The counts, (counts,)."""
    cost: Counts
    """What is hidden last: 0 a count, 1 all roofs of an area, 2 the whole city, (counts,)."""


def hide_linked(
    levels: Sequence[Divided], outcomes: NDArray[np.int64], *, kinds: int, where: Counts
) -> list[Mask]:
    """Return what must not be shown of each table with totals, (areas + 1, kinds + 1) each.

    Args:
        levels: The same roofs, divided in several ways.
        outcomes: Number of the outcome of each roof, (N,).
        kinds: How many outcomes there are.
        where: Area by each level of every vacant, roofs of this table or not, (M, levels): which
            areas overlap is known to everybody.
    """
    if not levels:
        return []

    masks = [hidden_cells(level.count(outcomes, kinds)) for level in levels]
    city = np.any([mask[-1] for mask in masks], axis=0)
    if len(levels) == 1 or not len(outcomes):
        return masks

    hidden = np.concatenate([*[mask[:-1].ravel() for mask in masks], city])
    hidden = _hide_more(_sums(levels, outcomes, kinds, where), hidden)
    return _masks(hidden, levels, kinds)


def _masks(hidden: Mask, levels: Sequence[Divided], kinds: int) -> list[Mask]:
    """Return the tables of a list of counts; the city's are those of all."""
    width = kinds + 1
    city = hidden[-width:]
    found = []
    start = 0
    for level in levels:
        stop = start + len(level.names) * width
        found.append(np.vstack([hidden[start:stop].reshape(-1, width), city]))
        start = stop
    return found


def _sums(
    levels: Sequence[Divided], outcomes: NDArray[np.int64], kinds: int, where: Counts
) -> Sums:
    """Return the counts of all tables by their parts, those of the city last."""
    together = np.vstack([where, np.column_stack([level.areas for level in levels])])
    combinations = np.unique(together, axis=0)
    atoms = len(combinations)
    blocks = []
    values = []
    costs = []
    for number, level in enumerate(levels):
        member = combinations[:, number][None] == np.arange(len(level.names))[:, None]
        blocks.append(_by_outcome(member, kinds))
        table = with_totals(level.count(outcomes, kinds))[:-1]
        values.append(table.ravel())
        costs.append(np.tile(np.arange(kinds + 1) == kinds, len(level.names)).astype(np.int64))

    blocks.append(_by_outcome(np.ones((1, atoms), dtype=bool), kinds))
    values.append(with_totals(levels[0].count(outcomes, kinds))[-1])
    costs.append(np.full(kinds + 1, 2))
    return Sums(
        parts=csr_array(np.vstack(blocks)),
        values=np.concatenate(values),
        cost=np.concatenate(costs),
    )


def _by_outcome(member: Mask, kinds: int) -> NDArray[np.float64]:
    """Return a row for each outcome of each area, and one for all of them."""
    columns = np.vstack([np.eye(kinds), np.ones((1, kinds))])
    return np.asarray(np.kron(member.astype(np.float64), columns), dtype=np.float64)


def _hide_more(sums: Sums, hidden: Mask) -> Mask:
    """Hide further counts until no hidden one can be told within `SMALL`."""
    hidden = hidden.copy()
    # What some reader could take for the truth, stays possible when more is hidden.
    reach = Reach(least=sums.values.astype(np.float64), most=sums.values.astype(np.float64))
    reach = _reach_many(sums, hidden, reach)
    waiting = np.flatnonzero(hidden).tolist()
    while waiting:
        place = waiting[-1]
        if reach.is_wide[place]:
            waiting.pop()
            continue

        goal = sums.parts[[place]].toarray().ravel()
        lowest, low_tight = _farthest(sums, hidden, goal)
        highest, high_tight = _farthest(sums, hidden, -goal)
        reach = reach.with_counts(lowest).with_counts(highest)
        if not reach.is_wide[place]:
            tight = low_tight | high_tight
            further = min(tight, key=lambda shown: (sums.cost[shown], sums.values[shown]))
            hidden[further] = True
            waiting.insert(0, further)
    return hidden


@dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """What counts are known to be possible."""

    least: NDArray[np.float64]
    """Least that each count could be, as far as anybody has tried, (counts,)."""
    most: NDArray[np.float64]
    """The same for the most, (counts,)."""

    @property
    def is_wide(self) -> Mask:
        """Tell which counts could be `SMALL` or more different ones, (counts,)."""
        known = np.floor(self.most + _ROUNDING) - np.ceil(self.least - _ROUNDING) + 1
        return np.asarray(known >= SMALL, dtype=bool)

    def with_counts(self, counts: NDArray[np.float64]) -> "Reach":
        """Return the same where some counts are known to be possible."""
        return Reach(least=np.minimum(self.least, counts), most=np.maximum(self.most, counts))


def _reach_many(sums: Sums, hidden: Mask, reach: Reach) -> Reach:
    """Try counts that are far from the truth in many places at once: one by one takes long."""
    rng = np.random.default_rng(0)
    for _ in range(_AT_ONCE):
        narrow = np.flatnonzero(hidden & ~reach.is_wide)
        if not len(narrow):
            break
        weights = rng.choice([-1.0, 1.0], size=len(narrow))
        counts, _ = _farthest(sums, hidden, np.asarray(sums.parts[narrow].T @ weights))
        reach = reach.with_counts(counts)
    return reach


def _farthest(
    sums: Sums, hidden: Mask, goal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], set[int]]:
    """Return all counts where some sum of parts is least, and what says so.

    The second value holds the shown counts that keep it from going further.

    Args:
        sums: The counts.
        hidden: What is not shown.
        goal: The weight of each part, (parts,).
    """
    shown = np.flatnonzero(~hidden)
    answer = linprog(
        goal,
        A_eq=sums.parts[shown] if len(shown) else None,  # type: ignore[arg-type]  # may be sparse
        b_eq=sums.values[shown] if len(shown) else None,
        bounds=(0, float(sums.values.max() + SMALL)),
    )
    if answer.status != 0 or answer.x is None:
        raise ValueError(f"{len(shown)} shown counts: {answer.message}")

    prices = np.abs(answer.eqlin.marginals) > _ROUNDING
    return np.asarray(sums.parts @ answer.x, dtype=np.float64), set(shown[prices].tolist())
