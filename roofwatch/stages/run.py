"""The yearly pipeline: each stage is one function that reads what the stage before left in the workspace."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from imagery.errors import InputError
from imagery.files import atomic_path
from imagery.intake.page import write_intake
from imagery.intake.report import Intake, make_intake
from inference.hazard import Thresholds
from inference.ledger import Ledger, build_ledger, write_ledger
from models.spec import ModelVersion
from roofwatch.audit import AuditLine, append_audit
from roofwatch.stages.tile import shift_lines, tile
from roofwatch.year import MODEL_FILE, City

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, eq=False)
class YearRun:
    """What `run` came to."""

    intake: Intake
    """The intake report."""
    trained: str
    """Version that was trained, "" when there were no new labels."""
    ledger: Ledger
    """The year's ledger."""
    products: list[Path]
    """Every file that was exported."""
    seconds: dict[str, float]
    """Wall seconds by stage."""


def check(city: City, year: int, *, pixels: bool = False) -> Intake:
    """Write the intake report of a year, by headers alone or (`pixels`) after cutting chips and measuring how far tiles lie off."""
    if pixels:
        tile(city, year)
    intake = make_intake(
        city.file.city.name,
        city.roll,
        city.flyover(year),
        city.file.tile,
        shifts=shift_lines(city, year),
    )
    write_intake(intake, city.folder(year))
    return intake


def score(city: City, year: int, wanted: str = "champion") -> Ledger:
    """Score every chip of a year with a registered model and write the ledger.

    Raises:
        MissingInput: no such model.
        TamperedModel: the model's files are not those that were registered.
    """
    from inference.predict import score_features
    from models.features import store_features
    from models.files import load_model
    from models.registry import resolve_model
    from roofwatch.stages.explain import explain

    city.file.source(year)
    version = resolve_model(city.registry, wanted)
    model = load_model(version.folder, version.sha256)
    store = tile(city, year, model.spec)
    mapper = city.mapper(f"look at {year}", len(city.roll))
    weights = str(version.folder / "backbone.safetensors")
    features = store_features(
        store, model.spec, weights=weights, threads=city.execution.threads, mapper=mapper
    )
    scores = score_features(features.rung(model.head.rung), model.head)
    thresholds = city.file.score.thresholds(model.head.likely, model.head.possible)
    flown = city.file.source(year).flown
    ledger = build_ledger(
        store.manifest, scores, thresholds=thresholds, model_version=version.label, flown=flown
    )
    if len(ledger.table) != len(city.roll):
        raise InputError(
            f"{len(city.roll)} vacants in, {len(ledger.table)} rows out; cut {year} again"
        )
    write_ledger(ledger, city.folder(year))
    explain(city, year, version, ledger, store, features)
    _write_model_card(city, year, version, model.head.rung, thresholds)
    append_audit(
        city.audit,
        AuditLine(
            command="score",
            detail=f"{year} with {version.label}: {int((ledger.table['status'] == 'scored').sum())} of {len(ledger.table)} scored",
        ),
    )
    return ledger


def run(city: City, year: int) -> YearRun:
    """Check, cut, train when there are new labels, score and export; an existing champion is never replaced.

    Raises:
        InputError: the intake report says FIX FIRST.
    """
    from roofwatch.stages.export import export
    from roofwatch.stages.train import train

    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Result]) -> Result:
        start = time.monotonic()
        result = work()
        seconds[stage] = round(time.monotonic() - start, 1)
        return result

    intake = timed("check", lambda: check(city, year))
    if intake.fixes:
        raise InputError(f"check {year}: FIX FIRST: {intake.fixes[0]}")
    timed("tile", lambda: tile(city, year))
    if shift_lines(city, year) != tuple(intake.displaced_tiles):
        intake = check(city, year)
    trained = timed(
        "train", lambda: train(city, year).version.label if has_new_labels(city, year) else ""
    )
    ledger = timed("score", lambda: score(city, year))
    products = timed("export", lambda: export(city, year))
    return YearRun(
        intake=intake, trained=trained, ledger=ledger, products=products, seconds=seconds
    )


def main_products(products: list[Path]) -> list[str]:
    """Return the files people open: not the parts of a pack or of the map folder; of sheets and packets their folder."""
    opened = (".shp", ".gpkg", ".qgs", ".csv", ".xlsx", ".parquet", ".pmtiles", ".pdf")
    files = {
        str(path.parent if path.parent.name in ("evidence", "route_sheets") else path)
        for path in products
        if path.suffix in opened or path.name == "index.html"
    }
    return sorted(files)


def has_new_labels(city: City, year: int) -> bool:
    """Tell whether the labels dated `year` or earlier differ from those of every registered version."""
    from labels.files import read_labels
    from models.registry import alias_version, find_version

    if city.file.labels is None:
        if alias_version(city.registry, "champion") is None:
            raise InputError(
                "run: no champion and no [labels]; add labels to the city file or register a model first"
            )
        return False
    labels = read_labels(city.file.labels, city.roll, until=year)
    unknown = find_version(city.registry, "labels_sha256", labels.sha256) is None
    return unknown or alias_version(city.registry, "champion") is None


def _write_model_card(
    city: City, year: int, version: ModelVersion, rung: str, thresholds: Thresholds
) -> None:
    kinds = {
        "network": f"a linear head on features of {version.spec.backbone}",
        "measures": "a logistic regression on named measures",
        "dark_share": "the share of dark pixels",
    }
    lines = [
        f"# Model card: {version.label}",
        "",
        f"Scores roofs of vacant buildings in {city.file.city.name} from one aerial photo, as a calibrated probability that part of the roof is open.",
        f"It is {kinds[rung]}; sha256 {version.sha256}; MLflow run {version.run_id}.",
        f"LIKELY begins at {thresholds.likely:.3g}, POSSIBLE at {thresholds.possible:.3g}.",
        "",
        "It sees roofs only: nothing of floors, walls or stairs. A roof it does not flag is not thereby sound.",
        "Inputs are pixels and outlines. No price, no owner, no complaint counts, no demographics.",
        "Figures: evaluation.html of the year it was trained for, and the MLflow run.",
    ]
    report = city.folder(year) / "report"
    with atomic_path(report / "model_card.md") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with atomic_path(report / MODEL_FILE) as temporary:
        temporary.write_text(
            json.dumps(
                {"label": version.label, "sha256": version.sha256, "run_id": version.run_id}
            ),
            encoding="utf-8",
        )
