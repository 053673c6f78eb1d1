"""What a resident may read: counts of the whole city, small ones hidden, no address.

The numbers are those of public/neighborhoods.csv, and of report/resident.csv, which hides counts
under ten too. Both files and the page may be given to anybody.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gis_export.public.counts import CITY, NOT_SHOWN, OPEN, TOTAL
from gis_export.public.suppression import SMALL
from gis_export.report.year.figures import Figure, Tables, is_one_of
from imagery.files import atomic_path
from inference.hazard import HazardWord

PUBLIC = "public/neighborhoods.csv"
RESIDENT = "report/resident.csv"
FEW = f"fewer than {SMALL}"
"""Instead of a small count."""
OPENED = "roofs that look worse than in the photos before"
VISITED = "buildings that people visited since the photos were taken"
_WHAT = "what"
_COUNT = "count"


@dataclass(frozen=True, kw_only=True)
class PublicNumber:
    """A number for everybody."""

    figure: Figure | None
    """The number; None where it is hidden."""
    hidden: str = NOT_SHOWN
    """What is said instead of a hidden number."""

    @property
    def link(self) -> object:
        """Return it as a link, or that it is hidden."""
        return self.figure.link if self.figure else self.hidden

    @property
    def text(self) -> str:
        """Return it written."""
        return self.figure.text if self.figure else self.hidden


@dataclass(frozen=True, kw_only=True)
class ResidentFacts:
    """Every number of the resident's view."""

    vacants: PublicNumber
    """Vacant buildings."""
    open: PublicNumber
    """CONFIRMED or LIKELY."""
    possible: PublicNumber
    """POSSIBLE."""
    not_seen: PublicNumber
    """NOT SEEN IN PHOTO."""
    not_assessed: PublicNumber
    """NOT ASSESSED."""
    opened: PublicNumber | None
    """NEW or WORSE since the flyover before; None in a first year."""
    visited: PublicNumber
    """Visited since the flight."""


def write_resident(path: Path, counts: dict[str, int]) -> None:
    """Write report/resident.csv, small counts hidden."""
    rows = [
        {_WHAT: what, _COUNT: str(count) if count >= SMALL else FEW}
        for what, count in counts.items()
    ]
    with atomic_path(path) as temporary:
        pd.DataFrame(rows, columns=[_WHAT, _COUNT]).to_csv(temporary, index=False)


def read_resident(tables: Tables) -> ResidentFacts:
    """Read the numbers for everybody."""
    return ResidentFacts(
        vacants=_city(tables, TOTAL),
        open=_city(tables, OPEN),
        possible=_city(tables, HazardWord.POSSIBLE.value),
        not_seen=_city(tables, HazardWord.NOT_SEEN.value),
        not_assessed=_city(tables, HazardWord.NOT_ASSESSED.value),
        opened=_own(tables, OPENED),
        visited=_own(tables, VISITED) or PublicNumber(figure=None, hidden=FEW),
    )


def _city(tables: Tables, column: str) -> PublicNumber:
    """Return a count of the whole city."""
    where = is_one_of("NEIGHBORHOOD", CITY)
    rows = tables.rows(PUBLIC, where)
    if len(rows) != 1 or rows[column].iloc[0] == NOT_SHOWN:
        return PublicNumber(figure=None)
    return PublicNumber(figure=tables.cell(PUBLIC, column, where))


def _own(tables: Tables, what: str) -> PublicNumber | None:
    """Return a count of report/resident.csv; None where it is not counted."""
    where = is_one_of(_WHAT, what)
    rows = tables.rows(RESIDENT, where)
    if not len(rows):
        return None
    if rows[_COUNT].iloc[0] == FEW:
        return PublicNumber(figure=None, hidden=FEW)
    return PublicNumber(figure=tables.cell(RESIDENT, _COUNT, where))
