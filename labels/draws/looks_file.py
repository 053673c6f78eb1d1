"""looks.csv: the roofs to look at next, ready to be filled in and added to the label file."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from imagery.files import atomic_path
from labels.draws.weights import draw_numbers, is_of_draw, name_draw
from labels.sample import Candidates, Shares, draw_looks
from labels.settings import LabelFile
from labels.table.rows import LabelRows

LOOKS = 100
"""Roofs to look at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NextLooks:
    """The next draw of a flyover."""

    year: int
    """Year of the flyover."""
    draw: int
    """Its number, from 1."""
    table: pd.DataFrame
    """What `labels.sample.draw_looks` returns."""


@dataclass(frozen=True, kw_only=True)
class LookColumns:
    """What the columns are called; those of the label file where the city file names them."""

    parcel_id: str = "parcel_id"
    year: str = "year"
    value: str = "collapsed"
    source: str = "source"
    date: str = "date"
    chosen: str = "chosen"
    chance: str = "chance"


def look_columns(source: LabelFile | None) -> LookColumns:
    """Return the names of the columns, so that rows can be added to the label file as they are."""
    known = LookColumns()
    if source is None:
        return known
    return LookColumns(
        parcel_id=source.id[0] if len(source.id) == 1 else known.parcel_id,
        year=source.year,
        value=source.collapsed or source.roof_pct or known.value,
        source=source.source or known.source,
        date=source.date or known.date,
        chosen=source.chosen or known.chosen,
        chance=source.chance or known.chance,
    )


@dataclass(frozen=True, kw_only=True)
class DrawPlan:
    """How many roofs are drawn, and from where."""

    looks: int = LOOKS
    """How many."""
    likely: float
    """Score at which LIKELY begins."""
    seed: int
    """The same seed draws the same roofs."""
    shares: Shares = field(default_factory=Shares)
    """How many of them each part has."""


def draw_next(
    scored: pd.DataFrame, rows: LabelRows | None, *, year: int, plan: DrawPlan
) -> NextLooks:
    """Draw the next roofs to look at in a flyover.

    Roofs of earlier draws are left out; others that have a label can be drawn at random alone.

    Args:
        scored: Columns parcel_id, score, district and strangeness.
        rows: The label file; None where there is none.
        year: Year of the flyover.
        plan: How many, and from where.
    """
    labeled: set[str] = set()
    drawn: set[str] = set()
    draw = 1
    if rows is not None:
        is_here = (rows.year == year) & rows.on_roll
        is_drawn = is_here & rows.chance.notna() & is_of_draw(rows.chosen)
        labeled = set(rows.parcels.parcel_id[is_here])
        drawn = set(rows.parcels.parcel_id[is_drawn])
        draw = int(draw_numbers(rows.chosen[is_drawn]).max(initial=0)) + 1

    left = scored[~scored["parcel_id"].isin(drawn)]
    candidates = Candidates(
        parcel_id=left["parcel_id"].to_numpy(object),
        score=left["score"].to_numpy(np.float64),
        district=left["district"].to_numpy(object),
        strangeness=left["strangeness"].to_numpy(np.float64),
        is_labeled=left["parcel_id"].isin(labeled).to_numpy(bool),
    )
    rng = np.random.default_rng([plan.seed, year, draw])
    table = draw_looks(
        candidates, looks=plan.looks, likely=plan.likely, rng=rng, shares=plan.shares
    )
    return NextLooks(year=year, draw=draw, table=table)


def write_looks(path: Path, looks: NextLooks, addresses: pd.Series, columns: LookColumns) -> None:
    """Write the roofs to look at.

    Args:
        path: The file.
        looks: The draw.
        addresses: Address by parcel.
        columns: What the columns are called.
    """
    table = looks.table
    chosen = [name_draw(looks.draw, str(part)) for part in table["part"]]
    found = pd.DataFrame(
        {
            columns.parcel_id: table["parcel_id"],
            "address": addresses.reindex(table["parcel_id"]).fillna("").to_numpy(),
            columns.year: looks.year,
            columns.value: "",
            columns.source: "",
            columns.date: "",
            columns.chosen: chosen,
            columns.chance: [f"{chance:.8g}" for chance in table["chance"]],
        }
    )
    with atomic_path(path) as temporary:
        found.to_csv(temporary, index=False)


def is_filled(path: Path, columns: LookColumns) -> bool:
    """Tell whether somebody has written an answer, or anything else, into the file."""
    if not path.exists():
        return False

    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    lines = list(csv.reader(text.splitlines()))
    if not lines or columns.value not in lines[0]:
        return bool(text.strip())
    place = lines[0].index(columns.value)
    return any(line[place].strip() for line in lines[1:] if len(line) > place)
