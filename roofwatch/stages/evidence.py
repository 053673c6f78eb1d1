"""`roofwatch evidence`: the packets of single parcels, where no export replaces them."""

import argparse
from pathlib import Path

import pandas as pd

from gis_export.housing.packets.evidence import write_packets
from gis_export.housing.packets.sources import PacketSources
from gis_export.table.rows import build_rows
from imagery.errors import InputError
from imagery.roll.parcels import VacantRoll
from roofwatch.answer import Answer
from roofwatch.opened import open_year
from roofwatch.waiting import hold_chips
from roofwatch.year import CityYear
from roofwatch.year_inputs import export_inputs


def command(options: argparse.Namespace) -> Answer:
    """Write the packets, and name them."""
    files = [str(path) for path in write_evidence(open_year(options), options.parcel)]
    return Answer(lines=files, facts={"packets": files})


def write_evidence(year: CityYear, parcel_ids: list[str]) -> list[Path]:
    """Write the evidence packets of some parcels into the year's evidence/.

    Raises:
        InputError: no such parcel.
    """
    with year.at_work("evidence"):
        return _write_evidence(year, parcel_ids)


def _write_evidence(year: CityYear, parcel_ids: list[str]) -> list[Path]:
    hold_chips(year.city, "evidence")
    inputs = export_inputs(year)
    settings = year.file.export
    rows = build_rows(inputs, settings)

    parcels = [find_parcel(parcel, year.roll) for parcel in parcel_ids]
    sources = PacketSources(
        rows=rows, inputs=inputs, settings=settings, pictures=year.files.explain
    )
    files = write_packets(sources, year.files.evidence, parcels=parcels)
    year.city.log("evidence", f"{year.year}: {', '.join(parcels)}")
    return files


def find_parcel(parcel: str, roll: VacantRoll) -> str:
    """Return a parcel as the roll spells it, or as it is typed where there is none.

    Raises:
        InputError: it could be one of several.
    """
    matches = roll.match(pd.Series([parcel], dtype="str"))
    if matches.collisions:
        others = " or ".join(repr(other) for other in matches.collisions[parcel])
        raise InputError(f"--parcel {parcel!r} could be {others}; type the one that is meant")
    return str(roll.known_ids.iloc[matches.place[0]]) if matches.is_found[0] else parcel
