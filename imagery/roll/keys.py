"""Parcel ids however they are spelled: the one way in which tables are matched.

An id means the parcel that is spelled exactly so. Where there is none, it means the parcel that
differs only in case and in blanks, first at the ends, then inside. Then come two looser spellings:
without dashes, other punctuation and a float tail ".0", and at last without leading zeros too. A
loose spelling counts only where one id of each side has it. An id that fits several is a collision.
It matches nothing, and is named. No file is opened.
"""

import re
import string
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imagery.values.spreadsheets import is_changed

Places = NDArray[np.intp]
"""Places of ids in a list, (n,), -1 for none."""

_BLANKS = string.whitespace
_FLOAT_TAIL = r"\.0+$"
_PUNCTUATION = r"[^0-9a-z]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Matches:
    """Which known id each wanted id means."""

    place: Places
    """Place of the known id for each wanted one, -1 where there is none for certain."""
    collisions: Mapping[str, tuple[str, ...]]
    """Wanted ids that fit several ids, each with the others; known ids come first."""

    @property
    def is_found(self) -> NDArray[np.bool_]:
        """Return which wanted ids mean a known one, (n,)."""
        return self.place >= 0


def match_ids(wanted: pd.Series, known: pd.Series) -> Matches:
    """Find which known id each wanted id means.

    Args:
        wanted: Ids as text, any number of times; "" means none.
        known: Ids as text, each once.

    Raises:
        ValueError: a known id appears twice.
    """
    numbers, names = pd.factorize(wanted.astype("str"))
    ids = known.astype("str").reset_index(drop=True)
    if not ids.is_unique:
        raise ValueError(f"known id {ids[ids.duplicated()].iloc[0]!r} appears twice, want once")

    search = _Search(wanted=Spellings(ids=pd.Series(names, dtype="str")), known=Spellings(ids=ids))
    place = search.exact()
    is_open = place < 0
    collisions: dict[str, tuple[str, ...]] = {}
    for form in _FORMS:
        for result in search.by_form(form, np.flatnonzero(is_open)):
            place[result.row] = result.place
            is_open[result.row] = False
            if result.others:
                collisions[str(names[result.row])] = result.others
    return Matches(place=place[numbers], collisions=collisions)


@dataclass(frozen=True, kw_only=True, eq=False)
class Spellings:
    """A column of ids in every form in which ids are compared."""

    ids: pd.Series
    """As they are spelled."""

    @cached_property
    def plain(self) -> pd.Series:
        """Return them without blanks at the ends, in lower case."""
        keys = self.ids.str.strip(_BLANKS).str.lower()
        return _with_foreign(keys, self.ids, plain_key)

    @cached_property
    def blankless(self) -> pd.Series:
        """Return the same without any blank."""
        return self.plain.str.replace(r"\s+", "", regex=True)

    @cached_property
    def joined(self) -> pd.Series:
        """Return letters and digits only, in lower case, without a float tail ".0"."""
        without_tail = self.plain.str.replace(_FLOAT_TAIL, "", regex=True)
        keys = without_tail.str.replace(_PUNCTUATION, "", regex=True)
        return _with_foreign(keys, self.ids, joined_key)

    @cached_property
    def bare(self) -> pd.Series:
        """Return the same without leading zeros."""
        bare = self.joined.str.lstrip("0")
        return bare.where((bare != "") | (self.joined == ""), "0")


Form = Callable[[Spellings], pd.Series]
"""One form of spelling."""


def _plain(spellings: Spellings) -> pd.Series:
    return spellings.plain


def _blankless(spellings: Spellings) -> pd.Series:
    return spellings.blankless


def _joined(spellings: Spellings) -> pd.Series:
    return spellings.joined


def _bare(spellings: Spellings) -> pd.Series:
    return spellings.bare


_FORMS: tuple[Form, ...] = (_plain, _blankless, _joined, _bare)
"""From the closest to the loosest."""


def plain_key(text: str) -> str:
    """Return one id without blanks at the ends, in lower case."""
    return unicodedata.normalize("NFKC", text).strip(_BLANKS).casefold()


def joined_key(text: str) -> str:
    """Return letters and digits of one id only, in lower case, without a float tail ".0".

    >>> joined_key("0216-001") == joined_key("0216 001.0 ")
    True
    """
    without_tail = re.sub(_FLOAT_TAIL, "", plain_key(text))
    return "".join(letter for letter in without_tail if letter.isalnum())


