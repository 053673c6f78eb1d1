"""A city at work, and a city at work in one year: every input is read once in a run."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from imagery.chips.settings import TileSettings
from imagery.chips.store import ChipStore, open_store
from imagery.errors import InputError
from imagery.flyover.flyover import Flyover, make_flyover, read_files
from imagery.flyover.tiles import Tile
from imagery.locks import at_work
from imagery.roll.parcels import VacantRoll, read_roll
from imagery.roll.without_notice import without_notice
from imagery.workspace import Workspace, YearFiles
from inference.ledger import Ledger, read_ledger
from labels.draws.weights import LookedShare, looked_share
from labels.files import Labels, usable_labels
from labels.look import Look
from labels.table.look_table import looks_of
from labels.table.rows import LabelRows
from roofwatch.audit import AuditLine, append_audit
from roofwatch.city_file import CityFile, FlyoverSource
from roofwatch.executors import Execution
from roofwatch.progress import Progress
from roofwatch.runner import Batch, BatchRunner, Done, batch_runner
from roofwatch.seal import check_seal
from roofwatch.sealed_files import SCORED, check_results, check_snapshots
from roofwatch.sealed_photos import check_photos
from roofwatch.seen import book_url, has_book, read_seen

if TYPE_CHECKING:
    from gis_export.fire.fires import Fires
    from labels.book import Book
    from models.registry import Registry


@dataclass(frozen=True, kw_only=True, eq=False)
class City:
    """A city file at work."""

    file: CityFile
    """The configuration."""
    execution: Execution = field(default_factory=Execution)
    """How batches are executed."""
    quiet: bool = False
    """No progress on stderr."""
    opened: dict[int, "CityYear"] = field(default_factory=dict)
    """Years that have been asked for."""

    @property
    def name(self) -> str:
        """Return the name of the city."""
        return self.file.city.name

    @property
    def workspace(self) -> Workspace:
        """Return where everything is written."""
        return Workspace(folder=self.file.city.workspace)

    @cached_property
    def roll(self) -> VacantRoll:
        """Return the vacant roll.

        Raises:
            TamperedFile: a snapshot of a service is not as it was sealed.
        """
        check_snapshots(self)
        return read_roll(self.file.parcels, self.file.vacant, self.file.footprints)

    @cached_property
    def without_notice(self) -> VacantRoll | None:
        """Return the parcels without a notice that [reach] chooses; None where it is off.

        Raises:
            InputError: see `imagery.roll.without_notice.without_notice`.
        """
        reach = self.file.reach
        return without_notice(self.roll, reach) if reach else None

    @cached_property
    def book(self) -> "Book":
        """Return the book of looks, open; its file is made where there is none."""
        from labels.book import open_book

        return open_book(book_url(self.file, self.workspace))

    @cached_property
    def looks(self) -> tuple[Look, ...]:
        """Return the looks of the book that count; reading makes no file.

        Raises:
            InputError: see `labels.book.open_book`.
        """
        return tuple(self.book.looks()) if has_book(self.file, self.workspace) else ()

    @cached_property
    def label_rows(self) -> LabelRows | None:
        """Return every row of the label file and every look of the book; None where neither is.

        Raises:
            InputError: see `labels.files.read_label_rows` and `labels.book.open_book`.
        """
        return read_seen(self.file, self.roll, self.looks)

    @property
    def registry(self) -> "Registry":
        """Return where the city's models are registered; loads torch."""
        from roofwatch.city_models import open_registry

        return open_registry(self.file, self.workspace)

    def year(self, year: int) -> "CityYear":
        """Return the city in one year, always the same object.

        Raises:
            ConfigError: the city file has no flyover of the year.
        """
        if year not in self.opened:
            self.opened[year] = CityYear(city=self, source=self.file.source(year))
        return self.opened[year]

    def runner(self, stage: str, total: int) -> BatchRunner[Batch, Done]:
        """Return what executes the batches of one stage and shows its progress.

        Args:
            stage: What is shown.
            total: Parcels, or whatever results count; 0 where that is not known.
        """
        progress = Progress(stage, quiet=self.quiet)
        progress.total = total
        return batch_runner(self.execution, progress)

    @property
    def today(self) -> date:
        """Return `[export] as_of`, or else the day of the clock."""
        as_of = self.file.export.as_of
        return date.fromisoformat(as_of) if as_of else date.today()

    def log(self, command: str, detail: str) -> None:
        """Write one line into the audit log."""
        append_audit(self.workspace.audit, AuditLine(command=command, detail=detail))


