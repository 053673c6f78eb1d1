"""The sheet "Work list": the visits of each district, with photos and cells to fill in."""

import io
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd

from gis_export.housing.roof_photos import RoofPhotos, earlier_photos, this_years_photos
from gis_export.housing.viewer import viewer_links
from gis_export.housing.worklist.drop_downs import DROP_DOWNS, VISITED_ON, restrict
from gis_export.housing.worklist.styles import HAZARD
from gis_export.housing.worklist.workbook import (
    FIRST_ROW,
    Book,
    Column,
    Sheet,
    TableLayout,
    add_table,
)
from gis_export.printing.chip_photo import chip_jpeg
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings, VisitSettings
from gis_export.table.tables import is_null
from gis_export.table.visits import CHANCE, CHOSEN, NO_DISTRICT, visits_of, with_choice

ROW_POINTS = 114
"""Height of a visit's row."""
_PHOTO_PX = (196, 144)
"""Room for a photo in its cell, (width, height)."""
_PADDING_PX = 4
_JPEG_PX = 260
_LONGEST_URL = 2000
"""Characters; a spreadsheet takes few more."""
_LONGEST_ALT_TEXT = 255
_MOVE_WITH_CELL = 1
"""XlsxWriter's number: a picture moves and hides with its row, so filters and sorting keep it."""
_PARCEL = "Parcel"


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """One row of the sheet."""

    district: str
    """INSP_DIST, or that there is none."""
    number: int
    """Its position in the district's list, from 1."""
    hazard_code: str
    """RISK_LVL."""
    address: str
    """ADDRESS, or that there is none."""
    parcel_id: str
    """PARCEL_ID."""
    priority: int
    """PRIORITY."""
    why: str
    """The reasons for the priority, one a line."""
    risk: str
    """RISK_TXT; then what the latest visit found and whether it is in dispute, one a line."""
    score: float | None
    """SCORE, None when the roof was not scored."""
    notice_date: date | None
    """VBN_DATE."""
    link: str
    """Address in the city's own viewer, "" for none."""
    chosen: str
    """CHOSEN: why it is on the list."""
    chance: str
    """CHANCE, "" where it was not drawn."""

    def cells(self) -> dict[str, object]:
        """Return the values by the title of their column."""
        return {
            "District": self.district,
            "Visit": self.number,
            "Address": self.address,
            _PARCEL: self.parcel_id,
            "Priority": self.priority,
            "Why": self.why,
            "What the photo shows": self.risk,
            "Score": self.score,
            "Notice date": self.notice_date,
            CHOSEN: self.chosen,
            CHANCE: self.chance,
        }


def listed_visits(rows: gpd.GeoDataFrame, settings: VisitSettings) -> gpd.GeoDataFrame:
    """Return the visits of the work list, the most urgent ones of each district first."""
    return visits_of(with_choice(rows, settings), settings)


def add_visits(
    book: Book,
    listed: gpd.GeoDataFrame,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    title: str,
) -> None:
    """Add the sheet.

    Args:
        book: The workbook.
        listed: The rows to visit, in the order of the sheet, with CHOSEN and CHANCE.
        inputs: The photos, and the days that a visit can have.
        settings: The city's choices.
        title: Text above the table.
    """
    visits = _read_visits(listed, settings)
    photos = _photos_by_title(inputs)
    columns = _columns(photo_titles=list(photos))

    layout = TableLayout(
        name="Work list", title=title, columns=columns, row_count=len(visits), frozen_columns=4
    )
    sheet = add_table(book, layout)
    for row, visit in enumerate(visits, start=FIRST_ROW):
        _put_visit(sheet, row, visit, columns, photos)

    titles = [column.title for column in columns]
    restrict(sheet.page, titles, row_count=len(visits), inputs=inputs)
    sheet.page.activate()


def _read_visits(visits: gpd.GeoDataFrame, settings: ExportSettings) -> list[_Visit]:
    """Return the visits in the order of the sheet."""
    numbers = visits.groupby("INSP_DIST").cumcount() + 1
    links = viewer_links(visits, settings.visits.viewer)

    found = []
    for row, number, link in zip(visits.to_dict("records"), numbers, links, strict=True):
        visit = _Visit(
            district=row["INSP_DIST"] or NO_DISTRICT,
            number=int(number),
            hazard_code=str(row["RISK_LVL"]),
            address=str(row["ADDRESS"] or "address not known"),
            parcel_id=str(row["PARCEL_ID"]),
            priority=int(row["PRIORITY"]),
            why=str(row["WHY"]).replace("; ", "\n"),
            risk=_risk_lines(row),
            score=row["SCORE"] if row["SCORED"] == "Y" else None,
            notice_date=None if is_null(row["VBN_DATE"]) else row["VBN_DATE"],
            link=link if len(link) <= _LONGEST_URL else "",
            chosen=str(row[CHOSEN]),
            chance=str(row[CHANCE]),
        )
        found.append(visit)
    return found


