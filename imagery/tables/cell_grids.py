"""From rows of cells to a table: what is no row, and rows of another width. No file is opened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.errors import InputError
from imagery.tables.quoted_rows import Row
from imagery.tables.signatures import PROBED, Signatures, learn_signatures
from imagery.tables.table_file import GEOMETRY_TEXT, Table, TableFile
from imagery.troubles import Trouble, only_troubles, shown, trouble_of

MANY = 0.1
"""Share of rows of another width from which on the header itself is in doubt."""
MOST_CLOSING = 30
"""Lines from the end among which closing lines are looked for."""

_CLOSING = re.compile(
    r"""^[\W_]*(
        (grand\s|sub)?totals?\b | count\b | sum\b | (number|no\.?)\sof\b | source\b | sources\b
        | \d[\d,]*\s+(rows?|records?|results?|notices?|parcels?|items?)\b | (rows?|records?)\b
        | end\sof\b | (re)?generated\b | printed\b | created\b | exported\b | extracted\b
        | prepared\b | last\supdated?\b | updated\b | as\sof\b | run\s(date|on)\b | report\b
        | page\s\d | notes?\b | disclaimer\b | copyright\b | data\s(from|source|as|provided)\b
        | query\b | filters?\b | applied\sfilters\b | downloaded\b | confidential\b
    )|^\W+$""",
    re.IGNORECASE | re.VERBOSE,
)


_TOTAL = re.compile(r"\W*(grand\s|sub\s?)?(totals?|sum|count)\b(\s(of\s)?\w+)?\W*", re.IGNORECASE)
_FIGURE = re.compile(r"[\d\s.,$%-]+")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """The cells of a table below its header."""

    frame: pd.DataFrame
    """Text, columns from 0 in the order of the header."""
    names: tuple[str, ...]
    """Names of the columns as in the file."""
    lines: NDArray[np.int_]
    """Line or row of the file in which each row begins, from 1, (n,)."""
    is_bare: NDArray[np.bool_]
    """Whether a row holds something that is not certain and was taken away, (n,)."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed so far."""


def make_cells(rows: Sequence[Row], names: tuple[str, ...], file: TableFile) -> Cells:
    """Make every row as wide as the header.

    Empty cells beyond the header are dropped. A row that is longer keeps its id, where it looks
    like the ids of other rows, and nothing else: it is not certain what its other cells are.
    """
    width = len(names)
    forms: Signatures | None = None
    cells = []
    wide = []
    narrow = []
    is_bare = np.zeros(len(rows), dtype=bool)
    for place, row in enumerate(rows):
        kept = row.cells
        while len(kept) > width and not kept[-1].strip():
            kept = kept[:-1]

        if len(kept) > width:
            wide.append(_named(row))
            is_bare[place] = True
            forms = forms or learn_signatures(_within(rows, width), names, file.key)
            kept = _only_id(kept, width, forms)
        elif len(kept) < width:
            if any(cell.strip() for cell in kept):
                narrow.append(_named(row))
            kept = [*kept, *[""] * (width - len(kept))]
        cells.append(kept)

    columns = zip(*cells, strict=True) if cells else [() for _ in names]
    series = {place: pd.Series(list(column), dtype="str") for place, column in enumerate(columns)}
    return Cells(
        frame=pd.DataFrame(series),
        names=names,
        lines=np.array([row.line for row in rows], dtype=np.int_),
        is_bare=is_bare,
        troubles=only_troubles([_wide_rows(wide, len(rows), file), _narrow_rows(narrow, file)]),
    )


def finish_table(cells: Cells, file: TableFile) -> Table:
    """Leave out the rows that hold nothing and those that are no data, and name the columns.

    Raises:
        InputError: a column that the city file names is there twice, with other cells.
    """
    frame = cells.frame
    is_empty = _find_empty(frame) & ~cells.is_bare
    is_header = _find_headers(frame, cells.names)
    is_closing = _find_closing(frame, is_empty | is_header, cells.names, file)
    is_other = is_header | is_closing
    kept = ~(is_empty | is_other)

    table = _name_columns(frame[kept] if not kept.all() else frame, cells.names, file)
    lines = pd.Series(cells.lines[kept])
    return Table(
        rows=gpd.GeoDataFrame(table.reset_index(drop=True)),
        row_numbers=lines,
        troubles=only_troubles([*cells.troubles, _no_rows(cells, is_other, file)]),
        empty=int(is_empty.sum()),
        left_out=int(is_other.sum()),
        bare=frozenset(cells.lines[cells.is_bare].tolist()),
    )


def _within(rows: Sequence[Row], width: int) -> list[list[str]]:
    """Return the cells of rows that hold nothing beyond the header."""
    return [row.cells[:width] for row in rows if not "".join(row.cells[width:]).strip()]


