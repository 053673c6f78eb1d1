"""What dispatch is told of each vacant: our names, text only, nothing of another tier."""

from datetime import date

import geopandas as gpd
import pandas as pd

from gis_export.fire.dispatch.address_match import Match
from gis_export.table.places import lon_lat
from gis_export.table.symbols import BY_CODE
from gis_export.table.tables import csv_texts, harmless

COLUMNS = (
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
"""Values of a row, in our names; a vendor's file names them as it likes."""
DELIVERY_COLUMNS = ("ACTION", *COLUMNS, "REASON", "BY", "USE_LIMIT")
"""Values of a row of a delivery."""
DATES = ("IMG_DATE", "VER_DATE", "EFFECTIVE", "REVIEW_BY")
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
)
REVIEW_DUE = " - REVIEW DUE"
OPENING = "VACANT ROOF"
"""What TEXT begins with, before the hazard words."""


def dispatch_rows(
    rows: gpd.GeoDataFrame, matches: list[Match], *, width: int, today: date
) -> pd.DataFrame:
    """Return every vacant's row with `COLUMNS` as text, formulas made harmless; ADDRESS is "" where the roll has none.

    Args:
        rows: The rows of the export.
        matches: What became of each row's address; one that was found is spelled as dispatch spells it.
        width: Characters of TEXT.
        today: Day of the delivery.
    """
    table = pd.DataFrame(
        {name: pd.Series(csv_texts(rows[name]), dtype="str") for name in _FROM_ROWS}
    )
    own = [address.strip() for address in csv_texts(rows["ADDRESS"])]
    table["ADDRESS"] = [
        match.spelled or address for match, address in zip(matches, own, strict=True)
    ]
    table["ALIASES"] = [
        _aliases(match, address) for match, address in zip(matches, own, strict=True)
    ]
    table["PREMISE"] = [premise_key(parcel) for parcel in table["PARCEL_ID"]]
    table[["LON", "LAT"]] = lon_lat(rows)[["lon", "lat"]].to_numpy() if len(rows) else ""
    table["EFFECTIVE"] = today.isoformat()
    table["SOURCE"] = [
        source_of(*cells)
        for cells in zip(
            table["RISK_LVL"], table["IMG_DATE"], table["VERIFIED"], table["VER_DATE"], strict=True
        )
    ]
    table["TEXT"] = [text_of(row, width=width) for row in records(table)]
    return table[list(COLUMNS)].map(harmless).astype("str")


def text_of(row: dict[str, str], *, width: int) -> str:
    """Return the text of one row: the hazard words, what they rest on, the occupied sides."""
    seen = f"SEEN BY A PERSON {row['VER_DATE']}".strip() if row["VERIFIED"] == "Y" else ""
    unknown = row["NA_REASON"].replace("_", " ").upper() if row["RISK_LVL"] == "NA" else ""
    return dispatch_text(
        row["RISK_LVL"], row["IMG_DATE"], row["OCC_SIDES"], width=width, instead=seen or unknown
    )


def dispatch_text(
    code: str, flown: str, occupied_sides: str, *, width: int, instead: str = ""
) -> str:
    """Say a row in the characters that dispatch shows; the hazard words always stand whole, in front.

    Args:
        code: RISK_LVL.
        flown: Day of the photo, "" when not known.
        occupied_sides: OCC_SIDES.
        width: Most characters; what does not fit is left out whole.
        instead: What the word rests on where that is no photo.
    """
    photo = f"PHOTO {flown}" if flown else "PHOTO DATE UNKNOWN"
    sides = {"": "", "U": "SIDES UNKNOWN"}.get(occupied_sides, f"OCC {occupied_sides}")
    text = f"{OPENING} {BY_CODE[code].word.value}"
    for part in (instead or photo, sides, "SIZE-UP GOVERNS"):
        longer = f"{text} / {part}" if part else text
        text = longer if len(longer) <= width else text
    return text


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
    """Return a key that no two parcels share and every dispatch system takes: letters, digits, "-" and ".".

    >>> premise_key("0216 001"), premise_key("0216-001")
    ('VR-0216-001', 'VR-0216.2d.001')
    """
    return "VR-" + "".join(
        char if char.isascii() and char.isalnum() else "-" if char == " " else f".{ord(char):x}."
        for char in parcel_id
    )


def match_report(
    rows: gpd.GeoDataFrame, matches: list[Match], notes: dict[str, str]
) -> pd.DataFrame:
    """Return `MATCH_COLUMNS`, a row per vacant, with what a person must know of its address.

    Args:
        rows: The rows of the export.
        matches: What became of each row's address.
        notes: More to say of single parcels.
    """
    own = pd.Series([address.strip() for address in csv_texts(rows["ADDRESS"])], dtype="str")
    found = pd.Series(
        [match.spelled or address for match, address in zip(matches, own, strict=True)], dtype="str"
    )
    shared = (found != "") & found.duplicated(keep=False)
    said = [
        "; ".join(
            part
            for part in (
                match.reason,
                "address shared with another vacant parcel" if twice else "",
                notes.get(parcel, ""),
            )
            if part
        )
        for match, twice, parcel in zip(matches, shared, rows["PARCEL_ID"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "PARCEL_ID": rows["PARCEL_ID"].to_numpy(),
            "ADDRESS": own,
            "MATCH": [match.kind for match in matches],
            "DISPATCH_ADDRESS": [match.spelled for match in matches],
            "NEAREST": [match.nearest for match in matches],
            "DISTANCE": [match.distance for match in matches],
            "REASON": said,
        }
    )
    return table.map(harmless).astype("str")


def records(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return a table of text row by row."""
    names = [str(name) for name in table.columns]
    return [
        dict(zip(names, row, strict=True))
        for row in table.astype("str").itertuples(index=False, name=None)
    ]


def _aliases(match: Match, own: str) -> str:
    """Return the other spellings: those of the dispatcher's list, and the roll's own where it differs."""
    names = dict.fromkeys((*match.aliases, own if match.spelled else ""))
    return "; ".join(name for name in names if name and name != match.spelled)
