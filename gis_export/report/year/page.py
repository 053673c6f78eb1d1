"""report/year.html and report/resident.html: the year for three readers. No network requests."""

from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from gis_export.public.suppression import SMALL
from gis_export.report.year.facts import Step, YearFacts
from gis_export.report.year.pictures import TwoPhotos, mark_url
from gis_export.report.year.resident import ResidentFacts
from gis_export.table.symbols import SYMBOLS
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

OFF_ROLL = "It says nothing of a building that is not on the vacant roll."
"""What a tool is not that looks at the vacant roll alone."""
NOT_THIS = (
    "It is no inspection. A photo shows a roof from above, on one day of the year. It shows no "
    "floor, no wall and no stair.",
    OFF_ROLL,
    "It does not know who lives or sleeps in a building.",
    "It sends nobody and closes nothing. A person reads the list and decides.",
    "NOT SEEN IN PHOTO and NOT ASSESSED say nothing good of a building.",
)
"""What the tool is not."""
BEYOND = (
    "Of a building that is not on the vacant roll it says nothing, but for one list of the housing "
    "department, on which nobody has checked anything."
)
"""What takes the place of `OFF_ROLL` where parcels without a notice are looked at."""


def not_this(*, reach: bool) -> tuple[str, ...]:
    """Return what the tool is not.

    Args:
        reach: Whether parcels without a notice were looked at.
    """
    return tuple(BEYOND if reach and line == OFF_ROLL else line for line in NOT_THIS)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the photos are like those that the model learned from."""

    grade: str
    """GO, CAUTION or STOP; "" where it was not checked."""
    meaning: str
    """What that means."""


@dataclass(frozen=True, kw_only=True)
class YearText:
    """What the page says beside the numbers."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    flown: str
    """Day of the flight; "" when not known."""
    before: str
    """Year of the flyover before; "" where none was scored."""
    crews: int
    """Crews of the city file."""
    foot: str
    """Day and run."""
    expected: str
    """How many failing roofs are expected, in one sentence."""
    verdict: Verdict
    """Whether the photos can be used."""
    reach: bool = False
    """Whether parcels without a notice were looked at; none of them is on any page."""


@dataclass(frozen=True, kw_only=True, eq=False)
class YearPictures:
    """The pictures of the page."""

    map: Markup
    """The map; "" where no vacant has an outline."""
    is_cut: bool
    """Whether it leaves out roofs far from all others."""
    pair: TwoPhotos | None
    """One changed roof in two years; None where there is none."""
    thumbs: tuple[str, ...]
    """A photo for each of the roofs that matter most, "" where there is none."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of a chart."""

    step: Step
    """What is counted."""
    percent: float
    """Its length."""


def write_year_page(
    path: Path, facts: YearFacts, resident: ResidentFacts, text: YearText, pictures: YearPictures
) -> None:
    """Write the page with all three views.

    Args:
        path: The file.
        facts: Its numbers.
        resident: Those of the resident's view.
        text: What is said beside them.
        pictures: Its pictures.
    """
    page = _template("year.html").render(
        facts=facts,
        resident=resident,
        text=text,
        pictures=pictures,
        bars=bars_of(facts.steps),
        roofs=list(zip(facts.roofs, pictures.thumbs, strict=True)),
        symbols=[(symbol, mark_url(symbol.code)) for symbol in SYMBOLS],
        not_this=not_this(reach=text.reach),
        use_limit=USE_LIMIT,
        small=SMALL,
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def write_resident_page(path: Path, resident: ResidentFacts, text: YearText) -> None:
    """Write the resident's view alone, which may be given to anybody.

    Args:
        path: The file.
        resident: Its numbers.
        text: What is said beside them.
    """
    page = _template("resident.html").render(
        resident=resident, text=text, use_limit=USE_LIMIT, small=SMALL
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def bars_of(steps: tuple[Step, ...]) -> list[Bar]:
    """Return the bars of the chart; the first one is the longest."""
    most = max((step.figure.value for step in steps), default=0) or 1
    return [Bar(step=step, percent=100 * step.figure.value / most) for step in steps]


def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gis_export.report.year", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
