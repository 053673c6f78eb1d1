"""Numbers and quotes in Markdown: each is a link to its file, listed at the end of the paper.

`[24][3]` reads as 24 with its source under 3, and every reader of Markdown makes it a link. The
title of the link says which cell or rows of the file it is, and how it is written.
"""

import re

from gis_export.report.papers.facts import Counted, Measured, Quote
from gis_export.report.year.figures import Figure

_LINK = re.compile(r'\[((?:[^\]\\]|\\.)*)\]\(<([^>]*)> "((?:[^"\\]|\\.)*)"\)')
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")
WORD_FOR_WORD = "word for word"


def cite(found: Figure | Quote) -> str:
    """Return a number or a quote as a link with its source."""
    form = found.form.value if isinstance(found, Figure) else WORD_FOR_WORD
    title = f"{found.source.sentence}; {form}"
    return f'[{plain(found.text)}](<{address(found)}> "{title}")'


def address(found: Figure | Quote) -> str:
    """Return the file of a number as papers in report/ name it."""
    return f"../{found.source.file}".replace("../report/", "")


def cite_measured(found: Measured) -> str:
    """Return a figure with its interval."""
    return f"{cite(found.value)} ({cite(found.low)} to {cite(found.high)})"


def cite_counted(found: Counted) -> str:
    """Return a share that was counted, such as 8 of 10: 80% (49% to 96%)."""
    return f"{cite(found.hits)} of {cite(found.of)}: {cite_measured(found.share)}"


def plain(text: str) -> str:
    """Return text that Markdown reads as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def with_references(paper: str) -> str:
    """Return a paper whose links have numbers, and their files at the end.

    Equal links share a number.
    """
    numbers: dict[tuple[str, str], int] = {}

    def refer(link: re.Match[str]) -> str:
        text, file, title = link.groups()
        number = numbers.setdefault((file, title), len(numbers) + 1)
        return f"[{text}][{number}]"

    body = re.sub(r"\n{3,}", "\n\n", _LINK.sub(refer, paper))
    lines = [f'[{number}]: <{file}> "{title}"' for (file, title), number in numbers.items()]
    return "\n".join([body.rstrip("\n"), "", *lines, ""])
