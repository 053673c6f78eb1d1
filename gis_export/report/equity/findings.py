"""Say in words what comparing every area by every figure found, with small counts hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan

import numpy as np

from gis_export.report.equity.areas import Level
from gis_export.report.equity.compared import NOT_KNOWN, Compared, Verdict, compare_areas
from gis_export.report.equity.hide import Mask, hide_linked
from gis_export.report.equity.measures import Evidence, Measure, Seen, Use
from gis_export.report.equity.more_visits import UNKNOWN_SHARE, roofs_needed
from labels.intervals import clopper_pearson


@dataclass(frozen=True, kw_only=True)
class AreaRow:
    """One area by one figure."""

    area: str
    """Its name."""
    hits: int | None
    """Roofs that count, None where that is not shown."""
    roofs: int | None
    """Roofs of which they are a share, None where that is not shown."""
    verdict: Verdict
    """What the comparison says."""
    p: float = nan
    """Corrected p value; NaN where the counts are not shown."""

    @property
    def is_shown(self) -> bool:
        """Tell whether its share is shown."""
        return self.hits is not None and bool(self.roofs)

    @property
    def share(self) -> float:
        """Return the share, NaN where it is not shown."""
        return self.hits / self.roofs if self.hits is not None and self.roofs else nan

    @property
    def ends(self) -> tuple[float, float]:
        """Return the ends of its 90% interval (Clopper and Pearson, 1934), NaN where not shown."""
        if self.hits is None or not self.roofs:
            return nan, nan
        return clopper_pearson(self.hits, self.roofs)


@dataclass(frozen=True, kw_only=True)
class LevelTable:
    """The areas of one level by one figure."""

    measure: Measure
    """The figure."""
    level: str
    """Such as "neighborhood"."""
    rows: tuple[AreaRow, ...]
    """Its areas by name, the roofs without a known area last."""
    city: AreaRow
    """The whole city."""
    has_roofs: bool
    """Whether any roof says anything."""
    needed: int
    """Roofs of each area that would show a difference of 10 points 8 times in 10."""

    def more(self, row: AreaRow) -> int | None:
        """Return how many more roofs an area needs; None where that cannot be said."""
        if self.measure.evidence is Evidence.VACANTS or row.roofs is None:
            return None
        return max(self.needed - row.roofs, 0)

    def named(self, verdict: Verdict) -> list[str]:
        """Return the areas with a verdict."""
        return [row.area for row in self.rows if row.verdict is verdict]

    @property
    def differs(self) -> bool:
        """Tell whether an area differs."""
        return bool(self.named(Verdict.MORE) or self.named(Verdict.LESS))

    @property
    def sentence(self) -> str:
        """Say what was found."""
        if not self.has_roofs:
            return "Nothing is known yet: there are no such roofs."

        said = [
            f"{', '.join(self.named(verdict))}: a {size} share of {self.measure.noun} than "
            "elsewhere, beyond chance."
            for verdict, size in ((Verdict.MORE, "greater"), (Verdict.LESS, "smaller"))
            if self.named(verdict)
        ]
        alike = len(self.named(Verdict.ALIKE))
        few = len(self.named(Verdict.FEW))
        if not said and alike:
            said.append("No area differs from the others beyond chance.")
        if not said:
            said.append("Too few roofs to tell whether areas differ.")
        elif few:
            compared = len(self.rows) - len(self.named(Verdict.NONE))
            said.append(f"Too few roofs to tell in {few:,} of {compared:,} areas.")
        return " ".join(said)


@dataclass(frozen=True, kw_only=True)
class Equity:
    """What was found of one flyover."""

    year: int
    """Year of the flyover."""
    tables: tuple[LevelTable, ...]
    """By figure, then by level."""
    comparisons: int
    """Comparisons that were made."""

    @property
    def sentence(self) -> str:
        """Say the whole in plain words."""
        told = sum(row.verdict is not Verdict.FEW for table in self.tables for row in table.rows)
        told -= sum(row.verdict is Verdict.NONE for table in self.tables for row in table.rows)
        differ = [table for table in self.tables if table.differs]
        if not self.comparisons:
            return "Nothing could be compared: there are fewer than two areas with roofs."
        if not told:
            return (
                f"Nothing can be said yet: in all {self.comparisons:,} comparisons there are too "
                "few roofs to tell. That is no finding of equal treatment."
            )
        if not differ:
            return (
                f"No difference beyond chance was found in the {told:,} of {self.comparisons:,} "
                "comparisons that have enough roofs. That does not show that areas are alike: "
                "below is how many roofs would show a difference of 10 points."
            )
        count = sum(
            row.verdict in (Verdict.MORE, Verdict.LESS) for table in differ for row in table.rows
        )
        noun = "difference" if count == 1 else "differences"
        return f"{count:,} {noun} beyond chance, in {told:,} comparisons with enough roofs."


def find_equity(
    seen: Seen, levels: Mapping[Use, Sequence[Level]], *, has_counts: bool = True
) -> Equity:
    """Compare all areas by all figures, and hide small counts.

    Args:
        seen: What is known of the roofs of one flyover.
        levels: The ways of dividing the city, by use.
        has_counts: Without them only verdicts are shown, which takes no time.
    """
    compared = compare_areas(seen, levels)
    comparisons = sum(len(table.tested) for table in compared)
    tables = []
    for _, group in groupby(compared, key=lambda table: table.measure.evidence):
        of_roofs = list(group)
        masks = _hide(of_roofs) if has_counts else [_all_hidden(table) for table in of_roofs]
        tables += [
            _table(table, mask, comparisons) for table, mask in zip(of_roofs, masks, strict=True)
        ]
    return Equity(year=seen.year, tables=tuple(tables), comparisons=comparisons)


def _hide(of_roofs: Sequence[Compared]) -> list[Mask]:
    """Return what is hidden of the tables of the same roofs by one or more figures."""
    first = of_roofs[0]
    levels = [table for table in of_roofs if table.measure is first.measure]
    masks = hide_linked(
        [table.divided for table in levels],
        first.outcomes,
        kinds=len(first.kinds),
        where=np.column_stack([table.where for table in levels]),
    )
    by_level = {table.level: mask for table, mask in zip(levels, masks, strict=True)}
    return [by_level[table.level] for table in of_roofs]


def _all_hidden(compared: Compared) -> Mask:
    height, width = compared.counts.shape
    return np.ones((height + 1, width + 1), dtype=bool)


def _table(compared: Compared, hidden: Mask, comparisons: int) -> LevelTable:
    """Put one table into words."""
    verdicts = compared.verdicts
    rows = []
    for place, name in enumerate(compared.divided.names):
        hits, roofs = _shown(compared, hidden, place)
        tested = compared.tested.get(name)
        is_shown = hits is not None and tested is not None
        row = AreaRow(
            area=name,
            hits=hits,
            roofs=roofs,
            verdict=verdicts.get(name, Verdict.NONE),
            p=tested.p if is_shown and tested else nan,
        )
        rows.append(row)

    hits, roofs = _shown(compared, hidden, -1)
    city = AreaRow(area="Whole city", hits=hits, roofs=roofs, verdict=Verdict.NONE)
    areas = max(sum(name != NOT_KNOWN for name in compared.divided.names), 2)
    share = city.share if city.is_shown else UNKNOWN_SHARE
    return LevelTable(
        measure=compared.measure,
        level=compared.level,
        rows=tuple(rows),
        city=city,
        has_roofs=bool(compared.roofs.any()),
        needed=roofs_needed(share, areas=areas, comparisons=max(comparisons, 1)),
    )


def _shown(compared: Compared, hidden: Mask, place: int) -> tuple[int | None, int | None]:
    """Return hits and roofs of an area as far as they may be shown; -1 is the whole city."""
    of = compared.places(*compared.measure.of)
    hit = compared.places(compared.measure.hit)
    is_whole = len(of) == len(compared.kinds)
    has_roofs = not hidden[place, -1] if is_whole else not hidden[place, of].any()
    has_hits = has_roofs and not hidden[place, hit].any()

    hits = compared.hits.sum() if place < 0 else compared.hits[place]
    roofs = compared.roofs.sum() if place < 0 else compared.roofs[place]
    return int(hits) if has_hits else None, int(roofs) if has_roofs else None
