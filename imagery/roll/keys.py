"""Parcel ids however they are spelled: the one way in which tables are matched."""

import re

import pandas as pd

_PUNCTUATION = {code: None for code in range(128) if not chr(code).isalnum()}


def normalize_key(raw: str) -> str:
    """Normalize a parcel key: upper case, blanks and punctuation gone, a float tail ".0" gone.

    >>> normalize_key("0216 001") == normalize_key("0216001 ")
    True
    """
    text = str(raw).strip().removesuffix(".0").upper()
    return text.translate(_PUNCTUATION) if text.isascii() else re.sub(r"[^0-9A-Z]", "", text)


def normalize_keys(raw: pd.Series) -> pd.Series:
    """Normalize a column of text as `normalize_key` does."""
    plain = raw.astype("str")
    trimmed = plain.str.strip().str.removesuffix(".0").str.upper()
    keys = trimmed.str.replace(r"[^0-9A-Z]", "", regex=True)

    is_odd = ~plain.str.isascii()
    keys[is_odd] = plain[is_odd].map(normalize_key)
    return keys
