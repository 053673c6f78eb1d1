"""The tables of a file of findings: the sheets or the layer whose rows are visits."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyogrio

from imagery.errors import InputError, MissingInput
from imagery.roll.tables import read_table, text_column
from imagery.tables.layers import OWN_TABLES, READ_ERRORS, list_layers, telling_damage, why_unread
from imagery.tables.layouts import clean_names
from imagery.tables.table_file import Table, TableFile
from imagery.tables.workbooks import WORKBOOKS, list_sheets, read_sheet
from imagery.troubles import shown
from labels.filled.percent_cells import read_percents
from labels.filled.questions import PARCEL, PHOTOS, RECORD, ROOF, ROOF_PCT, SCAN, TYPED, Question
from labels.forms import FormColumns, find_columns

WHAT = "findings"
_LAYERED = (".gpkg", ".gdb", ".sqlite")
"""Suffixes of files that may hold several layers."""
_HEAD_ROWS = 30
"""Rows from the top of a sheet among which its header is looked for."""
_MOST_NAMED = 12
"""Columns that a message names."""
_OF_RECORD = "rel_globalid"
_ATTACHMENT = "att_name"
"""Fields of ArcGIS's tables of attachments: the record, and the name of the file."""
_NOTHING = ("", "None", "nan", "<NA>")
_WANTED = (
    "want our work list, an export of our form, or a table whose columns [looks] columns names: "
    "a parcel, a day, and what was seen"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class FindingsTable:
    """One table of visits."""

    sheet: str
    """Sheet or layer, "" for a file that has one table."""
    table: Table
    """Its rows."""
    columns: FormColumns
    """Which column holds which answer."""
    photos: Mapping[str, tuple[str, ...]]
    """Names of attached photos by the id of their record."""
    percents: Mapping[int, str]
    """What cells of the roof's column show that are formatted as percentages, by row."""

    def texts(self, question: Question) -> pd.Series:
        """Return the answers to a question as text, "" all over where the table has none."""
        names = self.columns.by_question.get(question.key, ())
        rows = self.table.rows
        if not names:
            return pd.Series("", index=rows.index, dtype="str")

        texts = text_column(rows, names[:1], what=WHAT).str.strip()
        if question in (ROOF, ROOF_PCT) and self.percents:
            shown = self.table.row_numbers.map(self.percents)
            texts = shown.where(shown.notna(), texts).astype("str")
        return texts

    def parcels(self) -> pd.Series:
        """Return the ids of the parcels, as scanned or typed where the form left them open."""
        ids = self.texts(PARCEL)
        for question in (SCAN, TYPED):
            ids = ids.where(ids != "", self.texts(question))
        return ids

    def photos_of(self, place: int) -> tuple[str, ...]:
        """Return the names of a row's photos."""
        row = self.table.rows.iloc[place]
        named = [str(row[name]).strip() for name in self.columns.by_question.get(PHOTOS.key, ())]
        record = self.columns.by_question.get(RECORD.key, ())
        attached = self.photos.get(_record_key(row[record[0]]), ()) if record else ()
        found = [name for name in named if name not in _NOTHING]
        return tuple(dict.fromkeys([*found, *attached]))


def read_findings_tables(path: Path, own: Mapping[str, str]) -> list[FindingsTable]:
    """Read every table of visits that a file holds.

    Args:
        path: Workbook, text table or vector file.
        own: Columns that the city file names, by key of the question.

    Raises:
        MissingInput: no such file.
        InputError: the file cannot be read, or holds no table of visits.
    """
    suffix = path.suffix.lower()
    if not path.is_file() and not (path.is_dir() and suffix == ".gdb"):
        raise MissingInput(f"findings: no file at {path}; give the file that inspectors filled in")
    if suffix == ".zip":
        raise InputError(f"{path.name} is an archive; unpack it, and give the table in it")

    try:
        with telling_damage():
            if suffix in WORKBOOKS:
                return _read_workbook(path, own)
            return _read_layers(path, own) if suffix in _LAYERED else [_read_single(path, own)]
    except READ_ERRORS as error:
        raise InputError(
            f"{path.name} cannot be read: {why_unread(error, path)}; "
            "export it again, or as CSV (UTF-8)"
        ) from error


def _read_workbook(path: Path, own: Mapping[str, str]) -> list[FindingsTable]:
    """Read the sheets whose header is one of visits; inspectors copy and split them."""
    tables = []
    seen: list[str] = []
    for sheet in list_sheets(path):
        head = read_sheet(TableFile(path=path, what=WHAT), sheet, most=_HEAD_ROWS)
        columns = _columns_of_head([clean_names(row.cells) for row in head], own)
        seen += [cell for row in head for cell in row.cells if cell.strip()]
        if columns is None:
            continue

        table = _read(path, sheet, columns)
        roof = columns.by_question.get(ROOF.key, columns.by_question.get(ROOF_PCT.key, ()))
        percents = read_percents(path, sheet, roof[0]) if roof else {}
        found = FindingsTable(
            sheet=sheet, table=table, columns=columns, photos={}, percents=percents
        )
        tables.append(found)
    if not tables:
        raise _no_visits(path, seen, has_parcel=False)
    return tables


def _columns_of_head(rows: Sequence[tuple[str, ...]], own: Mapping[str, str]) -> FormColumns | None:
    """Return the columns of the first row that is a header of visits, None where none is."""
    for names in rows:
        columns = find_columns(names, own)
        if columns.is_of_visits:
            return columns
    return None


def _read_layers(path: Path, own: Mapping[str, str]) -> list[FindingsTable]:
    """Read the layers whose fields are those of visits, with the names of attached photos."""
    tables = []
    attached: dict[str, list[str]] = defaultdict(list)
    seen: list[str] = []
    for layer, _ in list_layers(path):
        if layer in OWN_TABLES:
            continue
        names = [str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]]
        columns = find_columns(names, own)
        seen += names
        if columns.is_of_visits:
            tables.append((layer, columns))
        else:
            _add_attached(attached, path, layer, names)

    if not tables:
        raise _no_visits(path, seen, has_parcel=False)
    photos = {record: tuple(names) for record, names in attached.items()}
    return [
        FindingsTable(
            sheet=layer if len(tables) > 1 else "",
            table=_read(path, layer, columns),
            columns=columns,
            photos=photos,
            percents={},
        )
        for layer, columns in tables
    ]


