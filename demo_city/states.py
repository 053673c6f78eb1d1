"""Who is on the vacant roll, and how each roof fares over the years; no pixels here."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from demo_city.layout import Block, CityPlan, Lot, block_at
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
RAZED_ON_ROLL, OCCUPIED_ON_ROLL, FAILING, SAGGING = 0.05, 0.05, 0.085, 0.045
PCT_BINS = ((10, 25), (25, 50), (50, 100), (100, 101))


@dataclass(frozen=True, kw_only=True, slots=True)
class Roof:
    """What is left of a roof in one year."""

    condition: Condition
    """State of the building."""
    roof_pct: int
    """Share of the roof that is open or gone, in percent."""
    repaired: bool = False
    """Whether it was mended: it carries a new membrane."""


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


@lru_cache(maxsize=8192)
def vacant_histories(plan: CityPlan, index: int) -> dict[int, tuple[Roof, ...]]:
    """Return, for the vacant lots of a block, their roofs in every year; keys are lot indices."""
    block = block_at(plan, index)
    rng = stream(plan.seed, "vacancy", index)
    rate = float(np.clip(0.35 + 0.13 * rng.standard_normal(), 0.08, 0.7))
    houses = [lot.index for lot in block.lots if lot.kind != "empty"]
    count = min(len(houses), int(rate * len(block.lots) + rng.random()))
    chosen = _clustered(rng, houses, count)
    # One draw from each of `count` equal slices of 0..1: small cities get their share of failing roofs too.
    draws = (rng.permutation(count) + rng.random(count)) / max(count, 1)
    return {lot: _history(rng, float(u)) for lot, u in zip(chosen, draws, strict=True)}


def label_block(plan: CityPlan, index: int) -> list[Label]:
    """Write the reviewers' answers for one block: some wrong, some missing, a few undecided."""
    rng = stream(plan.seed, "labels", index)
    block = block_at(plan, index)
    labels: list[Label] = []
    for lot, history in vacant_histories(plan, index).items():
        for year, roof in zip(LABEL_YEARS, history, strict=False):
            missing, slip, undecided = rng.random(3) < (
                MISSING_LABELS,
                WRONG_LABELS / (1 - VISITED),
                CANNOT_TELL,
            )
            flipped = int(rng.integers(10, 60)) if roof.roof_pct < THRESHOLD_PCT else 0
            visited = rng.random() < VISITED
            answer = (
                "cannot tell"
                if undecided
                else str(flipped if slip and not visited else roof.roof_pct)
            )  # at a desk people err
            source = "inspector" if visited else "desk review"
            if not missing:
                labels.append(
                    Label(
                        parcel_id=block.lots[lot].parcel_id,
                        year=year,
                        roof_pct=answer,
                        source=source,
                    )
                )
    return labels


def is_occupied(plan: CityPlan, block: Block, lot: Lot) -> bool:
    """Tell whether the parcel map calls a lot occupied."""
    history = vacant_histories(plan, block.index).get(lot.index)
    if history is None:
        return lot.kind != "empty"
    on_roll_by_error = history[-1].condition == "occupied"
    return on_roll_by_error and stream(plan.seed, "occupied", block.index, lot.index).random() < 0.6


def _clustered(rng: np.random.Generator, houses: list[int], count: int) -> list[int]:
    """Choose lots so that vacant neighbors bunch, as they do in a declining block."""
    field = np.convolve(rng.standard_normal(len(houses) + 4), np.ones(5) / 2, mode="valid")
    field += 0.9 * rng.standard_normal(len(houses))
    return sorted(houses[i] for i in np.argsort(field)[::-1][:count])


def _history(rng: np.random.Generator, u: float) -> tuple[Roof, ...]:
    """Turn a number in 0..1 into one lot's fate."""
    bounds = np.cumsum([RAZED_ON_ROLL, OCCUPIED_ON_ROLL, FAILING, SAGGING])
    fate = int(np.searchsorted(bounds, u, side="right"))
    if fate == 0:
        return (Roof(condition="razed", roof_pct=0),) * len(YEARS)
    if fate == 1:
        return (Roof(condition="occupied", roof_pct=0),) * len(YEARS)
    if fate == 2:
        return _failing(rng)
    if fate == 3:
        return _sagging(rng)
    return (Roof(condition="intact", roof_pct=0),) * len(YEARS)


def _failing(rng: np.random.Generator) -> tuple[Roof, ...]:
    """Let a roof fail: it only gets worse, unless somebody mends it or razes the house."""
    onset = int(rng.choice(len(YEARS), p=[0.66, 0.16, 0.18]))
    low, high = PCT_BINS[int(rng.choice(len(PCT_BINS), p=[0.42, 0.26, 0.2, 0.12]))]
    pct, burnt, early_sag = float(rng.integers(low, high)), rng.random() < 0.17, rng.random() < 0.6
    end = int(rng.integers(onset + 1, 12)) if rng.random() < 0.9 else 99
    mended = rng.random() < 0.35
    roofs: list[Roof] = []
    for i in range(len(YEARS)):
        if i < onset:
            sag = early_sag and onset - i == 1
            roofs.append(
                Roof(condition="sag", roof_pct=4) if sag else Roof(condition="intact", roof_pct=0)
            )
        elif i >= end:
            roofs.append(
                Roof(condition="intact" if mended else "razed", roof_pct=0, repaired=mended)
            )
        else:
            roofs.append(Roof(condition=_condition(round(pct), burnt), roof_pct=round(pct)))
            pct = min(100.0, pct * float(rng.uniform(1.0, 1.7)))
    return tuple(roofs)


def _sagging(rng: np.random.Generator) -> tuple[Roof, ...]:
    start, pct = int(rng.choice(3, p=[0.7, 0.2, 0.1])), int(rng.integers(1, 7))
    return tuple(
        Roof(condition="sag", roof_pct=pct + i)
        if i >= start
        else Roof(condition="intact", roof_pct=0)
        for i in range(len(YEARS))
    )


def _condition(pct: int, burnt: bool) -> Condition:
    if burnt:
        return "burnt"
    return "hole" if pct < 50 else "open" if pct < 100 else "gone"
