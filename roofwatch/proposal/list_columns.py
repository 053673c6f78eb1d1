"""Which column of notices, labels and addresses is which."""

import re
from collections.abc import Sequence

from imagery.values.days import read_days
from roofwatch.proposal.choice import Candidate, Choice
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.keys import parcel_keys
from roofwatch.proposal.layers import TableFacts, match_words
from roofwatch.proposal.names import hints_at
from roofwatch.proposal.parcel_columns import BY_CONTENT_ONLY

SURE_MATCH = 0.8
"""Below this share of matching keys `check` says FIX FIRST."""
ON_SITE = r"inspect|on.?site|field|visit"
MOST_SOURCES = 12
SPARSE = 0.5
"""A column of days that is less filled may tell of ends."""
SURE_LATER = 0.95


def choose_notice_columns(facts: TableFacts) -> list[Choice]:
    """Return the choices of the columns of the vacancy notices."""
    days = _ranked_days(facts.days)
    found = [_choose_id(facts), _choose_day(days)]
    if days and days[0].undecided > 0:
        found.append(_choose_order(days[0]))
    return [*found, *_choose_place(facts)]


def notice_notes(facts: TableFacts) -> tuple[str, ...]:
    """Say which columns of days tell that a notice has ended."""
    ended = [look for look in facts.days if hints_at(look.plain, "end_date") and look.filled < 1]
    return tuple(
        f"`{look.name}` is filled in {look.filled:.0%} of the rows: if that ends a notice, leave "
        "those rows out of the file"
        for look in ended
    )


def _choose_id(facts: TableFacts) -> Choice:
    fits = [fit for fit in facts.fits if fit.share >= 0.2]
    candidates = tuple(
        Candidate(value=fit.key.value, evidence=match_words(fit), place=place)
        for place, fit in enumerate(fits[:4])
    )
    doubt = ""
    if fits and fits[0].share < SURE_MATCH:
        doubt = f"fewer than {SURE_MATCH:.0%} match"
    elif fits and not fits[0].rank[0]:
        doubt = "it looks like an address or a number of rows, not like a key"
    own = ", ".join(key.name for key in parcel_keys(facts.table)[:3]) if not fits else ""
    missing = "a column whose keys match parcels" + (f"; keys of its own: {own}" if own else "")
    return Choice(key="id", candidates=candidates, doubt=doubt, missing=missing)


def _ranked_days(looks: Sequence[ColumnLook]) -> list[ColumnLook]:
    return sorted(looks, key=_day_rank, reverse=True)


def _day_rank(look: ColumnLook) -> tuple[int, float]:
    hint = hints_at(look.plain, "notice_date") - 2 * hints_at(look.plain, "end_date")
    return hint, look.filled


def _choose_day(looks: Sequence[ColumnLook]) -> Choice:
    """Return the choice of the day of the notice: the best named, and then the fullest."""
    candidates = tuple(
        Candidate(value=look.name, evidence=_day_words(look), place=place)
        for place, look in enumerate(looks)
    )
    doubt = ""
    first = looks[:1]
    rivals = [look for look in looks[1:] if _day_rank(look)[0] == _day_rank(first[0])[0]]
    if any(not _ends(look, first[0]) for look in rivals):
        doubt = "several columns hold days"
    elif looks and _day_rank(looks[0])[0] < 0:
        doubt = "its name says that something ended"
    return Choice(key="notice_date", candidates=candidates, doubt=doubt, missing="a column of days")


def _ends(look: ColumnLook, first: ColumnLook) -> bool:
    """Tell whether a column of few days looks like the end of what a fuller one begins."""
    if look.filled >= SPARSE:
        return False
    days = read_days(look.texts).day
    begins = read_days(first.texts).day[days.notna()]
    return bool((days.dropna() >= begins).mean() >= SURE_LATER)


def _day_words(look: ColumnLook) -> str:
    days = look.days.day.dropna()
    words = f"{look.is_days:.0%} are days, filled in {look.filled:.0%}"
    if not len(days):
        return words
    return f"{words}, {days.min().date()} to {days.max().date()}"


def _choose_order(look: ColumnLook) -> Choice:
    share = f"{look.undecided:.0%} of `{look.name}` could be two days"
    candidates = tuple(
        Candidate(value=order, evidence=share) for order in ("month_first", "day_first")
    )
    return Choice(key="day_order", candidates=candidates, doubt="the column does not tell")


def _choose_place(facts: TableFacts) -> list[Choice]:
    """Return the choices of the columns of places; the points of a layer need none."""
    best = next((place for place in facts.places if place.keys), None)
    if best is None or facts.places[0] is not best:
        return []
    doubt = "" if best.share >= SURE_MATCH else "many points lie elsewhere"
    return [
        Choice(
            key=key,
            candidates=(Candidate(value=column, evidence=best.evidence),),
            doubt=doubt,
        )
        for key, column in best.keys.items()
    ]


def choose_label_columns(facts: TableFacts) -> list[Choice]:
    """Return the choices of the columns of the labels."""
    values = _choose_value(facts)
    used = {candidate.value for candidate in values.candidates[:1]}
    others = [look for look in facts.columns(_is_source) if look.name not in used]
    source = _choose_source(others)
    found = [_choose_id(facts), _choose_year(facts.years), values, source]
    if source.best and not source.doubt:
        look = facts.table.looks[str(source.best.value)]
        found += _choose_trust(look)
    days = _ranked_label_days(facts.days)
    return [*found, _choose_label_day(days)] if days else found


