"""What dispatch is told of each vacant: our names, text only, nothing of another tier."""

import re
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import pandas as pd

from gis_export.fire.dispatch.address_match import Match
from gis_export.fire.dispatch.cad_words import BETWEEN, cad_basis, cad_head
from gis_export.table.places import lon_lat
from gis_export.table.tables import csv_texts
from imagery.values.formulas import harmless

_FIRST_COLUMNS = (
    "PREMISE",
    "PARCEL_ID",
    "ADDRESS",
    "ALIASES",
    "LON",
    "LAT",
    "RISK_LVL",
    "RISK_TXT",
    "TEXT",
    "IMG_DATE",
    "VERIFIED",
    "VER_DATE",
    "EFFECTIVE",
    "REVIEW_BY",
    "SOURCE",
    "ADJ_OCC",
    "OCC_SIDES",
    "SIGN_POST",
    "FIRE_DIST",
)
_LATER_COLUMNS = ("RISK_CODE", "FIRE_DATE")
"""What came later stands last, so that an import by position still works."""
COLUMNS = (*_FIRST_COLUMNS, *_LATER_COLUMNS)
"""Values of a row, in our names; a vendor's file names them as it likes."""
DELIVERY_COLUMNS = (
    "ACTION",
    *_FIRST_COLUMNS,
    "REASON",
    "BY",
    "USE_LIMIT",
    "DELIVERY",
    *_LATER_COLUMNS,
)
"""Values of a row of a delivery."""
DATES = ("IMG_DATE", "VER_DATE", "EFFECTIVE", "REVIEW_BY", "FIRE_DATE")
MATCH_COLUMNS = (
    "PARCEL_ID",
    "ADDRESS",
    "MATCH",
    "DISPATCH_ADDRESS",
    "NEAREST",
    "DISTANCE",
    "REASON",
)
_FROM_ROWS = (
    "PARCEL_ID",
    "RISK_LVL",
    "RISK_TXT",
    "NA_REASON",
    "IMG_DATE",
    "REVIEW_BY",
    "VERIFIED",
    "VER_DATE",
    "ADJ_OCC",
    "OCC_SIDES",
    "SIGN_POST",
    "FIRE_DIST",
    *_LATER_COLUMNS,
)
REVIEW_DUE = " - REVIEW DUE"
_YEAR = re.compile(r"\((\d{4})\)")
"""How RISK_TXT names a visit of which only the year is known."""


def dispatch_rows(
    rows: gpd.GeoDataFrame, matches: list[Match], *, width: int, today: date
) -> pd.DataFrame:
    """Return every vacant's row with `COLUMNS` as text, formulas made harmless.

    ADDRESS is "" where the roll has none.

    Args:
        rows: The rows of the export.
        matches: Result for each row's address; one that was found is spelled as dispatch does.
        width: Characters of TEXT.
        today: Day of the delivery.
    """
    table = pd.DataFrame()
    for name in _FROM_ROWS:
        table[name] = pd.Series(csv_texts(rows[name]), dtype="str")

    table["ADDRESS"] = _spelled(rows, matches)
    table["ALIASES"] = [
        _aliases(match, address) for match, address in zip(matches, _roll(rows), strict=True)
    ]
    table["PREMISE"] = [premise_key(parcel) for parcel in table["PARCEL_ID"]]
    table[["LON", "LAT"]] = lon_lat(rows)[["lon", "lat"]].to_numpy() if len(rows) else ""
    table["EFFECTIVE"] = today.isoformat()

    rests_on = (table[name] for name in ("RISK_LVL", "IMG_DATE", "VERIFIED", "VER_DATE"))
    table["SOURCE"] = [source_of(*cells) for cells in zip(*rests_on, strict=True)]
    table["TEXT"] = [dispatch_text(line_of(row), width=width) for row in records(table)]
    return table[list(COLUMNS)].map(harmless).astype("str")


@dataclass(frozen=True, kw_only=True)
class CadLine:
    """What the text of one row says."""

    code: str
    """RISK_LVL."""
    day: str
    """Day of the photo, or of the visit for CONFIRMED; "" when not known."""
    sides: str
    """OCC_SIDES."""
    reason: str = ""
    """NA_REASON."""
    is_due: bool = False
    """Whether the row is due for review."""
    fire: str = ""
    """FIRE_DATE."""


def line_of(row: dict[str, str]) -> CadLine:
    """Return what the text of one row says."""
    day = row["IMG_DATE"]
    if row["VERIFIED"] == "Y":
        day = row["VER_DATE"] or year_seen(row["RISK_TXT"])

    return CadLine(
        code=row["RISK_LVL"],
        day=day,
        sides=row["OCC_SIDES"],
        reason=row["NA_REASON"],
        is_due=row["RISK_TXT"].endswith(REVIEW_DUE),
        fire=row["FIRE_DATE"],
    )


