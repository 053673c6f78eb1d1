"""Who goes out, and from when: [export.plan] of the city file."""

from dataclasses import dataclass, field
from datetime import date

from imagery.errors import ConfigError
from imagery.settings import key

MOST_CREWS = 1000
_WANT_DAY = "want YYYY-MM-DD, a day from 1900 to 2199"


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """The crews of the planner; visits a day are `per_day` of [export.visits]."""

    crews: int = field(
        default=1, metadata=key("Crews that go out on a working day, each with its route sheet.")
    )
    start: str = field(
        default="",
        metadata=key(
            'First day, YYYY-MM-DD; "" means the day of the export. Saturdays, Sundays and '
            "holidays are passed over."
        ),
    )
    holidays: tuple[str, ...] = field(
        default=(), metadata=key("Days on which no crew goes out, YYYY-MM-DD.")
    )
    no_access: float = field(
        default=0.1,
        metadata=key(
            "Share of the visits that cannot judge the roof. It counts while fewer than 20 visits "
            "are on record; then these say it."
        ),
    )

    def __post_init__(self) -> None:
        """Check ranges and days."""
        if not 1 <= self.crews <= MOST_CREWS:
            raise ConfigError(f"[export.plan] crews is {self.crews}, want 1 to {MOST_CREWS}")
        if not 0 <= self.no_access < 1:
            raise ConfigError(
                f"[export.plan] no_access is {self.no_access}, want 0 or more and less than 1"
            )

        if self.start:
            read_plan_day(self.start, "[export.plan] start")
        _ = self.days_off

    @property
    def days_off(self) -> tuple[date, ...]:
        """Return the holidays, sorted."""
        days = {read_plan_day(text, "[export.plan] holidays") for text in self.holidays}
        return tuple(sorted(days))

    def first_day(self, today: date) -> date:
        """Return the first day, working day or not.

        Args:
            today: Day of the export.
        """
        return read_plan_day(self.start, "[export.plan] start") if self.start else today


def read_plan_day(text: str, place: str) -> date:
    """Read a day.

    Args:
        text: YYYY-MM-DD.
        place: Where it is given, for the message.

    Raises:
        ConfigError: it is no day, or one that is centuries away.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{place} is {text!r}, {_WANT_DAY}") from error
    if not 1900 <= day.year < 2200:
        raise ConfigError(f"{place} is {text!r}, {_WANT_DAY}")
    return day
