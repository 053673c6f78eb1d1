"""Years and days in names, headers and notes of photos. No file is opened."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from roofwatch.proposal.columns import FIRST_PHOTO_YEAR

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_:. ]?(0[1-9]|1[0-2])[-_:. ]?(0[1-9]|[12]\d|3[01])(?!\d)"
)
_FLIGHT = re.compile(r"(?i)flight|flown|acqui|captur|exposure|caldate|begdate|image.?date|collect")
_DELIVERY = re.compile(r"(?i)deliver|export|download|process|upload|cop(?:y|ie)|archive|backup")
NEAR_WORD = 60
"""Characters between a word such as "acquired" and its day."""
LONGEST_FLIGHT_DAYS = 120
"""Days of one flyover lie within so many days."""


@dataclass(frozen=True, kw_only=True)
class Dated:
    """A year, and a day where one is known, and who says so."""

    year: int
    """The year."""
    source: str
    """What says so, such as "the folder's name"."""
    day: date | None = None
    """The day."""
    is_weak: bool = False
    """Whether it may be the year of something else, such as of processing or delivery."""


def years_in(text: str) -> list[int]:
    """Return the years in a name, also those of days written as 20240211."""
    years = [int(found) for found in _YEAR.findall(text)]
    years += [day.year for day in days_in(text)]
    return [year for year in dict.fromkeys(years) if FIRST_PHOTO_YEAR <= year <= _last_year()]


def days_in(text: str) -> list[date]:
    """Return the days in a text, year first."""
    days = []
    for year, month, day in _DAY.findall(text):
        try:
            days.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return [day for day in days if FIRST_PHOTO_YEAR <= day.year <= _last_year()]


def flight_days_in(text: str) -> list[date]:
    """Return the days that stand just behind a word such as flown or acquired."""
    found = []
    for word in _FLIGHT.finditer(text):
        found += days_in(text[word.end() : word.end() + NEAR_WORD])[:1]
    return found


def stamp_days(stamps: Iterable[str]) -> list[date]:
    """Return the days of TIFFTAG_DATETIME, "YYYY:MM:DD HH:MM:SS"."""
    return [day for stamp in stamps for day in days_in(stamp[:10])]


def common_years(names: Sequence[str]) -> list[int]:
    """Return the years that stand in every name."""
    counts = Counter(year for name in names for year in years_in(name))
    return [year for year, count in counts.items() if count == len(names)]


def is_of_delivery(name: str) -> bool:
    """Tell whether a name is about the files, rather than about the flight."""
    return _DELIVERY.search(name) is not None


def one_flight(days: Sequence[date], *, source: str, is_weak: bool = False) -> Dated | None:
    """Return the middle of days that can be those of one flyover, None where they are none."""
    if not days or (max(days) - min(days)).days > LONGEST_FLIGHT_DAYS:
        return None
    middle = sorted(days)[len(days) // 2]
    words = f"{source} ({_span(days)})"
    return Dated(year=middle.year, day=middle, source=words, is_weak=is_weak)


def _span(days: Sequence[date]) -> str:
    first = min(days)
    last = max(days)
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def _last_year() -> int:
    return date.today().year + 1