@dataclass(frozen=True, kw_only=True, eq=False)
class CityYear:
    """A city at work in one year."""

    city: City
    """The city."""
    source: FlyoverSource
    """The year's flyover, as the city file names it."""
    cut: dict[TileSettings, ChipStore] = field(default_factory=dict)
    """Chips that were cut or found complete in this run, by their settings."""

    @property
    def year(self) -> int:
        """Return the year of the flyover."""
        return self.source.year

    @property
    def flown(self) -> date | None:
        """Return the day of the flight; None when it is not known."""
        return self.source.flown

    @property
    def file(self) -> CityFile:
        """Return the configuration."""
        return self.city.file

    @property
    def roll(self) -> VacantRoll:
        """Return the vacant roll."""
        return self.city.roll

    @property
    def files(self) -> YearFiles:
        """Return the files of the year."""
        return self.city.workspace.year(self.year)

    @cached_property
    def flyover(self) -> Flyover:
        """Return the imagery as it was delivered."""
        check_photos(self.city, self.year)
        source = self.source
        limits = replace(self.file.tile.image_limits, allow=self.file.imagery.allow)
        files = read_files(self.year, source.path, crs=source.crs, limits=limits)
        return make_flyover(files, source.flown, vacants=self.roll.lon_lat)

    @cached_property
    def fires(self) -> "Fires":
        """Return the fires of the city's table.

        Raises:
            InputError: see `gis_export.fire.fires.read_fires`.
        """
        from gis_export.fire.dispatch.address_match import read_addresses
        from gis_export.fire.fires import read_fires

        export = self.file.export
        book = read_addresses(export.dispatch) if export.fires else None
        return read_fires(export.fires, self.roll, book, today=self.as_of)

    @property
    def earlier(self) -> list["CityYear"]:
        """Return the years before, latest first."""
        years = sorted((source.year for source in self.file.flyover), reverse=True)
        return [self.city.year(year) for year in years if year < self.year]

    @property
    def as_of(self) -> date:
        """Return `[export] as_of`, or else the day of the clock."""
        return self.city.today

    @property
    def today(self) -> date:
        """Return the day of the products: `[export] as_of`, or else that of the clock.

        Raises:
            InputError: it lies before the flight.
        """
        today = self.as_of
        if self.flown and today < self.flown:
            raise InputError(
                f"export {self.year}: the flight of {self.flown} lies after {today}; "
                "correct [[flyover]] date, [export] as_of or the clock"
            )
        return today

    def at_work(self, stage: str) -> AbstractContextManager[None]:
        """Keep other commands from working on the year while a stage does.

        Of the processes that `torchrun` starts the first one does so for all.
        """
        if int(os.environ.get("RANK", "0")):
            return nullcontext()
        return at_work(self.files.folder, f"`{stage}` of {self.year}")

    def find_labels(self) -> Labels | None:
        """Return the labels up to the year, to learn from; None where nobody has looked.

        Raises:
            InputError: see `City.label_rows`.
        """
        source = self.file.labels
        rows = self.city.label_rows
        if rows is None:
            return None
        rank = source.source_rank if source else ()
        return usable_labels(rows, self.roll, until=self.year, source_rank=rank)

    def find_looked_share(self) -> LookedShare | None:
        """Return the share failing of the flyover; None where too few were looked at by chance."""
        labels = self.find_labels()
        if labels is None:
            return None
        return looked_share(labels.table[labels.table["year"] == self.year])

    def find_looks(self) -> pd.DataFrame | None:
        """Return what people said of the roofs up to the year; None where nobody has looked.

        Raises:
            InputError: see `City.label_rows`.
        """
        rows = self.city.label_rows
        return None if rows is None else looks_of(rows, until=self.year)

    def delivered_tiles(self) -> tuple[Tile, ...]:
        """Open the headers of the imagery as it was delivered."""
        return self.flyover.tiles

    def find_ledger(self) -> Ledger | None:
        """Read the ledger that `score` sealed; None when the year has not been scored.

        Raises:
            TamperedFile: it, or what `score` left beside it, is not as it was sealed.
            InputError: it is damaged.
        """
        if not self.files.ledger.exists():
            return None
        check_seal(self.files, self.year, self.city.workspace.audit)
        check_results(self, (SCORED,))
        return read_ledger(self.files.folder, self.year)

    def find_chips(self) -> ChipStore | None:
        """Open the chips; None when none have been cut."""
        chips = self.files.chips
        return open_store(chips.folder) if chips.manifest.exists() else None