def _with_foreign(keys: pd.Series, ids: pd.Series, key: Callable[[str], str]) -> pd.Series:
    """Return the keys, made one by one where an id is not ASCII."""
    is_foreign = ~ids.str.isascii()
    if not is_foreign.any():
        return keys
    made = keys.copy()
    made[is_foreign] = ids[is_foreign].map(key)
    return made


def are_split_alike(first: str, second: str) -> bool:
    """Tell whether two ids with the same letters may be one.

    Blanks and punctuation may be missing from one of them, but stand at no other places.

    >>> are_split_alike("216-0001", "2160001"), are_split_alike("216-0001", "21-60001")
    (True, False)
    """
    breaks = _breaks(first)
    others = _breaks(second)
    return breaks <= others or others <= breaks


def _breaks(text: str) -> frozenset[int]:
    """Return after how many letters and digits, counted from the end, an id is split."""
    breaks = set()
    count = 0
    for letter in reversed(re.sub(_FLOAT_TAIL, "", plain_key(text))):
        if letter.isalnum():
            count += 1
        else:
            breaks.add(count)
    return frozenset(breaks - {0, count})


@dataclass(frozen=True, kw_only=True)
class _Result:
    """What one wanted id came to."""

    row: int
    """Its place among the wanted ids."""
    place: int = -1
    """Place of the known id, -1 for a collision."""
    others: tuple[str, ...] = ()
    """The ids with which it collides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """Two lists of ids, each id once."""

    wanted: Spellings
    """Ids that are looked for."""
    known: Spellings
    """Ids among which they are looked for, index from 0."""

    def exact(self) -> Places:
        """Return the place of the known id that is spelled exactly so, for each wanted one."""
        place = _places_in(self.wanted.ids, self.known.ids)
        place[(self.wanted.plain == "").to_numpy(bool)] = -1
        return place

    def by_form(self, form: Form, rows: Places) -> Iterator[_Result]:
        """Look the wanted ids that are still open up in one form of spelling."""
        keys = form(self.wanted).iloc[rows].tolist()
        near = self._near(form, keys)
        is_loose = form is not _plain
        rivals = self._rivals(form, near) if is_loose else {}
        names = self.wanted.ids.iloc[rows].tolist()

        for row, name, key in zip(rows.tolist(), names, keys, strict=True):
            found = near.get(key)
            if found is None or (is_loose and is_changed(name)):
                continue
            if len(found) == 1 and (not is_loose or _are_one(rivals[key], form)):
                (spelled, place), *_ = found.items()
                if are_split_alike(name, spelled):
                    yield _Result(row=row, place=place)
                continue
            others = dict.fromkeys([*found, *rivals.get(key, ())])
            yield _Result(row=row, others=tuple(other for other in others if other != name))

    def _near(self, form: Form, keys: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return the known ids that have one of some keys and their places, by key.

        Of what a spreadsheet has changed only the exact spelling counts.
        """
        asked = pd.Series(list(set(keys) - {""}), dtype="str")
        known_keys = form(self.known)
        places = np.flatnonzero(_places_in(known_keys, asked) >= 0)
        names = self.known.ids.iloc[places].tolist()
        near_keys = known_keys.iloc[places].tolist()

        near: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for place, name, key in zip(places.tolist(), names, near_keys, strict=True):
            if form is _plain or not is_changed(name):
                near[key][name] = place
        return dict(near)

    def _rivals(self, form: Form, asked: Mapping[str, object]) -> dict[str, list[str]]:
        """Return the wanted ids of each key."""
        keys = form(self.wanted)
        rows = np.flatnonzero(_places_in(keys, pd.Series(list(asked), dtype="str")) >= 0)
        names = self.wanted.ids.iloc[rows].tolist()

        rivals: defaultdict[str, list[str]] = defaultdict(list)
        for name, key in zip(names, keys.iloc[rows].tolist(), strict=True):
            rivals[key].append(name)
        return rivals


def _are_one(names: list[str], form: Form) -> bool:
    """Tell whether ids with one key are one: they differ in case and in blanks at most."""
    if len(names) == 1:
        return True
    if form is not _blankless and len({"".join(plain_key(name).split()) for name in names}) > 1:
        return False
    return all(are_split_alike(first, second) for first, second in combinations(names, 2))


def _places_in(ids: pd.Series, all_ids: pd.Series) -> Places:
    """Return the place of each id in a list, -1 for one that is not there."""
    values = pa.array(all_ids, type=pa.large_string())
    places = pc.index_in(pa.array(ids, type=pa.large_string()), value_set=values)
    return np.array(pc.fill_null(places, -1), dtype=np.intp)
