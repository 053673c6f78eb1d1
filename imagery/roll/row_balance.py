"""The balance of the vacancy file: every row of it is a vacant, or counted by its reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from imagery.errors import Unbalanced
from imagery.troubles import MOST_EXAMPLES, name_few, shown


@dataclass(frozen=True, kw_only=True)
class RollBalance:
    """Rows of the vacancy file = vacants + merged + empty + left out."""

    rows: int
    """Rows below the header of the file."""
    vacants: int
    """Parcels on the roll."""
    merged: int = 0
    """Notices of a parcel that is on the roll by another notice."""
    empty: int = 0
    """Rows without any value."""
    left_out: int = 0
    """Rows that are no notice, such as totals; a line of the intake report names them."""
    merged_examples: tuple[str, ...] = ()
    """Some parcels of several notices, with their rows."""

    def __post_init__(self) -> None:
        """Check that no row is lost.

        Raises:
            Unbalanced: a row is neither a vacant nor counted otherwise.
        """
        if self.rows != self.vacants + self.merged + self.empty + self.left_out:
            raise Unbalanced(f"vacancy file: {self.line}; every row must be counted once")

    @property
    def line(self) -> str:
        """Return the balance in words."""
        return (
            f"{self.rows:,} rows = {self.vacants:,} vacants + {self.merged:,} merged + "
            f"{self.empty:,} empty + {self.left_out:,} left out"
        )


@dataclass(frozen=True, kw_only=True)
class Merging:
    """Notices that became one vacant with another."""

    count: int
    """How many."""
    examples: tuple[str, ...]
    """Some parcels of several notices, with their rows."""


def count_merged(parcels: pd.Series, rows: pd.Series) -> Merging:
    """Count the notices that share their parcel with an earlier one.

    Args:
        parcels: Id on the roll of each notice.
        rows: Row of the file of each.
    """
    is_again = parcels.duplicated()
    shared = list(dict.fromkeys(parcels[is_again]))[:MOST_EXAMPLES]
    examples = [_example(parcel, rows[parcels == parcel].tolist()) for parcel in shared]
    return Merging(count=int(is_again.sum()), examples=tuple(examples))


def _example(parcel: object, rows: Sequence[int]) -> str:
    return f"{shown(parcel)} (rows {name_few([str(row) for row in rows], total=len(rows))})"
