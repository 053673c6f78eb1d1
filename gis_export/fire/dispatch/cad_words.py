"""What a dispatcher reads, agreed in one table: one line for each hazard word, one for each reason.

A dispatcher reads the line aloud without seeing the map, so no word of it may be misread. "NOT SEEN
IN PHOTO" could mean that the roof is not in the photo. The line says NO OPEN ROOF SEEN, with the
day of the photo and NOT VERIFIED. A day is one word of letters and digits, such as 11FEB2024. No
terminal breaks it at the end of a line, and nobody mistakes day for month.
"""

from dataclasses import dataclass
from datetime import date

from gis_export.table.rows import TOO_OLD

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
UNKNOWN_DAY = "UNKNOWN DAY"
BETWEEN = " / "
"""Between the parts of the line."""


@dataclass(frozen=True, kw_only=True)
class CadWords:
    """The line of one hazard word."""

    head: str
    """What is never cut; {day} is the day that it rests on."""
    basis: str
    """What it rests on, left out where it does not fit; "" where the head says it."""
    fire: str = ""
    """The head where the roof was not seen since a fire; "" adds `FIRE_WORDS` to `head`."""


CAD_WORDS: dict[str, CadWords] = {
    "CONFIRMED": CadWords(head="VACANT: OPEN ROOF CONFIRMED {day}", basis="SEEN BY A PERSON"),
    "LIKELY": CadWords(head="VACANT: OPEN ROOF LIKELY", basis="PHOTO {day}, NOT VERIFIED"),
    "POSSIBLE": CadWords(head="VACANT: OPEN ROOF POSSIBLE", basis="PHOTO {day}, NOT VERIFIED"),
    "NOT SEEN": CadWords(
        head="VACANT: NO OPEN ROOF SEEN {day}, NOT VERIFIED",
        basis="",
        fire="VACANT: NO OPEN ROOF SEEN {day}, UNSEEN SINCE FIRE {fire}",
    ),
    "NA": CadWords(head="VACANT: ROOF NOT ASSESSED", basis=""),
}
"""By RISK_LVL."""

FIRE_WORDS = ", UNSEEN SINCE FIRE {fire}"
"""Added to the head where neither a photo nor a person has seen the roof since a fire."""

CAD_REASONS: dict[str, str] = {
    "no_imagery": "NO PHOTO",
    "outside_imagery": "NO PHOTO",
    "nodata": "NO PHOTO",
    "unreadable_tile": "NO PHOTO",
    "no_geometry": "NO PLACE ON MAP",
    "partial_imagery": "NO WHOLE PHOTO",
    "no_roof_area": "PHOTO UNCLEAR",
    "black_shadow": "PHOTO UNCLEAR",
    "blurred": "PHOTO UNCLEAR",
    "canopy": "PHOTO UNCLEAR",
    "tile_shifted": "PHOTO UNCLEAR",
    "no_building_seen": "BUILDING GONE IN PHOTO",
    TOO_OLD: "OLD PHOTO",
    "razed": "RAZED",
    "occupied": "OCCUPIED",
}
"""By NA_REASON."""


def cad_day(day: str) -> str:
    """Return an ISO day as one word, and a year or an empty text as a dispatcher reads it.

    >>> cad_day("2024-02-11"), cad_day("2024"), cad_day("")
    ('11FEB2024', '2024', 'UNKNOWN DAY')
    """
    if not day or len(day) == len("2024"):
        return day or UNKNOWN_DAY

    known = date.fromisoformat(day)
    return f"{known.day:02d}{_MONTHS[known.month - 1]}{known.year:04d}"


def cad_head(code: str, day: str, fire: str = "") -> str:
    """Return the words that are never cut.

    Args:
        code: RISK_LVL.
        day: ISO day that the word rests on, a year, or "" when not known.
        fire: ISO day of a fire since which nobody has seen the roof, "" for none.
    """
    words = CAD_WORDS[code]
    if not fire:
        return words.head.format(day=cad_day(day))

    head = words.fire or f"{words.head}{FIRE_WORDS}"
    return head.format(day=cad_day(day), fire=cad_day(fire))


def cad_basis(code: str, day: str, reason: str) -> str:
    """Return what the words rest on, "" where the head says it."""
    if code == "NA":
        return CAD_REASONS.get(reason, reason.replace("_", " ").upper())
    return CAD_WORDS[code].basis.format(day=cad_day(day))
