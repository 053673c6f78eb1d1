"""What some crews find by when, in rows and sentences: read from the tables of the planner."""

from dataclasses import dataclass, replace

from gis_export.housing.plan.days import Crews, first_month, milestones
from gis_export.housing.plan.finds import Course
from gis_export.housing.plan.tables import PlanTables

INTERVAL = (
    "What is found lies within the interval 9 times in 10. It spans what the share failing of the "
    "flyover may be, and chance. Roofs without a score, and roofs that are CONFIRMED already, add "
    "nothing to what is expected."
)


@dataclass(frozen=True, kw_only=True)
class Finds:
    """What some visits are expected to find."""

    visits: int
    """Visits."""
    expected: float
    """Failing roofs that are expected, to one tenth."""
    low: int
    """Lower end of the 90% interval."""
    high: int
    """Upper end."""
    not_assessed: int
    """Visits to roofs without a score."""
    known: int
    """Visits to roofs that are CONFIRMED already."""

    @property
    def text(self) -> str:
        """Return expected finds with their interval."""
        return f"{self.expected:,.1f} ({self.low:,} to {self.high:,})"


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """What is found by a day."""

    name: str
    """Such as "1 month"."""
    last: str
    """The day, YYYY-MM-DD."""
    days: int
    """Working days until then."""
    city: Finds
    """Of the city."""


@dataclass(frozen=True, kw_only=True)
class DistrictRow:
    """What a district finds in the first month."""

    name: str
    """Its name."""
    finds: Finds
    """What is found."""


@dataclass(frozen=True, kw_only=True)
class Borders:
    """What the borders between districts cost in the first month."""

    visits: int
    """Visits of the first month."""
    pooled: int
    """Finds at the highest scores anywhere in the city."""
    within: int
    """Finds at the highest scores of each district, which makes its share of the visits."""

    @property
    def sentence(self) -> str:
        """Say it to people."""
        more = self.pooled - self.within
        found = f"{more:,} more" if more > 0 else "no more"
        return (
            f"Pooling the districts finds {found} in the first month: {self.visits:,} visits to "
            f"the highest scores find {self.pooled:,} anywhere in the city, and {self.within:,} "
            "where each district keeps its share."
        )


@dataclass(frozen=True, kw_only=True)
class PlanSummary:
    """What some crews find."""

    crews: Crews
    """Who goes out."""
    rows: tuple[PlanRow, ...]
    """By day."""
    districts: tuple[DistrictRow, ...]
    """The first month, by district."""
    borders: Borders
    """What the borders cost."""

    @property
    def title(self) -> str:
        """Say who goes out from when."""
        crews = self.crews
        who = "crew" if crews.crews == 1 else "crews"
        what = "visit" if crews.per_day == 1 else "visits"
        return (
            f"{crews.crews:,} {who}, {crews.per_day:,} {what} a day each, from "
            f"{crews.first_day.isoformat()}"
        )


def summarize(tables: PlanTables, crews: Crews) -> PlanSummary:
    """Return what some crews find."""
    rows = []
    for stone in milestones(crews, tables.visits):
        row = PlanRow(
            name=stone.name,
            last=stone.last.isoformat(),
            days=stone.days,
            city=city_finds(tables, stone.visits),
        )
        rows.append(row)

    visits = first_month(crews, tables.visits)
    pooled, within = tables.pooled(visits)
    return PlanSummary(
        crews=crews,
        rows=tuple(rows),
        districts=tuple(_district_rows(tables, visits)),
        borders=Borders(visits=visits, pooled=_whole(pooled), within=_whole(within)),
    )


def city_finds(tables: PlanTables, visits: int) -> Finds:
    """Return what the first visits of the city find."""
    finds = _finds(tables.city, visits)
    return replace(
        finds,
        not_assessed=int(tables.not_assessed[visits]),
        known=int(tables.known[visits]),
    )


def district_finds(tables: PlanTables, district: int, visits: int) -> Finds:
    """Return what a district has found after some visits of the city."""
    own = int(tables.made[visits, district])
    finds = _finds(tables.by_district[district], own)
    return replace(
        finds,
        not_assessed=int(tables.not_assessed_in[district][own]),
        known=int(tables.known_in[district][own]),
    )


def _district_rows(tables: PlanTables, visits: int) -> list[DistrictRow]:
    return [
        DistrictRow(name=name, finds=district_finds(tables, number, visits))
        for number, name in enumerate(tables.districts)
    ]


def _finds(course: Course, visits: int) -> Finds:
    return Finds(
        visits=visits,
        expected=(int(course.expected[visits]) + 5) // 10 / 10,
        low=int(course.low[visits]),
        high=int(course.high[visits]),
        not_assessed=0,
        known=0,
    )


def _whole(hundredths: int) -> int:
    """Round hundredths to a whole number, halves up."""
    return (hundredths + 50) // 100
