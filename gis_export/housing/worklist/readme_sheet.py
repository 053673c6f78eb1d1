"""The sheet that says what the work list is, how to use it and where it ends."""

import geopandas as gpd

from gis_export.housing.worklist.workbook import Book, print_setup, put_cell
from gis_export.table.inputs import ExportInputs
from gis_export.table.priority import severity_points
from gis_export.table.settings import ExportSettings, PrioritySettings, VisitSettings
from gis_export.table.symbols import SYMBOLS
from gis_export.table.visits import LAST, NO_DISTRICT
from inference.hazard import USE_LIMIT, HazardWord

HOW = (
    'Sheet "Work list" holds the visits of each inspection district, the most urgent first: as many rows as the district can visit.',
    'Sheet "All vacants" holds every vacant building, so that nobody has to wonder why one is missing from the list.',
    "Filter by your district with the arrow in the header. Tinted cells are yours: choose from their lists, and write the day of the visit.",
    "Photos show the parcel from above with its outline, this year beside the year before. They move with their row when you sort or filter.",
    'Priority is the sum of the points under "Why". Score is what the model made of the photo alone: a probability, empty where the photo was not scored.',
    "A photo cannot show floors, walls or stairs. NOT ASSESSED means that nobody knows, not that nothing is wrong.",
    "Prints on 11 x 17 paper, landscape, one page wide.",
)


def add_readme(
    book: Book, rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Add the sheet "Read me"."""
    sheet = book.file.add_worksheet("Read me")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 12)
    sheet.set_column(2, 2, 90)
    sheet.hide_gridlines(2)
    lines: list[tuple[tuple[object, str], ...]] = [
        ((f"{inputs.city} {inputs.year}: work list of vacant roofs", "title"),),
        ((USE_LIMIT, "limit"),),
        (),
    ]
    lines += [
        (("How to use it", "heading"), ("", "heading"), ("", "heading")),
        *(((text, "wide"),) for text in HOW),
        (),
    ]
    lines += [(("Hazard", "heading"), ("Letter", "heading"), ("Meaning", "heading"))]
    lines += [
        ((symbol.word.value, symbol.code), (symbol.letter, symbol.code), (symbol.meaning, "text"))
        for symbol in SYMBOLS
    ]
    lines += [(), (("Points", "heading"), ("Points", "heading"), ("Given for", "heading"))]
    lines += [
        ((name, "text"), (points, "number"), (meaning, "text"))
        for name, points, meaning in points_table(settings.priority)
    ]
    lines += [(), (("District", "heading"), ("Visits", "heading"), ("Vacant buildings", "heading"))]
    lines += [
        ((name, "text"), (visits, "number"), (count, "count"))
        for name, visits, count in districts(rows, settings.visits)
    ]
    lines += [(), (("Where it comes from", "heading"), ("", "heading"), ("", "heading"))]
    lines += [
        ((name, "text"), ("", "text"), (value, "text")) for name, value in sources(rows, inputs)
    ]
    for place, cells in enumerate(lines):
        if cells and cells[0][1] == "title":
            sheet.set_row(place, 26)
        for across, (value, style) in enumerate(cells):
            if style == "wide":
                sheet.write_string(place, across, str(value), book.styles["line"])
            else:
                put_cell(book, sheet, (place, across), value, style)
    print_setup(sheet, limit=USE_LIMIT)


def points_table(settings: PrioritySettings) -> tuple[tuple[str, int, str], ...]:
    """Return every weight of [export.priority]: key, points, and what they are given for."""
    words = {
        "confirmed": HazardWord.CONFIRMED,
        "likely": HazardWord.LIKELY,
        "possible": HazardWord.POSSIBLE,
        "not_assessed": HazardWord.NOT_ASSESSED,
        "not_seen": HazardWord.NOT_SEEN,
    }
    most = f", at most {settings.unseen_years_max} years"
    return (
        *(
            (key, severity_points(word, settings), f"hazard {word.value}")
            for key, word in words.items()
        ),
        ("occupied_side", settings.occupied_side, "each side with an occupied attached neighbor"),
        (
            "street_side",
            settings.street_side,
            "each side without a neighboring parcel: people walk below it",
        ),
        ("worse", settings.worse, "a hazard word worse than in the flyover before"),
        (
            "unseen_year",
            settings.unseen_year,
            f"each whole year since a person looked, or since the notice where nobody has{most}",
        ),
    )


def districts(rows: gpd.GeoDataFrame, settings: VisitSettings) -> list[tuple[str, int, int]]:
    """Return name, visits on the list and vacants of every inspection district."""
    counts = rows.groupby("INSP_DIST").size()
    found = {str(name): int(count) for name, count in counts.items()}
    return [
        (name or NO_DISTRICT, min(settings.of(name), found[name]), found[name])
        for name in sorted(found, key=lambda name: name or LAST)
    ]


def sources(rows: gpd.GeoDataFrame, inputs: ExportInputs) -> tuple[tuple[str, str], ...]:
    """Return flight dates, models, run and day of the list."""
    flown = sorted({day.isoformat() for day in rows["IMG_DATE"].dropna()})
    models = sorted(set(rows["MODEL_VER"]) - {""})
    return (
        ("Photo flown", ", ".join(flown) or "not known"),
        ("Model", ", ".join(models) or "none: no roof was scored"),
        ("Run", inputs.run_id),
        ("Day of this list", inputs.today.isoformat()),
        ("Vacant buildings", str(len(rows))),
        ("Of them not assessed", str(int((rows["SCORED"] != "Y").sum()))),
    )