def _named(row: Row) -> str:
    return f"row {row.line} {shown(' | '.join(row.cells))}"


def _only_id(cells: Sequence[str], width: int, forms: Signatures) -> list[str]:
    """Return a row that has nothing but its id, where that is certain."""
    kept = [""] * width
    if forms.fits(cells):
        for place in forms.places:
            kept[place] = cells[place]
    return kept


def _wide_rows(named: Sequence[str], total: int, file: TableFile) -> Trouble | None:
    return trouble_of(
        named,
        what=f"{file.name}: rows with more cells than the header has columns",
        remedy="put cells that hold a separator in quotation marks; until then only the id is used",
        is_fix=len(named) > MANY * total,
    )


def _narrow_rows(named: Sequence[str], file: TableFile) -> Trouble | None:
    return trouble_of(
        named,
        what=f"{file.name}: rows with fewer cells than the header has columns",
        remedy="see that no row is broken in two; the missing cells count as empty",
    )


def _find_empty(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows hold nothing but blanks, (n,)."""
    found = np.arange(len(frame))
    for _, column in frame.items():
        values = column.iloc[found] if len(found) < len(frame) else column
        found = found[(values.str.strip() == "").to_numpy(dtype=bool)]
        if not len(found):
            break

    is_empty = np.zeros(len(frame), dtype=bool)
    is_empty[found] = True
    return is_empty


def _find_headers(frame: pd.DataFrame, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Tell which rows repeat the header, (n,)."""
    found = np.zeros(len(frame), dtype=bool)
    if not len(frame.columns):
        return found

    alike = np.flatnonzero((frame.iloc[:, 0].str.strip() == names[0]).to_numpy(dtype=bool))
    for place in alike.tolist():
        found[place] = tuple(text.strip() for text in frame.iloc[place]) == names
    return found


def _find_closing(
    frame: pd.DataFrame, is_no_row: NDArray[np.bool_], names: tuple[str, ...], file: TableFile
) -> NDArray[np.bool_]:
    """Tell which of the last rows are totals, sources and the like, (n,)."""
    places = np.flatnonzero(~is_no_row)
    candidates: list[int] = []
    for place in places[::-1][:MOST_CLOSING].tolist():
        cells = [str(cell) for cell in frame.iloc[place]]
        if not _reads_as_closing(cells):
            break
        candidates.append(place)

    found = np.zeros(len(frame), dtype=bool)
    if not candidates or 2 * len(candidates) > len(places):
        return found
    above = frame.iloc[: candidates[-1]].head(PROBED)
    forms = learn_signatures(_rows_of(above), names, file.key)
    for place in candidates:
        found[place] = not forms.fits([str(cell) for cell in frame.iloc[place]])
    return found


def _rows_of(frame: pd.DataFrame) -> list[list[str]]:
    return frame.astype(str).to_numpy().tolist()


def _reads_as_closing(cells: Sequence[str]) -> bool:
    """Tell whether a row holds little, and begins as a closing line does."""
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return False
    if _TOTAL.fullmatch(filled[0]) and all(_FIGURE.fullmatch(cell) for cell in filled[1:]):
        return True
    is_sparse = len(filled) <= max(1, len(cells) / 2)
    return is_sparse and _CLOSING.match(filled[0]) is not None


def _no_rows(cells: Cells, is_other: NDArray[np.bool_], file: TableFile) -> Trouble | None:
    """Return the rows that are no data."""
    named = []
    for place in np.flatnonzero(is_other).tolist():
        filled = [text.strip() for text in cells.frame.iloc[place] if text.strip()]
        named.append(f"row {cells.lines[place]} {shown(' | '.join(filled))}")
    return trouble_of(
        named,
        what=f"{file.name}: rows that are no data, such as totals or the header again",
        remedy="they are left out; take them out of the file if that is right",
    )


def _name_columns(frame: pd.DataFrame, names: tuple[str, ...], file: TableFile) -> pd.DataFrame:
    """Give the columns their names; a name that stands there again gets its place behind it."""
    final: list[str] = []
    for place, name in enumerate(names):
        text = name or f"column {place + 1}"
        if text in final and text in file.wanted:
            _check_same(frame.iloc[:, final.index(text)], frame.iloc[:, place], text, file)
        if text in final:
            text = f"{text} ({place + 1})"
        final.append(GEOMETRY_TEXT if text == "geometry" else text)
    return frame.set_axis(final, axis="columns")


def _check_same(first: pd.Series, again: pd.Series, name: str, file: TableFile) -> None:
    """Check that two columns of one name hold the same.

    Raises:
        InputError: they do not.
    """
    if (first.str.strip() == again.str.strip()).all():
        return
    raise InputError(
        f"[{file.what}] path: {file.name} has two columns {name!r} with different cells; "
        "rename one of them"
    )
