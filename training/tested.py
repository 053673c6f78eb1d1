"""How good the model that scored a year was found to be, in one sentence for the public."""

import json
from pathlib import Path

from imagery.errors import TamperedModel
from imagery.report_files import ReportFiles
from models.checksum import model_checksum


def tested_sentence(report: ReportFiles, model: Path) -> str:
    """Say how good the model that scored a year was found to be.

    Only what does not depend on the thresholds is said: these were chosen on the same labels.

    Args:
        report: The year's reports.
        model: Folder of the model that was trained in the year.

    Returns:
        "" when another model scored the year: its figures are not there.
    """
    if not _scored_itself(report, model):
        return ""

    evaluation = json.loads(report.evaluation.read_text(encoding="utf-8"))
    by_name = {figures["name"]: figures for figures in evaluation["rungs"]}
    figures = by_name[evaluation["ships"]["name"]]

    low, high = figures["intervals"]["auroc"]
    if figures["auroc"] is None or low is None:
        return ""
    return (
        f"It was tested on {figures['labels']:,} roofs that people had looked at, "
        f"{figures['failing']:,} of them failing, in blocks that it had not learned from: "
        f"of a failing roof and one that is not, it gave the failing one the higher score in "
        f"{figures['auroc']:.0%} of pairs (90% interval {low:.0%} to {high:.0%})."
    )


def _scored_itself(report: ReportFiles, model: Path) -> bool:
    """Tell whether the model that was trained in a year also scored it."""
    if not (report.evaluation.exists() and report.scored_by.exists()):
        return False

    try:
        trained = model_checksum(model)
    except TamperedModel:  # it scored nothing here: the registry has its own copy
        return False
    scored_by = json.loads(report.scored_by.read_text(encoding="utf-8"))
    return bool(scored_by["sha256"] == trained)
