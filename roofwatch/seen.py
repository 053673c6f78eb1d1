"""What people saw: the label file and the book of looks of a city, read as one."""

from imagery.roll.parcels import VacantRoll
from imagery.workspace import Workspace
from labels.files import read_label_rows
from labels.filled.visit_days import Flight
from labels.look import Look
from labels.settings import THRESHOLD
from labels.table.book_rows import book_rows
from labels.table.rows import LabelRows, join_rows
from roofwatch.city_file import CityFile


def book_url(file: CityFile, workspace: Workspace) -> str:
    """Return the address of the book of looks."""
    from labels.database.server import file_url

    return file.looks.url or file_url(workspace.looks_db.absolute())


def has_book(file: CityFile, workspace: Workspace) -> bool:
    """Tell whether there is a book; a database that several share is always there."""
    if not file.looks.url:
        return workspace.looks_db.exists()

    from labels.database.server import sqlite_path

    path = sqlite_path(file.looks.url)
    return path is None or path.exists()


def read_seen(file: CityFile, roll: VacantRoll, looks: tuple[Look, ...]) -> LabelRows | None:
    """Return every row of the label file and every look; None where there is neither.

    Args:
        file: The city file.
        roll: The vacant roll.
        looks: Those of the book that count.

    Raises:
        InputError: see `labels.files.read_label_rows`.
    """
    source = file.labels
    of_file = read_label_rows(source, roll) if source else None
    if not looks:
        return of_file

    threshold = source.threshold if source else THRESHOLD
    of_book = book_rows(looks, roll, threshold=threshold, flights=flights_of(file))
    return join_rows(of_file, of_book) if of_file else of_book


def flights_of(file: CityFile) -> tuple[Flight, ...]:
    """Return the flyovers of a city."""
    return tuple(Flight(year=source.year, flown=source.flown) for source in file.flyover)
