"""Join roll and ledger into the export table: one row per vacant parcel, with every field."""

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_export.table import columns
from gis_export.table.aging import as_date
from gis_export.table.change import changes_of
from gis_export.table.confirmed import roof_bin
from gis_export.table.distinct import by_distinct
from gis_export.table.export_table import COLUMNS, ExportTable, polygons_only
from gis_export.table.fires_since import fires_since
from gis_export.table.hazard_words import (
    REFUTED,
    HazardTexts,
    code_of_level,
    hazard_texts,
    plain_code,
    previous_levels,
    risk_level,
)
from gis_export.table.inputs import ExportInputs
from gis_export.table.priority import Reason, prioritize, street_sides
from gis_export.table.settings import ExportSettings
from gis_export.table.site_states import EXCLUDED, SiteState, objects, site_states
from gis_export.table.site_visits import visits_by_parcel
from imagery.errors import Unbalanced
from inference.hazard import HazardWord

TOO_OLD = "imagery_too_old"
"""NA_REASON of a roof whose photo has grown too old."""

# Columns that are needed on the way and are in no product.
_HAZARD = "hazard"
_SEEN = "SEEN"
_REVIEW = "REVIEW"

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
    rows[columns.FIRE_DATE] = objects(fires_since(rows, inputs, too_old=TOO_OLD))
    rows = _visit(rows, inputs, texts)
    rows = _describe(rows, texts)
    rows = _compare(rows, inputs)
    rows = _prioritize(rows, inputs, settings)

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

    rows[columns.PHOTO_LVL] = by_distinct(risk_level, rows[_HAZARD])
    rows[columns.PHOTO_CODE] = by_distinct(plain_code, rows[_HAZARD])
    rows = _without_scores(rows)

    # Ranks are of the photo: what people find moves no other row.
    ranks = rows.groupby(columns.INSP_DIST)[columns.RANK]
    rows[columns.RANK_DIST] = ranks.rank(method="first")
    return rows


