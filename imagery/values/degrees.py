"""Longitude and latitude as cities write them: one parser, for every table. No file is opened.

What cannot be read for certain is NaN.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from imagery.values.coded import NO_ANSWERS

_NUMBER = r"-?\d[\d.]*"
_COMMA_NUMBER = r"-?\d+,\d+"
_EXACT_NUMBER = r"-?\d[\d.eE+-]*"
_QUOTES = r"[\\'\"]*"

POINT = rf"(?i)\bPOINT\s*(?:ZM|Z|M)?\s*\(\s*(?P<lon>{_EXACT_NUMBER})\s+(?P<lat>{_EXACT_NUMBER})"
"""Text such as "POINT (-76.65 39.30)": longitude, latitude."""
COORDINATES = (
    rf"(?i)coordinates{_QUOTES}\s*:\s*\[\s*(?P<lon>{_EXACT_NUMBER})\s*,\s*(?P<lat>{_EXACT_NUMBER})"
)
"""Text of GeoJSON: longitude, latitude."""
NAMED = tuple(
    rf"(?i)\b{name}{_QUOTES}\s*[:=]\s*{_QUOTES}(?P<value>{_EXACT_NUMBER})"
    for name in ("lon(?:gitude)?", "lat(?:itude)?")
)
"""Text such as "latitude: 39.30, longitude: -76.65", also as JSON."""
COMMA_PAIR = rf"(?P<lat>{_COMMA_NUMBER})\s*;\s*(?P<lon>{_COMMA_NUMBER})"
"""Text such as "39,30; -76,65": latitude, longitude."""
PAIR = rf"(?P<lat>{_NUMBER})\s*,\s*(?P<lon>{_NUMBER})"
"""Text such as "39.30, -76.65": latitude, longitude."""
PAIR_IN_BRACKETS = rf"\(\s*{PAIR}\s*\)"
"""The same in brackets, at the end of an address as Socrata writes it."""

_SIGNS = {"\u2212": "-", "\u2013": "-", "\u00b0": " ", "\u00ba": " ", "\u00a0": " "}
"""Minus signs of word processors; the degree sign and what is taken for it."""
_DEGREES = (
    r"^\s*(?P<sign>[+-])?\s*(?P<whole>\d{1,3})(?:[.,](?P<part>\d*))?\s*(?:deg)?\s*"
    r"(?P<half>[nsew])?\s*$"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Points, (n,) each; NaN where there is none."""

    lon: pd.Series
    """Longitude, degrees."""
    lat: pd.Series
    """Latitude, degrees."""


def says_something(texts: pd.Series) -> pd.Series:
    """Tell which texts say more than that there is nothing, (n,)."""
    return ~texts.str.strip().str.casefold().isin([*NO_ANSWERS, "none", "n/a", "()", "point empty"])


def read_degrees(texts: pd.Series, *, halves: str) -> pd.Series:
    """Read a column of degrees: decimal point or comma, degree sign, N, S, E or W behind.

    Args:
        texts: The column.
        halves: The two letters that it may have, the positive one first: "NS" or "EW".
    """
    degrees = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    is_open = degrees.isna() & says_something(texts)
    if not is_open.any():
        return degrees

    plain = _with_plain_signs(texts[is_open]).str.casefold()
    parts = plain.str.extract(_DEGREES)
    sizes = pd.to_numeric(parts["whole"] + "." + parts["part"].fillna("") + "0", errors="coerce")
    positive = halves[0].casefold()
    negative = halves[1].casefold()
    half = parts["half"].fillna("")
    is_negative = (parts["sign"] == "-") | (half == negative)
    # "-39 N" and a longitude with an N say two things at once.
    is_certain = half.isin(["", positive, negative]) & ~((half == positive) & is_negative)
    degrees[is_open] = sizes.where(~is_negative, -sizes).where(is_certain)
    return degrees


def read_pairs(texts: pd.Series) -> Pairs:
    """Read texts that hold a point.

    "POINT (-76.65 39.30)" and GeoJSON are longitude, latitude; "(39.30, -76.65)" is latitude,
    longitude, also without brackets and behind an address.
    """
    plain = _with_plain_signs(texts)
    found = plain.str.extract(POINT)[["lon", "lat"]]
    _fill(found, plain, COORDINATES)
    is_open = found["lon"].isna()
    for name, form in zip(("lon", "lat"), NAMED, strict=True):
        found.loc[is_open, name] = plain[is_open].str.extract(form)["value"]

    for form in (COMMA_PAIR, PAIR_IN_BRACKETS, PAIR):
        _fill(found, plain, form)
    return Pairs(
        lon=read_degrees(found["lon"].fillna(""), halves="EW"),
        lat=read_degrees(found["lat"].fillna(""), halves="NS"),
    )


def _fill(found: pd.DataFrame, texts: pd.Series, form: str) -> None:
    """Read the rows that are still open by another form."""
    is_open = found["lon"].isna() & found["lat"].isna()
    found.loc[is_open, ["lon", "lat"]] = texts[is_open].str.extract(form)[["lon", "lat"]]


def _with_plain_signs(texts: pd.Series) -> pd.Series:
    plain = texts
    for sign, meant in _SIGNS.items():
        plain = plain.str.replace(sign, meant, regex=False)
    return plain
