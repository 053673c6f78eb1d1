"""The ledger: one row for every vacant parcel, always."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from imagery.chips.quality import QUALITY_COLUMNS
from imagery.errors import Unbalanced
from imagery.files import atomic_path
from inference.hazard import HazardWord, Thresholds, hazard_word

COLUMNS = (
    "parcel_id",
    "year",
    "status",
    "reason",
    "score",
    "score_low",
    "score_high",
    "hazard",
    "rank",
    "model_version",
    "img_date",
    *QUALITY_COLUMNS,
    "tiles",
)
NEVER_PHOTOGRAPHED = ("no_imagery", "no_geometry")
"""Reasons of rows that no photo shows, so they carry no date of one."""
STATUSES = ("scored", "not_assessed", "excluded")


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """One row per vacant parcel of one year, balanced against the roll."""

    year: int
    """Year of the flyover."""
    table: pd.DataFrame
    """Columns `COLUMNS`; `score` is a calibrated probability and NaN unless `status` is 'scored'; `rank` 1 = highest score."""

    def __post_init__(self) -> None:
        """Check columns, unique ids, statuses and the null rule."""
        if tuple(self.table.columns) != COLUMNS:
            raise ValueError(f"ledger columns are {list(self.table.columns)}, want {list(COLUMNS)}")
        if not self.table["parcel_id"].is_unique:
            raise Unbalanced(f"ledger {self.year}: a parcel_id stands twice")
        unknown = set(self.table["status"]) - set(STATUSES)
        if unknown:
            raise ValueError(f"ledger {self.year}: status {unknown}, want one of {STATUSES}")
        scored = self.table["status"] == "scored"
        if self.table.loc[~scored, ["score", "rank"]].notna().any(axis=None):
            raise Unbalanced(
                f"ledger {self.year}: a row that was not scored carries a score or rank"
            )
        if self.table.loc[scored, "score"].isna().any():
            raise Unbalanced(f"ledger {self.year}: a scored row has no score")
        if (self.table.loc[~scored, "reason"].fillna("") == "").any():
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
        scores: Columns parcel_id, score, score_low, score_high; one row per scored chip.
        thresholds: Where the hazard words begin.
        model_version: "name/version" of the model that scored.
        flown: Date of the flyover, None when not known.

    Raises:
        Unbalanced: a score for a parcel without chip, or a chip without score.
    """
    year = int(manifest["year"].iloc[0]) if len(manifest) else 0
    chips = set(manifest.loc[manifest["status"] == "chip", "parcel_id"])
    if chips != set(scores["parcel_id"]) or len(chips) != len(scores):
        raise Unbalanced(
            f"{len(chips)} chips in, {len(scores)} scores out; want one score per chip"
        )
    scores = scores.assign(
        parcel_id=scores["parcel_id"].astype(manifest["parcel_id"].dtype)
    )  # an empty table has no dtype of its own
    table = manifest.merge(scores, on="parcel_id", how="left", validate="1:1")
    scored = table["status"] == "chip"
    kept_status = table["status"].where(table["status"] == "excluded", "not_assessed")
    table["status"] = kept_status.mask(scored, "scored")
    table["hazard"] = [
        hazard_word(None if pd.isna(score) else float(score), thresholds).value
        for score in table["score"]
    ]
    order = table["score"].rank(method="first", ascending=False)
    table["rank"] = order.astype("Int32")
    table["model_version"] = pd.Series(model_version, index=table.index, dtype="string").where(
        scored
    )
    photographed = ~table["reason"].isin(NEVER_PHOTOGRAPHED)
    table["img_date"] = pd.Series(flown, index=table.index, dtype="object").where(
        photographed, None
    )
    return Ledger(year=year, table=table.loc[:, list(COLUMNS)])


def not_assessed(table: pd.DataFrame) -> pd.Series:
    """Return which rows carry no score (not assessed or excluded)."""
    return table["hazard"] == HazardWord.NOT_ASSESSED.value


def write_ledger(ledger: Ledger, folder: Path) -> tuple[Path, Path]:
    """Write ledger.parquet and ledger.csv into `folder`; each appears whole or not at all."""
    parquet, csv = folder / "ledger.parquet", folder / "ledger.csv"
    with atomic_path(csv) as temporary:
        ledger.table.to_csv(temporary, index=False)
    with atomic_path(parquet) as temporary:
        ledger.table.to_parquet(temporary, index=False)
    return parquet, csv


def read_ledger(folder: Path, year: int) -> Ledger:
    """Read the ledger that `write_ledger` left in `folder`."""
    return Ledger(year=year, table=pd.read_parquet(folder / "ledger.parquet"))
