"""The ledger of the parcels without a notice: a row for each, apart from the ledger of the vacants.

It has no hazard words: those are for buildings that a person found vacant.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from imagery.chips.quality import QUALITY_COLUMNS
from imagery.errors import InputError, Unbalanced
from imagery.files import atomic_path
from imagery.parquet import DamagedTable, read_whole
from imagery.values.formulas import harmless
from imagery.workspace import ReachFiles
from inference.hazard import HazardWord
from inference.ledger import Ledger

FACTS = ("district", "address", "occupied", "permit", "outline")
"""What the city's own data say of a parcel, as text.

`occupied` and `outline` (whether it has a building outline) are Y, N, or "" when not known.
"""
COLUMNS = (
    "parcel_id",
    "year",
    "status",
    "reason",
    "strength",
    "suggests",
    "rank",
    *FACTS,
    "model_version",
    "img_date",
    *QUALITY_COLUMNS,
    "tiles",
    "note",
)
_FLAGGED = (HazardWord.LIKELY.value, HazardWord.POSSIBLE.value)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReachLedger:
    """One row for each parcel without a notice of one year."""

    year: int
    """Year of the flyover."""
    table: pd.DataFrame
    """Columns `COLUMNS`.

    `strength` is the score as if half of the roofs failed, NaN unless `status` is 'scored': it
    orders the parcels and is no probability. `suggests` is Y where a vacant with this score would
    be flagged, N where not, "" unless scored. `rank` 1 is the strongest of the city, NA unless
    scored."""

    def __post_init__(self) -> None:
        """Check columns, unique ids and the null rule."""
        table = self.table
        if tuple(table.columns) != COLUMNS:
            raise ValueError(f"columns are {list(table.columns)}, want {list(COLUMNS)}")
        if not table["parcel_id"].is_unique:
            raise Unbalanced(f"reach {self.year}: a parcel appears twice; want one row")

        is_scored = table["status"] == "scored"
        others = table[~is_scored]
        if others[["strength", "rank"]].notna().any(axis=None) or (others["suggests"] != "").any():
            raise Unbalanced(f"reach {self.year}: a row that was not scored says something")
        if table.loc[is_scored, "strength"].isna().any():
            raise Unbalanced(f"reach {self.year}: a scored row has no strength")

    @property
    def scored(self) -> pd.DataFrame:
        """Return the scored rows, the strongest first."""
        return self.table[self.table["status"] == "scored"].sort_values("rank")


def build_reach(ledger: Ledger, facts: pd.DataFrame) -> ReachLedger:
    """Turn the rows of a ledger into those of parcels without a notice.

    Args:
        ledger: Their chips and scores, joined as those of vacants are.
        facts: Columns parcel_id and `FACTS`, a row for each parcel.
    """
    table = ledger.table.merge(facts, on="parcel_id", how="left", validate="1:1")
    is_scored = table["status"] == "scored"
    suggests = table["hazard"].isin(_FLAGGED).map({True: "Y", False: "N"}).where(is_scored, "")

    order = table.assign(strength=table["score_raw"]).sort_values(
        ["strength", "parcel_id"], ascending=[False, True], na_position="last"
    )
    rank = pd.Series(range(1, len(order) + 1), index=order.index, dtype="Int32")
    table = table.assign(strength=table["score_raw"], suggests=suggests, rank=rank.where(is_scored))
    return ReachLedger(year=ledger.year, table=table.loc[:, list(COLUMNS)])


def write_reach(ledger: ReachLedger, files: ReachFiles) -> None:
    """Write reach.parquet and reach.csv, each complete or not at all.

    In the CSV an id that a spreadsheet would run as a formula has an apostrophe before it.
    """
    with atomic_path(files.table_csv) as temporary:
        texts = {
            name: ledger.table[name].map(harmless) for name in ("parcel_id", "address", "permit")
        }
        ledger.table.assign(**texts).to_csv(temporary, index=False)
    with atomic_path(files.table) as temporary:
        ledger.table.to_parquet(temporary, index=False)


def read_reach(path: Path, year: int) -> ReachLedger:
    """Read the ledger that `write_reach` left.

    Raises:
        InputError: the file is damaged, or holds no such ledger.
    """
    try:
        return ReachLedger(year=year, table=read_whole(path))
    except (DamagedTable, ValueError, Unbalanced) as error:
        raise InputError(f"{path} cannot be read ({error}); score {year} again") from error
