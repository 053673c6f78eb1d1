"""`roofwatch storm`: what to look at again after a storm, people near it first."""

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from gis_export.housing.storm.files import LIST, OTHERS, write_storm
from gis_export.housing.storm.places import PlaceLayer, near_places, read_places
from gis_export.housing.storm.storm_list import (
    NOBODY_KNOWN,
    PEOPLE_NEAR,
    PEOPLE_UNKNOWN,
    StormList,
    make_storm_list,
)
from gis_export.table.rows import build_rows
from imagery.errors import InputError
from roofwatch.answer import Answer
from roofwatch.opened import open_year
from roofwatch.waiting import hold_chips
from roofwatch.year import CityYear
from roofwatch.year_inputs import export_inputs

_PEOPLE = {
    PEOPLE_NEAR: "with people near, which come first",
    PEOPLE_UNKNOWN: "of which nobody knows",
    NOBODY_KNOWN: "with none that are known of",
}
"""How each value of PEOPLE is counted in words."""
WARNING = "a roof that is not on the list may be failing too"


def command(options: argparse.Namespace) -> Answer:
    """Write the list of one storm, and say what is on it and what is not."""
    year = open_year(options)
    check_day(year, options.day)
    layers = [read_places(source) for source in year.file.storm.places]
    storm, files = list_storm(year, options.day, layers)

    folder = storm_folder(year, options.day)
    troubles = [trouble.line for layer in layers for trouble in layer.troubles]
    lines = [*_told(year, storm, layers), *(f"  note: {line}" for line in troubles)]
    facts: dict[str, object] = {
        "day": options.day.isoformat(),
        "listed": len(storm.listed),
        "people": storm.counts,
        "not_listed": storm.reasons,
        "places": {layer.source.kind: len(layer.places) for layer in layers},
        "notes": troubles,
        "files": [str(path) for path in files],
    }
    return Answer(lines=[*lines, f"  {folder}"], facts=facts)


def check_day(year: CityYear, day: date) -> None:
    """Check that a storm came after the flight and is no forecast.

    Raises:
        InputError: it did not, or lies ahead.
    """
    flown = year.flown
    is_before = day < flown if flown else day.year < year.year
    if is_before:
        when = f"flight of {flown.isoformat()}" if flown else f"photos of {year.year}"
        raise InputError(
            f"storm {year.year} --day: got {day.isoformat()}, which lies before the {when}: they "
            "show what that storm left; name a later day, or an earlier flyover with --year"
        )
    if day > year.today:
        raise InputError(
            f"storm {year.year} --day: got {day.isoformat()}, which lies after today, "
            f"{year.today.isoformat()}; name the day of the storm, or correct [export] as_of"
        )


def list_storm(year: CityYear, day: date, layers: list[PlaceLayer]) -> tuple[StormList, list[Path]]:
    """Make the list of a storm, and write it into its folder.

    Args:
        year: The city in the year.
        day: Day of the storm.
        layers: Places with people.

    Raises:
        MissingInput: the year has no ledger yet.
        InputError: the roll is no longer the one that was scored.
        TamperedLedger: a ledger is not the one that was sealed.
    """
    with year.at_work("storm"):
        hold_chips(year.city, "storm")
        inputs = export_inputs(year)
        settings = year.file.export
        rows = build_rows(inputs, settings)
        near = near_places(rows, layers)
        storm = make_storm_list(rows, inputs.looks, near, day=day, year=year.year)
        files = write_storm(storm, storm_folder(year, day), inputs, settings)
        year.city.log("storm", f"{year.year}, storm of {day}: {len(storm.listed)} roofs")
    return storm, files


def storm_folder(year: CityYear, day: date) -> Path:
    """Return the folder of a storm."""
    return year.files.storm / day.isoformat()


def _told(year: CityYear, storm: StormList, layers: list[PlaceLayer]) -> Iterator[str]:
    """Yield what people are told."""
    counts = storm.counts
    noun = "roof" if len(storm.listed) == 1 else "roofs"
    yield (
        f"{year.city.name} {year.year}, storm of {storm.day.isoformat()}: {len(storm.listed):,} "
        f"CONFIRMED or LIKELY {noun} to look at again"
    )

    told = [f"{count:,} {_PEOPLE[people]}" for people, count in counts.items() if count]
    if told:
        yield f"  people next door or at a place: {', '.join(told)}"
    if not layers:
        yield "  no places are named: add schools and sidewalks to the city file, [[storm.places]]"
    reasons = [f"{count:,} {reason}" for reason, count in storm.reasons.items()]
    if reasons:
        yield (
            f"  not on the list: {', '.join(reasons)}; {WARNING} ({OTHERS} names each, "
            f"{LIST}.xlsx is to be filled in)"
        )
