"""Rows of a city's tables that cannot be used as they are: named and counted. No file is opened."""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

MOST_EXAMPLES = 3
"""Rows of one problem that are named; the others are counted."""
LONGEST_EXAMPLE = 64
"""Characters of a value that a line shows."""
LONGEST_ID = 60
"""Bytes of a parcel id that every product can hold; a shapefile has the least room."""
FIRST_YEAR = 1900
"""A day or a label of an earlier year is a mistake."""
FAR_KM = 300.0
"""A parcel farther than this from the middle of the city has wrong coordinates."""

_BREAKS = r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]"
_DAY = r"^\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4})"


@dataclass(frozen=True, kw_only=True)
class BadRows:
    """Rows with the same problem."""

    what: str
    """The problem, such as "notices with a date that cannot be read"."""
    rows: tuple[str, ...]
    """A name for each row, with what was found there."""
    remedy: str
    """What to do about it."""

    def __post_init__(self) -> None:
        """Check that there is a row."""
        if not self.rows:
            raise ValueError(f"no row with the problem {self.what!r}")

    @property
    def line(self) -> str:
        """Return count, up to three examples and the remedy on one line."""
        more = len(self.rows) - MOST_EXAMPLES
        others = f" and {more:,} more" if more > 0 else ""
        examples = ", ".join(self.rows[:MOST_EXAMPLES]) + others
        return f"{self.what}: {len(self.rows):,}: {examples}; {self.remedy}"


def shown(value: object) -> str:
    """Return a value in quotes for a line: control characters escaped, a long text cut."""
    text = str(value)
    cut = text if len(text) <= LONGEST_EXAMPLE else text[:LONGEST_EXAMPLE] + "..."
    return ascii(cut) if not cut.isprintable() else repr(cut)


def clean_texts(texts: pd.Series) -> pd.Series:
    """Return texts without the control characters that XML, XLSX or DBF cannot hold."""
    return texts.str.replace(_CONTROLS, "", regex=True)


def clean_ids(ids: pd.Series) -> pd.Series:
    """Return ids that every product can hold.

    Line breaks and tabs become blanks and other control characters are dropped. An id that is too
    long is cut and ends in a checksum of the whole, so that two long ids stay two.
    """
    odd = ids.str.contains(_BREAKS, regex=True) | ids.str.contains(_CONTROLS, regex=True)
    cleaned = ids.copy()
    blanks = ids[odd].str.replace(_BREAKS, " ", regex=True)
    cleaned[odd] = clean_texts(blanks).str.strip()

    wide = cleaned.str.len() > LONGEST_ID // 4  # a character has 4 bytes at most
    cleaned[wide] = cleaned[wide].map(_short_id)
    return cleaned


def find_bad_ids(ids: pd.Series, cleaned: pd.Series, *, what: str) -> BadRows | None:
    """Return the ids that had to be cleaned, None where there is none."""
    changed = np.flatnonzero((ids != cleaned).to_numpy())
    if not len(changed):
        return None

    rows = [f"{shown(ids.iloc[row])} is used as {shown(cleaned.iloc[row])}" for row in changed]
    return BadRows(
        what=f"ids of {what} with control characters or more than {LONGEST_ID} bytes",
        rows=tuple(rows),
        remedy="correct them in the file; rows with the same id count as one parcel",
    )


def read_days(texts: pd.Series) -> pd.Series:
    """Return days without time; NaT where no day from 1900 to next year can be read."""
    start = texts.str.extract(_DAY, expand=False)
    # pandas reads "now" and "today" as days too.
    is_written = texts.str.contains(r"\d") & ~texts.str.contains(_CONTROLS)
    candidates = start.where(start.notna(), texts.where(is_written, ""))
    days = pd.to_datetime(candidates, errors="coerce", format="mixed", utc=True)
    days = days.dt.tz_localize(None)
    return days.where(days.dt.year.between(FIRST_YEAR, date.today().year + 1)).dt.normalize()


