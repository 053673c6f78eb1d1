"""Equity of a year and of those before it: report/equity.html and equity.csv."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gis_export.report.equity.areas import Level, read_area, roll_level
from gis_export.report.equity.findings import Equity, find_equity
from gis_export.report.equity.measures import Use, see_roofs
from gis_export.report.equity.page import EquityText, write_equity_page
from gis_export.report.equity.table import write_equity_csv
from gis_export.table.inputs import ExportInputs, no_looks
from imagery.errors import InputError, TamperedModel
from imagery.json_files import read_facts
from imagery.troubles import Trouble
from inference.ledger import Ledger
from models.checksum import model_checksum
from roofwatch.scored_by import scored_by
from roofwatch.year import CityYear

HELD_OUT = ("parcel_id", "year", "is_open", "is_flagged")
"""Columns of the roofs that people looked at, scored by models that did not learn from them."""
Levels = Mapping[Use, Sequence[Level]]


def write_equity(year: CityYear, inputs: ExportInputs, levels: Levels) -> None:
    """Write page and table, from what is there now.

    Args:
        year: The city in the year.
        inputs: What the products of the year are made from.
        levels: What `levels_of` returned.
    """
    equity = equity_of(year, inputs.ledger, levels)
    earlier = [
        equity_of(year.city.year(before.year), before.ledger, levels, has_counts=False)
        for before in inputs.earlier
        if before.ledger is not None
    ]
    text = EquityText(city=inputs.city, foot=inputs.foot, held_out=_held_out_words(year))
    write_equity_page(year.files.report.equity_page, [equity, *earlier], text)
    write_equity_csv(year.files.report.equity, equity)


def levels_of(year: CityYear) -> Levels:
    """Return the ways of dividing the city, by use; nothing else reads `[audit]`.

    Raises:
        InputError: see `gis_export.report.equity.areas.read_area`.
    """
    roll = year.roll
    parcels = year.file.parcels
    own = [read_area(area, parcels, roll) for area in year.file.audit.areas]
    near = roll_level("neighborhood", roll, "neighborhood")
    fire = roll_level("fire district", roll, "fire_district")
    inspection = roll_level("inspection district", roll, "inspection_district")
    return {Use.FIRE: [near, fire, *own], Use.HOUSING: [near, inspection, *own]}


def area_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return which areas of `[audit]` cannot be read: `export` would stop at them."""
    troubles = []
    for area in year.file.audit.areas:
        try:
            read_area(area, year.file.parcels, year.roll)
        except InputError as error:
            trouble = Trouble(
                what="areas of the equity page that cannot be read",
                examples=(str(error),),
                remedy="correct them, or take them out of the city file",
                is_fix=True,
            )
            troubles.append(trouble)
    return tuple(troubles)


def equity_of(year: CityYear, ledger: Ledger, levels: Levels, *, has_counts: bool = True) -> Equity:
    """Compare the areas in one flyover."""
    looks = year.find_looks()
    seen = see_roofs(ledger, no_looks() if looks is None else looks, find_held_out(year))
    return find_equity(seen, levels, has_counts=has_counts)


def find_held_out(year: CityYear) -> pd.DataFrame:
    """Return the roofs on which the model that scored a year was tested, columns `HELD_OUT`.

    No rows where its training is not in the workspace.
    """
    trained = trained_in(year)
    if trained is None:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in HELD_OUT})

    report = trained.files.report
    evaluation = read_facts(report.evaluation, remedy=f"train {trained.year} again")
    name, likely, possible = _thresholds(evaluation)
    scored = pd.read_parquet(report.out_of_fold)
    is_flagged = (scored[f"{name}_even"] >= possible) | (scored[name] >= likely)
    table = scored.assign(is_open=scored["failing"] == 1, is_flagged=is_flagged)
    return pd.DataFrame(table[list(HELD_OUT)])


def _thresholds(evaluation: Mapping[str, object]) -> tuple[str, float, float]:
    """Return the rung that ships, and where LIKELY and POSSIBLE (at even odds) begin."""
    ships = evaluation["ships"]
    chosen = evaluation["chosen"]
    if not isinstance(ships, Mapping) or not isinstance(chosen, Mapping):
        raise TypeError(f"evaluation ships {ships}, want a rung by its name")
    name = str(ships["name"])
    of_rung = chosen[name]
    return name, float(of_rung["likely"]), float(of_rung["possible"])


def trained_in(year: CityYear) -> CityYear | None:
    """Return the year whose training made the model that scored a year."""
    model = scored_by(year).get("sha256")
    for trained in (year, *year.earlier):
        report = trained.files.report
        has_report = report.evaluation.exists() and report.out_of_fold.exists()
        if has_report and _checksum(trained) == model:
            return trained
    return None


def _checksum(year: CityYear) -> str:
    try:
        return model_checksum(year.files.model)
    except TamperedModel:  # it scored nothing here: the registry has its own copy
        return ""


def _held_out_words(year: CityYear) -> str:
    trained = trained_in(year)
    if trained is None:
        return (
            "The training of the model that scored this year is not in this workspace (any more), "
            "so there are no held-out roofs."
        )
    return (
        f"Held-out roofs are those that people labeled up to {trained.year}, the latest label of "
        "each, scored by models that had not learned from their block."
    )
