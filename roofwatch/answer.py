"""What a command answers: lines for people, facts for programs, an exit code."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from imagery.values.secrets import mask
from inference.hazard import HazardWord

FIX_FIRST = 3
"""Exit code when a person must correct something first."""
REFUSED = 4
"""Exit code when a gate does not hold."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Result of one command."""

    lines: list[str]
    """What is printed for people."""
    facts: dict[str, object]
    """What is printed with --json."""
    exit_code: int = 0
    """0, `FIX_FIRST` or `REFUSED`."""
    error: str = ""
    """Why something was refused: one line on stderr."""

    @property
    def text(self) -> str:
        """Return the lines as they are printed."""
        return mask("\n".join(self.lines))

    @property
    def json(self) -> str:
        """Return the facts as one JSON object; a number that JSON cannot hold is null."""
        return mask(json.dumps(null_for_nan(self.facts), default=str, allow_nan=False))


def null_for_nan(value: object) -> object:
    """Return the same with None for every number that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: null_for_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [null_for_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def count_values(values: Iterable[str | None]) -> dict[str, int]:
    """Return how often each text occurs, by text in alphabetical order; empty ones are left out."""
    counts = Counter(value for value in values if value)
    return dict(sorted(counts.items()))


def count_words(words: Iterable[str]) -> dict[str, int]:
    """Return how many roofs have each hazard word, worst first; words of none are left out."""
    counts = count_values(words)
    return {word.value: counts[word.value] for word in HazardWord if word.value in counts}


def count_lines(counts: dict[str, int]) -> list[str]:
    """Return one line per count."""
    return [f"{count:7d} {name}" for name, count in counts.items()]
