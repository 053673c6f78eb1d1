"""Result of a training, and what the version is after it."""

from dataclasses import dataclass
from pathlib import Path

from models.spec import ModelVersion
from training.figures import Figures
from training.gate_checks import Check
from training.report import Evaluation


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """Result of one training."""

    version: ModelVersion
    """The registered challenger."""
    rung: str
    """The rung that ships."""
    evaluation: Evaluation
    """All figures, out of fold."""
    champion: int | None
    """Version that was champion before; None when there was none, and this one became it."""
    report: Path
    """The evaluation page."""
    floor: Check
    """What a first model has to pass to become champion."""
    notes: tuple[str, ...] = ()
    """Notices and labels that could not be used, a line for each kind."""

    @property
    def is_first_champion(self) -> bool:
        """Tell whether it became champion because there was none."""
        return self.champion is None and self.floor.holds

    @property
    def standing(self) -> str:
        """Say in words what it is now."""
        if self.is_first_champion:
            return "it is the first and so the champion"
        if self.champion is None:
            return (
                f"it stays challenger, there is no champion yet: {self.floor.text}; "
                "look at more roofs, failing ones too, check the ids and years of the label file, "
                "and train again"
            )
        if self.champion == self.version.version:
            return "the same model came out again, and it is the champion already"
        if self.version.alias:
            return "it is the challenger; promote it to use it"
        return "a model from before came out again; promote it to use it"

    @property
    def figures(self) -> Figures:
        """Return the figures of the rung that ships."""
        by_name = {figures.name: figures for figures in self.evaluation.rungs}
        return by_name[self.rung]
