"""What the cells of a label file say: the value and the year of each label."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from imagery.errors import InputError
from imagery.troubles import Trouble, shown, trouble_of
from imagery.values.coded import NO, YES, YES_NO
from imagery.values.days import FIRST_YEAR

_DAY_OF_YEAR = r"^\s*(\d{4})[-/]\d{1,2}[-/]\d{1,2}(?:[T ].*)?$"
"""A day that begins with its year, such as 2023-03-11."""
UNCLEAR = ("", "cannot tell", "unknown", "na")
"""How a label says that the person could not tell, in lower case."""

CANNOT_TELL = "could not tell"
NOT_OPEN = "no open roof found"
"""How labels are called in lists and packets."""

MOST_WITHOUT_YEAR = 0.1
"""Share of the labels above which years that cannot be read are to be mended first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """A column of the label file."""

    file: str
    """Name of the file."""
    column: str
    """Name of the column."""
    texts: pd.Series
    """What it says."""
    names: pd.Series
    """Id of each row's parcel, as in the file."""
    rows: pd.Series
    """Number of each row in the file."""

    def examples(self, places: pd.Series) -> tuple[str, ...]:
        """Name the rows at some places and what they say."""
        return tuple(
            f"row {self.rows.iloc[place]} {shown(self.names.iloc[place])} "
            f"has {shown(self.texts.iloc[place])}"
            for place in np.flatnonzero(places.to_numpy()).tolist()
        )


def read_values(cells: Cells, *, is_percent: bool) -> pd.Series:
    """Return the value of each label as a number, NaN where the person could not tell.

    A label that cannot be read is refused, not left out: it may be the one that confirms a roof.

    Raises:
        InputError: a value is neither a number nor a word for yes, no or "cannot tell", or the
            percentages look like shares of 1.
    """
    texts = cells.texts
    is_unclear = texts.str.lower().isin(UNCLEAR)
    if is_percent:
        plain = texts.where(~is_unclear).str.replace(r"\s*%\s*$", "", regex=True)
        numbers = pd.to_numeric(plain, errors="coerce")
        is_number = numbers.between(0, 100)
        _refuse_shares(cells, numbers)
        want = "a percentage from 0 to 100"
    else:
        numbers = pd.Series(YES_NO.read(texts).state, index=texts.index).astype(np.float64)
        is_number = numbers.isin([NO, YES])
        want = "0 or 1"

    is_wrong = ~is_number & ~is_unclear
    if is_wrong.any():
        place = int(is_wrong.to_numpy().argmax())
        more = int(is_wrong.sum()) - 1
        others = f" and {more:,} more" if more else ""
        raise InputError(
            f"[labels] {cells.file} row {cells.rows.iloc[place]}: "
            f"got {cells.column}={texts.iloc[place]!r}; "
            f"want {want} or 'cannot tell'; correct that row{others}"
        )
    return numbers.where(is_number & ~is_unclear)


def _refuse_shares(cells: Cells, numbers: pd.Series) -> None:
    """Refuse 0.25 for 25%: as a percentage it would call every open roof closed.

    Raises:
        InputError: no number is above 1, and some are between 0 and 1.
    """
    is_share = (numbers > 0) & (numbers < 1) & ~cells.texts.str.contains("%", regex=False)
    if not is_share.any() or numbers.max() > 1:
        return

    place = int(is_share.to_numpy().argmax())
    raise InputError(
        f"[labels] {cells.file} row {cells.rows.iloc[place]}: "
        f"got {cells.column}={cells.texts.iloc[place]!r}, and no value above 1; "
        "want percentages from 0 to 100; multiply the column by 100"
    )


def find_contradictions(failing: pd.Series, groups: pd.Series, cells: Cells) -> Trouble | None:
    """Return the labels that say the contrary of another one of their parcel and year.

    Args:
        failing: What each says; NaN or NA where it does not count.
        groups: Parcel and year of each.
        cells: The column of values.
    """
    said = failing.astype("Float64")
    is_odd = said.groupby(groups).transform("nunique") > 1
    return trouble_of(
        cells.examples(is_odd),
        what="labels that contradict another one of the same parcel and year",
        remedy="keep one of each; until then the one of the most trusted source counts, of "
        "these the latest, of these the last row",
    )


def read_years(texts: pd.Series) -> pd.Series:
    """Return the year of each label; NaN where no whole year from 1900 to next year can be read."""
    plain = texts.str.replace(_DAY_OF_YEAR, r"\1", regex=True)
    years = pd.to_numeric(plain, errors="coerce").astype(np.float64)
    is_year = years.between(FIRST_YEAR, date.today().year + 1) & (years % 1 == 0)
    return years.where(is_year)


def find_bad_years(cells: Cells, years: pd.Series) -> Trouble | None:
    """Return the labels whose year cannot be read."""
    is_bad = years.isna()
    return trouble_of(
        cells.examples(is_bad),
        what="labels with a year that cannot be read",
        remedy=f"write a year from {FIRST_YEAR} to next year; until then they are not used",
        is_fix=int(is_bad.sum()) > MOST_WITHOUT_YEAR * len(is_bad),
    )


def read_chances(texts: pd.Series) -> pd.Series:
    """Return the chance with which each label was chosen; NaN where none can be read."""
    is_percent = texts.str.contains("%", regex=False)
    plain = texts.str.replace(r"\s*%\s*$", "", regex=True)
    plain = plain.str.replace(r"^0?,(\d+)$", r"0.\1", regex=True)
    numbers = pd.to_numeric(plain, errors="coerce").astype(np.float64)
    chances = numbers.where(~is_percent, numbers / 100)
    return chances.where((chances > 0) & (chances <= 1))


def find_bad_chances(cells: Cells, chances: pd.Series) -> Trouble | None:
    """Return the labels with a chance that cannot be read."""
    is_bad = chances.isna() & ~cells.texts.str.lower().isin(UNCLEAR)
    return trouble_of(
        cells.examples(is_bad),
        what="labels with a chance that cannot be read",
        remedy="write a number above 0 and at most 1; until then it counts as not known",
    )


def describe_numbers(numbers: pd.Series, *, is_percent: bool) -> pd.Series:
    """Say each label in words."""
    words = [_describe(number, is_percent=is_percent) for number in numbers]
    return pd.Series(words, index=numbers.index, dtype="str")


def _describe(number: float, *, is_percent: bool) -> str:
    if pd.isna(number):
        return CANNOT_TELL
    if is_percent:
        return f"{number:g}% of the roof open" if number > 0 else NOT_OPEN
    return "roof open or failing" if number >= 0.5 else NOT_OPEN
