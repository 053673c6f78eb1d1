"""Parcels without a notice in a year: cut apart into a folder of their own, and what is known."""

from dataclasses import replace
from math import ceil

import pandas as pd

from gis_export.housing.reach.files import LIST
from gis_export.table.inputs import no_looks
from gis_export.table.reach_inputs import ReachInputs
from imagery.chips.inputs import CutInputs
from imagery.chips.settings import TileSettings
from imagery.chips.store import ChipStore
from imagery.errors import InputError
from imagery.flyover.flyover import Flyover
from imagery.intake.work_ahead import FEATURE_BYTES, WorkAhead
from imagery.json_files import read_facts
from imagery.roll.parcels import VacantRoll
from imagery.troubles import Trouble
from inference.reach import ReachLedger, read_reach
from labels.draws.weights import REACH as CHOSEN_BY_LIST
from labels.settings import THRESHOLD
from labels.table.book_rows import book_rows
from labels.table.look_table import looks_of
from roofwatch.cut_apart import cut_apart
from roofwatch.sealed_files import REACH, REACH_CHIPS, check_results
from roofwatch.seen import flights_of
from roofwatch.year import CityYear


def cut_reach(year: CityYear, flyover: Flyover, settings: TileSettings) -> ChipStore | None:
    """Cut the parcels without a notice; None where [reach] is off.

    Args:
        year: The city in the year.
        flyover: Its imagery, displaced tiles corrected.
        settings: As the vacants were cut.

    Raises:
        InputError: see `City.without_notice`.
    """
    roll = year.city.without_notice
    if roll is None:
        return None

    inputs = CutInputs(
        roll=roll, flyover=flyover, settings=settings, footprints=year.file.footprints
    )
    return cut_apart(year, inputs, year.files.reach.chips, REACH_CHIPS, "without a notice")


def find_reach(year: CityYear) -> ReachLedger | None:
    """Read the ledger of the parcels without a notice; None where [reach] is off or not scored.

    Raises:
        TamperedFile: it is not as it was sealed.
        InputError: it is damaged.
    """
    path = year.files.reach.table
    if year.file.reach is None or not path.exists():
        return None
    check_results(year, (REACH,))
    return read_reach(path, year.year)


def reach_inputs(year: CityYear) -> ReachInputs | None:
    """Return what the list is made from; None where [reach] is off or `score` has to come first.

    Raises:
        TamperedFile: see `find_reach`.
        InputError: see `find_reach` and `City.without_notice`.
    """
    ledger = find_reach(year)
    roll = year.city.without_notice
    if ledger is None or roll is None or year.file.reach is None:
        return None
    if set(ledger.table["parcel_id"]) != set(roll.table["parcel_id"]):
        return None
    if not _is_of_same_model(year, ledger):
        return None
    return ReachInputs(ledger=ledger, looks=reach_looks(year, roll), settings=year.file.reach)


def _is_of_same_model(year: CityYear, ledger: ReachLedger) -> bool:
    """Tell whether the model that scored the vacants last scored these parcels too.

    A run that was killed in between leaves both.
    """
    vacants = year.find_ledger()
    if vacants is None:
        return False
    labels = [set(table["model_version"].dropna()) for table in (vacants.table, ledger.table)]
    return labels[0] == labels[1] or not all(labels)


def reach_looks(year: CityYear, roll: VacantRoll) -> pd.DataFrame:
    """Return the looks of the book at parcels without a notice.

    With those at parcels that carry one by now, as far as the list sent people there.

    Args:
        year: The city in the year; later looks are left out.
        roll: The parcels without a notice.

    Returns:
        Columns `gis_export.table.inputs.LOOK_COLUMNS`.
    """
    sent = [look for look in year.city.looks if look.chosen.startswith(CHOSEN_BY_LIST)]
    labels = year.file.labels
    tables = [
        looks_of(
            book_rows(
                looks,
                of_roll,
                threshold=labels.threshold if labels else THRESHOLD,
                flights=flights_of(year.file),
            ),
            until=year.year,
        )
        for looks, of_roll in ((year.city.looks, roll), (sent, year.roll))
        if looks
    ]
    return pd.concat(tables, ignore_index=True) if tables else no_looks()


def reach_notes(year: CityYear) -> list[str]:
    """Say what visits found of the list, or that it was not made."""
    if year.file.reach is None:
        return []
    path = year.files.report.reach
    if not path.exists():
        return [
            f"[reach] is on, and {year.year} was not scored with its parcels; "
            f"score --year {year.year} and export write {LIST}"
        ]
    sentences = read_facts(path, remedy=f"export {year.year} again").get("sentences")
    return [f"{LIST}: {text}" for text in sentences] if isinstance(sentences, list) else []


def reach_lines(ledger: ReachLedger | None) -> list[str]:
    """Say how many parcels without a notice there are, and what became of them."""
    if ledger is None:
        return []
    scored = ledger.scored
    suggests = int((scored["suggests"] == "Y").sum())
    return [
        f"without a notice: {len(ledger.table):,} parcels, {len(scored):,} scored, in {suggests:,} "
        "the photo suggests a failing roof; nobody has checked, and only housing sees them"
    ]


def reach_work(year: CityYear, work: WorkAhead) -> list[str]:
    """Say how many parcels without a notice there are, and how much longer they take.

    Args:
        year: The city in the year.
        work: What the year takes without them.
    """
    if year.file.reach is None or reach_troubles(year):
        return []
    roll = year.city.without_notice
    count = len(roll) if roll else 0
    more = replace(work, parcels=0, vacants=count)
    minutes = max(1, ceil((more.cut_s + more.score_s) / 60))
    chip_bytes = work.chips_bytes / max(work.vacants, 1)
    disk_gb = count * (chip_bytes + FEATURE_BYTES) / 1e9
    return [
        f"[reach]: {count:,} parcels without a notice, about {minutes:,} min and {disk_gb:,.1f} GB "
        "of disk more"
    ]


def reach_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return why parcels without a notice cannot be looked at."""
    try:
        _ = year.city.without_notice
    except InputError as error:
        what, _, remedy = str(error).rpartition("; ")
        trouble = Trouble(what="[reach]", examples=(what,), remedy=remedy, is_fix=True)
        return (trouble,)
    return ()