def _risk_lines(row: Mapping[Hashable, object]) -> str:
    """Return RISK_TXT, and below it what people found."""
    disputed = f"DISPUTED: {row['DISPUTED']}" if row["DISPUTED"] else ""
    lines = (row["RISK_TXT"], row["VISIT_TXT"], disputed)
    return "\n".join(str(line) for line in lines if line)


def _photos_by_title(inputs: ExportInputs) -> dict[str, RoofPhotos | None]:
    """Return this year's photos and those before, by the title of their column."""
    before = earlier_photos(inputs)
    before_title = f"Photo {before.year}" if before else "Photo before"
    return {f"Photo {inputs.year}": this_years_photos(inputs), before_title: before}


def _columns(*, photo_titles: Sequence[str]) -> tuple[Column, ...]:
    photo_columns = [Column(title=title, width=28.5, style="picture") for title in photo_titles]
    known = (
        Column(title="District", width=10, style="center"),
        Column(title="Visit", width=7, style="center"),
        Column(title="Hazard", width=15, style=HAZARD),
        Column(title="Address", width=21, style="bold"),
        Column(title=_PARCEL, width=13, style="text"),
        *photo_columns,
        Column(title="Priority", width=10, style="points"),
        Column(title="Why", width=41, style="text"),
        Column(title="What the photo shows", width=26, style="text"),
        Column(title="Score", width=8, style="score"),
        Column(title="Notice date", width=13, style="date"),
    )

    answers = [
        Column(title=drop_down.title, width=drop_down.width, style="fill")
        for drop_down in DROP_DOWNS
    ]
    return (
        *known,
        Column(title=VISITED_ON, width=12, style="fill date"),
        *answers,
        Column(title="Notes", width=26, style="fill note"),
        Column(title=CHOSEN, width=14, style="text", is_hidden=True),
        Column(title=CHANCE, width=12, style="text", is_hidden=True),
    )


def _put_visit(
    sheet: Sheet,
    row: int,
    visit: _Visit,
    columns: Sequence[Column],
    photos: dict[str, RoofPhotos | None],
) -> None:
    """Write the row of a visit; the cells to fill in stay empty."""
    sheet.page.set_row(row, ROW_POINTS)
    cells = visit.cells()
    for number, column in enumerate(columns):
        if column.style == HAZARD:
            sheet.put_hazard(row, number, visit.hazard_code)
        elif column.title in photos:
            _put_photo(sheet, row, number, visit, photos[column.title])
        elif column.title == _PARCEL and visit.link:
            _put_link(sheet, row, number, visit)
        else:
            sheet.put(row, number, cells.get(column.title), column.style)


def _put_photo(
    sheet: Sheet, row: int, column: int, visit: _Visit, photos: RoofPhotos | None
) -> None:
    """Put a photo in the middle of its cell, or say that there is none."""
    jpeg = chip_jpeg(photos.chips, visit.parcel_id, longest_px=_JPEG_PX) if photos else None
    if photos is None or jpeg is None:
        sheet.put(row, column, "no photo", "picture")
        return

    scale = min(_PHOTO_PX[0] / jpeg.width_px, _PHOTO_PX[1] / jpeg.height_px)
    alt_text = f"Roof of {visit.address}, parcel {visit.parcel_id}, from above in {photos.year}"
    options = {
        "image_data": io.BytesIO(jpeg.data),
        "x_scale": scale,
        "y_scale": scale,
        "x_offset": _PADDING_PX + (_PHOTO_PX[0] - jpeg.width_px * scale) / 2,
        "y_offset": _PADDING_PX + (_PHOTO_PX[1] - jpeg.height_px * scale) / 2,
        "object_position": _MOVE_WITH_CELL,
        "description": alt_text[:_LONGEST_ALT_TEXT],
    }
    sheet.put(row, column, None, "picture")
    sheet.page.insert_image(row, column, "roof.jpg", options)


def _put_link(sheet: Sheet, row: int, column: int, visit: _Visit) -> None:
    look = sheet.book.styles["link"]
    tip = "Open in the city's viewer"
    sheet.page.write_url(row, column, visit.link, look, visit.parcel_id, tip)
