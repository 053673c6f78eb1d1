"""Which model scored a year, and what `score` expected of it: model.json, read in one place."""

from collections.abc import Mapping

from gis_export.table.inputs import ShareFailing
from imagery.json_files import read_facts
from roofwatch.year import CityYear


def scored_by(year: CityYear) -> Mapping[str, object]:
    """Return what model.json says; nothing where the year was not scored.

    Raises:
        InputError: it is damaged.
    """
    path = year.files.report.scored_by
    return read_facts(path, remedy=f"score {year.year} again") if path.exists() else {}


def share_failing(year: CityYear) -> ShareFailing | None:
    """Return the share failing that the scores of a year are set to; None where it is not known."""
    facts = scored_by(year).get("share_failing")
    if not isinstance(facts, Mapping):
        return None

    low, high, looks = (facts.get(name) for name in ("low", "high", "looks"))
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    return ShareFailing(low=low, high=high, looks=looks if isinstance(looks, int) else 0)


def expected_sentence(year: CityYear) -> str:
    """Return how many failing roofs are expected of a scored year; "" where that is not known."""
    return str(scored_by(year).get("expected") or "")
