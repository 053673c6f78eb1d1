"""Which model scored a year, and what `score` expected of it: model.json, read in one place."""

from collections.abc import Mapping

from imagery.json_files import read_facts
from roofwatch.year import CityYear


def scored_by(year: CityYear) -> Mapping[str, object]:
    """Return what model.json says; nothing where the year was not scored.

    Raises:
        InputError: it is damaged.
    """
    path = year.files.report.scored_by
    return read_facts(path, remedy=f"score {year.year} again") if path.exists() else {}


def expected_sentence(year: CityYear) -> str:
    """Return how many failing roofs are expected of a scored year; "" where that is not known."""
    return str(scored_by(year).get("expected") or "")
