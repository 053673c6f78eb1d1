"""What changed since the flyover before, a row per parcel of either roll. No file is opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_export.table.change import scored_before, scores_in
from gis_export.table.hazard_words import previous_levels
from gis_export.table.inputs import ExportInputs, Year
from gis_export.table.site_visits import ParcelVisits, Verdict, visits_by_parcel
from gis_export.table.symbols import BY_CODE, BY_WORD
from inference.change import (
    Moves,
    Outcome,
    RoofNow,
    RoofThen,
    list_change_of,
    outcome_of,
    sure_moves,
)
from inference.hazard import HazardWord
from inference.parcel_lineage import Lineage, Parcels, parcels_of, trace_parcels

OUTCOME = "outcome"
LIST_CHANGE = "list_change"
WHY = "why"
CHANGE_COLUMNS = (
    "parcel_id",
    "address",
    "inspection_district",
    "neighborhood",
    OUTCOME,
    LIST_CHANGE,
    WHY,
    "detail",
    "hazard_level",
    "previous_hazard_level",
    "change",
    "score",
    "score_before",
    "lineage",
    "parcel_id_before",
)
"""Columns of report/change.csv."""
_FROM_ROWS = ("address", "inspection_district", "neighborhood", "hazard_level", "change", "score")
_FOUND = {Verdict.RAZED: "razed", Verdict.OCCUPIED: "occupied"}
_REPAIRED = "repaired"
_NOT_ASSESSED = BY_WORD[HazardWord.NOT_ASSESSED].code


@dataclass(frozen=True, kw_only=True, eq=False)
class YearPair:
    """This year and the one before, as far as a change can be told from them."""

    rows: pd.DataFrame
    """Rows of data/scores.csv as text, by parcel_id; only vacants of now."""
    photo: pd.DataFrame
    """The ledger of now by parcel_id; `reason` is "" where there is none."""
    before: pd.DataFrame
    """What `scored_before` returns."""
    levels: pd.Series
    """Hazard code of the products of the year before, by parcel_id of that year."""
    was_scored: frozenset[str]
    """Parcels whose photo was scored the year before, by parcel_id of that year."""
    visits: Mapping[str, ParcelVisits]
    """What people on site found, by parcel."""
    flown_before: date | None
    """Day of the flight before."""
    year_before: int
    """Its year."""

    def then(self, parcel_id: str) -> RoofThen | None:
        """Return a parcel in the flyover before; None where it was not on the roll."""
        if parcel_id not in self.levels.index:
            return None
        is_again = parcel_id in self.before.index
        return RoofThen(
            level=_word(str(self.levels[parcel_id])),
            is_scored=parcel_id in self.was_scored,
            word=str(self.before.at[parcel_id, "hazard"]) if is_again else "",
        )

    def now(self, parcel_id: str) -> RoofNow | None:
        """Return a parcel as it is now; None where it is not on the roll."""
        if parcel_id not in self.rows.index:
            return None
        return RoofNow(
            level=_word(str(self.rows.at[parcel_id, "hazard_level"])),
            word=str(self.photo.at[parcel_id, "hazard"]),
            reason=str(self.photo.at[parcel_id, "reason"]),
            found=self._found(parcel_id),
        )

    def _found(self, parcel_id: str) -> str:
        """Return what people on site found since the flyover before that ends a hazard."""
        visits = self.visits.get(parcel_id)
        finding = visits.finding if visits else None
        if finding is None or not finding.is_after(self.flown_before, self.year_before):
            return ""
        if finding.verdict is Verdict.SOUND and finding.disposition == _REPAIRED:
            return _REPAIRED
        return _FOUND.get(finding.verdict, "")

    def moves(self, pairs: pd.DataFrame) -> Moves:
        """Return which scores surely moved.

        Args:
            pairs: Columns parcel_id and parcel_id_before.
        """
        columns = ["score", "score_low", "score_high"]
        now = self.photo.reindex(pairs["parcel_id"])[columns]
        then = self.before.reindex(pairs["parcel_id_before"])[columns]
        return sure_moves(scores_in(now), scores_in(then))


def pair_years(inputs: ExportInputs, rows: pd.DataFrame) -> YearPair | None:
    """Gather what changes are told from; None in the first year.

    Args:
        inputs: The ledgers, rolls and looks.
        rows: Rows of data/scores.csv as text.
    """
    before = inputs.year_before
    if before is None or before.ledger is None:
        return None
    photo = inputs.ledger.table.set_index("parcel_id")
    table = before.ledger.table
    return YearPair(
        rows=rows.set_index("parcel_id"),
        photo=photo.assign(reason=photo["reason"].astype("string").fillna("")),
        before=scored_before(inputs),
        levels=previous_levels(before.ledger, inputs.looks),
        was_scored=frozenset(table.loc[table["status"] == "scored", "parcel_id"].astype(str)),
        visits=visits_by_parcel(inputs.looks, until=inputs.year),
        flown_before=before.flown,
        year_before=before.year,
    )


def lineage_table(inputs: ExportInputs) -> pd.DataFrame:
    """Return what became of each parcel of the roll before, columns `LINEAGE_COLUMNS`."""
    before = inputs.year_before
    roll = inputs.roll
    table = roll.lots if roll.lots is not None else roll.table
    now = parcels_of(_with_lost(table[["parcel_id", "geometry"]], roll.table))
    on_roll = roll.table["parcel_id"].astype("str")
    if before is None or before.ledger is None:
        return trace_parcels(parcels_of(roll.table.iloc[:0]), on_roll, now)
    return trace_parcels(_parcels_before(before, roll.table), on_roll, now)


def _with_lost(lots: gpd.GeoDataFrame, roll: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return all parcels and those of the roll that no parcel layer holds."""
    # On so many ids `isin` takes ten times as long.
    known = pd.Index(lots["parcel_id"].unique())
    is_lost = known.get_indexer(pd.Index(roll["parcel_id"])) < 0
    lost = roll.loc[is_lost, ["parcel_id", "geometry"]]
    if not len(lost):
        return lots
    return gpd.GeoDataFrame(pd.concat([lots, lost], ignore_index=True))


