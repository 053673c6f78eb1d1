"""Priority for housing: a visible sum of points, each with its reason in words. Arithmetic only."""

from dataclasses import dataclass

from gis_export.inputs import PrioritySettings
from gis_export.symbols import BY_CODE
from inference.hazard import HazardWord

_SEVERITY = {"NOT SEEN": 0, "POSSIBLE": 1, "LIKELY": 2, "CONFIRMED": 3}


@dataclass(frozen=True, kw_only=True)
class Points:
    """One reason and what it adds."""

    reason: str
    """The reason in words."""
    points: int
    """Points it adds."""

    def __str__(self) -> str:
        """Return it as the work list shows it."""
        return f"{self.reason} {self.points:+d}"


def points_of(code: str, occupied_sides: str, change: str, settings: PrioritySettings) -> tuple[Points, ...]:
    """Return the points of one row; their sum is its priority.

    Args:
        code: RISK_LVL.
        occupied_sides: OCC_SIDES: "E,W", "" or "U".
        change: CHANGE.
        settings: The weights.
    """
    word = BY_CODE[code].word
    found = [Points(reason=word.value, points=_severity_points(word, settings))]
    sides = [side for side in occupied_sides.split(",") if side and side != "U"]
    if sides:
        reason = f"occupied neighbor on side {' and '.join(sides)}"
        found.append(Points(reason=reason, points=settings.occupied_side * len(sides)))
    if change == "WORSE":
        found.append(Points(reason="worse than in the photo before", points=settings.worse))
    return tuple(found)


def change_of(code: str, before: str) -> str:
    """Return CHANGE: RISK_LVL of this flyover against the one before ("" when there was none)."""
    if not before:
        return "NEW"
    if code == before:
        return "SAME"
    if code == "NA":
        return "NOW NA"
    if before == "NA":
        return "WAS NA"
    return "WORSE" if _SEVERITY[code] > _SEVERITY[before] else "LESS SEEN"


def _severity_points(word: HazardWord, settings: PrioritySettings) -> int:
    points = {
        HazardWord.CONFIRMED: settings.confirmed,
        HazardWord.LIKELY: settings.likely,
        HazardWord.POSSIBLE: settings.possible,
        HazardWord.NOT_SEEN: settings.not_seen,
        HazardWord.NOT_ASSESSED: settings.not_assessed,
    }
    return points[word]
