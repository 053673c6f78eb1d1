"""Which model scored a year, and how: model.json, from which the papers of the year are made."""

import json
import math
from dataclasses import asdict, dataclass

from imagery.files import atomic_path
from imagery.report_files import ReportFiles
from models.share import Share
from models.spec import ModelVersion

RUNG_WORDS = {
    "measures": "a linear head on named measures",
    "dark_share": "the share of dark pixels",
}
"""What the other rungs are."""


@dataclass(frozen=True, kw_only=True)
class ScoredBy:
    """What is known of the model that scored a year."""

    version: ModelVersion
    """The model."""
    rung: str
    """Rung of its head."""
    likely: float
    """Calibrated score at which LIKELY begins."""
    possible: float
    """Calibrated score at which POSSIBLE begins, in this flyover."""
    share: Share
    """Estimated share failing of the flyover."""
    tried: int
    """Flyovers that were left out whole when the thresholds were chosen."""
    expected: str
    """How many failing roofs are expected, in one sentence."""
    held_back: str = ""
    """Why no roof may be called LIKELY; "" where they may."""
    borne_out: str = ""
    """What looks here say for a borrowed model; "" for the city's own."""

    @property
    def kind(self) -> str:
        """Return what sort of model it is, in words."""
        return RUNG_WORDS.get(
            self.rung, f"a linear head on features of {self.version.spec.backbone}"
        )


def write_scored_by(report: ReportFiles, scored_by: ScoredBy) -> None:
    """Write model.json; a number that JSON cannot hold is null."""
    version = scored_by.version
    spec = version.spec
    facts = {
        "label": version.label,
        "sha256": version.sha256,
        "run_id": version.run_id,
        "origin": version.origin,
        "kind": scored_by.kind,
        "rung": scored_by.rung,
        "gsd_m": spec.gsd_m,
        "margin_m": spec.margin_m,
        "views": list(spec.views),
        "likely": _number(scored_by.likely),
        "possible": _number(scored_by.possible),
        "held_back": scored_by.held_back,
        "borne_out": scored_by.borne_out,
        "tried": scored_by.tried,
        "expected": scored_by.expected,
        "share_failing": {name: _number(value) for name, value in asdict(scored_by.share).items()},
    }
    with atomic_path(report.scored_by) as temporary:
        temporary.write_text(json.dumps(facts), encoding="utf-8")


def _number(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    return value if math.isfinite(value) else None
