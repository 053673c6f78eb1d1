"""Join roll and ledger into the export table: one row per vacant parcel, with every field."""

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_export.table import columns
from gis_export.table.aging import as_date
from gis_export.table.confirmed import confirmed
from gis_export.table.distinct import by_distinct
from gis_export.table.export_table import COLUMNS, ExportTable, polygons_only
from gis_export.table.hazard_words import HazardTexts, hazard_texts, previous_levels, risk_level
from gis_export.table.inputs import ExportInputs
from gis_export.table.priority import change_of, prioritize, street_sides
from gis_export.table.settings import ExportSettings
from imagery.errors import Unbalanced
from inference.hazard import HazardWord

TOO_OLD = "imagery_too_old"
"""NA_REASON of a roof whose photo has grown too old."""

# Columns that are needed on the way and are in no product.
_HAZARD = "hazard"
_SEEN = "SEEN"

_FROM_ROLL = {
    columns.ADDRESS: "address",
    columns.FIRE_DIST: "fire_district",
    columns.INSP_DIST: "inspection_district",
    columns.NBHD: "neighborhood",
    columns.OCC_SIDES: "occupied_sides",
}
_TEXTS_FROM_LEDGER = {
    columns.STATUS: "status",
    columns.NA_REASON: "reason",
    columns.MODEL_VER: "model_version",
    columns.TILES: "tiles",
    _HAZARD: "hazard",
}
_NUMBERS_FROM_LEDGER = {
    columns.SCORE: "score",
    columns.SCORE_LOW: "score_low",
    columns.SCORE_HIGH: "score_high",
    columns.RANK: "rank",
    columns.COVERED: "covered_share",
    columns.NODATA: "nodata_share",
    columns.SHARPNESS: "sharpness",
    columns.DARK_SHARE: "dark_share",
    columns.SHADOW: "shadow_share",
    columns.CANOPY: "canopy_share",
    columns.SEAM: "seam_share",
    columns.GROUND: "ground_share",
}
_OF_THE_SCORE = [columns.SCORE, columns.SCORE_LOW, columns.SCORE_HIGH, columns.RANK]

# Python writes a bare carriage return into a CSV without quotes.
_RETURN = r"\r\n?"


def build_table(inputs: ExportInputs, settings: ExportSettings) -> ExportTable:
    """Join roll and ledger, age the rows, and fill every field.

    Returns:
        A row per vacant parcel in the order of PARCEL_ID, in the CRS of the products.

    Raises:
        Unbalanced: roll and ledger do not hold the same parcels.
    """
    texts = hazard_texts(inputs, settings)
    rows = _join(inputs)
    rows = _age(rows, texts)
    rows = _confirm(rows, inputs)
    rows = _describe(rows, texts)
    rows = _compare(rows, inputs)
    rows = _rank(rows, inputs, settings)

    frame = gpd.GeoDataFrame(rows[list(COLUMNS)], crs=inputs.roll.table.crs)
    table = ExportTable(rows=frame)
    return table.to_crs(settings.crs) if settings.crs else table.repaired()


def build_rows(inputs: ExportInputs, settings: ExportSettings) -> gpd.GeoDataFrame:
    """Return the rows of `build_table` as a plain frame, for those who only read columns."""
    return build_table(inputs, settings).rows


def _join(inputs: ExportInputs) -> pd.DataFrame:
    roll = inputs.roll.table.set_index("parcel_id").sort_index()
    ledger = inputs.ledger.table.set_index("parcel_id")
    _check_balance(roll, ledger)
    ledger = ledger.loc[roll.index]

    cells: dict[str, object] = {columns.PARCEL_ID: roll.index.astype(str).to_numpy(dtype=object)}
    cells[columns.GEOMETRY] = polygons_only(roll.geometry.to_numpy())
    for name, source in _FROM_ROLL.items():
        texts = roll[source].fillna("").astype(str)
        cells[name] = texts.str.replace(_RETURN, "\n", regex=True).to_numpy(dtype=object)
    for name, source in _TEXTS_FROM_LEDGER.items():
        cells[name] = ledger[source].astype("string").fillna("").to_numpy(dtype=object)
    for name, source in _NUMBERS_FROM_LEDGER.items():
        numbers = pd.to_numeric(ledger[source])
        cells[name] = numbers.to_numpy(dtype=np.float64, na_value=np.nan)

    rows = pd.DataFrame(cells)
    rows[columns.VBN_DATE] = _dates(roll["notice_date"])
    rows[columns.IMG_DATE] = _dates(ledger["img_date"])
    rows[columns.YEAR] = inputs.year
    rows[columns.RUN_ID] = inputs.run_id

    # The neighbors of a parcel without a geometry are not known.
    rows.loc[rows[columns.GEOMETRY].isna(), columns.OCC_SIDES] = "U"
    return rows