def _choose_year(looks: Sequence[ColumnLook]) -> Choice:
    ranked = sorted(looks, key=lambda look: hints_at(look.plain, "year"), reverse=True)
    candidates = tuple(
        Candidate(value=look.name, evidence=f"holds {', '.join(_few(look))}") for look in ranked
    )
    doubt = ""
    if len(ranked) > 1 and hints_at(ranked[0].plain, "year") == hints_at(ranked[1].plain, "year"):
        doubt = "several columns hold years"
    return Choice(key="year", candidates=candidates, doubt=doubt)


def _choose_value(facts: TableFacts) -> Choice:
    """Return the choice of the column that says whether a roof fails."""
    flags = [look for look in facts.values if look.is_yes_no >= 0.95]
    shares = [look for look in facts.values if look not in flags]
    shares.sort(key=lambda look: hints_at(look.plain, "roof_pct"), reverse=True)
    flags.sort(key=lambda look: hints_at(look.plain, "collapsed"), reverse=True)
    looks = [*shares, *flags]
    named = [look for look in looks if _is_named_value(look, flags)]
    looks.sort(key=lambda look: look in named, reverse=True)
    if not looks:
        return Choice(key="roof_pct", missing="0 and 1, or percent of the roof")

    key = "collapsed" if looks[0] in flags else "roof_pct"
    alike = [look for look in looks if (look in flags) == (looks[0] in flags)]
    candidates = tuple(Candidate(value=look.name, evidence=_value_words(look)) for look in alike)
    doubt = ""
    if len(looks) > 1 and len(named) != 1:
        doubt = f"`{looks[1].name}` could be meant as well"
    elif not hints_at(looks[0].plain, "failing"):
        doubt = "its name does not say that it tells of failing roofs"
    return Choice(key=key, candidates=candidates, doubt=doubt)


def _is_named_value(look: ColumnLook, flags: Sequence[ColumnLook]) -> bool:
    return hints_at(look.plain, "collapsed" if look in flags else "roof_pct")


def _value_words(look: ColumnLook) -> str:
    numbers = look.numbers.dropna()
    if look.is_yes_no >= 0.95:
        return f"says {', '.join(_few(look))}"
    return f"{numbers.min():g} to {numbers.max():g} percent, {(numbers > 0).mean():.0%} above 0"


def _is_source(look: ColumnLook) -> bool:
    is_few = 1 <= look.distinct <= MOST_SOURCES and look.filled >= 0.8
    return is_few and look.is_words >= 0.8 and look.is_yes_no < 0.9


def _choose_source(looks: Sequence[ColumnLook]) -> Choice:
    named = [look for look in looks if hints_at(look.plain, "source")]
    candidates = tuple(
        Candidate(value=look.name, evidence=f"holds {', '.join(_few(look))}")
        for look in (named or looks)
    )
    doubt = "" if len(named) == 1 or not candidates else BY_CONTENT_ONLY
    if len(named) > 1:
        doubt = "several are named so"
    return Choice(key="source", candidates=candidates, doubt=doubt)


def _choose_trust(look: ColumnLook) -> list[Choice]:
    """Return which sources saw the building: a person has to say so."""
    names = [str(name) for name in look.said.value_counts().index]
    seen = [name for name in names if re.search(ON_SITE, name.lower())]
    if not seen:
        return []
    candidate = Candidate(value=seen, evidence=f"a source of `{look.name}`")
    return [
        Choice(key="source_rank", candidates=(candidate,), doubt="say whom you trust most"),
        Choice(
            key="on_site",
            candidates=(candidate,),
            doubt="what they found failing is CONFIRMED: say whether they were there",
        ),
    ]


def _ranked_label_days(looks: Sequence[ColumnLook]) -> list[ColumnLook]:
    return sorted(looks, key=lambda look: look.filled, reverse=True)


def _choose_label_day(looks: Sequence[ColumnLook]) -> Choice:
    candidates = tuple(Candidate(value=look.name, evidence=_day_words(look)) for look in looks)
    doubt = "several columns hold days" if len(looks) > 1 else ""
    return Choice(key="date", candidates=candidates, doubt=doubt)


def choose_address_columns(facts: TableFacts) -> list[Choice]:
    """Return the choices of the columns of the addresses of dispatch."""
    full = [look for look in facts.addresses if look.filled >= 0.9]
    partly = [look for look in facts.addresses if look.filled < 0.9]
    found = [
        Choice(
            key="address",
            candidates=tuple(
                Candidate(value=look.name, evidence=f"{look.is_addresses:.0%} are addresses")
                for look in full
            ),
            doubt="several columns hold addresses" if len(full) > 1 else "",
        )
    ]
    if partly:
        words = "addresses in {:.0%} of the rows"
        candidates = tuple(
            Candidate(value=look.name, evidence=words.format(look.filled)) for look in partly
        )
        found.append(Choice(key="alias", candidates=candidates))
    return found


def _few(look: ColumnLook) -> list[str]:
    return [str(text) for text in look.said.value_counts().index[:5]]
