"""report/year.pdf: the year on two sheets of paper, for council and chiefs. It has no tags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from fpdf import FPDF

from gis_export.housing.packets.page_writer import Column, PageWriter
from gis_export.printing.chip_photo import Jpeg, draw_chip
from gis_export.printing.frame import PageBox
from gis_export.printing.marks import draw_mark
from gis_export.printing.sheet import (
    INNER_MM,
    MARGIN_MM,
    RULE,
    Heading,
    new_document,
    restart,
    save,
)
from gis_export.printing.text import SOFT, TextStyle, put, put_lines, wrapped
from gis_export.report.year.count import LISTED_CODES
from gis_export.report.year.facts import DistrictLine, Roof, YearFacts
from gis_export.report.year.figures import Figure
from gis_export.report.year.page import YearText, bars_of, not_this
from gis_export.report.year.pictures import WIDTH, Places
from gis_export.report.year.sentences import (
    finds_sentence,
    lead_sentences,
    missed_sentences,
    promise_sentences,
)
from gis_export.table.symbols import BY_CODE

_HALF_MM = INNER_MM / 2 - 3
_BAR_MM = 8.2
_MAP_MM = 72.0
_PHOTO_MM = 40.0
_NAME = TextStyle(size_pt=8.5, bold=True)
_NOTE = TextStyle(size_pt=7, gray=SOFT)
_CHANGES = (
    Column(title="What", width_mm=42),
    Column(title="Roofs", width_mm=16),
    Column(title="What that means", width_mm=INNER_MM - 58),
)
_SMALL = TextStyle(size_pt=6.8)
_ROOFS_A_ROW = 5
_ROOF_MM = 25.0
_ROOF_TEXT_MM = 20.0
_ROOF_LINES = 5
_DISTRICTS = (
    ("vacants", "Vacant"),
    ("on_list", "On the list"),
    ("confirmed", "CONFIRMED"),
    ("not_assessed", "NOT ASSESSED"),
    ("visited", "Visited"),
    ("new_or_worse", "NEW or WORSE"),
)
_EXPECTED = "Expected failing (90%)"
MOST_DISTRICTS = 10
"""Districts on paper; districts.csv has all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PaperPictures:
    """The pictures of the paper."""

    places: Places | None
    """Where the vacants are; None where none has an outline."""
    photos: tuple[Jpeg, Jpeg] | None
    """One changed roof before and now; None where there is none."""
    captions: tuple[str, str]
    """What both show."""
    roofs: tuple[Jpeg | None, ...]
    """A photo for each of the roofs that matter most."""


def write_year_paper(
    path: Path, facts: YearFacts, text: YearText, pictures: PaperPictures, *, today: date
) -> None:
    """Write the paper.

    Args:
        path: The file.
        facts: Its numbers.
        text: What is said beside them.
        pictures: Its pictures.
        today: Day of the export.
    """
    title = f"The year in vacant roofs, {text.city} {text.year}"
    pdf = new_document(title, subject="what was flown, found, visited and changed", today=today)
    _draw(pdf, facts, text, pictures, pages=0)
    pages = restart(pdf)
    _draw(pdf, facts, text, pictures, pages=pages)
    save(pdf, path)


def _draw(
    pdf: FPDF, facts: YearFacts, text: YearText, pictures: PaperPictures, *, pages: int
) -> None:
    heading = Heading(
        title="The year in vacant roofs",
        subtitle=f"Photos flown {text.flown or text.year}; every number is in report/year.html",
        place=f"{text.city} {text.year}",
        audience="for council and chiefs, not for the public",
        foot=text.foot,
    )
    writer = PageWriter(pdf, heading, pages=pages)
    _draw_steps(writer, facts, pictures.places)
    _draw_verdict(writer, text)
    _draw_changes(writer, facts, text, pictures)
    _draw_roofs(writer, facts, pictures)
    _draw_districts(writer, facts.inspection)
    _draw_words(writer, facts, text)


