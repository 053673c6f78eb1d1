"""The numbers of the planner: running sums from which any number of crews and any day is read.

All are whole numbers, so that the page computes the same from them as the command does.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from gis_export.housing.plan.access import count_access
from gis_export.housing.plan.finds import Course, Outlook, Whole, follow, hundredths
from gis_export.housing.plan.order import VisitOrder, order_visits
from gis_export.housing.plan.shift import Floats, learn_shift
from gis_export.table import columns
from gis_export.table.inputs import ExportInputs
from gis_export.table.left_out import kept_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.site_states import EXCLUDED
from gis_export.table.visits import can_be_visited


@dataclass(frozen=True, kw_only=True)
class NotPlanned:
    """Vacants to which nobody is sent, and why."""

    vacants: int
    """All vacants of the year."""
    excluded: int
    """Found gone or lived in by a person on site."""
    visited: int
    """Visited since their photo, and not due for review."""
    no_place: int
    """With neither outline nor address."""

    @property
    def sentence(self) -> str:
        """Say it to people."""
        planned = self.vacants - self.excluded - self.visited - self.no_place
        reasons = (
            (self.visited, "visited since the photo and not due for review"),
            (self.excluded, "found razed or occupied"),
            (self.no_place, "with neither outline nor address"),
        )
        told = [f"{count:,} {words}" for count, words in reasons if count]
        left = f" Left out: {', '.join(told)}." if told else " None is left out."
        return f"{planned:,} of {self.vacants:,} vacants can be visited.{left}"


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanTables:
    """Running sums over all visits that can be made, in order."""

    order: VisitOrder
    """The visits."""
    made: Whole
    """Visits in each district after 0, 1, 2, ... visits of the city, (n + 1, districts)."""
    city: Course
    """Finds of the city."""
    by_district: tuple[Course, ...]
    """Finds of each district, by its own visits."""
    known: Whole
    """Visits to roofs that are CONFIRMED already, (n + 1,)."""
    not_assessed: Whole
    """Visits to roofs without a score that are not CONFIRMED, (n + 1,)."""
    known_in: tuple[Whole, ...]
    """The first of each district, by its own visits."""
    not_assessed_in: tuple[Whole, ...]
    """The second of each district, by its own visits."""
    city_best: Whole
    """Hundredths that as many visits find at the highest scores of the city, (n + 1,)."""
    best: tuple[Whole, ...]
    """The same within each district, by its own visits."""
    outlook: Outlook
    """What the finds depend on beside the roofs."""
    left_out: NotPlanned
    """Vacants to which nobody is sent."""

    @property
    def visits(self) -> int:
        """Return the number of all visits."""
        return self.city.visits

    @property
    def districts(self) -> tuple[str, ...]:
        """Return the names of the inspection districts."""
        return self.order.districts

    def pooled(self, visits: int) -> tuple[int, int]:
        """Return hundredths found at the highest scores: of the city, and within each district.

        Args:
            visits: Visits of the city; each district makes its share of them.
        """
        shares = self.made[visits].tolist()
        within = sum(int(best[share]) for best, share in zip(self.best, shares, strict=True))
        return int(self.city_best[visits]), within


def outlook_of(rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings) -> Outlook:
    """Return what the finds depend on beside the roofs.

    Args:
        rows: The rows of the export.
        inputs: The share failing, and what people found.
        settings: The share of visits that judge no roof, while too few are on record.
    """
    looks = inputs.looks
    return Outlook(
        shift=learn_shift(rows, looks, year=inputs.year, share=inputs.share),
        access=count_access(looks, until=inputs.year, default=settings.plan.no_access),
    )


def build_plan(rows: gpd.GeoDataFrame, outlook: Outlook, settings: VisitSettings) -> PlanTables:
    """Follow every visit that can be made.

    Args:
        rows: The rows of the export.
        outlook: What the finds depend on beside the roofs.
        settings: Visits per district.
    """
    order = order_visits(kept_rows(rows), settings)
    chances = outlook.expected(order.scores)
    own = [order.district == number for number in range(len(order.districts))]
    is_blank = ~order.is_assessed & ~order.is_known

    return PlanTables(
        order=order,
        made=_made(order),
        city=follow(order.scores, outlook),
        by_district=tuple(follow(order.scores[places], outlook) for places in own),
        known=running_count(order.is_known),
        not_assessed=running_count(is_blank),
        known_in=tuple(running_count(order.is_known[places]) for places in own),
        not_assessed_in=tuple(running_count(is_blank[places]) for places in own),
        city_best=_best(chances),
        best=tuple(_best(chances[places]) for places in own),
        outlook=outlook,
        left_out=_not_planned(rows),
    )


def _made(order: VisitOrder) -> Whole:
    """Return the visits of each district after 0, 1, 2, ... visits, (n + 1, districts)."""
    is_own = order.district[:, None] == np.arange(len(order.districts))
    start = np.zeros((1, len(order.districts)), dtype=np.int64)
    return np.concatenate([start, np.cumsum(is_own, axis=0, dtype=np.int64)])


def running_count(is_counted: NDArray[np.bool_]) -> Whole:
    """Return how many of the first 0, 1, 2, ... are counted."""
    return np.concatenate([[0], np.cumsum(is_counted, dtype=np.int64)])


def _best(chances: Floats) -> Whole:
    """Return the hundredths that 0, 1, 2, ... visits find at the highest chances."""
    return hundredths(-np.sort(-chances))


def _not_planned(rows: gpd.GeoDataFrame) -> NotPlanned:
    is_excluded = rows[columns.STATUS] == EXCLUDED
    is_visited = ~is_excluded & rows[columns.NEXT_VISIT].notna()
    is_lost = ~is_excluded & ~is_visited & ~can_be_visited(rows)
    return NotPlanned(
        vacants=len(rows),
        excluded=int(is_excluded.sum()),
        visited=int(is_visited.sum()),
        no_place=int(is_lost.sum()),
    )
