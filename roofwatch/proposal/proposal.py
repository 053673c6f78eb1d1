"""A whole city file proposed from folders: files, roles, columns, flyovers, in this order."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pyproj import CRS

from roofwatch.proposal.choice import Choice, Decide, Section
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.flyovers import FINE_GSD_M, Ground, propose_flyovers, without_years
from roofwatch.proposal.keys import Key
from roofwatch.proposal.layers import ParcelLayer, TableFacts
from roofwatch.proposal.parcel_columns import ParcelColumns, choose_key
from roofwatch.proposal.photos import Reading, find_photos
from roofwatch.proposal.roles import (
    Scored,
    find_addresses,
    find_districts,
    find_footprints,
    find_labels,
    find_parcels,
    find_vacant,
)
from roofwatch.proposal.sections import Writer, city_section, layer_choice, turned_round
from roofwatch.proposal.tables import CityTable, open_tables
from roofwatch.proposal.walk import Found, count_by_suffix, find_files

FLYOVER = "[flyover]"
NEEDED = ("parcels", "vacant", FLYOVER)
"""Sections without which nothing can run."""
NO_LIST = "no list has keys that match its keys"
LEAST_POINTS = 0.5
"""What lists must add to a layer of parcels for it to be certain."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a city file could say."""

    sections: tuple[Section, ...]
    """Its sections, in the order of the file."""
    unused: tuple[str, ...]
    """Tables without a role."""
    lines: tuple[str, ...]
    """What was not looked at or is damaged."""
    files: str
    """How many files of which kind there are."""

    @property
    def years(self) -> list[int]:
        """Return the years of the flyovers that are written, rising."""
        years = []
        for section in self.sections:
            year = section.find("year")
            if section.name == FLYOVER and section.is_written and year and year.best:
                years.append(int(str(year.best.value)))
        return sorted(years)

    @property
    def lacks(self) -> list[str]:
        """Return the sections that are needed and not written."""
        return [f"[{name}]" for name in NEEDED if not self.has(name)]

    def has(self, name: str) -> bool:
        """Tell whether a section is written."""
        return any(section.name == name and section.is_written for section in self.sections)


@dataclass(kw_only=True)
class Work:
    """What was found so far."""

    writer: Writer
    """Makes sections."""
    tables: tuple[CityTable, ...]
    """All tables."""
    sections: list[Section] = field(default_factory=list)
    """Sections so far."""
    used: list[CityTable] = field(default_factory=list)
    """Tables that have a role."""

    def free(self, facts: Sequence[TableFacts]) -> list[TableFacts]:
        """Return the tables without a role."""
        return [fact for fact in facts if not any(fact.table is table for table in self.used)]

    def pick(
        self, section: str, scored: Sequence[Scored], facts: Sequence[TableFacts]
    ) -> tuple[Choice, TableFacts | None]:
        """Decide which table plays a role, and note that it is used."""
        choice, table = self.writer.pick(section, scored)
        fact = next((each for each in facts if each.table is table), None)
        if fact:
            self.used.append(fact.table)
        return choice, fact


def propose_city(folders: Sequence[Path], out: Path, decide: Decide) -> Proposal:
    """Look at what a city has, and propose its city file.

    Args:
        folders: Where its files are.
        out: Where the city file will be; paths are relative to its folder.
        decide: Decides what is doubtful, in the order of the file.

    Raises:
        MissingInput: a folder is not there.
    """
    found = find_files(folders)
    opened = open_tables(found.tables)
    base = out.resolve().parent
    writer = Writer(decide=decide, shown=lambda path: _relative(path, base))
    work = Work(writer=writer, tables=opened.tables, sections=[city_section(folders)])

    layer = _find_parcels(work)
    ground = _find_lists(work, layer) if layer else _find_nothing(work)
    roots = [Path(os.path.realpath(folder)) for folder in folders]
    photo_lines = _find_flyovers(work, ground, found, roots)

    unused = [_name_table(table) for table in work.tables if not _is_in(table, work.used)]
    return Proposal(
        sections=tuple(work.sections),
        unused=tuple(unused),
        lines=(*found.lines, *opened.lines, *photo_lines),
        files=count_by_suffix([*found.tables, *found.images]) or "no table and no photo",
    )


def _relative(path: str, base: Path) -> str:
    """Return a path as the city file writes it: relative where it lies beside or below it."""
    target = Path(os.path.realpath(path))
    return str(target.relative_to(base)) if target.is_relative_to(base) else str(target)


def _name_table(table: CityTable) -> str:
    return f"{table.name}: {len(table.rows):,} rows; {', '.join(list(table.looks)[:8])}"


def _is_in(table: CityTable, tables: Sequence[CityTable]) -> bool:
    return any(table is other for other in tables)


def _find_parcels(work: Work) -> ParcelLayer | None:
    """Find the layer of the parcels, and begin its section."""
    layers = find_parcels(work.tables)
    scored = [
        Scored(
            table=layer.table,
            points=layer.points,
            evidence=layer.evidence,
            doubt=NO_LIST if layer.points < LEAST_POINTS and len(layers) > 1 else "",
        )
        for layer in layers
    ]
    choice, table = work.writer.pick("parcels", scored)
    choice = replace(choice, missing="a layer of outlines with a CRS")
    section = Section(name="parcels", choices=(choice, *layer_choice(table)), needed=("path", "id"))
    work.sections.append(section)
    work.used += [table] if table else []
    return next((layer for layer in layers if layer.table is table), None)