def _draw_steps(writer: PageWriter, facts: YearFacts, places: Places | None) -> None:
    """Draw the bars on the left and the map on the right."""
    writer.section("From the photos to the street")
    top_mm = writer.y_mm
    y_mm = top_mm + 4
    for bar in bars_of(facts.steps):
        put(writer.pdf, (MARGIN_MM, y_mm), bar.step.name, _NAME)
        put(writer.pdf, (MARGIN_MM + 44, y_mm), bar.step.meaning, _NOTE)
        width_mm = max(0.4, (_HALF_MM - 14) * bar.percent / 100)
        writer.pdf.set_fill_color(11, 79, 138)
        writer.pdf.rect(MARGIN_MM, y_mm + 1.2, width_mm, 3.6, style="F")
        put(writer.pdf, (MARGIN_MM + width_mm + 1.5, y_mm + 4.3), bar.step.figure.text, _NAME)
        y_mm += _BAR_MM + 1.6

    box = PageBox(
        left_mm=MARGIN_MM + INNER_MM - _HALF_MM,
        top_mm=top_mm + 1,
        width_mm=_HALF_MM,
        height_mm=_MAP_MM,
    )
    if places is not None:
        _draw_map(writer.pdf, places, box)
    writer.y_mm = max(y_mm, box.bottom_mm + 6 if places is not None else y_mm) - 3
    _draw_legend(writer.pdf, facts, box)


def _draw_map(pdf: FPDF, places: Places, box: PageBox) -> None:
    """Draw all vacants: dots, squares where not assessed, symbols on the list."""
    mm = min(box.width_mm / WIDTH, box.height_mm / places.height)
    pdf.set_draw_color(RULE)
    pdf.set_line_width(0.2)
    pdf.rect(box.left_mm, box.top_mm, WIDTH * mm, places.height * mm)
    pdf.set_fill_color(110)
    for x, y in places.of("NOT SEEN"):
        pdf.circle(box.left_mm + x * mm, box.top_mm + y * mm, 0.25, style="F")
    pdf.set_fill_color(163, 72, 122)
    for x, y in places.of("NA"):
        pdf.rect(box.left_mm + x * mm - 0.4, box.top_mm + y * mm - 0.4, 0.8, 0.8, style="F")
    for code in reversed(LISTED_CODES):
        for x, y in places.of(code):
            draw_mark(pdf, BY_CODE[code], box.left_mm + x * mm, box.top_mm + y * mm, 2.2)


def _draw_legend(pdf: FPDF, facts: YearFacts, box: PageBox) -> None:
    x_mm = box.left_mm + 1.5
    for code in LISTED_CODES:
        word = BY_CODE[code].word.value
        draw_mark(pdf, BY_CODE[code], x_mm, box.bottom_mm + 2.6, 2.6)
        put(pdf, (x_mm + 2.6, box.bottom_mm + 3.5), f"{word} {facts.words[word].text}", _NOTE)
        x_mm += 30
    others = [f"{word} {facts.words[word].text}" for word in ("NOT SEEN IN PHOTO", "NOT ASSESSED")]
    line = f"gray dot: {others[0]};  square: {others[1]}"
    put(pdf, (box.left_mm, box.bottom_mm + 7), line, _NOTE)


def _draw_verdict(writer: PageWriter, text: YearText) -> None:
    writer.y_mm += 4
    grade = f"{text.verdict.grade}: " if text.verdict.grade else ""
    writer.text(f"{grade}{text.verdict.meaning}")
    if text.expected:
        writer.text(f"When the photos were scored: {text.expected}")


