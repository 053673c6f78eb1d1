"""The evidence packet as PDF: the same sections in the same order as the page."""

import io
from collections.abc import Sequence

from fpdf import FPDF
from PIL import Image

from gis_export.housing.packets.packet import SCORE_IN_WORDS, Packet
from gis_export.housing.packets.packet_years import PacketYear
from gis_export.housing.packets.page_writer import Column, PageWriter
from gis_export.printing.chip_photo import draw_chip, encode_jpeg
from gis_export.printing.frame import PageBox
from gis_export.printing.marks import draw_mark
from gis_export.printing.qr import draw_qr
from gis_export.printing.sheet import INNER_MM, MARGIN_MM, Heading
from gis_export.printing.text import TextStyle, put, put_lines, wrapped
from inference.hazard import USE_LIMIT

_PHOTO_WIDTH_MM = 62.0
_PHOTO_HEIGHT_MM = 52.0
_PHOTOS_A_ROW = 3
_CAPTION_MM = 6
"""Height below a photo for its caption."""
_HEAT_HEIGHT_MM = 130
"""Tallest that the explaining picture may be."""
_QR_MM = 24
_JPEG_QUALITY = 85
_LONG_ADDRESS = 30
"""Characters of an address that are sure to fit into the heading."""
_SUM_PT = 7.0
_WORD_OF_TODAY = (
    "The hazard word is that of today. What changed since the flyover before is in "
    "report/change.csv."
)
_WORD = TextStyle(size_pt=14, bold=True)
_RISK = TextStyle(size_pt=9)
_ADDRESS = TextStyle(size_pt=10, bold=True)
_LIMIT = TextStyle(size_pt=8.5)

_FACT_COLUMNS = (Column(title="", width_mm=62), Column(title="", width_mm=INNER_MM - 62))
_YEAR_COLUMNS = (
    Column(title="Year", width_mm=14),
    Column(title="Flown", width_mm=26),
    Column(title="Score (90% interval)", width_mm=38),
    Column(title="Model", width_mm=34),
    Column(title="Why not assessed", width_mm=INNER_MM - 112),
)
_LOOK_COLUMNS = (
    Column(title="Day", width_mm=46),
    Column(title="Source", width_mm=50),
    Column(title="Found", width_mm=INNER_MM - 96),
)
_POINT_COLUMNS = (
    Column(title="Reason", width_mm=INNER_MM - 25),
    Column(title="Points", width_mm=25),
)
_TILE_COLUMNS = (
    Column(title="Year", width_mm=16),
    Column(title="File", width_mm=68),
    Column(title="sha256", width_mm=INNER_MM - 84, size_pt=_SUM_PT),
)
_MODEL_COLUMNS = (
    Column(title="Model", width_mm=84),
    Column(title="sha256", width_mm=INNER_MM - 84, size_pt=_SUM_PT),
)


def draw_packet(pdf: FPDF, packet: Packet, *, pages: int = 0) -> None:
    """Draw a packet into a document of so many pages, 0 when not known."""
    writer = PageWriter(pdf, _heading(packet), pages=pages)
    _draw_summary(writer, packet)
    _draw_building(writer, packet)
    _draw_photos(writer, packet.years)
    _draw_history(writer, packet)
    _draw_looks(writer, packet)
    _draw_priority(writer, packet)
    if packet.heat is not None:
        _draw_heat(writer, packet.heat)
    _draw_tiles(writer, packet.years)
    _draw_models(writer, packet)


def _heading(packet: Packet) -> Heading:
    facts = dict(packet.facts)
    foot = (f"parcel {packet.parcel_id}", f"run {facts['Run']}", f"made {facts['Made']}")
    return Heading(
        title=packet.address,
        subtitle=f"Evidence packet, parcel {packet.parcel_id}",
        place=packet.city,
        audience="for the housing department",
        foot="  ·  ".join(foot),
    )


def _draw_summary(writer: PageWriter, packet: Packet) -> None:
    """Draw what a reader sees first: hazard word, full address, use limit and QR code."""
    pdf = writer.pdf
    top_mm = writer.y_mm
    word_mm = MARGIN_MM + 13
    draw_qr(pdf, packet.parcel_id, MARGIN_MM + INNER_MM - _QR_MM, top_mm, _QR_MM)
    draw_mark(pdf, packet.symbol, MARGIN_MM + 5, top_mm + 6.5, 7.5)

    put(pdf, (word_mm, top_mm + 5.6), packet.symbol.word.value, _WORD)
    risk_lines = wrapped(pdf, packet.risk, INNER_MM - 42, _RISK)
    y_mm = put_lines(pdf, (word_mm, top_mm + 10.6), risk_lines, _RISK)

    # The heading may end a long address with an ellipsis.
    if len(packet.address) > _LONG_ADDRESS:
        address_lines = wrapped(pdf, packet.address, INNER_MM - 30, _ADDRESS)
        y_mm = put_lines(pdf, (MARGIN_MM, y_mm + 2), address_lines, _ADDRESS)

    limit_lines = wrapped(pdf, USE_LIMIT, INNER_MM - 30, _LIMIT)
    y_mm = put_lines(pdf, (MARGIN_MM, y_mm + 2.5), limit_lines, _LIMIT)
    writer.y_mm = max(top_mm + 25, y_mm - 3)


