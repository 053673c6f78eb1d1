"""File names made from what a city calls its parcels and districts."""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable

_LONGEST = 80
"""Most characters of a name that are the text's own; file systems take 255 bytes with suffix."""
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
"""Names that Windows keeps for devices, whatever their suffix."""
_LIKE_OURS = re.compile(r"-[0-9a-f]{8}$")
"""How a name with a checksum ends."""


def safe_names(texts: Iterable[str], *, taken: Collection[str] = ()) -> dict[str, str]:
    """Return for each text a file name without suffix that any file system takes.

    No two names are alike, even where case does not count. Blanks become underscores. A checksum
    is added to what would lose a character, to what Windows keeps for itself, and to all that
    differ in case only: "Bn 2" gives Bn_2 unless the city has a "BN 2" as well. The order of the
    texts makes no difference.

    Args:
        texts: All that share a folder.
        taken: Names of files that are there for something else.
    """
    distinct = dict.fromkeys(texts)
    wanted = Counter(_plain_name(text).casefold() for text in distinct)
    wanted.update(name.casefold() for name in taken)

    names = {}
    for text in distinct:
        names[text] = _plain_name(text) if _is_free(text, wanted) else _with_checksum(text)
    return names


def safe_name(text: str) -> str:
    """Return the name of a text that shares its folder with nothing of another case.

    See `safe_names`.
    """
    return safe_names((text,))[text]


def _plain_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:_LONGEST]


def _is_free(text: str, wanted: Counter[str]) -> bool:
    """Tell whether the plain name says all of the text, and nothing else goes by it."""
    name = _plain_name(text)
    says_all = bool(text) and "_" not in text and name == text.replace(" ", "_")

    folded = name.casefold()
    is_special = _RESERVED.fullmatch(folded) or _LIKE_OURS.search(folded)
    return says_all and wanted[folded] == 1 and not is_special


def _with_checksum(text: str) -> str:
    checksum = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_plain_name(text)}-{checksum}"
