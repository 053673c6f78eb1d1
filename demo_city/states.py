"""Who is on the vacant roll, and how each roof fares over the years; no pixels here."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from demo_city.layout import Block, CityPlan, block_at
from demo_city.lots import Lot
from demo_city.noise import stream

Condition = Literal["intact", "sag", "hole", "open", "burnt", "gone", "razed", "occupied"]

YEARS = (2022, 2023, 2024)
LABEL_YEARS = YEARS[:2]
THRESHOLD_PCT = 10
WRONG_LABELS = 0.03
VISITED = 0.3
"""Share of labels by an inspector on site; wrong ones come from a desk."""
MISSING_LABELS = 0.25
CANNOT_TELL = 0.03

RAZED_ON_ROLL = 0.05
OCCUPIED_ON_ROLL = 0.05
FAILING = 0.085
SAGGING = 0.045
PCT_BINS = ((10, 25), (25, 50), (50, 100), (100, 101))
"""Share of the roof that is open when it begins to fail, percent; the upper end is exclusive."""
NEVER = 99
"""A year, counted from the first, in which nothing happens any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Roof:
    """What is left of a roof in one year."""

    condition: Condition
    """State of the building."""
    roof_pct: int
    """Share of the roof that is open or gone, in percent."""
    repaired: bool = False
    """Whether it was repaired: it carries a new membrane."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One reviewer's answer."""

    parcel_id: str
    """Parcel, spelled as on the parcel map."""
    year: int
    """Year of the flyover that was looked at."""
    roof_pct: str
    """Percent, or `cannot tell`."""
    source: str
    """Who looked."""


INTACT = Roof(condition="intact", roof_pct=0)


@lru_cache(maxsize=8192)
def vacant_histories(plan: CityPlan, index: int) -> dict[int, tuple[Roof, ...]]:
    """Return, for the vacant lots of a block, their roofs in every year; keys are lot indices."""
    block = block_at(plan, index)
    rng = stream(plan.seed, "vacancy", index)
    rate = float(np.clip(0.35 + 0.13 * rng.standard_normal(), 0.08, 0.7))
    houses = [lot.index for lot in block.lots if lot.kind != "empty"]
    count = min(len(houses), int(rate * len(block.lots) + rng.random()))
    chosen = _choose_clustered(rng, houses, count)

    # One draw from each of `count` equal slices of 0 to 1, so that small cities have their share
    # of failing roofs too.
    draws = (rng.permutation(count) + rng.random(count)) / max(count, 1)
    histories = {}
    for lot, draw in zip(chosen, draws.tolist(), strict=True):
        histories[lot] = _draw_history(rng, draw)
    return histories


def label_block(plan: CityPlan, index: int, draw: int = 0) -> list[Label]:
    """Write the reviewers' answers for one block: some wrong, some missing, a few undecided.

    Args:
        plan: The city.
        index: Block.
        draw: Other reviewers of the same roofs from 1 on.
    """
    rng = stream(plan.seed, "labels", index, *([draw] if draw else []))
    lots = block_at(plan, index).lots
    labels: list[Label] = []
    for lot, history in vacant_histories(plan, index).items():
        for year, roof in zip(LABEL_YEARS, history, strict=False):
            label = _draw_label(rng, roof, parcel_id=lots[lot].parcel_id, year=year)
            if label is not None:
                labels.append(label)
    return labels


def is_occupied(plan: CityPlan, block: Block, lot: Lot) -> bool:
    """Tell whether the parcel map calls a lot occupied."""
    history = vacant_histories(plan, block.index).get(lot.index)
    if history is None:
        return lot.kind != "empty"

    on_roll_by_error = history[-1].condition == "occupied"
    return on_roll_by_error and stream(plan.seed, "occupied", block.index, lot.index).random() < 0.6


def is_lived_in(roof: Roof | None) -> bool:
    """Tell whether people live under a roof; None is a lot that is not on the vacant roll."""
    return roof is None or roof.condition == "occupied"


