"""Which column of the parcels is key, block, address, neighborhood, district, occupied."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from roofwatch.proposal.choice import Candidate, Choice
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.keys import Key
from roofwatch.proposal.layers import ParcelLayer
from roofwatch.proposal.names import hints_at
from roofwatch.proposal.occupancy import APART, find_apart, may_be_occupied
from roofwatch.proposal.overlaps import clumping, find_nearest, share_next_door

CLUMPED = 0.5
"""From here on the members of a group lie together: see `clumping`."""
MOST_OF_BLOCK = 300
MOST_DISTRICTS = 120
MOST_NEIGHBORHOODS = 1_000
TURNED_ROUND = 1
"""Place of a candidate that says yes for vacant parcels."""
BY_NAME_ONLY = "only its name suggests it"
BY_CONTENT_ONLY = "its content fits and its name says nothing"


def choose_key(layer: ParcelLayer) -> Choice:
    """Return the choice of the key of the parcels."""
    points = layer.key_points
    keys = sorted(
        layer.keys,
        key=lambda key: (points[key.columns], key.is_plain, _is_named(key.columns), key.unique),
        reverse=True,
    )
    candidates = tuple(
        Candidate(
            value=key.value,
            evidence=_key_words(key, layer.shares[key.columns]),
            place=layer.keys.index(key),
        )
        for key in keys[:4]
    )
    doubt = ""
    rivals = [key for key in keys if key.is_plain and len(key.columns) == 1]
    if keys and not keys[0].is_plain:
        doubt = "it looks like an address or a number of rows, not like a key"
    elif keys and points[keys[0].columns] < 0.5 and rivals != keys[:1]:
        doubt = "no key of another table matches it"
    return Choice(
        key="id", candidates=candidates, doubt=doubt, missing="a column that is different in 90%"
    )


def _key_words(key: Key, shares: Sequence[float]) -> str:
    words = f"{key.unique:.1%} of {len(key.said):,} are different"
    if not shares:
        return f"{words}; keys of no other table match"
    tables = "1 other table" if len(shares) == 1 else f"{len(shares)} other tables"
    return f"{words}; {min(shares):.1%} or more of the keys of {tables} match"


def _is_named(columns: Sequence[str]) -> bool:
    return any(hints_at(name.lower(), "id") for name in columns)


@dataclass(frozen=True, kw_only=True, eq=False)
class ParcelColumns:
    """The columns of the parcels beside the key, and what helps to tell them apart."""

    looks: tuple[ColumnLook, ...]
    """The columns."""
    ids: pd.Series
    """Key of each parcel, (n,)."""
    points: NDArray[np.float64]
    """Middle of each parcel, lon and lat, (n, 2)."""
    is_vacant: NDArray[np.bool_]
    """Which parcels have a notice, (n,)."""
    listed: frozenset[str] = frozenset()
    """Columns whose cells other tables have too."""

    @cached_property
    def nearest(self) -> NDArray[np.intp]:
        """Return the parcel next to each, (n,)."""
        return find_nearest(self.points)

    def clumps(self, look: ColumnLook) -> float:
        """Tell how much more often neighbors have one value than by lot, from 0 to 1."""
        codes, _ = pd.factorize(look.texts.to_numpy(dtype=object))
        return clumping(codes, self.nearest)

    def together(self, look: ColumnLook) -> str:
        """Say how often neighbors have the same value."""
        codes, _ = pd.factorize(look.texts.to_numpy(dtype=object))
        return f"{share_next_door(codes, self.nearest):.0%} of the parcels have that of the nearest"

    def named(self, role: str) -> list[ColumnLook]:
        """Return the columns whose name hints at a role."""
        return [look for look in self.looks if hints_at(look.plain, role)]

    def choices(self) -> list[Choice]:
        """Return the choices of all keys beside the id, without those that have no candidate."""
        block = self._block()
        taken = {block.best.value} if block.best and not block.doubt else set()
        fire = self._district("fire_district", taken)
        taken |= {fire.best.value} if fire.best and not fire.doubt else set()
        found = [
            block,
            self._address(),
            self._neighborhood(),
            fire,
            self._district("inspection_district", taken),
            self._occupied(),
        ]
        return found

    def _address(self) -> Choice:
        looks = [look for look in self.looks if look.is_addresses >= 0.7 and look.filled >= 0.5]
        looks.sort(key=lambda look: (self._address_rank(look), look.unique), reverse=True)
        candidates = [
            Candidate(
                value=look.name,
                evidence=f'{look.is_addresses:.0%} read like "{look.sample.iloc[0]}"'
                + ("; lists have them too" if look.name in self.listed else ""),
            )
            for look in looks
        ]
        doubt = ""
        if len(looks) > 1 and self._address_rank(looks[0]) == self._address_rank(looks[1]):
            doubt = "several columns hold addresses; an owner's is no place"
        return _choice("address", candidates, doubt, "a house number and a street")

    def _address_rank(self, look: ColumnLook) -> int:
        """Rank columns of addresses: those of lists come first, and an owner's last."""
        is_owner = any(word in look.plain for word in ("own", "mail", "tax", "bill"))
        is_listed = look.name in self.listed
        return 2 * is_listed + hints_at(look.plain, "address") - 2 * is_owner

    def _block(self) -> Choice:
        begins = [(look, self._begins_id(look)) for look in self.looks]
        prefixes = [look for look, share in begins if share >= 0.95]
        candidates = [
            Candidate(value=look.name, evidence=f"the key begins with it; {self._sizes(look)}")
            for look in prefixes
        ]
        named = [look for look in self.named("block") if 1 < look.distinct < len(look.texts) / 2]
        if not prefixes:
            candidates = [
                Candidate(
                    value=look.name,
                    evidence=f"{self._sizes(look)}; {self.together(look)}",
                )
                for look in named
            ]
        doubt = "several columns could be the block" if len(candidates) > 1 else ""
        if len(prefixes) == 1 and not doubt and _rows_each(prefixes[0]) > MOST_OF_BLOCK:
            doubt = "its groups are larger than blocks"
        if not prefixes and not doubt and named and self.clumps(named[0]) < CLUMPED:
            doubt = "parcels with one value do not lie together"
        return _choice("block", candidates, doubt, "the beginning of the key, or a named block")

    def _begins_id(self, look: ColumnLook) -> float:
        """Return the share of the parcels whose key begins with the cell."""
        is_group = 1 < look.distinct <= len(look.texts) / 2
        if not is_group or look.filled < 0.95 or look.sample.str.len().median() < 2:
            return 0.0
        pairs = zip(self.ids[look.sample.index], look.sample, strict=True)
        return float(np.mean([key.startswith(text) for key, text in pairs]))

    def _sizes(self, look: ColumnLook) -> str:
        return f"{look.distinct:,} values, {_rows_each(look):,.0f} rows each"

    def _neighborhood(self) -> Choice:
        named = [
            look
            for look in self.named("neighborhood")
            if look.distinct <= MOST_NEIGHBORHOODS and look.filled >= 0.5
        ]
        named.sort(key=lambda look: look.is_words, reverse=True)
        if named:
            doubt = "" if len(named) == 1 or named[1].is_words < 0.5 else "several are named so"
            return _choice("neighborhood", [self._group(look) for look in named], doubt)

        looks = [look for look in self.looks if self._is_area(look) and look.is_words >= 0.9]
        return _choice(
            "neighborhood",
            [self._group(look) for look in looks],
            BY_CONTENT_ONLY,
            "names whose parcels lie together",
        )

    def _is_area(self, look: ColumnLook) -> bool:
        """Tell whether a column could name parts of the city."""
        is_few = look.distinct <= max(2, min(MOST_NEIGHBORHOODS, len(look.texts) / 5))
        is_other = look.is_occupancy >= 0.9 or look.is_days > 0.5 or look.filled < 0.8
        is_other |= hints_at(look.plain, "other")
        if not is_few or is_other:
            return False
        return look.distinct == 1 or self.clumps(look) >= CLUMPED

    def _district(self, key: str, taken: set[object]) -> Choice:
        named = [
            look
            for look in self.named(key)
            if look.distinct <= MOST_DISTRICTS and look.filled >= 0.5 and not look.is_days > 0.5
        ]
        named = [look for look in named if look.name not in taken and look.is_occupancy < 0.9]
        if named:
            doubt = "several are named so" if len(named) > 1 else ""
            return _choice(key, [self._group(look) for look in named], doubt)

        other = {"fire_district": "inspection_district", "inspection_district": "fire_district"}
        looks = [
            look
            for look in self.looks
            if look.is_codes >= 0.9 and look.distinct <= MOST_DISTRICTS and self._is_area(look)
        ]
        looks = [
            look
            for look in looks
            if look.name not in taken and not hints_at(look.plain, other[key])
        ]
        doubt = "content does not tell whose districts these are"
        return _choice(key, [self._group(look) for look in looks], doubt, "short codes of areas")

    def _group(self, look: ColumnLook) -> Candidate:
        few = ", ".join(look.said.value_counts().index[:3])
        words = f"{look.distinct:,} {'value' if look.distinct == 1 else 'values'} ({few})"
        if look.distinct > 1:
            words += f"; {self.together(look)}"
        return Candidate(value=look.name, evidence=words)

    def _occupied(self) -> Choice:
        """Return the choice of `occupied`: people live where no notice is, and not where one is."""
        found = []
        for look in filter(may_be_occupied, self.looks):
            apart = find_apart(look, self.is_vacant)
            if abs(apart) >= APART or hints_at(look.plain, "occupied"):
                found.append((look, apart))
        found.sort(key=lambda pair: abs(pair[1]), reverse=True)

        candidates = [
            Candidate(
                value=look.name,
                evidence=_apart_words(apart),
                place=TURNED_ROUND if apart <= -APART else 0,
            )
            for look, apart in found
        ]
        doubt = ""
        if found:
            doubt = _occupied_doubt(found[0][0], [apart for _, apart in found])
        missing = "yes or no that differs between parcels with and without a notice"
        return _choice("occupied", candidates, doubt, missing)


def _occupied_doubt(look: ColumnLook, apart: Sequence[float]) -> str:
    """Say why the best column may not be the one; "" where it is."""
    if abs(apart[0]) < APART:
        return BY_NAME_ONLY
    if apart[0] < 0:
        return "it says yes for vacant parcels, so its values are turned round"
    if len(apart) > 1 and abs(apart[1]) > abs(apart[0]) - 0.1:
        return "several columns fit"
    is_bare = look.is_yes_no >= 0.9 and not hints_at(look.plain, "occupied")
    return BY_CONTENT_ONLY if is_bare else ""


def _rows_each(look: ColumnLook) -> float:
    return len(look.said) / max(look.distinct, 1)


def _apart_words(apart: float) -> str:
    if abs(apart) < APART:
        return "yes or no; the notices do not confirm it"
    more = "more" if apart > 0 else "less"
    return f"says yes {abs(apart):.0%} {more} often where there is no notice"


def _choice(key: str, candidates: list[Candidate], doubt: str = "", missing: str = "") -> Choice:
    said = doubt if candidates else ""
    return Choice(key=key, candidates=tuple(candidates), doubt=said, missing=missing)
