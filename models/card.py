"""The model card: what a model is for and what it is not, in the reports of the year it scored."""

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
class ModelCard:
    """What a model card says."""

    city: str
    """Name of the city whose roofs were scored."""
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
    def text(self) -> str:
        """Return the card as Markdown."""
        version = self.version
        share = self.share
        kind = RUNG_WORDS.get(self.rung, f"a linear head on features of {version.spec.backbone}")
        lines = [
            f"# Model card: {version.label}",
            "",
            f"Scores roofs of vacant buildings in {self.city} from one aerial photo, "
            "as a calibrated probability that part of the roof is open.",
            f"It is {kind}; sha256 {version.sha256}; MLflow run {version.run_id}.",
            f"LIKELY begins at {self.likely:.3g}, POSSIBLE at {self.possible:.3g}.",
            *self._limits(),
            self.expected,
            f"Estimated share failing of this flyover: {share.share:.1%} "
            f"(90% interval {share.low:.1%} to {share.high:.1%}); the scores are set to it.",
            f"The thresholds were chosen on {self.tried} flyovers left out whole."
            if self.tried
            else "The thresholds are not yet tried on another flyover.",
            "",
            "It sees roofs only: nothing of floors, walls or stairs. "
            "A roof that it does not flag may still be failing.",
            "Inputs are pixels and outlines. "
            "No price, no owner, no complaint counts, no demographics.",
            "Figures: evaluation.html of the year it was trained for, and the MLflow run.",
        ]
        return "\n".join(lines) + "\n"

    def _limits(self) -> list[str]:
        """Say where a borrowed model comes from, and why LIKELY is held back."""
        lines = []
        if self.version.origin:
            lines.append(f"It is borrowed: {self.version.origin}.")
        if self.borne_out:
            lines.append(f"Looks here bear it out: {self.borne_out}.")
        if self.held_back:
            lines.append(f"No roof is called LIKELY, such roofs are POSSIBLE: {self.held_back}.")
        return lines


def write_model_card(report: ReportFiles, card: ModelCard) -> None:
    """Write the card, and which model scored the year as JSON."""
    version = card.version
    facts = {
        "label": version.label,
        "sha256": version.sha256,
        "run_id": version.run_id,
        "origin": version.origin,
        "held_back": card.held_back,
        "borne_out": card.borne_out,
        "tried": card.tried,
        "expected": card.expected,
        "share_failing": {
            name: value if math.isfinite(value) else None
            for name, value in asdict(card.share).items()
        },
    }

    with atomic_path(report.model_card) as temporary:
        temporary.write_text(card.text, encoding="utf-8")
    with atomic_path(report.scored_by) as temporary:
        temporary.write_text(json.dumps(facts), encoding="utf-8")
