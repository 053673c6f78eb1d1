"""report/equity.html: the page for people. It makes no network requests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import ceil
from pathlib import Path

import jinja2

from gis_export.public.suppression import SMALL
from gis_export.report.equity.compare import ERROR
from gis_export.report.equity.compared import Verdict
from gis_export.report.equity.findings import AreaRow, Equity, LevelTable
from gis_export.report.equity.measures import MEASURES, Evidence, Measure, Use
from gis_export.report.equity.more_visits import DIFFERENCE, POWER
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

NOT_SHOWN = "not shown"
MANY = 15
"""A table of more rows is closed until somebody opens it."""
_JUDGED = {
    Evidence.OPEN: "open roofs that people judged",
    Evidence.NOT_OPEN: "roofs that people judged not open",
    Evidence.RANDOM: "visits at random that judge the roof",
    Evidence.LISTED: "visits to flagged roofs that judge the roof",
}


@dataclass(frozen=True, kw_only=True)
class EquityText:
    """What the page says beside the numbers."""

    city: str
    """Name of the city."""
    foot: str
    """Day and run, for the last line."""
    held_out: str
    """Where the held-out roofs come from."""


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """One row as the page shows it."""

    area: str
    """Name of the area."""
    count: str
    """Such as "12 of 40"."""
    share: str
    """Such as "30% (19% to 44%)", or one in how many."""
    verdict: str
    """What the comparison says; "" for the whole city."""
    more: str
    """How many more roofs; "" where that cannot be said."""
    bar: tuple[float, float, float] | None
    """Share and ends of its interval in percent, None where not shown."""
    is_marked: bool
    """Whether it differs beyond chance."""


@dataclass(frozen=True, kw_only=True)
class ShownTable:
    """One table as the page shows it."""

    level: str
    """Such as "neighborhood"."""
    sentence: str
    """What was found."""
    needed: str
    """What would settle it; "" where nothing would, or nothing is open."""
    rows: tuple[ShownRow, ...]
    """Areas, the whole city last; none where no roof says anything."""
    middle: float | None
    """Share of the whole city in percent, None where not shown."""
    widest: int
    """Where the bars end, percent."""
    is_long: bool
    """Whether it is closed until somebody opens it."""


def write_equity_page(path: Path, years: Sequence[Equity], text: EquityText) -> None:
    """Write the page.

    Args:
        path: The file, such as report/equity.html.
        years: What was found, the year of the page first, then earlier ones.
        text: What is said beside the numbers.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(draw_equity_page(years, text), encoding="utf-8")


def draw_equity_page(years: Sequence[Equity], text: EquityText) -> str:
    """Return the page as HTML."""
    source = (files("gis_export.report.equity") / "page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    equity = years[0]
    return environment.from_string(source).render(
        text=text,
        year=equity.year,
        use_limit=USE_LIMIT,
        sentence=equity.sentence,
        findings=[_found(table) for table in equity.tables if table.differs],
        uses=[(use.value, list(_figures(equity, use))) for use in Use],
        history=list(_history(years)),
        years=[one_year.year for one_year in years],
        small=SMALL,
        error=f"{ERROR:.0%}",
        points=round(100 * DIFFERENCE),
        power=round(10 * POWER),
        comparisons=equity.comparisons,
        not_shown=NOT_SHOWN,
    )


def _found(table: LevelTable) -> str:
    note = " It may come from more open roofs there." if table.measure.depends else ""
    return f"{table.measure.use.value}, by {table.level}: {table.sentence}{note}"


def _figures(equity: Equity, use: Use) -> Iterator[tuple[Measure, list[ShownTable]]]:
    """Yield each figure of a use with its tables."""
    for measure in MEASURES:
        if measure.use is use:
            of_measure = [table for table in equity.tables if table.measure is measure]
            yield measure, [_shown_table(table) for table in of_measure]


def _shown_table(table: LevelTable) -> ShownTable:
    rows = [_shown_row(table, row) for row in table.rows]
    rows.append(_shown_row(table, table.city))
    middle = 100 * table.city.share if table.city.is_shown else None
    ends = [row.bar[2] for row in rows if row.bar]
    return ShownTable(
        level=table.level,
        sentence=table.sentence,
        needed=_needed(table),
        rows=tuple(rows) if table.has_roofs else (),
        middle=middle,
        widest=min(10 * ceil(max(ends, default=100.0) / 10), 100),
        is_long=len(rows) > MANY,
    )


def _needed(table: LevelTable) -> str:
    """Say how many roofs would settle it."""
    judged = _JUDGED.get(table.measure.evidence)
    if judged is None:
        return ""
    share = f"{table.city.share:.0%}" if table.city.is_shown else "a share of 50%, the worst case,"
    return (
        f"A difference of {100 * DIFFERENCE:.0f} points from {share} is seen {10 * POWER:.0f} "
        f"times in 10 with {table.needed:,} {judged} in each area."
    )


def _shown_row(table: LevelTable, row: AreaRow) -> ShownRow:
    is_city = row is table.city
    more = None if is_city else table.more(row)
    return ShownRow(
        area=row.area,
        count=_count(row),
        share=_share(table.measure, row),
        verdict="" if is_city else row.verdict.value,
        more="" if more is None else f"{more:,}",
        bar=(100 * row.share, 100 * row.ends[0], 100 * row.ends[1]) if row.is_shown else None,
        is_marked=row.verdict in (Verdict.MORE, Verdict.LESS),
    )


def _count(row: AreaRow) -> str:
    hits = NOT_SHOWN if row.hits is None else f"{row.hits:,}"
    roofs = NOT_SHOWN if row.roofs is None else f"{row.roofs:,}"
    return NOT_SHOWN if hits == roofs == NOT_SHOWN else f"{hits} of {roofs}"


def _share(measure: Measure, row: AreaRow) -> str:
    if not row.is_shown:
        return NOT_SHOWN
    low, high = row.ends
    if not measure.is_inverse:
        return f"{row.share:.0%} ({low:.0%} to {high:.0%})"
    return f"{_one_in(row.share)} ({_one_in(high)} to {_one_in(low)})"


def _one_in(share: float) -> str:
    return f"{1 / share:.1f}" if share > 0 else "no end"


def _history(years: Sequence[Equity]) -> Iterator[tuple[str, list[str]]]:
    """Yield what was found of each figure by each level, year by year."""
    for table in years[0].tables:
        measure = table.measure
        name = f"{measure.use.value}: {measure.title.partition(':')[0]}, by {table.level}"
        cells = []
        for equity in years:
            same = [
                other
                for other in equity.tables
                if other.measure is measure and other.level == table.level
            ]
            cells.append(_in_short(same[0]) if same else "")
        yield name, cells


def _in_short(table: LevelTable) -> str:
    """Say what was found in few words, with the share of the whole city."""
    if not table.has_roofs:
        return "nothing known"
    parts = [
        f"{verdict.value}: {', '.join(table.named(verdict))}"
        for verdict in (Verdict.MORE, Verdict.LESS)
        if table.named(verdict)
    ]
    if not parts:
        can_tell = bool(table.named(Verdict.ALIKE))
        parts.append(Verdict.ALIKE.value if can_tell else Verdict.FEW.value)
    city = f"; city {table.city.share:.0%}" if table.city.is_shown else ""
    return f"{'; '.join(parts)}{city}"
