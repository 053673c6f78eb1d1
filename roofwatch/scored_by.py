"""Which model scored a year, and what `score` expected of it: model.json, read in one place."""

import shutil
from collections.abc import Mapping

from gis_export.table.inputs import ShareFailing
from imagery.files import atomic_path
from imagery.json_files import read_facts
from models.registry import version_file
from models.spec import ModelVersion
from roofwatch.audit import champions
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


def scored_version(year: CityYear) -> int | None:
    """Return the version of the model that scored a year; None where that is not known."""
    _, _, number = str(scored_by(year).get("label") or "").rpartition("/")
    return int(number) if number.isdecimal() else None


def champion_note(year: CityYear) -> str:
    """Say that the newest flyover was scored by another model than the champion; "" where not.

    The champion is the one that the log names last; a server that others share may know better,
    and is not asked.
    """
    city = year.city
    is_newest = year.year == max(flyover.year for flyover in city.file.flyover)
    promoted = champions(city.workspace.audit)
    scored = scored_version(year)
    if not is_newest or city.file.mlflow.uri or not promoted or scored in (None, promoted[-1]):
        return ""
    return (
        f"{year.year} was scored by version {scored}, and the champion is version {promoted[-1]}; "
        f"score {year.year} and export it again for the champion's words"
    )


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
