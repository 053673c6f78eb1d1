"""Coded values: the words with which cities say yes or no in a column. No file is opened.

What is in neither list is not known. It never counts as no.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.troubles import Trouble, only_troubles, shown

YES = 1
NO = 0
NOT_KNOWN = -1
MOST_STRANGE = 0.1
"""Share of the cells with a value above which one that is in no list is to be mended first."""
MOST_OCCUPIED = 0.5
"""Share of the vacants that are occupied above which the column may say the contrary."""

_YES_WORDS = ("y", "yes", "t", "true", "1")
_NO_WORDS = ("n", "no", "f", "false", "0")
_OCCUPIED_WORDS = (
    "occ",
    "occupied",
    "fullyoccupied",
    "partiallyoccupied",
    "partlyoccupied",
    "inhabited",
    "livedin",
    "owner",
    "ownerocc",
    "owneroccupied",
    "tenant",
    "tenantocc",
    "tenantoccupied",
    "renter",
    "renteroccupied",
    "rented",
    "leased",
)
_VACANT_WORDS = (
    "vac",
    "vacant",
    "vacantbuilding",
    "unocc",
    "unoccupied",
    "notoccupied",
    "nonoccupied",
    "uninhabited",
    "empty",
    "abandoned",
    "none",
)
NO_ANSWERS = frozenset(
    {"", "-", "--", "?", "u", "unk", "unknown", "notknown", "undetermined", "na", "null", "nan"}
)
"""How a cell says that nobody knows; no list needs them."""
_BREAKS = re.compile(r"(?<=[a-z])[\s_\-/.]+(?=[a-z])")
_WHOLE_NUMBER = re.compile(r"([+-]?\d+)\.0*")

States = NDArray[np.int8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The words of one column, as `plain_word` spells them."""

    yes: frozenset[str]
    """Words for yes."""
    no: frozenset[str]
    """Words for no."""

    def with_words(self, *, yes: Iterable[str], no: Iterable[str]) -> "Codes":
        """Return the codes with a city's own words, which count before ours.

        Raises:
            ValueError: a word is in both.
        """
        own_yes = frozenset(plain_word(word) for word in yes)
        own_no = frozenset(plain_word(word) for word in no)
        both = sorted(own_yes & own_no)
        if both:
            raise ValueError(f"{both[0]!r} says yes and no; want each value in one list")
        return Codes(yes=(self.yes - own_no) | own_yes, no=(self.no - own_yes) | own_no)

    def read(self, texts: pd.Series) -> "Coded":
        """Read a column of text."""
        places, distinct = pd.factorize(texts.to_numpy(dtype=object))
        words = [plain_word(str(text)) for text in distinct]
        states = np.array([self._state(word) for word in words], dtype=np.int8)
        is_named = self.yes | self.no
        is_blank = [word in NO_ANSWERS and word not in is_named for word in words]
        return Coded(
            state=states[places],
            is_blank=np.array(is_blank, dtype=np.bool_)[places],
        )

    def _state(self, word: str) -> int:
        if word in self.yes:
            return YES
        return NO if word in self.no else NOT_KNOWN


YES_NO = Codes(yes=frozenset(_YES_WORDS), no=frozenset(_NO_WORDS))
"""Any question, such as whether a building is secured or a sign is posted."""
OCCUPANCY = Codes(
    yes=frozenset((*_YES_WORDS, *_OCCUPIED_WORDS)), no=frozenset((*_NO_WORDS, *_VACANT_WORDS))
)
"""Whether people live in a building."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """A column of coded values as it was read."""

    state: States
    """`YES`, `NO` or `NOT_KNOWN`, (n,)."""
    is_blank: Mask
    """Where the cell says nothing, or that nobody knows, (n,)."""

    @property
    def is_strange(self) -> Mask:
        """Tell which cells hold a value that is in no list, (n,)."""
        return np.asarray((self.state == NOT_KNOWN) & ~self.is_blank, dtype=np.bool_)

    def of_each(self, ids: pd.Series) -> States:
        """Return the state of each row's parcel: yes where any row says so, else not known."""
        if ids.is_unique:
            return self.state

        rows = pd.DataFrame({"id": ids.to_numpy(), "state": self.state})
        by_id = rows.groupby("id")["state"]
        least = by_id.transform("min").to_numpy()
        most = by_id.transform("max").to_numpy()
        return np.where(most == YES, YES, least).astype(np.int8)


def plain_word(text: str) -> str:
    """Return a value as lists of words have it: small letters, no blanks between, no ".0"."""
    bare = text.strip().casefold()
    number = _WHOLE_NUMBER.fullmatch(bare)
    if number:
        return number[1]
    return _BREAKS.sub("", bare.rstrip("."))


def find_strange(coded: Coded, texts: pd.Series, *, what: str, remedy: str) -> Trouble | None:
    """Return the values that are in no list, with how many cells have each."""
    named = _count_values(texts[coded.is_strange])
    if not named:
        return None

    cells = int(coded.is_strange.sum())
    filled = int((~coded.is_blank).sum())
    return Trouble(
        what=what,
        examples=tuple(named),
        remedy=remedy,
        is_fix=cells > MOST_STRANGE * filled,
        count=cells,
        is_grouped=True,
    )


def _count_values(texts: pd.Series) -> list[str]:
    """Name each value and how many cells have it, the most common first."""
    return [f"{shown(value)} ({count:,})" for value, count in texts.value_counts().items()]


def find_bad_occupancy(
    coded: Coded, texts: pd.Series, *, file: str, column: str
) -> tuple[Trouble, ...]:
    """Return the cells that do not say whether people live in a parcel."""
    where = f"{file} {column}: parcels"
    strange = find_strange(
        coded,
        texts,
        what=f"{where} with a value of occupied that is not known",
        remedy="name it in [parcels] occupied_values or vacant_values; "
        "until then a neighbor with it counts as unknown (U), never as empty",
    )
    return only_troubles([strange, _find_blank(coded, texts, where)])


def find_turned_round(state: States, names: pd.Series) -> Trouble | None:
    """Return the vacants that the column calls occupied, where they are most of them.

    Args:
        state: State of each vacant, (n,).
        names: Their ids.
    """
    is_yes = state == YES
    if not len(state) or is_yes.sum() <= MOST_OCCUPIED * len(state):
        return None
    return Trouble(
        what="vacants that [parcels] occupied calls occupied, most of all vacants",
        examples=tuple(shown(name) for name in names[is_yes].iloc[:3]),
        remedy="see whether the column says who is vacant; then name its values in "
        "[parcels] occupied_values and vacant_values",
        count=int(is_yes.sum()),
    )


def _find_blank(coded: Coded, texts: pd.Series, where: str) -> Trouble | None:
    blank = int(coded.is_blank.sum())
    if not blank:
        return None
    return Trouble(
        what=f"{where} that do not say whether people live there "
        f"({blank / len(coded.state):.1%} of them)",
        examples=tuple(_count_values(texts[coded.is_blank])),
        remedy='such a neighbor counts as unknown (U); add "" to [parcels] vacant_values '
        "if an empty cell means that nobody lives there",
        count=blank,
        is_grouped=True,
    )
