"""Working days of the crews, and the days by which finds are told. No file is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from gis_export.table.aging import add_months
from gis_export.table.settings import ExportSettings
from imagery.errors import UsageError

FIRST_MONTH = "1 month"
MONTHS = (
    ("1 week", 0, 7),
    ("2 weeks", 0, 14),
    (FIRST_MONTH, 1, 0),
    ("2 months", 2, 0),
    ("3 months", 3, 0),
    ("6 months", 6, 0),
    ("1 year", 12, 0),
)
"""Name, months and days after the first day."""


@dataclass(frozen=True, kw_only=True)
class Crews:
    """Who goes out, and when."""

    crews: int
    """Crews that go out on a working day, 1 or more."""
    per_day: int
    """Visits that each of them makes, 1 or more."""
    start: date
    """First day, working day or not."""
    holidays: tuple[date, ...] = ()
    """Days on which nobody goes out."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in (("crews", self.crews), ("visits a day", self.per_day)):
            if value < 1:
                raise UsageError(f"plan: {name} is {value}, want 1 or more")

    @property
    def visits_a_day(self) -> int:
        """Return the visits of all crews in a day."""
        return self.crews * self.per_day

    @property
    def first_day(self) -> date:
        """Return the first day on which they go out."""
        return self.working_day(0)

    def working_day(self, number: int) -> date:
        """Return a working day, counted from 0."""
        day = np.busday_offset(self.start, number, roll="forward", holidays=self._days_off)
        found: date = day.astype(date)
        return found

    def days_until(self, last: date) -> int:
        """Return the working days from the first day to another one, that one too."""
        after = last + timedelta(days=1)
        return int(np.busday_count(self.start, after, holidays=self._days_off))

    @property
    def _days_off(self) -> Sequence[date]:
        return list(self.holidays)


def crews_of(settings: ExportSettings, today: date) -> Crews:
    """Return the crews of the city file.

    Args:
        settings: The city's choices.
        today: Day of the export.
    """
    plan = settings.plan
    return Crews(
        crews=plan.crews,
        per_day=settings.visits.per_day,
        start=plan.first_day(today),
        holidays=plan.days_off,
    )


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A day by which finds are told."""

    name: str
    """Such as "1 month"; "all" for the day of the last visit."""
    last: date
    """The day."""
    days: int
    """Working days until then."""
    visits: int
    """Visits made by its end."""


ALL_VISITED = "all"


def milestones(crews: Crews, total: int) -> list[Milestone]:
    """Return the days by which finds are told, the day of the last visit as the last one.

    Args:
        crews: Who goes out.
        total: All visits that can be made.
    """
    found = []
    for name, months, days in MONTHS:
        last = add_months(crews.start, months) + timedelta(days=days - 1)
        worked = crews.days_until(last)
        if worked * crews.visits_a_day >= total:
            break
        found.append(
            Milestone(name=name, last=last, days=worked, visits=worked * crews.visits_a_day)
        )

    if total:
        worked = -(-total // crews.visits_a_day)
        last = crews.working_day(worked - 1)
        found.append(Milestone(name=ALL_VISITED, last=last, days=worked, visits=total))
    return found


def first_month(crews: Crews, total: int) -> int:
    """Return the visits of the first month."""
    last = add_months(crews.start, 1) - timedelta(days=1)
    return min(crews.days_until(last) * crews.visits_a_day, total)
