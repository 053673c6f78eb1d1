"""What the year's page says: every number, and the few texts beside them."""

from dataclasses import dataclass

from gis_export.report.year.figures import Figure


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step from all vacants to those that a person confirmed."""

    name: str
    """What is counted."""
    figure: Figure
    """How many."""
    meaning: str
    """What that means."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What became of some roofs."""

    outcome: str
    """Such as NEW."""
    figure: Figure
    """How many."""
    meaning: str
    """What the outcome means."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What was promised of a hazard word, and what people found."""

    year: int
    """Flyover."""
    word: str
    """The word."""
    promised: Figure | None
    """Share that was promised to fail; None where nothing was."""
    judged: Figure
    """Roofs that people judged."""
    open: Figure
    """Those that were open."""
    share: Figure
    """Share of them."""
    least: Figure
    """Lower end of its interval."""
    most: Figure
    """Upper end."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What a random sample of roofs off the list says."""

    year: int
    """Flyover."""
    judged: Figure
    """Roofs that people judged."""
    open: Figure
    """Those that were open."""
    most: Figure
    """Share that is missed at most, 95%, by chance alone."""
    with_errors: Figure
    """The same with errors of the people who looked allowed for."""


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Share of all open roofs that the list has."""

    share: Figure
    """Estimate."""
    low: Figure
    """Lower end of the 90% interval."""
    high: Figure
    """Upper end."""


@dataclass(frozen=True, kw_only=True)
class LeadTime:
    """Buildings that were razed or referred to emergency demolition, and whether we said so."""

    ends: Figure
    """All of them."""
    listed: Figure
    """Those that stood on the list before."""
    ahead: tuple[tuple[str, Figure], ...]
    """How long before, in bins, the longest first."""
    never: Figure
    """Those that an assessed photo showed and that never stood on it."""
    not_seen: Figure
    """Those that no photo before could be assessed of."""


@dataclass(frozen=True, kw_only=True)
class Finds:
    """What the crews of the city file find in their first month, or until the list is done."""

    last: str
    """The day, YYYY-MM-DD."""
    visits_a_day: Figure
    """Visits of the first day."""
    visits: Figure
    """Visits until then."""
    expected: Figure
    """Failing roofs that are expected."""
    low: Figure
    """Lower end of the 90% interval."""
    high: Figure
    """Upper end."""


@dataclass(frozen=True, kw_only=True)
class DistrictLine:
    """A district."""

    name: str
    """Its name."""
    figures: dict[str, Figure]
    """By column of report/districts.csv."""


@dataclass(frozen=True, kw_only=True)
class Roof:
    """One of the roofs that matter most."""

    parcel_id: str
    """The parcel."""
    address: str
    """Its address."""
    text: str
    """RISK_TXT."""
    why: str
    """WHY."""
    district: str
    """Inspection district."""
    priority: Figure
    """PRIORITY."""


@dataclass(frozen=True, kw_only=True)
class YearFacts:
    """Every number of the page."""

    steps: tuple[Step, ...]
    """From all vacants to CONFIRMED."""
    words: dict[str, Figure]
    """Roofs by hazard word."""
    reasons: dict[str, Figure]
    """Roofs that were not assessed, by reason."""
    changed: tuple[Changed, ...]
    """What became of roofs; none in a first year."""
    entered: dict[str, Figure]
    """Roofs that came onto the list, by reason."""
    left: dict[str, Figure]
    """Roofs that left it, by reason."""
    lineage: dict[str, Figure]
    """Parcels that were split, merged, new or gone."""
    missed: Missed | None
    """None where nobody checked."""
    random: Figure
    """Random roofs on the work list, which will say what is missed."""
    recall: Recall | None
    """None where it cannot be said."""
    promises: tuple[Promise, ...]
    """The newest flyover first; none where nobody visited."""
    lead: LeadTime | None
    """None where nobody found such an end."""
    finds: Finds | None
    """None where nobody can be sent."""
    inspection: tuple[DistrictLine, ...]
    """Inspection districts."""
    fire: tuple[DistrictLine, ...]
    """Fire districts."""
    roofs: tuple[Roof, ...]
    """The roofs that matter most."""
