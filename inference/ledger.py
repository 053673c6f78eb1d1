"""The ledger: one row for every vacant parcel, always."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from imagery.chips.quality import QUALITY_COLUMNS
from imagery.errors import InputError, Unbalanced
from imagery.files import atomic_path
from imagery.parquet import DamagedTable, read_whole
from imagery.values.formulas import harmless
from imagery.workspace import YearFiles
from inference.hazard import Thresholds, hazard_word

COLUMNS = (
    "parcel_id",
    "year",
    "status",
    "reason",
    "score",
    "score_low",
    "score_high",
    "score_raw",
    "hazard",
    "rank",
    "model_version",
    "img_date",
    *QUALITY_COLUMNS,
    "tiles",
    "note",
)
NEVER_PHOTOGRAPHED = ("no_imagery", "no_geometry", "no_roof_area")
"""Reasons of rows that no photo shows; they have no date of a photo."""
STATUSES = ("scored", "not_assessed", "excluded")


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """One row per vacant parcel of one year, balanced against the roll."""

    year: int
    """Year of the flyover."""
    table: pd.DataFrame
    """Columns `COLUMNS`.

    `score` is a calibrated probability, NaN unless `status` is 'scored'; `rank` 1 is the highest.
    """

    def __post_init__(self) -> None:
        """Check columns, unique ids, statuses and the null rule."""
        table = self.table
        if tuple(table.columns) != COLUMNS:
            raise ValueError(f"ledger columns are {list(table.columns)}, want {list(COLUMNS)}")

        ids = table["parcel_id"]
        if not ids.is_unique:
            twin = ids[ids.duplicated()].iloc[0]
            raise Unbalanced(f"ledger {self.year}: parcel {twin!r} appears twice; want one row")

        unknown = set(table["status"]) - set(STATUSES)
        if unknown:
            raise ValueError(f"ledger {self.year}: status {unknown}, want one of {STATUSES}")

        self._check_nulls()

    def _check_nulls(self) -> None:
        is_scored = self.table["status"] == "scored"
        scored = self.table[is_scored]
        others = self.table[~is_scored]

        if others[["score", "rank"]].notna().any(axis=None):
            raise Unbalanced(
                f"ledger {self.year}: a row that was not scored carries a score or rank"
            )
        if scored["score"].isna().any():
            raise Unbalanced(f"ledger {self.year}: a scored row has no score")
        if (others["reason"].fillna("") == "").any():
            raise Unbalanced(f"ledger {self.year}: a row that was not scored has no reason")


def build_ledger(
    manifest: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    thresholds: Thresholds,
    model_version: str,
    flown: date | None,
) -> Ledger:
    """Join chips and scores into the year's ledger.

    Args:
        manifest: The chip manifest: a row per vacant parcel.
        scores: Columns parcel_id, score, score_low, score_high, score_raw; one row per scored
            chip.
        thresholds: Where the hazard words begin.
        model_version: "name/version" of the model that scored.
        flown: Date of the flyover, None when not known.

    Raises:
        Unbalanced: a score for a parcel without chip, or a chip without score.
    """
    table = _join_scores(manifest, scores)
    is_scored = table["status"] == "chip"
    unscored = table["status"].where(table["status"] == "excluded", "not_assessed")
    table["status"] = unscored.mask(is_scored, "scored")

    table["hazard"] = [_word(score, thresholds) for score in table["score"]]
    rank = table["score"].rank(method="first", ascending=False)
    table["rank"] = rank.astype("Int32")

    version = pd.Series(model_version, index=table.index, dtype="string")
    table["model_version"] = version.where(is_scored)
    day = pd.Series(flown, index=table.index, dtype="object")
    table["img_date"] = day.where(~table["reason"].isin(NEVER_PHOTOGRAPHED), None)

    year = int(manifest["year"].iloc[0]) if len(manifest) else 0
    return Ledger(year=year, table=table.loc[:, list(COLUMNS)])


def _join_scores(manifest: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest with its scores.

    Raises:
        Unbalanced: a score for a parcel without chip, or a chip without score.
    """
    chips = set(manifest.loc[manifest["status"] == "chip", "parcel_id"])
    if chips != set(scores["parcel_id"]) or len(chips) != len(scores):
        raise Unbalanced(
            f"{len(chips)} chips in, {len(scores)} scores out; want one score per chip"
        )

    # An empty table of scores has no dtype of its own.
    ids = scores["parcel_id"].astype(manifest["parcel_id"].dtype)
    return manifest.merge(scores.assign(parcel_id=ids), on="parcel_id", how="left", validate="1:1")


def _word(score: float, thresholds: Thresholds) -> str:
    """Return the hazard word of a score; NaN for a parcel that was not scored."""
    return hazard_word(None if pd.isna(score) else float(score), thresholds).value


def write_ledger(ledger: Ledger, folder: Path) -> tuple[Path, Path]:
    """Write ledger.parquet and ledger.csv into a year's folder, each complete or not at all.

    In the CSV an id that a spreadsheet would run as a formula has an apostrophe before it.
    """
    files = YearFiles(folder=folder)
    with atomic_path(files.ledger_csv) as temporary:
        ids = ledger.table["parcel_id"].map(harmless)
        ledger.table.assign(parcel_id=ids).to_csv(temporary, index=False)
    with atomic_path(files.ledger) as temporary:
        ledger.table.to_parquet(temporary, index=False)
    return files.ledger, files.ledger_csv


def read_ledger(folder: Path, year: int) -> Ledger:
    """Read the ledger that `write_ledger` left in a year's folder.

    Raises:
        InputError: the file is damaged, or holds no ledger.
    """
    path = YearFiles(folder=folder).ledger
    try:
        return Ledger(year=year, table=with_notes(read_whole(path)))
    except DamagedTable as error:
        raise InputError(f"{error}; score {year} again") from error
    except (ValueError, Unbalanced) as error:
        raise InputError(f"{path} is no whole ledger ({error}); score {year} again") from error


def with_notes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a ledger's table with its notes; ledgers of earlier versions have none."""
    return table if "note" in table else table.assign(note="")
