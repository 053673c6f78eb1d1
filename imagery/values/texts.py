"""Texts and ids of a city's tables, without what no product can hold. No file is opened."""

import hashlib

import numpy as np
import pandas as pd

from imagery.troubles import MOST_EXAMPLES, Trouble, shown, trouble_of

LONGEST_ID = 60
"""Bytes of a parcel id that every product can hold; a shapefile has the least room."""
LONGEST_TEXT = 250
"""Characters of a text, such as an address, that products show."""
CUT = "..."
"""End of a text that was longer."""

_BREAKS = "[\\x09-\\x0d\\x1c-\\x1f\x85\u2028\u2029]+"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_PLANE_ENDS = "".join(chr(0x10000 * plane - 2) + chr(0x10000 * plane - 1) for plane in range(1, 18))
CONTROLS = f"[\\x00-\\x08\\x0e-\\x1f\x7f-\x84\x86-\x9f\ufeff\ufdd0-\ufdef{_BIDI}{_PLANE_ENDS}]"
"""Characters that XML, XLSX or DBF cannot hold, or that turn round the text beside them.

Literal, so that every engine of regular expressions reads them alike."""
_LOST = "\ufffd"
"""What stands for a character that a file could not hold."""


def clean_texts(texts: pd.Series) -> pd.Series:
    """Return texts that every product can hold, each on one line.

    Line breaks and tabs become blanks, other control characters are dropped. A text of more than
    `LONGEST_TEXT` characters is cut and ends in "...".
    """
    cleaned = _clean(texts)
    is_long = cleaned.str.len() > LONGEST_TEXT
    cleaned[is_long] = cleaned[is_long].str.slice(0, LONGEST_TEXT - len(CUT)) + CUT
    return cleaned


def find_bad_texts(
    texts: pd.Series, cleaned: pd.Series, names: pd.Series, *, what: str
) -> Trouble | None:
    """Return the texts that lost something, None where there is none.

    Args:
        texts: As in the file.
        cleaned: As `clean_texts` leaves them.
        names: Id of each row's parcel.
        what: Key of the city file, such as "[parcels] address".
    """
    is_odd = _has(texts, CONTROLS) | (texts.str.len() > LONGEST_TEXT) | _has(texts, _LOST)
    changed = np.flatnonzero(is_odd.to_numpy())
    return trouble_of(
        [f"{shown(names.iloc[row])} {shown(cleaned.iloc[row])}" for row in changed[:MOST_EXAMPLES]],
        what=f"texts of {what} with control characters, lost characters, "
        f"or more than {LONGEST_TEXT} characters",
        remedy="correct them in the file; products show them as here",
        count=len(changed),
    )


def clean_ids(ids: pd.Series) -> pd.Series:
    """Return ids that every product can hold, and that stay apart in each.

    Line breaks and tabs become blanks, other control characters and blanks at the end are dropped.
    An id that is too long is cut and ends in a checksum of the whole, so that two long ids stay
    two. An apostrophe before what a spreadsheet runs as a formula is dropped: products add it.
    """
    cleaned = _clean(ids).str.rstrip(" ")
    is_quoted = cleaned.str.startswith("'")
    cleaned[is_quoted] = cleaned[is_quoted].str.replace("^'+([=+@-])", r"\1", regex=True)

    wide = cleaned.str.len() > LONGEST_ID // 4  # a character has 4 bytes at most
    cleaned[wide] = cleaned[wide].map(_short_id)
    return cleaned


def find_bad_ids(ids: pd.Series, cleaned: pd.Series, *, what: str) -> Trouble | None:
    """Return the ids that had to be cleaned, None where there is none."""
    changed = np.flatnonzero((ids.str.rstrip(" ") != cleaned).to_numpy())
    return trouble_of(
        [f"{shown(ids.iloc[row])} is used as {shown(cleaned.iloc[row])}" for row in changed],
        what=f"ids of {what} with control characters or more than {LONGEST_ID} bytes",
        remedy="correct them in the file; rows with the same id count as one parcel",
    )


def is_plain(text: str) -> bool:
    """Tell whether a text is short, and free of what no product can hold."""
    return bool(clean_texts(pd.Series([text], dtype="str")).iloc[0] == text)


def _clean(texts: pd.Series) -> pd.Series:
    """Return texts on one line, without control characters."""
    is_odd = _has(texts, _BREAKS) | _has(texts, CONTROLS)
    cleaned = texts.copy()
    blanks = texts[is_odd].str.replace(_BREAKS, " ", regex=True)
    cleaned[is_odd] = blanks.str.replace(CONTROLS, "", regex=True).str.strip()
    return cleaned


def _has(texts: pd.Series, pattern: str) -> pd.Series:
    return texts.str.contains(pattern, regex=True)


def _short_id(text: str) -> str:
    if len(text.encode()) <= LONGEST_ID:
        return text

    checksum = hashlib.sha256(text.encode()).hexdigest()[:12]
    return text.encode()[: LONGEST_ID - 13].decode(errors="ignore") + "~" + checksum
