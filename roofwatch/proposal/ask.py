"""Asking a person on the terminal what content could not tell."""

import sys

from roofwatch.console import warn
from roofwatch.proposal.choice import Choice
from roofwatch.proposal.document import MOST_CANDIDATES, toml_value


def can_ask() -> bool:
    """Tell whether a person sits at the terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(section: str, choice: Choice) -> Choice:
    """Ask which candidate of a doubtful choice is right; nothing leaves it a comment."""
    if not choice.doubt or not choice.candidates or choice.is_taken:
        return choice

    shown = choice.candidates[:MOST_CANDIDATES]
    warn(f"[{section}] {choice.key}: {choice.doubt}")
    for number, candidate in enumerate(shown, start=1):
        warn(f"  {number}  {toml_value(candidate.value)}  ({candidate.evidence})")
    while True:
        warn(f"  1 to {len(shown)}, or Enter to leave it open:")
        answer = sys.stdin.readline().strip()
        if not answer:
            return choice
        if answer.isdigit() and 1 <= int(answer) <= len(shown):
            return choice.take(int(answer) - 1, "chosen when asked")
