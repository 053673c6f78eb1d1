"""The sheet "Read me": what the work list is, how to use it, and what it does not say."""

import geopandas as gpd

from gis_export.housing.worklist.workbook import Book, Sheet
from gis_export.table.inputs import ExportInputs
from gis_export.table.priority import severity_points
from gis_export.table.settings import ExportSettings, PrioritySettings, VisitSettings
from gis_export.table.symbols import SYMBOLS
from gis_export.table.visits import LAST, NO_DISTRICT, audit_note
from inference.hazard import USE_LIMIT, HazardWord

Cell = tuple[object, str]
"""Value and style."""
Line = tuple[Cell, ...]
"""The cells of one row, from left to right."""

HOW = (
    (
        'Sheet "Work list" holds the visits of each inspection district, the most urgent first: '
        "as many rows as the district can visit."
    ),
    (
        'Sheet "All vacants" holds every vacant building, so that nobody has to wonder why one '
        "is missing from the list."
    ),
    (
        "Filter by your district with the arrow in the header. Tinted cells are yours: choose "
        "from their lists, and write the day of the visit."
    ),
    (
        "Photos show the parcel from above with its outline, this year beside the year before. "
        "They move with their row when you sort or filter."
    ),
    (
        'Priority is the sum of the points under "Why". Score is what the model made of the '
        "photo alone: a probability, empty where the photo was not scored."
    ),
    (
        "A photo cannot show floors, walls or stairs. NOT ASSESSED means that nobody knows, not "
        "that nothing is wrong."
    ),
    "Prints on 11 x 17 paper, landscape, one page wide.",
)
"""A paragraph a row."""
_COLUMN_WIDTHS = (34, 12, 90)
"""Characters."""


def add_readme(
    book: Book, rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Add the sheet."""
    sheet = book.add_sheet("Read me")
    for column, width in enumerate(_COLUMN_WIDTHS):
        sheet.page.set_column(column, column, width)
    sheet.page.hide_gridlines(2)

    sections = (
        _title_lines(inputs, audit_note(rows, settings.visits)),
        _usage_lines(),
        _hazard_lines(),
        _point_lines(settings.priority),
        _district_lines(rows, settings.visits),
        _source_lines(rows, inputs),
    )
    row = 0
    for lines in sections:
        for line in lines:
            _put_line(sheet, row, line)
            row += 1
        row += 1
    sheet.set_print()


def _put_line(sheet: Sheet, row: int, line: Line) -> None:
    if line[0][1] == "title":
        sheet.page.set_row(row, 26)
    for column, (value, style) in enumerate(line):
        sheet.put(row, column, value, style)


def _title_lines(inputs: ExportInputs, unaudited: str) -> list[Line]:
    title = f"{inputs.city} {inputs.year}: work list of vacant roofs"
    lines: list[Line] = [((title, "title"),), ((USE_LIMIT, "limit"),)]
    if inputs.note:
        lines.append(((inputs.note, "limit"),))
    for text in (inputs.expected, inputs.missed, unaudited):
        if text:
            lines.append(((text, "line"),))
    return lines


def _usage_lines() -> list[Line]:
    lines: list[Line] = [_heading("How to use it")]
    for text in HOW:
        lines.append(((text, "line"),))
    return lines


def _hazard_lines() -> list[Line]:
    lines = [_heading("Hazard", "Letter", "Meaning")]
    for symbol in SYMBOLS:
        word = (symbol.word.value, symbol.code)
        letter = (symbol.letter, symbol.code)
        lines.append((word, letter, (symbol.meaning, "text")))
    return lines


def _point_lines(settings: PrioritySettings) -> list[Line]:
    """Return every weight of [export.priority]: key, points, and what they are given for."""
    words = {
        "confirmed": HazardWord.CONFIRMED,
        "likely": HazardWord.LIKELY,
        "possible": HazardWord.POSSIBLE,
        "not_assessed": HazardWord.NOT_ASSESSED,
        "not_seen": HazardWord.NOT_SEEN,
    }
    lines = [_heading("Points", "Points", "Given for")]
    for key, word in words.items():
        lines.append(_point_line(key, severity_points(word, settings), f"hazard {word.value}"))

    side = "each side with an occupied attached neighbor"
    street = "each side without a neighboring parcel: people walk below it"
    worse = "a hazard word worse than in the flyover before"
    unseen = (
        "each whole year since a person looked, or since the notice where nobody has, "
        f"at most {settings.unseen_years_max} years"
    )
    return [
        *lines,
        _point_line("score", settings.score, "a score of 1; smaller scores get their share"),
        _point_line("occupied_side", settings.occupied_side, side),
        _point_line("street_side", settings.street_side, street),
        _point_line("worse", settings.worse, worse),
        _point_line("unseen_year", settings.unseen_year, unseen),
    ]


def _point_line(key: str, points: int, reason: str) -> Line:
    return (key, "text"), (points, "number"), (reason, "text")


def _district_lines(rows: gpd.GeoDataFrame, settings: VisitSettings) -> list[Line]:
    """Return name, visits on the list and vacants of every inspection district."""
    counts = rows.groupby("INSP_DIST").size()
    vacants = {str(name): int(count) for name, count in counts.items()}

    lines = [_heading("District", "Visits", "Vacant buildings")]
    for name in sorted(vacants, key=lambda name: name or LAST):
        count = vacants[name]
        visits = min(settings.of(name), count)
        lines.append(((name or NO_DISTRICT, "text"), (visits, "number"), (count, "count")))
    return lines


def _source_lines(rows: gpd.GeoDataFrame, inputs: ExportInputs) -> list[Line]:
    """Return flight dates, models, run and day of the list."""
    flown = sorted({day.isoformat() for day in rows["IMG_DATE"].dropna()})
    models = sorted(set(rows["MODEL_VER"]) - {""})
    not_assessed = int((rows["SCORED"] != "Y").sum())
    values = {
        "Photo flown": ", ".join(flown) or "not known",
        "Model": ", ".join(models) or "none: no roof was scored",
        "Run": inputs.run,
        "Day of this list": inputs.today.isoformat(),
        "Vacant buildings": str(len(rows)),
        "Of them not assessed": str(not_assessed),
    }

    lines = [_heading("Where it comes from")]
    for name, value in values.items():
        lines.append(((name, "text"), ("", "text"), (value, "text")))
    return lines


def _heading(first: str, second: str = "", third: str = "") -> Line:
    return (first, "heading"), (second, "heading"), (third, "heading")
