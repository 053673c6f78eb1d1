"""What the products of a scored year are made from, gathered from what stages left."""

import pandas as pd

from gis_export.fire.dispatch.held_fires import with_held_fires
from gis_export.fire.dispatch.state import read_state
from gis_export.table.inputs import ExportInputs, Year, no_looks
from imagery.errors import InputError, MissingInput
from imagery.files import sha256_file
from imagery.troubles import MOST_EXAMPLES, shown
from inference.ledger import Ledger
from roofwatch.before import read_before
from roofwatch.borrowed_note import borrowed_note, lent_sentence
from roofwatch.drift_found import drift_note
from roofwatch.kept_roll import read_kept_roll
from roofwatch.miss_rate import VisitFindings, find_visits
from roofwatch.scored_by import expected_sentence, scored_by, share_failing
from roofwatch.seal import sealing_line
from roofwatch.sealed_files import RESULTS, check_results
from roofwatch.stages.tile import registered_flyover
from roofwatch.year import CityYear
from training.tested import tested_sentence


def export_inputs(
    year: CityYear, *, photos: bool = True, visits: VisitFindings | None = None
) -> ExportInputs:
    """Gather what the products of a scored year are made from.

    Args:
        year: The city in the year.
        photos: Open the flyover too.
        visits: What visits say, where that is known.

    Raises:
        MissingInput, InputError, TamperedLedger: see `scored_ledger`.
    """
    ledger = scored_ledger(year)
    note = drift_note(year)
    borrowed = borrowed_note(year)
    visits = visits or find_visits(year)
    state = read_state(year.city.workspace.folder)
    parcels = year.roll.table["parcel_id"].astype("str")
    ledger_sha256 = sha256_file(year.files.ledger)

    return ExportInputs(
        city=year.city.name,
        year=year.year,
        run_id=f"{year.year}-{ledger_sha256[:8]}",
        roll=year.roll,
        ledger=ledger,
        flyover=registered_flyover(year) if photos else None,
        chips=year.find_chips(),
        tiles=year.delivered_tiles,
        earlier=tuple(earlier_year(before) for before in year.earlier),
        looks=find_looks(year),
        fires=with_held_fires(year.fires.latest, state, parcels),
        before=read_before(year, ledger),
        tested=note
        or tested_sentence(year.files.report, year.files.model)
        or lent_sentence(borrowed),
        drift=note,
        borrowed=borrowed,
        share=share_failing(year),
        expected=expected_sentence(year),
        missed=visits.cover,
        visited=" ".join(found.sentence for found in visits.realized if found.sentence),
        models=models_of([year, *year.earlier]),
        log=sealing_line(year.city.workspace.audit, year.year, ledger_sha256),
        today=year.today,
    )


def scored_ledger(year: CityYear) -> Ledger:
    """Return the ledger of a scored year, of the roll as it is.

    Raises:
        MissingInput: the year has no ledger yet.
        InputError: the roll is no longer the one that was scored.
        TamperedFile: it, or another file that products are made from, is not as it was sealed.
    """
    check_results(year, RESULTS)
    ledger = year.find_ledger()
    if ledger is None:
        where = f"export {year.year}: no ledger in {year.files.folder}"
        raise MissingInput(f"{where}; run score --year {year.year} first")
    check_roll(year, ledger)
    return ledger


def check_roll(year: CityYear, ledger: Ledger) -> None:
    """Refuse a ledger that does not hold the parcels of the roll.

    Raises:
        InputError: parcels have come or gone since the year was scored.
    """
    scored = set(ledger.table["parcel_id"])
    on_roll = set(year.roll.table["parcel_id"])
    changes = []
    for words, parcels in (("new", on_roll - scored), ("gone", scored - on_roll)):
        if parcels:
            examples = ", ".join(shown(parcel) for parcel in sorted(parcels)[:MOST_EXAMPLES])
            changes.append(f"{len(parcels):,} {words}, such as {examples}")

    if changes:
        raise InputError(
            f"export {year.year}: the roll has changed since the year was scored: "
            f"{len(on_roll):,} vacants, {len(scored):,} rows in the ledger, "
            f"{' and '.join(changes)}; "
            f"tile and score {year.year} first"
        )


def earlier_year(year: CityYear) -> Year:
    """Return what an earlier year left.

    Raises:
        TamperedFile: a file that products are made from is not as it was sealed.
    """
    check_results(year, RESULTS)
    return Year(
        year=year.year,
        flown=year.flown,
        ledger=year.find_ledger(),
        chips=year.find_chips(),
        tiles=year.delivered_tiles,
        roll=read_kept_roll(year),
    )


def find_looks(year: CityYear) -> pd.DataFrame:
    """Return what people said of the roofs up to the year."""
    looks = year.find_looks()
    return no_looks() if looks is None else looks


def models_of(years: list[CityYear]) -> dict[str, str]:
    """Return the sha256 of the models that scored some years, by label."""
    facts = [scored_by(year) for year in years]
    return {str(model["label"]): str(model["sha256"]) for model in facts if model}
