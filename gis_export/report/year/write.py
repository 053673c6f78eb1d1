"""Write the year's page and what it is counted in, after all products of the year."""

import pandas as pd
from markupsafe import Markup

from gis_export.housing.plan.days import Crews
from gis_export.housing.plan.shift import Shift
from gis_export.printing.chip_photo import chip_jpeg
from gis_export.report.change_table import OUTCOME
from gis_export.report.lead_time import write_lead_time
from gis_export.report.year.count import CHANGE, SCORES, read_facts
from gis_export.report.year.districts import write_districts
from gis_export.report.year.facts import YearFacts
from gis_export.report.year.figures import Tables
from gis_export.report.year.page import (
    Verdict,
    YearPictures,
    YearText,
    write_resident_page,
    write_year_page,
)
from gis_export.report.year.paper import PaperPictures, write_year_paper
from gis_export.report.year.pictures import (
    TwoPhotos,
    draw_map,
    find_pair,
    pair_jpegs,
    places_of,
    thumb,
)
from gis_export.report.year.resident import OPENED, VISITED, read_resident, write_resident
from gis_export.table.inputs import ExportInputs
from imagery.workspace import YearFiles
from inference.change import Outcome


def write_year(
    files: YearFiles, inputs: ExportInputs, crews: Crews, *, shift: Shift, verdict: Verdict
) -> None:
    """Write report/year.html, year.pdf, resident.html, and the tables that they are counted in.

    Args:
        files: The year, with all its other products and reports written.
        inputs: What they were made from.
        crews: Who goes out.
        shift: How far all scores are off together.
        verdict: Whether the photos are like those that the model learned from.
    """
    tables = Tables(folder=files.folder)
    scores = tables.table(SCORES)
    change = tables.table(CHANGE)
    flown = _flown(scores)
    since = flown or f"{inputs.year}-01-01"
    write_districts(files.report.districts, scores, change, since=since, shift=shift)
    write_lead_time(inputs, files)
    write_resident(files.report.resident_counts, _public_counts(inputs, scores, change, since))

    facts = read_facts(tables, since=since, crews=crews, year=inputs.year)
    resident = read_resident(tables)
    before = inputs.year_before
    text = YearText(
        city=inputs.city,
        year=inputs.year,
        flown=flown,
        before=str(before.year) if before else "",
        crews=crews.crews,
        foot=inputs.foot,
        expected=inputs.expected,
        verdict=verdict,
        reach=inputs.reach is not None,
    )
    on_page, on_paper = _draw_pictures(inputs, facts, scores, change)

    report = files.report
    write_year_page(report.year_page, facts, resident, text, on_page)
    write_resident_page(report.resident_page, resident, text)
    write_year_paper(report.year_paper, facts, text, on_paper, today=inputs.today)


def _draw_pictures(
    inputs: ExportInputs, facts: YearFacts, scores: pd.DataFrame, change: pd.DataFrame
) -> tuple[YearPictures, PaperPictures]:
    """Return the pictures of the page and of the paper."""
    places = places_of(inputs.roll.table, scores)
    pair = find_pair(inputs, change)
    roofs = [roof.parcel_id for roof in facts.roofs]
    on_page = YearPictures(
        map=draw_map(places) if places else Markup(""),
        is_cut=places is not None and places.is_cut,
        pair=pair,
        thumbs=tuple(thumb(inputs.chips, parcel_id) for parcel_id in roofs),
    )
    on_paper = PaperPictures(
        places=places,
        photos=pair_jpegs(inputs, pair),
        captions=_captions(pair),
        roofs=tuple(chip_jpeg(inputs.chips, parcel_id) for parcel_id in roofs),
    )
    return on_page, on_paper


def _captions(pair: TwoPhotos | None) -> tuple[str, str]:
    """Return the captions of both photos on paper."""
    if pair is None:
        return "", ""
    return f"{pair.address}, {pair.flown_before}", f"{pair.outcome}, {pair.flown}"


def _flown(scores: pd.DataFrame) -> str:
    """Return the day of the flight; "" when not known, the first of several."""
    days = sorted(set(scores["image_date"]) - {""})
    return days[0] if days else ""


def _public_counts(
    inputs: ExportInputs, scores: pd.DataFrame, change: pd.DataFrame, since: str
) -> dict[str, int]:
    """Return the counts for everybody that no other table has."""
    visited = (scores["last_visit"] >= since).sum()
    counts = {VISITED: int(visited)}
    if inputs.year_before is not None:
        moved = change[OUTCOME].isin([Outcome.NEW.value, Outcome.WORSE.value])
        counts[OPENED] = int(moved.sum())
    return counts
