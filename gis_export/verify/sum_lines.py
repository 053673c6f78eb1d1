"""The lines of SHA256SUMS, as coreutils write and read them."""

import os
import re
from pathlib import Path, PurePosixPath

_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_CODE = re.compile(r"\\[\\nr]")

# What coreutils write for letters that would break a line. A line with one begins with "\".
_CODES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_LETTERS = {code: letter for letter, code in _CODES.items()}


def sum_line(digest: str, name: str) -> str:
    """Return the line of a file, with its line end."""
    coded = "".join(_CODES.get(letter, letter) for letter in name)
    mark = "\\" if coded != name else ""
    return f"{mark}{digest}  {coded}\n"


def read_sums(path: Path) -> dict[str, str]:
    """Return the checksums of SHA256SUMS by name.

    Raises:
        ValueError: a line is not as coreutils write it, or names a file outside the folder.
    """
    sums: dict[str, str] = {}
    for line in os.fsdecode(path.read_bytes()).split("\n"):
        if not line.strip() or line.startswith("#"):
            continue

        found = _LINE.fullmatch(line.removesuffix("\r"))
        if found is None:
            raise ValueError(f"line {line[:80]!r}")

        is_coded = bool(found[1])
        name = _decode(found[3]) if is_coded else found[3]
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"line {line[:80]!r}")
        sums[name] = found[2].lower()
    return sums


def _decode(name: str) -> str:
    return _CODE.sub(lambda code: _LETTERS[code[0]], name)