def _draw_building(writer: PageWriter, packet: Packet) -> None:
    writer.section("The building")
    writer.table(_FACT_COLUMNS, packet.facts)
    if packet.link:
        writer.table(_FACT_COLUMNS, [("In the city's map viewer", packet.link)])
        left_mm = MARGIN_MM + _FACT_COLUMNS[0].width_mm
        width_mm = _FACT_COLUMNS[1].width_mm
        writer.pdf.link(left_mm, writer.y_mm - 5, width_mm, 4.6, packet.link)


def _draw_photos(writer: PageWriter, years: Sequence[PacketYear]) -> None:
    """Draw the photos in rows of three."""
    writer.section("Photos by year", room_mm=_PHOTO_HEIGHT_MM + 8)
    gap_mm = (INNER_MM - _PHOTOS_A_ROW * _PHOTO_WIDTH_MM) / 2
    for start in range(0, len(years), _PHOTOS_A_ROW):
        writer.need(_PHOTO_HEIGHT_MM + _CAPTION_MM)
        for number, year in enumerate(years[start : start + _PHOTOS_A_ROW]):
            place = PageBox(
                left_mm=MARGIN_MM + number * (_PHOTO_WIDTH_MM + gap_mm),
                top_mm=writer.y_mm + 1,
                width_mm=_PHOTO_WIDTH_MM,
                height_mm=_PHOTO_HEIGHT_MM,
            )
            _draw_photo(writer.pdf, year, place)
        writer.y_mm += _PHOTO_HEIGHT_MM + _CAPTION_MM


def _draw_photo(pdf: FPDF, year: PacketYear, place: PageBox) -> None:
    jpeg = None
    if year.picture is not None:
        jpeg = encode_jpeg(year.picture, quality=_JPEG_QUALITY)

    draw_chip(pdf, jpeg, place, caption=f"{year.year}, flown {year.flown}")


def _draw_history(writer: PageWriter, packet: Packet) -> None:
    writer.section("Scores by year")
    rows = []
    for year in packet.years:
        row = (
            str(year.year),
            year.flown,
            year.score,
            year.model or "none",
            year.reason,
        )
        rows.append(row)
    writer.table(_YEAR_COLUMNS, rows)
    writer.text(_WORD_OF_TODAY)

    writer.section("How the score is to be read")
    writer.text(SCORE_IN_WORDS)


def _draw_looks(writer: PageWriter, packet: Packet) -> None:
    writer.section("What people found")
    if packet.looks:
        rows = [(look.day, look.source, look.found) for look in packet.looks]
        writer.table(_LOOK_COLUMNS, rows)
    else:
        writer.text("Nobody has looked, as far as the city's records show.")


def _draw_priority(writer: PageWriter, packet: Packet) -> None:
    writer.section("Priority")
    writer.table(_POINT_COLUMNS, [*packet.points, ("Priority", packet.priority)])


def _draw_heat(writer: PageWriter, heat: Image.Image) -> None:
    width_mm = min(INNER_MM, heat.width / heat.height * _HEAT_HEIGHT_MM)
    height_mm = width_mm * heat.height / heat.width
    writer.section("What in the photo suggests a failing roof", room_mm=height_mm + 3)

    jpeg = encode_jpeg(heat, quality=_JPEG_QUALITY)
    writer.pdf.image(
        io.BytesIO(jpeg.data),
        x=MARGIN_MM,
        y=writer.y_mm + 1,
        w=width_mm,
        h=height_mm,
    )
    writer.y_mm += height_mm + 2


def _draw_tiles(writer: PageWriter, years: Sequence[PacketYear]) -> None:
    writer.section("Where the photos come from")
    rows = []
    for year in years:
        for name, checksum in year.tiles or (("no file", ""),):
            rows.append((str(year.year), name, checksum))
    writer.table(_TILE_COLUMNS, rows)


def _draw_models(writer: PageWriter, packet: Packet) -> None:
    writer.section("Models")
    if packet.models:
        writer.table(_MODEL_COLUMNS, packet.models)
    else:
        writer.text("No model has scored this building.")
