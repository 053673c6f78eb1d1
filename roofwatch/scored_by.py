"""Which model scored a year, and what `score` expected of it: model.json, read in one place."""

import shutil
from collections.abc import Mapping

from gis_export.table.inputs import ShareFailing
from imagery.files import atomic_path
from imagery.json_files import read_facts
from models.registry import version_file
from models.spec import ModelVersion
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


def keep_evaluation(year: CityYear, version: ModelVersion) -> None:
    """Keep the figures of the model that scores a year with it: a later training has others.

    None are kept of a borrowed model, which was tested elsewhere.
    """
    path = year.files.report.model_evaluation
    logged = year.files.report.evaluation.name
    found = None
    if not version.origin:
        found = version_file(year.city.registry, version.version, f"report/{logged}")
    if found is None:
        path.unlink(missing_ok=True)
        return
    with atomic_path(path) as temporary:
        shutil.copyfile(found, temporary)