def _draw_changes(
    writer: PageWriter, facts: YearFacts, text: YearText, pictures: PaperPictures
) -> None:
    writer.section(f"What changed since {text.before}" if text.before else "What changed")
    if not text.before:
        writer.text("No flyover before this one was scored, so nothing can be compared.")
        return

    lines = [(line.outcome, line.figure.text, line.meaning) for line in facts.changed]
    writer.table(_CHANGES, lines or [("nothing", "", "no more than light and chance")])
    writer.text(
        f"Onto the list: {_reasons(facts.entered)}. Off the list: {_reasons(facts.left)}. "
        "One model looked at both photos."
    )
    if pictures.photos is None:
        return
    writer.need(_PHOTO_MM + 10)
    writer.y_mm += 4
    for number, jpeg in enumerate(pictures.photos):
        box = PageBox(
            left_mm=MARGIN_MM + number * (_HALF_MM + 6),
            top_mm=writer.y_mm,
            width_mm=_HALF_MM,
            height_mm=_PHOTO_MM,
        )
        draw_chip(writer.pdf, jpeg, box, caption=pictures.captions[number])
    writer.y_mm += _PHOTO_MM + 4


def _reasons(found: dict[str, Figure]) -> str:
    told = [f"{figure.text} by {reason}" for reason, figure in found.items()]
    return ", ".join(told) or "nobody"


def _draw_roofs(writer: PageWriter, facts: YearFacts, pictures: PaperPictures) -> None:
    writer.section("The ten roofs that matter most")
    if not facts.roofs:
        writer.text("No building is on the work list.")
        return

    step_mm = INNER_MM / _ROOFS_A_ROW
    for number, roof in enumerate(facts.roofs):
        place = number % _ROOFS_A_ROW
        if not place:
            writer.need(_ROOF_MM + _ROOF_TEXT_MM)
            top_mm = writer.y_mm
            writer.y_mm += _ROOF_MM + _ROOF_TEXT_MM
        box = PageBox(
            left_mm=MARGIN_MM + place * step_mm,
            top_mm=top_mm,
            width_mm=step_mm - 3,
            height_mm=_ROOF_MM,
        )
        draw_chip(writer.pdf, pictures.roofs[number], box, caption="")
        _write_roof(writer.pdf, roof, number, box)


def _write_roof(pdf: FPDF, roof: Roof, number: int, box: PageBox) -> None:
    """Write what a roof is below its photo."""
    left_mm = box.left_mm
    name = replace(_NAME, max_width_mm=box.width_mm)
    put(pdf, (left_mm, box.bottom_mm + 3.4), f"{number + 1}. {roof.address}", name)
    text = f"{roof.priority.text} points: {roof.why}"
    lines = wrapped(pdf, text, box.width_mm, _SMALL, most=_ROOF_LINES)
    put_lines(pdf, (left_mm, box.bottom_mm + 6.6), lines, _SMALL)


def _draw_districts(writer: PageWriter, lines: Sequence[DistrictLine]) -> None:
    writer.section("By inspection district")
    width_mm = (INNER_MM - 36 - 40) / len(_DISTRICTS)
    columns = [Column(title="District", width_mm=36)]
    columns += [Column(title=title, width_mm=width_mm, size_pt=8) for _, title in _DISTRICTS]
    columns.append(Column(title=_EXPECTED, width_mm=40))
    rows = []
    for line in lines[:MOST_DISTRICTS]:
        cells = line.figures
        expected = f"{cells['expected'].text} ({cells['low'].text} to {cells['high'].text})"
        rows.append([line.name, *(cells[name].text for name, _ in _DISTRICTS), expected])
    writer.table(columns, rows)
    if len(lines) > MOST_DISTRICTS:
        writer.text(f"The other {len(lines) - MOST_DISTRICTS} are in report/districts.csv.")


def _draw_words(writer: PageWriter, facts: YearFacts, text: YearText) -> None:
    writer.section("What we miss, and whether promises were kept")
    for sentence in (
        *missed_sentences(facts),
        *promise_sentences(facts),
        *lead_sentences(facts),
    ):
        writer.text(sentence)
    writer.section("What the crews would find")
    writer.text(finds_sentence(facts, text))
    writer.section("What this tool is not")
    writer.text(" ".join(not_this(reach=text.reach)))
