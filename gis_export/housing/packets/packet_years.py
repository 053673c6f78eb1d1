"""What each flyover says of one parcel, as an evidence packet tells it. Housing tier."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from gis_export.housing.packets.checksums import TileSums
from gis_export.printing.text import plain
from gis_export.table.aging import as_date
from gis_export.table.inputs import ExportInputs
from gis_export.table.symbols import BY_CODE
from gis_export.table.tables import is_null
from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore
from inference.ledger import Ledger

NOT_SCORED = "not scored"
NEVER = "this year was never scored"


@dataclass(frozen=True, kw_only=True, eq=False)
class PacketYear:
    """What one flyover says of the parcel."""

    year: int
    """Year of the flyover."""
    flown: str
    """Day of the flight, or that it is not known."""
    word: str
    """Hazard word; "" where the year was never scored."""
    score: str
    """Score with its interval, or that there is none."""
    reason: str
    """Why it was not assessed; "" when it was."""
    model: str
    """Label of the model; "" when not scored."""
    picture: Image.Image | None
    """The roof with the outline of the parcel, None where there is no chip."""
    tiles: tuple[tuple[str, str], ...]
    """Name and sha256 of each file the picture was cut from, or why there is no sha256."""


def score_text(score: object, low: object, high: object) -> str:
    """Return a score with its interval.

    >>> score_text(0.75, 0.5, 0.875)
    '0.75 (0.50 to 0.88)'
    """
    if is_null(score):
        return NOT_SCORED
    return (
        f"{score:.2f}"
        if is_null(low) or is_null(high)
        else f"{score:.2f} ({low:.2f} to {high:.2f})"
    )


def this_year(row: pd.Series, inputs: ExportInputs, sums: TileSums) -> PacketYear:
    """Return what the flyover of the export says of a row."""
    scored = row["SCORED"] == "Y"
    return PacketYear(
        year=inputs.year,
        flown=_day(row["IMG_DATE"]),
        word=BY_CODE[row["RISK_LVL"]].word.value,
        score=score_text(row["SCORE"], row["SCORE_LOW"], row["SCORE_HIGH"])
        if scored
        else NOT_SCORED,
        reason=_words(row["NA_REASON"]),
        model=str(row["MODEL_VER"]) if scored else "",
        picture=_picture(inputs.chips, str(row["PARCEL_ID"])),
        tiles=_tiles(str(row["TILES"]), inputs.year, sums),
    )


def earlier_years(parcel_id: str, inputs: ExportInputs, sums: TileSums) -> list[PacketYear]:
    """Return what the flyovers before say, latest first."""
    out = []
    for one in inputs.earlier:
        entry = _of(one.ledger, parcel_id)
        scored = entry is not None and entry["status"] == "scored"
        out.append(
            PacketYear(
                year=one.year,
                flown=_day(one.flown),
                word="" if entry is None else str(entry["hazard"]),
                score=score_text(entry["score"], entry["score_low"], entry["score_high"])
                if entry is not None and scored
                else NOT_SCORED,
                reason=NEVER
                if one.ledger is None
                else "was not on the roll that year"
                if entry is None
                else ""
                if scored
                else _words(entry["reason"]),
                model=str(entry["model_version"]) if entry is not None and scored else "",
                picture=_picture(one.chips, parcel_id),
                tiles=_tiles(_tile_names(entry, one.chips, parcel_id), one.year, sums),
            )
        )
    return out


def _of(ledger: Ledger | None, parcel_id: str) -> pd.Series | None:
    found = (
        ledger.table.loc[ledger.table["parcel_id"] == parcel_id]
        if ledger is not None
        else pd.DataFrame()
    )
    return found.iloc[0] if len(found) else None


def _tile_names(entry: pd.Series | None, chips: ChipStore | None, parcel_id: str) -> str:
    if entry is not None:
        return str(entry["tiles"] or "")
    number = chips.rows.get(parcel_id) if chips is not None else None
    return (
        str(chips.manifest["tiles"].iloc[number] or "")
        if chips is not None and number is not None
        else ""
    )


def _tiles(names: str, year: int, sums: TileSums) -> tuple[tuple[str, str], ...]:
    return tuple((name, sums(year, name)) for name in names.split("|") if name)


def _picture(chips: ChipStore | None, parcel_id: str) -> Image.Image | None:
    chip = chips.read(parcel_id) if chips is not None else None
    return (
        None
        if chip is None
        else Image.fromarray(outlined(np.moveaxis(chip.pixels, 0, -1), chip.mask))
    )


def _day(value: object) -> str:
    day = as_date(value)
    return day.isoformat() if day else "day not known"


def _words(reason: object) -> str:
    return "" if is_null(reason) else plain(str(reason).replace("_", " "))
