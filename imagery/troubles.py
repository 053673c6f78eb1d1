"""What reading a city's files noticed: counted, with examples and the remedy. No file is opened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_EXAMPLES = 3
"""Rows of one trouble that are named; the others are counted."""
LONGEST_EXAMPLE = 64
"""Characters of a value that a line shows."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Rows, files or layers that cannot be used as they are, all for one reason."""

    what: str
    """The trouble and the file, such as "vacant.csv: notices with a day that cannot be read"."""
    examples: tuple[str, ...]
    """A name for each case, with what was found there; a line shows the first three."""
    remedy: str
    """What to do about it."""
    is_fix: bool = False
    """Whether the city cannot go on before it is mended (FIX FIRST), or is only warned."""
    count: int = 0
    """How many there are, where not every one is in `examples`."""
    is_grouped: bool = False
    """Whether each example stands for several cases and says how many."""

    def __post_init__(self) -> None:
        """Check that there is a case."""
        if not self.examples:
            raise ValueError(f"no case of the trouble {self.what!r}")

    @property
    def total(self) -> int:
        """Return how many there are."""
        return max(self.count, len(self.examples))

    @property
    def line(self) -> str:
        """Return count, up to three examples and the remedy on one line."""
        cases = len(self.examples) if self.is_grouped else self.total
        named = name_few(self.examples, total=cases)
        if self.is_grouped and cases > MOST_EXAMPLES:
            named += " values"
        return f"{self.what}: {self.total:,}: {named}; {self.remedy}"


def only_troubles(found: Iterable[Trouble | None]) -> tuple[Trouble, ...]:
    """Return the troubles there are."""
    return tuple(trouble for trouble in found if trouble is not None)


def trouble_of(
    examples: Sequence[str], *, what: str, remedy: str, is_fix: bool = False, count: int = 0
) -> Trouble | None:
    """Return a trouble, None where there is no case of it."""
    if not examples:
        return None
    return Trouble(what=what, examples=tuple(examples), remedy=remedy, is_fix=is_fix, count=count)


def lines_of(examples: Sequence[str], *, what: str, remedy: str) -> list[str]:
    """Return the line of a trouble, none where there is no case of it."""
    trouble = trouble_of(examples, what=what, remedy=remedy)
    return [trouble.line] if trouble else []


def name_few(names: Sequence[str], *, total: int, most: int = MOST_EXAMPLES) -> str:
    """Return the first names, and how many more there are of `total`."""
    named = names[:most]
    more = total - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def shown(value: object) -> str:
    """Return a value in quotes for a line: control characters escaped, a long text cut."""
    text = str(value)
    cut = text if len(text) <= LONGEST_EXAMPLE else text[:LONGEST_EXAMPLE] + "..."
    return ascii(cut) if not cut.isprintable() else repr(cut)