def _find_nothing(work: Work) -> Ground:
    """Say that nothing can be matched without parcels."""
    missing = Choice(key="path", missing="a table whose keys match the parcels")
    work.sections.append(Section(name="vacant", choices=(missing,)))
    nowhere = np.zeros((0, 2))
    return Ground(parcels=nowhere, vacants=nowhere)


def _find_lists(work: Work, layer: ParcelLayer) -> Ground:
    """Find notices, labels, outlines, districts and addresses, and the columns of the parcels."""
    key_choice = work.writer.decide("parcels", choose_key(layer))
    key = layer.keys[key_choice.best.place] if key_choice.best else None
    facts = [TableFacts(table=table, parcels=layer, key=key) for table in layer.others]

    choice, vacant = work.pick("vacant", find_vacant(facts), facts)
    is_vacant = vacant.is_listed if vacant else np.zeros(len(layer.table.rows), dtype=np.bool_)
    columns = ParcelColumns(
        looks=_other_looks(layer.table, key),
        ids=key.ids if key else layer.table.rows.index.astype("str").to_series(),
        points=layer.table.points,
        is_vacant=is_vacant,
        listed=layer.listed,
    )
    others = work.writer.all("parcels", columns.choices())
    begun = work.sections.pop()
    chosen = (*begun.choices, key_choice, *others, *turned_round(others))
    work.sections += [replace(begun, choices=chosen), work.writer.vacant(choice, vacant)]

    years = _add_labels(work, facts)
    _add_outlines(work, facts)
    _add_addresses(work, facts, layer.table, others)
    points = layer.table.points
    return Ground(
        parcels=points,
        vacants=points[is_vacant],
        label_years=years,
        parcel_crs=_crs_name(layer.table),
    )


def _other_looks(table: CityTable, key: Key | None) -> tuple[ColumnLook, ...]:
    """Return the columns beside the key; a key that holds addresses is the address too."""
    used = key.columns if key and key.is_plain else ()
    return tuple(look for look in table.looks.values() if look.name not in used)


def _crs_name(table: CityTable) -> str:
    crs = CRS(table.rows.crs)
    return ":".join(crs.to_authority() or ()) or crs.to_wkt()


def _add_labels(work: Work, facts: Sequence[TableFacts]) -> tuple[int, ...]:
    """Add the section of the labels where there are some, and return their years."""
    choice, fact = work.pick("labels", find_labels(work.free(facts)), facts)
    if fact is None:
        return ()
    section = work.writer.labels(choice, fact)
    work.sections.append(section)

    year = section.find("year")
    look = fact.table.looks[str(year.best.value)] if year and year.best else fact.years[0]
    return tuple(sorted({int(number) for number in look.numbers.dropna()}))


def _add_outlines(work: Work, facts: Sequence[TableFacts]) -> None:
    """Add the sections of building outlines and of districts where there are some."""
    choice, fact = work.pick("footprints", find_footprints(work.free(facts)), facts)
    if fact:
        choices = (choice, *layer_choice(fact.table))
        work.sections.append(Section(name="footprints", choices=choices))
    for scored in find_districts(work.free(facts)):
        work.used.append(scored.table)
        work.sections.append(work.writer.area(scored))


def _add_addresses(
    work: Work, facts: Sequence[TableFacts], parcels: CityTable, choices: Sequence[Choice]
) -> None:
    """Add the section of the addresses that dispatch knows where there are some."""
    best = next((each.best for each in choices if each.key == "address"), None)
    known = parcels.looks[str(best.value)] if best else None
    choice, fact = work.pick("export.dispatch", find_addresses(work.free(facts), known), facts)
    if fact:
        work.sections.append(work.writer.addresses(choice, fact))


def _find_flyovers(
    work: Work, ground: Ground, found: Found, roots: Sequence[Path]
) -> tuple[str, ...]:
    """Add a section for every flyover, and return what is none."""
    reading = Reading(crs=ground.parcel_crs)
    photos = find_photos(found.images, found.notes, roots, reading)
    flyovers = propose_flyovers(photos, ground, reading.assumed, work.writer.shown)

    taken: set[object] = set()
    for section in flyovers.sections:
        choices = work.writer.all(FLYOVER, without_years(section.choices, taken))
        decided = replace(section, choices=choices)
        year = decided.find("year")
        if decided.is_written and year and year.best:
            taken.add(year.best.value)
        work.sections.append(decided)
    if not flyovers.sections:
        missing = Choice(key="path", missing="folders of photos that have a place, as GeoTIFF has")
        work.sections.append(Section(name=FLYOVER, choices=(missing,)))
    if flyovers.gsd_m > FINE_GSD_M:
        work.sections.append(work.writer.model(flyovers.gsd_m))
    return flyovers.lines
