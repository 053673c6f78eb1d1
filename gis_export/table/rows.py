"""One row per vacant parcel with every field of every tier; the products only choose columns from it."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_export.table.aging import as_date, review_by, too_old
from gis_export.table.confirmed import confirmed
from gis_export.table.distinct import by_distinct
from gis_export.table.fields import FIELDS
from gis_export.table.inputs import ExportInputs
from gis_export.table.priority import change_of, prioritize, street_sides
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_WORD
from imagery.errors import Unbalanced
from inference.hazard import HazardWord
from inference.ledger import Ledger

TOO_OLD = "imagery_too_old"
_PLACES = (
    ("ADDRESS", "address"),
    ("FIRE_DIST", "fire_district"),
    ("INSP_DIST", "inspection_district"),
    ("NBHD", "neighborhood"),
    ("OCC_SIDES", "occupied_sides"),
)
_TEXTS = (
    ("STATUS", "status"),
    ("NA_REASON", "reason"),
    ("MODEL_VER", "model_version"),
    ("TILES", "tiles"),
    ("hazard", "hazard"),
)
_NUMBERS = (
    ("SCORE", "score"),
    ("SCORE_LOW", "score_low"),
    ("SCORE_HIGH", "score_high"),
    ("RANK", "rank"),
    ("COVERED", "covered_share"),
    ("NODATA", "nodata_share"),
    ("SHARPNESS", "sharpness"),
    ("DARK_SHARE", "dark_share"),
    ("SHADOW", "shadow_share"),
    ("CANOPY", "canopy_share"),
    ("SEAM", "seam_share"),
    ("GROUND", "ground_share"),
)
_RETURN = r"\r\n?"  # Python writes a bare one into a CSV without quotes


def build_rows(inputs: ExportInputs, settings: ExportSettings) -> gpd.GeoDataFrame:
    """Join roll and ledger, age the rows, and fill every field.

    Returns:
        A row per vacant parcel in the order of PARCEL_ID, with the short names of `FIELDS` and a polygon geometry or
        None, in the CRS of the products. What is not known is null, never 0.

    Raises:
        Unbalanced: roll and ledger do not hold the same parcels.
    """
    rows = _joined(inputs)
    _age(rows, inputs, settings)
    _confirm(rows, inputs)
    _describe(rows, inputs, settings)
    _prioritize(rows, inputs, settings)
    out = gpd.GeoDataFrame(
        rows[[field.name for field in FIELDS]],
        geometry=rows["geometry"].to_numpy(),
        crs=inputs.roll.table.crs,
    )
    return mended(out.to_crs(settings.crs) if settings.crs else out)


def mended(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows with valid shapes: in another CRS a narrow one may come to cross itself."""
    shapes = rows.geometry.to_numpy().copy()
    broken = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
    shapes[broken] = polygons_only(shapely.make_valid(shapes[broken]))
    return rows.set_geometry(gpd.GeoSeries(shapes, index=rows.index, crs=rows.crs))


def _joined(inputs: ExportInputs) -> pd.DataFrame:
    roll = inputs.roll.table.set_index("parcel_id").sort_index()
    ledger = inputs.ledger.table.set_index("parcel_id")
    if set(roll.index) != set(ledger.index):
        off = sorted(set(roll.index) ^ set(ledger.index))
        raise Unbalanced(
            f"{len(roll)} vacants, {len(ledger)} ledger rows; {len(off)} stand in one only, first {off[0]!r}"
        )
    ledger = ledger.loc[roll.index]
    rows = pd.DataFrame({"PARCEL_ID": roll.index.astype(str).to_numpy(dtype=object)})
    rows["geometry"] = pd.Series(polygons_only(roll.geometry.to_numpy()), dtype=object)
    for name, column in _PLACES:
        rows[name] = (
            roll[column]
            .fillna("")
            .astype(str)
            .str.replace(_RETURN, "\n", regex=True)
            .to_numpy(dtype=object)
        )
    rows.loc[rows["geometry"].isna(), "OCC_SIDES"] = (
        "U"  # without a place nobody knows the neighbors
    )
    rows["VBN_DATE"] = _dates(roll["notice_date"])
    rows["IMG_DATE"] = _dates(ledger["img_date"])
    for name, column in _TEXTS:
        rows[name] = ledger[column].astype("string").fillna("").to_numpy(dtype=object)
    for name, column in _NUMBERS:
        rows[name] = pd.to_numeric(ledger[column]).to_numpy(dtype=np.float64, na_value=np.nan)
    rows["YEAR"] = inputs.year
    rows["RUN_ID"] = inputs.run_id
    return rows


def _age(rows: pd.DataFrame, inputs: ExportInputs, settings: ExportSettings) -> None:
    """Turn NOT SEEN IN PHOTO of old imagery into NOT ASSESSED, in place."""

    def old(word: str, flown: date | None) -> bool:
        return word == HazardWord.NOT_SEEN.value and too_old(
            flown, inputs.year, today=inputs.today, stale_months=settings.stale_months
        )

    stale = by_distinct(old, rows["hazard"], rows["IMG_DATE"]).astype(bool)
    rows.loc[stale, "hazard"] = HazardWord.NOT_ASSESSED.value
    rows.loc[stale, "STATUS"] = "not_assessed"
    rows.loc[stale, "NA_REASON"] = TOO_OLD
    unscored = rows["STATUS"] != "scored"
    rows.loc[unscored, ["SCORE", "SCORE_LOW", "SCORE_HIGH", "RANK"]] = np.nan
    rows.loc[unscored, "MODEL_VER"] = ""
    rows.loc[~unscored, "NA_REASON"] = ""