def _parcels_before(before: Year, roll: gpd.GeoDataFrame) -> Parcels:
    """Return the parcels of the year before, without outlines where its roll was not kept."""
    if before.roll is not None:
        return parcels_of(gpd.GeoDataFrame(before.roll.to_crs(roll.crs)))
    ledger = before.ledger
    ids = ledger.table["parcel_id"].astype("str") if ledger is not None else pd.Series(dtype="str")
    return Parcels(ids=ids.reset_index(drop=True), shapes=np.full(len(ids), None, dtype=object))


def change_table(pair: YearPair, lineage: pd.DataFrame, before: Year) -> pd.DataFrame:
    """Return what became of every parcel of either roll, columns `CHANGE_COLUMNS`.

    Args:
        pair: The two years.
        lineage: What `lineage_table` returns.
        before: The year before, for addresses of parcels that have left the roll.
    """
    pairs = _pairs(pair, lineage)
    moves = pair.moves(pairs)
    cells = []
    for place, parcel in enumerate(pairs.itertuples(index=False)):
        then = pair.then(str(parcel.parcel_id_before))
        now = pair.now(str(parcel.parcel_id))
        moved = int(moves[place])
        cells.append((outcome_of(then, now, moved), list_change_of(then, now, moved)))

    table = pairs.assign(
        outcome=[outcome.value for outcome, _ in cells],
        list_change=[change.step if change else "" for _, change in cells],
        why=[change.reason.value if change else "" for _, change in cells],
        detail=[change.detail if change else "" for _, change in cells],
    )
    return _describe(table, pair, before)[list(CHANGE_COLUMNS)]


def _pairs(pair: YearPair, lineage: pd.DataFrame) -> pd.DataFrame:
    """Return a row per parcel of either roll, with its key of the year before.

    A piece of a parcel, or what several became, is no parcel of the year before: photos of them
    show other ground. Nothing of them is compared.
    """
    is_same = lineage["lineage"] == Lineage.SAME.value
    is_ours = lineage["parcel_id"].isin(pair.rows.index)
    ours = lineage[is_ours].drop_duplicates("parcel_id")
    left = lineage[~(is_same & is_ours) & (lineage["parcel_id_before"] != "")]
    left = left[~left["parcel_id_before"].isin(lineage.loc[is_same & is_ours, "parcel_id_before"])]
    left = left.drop_duplicates("parcel_id_before")
    gone = left.assign(parcel_id=left["parcel_id_before"])
    gone = gone[~gone["parcel_id"].isin(ours["parcel_id"])]

    rows = pd.concat([ours, gone], ignore_index=True)
    return rows.sort_values("parcel_id", kind="stable").reset_index(drop=True)


def _describe(table: pd.DataFrame, pair: YearPair, before: Year) -> pd.DataFrame:
    """Return the rows with address, words and scores of both years."""
    cells = pair.rows.reindex(table["parcel_id"])[list(_FROM_ROWS)].fillna("")
    table = table.assign(**{name: cells[name].to_numpy() for name in _FROM_ROWS})
    is_gone = (table[OUTCOME] == Outcome.GONE.value).to_numpy(bool)
    if before.roll is not None and is_gone.any():
        names = ["address", "inspection_district", "neighborhood"]
        kept = before.roll.set_index("parcel_id")[names]
        known = kept.reindex(table.loc[is_gone, "parcel_id_before"]).fillna("")
        table.loc[is_gone, names] = known.to_numpy()

    levels = pair.levels.reindex(table["parcel_id_before"]).fillna("").to_numpy()
    table["hazard_level"] = np.where(is_gone, _NOT_ASSESSED, table["hazard_level"])
    is_same = is_gone & (levels == _NOT_ASSESSED)
    table["change"] = np.select([is_same, is_gone], ["SAME", "NOW NA"], table["change"])
    scores = pair.before["score"].reindex(table["parcel_id_before"])
    return table.assign(
        previous_hazard_level=levels,
        score_before=["" if pd.isna(score) else f"{score:.6f}" for score in scores],
    )


def outlines_of(table: pd.DataFrame, inputs: ExportInputs) -> gpd.GeoDataFrame:
    """Return the rows with an outline: that of now, or else that of the year before."""
    now = inputs.roll.table.set_index("parcel_id").geometry
    shapes = now.reindex(table["parcel_id"]).to_numpy()
    before = inputs.year_before
    if before is not None and before.roll is not None:
        kept = before.roll.to_crs(now.crs).set_index("parcel_id").geometry
        earlier = kept.reindex(table["parcel_id_before"]).to_numpy()
        shapes = np.where(shapely.is_missing(shapes), earlier, shapes)
    layer = gpd.GeoDataFrame(table, geometry=shapes, crs=now.crs)
    return gpd.GeoDataFrame(layer[layer.geometry.notna()])


def _word(code: str) -> str:
    return BY_CODE[code].word.value if code else ""
