"""The drop-downs of the work list, and the hidden sheet that holds their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from gis_export.housing.worklist.workbook import FIRST_ROW, Book
from gis_export.table.inputs import ExportInputs
from labels.choices import DISPOSITIONS, ROOF_OPEN, SIGNS, YES_NO, Choice

LISTS = "Lists"
"""Name of the hidden sheet."""
VISITED_ON = "Visited on"
"""Title of the column for the day of the visit."""


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
        hint=(
            "Sides with an occupied attached neighbor, such as N,E. Write none where there is none."
        ),
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
    lists = [drop_down for drop_down in DROP_DOWNS if drop_down.name]
    words = [[one_list.title, *_labels(one_list)] for one_list in lists]

    # The file is written row by row, so all lists grow together.
    for row in range(max(len(column_words) for column_words in words)):
        for column, column_words in enumerate(words):
            if row < len(column_words):
                sheet.write_string(row, column, column_words[row])

    for column, one_list in enumerate(lists):
        letter = xl_col_to_name(column)
        last = 1 + len(one_list.choices)
        book.file.define_name(one_list.name, f"={LISTS}!${letter}$2:${letter}${last}")
    sheet.hide()


def _labels(drop_down: DropDown) -> list[str]:
    return [choice.label for choice in drop_down.choices]


def restrict(
    sheet: Worksheet, titles: Sequence[str], *, row_count: int, inputs: ExportInputs
) -> None:
    """Let the inspector's cells take only words of their lists, and dates of visits."""
    if not row_count:
        return

    rules = {VISITED_ON: _date_rule(inputs)}
    for drop_down in DROP_DOWNS:
        rules[drop_down.title] = _list_rule(drop_down)

    last_row = FIRST_ROW + row_count - 1
    for title, rule in rules.items():
        column = titles.index(title)
        sheet.data_validation(FIRST_ROW, column, last_row, column, rule)


def _date_rule(inputs: ExportInputs) -> dict[str, object]:
    last_year = inputs.today.year + 2
    example = inputs.today.isoformat()
    return {
        "validate": "date",
        "criteria": "between",
        "minimum": date(inputs.year, 1, 1),
        "maximum": date(last_year, 12, 31),
        "input_title": VISITED_ON,
        "input_message": "Day of the visit.",
        "error_title": "Not a day of a visit",
        "error_message": f"Write a day from {inputs.year} to {last_year}, such as {example}.",
    }


def _list_rule(drop_down: DropDown) -> dict[str, object]:
    """Return the rule of a drop-down; a column of free text takes anything."""
    message: dict[str, object] = {"input_title": drop_down.title, "input_message": drop_down.hint}
    if not drop_down.name:
        return {"validate": "any", **message}

    return {
        "validate": "list",
        "source": f"={drop_down.name}",
        "error_title": "Not on the list",
        "error_message": "Choose a word from the list.",
        **message,
    }
