"""Sections of the city file, made from tables whose role was found. No file is opened."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.spec import ModelSpec
from roofwatch.proposal.choice import Candidate, Choice, Decide, Section
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.layers import TableFacts
from roofwatch.proposal.list_columns import (
    choose_address_columns,
    choose_label_columns,
    choose_notice_columns,
    notice_notes,
)
from roofwatch.proposal.parcel_columns import TURNED_ROUND
from roofwatch.proposal.roles import Scored, choose_file
from roofwatch.proposal.tables import CityTable

MOST_AREAS = 50
"""Areas of one layer that the audit compares."""
LONGEST_NAME = 80
AREAS = "[audit.areas]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Writer:
    """Makes sections, and lets what is doubtful in them be decided."""

    decide: Decide
    """Decides a doubtful choice."""
    shown: Callable[[str], str]
    """How the city file writes a path."""

    def path(self, table: CityTable) -> str:
        """Return the path of a table as the city file writes it."""
        return self.shown(str(table.path))

    def pick(self, section: str, scored: Sequence[Scored]) -> tuple[Choice, CityTable | None]:
        """Decide which table plays a role; return the choice of its path, and the table."""
        choice = self.decide(section, choose_file(scored, self.path))
        return choice, scored[choice.best.place].table if choice.best else None

    def all(self, section: str, choices: Sequence[Choice]) -> tuple[Choice, ...]:
        """Decide every choice of a section."""
        return tuple(self.decide(section, choice) for choice in choices)

    def vacant(self, choice: Choice, fact: TableFacts | None) -> Section:
        """Return the section of the vacancy notices."""
        if fact is None:
            missing = replace(choice, missing="a table whose keys or places match the parcels")
            return Section(name="vacant", choices=(missing,))
        columns = self.all("vacant", choose_notice_columns(fact))
        return Section(
            name="vacant",
            choices=(choice, *layer_choice(fact.table), *columns),
            notes=notice_notes(fact),
        )

    def labels(self, choice: Choice, fact: TableFacts) -> Section:
        """Return the section of the labels."""
        columns = self.all("labels", choose_label_columns(fact))
        value = next((each.key for each in columns if each.key in ("collapsed", "roof_pct")), "")
        return Section(
            name="labels",
            choices=(choice, *layer_choice(fact.table), *columns),
            needed=("path", "id", "year", value),
        )

    def area(self, scored: Scored) -> Section:
        """Return the section of a layer of districts."""
        table = scored.table
        looks = [look for look in table.looks.values() if 2 <= look.distinct <= MOST_AREAS]
        looks.sort(key=_area_rank, reverse=True)
        names = tuple(
            Candidate(value=look.name, evidence=f"{look.distinct} areas") for look in looks
        )
        is_tied = len(looks) > 1 and _area_rank(looks[0]) == _area_rank(looks[1])
        choices = (
            _plain_choice("name", table.layer or table.path.stem),
            choose_file([scored], self.path),
            *layer_choice(table),
            Choice(
                key="column",
                candidates=names,
                doubt="several columns name areas" if is_tied else "",
                missing=f"a column of 2 to {MOST_AREAS} names",
            ),
        )
        return Section(
            name=AREAS,
            choices=self.all(AREAS, choices),
            notes=("Areas that report/equity.html compares; nothing else uses them.",),
            needed=("name", "path", "column"),
        )

    def addresses(self, choice: Choice, fact: TableFacts) -> Section:
        """Return the section of the addresses that dispatch knows."""
        name = "export.dispatch"
        columns = self.all(name, choose_address_columns(fact))
        choices = (replace(choice, key="addresses"), *columns)
        return Section(name=name, choices=choices, needed=("addresses", "address"))

    def model(self, gsd_m: float) -> Section:
        """Return the section of the scale of chips, for photos that are coarser."""
        default = ModelSpec.gsd_m
        choice = Choice(
            key="gsd_m",
            candidates=(Candidate(value=round(gsd_m, 2), evidence="the finest photos"),),
            doubt=f"the photos have {gsd_m:.2f} m per pixel; chips have {default:g} m by default",
        )
        return Section(name="model", choices=self.all("model", [choice]), needed=("gsd_m",))


def city_section(folders: Sequence[Path]) -> Section:
    """Return the section with the name of the city, taken from the first folder."""
    name = Path(os.path.realpath(folders[0])).name.replace("_", " ").strip()
    plain = "".join(letter for letter in name if letter.isprintable())[:LONGEST_NAME]
    has_letter = any(letter.isascii() and letter.isalnum() for letter in plain)
    choices = (
        _plain_choice("name", plain if has_letter else "City", "name of the first folder"),
        _plain_choice("workspace", "workspace"),
    )
    notes = ("The name is that of the model too: set it before the first run.",)
    return Section(name="city", choices=choices, notes=notes, needed=("name", "workspace"))


def layer_choice(table: CityTable | None) -> list[Choice]:
    """Return the choice of the layer of a file that has several."""
    if table is None or not table.layer:
        return []
    return [_plain_choice("layer", table.layer, "the file has several layers")]


def turned_round(choices: Sequence[Choice]) -> list[Choice]:
    """Return the values of `occupied` where the column says yes for vacant parcels."""
    occupied = next(choice for choice in choices if choice.key == "occupied")
    if occupied.best is None or occupied.best.place != TURNED_ROUND or not occupied.is_written:
        return []
    words = f"`{occupied.best.value}` says yes for vacant parcels"
    return [
        Choice(key="occupied_values", candidates=(Candidate(value=["N"], evidence=words),)),
        Choice(key="vacant_values", candidates=(Candidate(value=["Y"], evidence=words),)),
    ]


def _area_rank(look: ColumnLook) -> tuple[float, float]:
    return round(look.is_words, 1), round(look.unique, 2)


def _plain_choice(key: str, value: str, evidence: str = "") -> Choice:
    return Choice(key=key, candidates=(Candidate(value=value, evidence=evidence),))
