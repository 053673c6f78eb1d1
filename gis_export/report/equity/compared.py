"""Every area beside all others by every figure, with all counts: nothing here is shown as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_export.report.equity.areas import Level
from gis_export.report.equity.compare import Pair, Tested, compare
from gis_export.report.equity.hide import Counts, Divided
from gis_export.report.equity.measures import (
    MEASURES,
    OUTCOME,
    OUTCOMES,
    PARCEL,
    Measure,
    Seen,
    Use,
)

NOT_KNOWN = "Area not known"
"""Name of the roofs without an area; they are compared with nothing."""


class Verdict(StrEnum):
    """What a comparison of one area with all others says."""

    MORE = "greater share than elsewhere"
    LESS = "smaller share than elsewhere"
    ALIKE = "no difference seen"
    FEW = "too few to tell"
    NONE = "not compared"


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """The roofs of one figure by the areas of one level, and what comparing these says."""

    measure: Measure
    """The figure."""
    level: str
    """Such as "neighborhood"."""
    divided: Divided
    """The area of each roof; the last is NOT_KNOWN where some parcel has none."""
    outcomes: NDArray[np.int64]
    """What is known of each roof, a place in `kinds`, (N,)."""
    where: NDArray[np.int64]
    """The area of each vacant, roofs of this figure or not, (M,)."""
    tested: Mapping[str, Tested] = field(default_factory=dict)
    """What the comparison of each area says, by its name."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return what can be known of a roof."""
        return OUTCOMES[self.measure.evidence]

    @cached_property
    def counts(self) -> Counts:
        """Return the roofs by area and outcome, (areas, kinds)."""
        return self.divided.count(self.outcomes, len(self.kinds))

    @property
    def hits(self) -> NDArray[np.int64]:
        """Return the roofs of each area that count, (areas,)."""
        chosen = self.counts[:, self.places(self.measure.hit)]
        return np.asarray(chosen.sum(axis=1), dtype=np.int64)

    @property
    def roofs(self) -> NDArray[np.int64]:
        """Return the roofs of each area of which they are a share, (areas,)."""
        chosen = self.counts[:, self.places(*self.measure.of)]
        return np.asarray(chosen.sum(axis=1), dtype=np.int64)

    @property
    def pairs(self) -> dict[str, Pair]:
        """Return each area beside all others that are known; none where there is only one."""
        is_known = np.array([name != NOT_KNOWN for name in self.divided.names]) & (self.roofs > 0)
        if is_known.sum() < 2:
            return {}

        hits = int(self.hits[is_known].sum())
        roofs = int(self.roofs[is_known].sum())
        return {
            self.divided.names[place]: Pair(
                hits=int(self.hits[place]),
                roofs=int(self.roofs[place]),
                other_hits=hits - int(self.hits[place]),
                other_roofs=roofs - int(self.roofs[place]),
            )
            for place in np.flatnonzero(is_known).tolist()
        }

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Return what is said of each area that was compared."""
        pairs = self.pairs
        return {name: _verdict(pairs[name], tested) for name, tested in self.tested.items()}

    def places(self, *outcomes: str) -> list[int]:
        """Return the places of some outcomes in `kinds`."""
        return [self.kinds.index(outcome) for outcome in outcomes]


def _verdict(pair: Pair, tested: Tested) -> Verdict:
    if not tested.is_counted:
        return Verdict.FEW
    if not tested.differs:
        return Verdict.ALIKE
    return Verdict.MORE if pair.is_more else Verdict.LESS


def compare_areas(seen: Seen, levels: Mapping[Use, Sequence[Level]]) -> list[Compared]:
    """Compare all areas by all figures, corrected together.

    Args:
        seen: What is known of the roofs of one flyover.
        levels: The ways of dividing the city, by use.

    Returns:
        A table for each figure and level that divides the city.
    """
    tables = [
        _divide(seen, measure, level)
        for measure in MEASURES
        for level in levels[measure.use]
        if level.is_divided
    ]
    pairs = [table.pairs for table in tables]
    tested = iter(compare([pair for of_table in pairs for pair in of_table.values()]))
    return [
        replace(table, tested={name: next(tested) for name in of_table})
        for table, of_table in zip(tables, pairs, strict=True)
    ]


def _divide(seen: Seen, measure: Measure, level: Level) -> Compared:
    """Divide the roofs of one figure by one level."""
    roofs = seen.roofs[measure.evidence]
    areas = level.of_parcel.reindex(roofs[PARCEL]).fillna("")
    is_any_unknown = (areas == "").any() or (level.of_parcel == "").any()
    names = (*level.names, NOT_KNOWN) if is_any_unknown else level.names
    outcomes = pd.Index(OUTCOMES[measure.evidence]).get_indexer(pd.Index(roofs[OUTCOME]))
    return Compared(
        measure=measure,
        level=level.name,
        divided=Divided(areas=_numbers(areas, names), names=names),
        outcomes=outcomes.astype(np.int64),
        where=_numbers(level.of_parcel, names),
    )


def _numbers(areas: pd.Series, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each area, (N,); that of the last name where it is not known."""
    places = pd.Index(names).get_indexer(pd.Index(areas))
    return np.where(places < 0, len(names) - 1, places).astype(np.int64)