def _without_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the score only where they are scored, and the reason only elsewhere."""
    rows = rows.copy(deep=False)
    is_scored = rows[columns.STATUS] == "scored"
    rows.loc[~is_scored, _OF_THE_SCORE] = np.nan
    rows.loc[~is_scored, columns.MODEL_VER] = ""
    rows.loc[is_scored, columns.NA_REASON] = ""
    return rows


def _visit(rows: pd.DataFrame, inputs: ExportInputs, texts: HazardTexts) -> pd.DataFrame:
    """Return the rows with what people on site found.

    CONFIRMED keeps score or reason of the photo beside it. A building that is gone or lived in is
    excluded with its reason.
    """
    rows = rows.copy(deep=False)
    visits = visits_by_parcel(inputs.looks, until=inputs.year)
    states = site_states(rows, visits, texts.rules)
    found = [state.confirmed for state in states]

    is_found = np.array([visit is not None for visit in found], dtype=bool)
    rows.loc[is_found, _HAZARD] = HazardWord.CONFIRMED.value
    rows = _exclude(rows, [state.excluded for state in states])

    rows[columns.VERIFIED] = np.where(rows[_HAZARD] == HazardWord.CONFIRMED.value, "Y", "N")
    rows[columns.VER_DATE] = objects([visit.day if visit else None for visit in found])
    bins = [roof_bin(visit.roof_pct) if visit else "" for visit in found]
    rows[columns.ROOF_PCT] = objects(bins)
    rows[_SEEN] = objects([_seen(state) for state in states])
    rows[_REVIEW] = objects([state.review for state in states])

    rows[columns.VISIT_TXT] = objects([state.text for state in states])
    rows[columns.LAST_VISIT] = objects([state.last_visit for state in states])
    rows[columns.NEXT_VISIT] = objects([state.next_visit for state in states])
    rows[columns.DISPUTED] = objects([state.disputed for state in states])
    rows[columns.SIGN_POST] = objects([state.sign for state in states])
    rows[columns.DEMO_FLG] = objects([state.demolition for state in states])
    on_roll = rows[columns.OCC_SIDES].tolist()
    sides = [
        on_roll[row] if state.sides is None else state.sides for row, state in enumerate(states)
    ]
    rows[columns.OCC_SIDES] = objects(sides)
    return rows


def _exclude(rows: pd.DataFrame, reasons: list[str]) -> pd.DataFrame:
    """Return the rows with those that have a reason excluded, without a score."""
    rows = rows.copy(deep=False)
    reason = objects(reasons)
    is_out = reason != ""
    rows.loc[is_out, _HAZARD] = HazardWord.NOT_ASSESSED.value
    rows.loc[is_out, columns.STATUS] = EXCLUDED
    rows.loc[is_out, columns.NA_REASON] = reason[is_out]
    rows.loc[is_out, columns.RANK_DIST] = np.nan
    return _without_scores(rows)


def _seen(state: SiteState) -> str:
    """Return day or year of the visit that confirms a row, or that a visit saw no open roof."""
    if state.confirmed is not None:
        day = state.confirmed.day
        return day.isoformat() if day else str(state.confirmed.year)
    return REFUTED if state.refuted is not None else ""


def _describe(rows: pd.DataFrame, texts: HazardTexts) -> pd.DataFrame:
    """Return the rows with their hazard as a code and in words."""
    rows = rows.copy(deep=False)
    words = rows[_HAZARD]
    flown = rows[columns.IMG_DATE]
    review = rows[_REVIEW]
    reasons = rows[columns.NA_REASON]

    rows[columns.RISK_LVL] = by_distinct(risk_level, words)
    rows[columns.RISK_CODE] = by_distinct(plain_code, words)
    rows[columns.RISK_TXT] = by_distinct(texts.text, words, flown, review, rows[_SEEN], reasons)
    rows[columns.SCORED] = np.where(rows[columns.STATUS] == "scored", "Y", "N")
    rows[columns.REVIEW_BY] = by_distinct(texts.review_by, flown, review)
    rows[columns.ADJ_OCC] = by_distinct(_has_neighbor, rows[columns.OCC_SIDES])
    return rows


def _compare(rows: pd.DataFrame, inputs: ExportInputs) -> pd.DataFrame:
    """Return the rows with the hazard of the flyover before, and what changed since."""
    rows = rows.copy(deep=False)
    levels = previous_levels(inputs.previous, inputs.looks)
    levels = levels.reindex(rows[columns.PARCEL_ID], fill_value="")

    rows[columns.PREV_LVL] = levels.to_numpy(dtype=object)
    rows[columns.PREV_CODE] = by_distinct(code_of_level, levels.reset_index(drop=True))
    rows[columns.CHANGE] = objects(changes_of(rows, inputs))
    return rows


def _prioritize(rows: pd.DataFrame, inputs: ExportInputs, settings: ExportSettings) -> pd.DataFrame:
    """Return the rows with their priority, which a building that is left out does not have."""
    rows = rows.copy(deep=False)
    streets = street_sides(inputs.roll, rows[columns.PARCEL_ID])
    points, why = prioritize(rows, streets, inputs.looks, inputs.today, settings.priority)
    is_out = rows[columns.STATUS] == EXCLUDED
    rows[columns.PRIORITY] = np.where(is_out, 0, points)
    rows[columns.WHY] = objects(why)
    rows.loc[is_out, columns.WHY] = [
        str(Reason(reason=str(reason), points=0)) for reason in rows.loc[is_out, columns.NA_REASON]
    ]
    return rows


def _dates(column: pd.Series) -> pd.Series:
    return pd.Series(by_distinct(as_date, column), dtype=object)


def _has_neighbor(sides: str) -> str:
    """Return ADJ_OCC of OCC_SIDES."""
    if sides == "U":
        return "U"
    return "Y" if sides else "N"