def find_bad_days(texts: pd.Series, days: pd.Series, names: pd.Series) -> BadRows | None:
    """Return the notices whose date is written but cannot be read, None where there is none."""
    bad = np.flatnonzero(((texts.str.strip() != "") & days.isna()).to_numpy())
    if not len(bad):
        return None

    rows = [f"row {row + 2} {shown(names.iloc[row])} has {shown(texts.iloc[row])}" for row in bad]
    return BadRows(
        what="notices with a date that cannot be read",
        rows=tuple(rows),
        remedy=f"write YYYY-MM-DD, {FIRST_YEAR} to next year; until then the date is empty",
    )


def find_outline_faults(shapes: NDArray[np.object_], crs: pyproj.CRS) -> NDArray[np.object_]:
    """Return what is wrong with each outline in words, "" where nothing is, (n,).

    Args:
        shapes: Outlines or None, (n,).
        crs: Their declared CRS.
    """
    faults = np.full(len(shapes), "", dtype=object)
    faults[shapely.is_missing(shapes)] = "no outline, or an unreadable one"
    faults[shapely.is_empty(shapes)] = "an empty outline"
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    faults[np.unique(owner[~np.isfinite(xy).all(axis=1)])] = "a coordinate that is not a number"

    whole = np.flatnonzero(faults == "")
    bounds = shapely.bounds(shapes[whole])
    away_km = _away_km(bounds, crs)
    for place in np.flatnonzero(~(away_km <= FAR_KM)).tolist():
        faults[whole[place]] = _place_fault(bounds[place], float(away_km[place]), crs)
    return faults


def usable(shapes: NDArray[np.object_], faults: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the outlines without those that have a fault."""
    kept = shapes.copy()
    kept[faults != ""] = None
    return kept


def find_bad_outlines(names: pd.Series, faults: pd.Series) -> BadRows | None:
    """Return the vacants without an outline that can be used, None where there is none.

    Args:
        names: Ids of the vacants without an outline.
        faults: What is wrong with each.
    """
    if not len(names):
        return None

    words = faults.where(faults != "", "an outline without area")
    wrong_crs = words.str.contains("cannot be").any()
    crs_remedy = "give the parcel file its true CRS (ogr2ogr -a_srs) or correct these outlines"
    remedy = crs_remedy if wrong_crs else "correct them in the parcel file"
    rows = [f"{shown(name)} ({fault})" for name, fault in zip(names, words, strict=True)]
    return BadRows(
        what="vacants without a usable outline",
        rows=tuple(rows),
        remedy=f"{remedy}; until then they are NOT ASSESSED (no_geometry)",
    )


def find_bad_buildings(faults: NDArray[np.object_]) -> BadRows | None:
    """Return the building outlines that cannot be used, None where there is none."""
    bad = np.flatnonzero(faults != "")
    if not len(bad):
        return None

    return BadRows(
        what="building outlines that cannot be used",
        rows=tuple(f"row {row + 1} ({faults[row]})" for row in bad.tolist()),
        remedy="correct them in the footprint file; until then they are left out",
    )


def _short_id(text: str) -> str:
    if len(text.encode()) <= LONGEST_ID:
        return text

    checksum = hashlib.sha256(text.encode()).hexdigest()[:12]
    return text.encode()[: LONGEST_ID - 13].decode(errors="ignore") + "~" + checksum


def _away_km(bounds: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.float64]:
    """Return how far each box is from the median box; NaN where it cannot be on the earth, (n,)."""
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform(bounds[:, [0, 2]], bounds[:, [1, 3]])  # (n, 2) each
    on_earth = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 360) & (np.abs(lat) <= 90)
    known = on_earth.all(axis=1)
    away_km = np.full(len(bounds), np.nan)
    if not known.any():
        return away_km

    middle_lon = np.full(lon[known].shape, np.median(lon[known]))
    middle_lat = np.full(lat[known].shape, np.median(lat[known]))
    meters = pyproj.Geod(ellps="WGS84").inv(middle_lon, middle_lat, lon[known], lat[known])[2]
    away_km[known] = np.max(meters, axis=1) / 1000
    return away_km


def _place_fault(bounds: NDArray[np.float64], away_km: float, crs: pyproj.CRS) -> str:
    if np.isfinite(away_km):
        return f"{away_km:,.0f} km from the other parcels"

    west, south, east, north = (f"{end:.7g}" for end in bounds)
    system = f"degrees of {crs.name}" if crs.is_geographic else crs.name
    return f"x {west} to {east}, y {south} to {north} cannot be {system}"
