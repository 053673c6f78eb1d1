"""The inspector's list as a workbook: the visits of each district with photos and drop-downs, every vacant, and how to read it."""

import io
from pathlib import Path

import geopandas as gpd
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from gis_export.housing.routes.stops import lon_lats, viewer_link
from gis_export.housing.worklist.drop_downs import DROP_DOWNS, add_lists, restrict
from gis_export.housing.worklist.readme_sheet import add_readme
from gis_export.housing.worklist.vacants_sheet import add_vacants
from gis_export.housing.worklist.workbook import (
    FIRST,
    Book,
    Column,
    add_table,
    open_book,
    put_cell,
    put_hazard,
)
from gis_export.printing.chip_photo import chip_jpeg
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.tables import is_null
from gis_export.table.visits import NO_DISTRICT, visits_of
from imagery.chips.store import ChipStore
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

ROW_POINTS, PICTURE_PX, PADDING_PX = 114, (196, 144), 4
"""Height of a visit's row; room for a photo in it, width and height."""
_JPEG_PX, _MAX_URL = 260, 2000


def write_worklist_xlsx(
    rows: gpd.GeoDataFrame, path: Path, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Write the workbook: sheets "Work list", "All vacants", "Read me" and the hidden "Lists"."""
    title = f"{inputs.city}: vacant roofs to visit, from the photos of {inputs.year}"
    with atomic_path(path) as temporary:
        book = open_book(temporary, title=title, today=inputs.today)
        try:
            _add_visits(book, visits_of(rows, settings.visits), inputs, settings, title=title)
            add_vacants(book, rows, inputs, settings)
            add_readme(book, rows, inputs, settings)
            add_lists(book)
        finally:
            _close(book)


def _close(book: Book) -> None:
    """Write the file; what kept it from being written is told as it was."""
    try:
        book.file.close()
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _visit_columns(now: int, before: int | None) -> tuple[Column, ...]:
    return (
        Column(title="District", width=10, style="center"),
        Column(title="Visit", width=7, style="center"),
        Column(title="Hazard", width=15, style="hazard"),
        Column(title="Address", width=21, style="bold"),
        Column(title="Parcel", width=13, style="text"),
        Column(title=f"Photo {now}", width=28.5, style="picture"),
        Column(title=f"Photo {before}" if before else "Photo before", width=28.5, style="picture"),
        Column(title="Priority", width=10, style="points"),
        Column(title="Why", width=41, style="text"),
        Column(title="What the photo shows", width=26, style="text"),
        Column(title="Score", width=8, style="score"),
        Column(title="Notice date", width=13, style="date"),
        Column(title="Visited on", width=12, style="fill date"),
        *(Column(title=one.title, width=one.width, style="fill") for one in DROP_DOWNS),
        Column(title="Notes", width=26, style="fill note"),
    )


def _add_visits(
    book: Book,
    visits: gpd.GeoDataFrame,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    title: str,
) -> None:
    earlier = next((one for one in inputs.earlier if one.chips is not None), None)
    columns = _visit_columns(inputs.year, earlier.year if earlier else None)
    sheet = add_table(
        book, "Work list", columns, title=title, limit=USE_LIMIT, rows=len(visits), frozen=4
    )
    titles = [column.title for column in columns]
    links = _links(visits, settings.visits.viewer)
    numbers = visits.groupby("INSP_DIST").cumcount() + 1
    photos = (
        (titles.index(f"Photo {inputs.year}"), inputs.chips, str(inputs.year)),
        (6, earlier.chips if earlier else None, str(earlier.year) if earlier else ""),
    )
    for place, (row, number, link) in enumerate(
        zip(visits.to_dict("records"), numbers, links, strict=True), start=FIRST
    ):
        sheet.set_row(place, ROW_POINTS)
        code, address = str(row["RISK_LVL"]), str(row["ADDRESS"] or "address not known")
        score = None if row["SCORED"] != "Y" else row["SCORE"]
        cells = (
            row["INSP_DIST"] or NO_DISTRICT,
            int(number),
            None,
            address,
            row["PARCEL_ID"],
            None,
            None,
            int(row["PRIORITY"]),
            str(row["WHY"]).replace("; ", "\n"),
            row["RISK_TXT"],
            score,
            None if is_null(row["VBN_DATE"]) else row["VBN_DATE"],
        )
        for across, column in enumerate(columns):
            value = cells[across] if across < len(cells) else None
            put_cell(
                book,
                sheet,
                (place, across),
                value,
                code if column.style == "hazard" else column.style,
            )
        put_hazard(book, sheet, (place, titles.index("Hazard")), code)
        if link:
            sheet.write_url(
                place,
                titles.index("Parcel"),
                link,
                book.styles["link"],
                str(row["PARCEL_ID"]),
                "Open in the city's viewer",
            )
        for across, chips, year in photos:
            if not _put_photo(
                sheet,
                (place, across),
                chips,
                str(row["PARCEL_ID"]),
                alt_text=f"Roof of {address}, parcel {row['PARCEL_ID']}, from above in {year}",
            ):
                put_cell(book, sheet, (place, across), "no photo", "picture")
    restrict(sheet, titles, rows=len(visits), inputs=inputs)
    sheet.activate()


def _put_photo(
    sheet: Worksheet,
    place: tuple[int, int],
    chips: ChipStore | None,
    parcel_id: str,
    *,
    alt_text: str,
) -> bool:
    """Put a chip in the middle of its cell; it moves and hides with the row, so filters and sorting keep it."""
    found = chip_jpeg(chips, parcel_id, longest_px=_JPEG_PX)
    if found is None:
        return False
    jpeg = found.data
    width = found.width_px
    height = found.height_px
    scale = min(PICTURE_PX[0] / width, PICTURE_PX[1] / height)
    sheet.insert_image(
        *place,
        "roof.jpg",
        {
            "image_data": io.BytesIO(jpeg),
            "x_scale": scale,
            "y_scale": scale,
            "object_position": 1,
            "description": alt_text[:255],
            "x_offset": PADDING_PX + (PICTURE_PX[0] - width * scale) / 2,
            "y_offset": PADDING_PX + (PICTURE_PX[1] - height * scale) / 2,
        },
    )
    return True


def _links(rows: gpd.GeoDataFrame, template: str) -> list[str]:
    if not template:
        return [""] * len(rows)
    found = [
        viewer_link(template, parcel_id=parcel, address=address, lon_lat=place)
        for parcel, address, place in zip(
            rows["PARCEL_ID"], rows["ADDRESS"], lon_lats(rows), strict=True
        )
    ]
    return [link if len(link) <= _MAX_URL else "" for link in found]
