"""How many open roofs the list misses, and how many of its roofs are open, from visits on site.

Roofs that are not flagged are drawn at random and visited. What the visits find is binomial, so the
bounds are those of Clopper and Pearson (1934, "The use of confidence or fiducial limits illustrated
in the case of the binomial", Biometrika 26). They hold for any number of roofs, and the drawing
without replacement by district only makes them wider than they need to be. They know chance alone;
`inference.visit_errors` widens them by the errors of the people who look.
"""

from dataclasses import dataclass, field
from math import ceil

from inference.visit_errors import VisitErrors
from labels.intervals import clopper_pearson

LEAST_OF_DISTRICT = 20
"""Roofs of a district from which on its own bound is given: even none open says less than 14%."""
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Roofs that people judged on site, and how many of them are open."""

    judged: int
    """Roofs that somebody could judge."""
    open: int
    """Of these, the open or failing ones."""
    unjudged: int = 0
    """Roofs that nobody could judge: no access, or it could not be told."""

    def __post_init__(self) -> None:
        """Check that the counts are in order."""
        if not 0 <= self.open <= self.judged or self.unjudged < 0:
            raise ValueError(f"{self} is not in order")

    @property
    def most(self) -> float:
        """Return the bound below which the share open is, with 95% confidence."""
        return clopper_pearson(self.open, self.judged)[1]

    @property
    def least(self) -> float:
        """Return the bound above which the share open is, with 95% confidence."""
        return clopper_pearson(self.open, self.judged)[0]

    @property
    def share(self) -> float:
        """Return the share open among the judged ones, NaN where none was judged."""
        return self.open / self.judged if self.judged else float("nan")


@dataclass(frozen=True, kw_only=True)
class MissRate:
    """What visits to random roofs that were not flagged found, in one flyover."""

    year: int
    """Year of the flyover."""
    city: Checked
    """Of the whole city."""
    districts: dict[str, Checked]
    """By inspection district."""

    @property
    def sentence(self) -> str:
        """Say it for the cover of a product; "" where no roof was judged."""
        if not self.city.judged:
            return ""
        most = percent_up(self.city.most)
        return f"{_found(self.city)} At most {most} are missed (95%).{_rest(self.city)}"

    @property
    def district_sentences(self) -> list[str]:
        """Say it for each district of which enough roofs were checked."""
        return [
            f"{name or 'No district'}: {checked.judged} checked, {_open(checked.open)}; "
            f"at most {percent_up(checked.most)} (95%, of this district alone)."
            for name, checked in sorted(self.districts.items())
            if checked.judged >= LEAST_OF_DISTRICT
        ]

    def with_errors(self, errors: VisitErrors) -> str:
        """Say the bound that allows for errors of the people who looked; "" for none."""
        if not self.city.judged:
            return ""
        most = percent_up(errors.most(self.city.most))
        return f"With errors of inspectors allowed for it is at most {most}."

    def said_in(self, year: int) -> str:
        """Return the sentence for products of a year: it names an earlier flyover."""
        if not self.sentence or year == self.year:
            return self.sentence
        return f"In the photos of {self.year}: {self.sentence[0].lower()}{self.sentence[1:]}"


@dataclass(frozen=True, kw_only=True)
class Realized:
    """What visits found of the roofs with one hazard word, beside what was promised."""

    year: int
    """Year of the flyover."""
    word: str
    """The hazard word of the photo."""
    checked: Checked
    """Roofs with the word that people visited."""
    promised: float
    """Share open that the tests before promised, NaN where they promised nothing."""
    errors: VisitErrors = field(default_factory=VisitErrors)
    """How often the people who looked err."""

    @property
    def least(self) -> float:
        """Return the bound above which the share open is, with 95% confidence."""
        return self.errors.least(self.checked.least)

    @property
    def most(self) -> float:
        """Return the bound below which the share open is, with 95% confidence."""
        return self.errors.most(self.checked.most)

    @property
    def sentence(self) -> str:
        """Say it; "" where no roof was judged."""
        checked = self.checked
        if not checked.judged:
            return ""

        promise = ""
        if self.promised == self.promised:
            promise = f"; {self.promised:.0%} was promised"
        return (
            f"Of {checked.judged} visited {_roofs_that(checked)} {self.word} in {self.year}, "
            f"{_open(checked.open)}: {checked.share:.0%} "
            f"(90%: {self.least:.0%} to {self.most:.0%}){promise}.{_rest(checked)}"
        )


def percent_up(share: float) -> str:
    """Return a share as percent with one digit, rounded up: it stands for "at most".

    >>> percent_up(0.07661), percent_up(0.05), percent_up(1.0)
    ('7.7%', '5.0%', '100.0%')
    """
    return f"{ceil(share * 1000 - _ROUNDING) / 10:.1f}%"


def _found(checked: Checked) -> str:
    noun = "roof" if checked.judged == 1 else "roofs"
    verb = "was" if checked.judged == 1 else "were"
    return (
        f"We checked {checked.judged:,} {noun} at random that {verb} not flagged: "
        f"{_open(checked.open)}."
    )


def _roofs_that(checked: Checked) -> str:
    return "roof that was" if checked.judged == 1 else "roofs that were"


def _open(count: int) -> str:
    if not count:
        return "none was open"
    return "1 was open" if count == 1 else f"{count:,} were open"


def _rest(checked: Checked) -> str:
    if not checked.unjudged:
        return ""
    return f" {checked.unjudged:,} more could not be judged."
