"""The keys of [labels] and [looks] in the city file."""

import datetime
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from imagery.roll.files import DAY_ORDER
from imagery.settings import key
from imagery.values.days import check_day_order
from labels.desk.settings import DeskSettings
from labels.filled.questions import ANSWERS

THRESHOLD = 10.0
"""Percent of the roof at and above which it counts as failing, where the city file does not say."""


@dataclass(frozen=True, kw_only=True)
class LabelFile:
    """Where the labels are."""

    path: Path = field(
        metadata=key("CSV, any vector file, or the address of a service (see snapshot.md).")
    )
    id: tuple[str, ...] = field(metadata=key("Key column, or several joined by a blank."))
    year: str = field(default="year", metadata=key("Column: the flyover year a label belongs to."))
    collapsed: str = field(default="", metadata=key('Column of 0/1 (or "cannot tell").'))
    roof_pct: str = field(
        default="",
        metadata=key(
            'Column of the open share of the roof in percent (or "cannot tell"); '
            "instead of `collapsed`."
        ),
    )
    threshold: float = field(
        default=THRESHOLD,
        metadata=key("Percent of the roof at and above which a roof counts as failing."),
    )
    source: str = field(
        default="", metadata=key('Column: who says so, such as "inspector" or "desk review".')
    )
    source_rank: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Sources, most trusted first; where two labels of one parcel and year "
            "disagree the more trusted counts, others come last."
        ),
    )
    on_site: tuple[str, ...] = field(
        default=(),
        metadata=key(
            'Sources that saw the building on site, such as "inspector": what they '
            "found failing is CONFIRMED in the products."
        ),
    )
    date: str = field(
        default="",
        metadata=key(
            "Column: day of the label; of two equally trusted ones the later "
            "counts, then the lower row."
        ),
    )
    chosen: str = field(
        default="",
        metadata=key(
            'Column: how the roof was chosen, such as "draw 1: random" in looks.csv. Labels of '
            "known chance weigh by its inverse, and say which share of the flyover fails."
        ),
    )
    chance: str = field(
        default="",
        metadata=key(
            "Column: chance with which the roof was chosen, above 0 and at most 1; empty where "
            "it is not known."
        ),
    )
    day_order: str = field(default="", metadata=key(DAY_ORDER))
    layer: str = field(
        default="", metadata=key('Layer or sheet; "" where only one of the file could be meant.')
    )
    latest: datetime.date | None = field(
        default=None,
        metadata=key("Last day that a label can have; [export] as_of, or today.", derived=True),
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the city file names."""
        value = self.collapsed or self.roof_pct
        named = (value, self.year, self.date, self.source, self.chosen, self.chance)
        return tuple(name for name in (*self.id, *named) if name)

    def __post_init__(self) -> None:
        """Check the order of month and day."""
        check_day_order(self.day_order)


@dataclass(frozen=True, kw_only=True)
class LooksSettings:
    """Where the looks of people are kept, and how files of findings are read."""

    url: str = field(
        default="",
        metadata=key(
            'Database: "" is looks.db in the workspace; a team gives '
            "postgresql://USER@HOST:PORT/DATABASE, the password from PGPASSWORD or ~/.pgpass."
        ),
    )
    desk: DeskSettings = field(default_factory=DeskSettings, metadata=key("[looks.desk]."))
    columns: dict[str, str] = field(
        default_factory=dict,
        metadata=key(
            "Column of each answer in files of findings that are neither our work list nor an "
            'export of our form, such as {parcel = "PIN", day = "Inspected", roof = "Open %"}. '
            f"Answers: {', '.join(ANSWERS)}."
        ),
    )
    day_order: str = field(
        default="",
        metadata=key(
            f'Of days in files of findings; "" is that of [labels]. {DAY_ORDER}',
        ),
    )
    time_zone: str = field(
        default="",
        metadata=key(
            'Time zone of the city, such as "America/New_York": the day of a visit whose time is '
            "in UTC."
        ),
    )

    def __post_init__(self) -> None:
        """Check the names of answers, the order of month and day, and the time zone."""
        check_day_order(self.day_order)
        for name in self.columns:
            if name not in ANSWERS:
                near = difflib.get_close_matches(name, ANSWERS, n=1)
                remedy = f"did you mean {near[0]!r}?" if near else f"want {', '.join(ANSWERS)}"
                raise ValueError(f"columns: no answer is called {name!r}, {remedy}")
        try:
            _ = self.zone
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"time_zone is {self.time_zone!r}, want a name such as America/New_York"
            ) from error

    @property
    def zone(self) -> ZoneInfo | None:
        """Return the time zone, None where none is named."""
        return ZoneInfo(self.time_zone) if self.time_zone else None
