"""The drop-downs of the work list, and the hidden sheet that holds their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from xlsxwriter.worksheet import Worksheet

from gis_export.housing.findings import DISPOSITIONS, ROOF_OPEN, SIGNS, YES_NO, Choice
from gis_export.housing.worklist.workbook import FIRST, Book
from gis_export.table.inputs import ExportInputs

LISTS = "Lists"


@dataclass(frozen=True, kw_only=True)
class DropDown:
    """A column that the inspector fills in."""

    title: str
    """Header of the column."""
    name: str
    """Defined name of its list; "" for free text."""
    choices: tuple[Choice, ...]
    """What the list offers."""
    width: float
    """Characters."""
    hint: str
    """Shown when the cell is entered, at most 255 characters."""


DROP_DOWNS: tuple[DropDown, ...] = (
    DropDown(
        title="Roof open",
        name="roof_open",
        choices=ROOF_OPEN,
        width=13,
        hint="Share of the roof that is open to the sky.",
    ),
    DropDown(
        title="Walls or floors",
        name="wall_floor_signs",
        choices=SIGNS,
        width=18,
        hint="The worst sign; further ones go into the notes. Never go in to find out.",
    ),
    DropDown(
        title="Secured",
        name="secured",
        choices=YES_NO,
        width=11,
        hint="Are all openings that can be reached closed?",
    ),
    DropDown(
        title="Sides occupied",
        name="",
        choices=(),
        width=12,
        hint="Sides with an occupied attached neighbor, such as N,E. Write none where there is none.",
    ),
    DropDown(
        title="Sign posted",
        name="sign_posted",
        choices=YES_NO,
        width=10,
        hint="Is the fire department's warning sign on the building?",
    ),
    DropDown(
        title="Disposition",
        name="disposition",
        choices=DISPOSITIONS,
        width=20,
        hint="What happens next.",
    ),
)


def add_lists(book: Book) -> None:
    """Add the hidden sheet with the words of every list, and a defined name for each."""
    sheet = book.file.add_worksheet(LISTS)
    named = [one for one in DROP_DOWNS if one.name]
    for row in range(1 + max(len(one.choices) for one in named)):
        for across, one in enumerate(named):
            if row <= len(one.choices):
                sheet.write_string(row, across, one.choices[row - 1].label if row else one.title)
    for across, one in enumerate(named):
        letter = "ABCDEFGHIJ"[across]
        book.file.define_name(one.name, f"={LISTS}!${letter}$2:${letter}${1 + len(one.choices)}")
    sheet.hide()


def restrict(sheet: Worksheet, titles: Sequence[str], *, rows: int, inputs: ExportInputs) -> None:
    """Let the inspector's cells take only words of their lists, and dates of visits."""
    if not rows:
        return
    last = FIRST + rows - 1
    day = titles.index("Visited on")
    sheet.data_validation(
        FIRST,
        day,
        last,
        day,
        {
            "validate": "date",
            "criteria": "between",
            "minimum": date(inputs.year, 1, 1),
            "maximum": date(inputs.today.year + 2, 12, 31),
            "input_title": "Visited on",
            "input_message": "Day of the visit.",
            "error_title": "Not a day of a visit",
            "error_message": f"Write a day from {inputs.year} to {inputs.today.year + 2}, such as {inputs.today.isoformat()}.",
        },
    )
    for one in DROP_DOWNS:
        across = titles.index(one.title)
        message = {"input_title": one.title, "input_message": one.hint}
        if one.name:
            rule = {
                "validate": "list",
                "source": f"={one.name}",
                "error_title": "Not on the list",
                "error_message": "Choose a word from the list.",
            }
            sheet.data_validation(FIRST, across, last, across, rule | message)
        else:
            sheet.data_validation(FIRST, across, last, across, {"validate": "any"} | message)