def _check_balance(roll: pd.DataFrame, ledger: pd.DataFrame) -> None:
    """Refuse a ledger that does not hold the parcels of the roll."""
    odd = sorted(set(roll.index) ^ set(ledger.index))
    if odd:
        raise Unbalanced(
            f"{len(roll)} vacants, {len(ledger)} ledger rows; "
            f"{len(odd)} are in only one of them, first {odd[0]!r}"
        )


def _age(rows: pd.DataFrame, texts: HazardTexts) -> pd.DataFrame:
    """Return the rows with NOT SEEN IN PHOTO of old imagery turned into NOT ASSESSED."""
    rows = rows.copy(deep=False)
    withdrawn = by_distinct(texts.is_withdrawn, rows[_HAZARD], rows[columns.IMG_DATE])
    is_stale = withdrawn.astype(bool)
    rows.loc[is_stale, _HAZARD] = HazardWord.NOT_ASSESSED.value
    rows.loc[is_stale, columns.STATUS] = "not_assessed"
    rows.loc[is_stale, columns.NA_REASON] = TOO_OLD

    is_scored = rows[columns.STATUS] == "scored"
    rows.loc[~is_scored, _OF_THE_SCORE] = np.nan
    rows.loc[~is_scored, columns.MODEL_VER] = ""
    rows.loc[is_scored, columns.NA_REASON] = ""
    return rows


def _confirm(rows: pd.DataFrame, inputs: ExportInputs) -> pd.DataFrame:
    """Return the rows with CONFIRMED where a person on site found the roof failing.

    Score or reason of the photo are kept beside it.
    """
    rows = rows.copy(deep=False)
    found = confirmed(inputs.looks, until=inputs.year).reindex(rows[columns.PARCEL_ID])
    is_found = found["year"].notna().to_numpy()
    rows.loc[is_found, _HAZARD] = HazardWord.CONFIRMED.value

    is_confirmed = rows[_HAZARD] == HazardWord.CONFIRMED.value
    rows[columns.VERIFIED] = np.where(is_confirmed, "Y", "N")
    rows[columns.VER_DATE] = _dates(found["day"])
    rows[columns.ROOF_PCT] = found["roof_pct"].fillna("").to_numpy(dtype=object)
    rows[_SEEN] = by_distinct(_day_or_year, rows[columns.VER_DATE], found["year"])
    return rows


def _describe(rows: pd.DataFrame, texts: HazardTexts) -> pd.DataFrame:
    """Return the rows with their hazard as a code and in words."""
    rows = rows.copy(deep=False)
    words = rows[_HAZARD]
    flown = rows[columns.IMG_DATE]
    visited = rows[columns.VER_DATE]
    reasons = rows[columns.NA_REASON]

    rows[columns.RISK_LVL] = by_distinct(risk_level, words)
    rows[columns.RISK_TXT] = by_distinct(texts.text, words, flown, visited, rows[_SEEN], reasons)
    rows[columns.SCORED] = np.where(rows[columns.STATUS] == "scored", "Y", "N")
    rows[columns.REVIEW_BY] = by_distinct(texts.review_by, flown, visited)
    rows[columns.ADJ_OCC] = by_distinct(_has_neighbor, rows[columns.OCC_SIDES])
    rows[columns.SIGN_POST] = "U"
    rows[columns.DEMO_FLG] = "U"
    return rows


def _compare(rows: pd.DataFrame, inputs: ExportInputs) -> pd.DataFrame:
    """Return the rows with the hazard of the flyover before, and what changed since."""
    rows = rows.copy(deep=False)
    levels = previous_levels(inputs.previous, inputs.looks)
    levels = levels.reindex(rows[columns.PARCEL_ID], fill_value="")

    rows[columns.PREV_LVL] = levels.to_numpy(dtype=object)
    rows[columns.CHANGE] = by_distinct(change_of, rows[columns.RISK_LVL], rows[columns.PREV_LVL])
    return rows


def _rank(rows: pd.DataFrame, inputs: ExportInputs, settings: ExportSettings) -> pd.DataFrame:
    """Return the rows with their rank in the district, and their priority."""
    rows = rows.copy(deep=False)
    ranks = rows.groupby(columns.INSP_DIST)[columns.RANK]
    rows[columns.RANK_DIST] = ranks.rank(method="first")

    streets = street_sides(inputs.roll, rows[columns.PARCEL_ID])
    points, why = prioritize(rows, streets, inputs.looks, inputs.today, settings.priority)
    rows[columns.PRIORITY] = points
    rows[columns.WHY] = why
    return rows


def _dates(column: pd.Series) -> pd.Series:
    return pd.Series(by_distinct(as_date, column), dtype=object)


def _day_or_year(day: object, year: float | None) -> str:
    """Return the day of a visit, or its year when no day is known, or "" for no visit."""
    if day is not None:
        return str(day)
    return "" if year is None else str(int(year))


def _has_neighbor(sides: str) -> str:
    """Return ADJ_OCC of OCC_SIDES."""
    if sides == "U":
        return "U"
    return "Y" if sides else "N"
