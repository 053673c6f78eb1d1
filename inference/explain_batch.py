"""Pictures of some roofs at a time, as a worker draws them.

A worker gets paths and places only, and reads chips and model itself.
"""

from dataclasses import dataclass
from pathlib import Path

from imagery.chips.store import ChipPlace, read_chip
from imagery.files import atomic_path
from inference.explain_heat import HeatModel, has_heat, heat_map, peak
from inference.explain_picture import Panel, draw_explanation
from models.extract import NetworkSource, open_maps
from models.head import Head

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
    networks: NetworkSource
    """The networks of the model, and its spec."""
    head: Head
    """Its head, set to the flyover that was scored."""
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
    maps = open_maps(batch.networks, batch.threads) if has_heat(batch.head) else ()
    model = HeatModel(spec=batch.networks.spec, head=batch.head, maps=maps)

    peaks = {}
    for task in batch.tasks:
        found = draw_picture(task, model)
        if found is not None:
            peaks[task.parcel_id] = found
    return Explained(peaks=peaks, count=len(batch.tasks))


def draw_picture(task: ExplainTask, model: HeatModel) -> tuple[int, int] | None:
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
