"""The layer that could be the parcels, and what is known of every other table beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imagery.roll.keys import match_ids
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.keys import Fit, Key, find_fits, parcel_keys
from roofwatch.proposal.names import hints_at
from roofwatch.proposal.occupancy import find_apart, may_be_occupied
from roofwatch.proposal.overlaps import Overlap, find_overlap
from roofwatch.proposal.places import Place, find_places
from roofwatch.proposal.tables import CityTable

MATCHES = 0.5
"""Share of a table's keys that must match for it to be a list of these parcels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ParcelLayer:
    """A layer of outlines that could be the parcels, with what matches it."""

    table: CityTable
    """The layer."""
    others: tuple[CityTable, ...]
    """All other tables."""

    @cached_property
    def keys(self) -> list[Key]:
        """Return the columns that could be its key."""
        return parcel_keys(self.table)

    @cached_property
    def fits(self) -> dict[str, list[Fit]]:
        """Return how keys of each other table match, by the table's name, best first."""
        return {str(index): find_fits(table, self.keys) for index, table in enumerate(self.others)}

    def fits_of(self, table: CityTable) -> list[Fit]:
        """Return how keys of one table match, the best first."""
        return self.fits[str(self.others.index(table))]

    @cached_property
    def shares(self) -> dict[tuple[str, ...], list[float]]:
        """Return for each key which shares of the keys of other tables match it."""
        shares: dict[tuple[str, ...], list[float]] = {key.columns: [] for key in self.keys}
        for fits in self.fits.values():
            for name in shares:
                own = [fit.share for fit in fits if fit.parcels.columns == name]
                if max(own, default=0.0) >= MATCHES:
                    shares[name].append(max(own))
        return shares

    @property
    def listed(self) -> frozenset[str]:
        """Return the single columns whose cells other tables have too."""
        return frozenset(name[0] for name, shares in self.shares.items() if shares)

    @cached_property
    def key_points(self) -> dict[tuple[str, ...], float]:
        """Return for each key how much of the other tables matches it."""
        weights = {key.columns: key.worth for key in self.keys}
        return {name: weights[name] * sum(shares) for name, shares in self.shares.items()}

    @property
    def points(self) -> float:
        """Return how much suggests that these are the parcels."""
        hint = 0.3 if hints_at(self.table.plain, "parcels") else 0.0
        return max(self.key_points.values(), default=0.0) + hint

    @property
    def evidence(self) -> str:
        """Say what suggests it."""
        lists = [fits[0] for fits in self.fits.values() if fits and fits[0].share >= MATCHES]
        if not lists:
            return f"{len(self.table.rows):,} outlines; keys of no other table match"
        return (
            f"{len(self.table.rows):,} outlines; keys of {len(lists)} other "
            f"{'table' if len(lists) == 1 else 'tables'} match"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class TableFacts:
    """What is known of a table beside the parcels."""

    table: CityTable
    """The table."""
    parcels: ParcelLayer
    """The parcels."""
    key: Key | None
    """Key of the parcels, None where there is none."""

    @cached_property
    def fits(self) -> list[Fit]:
        """Return how its columns match the key of the parcels, best first."""
        if self.key is None:
            return []
        found = self.parcels.fits_of(self.table)
        return [fit for fit in found if fit.parcels.columns == self.key.columns]

    @property
    def fit(self) -> Fit | None:
        """Return the best one that matches at all."""
        best = self.fits[0] if self.fits else None
        return best if best and best.share >= MATCHES else None

    @cached_property
    def overlap(self) -> Overlap:
        """Return how its outlines lie on the parcels."""
        return find_overlap(self.table, self.parcels.table)

    @cached_property
    def places(self) -> list[Place]:
        """Return columns and points that say where its rows are."""
        return find_places(self.table, self.parcels.table)

    def columns(self, test: Callable[[ColumnLook], bool]) -> list[ColumnLook]:
        """Return the columns beside the key that pass a test."""
        keys = self.fit.key.columns if self.fit else ()
        looks = self.table.looks.values()
        return [look for look in looks if look.name not in keys and test(look)]

    def is_named(self, role: str) -> bool:
        """Tell whether the name of the table or of one of its columns hints at a role."""
        names = [self.table.plain, *(look.plain for look in self.table.looks.values())]
        return any(hints_at(name, role) for name in names)

    @cached_property
    def is_listed(self) -> NDArray[np.bool_]:
        """Return which parcels the table lists by key, (n,)."""
        if self.fit is None:
            return np.zeros(len(self.parcels.table.rows), dtype=np.bool_)
        return match_ids(self.fit.parcels.ids, self.fit.key.known).is_found

    @cached_property
    def emptier(self) -> float:
        """Return how much less often its parcels are called occupied than others."""
        looks = self.parcels.table.looks.values()
        return max(
            (abs(find_apart(look, self.is_listed)) for look in looks if may_be_occupied(look)),
            default=0.0,
        )

    @cached_property
    def days(self) -> list[ColumnLook]:
        """Return columns of days."""
        return self.columns(lambda look: look.is_days >= 0.8 and look.filled > 0)

    @cached_property
    def years(self) -> list[ColumnLook]:
        """Return columns of years of flyovers."""
        return self.columns(lambda look: look.is_years >= 0.95 and look.filled >= 0.9)

    @cached_property
    def values(self) -> list[ColumnLook]:
        """Return columns that could say that a roof fails: 0 and 1, or percent."""
        return self.columns(lambda look: _is_value(look) and look not in self.years)

    @cached_property
    def addresses(self) -> list[ColumnLook]:
        """Return columns of addresses."""
        return self.columns(lambda look: look.is_addresses >= 0.8)


def _is_value(look: ColumnLook) -> bool:
    if look.filled < 0.5 or look.is_counter:
        return False
    is_flag = look.is_yes_no >= 0.95 and look.distinct <= 4
    is_percent = look.is_percent == 1 and not look.is_share and look.numbers.notna().any()
    return is_flag or bool(is_percent)


def match_words(fit: Fit) -> str:
    """Say how many keys match."""
    return f"{fit.key.name}: {fit.share:.1%} of {fit.total:,} rows match {fit.parcels.name}"
