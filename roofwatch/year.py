"""A city at work: the city file, the executor and the workspace, handed from stage to stage."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, SupportsInt, TypeVar

from imagery.flyover.flyover import Flyover, open_flyover
from imagery.roll.parcels import VacantRoll, read_roll
from roofwatch.config import CityFile
from roofwatch.executors import Execution, map_batches
from roofwatch.progress import Progress

if TYPE_CHECKING:
    from models.registry import Registry

MODEL_FILE = "model.json"
"""In report/: label, sha256 and run of the model that scored the year."""
Batch = TypeVar("Batch")
Done = TypeVar("Done", bound=SupportsInt)


@dataclass(frozen=True, kw_only=True)
class City:
    """A city file at work: its inputs are read once, when first asked for."""

    file: CityFile
    """The configuration."""
    execution: Execution = field(default_factory=Execution)
    """How batches are executed."""
    quiet: bool = False
    """No progress on stderr."""
    opened: dict[int, Flyover] = field(default_factory=dict)
    """Flyovers whose headers have been read."""

    def folder(self, year: int) -> Path:
        """Return the year's folder in the workspace."""
        return self.file.city.workspace / str(year)

    @cached_property
    def roll(self) -> VacantRoll:
        """The vacant roll."""
        return read_roll(self.file.parcels, self.file.vacant, self.file.footprints)

    @property
    def audit(self) -> Path:
        """The audit log."""
        return self.file.city.workspace / "audit.csv"

    def flyover(self, year: int) -> Flyover:
        """Open the flyover of a year; its headers are read once."""
        if year not in self.opened:
            source = self.file.source(year)
            self.opened[year] = open_flyover(year, source.path, source.flown, crs=source.crs)
        return self.opened[year]

    def mapper(
        self, stage: str, total: int
    ) -> Callable[[Callable[[Batch], Done], Sequence[Batch]], Iterator[Done]]:
        """Return the executor of one stage, with its progress; it may be called several times."""
        progress = Progress(stage, quiet=self.quiet)
        progress.total = total

        def run(function: Callable[[Batch], Done], batches: Sequence[Batch]) -> Iterator[Done]:
            with progress:
                for done in map_batches(function, batches, self.execution):
                    progress.advance(int(done))
                    yield done

        return run

    @property
    def registry(self) -> "Registry":
        """Where the city's models are registered; loads torch."""
        from models.registry import Registry

        workspace = self.file.city.workspace
        workspace.mkdir(parents=True, exist_ok=True)
        slug = re.sub(r"[^a-z0-9]+", "-", self.file.city.name.lower()).strip("-")
        uri = self.file.mlflow.uri
        return Registry(
            uri=uri or f"sqlite:///{workspace / 'mlflow.db'}",
            artifacts=str(workspace / "mlruns"),
            experiment=self.file.city.name,
            model=f"{slug}-roof",
        )
