"""What people wrote into a file: brought onto one line, or compared with the known names."""

import re

from rapidfuzz import process
from rapidfuzz.distance import OSA

_BREAK = re.compile(r"\r\n|[\r\n\t]")


def one_line(text: str) -> str:
    r"""Turn line ends and tabs into blanks.

    Python writes a bare carriage return into a CSV without quotes, and it splits the row.

    >>> one_line("1 MAIN\r\nST\rREAR")
    '1 MAIN ST REAR'
    """
    return _BREAK.sub(" ", text)


def nearest_name(name: str, names: tuple[str, ...]) -> str:
    """Return the name that is spelled most like `name`."""
    return process.extractOne(name, names, scorer=OSA.distance)[0]