def _confirm(rows: pd.DataFrame, inputs: ExportInputs) -> None:
    """Give the word CONFIRMED to what a person on site found failing, in place; score or reason of the photo stay beside it."""
    found = confirmed(inputs.looks, until=inputs.year).reindex(rows["PARCEL_ID"])
    seen = found["year"].notna().to_numpy()
    rows.loc[seen, "hazard"] = HazardWord.CONFIRMED.value
    rows["VERIFIED"] = np.where(rows["hazard"] == HazardWord.CONFIRMED.value, "Y", "N")
    rows["VER_DATE"] = _dates(found["day"])
    rows["SEEN"] = [
        day.isoformat() if day else str(int(year)) if known else ""
        for day, year, known in zip(rows["VER_DATE"], found["year"], seen, strict=True)
    ]
    rows["ROOF_PCT"] = found["roof_pct"].fillna("").to_numpy(dtype=object)


def _describe(rows: pd.DataFrame, inputs: ExportInputs, settings: ExportSettings) -> None:
    today = inputs.today

    def due(flown: date | None, visited: date | None) -> date:
        looked = (flown, visited) if visited else (flown,)
        return max(
            review_by(day, inputs.year, review_months=settings.review_months) for day in looked
        )

    def text(word: str, flown: date | None, visited: date | None, seen: str, reason: str) -> str:
        return hazard_text(word, flown, reason, seen=seen, review_due=due(flown, visited) < today)

    rows["RISK_LVL"] = by_distinct(lambda word: BY_WORD[word].code, rows["hazard"])
    rows["SCORED"] = np.where(rows["STATUS"] == "scored", "Y", "N")
    rows["REVIEW_BY"] = by_distinct(due, rows["IMG_DATE"], rows["VER_DATE"])
    rows["RISK_TXT"] = by_distinct(
        text, rows["hazard"], rows["IMG_DATE"], rows["VER_DATE"], rows["SEEN"], rows["NA_REASON"]
    )
    rows["ADJ_OCC"] = by_distinct(
        lambda sides: "U" if sides == "U" else "Y" if sides else "N", rows["OCC_SIDES"]
    )
    rows["SIGN_POST"] = "U"
    rows["DEMO_FLG"] = "U"


def _prioritize(rows: pd.DataFrame, inputs: ExportInputs, settings: ExportSettings) -> None:
    rows["PREV_LVL"] = (
        previous_levels(inputs.previous, inputs.looks)
        .reindex(rows["PARCEL_ID"], fill_value="")
        .to_numpy(dtype=object)
    )
    rows["CHANGE"] = by_distinct(change_of, rows["RISK_LVL"], rows["PREV_LVL"])
    rows["RANK_DIST"] = rows.groupby("INSP_DIST")["RANK"].rank(method="first")
    streets = street_sides(inputs.roll, rows["PARCEL_ID"])
    rows["PRIORITY"], rows["WHY"] = prioritize(
        rows, streets, inputs.looks, inputs.today, settings.priority
    )


def hazard_text(word: str, flown: date | None, reason: str, *, seen: str, review_due: bool) -> str:
    """Say a hazard in words, with flight date or reason; where a person saw it with the day or year of that."""
    symbol = BY_WORD[word]
    when = f"photo {flown.isoformat()}" if flown else "photo date unknown"
    if symbol.word is HazardWord.NOT_SEEN:
        text = f"{word} ({when})"
    elif symbol.word is HazardWord.NOT_ASSESSED:
        text = f"{word}: {reason.replace('_', ' ')}"
    else:
        text = f"{word}: {symbol.meaning} ({seen or when})"
    return f"{text} - REVIEW DUE" if review_due else text


def previous_levels(previous: Ledger | None, looks: pd.DataFrame) -> pd.Series:
    """Return RISK_LVL of the flyover before, indexed by parcel."""
    if previous is None:
        return pd.Series(dtype="str")
    table = previous.table
    levels = pd.Series(
        by_distinct(lambda word: BY_WORD[word].code, table["hazard"]),
        index=table["parcel_id"].astype(str),
    )
    levels[levels.index.isin(confirmed(looks, until=previous.year).index)] = BY_WORD[
        HazardWord.CONFIRMED.value
    ].code
    return levels


def polygons_only(shapes: NDArray[np.object_]) -> list[shapely.Geometry | None]:
    """Keep the polygons of each shape in two dimensions; None when nothing is left."""
    flat = shapely.force_2d(shapes)
    kinds = shapely.get_type_id(flat)
    plain = np.isin(
        kinds, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    ) & ~shapely.is_empty(flat)
    return [shape if keep else _polygons_in(shape) for shape, keep in zip(flat, plain, strict=True)]


def _polygons_in(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    flat = (
        list(shapely.get_parts(shapely.get_parts(shape))) if shape is not None else []
    )  # a collection may hold a multipolygon
    parts = [part for part in flat if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.MultiPolygon(parts) if parts else None


def _dates(column: pd.Series) -> pd.Series:
    return pd.Series(by_distinct(as_date, column), dtype=object)