def _choose_clustered(rng: np.random.Generator, houses: list[int], count: int) -> list[int]:
    """Choose lots so that vacant neighbors bunch, as they do in a declining block."""
    field = np.convolve(rng.standard_normal(len(houses) + 4), np.ones(5) / 2, mode="valid")
    field += 0.9 * rng.standard_normal(len(houses))
    highest = np.argsort(field)[::-1][:count]
    return sorted(houses[place] for place in highest)


def _draw_history(rng: np.random.Generator, draw: float) -> tuple[Roof, ...]:
    """Turn a number from 0 to 1 into the roof of one lot in every year."""
    shares = [RAZED_ON_ROLL, OCCUPIED_ON_ROLL, FAILING, SAGGING]
    fate = int(np.searchsorted(np.cumsum(shares), draw, side="right"))
    if fate == 0:
        return (Roof(condition="razed", roof_pct=0),) * len(YEARS)
    if fate == 1:
        return (Roof(condition="occupied", roof_pct=0),) * len(YEARS)
    if fate == 2:
        return _draw_failing(rng)
    if fate == 3:
        return _draw_sagging(rng)
    return (INTACT,) * len(YEARS)


def _draw_failing(rng: np.random.Generator) -> tuple[Roof, ...]:
    """Let a roof fail: it only gets worse, unless somebody repairs it or razes the house."""
    onset = int(rng.choice(len(YEARS), p=[0.66, 0.16, 0.18]))
    low, high = PCT_BINS[int(rng.choice(len(PCT_BINS), p=[0.42, 0.26, 0.2, 0.12]))]
    pct = float(rng.integers(low, high))
    is_burnt = rng.random() < 0.17
    sags_before = rng.random() < 0.6
    end = int(rng.integers(onset + 1, 12)) if rng.random() < 0.9 else NEVER
    is_repaired = rng.random() < 0.35

    before = Roof(condition="sag", roof_pct=4) if sags_before else INTACT
    after = Roof(condition="intact" if is_repaired else "razed", roof_pct=0, repaired=is_repaired)
    roofs: list[Roof] = []
    for place in range(len(YEARS)):
        if place >= end:
            roofs.append(after)
        elif place >= onset:
            condition = _condition_of(round(pct), is_burnt=is_burnt)
            roofs.append(Roof(condition=condition, roof_pct=round(pct)))
            pct = min(100.0, pct * float(rng.uniform(1.0, 1.7)))
        elif place == onset - 1:
            roofs.append(before)
        else:
            roofs.append(INTACT)
    return tuple(roofs)


def _draw_sagging(rng: np.random.Generator) -> tuple[Roof, ...]:
    """Let a roof sag from some year on, a little more every year."""
    start = int(rng.choice(3, p=[0.7, 0.2, 0.1]))
    pct = int(rng.integers(1, 7))
    sagging = [Roof(condition="sag", roof_pct=pct + place) for place in range(len(YEARS))]
    return (INTACT,) * start + tuple(sagging[start:])


def _condition_of(pct: int, *, is_burnt: bool) -> Condition:
    if is_burnt:
        return "burnt"
    if pct < 50:
        return "hole"
    return "open" if pct < 100 else "gone"


def _draw_label(rng: np.random.Generator, roof: Roof, *, parcel_id: str, year: int) -> Label | None:
    """Let one reviewer look at a roof; at a desk people err. None where nobody looked."""
    shares = (MISSING_LABELS, WRONG_LABELS / (1 - VISITED), CANNOT_TELL)
    is_missing, is_slip, is_undecided = (rng.random(3) < shares).tolist()
    wrong_pct = int(rng.integers(10, 60)) if roof.roof_pct < THRESHOLD_PCT else 0
    is_visited = rng.random() < VISITED
    if is_missing:
        return None

    pct = wrong_pct if is_slip and not is_visited else roof.roof_pct
    return Label(
        parcel_id=parcel_id,
        year=year,
        roof_pct="cannot tell" if is_undecided else str(pct),
        source="inspector" if is_visited else "desk review",
    )
