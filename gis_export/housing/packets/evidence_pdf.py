"""The evidence packet as PDF: the same sections in the same order as the page."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from fpdf import FPDF
from PIL import Image

from gis_export.housing.packets.packet import SCORE_IN_WORDS, Packet
from gis_export.housing.packets.packet_years import PacketYear
from gis_export.printing.chip_photo import Jpeg, draw_chip, encode_jpeg
from gis_export.printing.frame import PageBox
from gis_export.printing.marks import draw_mark
from gis_export.printing.qr import draw_qr
from gis_export.printing.sheet import (
    BOTTOM_MM,
    INNER_MM,
    MARGIN_MM,
    RULE,
    TOP_MM,
    Heading,
    add_sheet,
    rule,
)
from gis_export.printing.text import INK, SOFT, TextStyle, put, put_lines, wrapped
from inference.hazard import USE_LIMIT

_PHOTO_MM = (62.0, 52.0)
_JPEG_QUALITY = 85
_LONG = 30
"""Characters of an address that are sure to fit into the head."""
_TEXT_PT, _SUM_PT = 8.5, 7.0


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str
    """Its head."""
    width_mm: float
    """Its width."""
    size_pt: float = _TEXT_PT
    """Size of its text."""


class Writer:
    """A place on a page that moves down, onto new pages as needed."""

    def __init__(self, pdf: FPDF, heading: Heading) -> None:
        """Begin the first page."""
        self.pdf, self.heading = pdf, heading
        self.y = TOP_MM
        self._begin()

    def _begin(self) -> None:
        add_sheet(self.pdf, self.heading)
        self.y = TOP_MM + 2

    def need(self, height_mm: float) -> None:
        """Begin a new page where less is left."""
        if self.y + height_mm > BOTTOM_MM:
            self._begin()

    def section(self, title: str, *, room_mm: float = 14) -> None:
        """Write a title, on the page of what follows."""
        self.need(room_mm + 9)
        self.y += 7
        put(self.pdf, (MARGIN_MM, self.y), title, TextStyle(size_pt=11, bold=True))
        self.pdf.start_section(title)
        self.y += 2
        rule(self.pdf, self.y, width_mm=0.4, gray=INK)
        self.y += 1.5

    def text(self, text: str) -> None:
        """Write a paragraph."""
        lines = wrapped(self.pdf, text, INNER_MM, TextStyle(size_pt=_TEXT_PT))
        self.need(len(lines) * 4)
        self.y = (
            put_lines(self.pdf, (MARGIN_MM, self.y + 3.5), lines, TextStyle(size_pt=_TEXT_PT)) - 2.5
        )

    def table(
        self, columns: Sequence[Column], cells: Sequence[Sequence[str]], *, head: bool = True
    ) -> None:
        """Write a table; the head is written again on a new page."""
        if head:
            self._head(columns)
        for row in cells:
            lines = [
                wrapped(
                    self.pdf,
                    text,
                    column.width_mm - 2,
                    TextStyle(size_pt=column.size_pt, bold=not at),
                )
                for at, (text, column) in enumerate(zip(row, columns, strict=True))
            ]
            tall = max(1, *(len(some) for some in lines)) * 3.9 + 1.5
            if self.y + tall > BOTTOM_MM:
                self._begin()
                if head:
                    self._head(columns)
            x = MARGIN_MM
            for at, (some, column) in enumerate(zip(lines, columns, strict=True)):
                put_lines(
                    self.pdf,
                    (x, self.y + 3.6),
                    some,
                    TextStyle(size_pt=column.size_pt, bold=not at),
                )
                x += column.width_mm
            self.y += tall
            rule(self.pdf, self.y, width_mm=0.1, gray=RULE)

    def _head(self, columns: Sequence[Column]) -> None:
        self.need(12)
        x = MARGIN_MM
        for column in columns:
            put(
                self.pdf,
                (x, self.y + 3.6),
                column.title,
                TextStyle(size_pt=7.5, gray=SOFT, max_width_mm=column.width_mm - 2),
            )
            x += column.width_mm
        self.y += 5
        rule(self.pdf, self.y, width_mm=0.25, gray=INK)


def draw_packet(pdf: FPDF, packet: Packet) -> None:
    """Draw a packet into a document."""
    heading = Heading(
        title=packet.address,
        subtitle=f"Evidence packet, parcel {packet.parcel_id}",
        place=packet.city,
        audience="for the housing department",
        foot=f"parcel {packet.parcel_id}  ·  {'  ·  '.join(f'{name.lower()} {value}' for name, value in packet.facts if name in ('Run', 'Made'))}",
    )
    writer = Writer(pdf, heading)
    _draw_card(writer, packet)
    writer.section("The building")
    writer.table(
        [Column(title="", width_mm=62), Column(title="", width_mm=INNER_MM - 62)],
        packet.facts,
        head=False,
    )
    if packet.link:
        writer.table(
            [Column(title="", width_mm=62), Column(title="", width_mm=INNER_MM - 62)],
            [("In the city's map viewer", packet.link)],
            head=False,
        )
        pdf.link(MARGIN_MM + 62, writer.y - 5, INNER_MM - 62, 4.6, packet.link)
    writer.section("Photos by year", room_mm=_PHOTO_MM[1] + 8)
    _draw_photos(writer, packet.years)
    _draw_history(writer, packet)
    _draw_looks(writer, packet)
    writer.section("Priority")
    writer.table(
        [Column(title="Reason", width_mm=INNER_MM - 25), Column(title="Points", width_mm=25)],
        [*packet.points, ("Priority", packet.priority)],
    )
    if packet.heat is not None:
        _draw_heat(writer, packet.heat)
    writer.section("Where the photos come from")
    tiles = [
        (str(year.year), *tile)
        for year in packet.years
        for tile in year.tiles or (("no file", ""),)
    ]
    writer.table(
        [
            Column(title="Year", width_mm=16),
            Column(title="File", width_mm=68),
            Column(title="sha256", width_mm=INNER_MM - 84, size_pt=_SUM_PT),
        ],
        tiles,
    )
    writer.section("Models")
    if packet.models:
        writer.table(
            [
                Column(title="Model", width_mm=84),
                Column(title="sha256", width_mm=INNER_MM - 84, size_pt=_SUM_PT),
            ],
            packet.models,
        )
    else:
        writer.text("No model has scored this building.")


def _draw_card(writer: Writer, packet: Packet) -> None:
    """Draw what a reader sees first: the word, the address in full, the limit of use, the QR code."""
    pdf = writer.pdf
    top = writer.y
    draw_qr(pdf, packet.parcel_id, MARGIN_MM + INNER_MM - 24, top, 24)
    draw_mark(pdf, packet.symbol, MARGIN_MM + 5, top + 6.5, 7.5)
    put(
        pdf, (MARGIN_MM + 13, top + 5.6), packet.symbol.word.value, TextStyle(size_pt=14, bold=True)
    )
    said = wrapped(pdf, packet.risk, INNER_MM - 42, TextStyle(size_pt=9))
    y = put_lines(pdf, (MARGIN_MM + 13, top + 10.6), said, TextStyle(size_pt=9))
    if len(packet.address) > _LONG:  # the head may end it with an ellipsis
        y = put_lines(
            pdf,
            (MARGIN_MM, y + 2),
            wrapped(pdf, packet.address, INNER_MM - 30, TextStyle(size_pt=10, bold=True)),
            TextStyle(size_pt=10, bold=True),
        )
    y = put_lines(
        pdf,
        (MARGIN_MM, y + 2.5),
        wrapped(pdf, USE_LIMIT, INNER_MM - 30, TextStyle(size_pt=8.5)),
        TextStyle(size_pt=8.5),
    )
    writer.y = max(top + 25, y - 3)


def _draw_photos(writer: Writer, years: Sequence[PacketYear]) -> None:
    width, height = _PHOTO_MM
    for start in range(0, len(years), 3):
        writer.need(height + 6)
        for at, year in enumerate(years[start : start + 3]):
            place = PageBox(
                left_mm=MARGIN_MM + at * (width + (INNER_MM - 3 * width) / 2),
                top_mm=writer.y + 1,
                width_mm=width,
                height_mm=height,
            )
            caption = f"{year.year}, flown {year.flown}" + (f": {year.word}" if year.word else "")
            draw_chip(
                writer.pdf,
                _jpeg(year.picture),
                place,
                caption=caption,
                alt_text=f"The roof from above in {year.year}, with the outline of the parcel",
            )
        writer.y += height + 6


def _draw_heat(writer: Writer, heat: Image.Image) -> None:
    width = min(INNER_MM, heat.width / heat.height * 130)
    tall = width * heat.height / heat.width
    writer.section("What in the photo speaks for failing", room_mm=tall + 3)
    found = _jpeg(heat)
    alt_text = "This year's photo, what in it speaks for failing by brightness, and the labeled roofs that look most alike"
    if found is not None:
        writer.pdf.image(
            io.BytesIO(found.data), x=MARGIN_MM, y=writer.y + 1, w=width, h=tall, alt_text=alt_text
        )
    writer.y += tall + 2


def _draw_history(writer: Writer, packet: Packet) -> None:
    writer.section("Hazard words and scores by year")
    titles = (
        ("Year", 14),
        ("Flown", 26),
        ("Hazard word", 38),
        ("Score (90% interval)", 38),
        ("Model", 34),
        ("Why not assessed", INNER_MM - 150),
    )
    cells = [
        (str(one.year), one.flown, one.word or "none", one.score, one.model or "none", one.reason)
        for one in packet.years
    ]
    writer.table([Column(title=title, width_mm=width) for title, width in titles], cells)
    writer.text("Words of earlier years stand as they were given then.")
    writer.section("How the score is to be read")
    writer.text(SCORE_IN_WORDS)


def _draw_looks(writer: Writer, packet: Packet) -> None:
    writer.section("What people found")
    if packet.looks:
        writer.table(
            [
                Column(title="Day", width_mm=46),
                Column(title="Source", width_mm=50),
                Column(title="Found", width_mm=INNER_MM - 96),
            ],
            packet.looks,
        )
    else:
        writer.text("Nobody has looked, as far as the city's records show.")


def _jpeg(image: Image.Image | None) -> Jpeg | None:
    return None if image is None else encode_jpeg(image, quality=_JPEG_QUALITY)
