"""The hazard ladder: the only words a responder sees."""

from dataclasses import dataclass
from enum import StrEnum

USE_LIMIT = (
    "No symbol does not mean safe. "
    "Roof photo only; says nothing of floors, walls or stairs. "
    "Size-up governs."
)
"""What every product says about its use."""


class HazardWord(StrEnum):
    """Words of the ladder, worst first."""

    CONFIRMED = "CONFIRMED"
    LIKELY = "LIKELY"
    POSSIBLE = "POSSIBLE"
    NOT_SEEN = "NOT SEEN IN PHOTO"
    NOT_ASSESSED = "NOT ASSESSED"


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Calibrated scores at which a word begins."""

    likely: float
    """Probability in (0, 1]; at or above it the word is LIKELY."""
    possible: float
    """Probability in (0, likely]; at or above it the word is POSSIBLE."""
    held_back: str = ""
    """Why no roof may be called LIKELY; such roofs are POSSIBLE. "" where they may."""

    def __post_init__(self) -> None:
        """Check the order of the two thresholds."""
        if not 0 < self.possible <= self.likely <= 1:
            raise ValueError(
                f"thresholds are possible={self.possible}, likely={self.likely}; "
                "want 0 < possible <= likely <= 1"
            )


def hazard_word(
    score: float | None, thresholds: Thresholds, *, confirmed: bool = False
) -> HazardWord:
    """Turn a calibrated score into a word.

    Args:
        score: Calibrated probability, or None when the parcel was not scored.
        thresholds: Where LIKELY and POSSIBLE begin.
        confirmed: A person has seen the failing roof.
    """
    if confirmed:
        return HazardWord.CONFIRMED
    if score is None:
        return HazardWord.NOT_ASSESSED
    if score >= thresholds.likely and not thresholds.held_back:
        return HazardWord.LIKELY
    if score >= thresholds.possible or score >= thresholds.likely:
        return HazardWord.POSSIBLE
    return HazardWord.NOT_SEEN
