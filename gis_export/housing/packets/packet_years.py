"""What each flyover says of one parcel, as an evidence packet shows it. Housing tier."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image

from gis_export.housing.packets.checksums import TileSums
from gis_export.printing.text import plain
from gis_export.table.aging import as_date
from gis_export.table.inputs import ExportInputs, Year
from gis_export.table.tables import is_null
from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore
from inference.ledger import Ledger

NOT_SCORED = "not scored"
NEVER = "this year was never scored"
NOT_ON_ROLL = "was not on the roll that year"


@dataclass(frozen=True, kw_only=True, eq=False)
class PacketYear:
    """What one flyover says of the parcel."""

    year: int
    """Year of the flyover."""
    flown: str
    """Day of the flight, or that it is not known."""
    score: str
    """Score with its interval, or that there is none."""
    reason: str
    """Why it was not assessed; "" when it was."""
    model: str
    """Label of the model; "" when not scored."""
    picture: Image.Image | None
    """The roof with the outline of the parcel, None when there is no chip."""
    tiles: tuple[tuple[str, str], ...]
    """Name and sha256 of each file the picture was cut from, or why there is no sha256."""


def this_year(row: pd.Series, inputs: ExportInputs, sums: TileSums) -> PacketYear:
    """Return what the flyover of the export says of a row."""
    is_scored = row["SCORED"] == "Y"
    score = score_text(row["SCORE"], row["SCORE_LOW"], row["SCORE_HIGH"])
    return PacketYear(
        year=inputs.year,
        flown=_day_text(row["IMG_DATE"]),
        score=score if is_scored else NOT_SCORED,
        reason=_reason_text(row["NA_REASON"]),
        model=str(row["MODEL_VER"]) if is_scored else "",
        picture=_picture(inputs.chips, str(row["PARCEL_ID"])),
        tiles=_tiles(str(row["TILES"]), inputs.year, sums),
    )


def earlier_years(parcel_id: str, inputs: ExportInputs, sums: TileSums) -> list[PacketYear]:
    """Return what the flyovers before say, latest first."""
    return [_earlier_year(parcel_id, year, sums) for year in inputs.earlier]


def _earlier_year(parcel_id: str, year: Year, sums: TileSums) -> PacketYear:
    entry = _ledger_entry(year.ledger, parcel_id)
    score = NOT_SCORED
    model = ""
    if entry is not None and _is_scored(entry):
        score = score_text(entry["score"], entry["score_low"], entry["score_high"])
        model = str(entry["model_version"])

    return PacketYear(
        year=year.year,
        flown=_day_text(year.flown),
        score=score,
        reason=_earlier_reason(year.ledger, entry),
        model=model,
        picture=_picture(year.chips, parcel_id),
        tiles=_tiles(_tile_names(entry, year.chips, parcel_id), year.year, sums),
    )


def _ledger_entry(ledger: Ledger | None, parcel_id: str) -> pd.Series | None:
    """Return the row of a parcel, None when the year has none."""
    if ledger is None:
        return None

    found = ledger.table.loc[ledger.table["parcel_id"] == parcel_id]
    return found.iloc[0] if len(found) else None


def _is_scored(entry: pd.Series) -> bool:
    return bool(entry["status"] == "scored")


def score_text(score: object, low: object, high: object) -> str:
    """Return a score with its interval.

    >>> score_text(0.75, 0.5, 0.875)
    '0.75 (0.50 to 0.88)'
    """
    if is_null(score):
        return NOT_SCORED
    if is_null(low) or is_null(high):
        return f"{score:.2f}"
    return f"{score:.2f} ({low:.2f} to {high:.2f})"


def _earlier_reason(ledger: Ledger | None, entry: pd.Series | None) -> str:
    """Return why a parcel was not assessed in an earlier year; "" when it was."""
    if ledger is None:
        return NEVER
    if entry is None:
        return NOT_ON_ROLL
    return "" if _is_scored(entry) else _reason_text(entry["reason"])


def _reason_text(reason: object) -> str:
    return "" if is_null(reason) else plain(str(reason).replace("_", " "))


def _day_text(value: object) -> str:
    day = as_date(value)
    return day.isoformat() if day else "day not known"


def _picture(chips: ChipStore | None, parcel_id: str) -> Image.Image | None:
    """Return the roof with the outline of the parcel, None when there is no chip."""
    chip = chips.read(parcel_id) if chips is not None else None
    if chip is None:
        return None

    pixels = np.moveaxis(chip.pixels, 0, -1)  # (H, W, 3)
    return Image.fromarray(outlined(pixels, chip.mask))


def _tiles(names: str, year: int, sums: TileSums) -> tuple[tuple[str, str], ...]:
    """Return name and sha256 of tiles whose names are joined by "|"."""
    return tuple((name, sums.of(year, name)) for name in names.split("|") if name)


def _tile_names(entry: pd.Series | None, chips: ChipStore | None, parcel_id: str) -> str:
    """Return the tiles of an earlier chip, from the ledger or else from the chips."""
    if entry is not None:
        return str(entry["tiles"] or "")
    if chips is None or parcel_id not in chips.rows:
        return ""
    return str(chips.manifest["tiles"].iloc[chips.rows[parcel_id]] or "")