def _add_attached(
    attached: dict[str, list[str]], path: Path, layer: str, names: Sequence[str]
) -> None:
    """Add the names of attachments, by the record to which they belong."""
    by_key = {name.casefold(): name for name in names}
    if not {_OF_RECORD, _ATTACHMENT} <= set(by_key):
        return
    columns = [by_key[_OF_RECORD], by_key[_ATTACHMENT]]
    rows = pyogrio.read_dataframe(path, layer=layer, columns=columns, read_geometry=False)
    for record, name in zip(rows[columns[0]], rows[columns[1]], strict=True):
        attached[_record_key(record)].append(str(name))


def _record_key(record: object) -> str:
    return str(record).strip("{} ").casefold()


def _read_single(path: Path, own: Mapping[str, str]) -> FindingsTable:
    table = _read(path, "", None)
    names = [str(name) for name in table.rows.columns]
    columns = find_columns(names, own)
    if not columns.is_of_visits:
        raise _no_visits(path, names, has_parcel=columns.has_parcel)
    if table.bare:
        table = _read(path, "", columns)  # now the id of such a row is kept
    return FindingsTable(sheet="", table=table, columns=columns, photos={}, percents={})


def _read(path: Path, layer: str, columns: FormColumns | None) -> Table:
    """Read one table; messages name no key of the city file.

    Raises:
        InputError: it cannot be read.
    """
    names = columns.names if columns else ()
    key = columns.by_question.get(PARCEL.key, ()) if columns else ()
    try:
        return read_table(path, layer=layer, what=WHAT, key=key, columns=names)
    except InputError as error:
        raise InputError(str(error).replace(f"[{WHAT}] path: ", "")) from error


def _no_visits(path: Path, names: Sequence[str], *, has_parcel: bool) -> InputError:
    lacks = "what was seen or when" if has_parcel else "the parcel"
    have = ", ".join(shown(name) for name in dict.fromkeys(names[:_MOST_NAMED])) or "nothing"
    return InputError(f"{path.name}: no column of {lacks}; it has {have}; {_WANTED}")
