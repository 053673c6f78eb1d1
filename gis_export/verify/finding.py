"""What a check finds wrong with a product."""

from dataclasses import dataclass
from pathlib import Path

LEAK = "carries fields of another tier"
"""`Finding.what` of a tier leak."""
EXPORT_AGAIN = "export again"
"""The remedy that always helps."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong with a product."""

    path: Path
    """The file."""
    what: str
    """What is wrong with it."""
    got: str
    """What it holds."""
    want: str
    """What it should hold."""
    remedy: str
    """What a person can do."""

    def __str__(self) -> str:
        """Return it on one line."""
        text = f"{self.path}: {self.what}; got {self.got}, want {self.want}; {self.remedy}"
        return " ".join(text.split())


def some(values: list[str], *, most: int = 3) -> str:
    """Return the first few values, and how many there are besides."""
    shown = ", ".join(repr(value) for value in values[:most])
    return shown + and_more(len(values) - min(most, len(values)))


def and_more(count: int, noun: str = "more") -> str:
    """Return " and 7 more" for the cases that a finding does not show, "" for none."""
    return f" and {count} {noun}" if count > 0 else ""
