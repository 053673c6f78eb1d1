"""What an evidence packet says of one parcel, before it is written as HTML or PDF. Housing tier."""

import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
from PIL import Image

from gis_export.housing.packets.checksums import TileSums
from gis_export.housing.packets.packet_years import PacketYear, earlier_years, this_year
from gis_export.housing.packets.sources import PacketSources
from gis_export.housing.viewer import lon_lats
from gis_export.printing.text import plain
from gis_export.table.aging import as_date
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_CODE, Symbol
from imagery.errors import InputError
from imagery.file_names import safe_name
from imagery.roll.links import fill_template

SCORE_IN_WORDS = (
    "The score is a calibrated probability. 0.62 means: of 100 roofs with this score, about 62 "
    "would be called open or failing by the people whose labels the model learned from. The "
    "interval, 90%, says how far the score might lie elsewhere had other roofs been labeled; it "
    "knows nothing of this year's light. A small score is no finding: the photo shows little "
    "damage of the roof, and nothing of the rest of the building. A row that was not scored has no "
    "score at all."
)
_REASON_AND_POINTS = re.compile(r"^(.*) ([+-]\d+)$")


@dataclass(frozen=True, kw_only=True)
class PersonLook:
    """What one person saw of the parcel."""

    day: str
    """Day of the look, or its year when the day was not recorded."""
    source: str
    """Who looked, or that it was not recorded."""
    found: str
    """What was found, in words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Packet:
    """One parcel."""

    city: str
    """Name and year of the city."""
    parcel_id: str
    """PARCEL_ID."""
    address: str
    """Address, or that there is none."""
    symbol: Symbol
    """Of this year's word."""
    risk: str
    """RISK_TXT without its word: date or reason."""
    link: str
    """Address in the city's own viewer, "" for none."""
    facts: tuple[tuple[str, str], ...]
    """Name and value of what else is known."""
    years: tuple[PacketYear, ...]
    """Latest first."""
    looks: tuple[PersonLook, ...]
    """What people saw, in order."""
    points: tuple[tuple[str, str], ...]
    """Reason and points of the priority."""
    priority: str
    """Sum of the points."""
    models: tuple[tuple[str, str], ...]
    """Label and sha256 of every model named."""
    heat: Image.Image | None
    """What in this year's photo suggests a failing roof, None when it was not drawn."""


def build_packet(parcel_id: str, sources: PacketSources, sums: TileSums) -> Packet:
    """Gather what is known of a parcel.

    Args:
        parcel_id: PARCEL_ID as in the rows.
        sources: The rows, and what is known beside them.
        sums: Checksums of the tiles.

    Raises:
        InputError: no such parcel.
    """
    inputs = sources.inputs
    found = find_row(parcel_id, sources.rows, inputs.year)
    row = found.iloc[0]
    symbol = BY_CODE[row["RISK_LVL"]]
    years = (this_year(row, inputs, sums), *earlier_years(parcel_id, inputs, sums))

    return Packet(
        city=f"{inputs.city} {inputs.year}",
        parcel_id=parcel_id,
        address=plain(str(row["ADDRESS"])) or "no address known",
        symbol=symbol,
        risk=risk_rest(str(row["RISK_TXT"]), symbol),
        link=_link(found, sources.settings),
        facts=_facts(row, inputs),
        years=years,
        looks=_looks(parcel_id, inputs.looks),
        points=_points(str(row["WHY"])),
        priority=f"{int(row['PRIORITY'])}",
        models=_models(years, inputs.models),
        heat=_heat(parcel_id, sources.pictures),
    )


def find_row(parcel_id: str, rows: gpd.GeoDataFrame, year: int) -> gpd.GeoDataFrame:
    """Return the row of a parcel.

    Raises:
        InputError: no such parcel.
    """
    found = gpd.GeoDataFrame(rows.loc[rows["PARCEL_ID"] == parcel_id])
    if not len(found):
        raise InputError(
            f"evidence: parcel {plain(parcel_id)!r} is not on the vacant roll of {year}; "
            "write it as PARCEL_ID spells it, blanks kept"
        )
    return found


def risk_rest(risk: str, symbol: Symbol) -> str:
    """Return RISK_TXT without the hazard word that it begins with.

    >>> risk_rest("NOT ASSESSED: no imagery", BY_CODE["NA"])
    'no imagery'
    """
    return plain(risk.removeprefix(symbol.word.value).removeprefix(":"))


def _link(found: gpd.GeoDataFrame, settings: ExportSettings) -> str:
    row = found.iloc[0]
    return fill_template(
        settings.visits.viewer,
        parcel_id=str(row["PARCEL_ID"]),
        address=plain(str(row["ADDRESS"])),
        lon_lat=lon_lats(found)[0],
    )


def _facts(row: pd.Series, inputs: ExportInputs) -> tuple[tuple[str, str], ...]:
    values = {
        "Parcel": row["PARCEL_ID"],
        "Neighborhood": row["NBHD"],
        "Inspection district": row["INSP_DIST"],
        "Vacant building notice": _day_text(row["VBN_DATE"]),
        "Change since the flyover before": str(row["CHANGE"]).lower(),
        "Review due after": _day_text(row["REVIEW_BY"]),
        **({"Latest visit": row["VISIT_TXT"]} if row["VISIT_TXT"] else {}),
        **({"Disputed": row["DISPUTED"]} if row["DISPUTED"] else {}),
        "Run": inputs.run,
        "Made": inputs.today.isoformat(),
        **({"Note": inputs.note} if inputs.note else {}),
    }
    return tuple((name, plain(str(value)) or "not known") for name, value in values.items())


def _day_text(value: object) -> str:
    day = as_date(value)
    return day.isoformat() if day else ""


def _looks(parcel_id: str, looks: pd.DataFrame) -> tuple[PersonLook, ...]:
    of_parcel = looks.loc[looks["parcel_id"] == parcel_id]
    in_order = of_parcel.sort_values(["year", "date"], kind="stable")

    found = []
    for look in in_order.itertuples(index=False):
        person_look = PersonLook(
            day=plain(str(look.date)) or f"{look.year}, day not recorded",
            source=plain(str(look.source)) or "not recorded",
            found=plain(str(look.found)),
        )
        found.append(person_look)
    return tuple(found)


def _points(why: str) -> tuple[tuple[str, str], ...]:
    """Split WHY into reasons and points."""
    matches = (_REASON_AND_POINTS.match(text) for text in why.split("; "))
    return tuple((match[1], match[2]) for match in matches if match)


def _models(years: tuple[PacketYear, ...], sums: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return label and sha256 of every model that scored one of the years."""
    labels = dict.fromkeys(year.model for year in years if year.model)
    return tuple((label, sums.get(label, "not on record")) for label in labels)


def _heat(parcel_id: str, pictures: Path | None) -> Image.Image | None:
    if pictures is None:
        return None
    path = pictures / f"{safe_name(parcel_id)}.webp"
    if not path.exists():
        return None

    with Image.open(path) as image:
        return image.convert("RGB")