def year_seen(risk_text: str) -> str:
    """Return the year of a visit whose day is not known, as RISK_TXT names it; "" for none."""
    found = _YEAR.search(risk_text)
    return found.group(1) if found else ""


def dispatch_text(line: CadLine, *, width: int) -> str:
    """Say a row in the characters that dispatch shows, the hazard words first and whole.

    Then come whether a review is due, what the words rest on, the occupied sides. What does not
    fit is left out whole, the hazard words never.
    """
    text = cad_head(line.code, line.day, line.fire)
    basis = cad_basis(line.code, line.day, line.reason)
    parts = (
        ("REVIEW DUE",) if line.is_due else (),
        (basis,) if basis else (),
        _sides_in_capitals(line.sides),
        ("SIZE-UP GOVERNS",),
    )
    for spellings in parts:
        longer = [f"{text}{BETWEEN}{spelling}" for spelling in spellings]
        text = next((each for each in longer if len(each) <= width), text)
    return text


def _sides_in_capitals(occupied_sides: str) -> tuple[str, ...]:
    """Return OCC_SIDES as dispatch reads it, and shorter where that is possible."""
    if occupied_sides == "U":
        return ("SIDES UNKNOWN",)
    if not occupied_sides:
        return ()

    short = f"OCC {occupied_sides}"
    known = short.removesuffix(",U")
    return (short,) if known == short else (f"{known}, OTHERS UNKNOWN", short)


def source_of(code: str, flown: str, verified: str, seen: str) -> str:
    """Say what a row rests on.

    >>> source_of("LIKELY", "2024-02-11", "N", "")
    'aerial photo 2024-02-11'
    """
    if verified == "Y":
        return f"seen by a person {seen or 'on an unknown day'}"
    if code == "NA":
        return "vacant roll; roof not assessed"
    return f"aerial photo {flown or 'of an unknown day'}"


def premise_key(parcel_id: str) -> str:
    """Return a key that no two parcels share and every dispatch system takes.

    It has letters, digits, "-" and "." only.

    >>> premise_key("0216 001"), premise_key("0216-001")
    ('VR-0216-001', 'VR-0216.2d.001')
    """
    return "VR-" + "".join(_key_letter(letter) for letter in parcel_id)


def _key_letter(letter: str) -> str:
    """Return a letter of a parcel id as a key has it."""
    if letter.isascii() and letter.isalnum():
        return letter
    return "-" if letter == " " else f".{ord(letter):x}."


def match_report(
    rows: gpd.GeoDataFrame, matches: list[Match], notes: dict[str, str]
) -> pd.DataFrame:
    """Return `MATCH_COLUMNS`, a row per vacant, with what a person must know of its address.

    Args:
        rows: The rows of the export.
        matches: Result for each row's address.
        notes: More to say of single parcels.
    """
    found = pd.Series(_spelled(rows, matches), dtype="str")
    is_shared = (found != "") & found.duplicated(keep=False)

    reasons = []
    for match, shared, parcel in zip(matches, is_shared, rows["PARCEL_ID"], strict=True):
        sharing = "address shared with another vacant parcel" if shared else ""
        facts = (match.reason, sharing, notes.get(parcel, ""))
        reasons.append("; ".join(fact for fact in facts if fact))

    table = pd.DataFrame(
        {
            "PARCEL_ID": rows["PARCEL_ID"].to_numpy(),
            "ADDRESS": pd.Series(_roll(rows), dtype="str"),
            "MATCH": [match.kind for match in matches],
            "DISPATCH_ADDRESS": [match.spelled for match in matches],
            "NEAREST": [match.nearest for match in matches],
            "DISTANCE": [match.distance for match in matches],
            "REASON": reasons,
        }
    )
    return table.map(harmless).astype("str")


def records(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return a table of text row by row."""
    names = [str(name) for name in table.columns]
    rows = table.astype("str").itertuples(index=False, name=None)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _roll(rows: gpd.GeoDataFrame) -> list[str]:
    """Return the addresses as the roll spells them."""
    return [address.strip() for address in csv_texts(rows["ADDRESS"])]


def _spelled(rows: gpd.GeoDataFrame, matches: list[Match]) -> list[str]:
    """Return the addresses as dispatch spells them, else as the roll does."""
    pairs = zip(matches, _roll(rows), strict=True)
    return [match.spelled or address for match, address in pairs]


def _aliases(match: Match, own: str) -> str:
    """Return the other spellings: those of dispatch, and the roll's own where it differs."""
    names = dict.fromkeys((*match.aliases, own if match.spelled else ""))
    return "; ".join(name for name in names if name and name != match.spelled)
