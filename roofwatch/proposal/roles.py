"""Which table plays which role: parcels, notices, labels, footprints, districts, addresses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from roofwatch.proposal.choice import Candidate, Choice
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.layers import ParcelLayer, TableFacts, match_words
from roofwatch.proposal.names import hints_at
from roofwatch.proposal.occupancy import APART
from roofwatch.proposal.tables import CityTable

MOST_BUILT = 0.7
"""Share of the parcels that have a building in most cities."""
SURE_LEAD = 1.0
"""Points by which the best table leads where there is no doubt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A table that could play a role."""

    table: CityTable
    """The table."""
    points: float
    """How much suggests it; more is better."""
    evidence: str
    """What suggests it."""
    doubt: str = ""
    """Why it may be something else; "" where it cannot."""


def find_parcels(tables: Sequence[CityTable]) -> list[ParcelLayer]:
    """Return the layers that could be the parcels, the best first."""
    layers = [
        ParcelLayer(table=table, others=tuple(other for other in tables if other is not table))
        for table in tables
        if table.is_polygons
    ]
    return sorted(layers, key=_parcel_rank, reverse=True)


def _parcel_rank(layer: ParcelLayer) -> tuple[float, float]:
    return round(layer.points, 2), float(layer.table.area_m2.sum())


def find_vacant(facts: Sequence[TableFacts]) -> list[Scored]:
    """Return the tables that could be the vacancy notices."""
    found = []
    for fact in facts:
        if fact.fit is None and not fact.places:
            continue
        is_named = hints_at(fact.table.plain, "vacant")
        says_vacancy = fact.is_named("vacant") or bool(fact.columns(_speaks_of_vacancy))
        is_emptier = fact.emptier >= APART

        doubt = "" if fact.days or is_named else "it has no days"
        if not says_vacancy and not is_emptier:
            doubt = "neither names nor content say vacancy"
        points = _list_points(fact) + is_named + 0.5 * says_vacancy + is_emptier
        evidence = _list_words(fact)
        if is_emptier:
            evidence += f"; its parcels are called occupied {fact.emptier:.0%} less often"
        found.append(Scored(table=fact.table, points=points, evidence=evidence, doubt=doubt))
    return _best_first(found, least=2.0)


def _list_points(fact: TableFacts) -> float:
    """Return how much a table looks like a list of notices on some of the parcels."""
    points = 2.0 if fact.fit else 1.0
    points += 2.0 * bool(fact.days) + 0.5 * fact.is_named("notices")
    if fact.years and fact.values:
        points -= 3.0  # labels
    if fact.table.is_polygons and (fact.fit is None or fact.overlap.area > 2):
        points -= 2.0  # buildings and districts have places too
    if fact.fit and fact.fit.reach > 0.9:
        points -= 1.0  # all parcels, such as a list of owners
    return points


def _list_words(fact: TableFacts) -> str:
    where = match_words(fact.fit) if fact.fit else fact.places[0].evidence
    days = f"`{fact.days[0].name}` holds days" if fact.days else "no column of days"
    return f"{where}; {days}"


def find_labels(facts: Sequence[TableFacts]) -> list[Scored]:
    """Return the tables that could be the labels."""
    found = []
    for fact in facts:
        if fact.fit is None or not fact.years or not fact.values:
            continue
        is_named = fact.is_named("labels") or fact.is_named("failing")
        points = 3.0 + 0.5 * hints_at(fact.table.plain, "labels") + 0.5 * is_named
        points -= 1.0 * hints_at(fact.table.plain, "vacant")
        words = (
            f"{match_words(fact.fit)}; a year (`{fact.years[0].name}`) and a value "
            f"(`{fact.values[0].name}`)"
        )
        doubt = "" if is_named else "no name says that it is about roofs"
        found.append(Scored(table=fact.table, points=points, evidence=words, doubt=doubt))
    return _best_first(found, least=2.0)


def _speaks_of_vacancy(look: ColumnLook) -> bool:
    return look.says_vacant >= 0.8


def find_footprints(facts: Sequence[TableFacts]) -> list[Scored]:
    """Return the layers that could be the building outlines."""
    found = []
    for fact in facts:
        if not fact.table.is_polygons:
            continue
        overlap = fact.overlap
        if overlap.on_parcels < 0.5 or overlap.area > 0.9 or overlap.copies > 0.5:
            continue
        is_named = hints_at(fact.table.plain, "footprints")
        points = 1.0 + overlap.on_parcels + overlap.met
        points += 1.0 * hints_at(fact.table.plain, "footprints")
        words = (
            f"{len(fact.table.rows):,} outlines, {overlap.on_parcels:.0%} on parcels, on "
            f"{overlap.met:.0%} of the parcels, {overlap.area:.0%} of their area"
        )
        doubt = "" if is_named or overlap.met >= MOST_BUILT else "few parcels have one"
        found.append(Scored(table=fact.table, points=points, evidence=words, doubt=doubt))
    return _best_first(found, least=2.0)


def find_districts(facts: Sequence[TableFacts]) -> list[Scored]:
    """Return the layers that divide the city into areas."""
    found = []
    for fact in facts:
        if not fact.table.is_polygons or len(fact.table.rows) * 3 > len(fact.parcels.table.rows):
            continue
        if fact.overlap.holds < 0.9 or fact.overlap.area < 0.9:
            continue
        is_named = hints_at(fact.table.plain, "districts")
        points = 3.0 + 1.0 * is_named
        words = f"{len(fact.table.rows):,} outlines hold {fact.overlap.holds:.0%} of the parcels"
        doubt = "" if is_named else "its name does not say what the areas are"
        found.append(Scored(table=fact.table, points=points, evidence=words, doubt=doubt))
    return _best_first(found, least=2.0)


def find_addresses(facts: Sequence[TableFacts], known: ColumnLook | None) -> list[Scored]:
    """Return the tables that could be the addresses that dispatch knows.

    Args:
        facts: Tables without another role.
        known: Column of the parcels' addresses.
    """
    if known is None:
        return []
    spelled = {" ".join(text.upper().split()) for text in known.said}
    found = []
    for fact in facts:
        looks = [look for look in fact.addresses if look.unique >= 0.9 and look.filled >= 0.9]
        if not looks or fact.days or fact.table.is_polygons:
            continue
        own = looks[0].said.str.upper().str.split().str.join(" ")
        share = float(own.isin(list(spelled)).mean())
        is_named = hints_at(fact.table.plain, "addresses")
        points = 2.0 + 2 * share + 1.0 * is_named
        if share >= 0.3:
            words = f"{share:.1%} of {len(own):,} `{looks[0].name}` are spelled as in the parcels"
            doubt = "" if is_named or share >= 0.5 else "few are spelled so"
            doubt = "it has keys of parcels, so it may be another list" if fact.fit else doubt
            found.append(Scored(table=fact.table, points=points, evidence=words, doubt=doubt))
    return _best_first(found, least=2.0)


def choose_file(scored: Sequence[Scored], shown: Callable[[CityTable], str]) -> Choice:
    """Return the choice of the file of one role.

    Args:
        scored: Tables that could play it, the best first.
        shown: How the city file writes a path.
    """
    candidates = tuple(
        Candidate(value=shown(each.table), evidence=_with_layer(each), place=place)
        for place, each in enumerate(scored)
    )
    doubt = scored[0].doubt if scored else ""
    if len(scored) > 1 and scored[0].points - scored[1].points < SURE_LEAD:
        doubt = f"{scored[1].table.name} could be meant as well"
    return Choice(key="path", candidates=candidates, doubt=doubt)


def _with_layer(scored: Scored) -> str:
    layer = scored.table.layer
    return f"layer {layer}: {scored.evidence}" if layer else scored.evidence


def _best_first(found: list[Scored], *, least: float) -> list[Scored]:
    kept = [each for each in found if each.points >= least]
    return sorted(kept, key=lambda each: each.points, reverse=True)
