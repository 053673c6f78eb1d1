"""What `score` found of a flyover, as later commands read it: may products be made of it."""

from dataclasses import dataclass

from imagery.errors import Refused, UsageError
from imagery.json_files import read_facts
from imagery.report_files import ReportFiles
from inference.drift import Grade
from roofwatch.year import CityYear

WAY_OUT = (
    "look at roofs of this flyover and train with them, or run with --despite-drift --why TEXT"
)


@dataclass(frozen=True, kw_only=True)
class Despite:
    """Whether somebody goes on although drift says STOP."""

    is_set: bool = False
    """Whether to go on."""
    why: str = ""
    """Why, in plain words."""

    def __post_init__(self) -> None:
        """Check that there is a reason.

        Raises:
            UsageError: there is none, or a reason alone.
        """
        if self.is_set != bool(self.why.strip()):
            raise UsageError("run --despite-drift needs --why TEXT, and --why needs it")


NOT_DESPITE = Despite()
"""STOP is STOP."""


@dataclass(frozen=True, kw_only=True)
class DriftFound:
    """What drift.json says."""

    grade: Grade
    """The verdict."""
    note: str
    """What every product says; "" on GO."""
    despite: str
    """Why somebody went on although drift says STOP; "" where nobody did."""


def find_drift(report: ReportFiles, *, year: int) -> DriftFound | None:
    """Read drift.json; None where the year was scored by an earlier version.

    Raises:
        InputError: it is damaged.
    """
    if not report.drift.exists():
        return None

    facts = read_facts(report.drift, remedy=f"score {year} again")
    despite = str(facts.get("despite") or "")
    note = str(facts.get("note") or "")
    if despite:
        note += f" Exported all the same: {despite}"
    return DriftFound(grade=Grade(str(facts.get("grade"))), note=note, despite=despite)


def drift_note(year: CityYear) -> str:
    """Return what every product of a scored year says of its flyover; "" where nothing is wrong."""
    found = find_drift(year.files.report, year=year.year)
    return found.note if found else ""


def kept_reason(year: CityYear) -> str:
    """Return why somebody went on despite STOP, which stays until the year is scored again."""
    found = find_drift(year.files.report, year=year.year)
    return found.despite if found else ""


def drift_lines(year: CityYear) -> list[str]:
    """Return the note as a line of an answer, none where nothing is wrong."""
    note = drift_note(year)
    return [f"  note: {note}"] if note else []


def refuse_on_stop(year: CityYear, despite: Despite) -> None:
    """Go on to the products only where the flyover may be used.

    Raises:
        Refused: drift says STOP, and nobody goes on despite it.
    """
    found = find_drift(year.files.report, year=year.year)
    if found is None or found.grade != Grade.STOP:
        return
    if not despite.is_set:
        raise Refused(
            f"run {year.year}: {found.note} Nothing was exported, see "
            f"{year.files.report.drift_page}; {WAY_OUT}"
        )
    year.city.log("drift", f"{year.year} exported despite STOP: {despite.why}")
