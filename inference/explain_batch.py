"""Pictures of some roofs at a time, as a worker draws them.

A worker gets paths and places only, and reads chips and model itself.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch

from imagery.chips.store import ChipPlace, read_chip
from imagery.files import atomic_path
from inference.explain_heat import has_heat, heat_map, peak
from inference.explain_picture import Panel, draw_explanation
from models.files import Model, load_model
from models.share import ScoredFlyover

QUALITY = 80
"""Of WebP, 0 to 100."""


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """A chip in a store, with its caption."""

    place: ChipPlace
    """Where the chip is stored."""
    caption: str
    """What is written below it."""

    def panel(self) -> Panel:
        """Read the chip."""
        return Panel(chip=read_chip(self.place), caption=self.caption)


@dataclass(frozen=True, kw_only=True)
class ExplainTask:
    """One picture."""

    parcel_id: str
    """The roof."""
    title: str
    """Written at the top."""
    roof: Portrait
    """Its chip."""
    near: tuple[Portrait, ...]
    """Labeled roofs that look alike."""
    lines: tuple[str, ...]
    """Measures that suggest a failing roof; empty where a heat map is drawn."""
    target: Path
    """Where the picture goes."""


@dataclass(frozen=True, kw_only=True)
class ExplainBatch:
    """Some pictures."""

    tasks: tuple[ExplainTask, ...]
    """The pictures."""
    model: Path
    """Folder of the model."""
    sha256: str
    """Its checksum."""
    flyover: ScoredFlyover
    """The flyover that was scored."""
    threads: int
    """Threads of this worker."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Result of a batch."""

    peaks: dict[str, tuple[int, int]]
    """Hottest pixel (row, column) by parcel; empty without heat maps."""
    count: int
    """Pictures written."""

    def __int__(self) -> int:
        """Return the pictures, for progress."""
        return self.count


def explain_batch(batch: ExplainBatch) -> Explained:
    """Draw some pictures. Runs in a worker."""
    torch.set_num_threads(batch.threads)
    loaded = explained_model(batch.model, batch.sha256)
    model = replace(loaded, head=batch.flyover.set(loaded.head))

    peaks = {}
    for task in batch.tasks:
        found = draw_picture(task, model)
        if found is not None:
            peaks[task.parcel_id] = found
    return Explained(peaks=peaks, count=len(batch.tasks))


def draw_picture(task: ExplainTask, model: Model) -> tuple[int, int] | None:
    """Write one picture; return row and column of the peak of its heat map, None without one."""
    roof = task.roof.panel()
    near = [portrait.panel() for portrait in task.near]
    heat = heat_map(model, roof.chip) if has_heat(model.head) else None

    image = draw_explanation(roof, heat, near, title=task.title, lines=task.lines)
    with atomic_path(task.target) as temporary:
        image.save(temporary, "WEBP", quality=QUALITY, method=4)

    if heat is None:
        return None
    return peak(heat, roof.chip.mask, gsd_m=model.spec.gsd_m)


@lru_cache(maxsize=1)
def explained_model(folder: Path, sha256: str) -> Model:
    """Load a model after its checksum has been compared; the last one is kept.

    Raises:
        TamperedModel: the checksum differs.
    """
    return load_model(folder, sha256)
