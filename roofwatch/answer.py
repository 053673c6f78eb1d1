"""What a command answers: lines for people, facts for programs, an exit code."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

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


def count_values(values: Iterable[str | None]) -> dict[str, int]:
    """Return how often each text occurs, by text in alphabetical order; empty ones are left out."""
    counts = Counter(value for value in values if value)
    return dict(sorted(counts.items()))


def count_lines(counts: dict[str, int]) -> list[str]:
    """Return one line per count."""
    return [f"{count:7d} {name}" for name, count in counts.items()]
