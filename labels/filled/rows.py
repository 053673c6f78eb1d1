"""Rows of findings: what each means, or why that is not certain. No file is opened."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import pandas as pd

from imagery.roll.parcels import VacantRoll
from imagery.values.texts import CONTROLS
from labels.draws.weights import ON_THE_LIST
from labels.filled.answers import LIVED_IN, Answers, Fault, read_answers
from labels.filled.parcels import FoundParcel, find_parcels
from labels.filled.photo_rows import as_desk_look, find_desk_faults, is_of_desk
from labels.filled.questions import CHANCE, CHOSEN, DAY, NOTE, QUESTIONS, RECORD, STATE, WHO
from labels.filled.sheets import FindingsTable
from labels.filled.visit_days import Flight, VisitDay, flyover_of, from_arcgis, read_visit_days
from labels.label_file.values import read_chances
from labels.look import Look, Means
from labels.settings import LooksSettings

SOURCE = "inspector"
"""What looks of findings say of their source."""
_REJECTED = ("rejected", "validation_status_not_approved", "not approved")
"""How form servers mark a record that somebody has reviewed and turned down."""
CONTROL = re.compile(CONTROLS)
_TICKS = ("1", "1.0", "true", "yes", "y", "x", "sí", "si")
_OUR_LIST = ("Parcel", "Visited on")
"""Titles of our work list."""

Choose = Callable[[str, int], tuple[str, float | None]]
"""Tells how a parcel was chosen for the visits of a flyover year, and with what chance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FindingsContext:
    """What a city knows when findings are read."""

    roll: VacantRoll
    """The vacant roll."""
    flights: tuple[Flight, ...]
    """Its flyovers."""
    settings: LooksSettings
    """The keys of [looks]."""
    threshold: float
    """Percent of the roof at and above which it counts as failing."""
    by: str
    """Who enters the file, and who looked where the file does not say."""
    today: date
    """Last day that a visit can have."""
    now: datetime
    """When the file is entered, with its zone."""
    known: tuple[Look, ...]
    """Looks of the book that count."""
    choose: Choose
    """How parcels were chosen; ("", None) where that is not known."""


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One row that says something."""

    sheet: str
    """Sheet or layer."""
    number: int
    """Number in the file."""
    cells: Mapping[str, str]
    """What it says, by column."""
    look: Look | None
    """What it means; None where that is not certain."""
    faults: tuple[Fault, ...]
    """Why it is not."""
    on_roll: bool
    """Whether its parcel is on the roll."""


def read_rows(table: FindingsTable, context: FindingsContext) -> list[FindingRow]:
    """Read the rows of a table that say something; the others are visits to come."""
    return [_read_row(table, cells, context) for cells in _read_cells(table, context)]


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """The cells of one row."""

    place: int
    """Place of the row in its table."""
    said: Mapping[str, str]
    """Text by key of the question."""
    parcel: FoundParcel
    """Its parcel."""
    day: VisitDay
    """When."""
    chance: float
    """Chance with which it was chosen, NaN where the row does not say."""
    is_bare: bool
    """Whether its cells cannot be told apart."""


def _read_cells(table: FindingsTable, context: FindingsContext) -> list[_Cells]:
    """Return the rows that say something; columns are read whole."""
    texts = {question.key: table.texts(question).tolist() for question in QUESTIONS}
    texts |= {key: _ticked(table, columns) for key, columns in table.columns.parts.items()}
    rows = [dict(zip(texts, row, strict=True)) for row in zip(*texts.values(), strict=True)]
    numbers = table.table.row_numbers.tolist()
    is_bare = [number in table.table.bare for number in numbers]
    is_filled = [_is_filled(row) or bare for row, bare in zip(rows, is_bare, strict=True)]

    # Ids of rows that say nothing must not make the others doubtful.
    ids = table.parcels()
    parcels = find_parcels(ids.where(pd.Series(is_filled, index=ids.index), ""), context.roll)
    settings = context.settings
    days = read_visit_days(
        pd.Series(_written_days(table, texts[DAY.key]), dtype="str"),
        order=settings.day_order,
        zone=settings.zone,
        today=context.today,
    )
    chances = read_chances(pd.Series(texts[CHANCE.key], dtype="str")).tolist()
    return [
        _Cells(
            place=place,
            said=rows[place],
            parcel=parcels[place],
            day=days[place],
            chance=chances[place],
            is_bare=is_bare[place],
        )
        for place in range(len(rows))
        if is_filled[place]
    ]


def _written_days(table: FindingsTable, texts: list[str]) -> list[str]:
    """Return days as they are written; ArcGIS writes times in UTC, which it does not say."""
    if not table.columns.has(RECORD):
        return texts
    return [from_arcgis(text) for text in texts]


def _is_filled(said: Mapping[str, str]) -> bool:
    """Tell whether a row says when or what somebody saw."""
    return bool(said[DAY.key]) or _has_answer(said)


def _has_answer(said: Mapping[str, str]) -> bool:
    return any(said[question.key] for question in QUESTIONS if question.is_answer)


def _ticked(table: FindingsTable, columns: Mapping[str, str]) -> list[str]:
    """Return the answers that have a column each, as one text a row."""
    ticks = {name: table.table.rows[column].map(_is_ticked) for name, column in columns.items()}
    frame = pd.DataFrame(ticks)
    return [" ".join(frame.columns[row]) for row in frame.to_numpy(bool)]


def _is_ticked(cell: object) -> bool:
    return str(cell).strip().casefold() in _TICKS


def _read_row(table: FindingsTable, cells: _Cells, context: FindingsContext) -> FindingRow:
    """Return a row with what it means, or why that is not certain."""
    place = cells.place
    rows = table.table.rows
    row = FindingRow(
        sheet=table.sheet,
        number=int(table.table.row_numbers.iloc[place]),
        cells={name: str(rows[name].iloc[place]) for name in table.columns.names},
        look=None,
        faults=(),
        on_roll=cells.parcel.on_roll,
    )

    answers = read_answers(cells.said, threshold=context.threshold)
    faults = [*_faults_of(cells), *answers.faults]
    if is_of_desk(cells.said):
        faults += find_desk_faults(cells.said)
    if faults:
        return replace(row, faults=tuple(faults))

    year = flyover_of(cells.day, context.flights)
    chosen = _chosen(table, cells, year, context.choose)
    look = _look_of(cells, answers, chosen, year, context)
    if is_of_desk(cells.said):
        return replace(row, look=as_desk_look(look, cells.said))
    return replace(row, look=replace(look, photos=table.photos_of(place)))


def _look_of(
    cells: _Cells,
    answers: Answers,
    chosen: tuple[str, float | None],
    year: int,
    context: FindingsContext,
) -> Look:
    """Return what a row without fault means."""
    said = cells.said
    note = CONTROL.sub("", said[NOTE.key])
    if answers.is_lived_in and answers.disposition != "occupied":
        note = f"{note}; {LIVED_IN}" if note else LIVED_IN
    return Look(
        parcel_id=cells.parcel.parcel_id,
        year=year,
        day=cells.day.day,
        who=CONTROL.sub("", said[WHO.key]) or context.by,
        source=SOURCE,
        means=Means.SITE,
        roof=answers.roof,
        roof_pct=answers.roof_pct,
        signs=answers.signs,
        secured=answers.secured,
        sides=answers.sides,
        sign_posted=answers.sign_posted,
        disposition=answers.disposition,
        note=note,
        chosen=chosen[0],
        chance=chosen[1],
        said_at=context.now,
    )


def _faults_of(cells: _Cells) -> list[Fault]:
    """Return why it is not certain what, when and whether something was seen."""
    if cells.is_bare:
        return [Fault(reason="more cells than the header has columns: put quotation marks")]
    faults = []
    if cells.said[STATE.key].casefold() in _REJECTED:
        faults.append(Fault(reason="it was turned down on the form server"))
    if cells.parcel.fault:
        faults.append(cells.parcel.fault)
    if cells.day.reason:
        faults.append(Fault(reason=cells.day.reason))
    elif not _has_answer(cells.said):
        faults.append(Fault(reason="a day and no answer"))
    return faults


def _chosen(
    table: FindingsTable, cells: _Cells, year: int, choose: Choose
) -> tuple[str, float | None]:
    """Return how a building was chosen: as the row says, or else as the work list of the year."""
    said = cells.said[CHOSEN.key]
    if said:
        return said, None if pd.isna(cells.chance) else cells.chance

    chosen, chance = choose(cells.parcel.parcel_id, year)
    is_older_list = set(_OUR_LIST) <= set(table.columns.names) and not table.columns.has(CHOSEN)
    return (ON_THE_LIST, None) if is_older_list and not chosen else (chosen, chance)
