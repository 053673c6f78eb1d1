"""Texts and ids of a city's tables, without what no product can hold. No file is opened."""

import hashlib

import numpy as np
import pandas as pd

from imagery.roll.troubles import Trouble, shown

LONGEST_ID = 60
"""Bytes of a parcel id that every product can hold; a shapefile has the least room."""
CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]"
"""Characters that XML, XLSX or DBF cannot hold."""

_BREAKS = r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+"


def clean_texts(texts: pd.Series) -> pd.Series:
    """Return texts without the control characters that XML, XLSX or DBF cannot hold."""
    return texts.str.replace(CONTROLS, "", regex=True)


def clean_ids(ids: pd.Series) -> pd.Series:
    """Return ids that every product can hold.

    Line breaks and tabs become blanks and other control characters are dropped. An id that is too
    long is cut and ends in a checksum of the whole, so that two long ids stay two.
    """
    odd = ids.str.contains(_BREAKS, regex=True) | ids.str.contains(CONTROLS, regex=True)
    cleaned = ids.copy()
    blanks = ids[odd].str.replace(_BREAKS, " ", regex=True)
    cleaned[odd] = clean_texts(blanks).str.strip()

    wide = cleaned.str.len() > LONGEST_ID // 4  # a character has 4 bytes at most
    cleaned[wide] = cleaned[wide].map(_short_id)
    return cleaned


def find_bad_ids(ids: pd.Series, cleaned: pd.Series, *, what: str) -> Trouble | None:
    """Return the ids that had to be cleaned, None where there is none."""
    changed = np.flatnonzero((ids != cleaned).to_numpy())
    if not len(changed):
        return None

    rows = [f"{shown(ids.iloc[row])} is used as {shown(cleaned.iloc[row])}" for row in changed]
    return Trouble(
        what=f"ids of {what} with control characters or more than {LONGEST_ID} bytes",
        examples=tuple(rows),
        remedy="correct them in the file; rows with the same id count as one parcel",
    )


def _short_id(text: str) -> str:
    if len(text.encode()) <= LONGEST_ID:
        return text

    checksum = hashlib.sha256(text.encode()).hexdigest()[:12]
    return text.encode()[: LONGEST_ID - 13].decode(errors="ignore") + "~" + checksum
