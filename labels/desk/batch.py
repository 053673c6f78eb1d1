"""The roofs of one sitting at the desk, as they were drawn; kept in a file until all are seen."""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imagery.errors import InputError
from imagery.files import atomic_path
from labels.draws.looks_file import NextLooks
from labels.draws.weights import name_draw
from labels.sample import PARTS

COLUMNS = ("parcel_id", "part", "chance", "readers")
"""Of the file, in the order in which roofs are shown."""
MOST_READERS = 2
"""People who look at one roof."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One roof to look at."""

    parcel_id: str
    """Id as on the roll."""
    part: str
    """Why it was drawn, of `labels.sample.PARTS`."""
    chance: float
    """Chance with which it was drawn, above 0 and at most 1."""
    readers: int
    """People who are to look at it, 1 or 2."""

    def __post_init__(self) -> None:
        """Check part, chance and readers."""
        is_known = self.part in PARTS and 1 <= self.readers <= MOST_READERS
        if not is_known or not 0 < self.chance <= 1:
            raise ValueError(f"no roof of a batch: {self}")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The roofs of one draw."""

    year: int
    """Year of the flyover."""
    draw: int
    """Number of the draw in the flyover, from 1."""
    slots: tuple[Slot, ...]
    """In the order of the draw, each parcel once."""

    def chosen(self, slot: Slot) -> str:
        """Return how a look says that its roof was chosen."""
        return name_draw(self.draw, slot.part)

    @property
    def text(self) -> str:
        """Return the file."""
        lines = io.StringIO(newline="")
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        for slot in self.slots:
            writer.writerow([slot.parcel_id, slot.part, repr(slot.chance), slot.readers])
        return lines.getvalue()

    @property
    def sha256(self) -> str:
        """Return the checksum by which the sitting is known in the book."""
        return hashlib.sha256(f"{self.year} {self.draw}\n{self.text}".encode()).hexdigest()

    @property
    def name(self) -> str:
        """Return a short name, by which a page and the desk know that they mean the same roofs."""
        return self.sha256[:12]


def make_batch(looks: NextLooks, *, second_reader: float, rng: np.random.Generator) -> Batch:
    """Return a draw as a batch, some roofs of which two people look at.

    Args:
        looks: The draw.
        second_reader: Share of the roofs with two readers.
        rng: Source of randomness.
    """
    count = len(looks.table)
    twice = rng.permutation(count)[: round(second_reader * count)]
    readers = np.ones(count, np.int64)
    readers[twice] = MOST_READERS

    rows = looks.table[["parcel_id", "part", "chance"]].itertuples(index=False, name=None)
    slots = []
    for (parcel_id, part, chance), people in zip(rows, readers.tolist(), strict=True):
        slot = Slot(parcel_id=str(parcel_id), part=part, chance=float(chance), readers=people)
        slots.append(slot)
    return Batch(year=looks.year, draw=looks.draw, slots=tuple(slots))


def batch_path(folder: Path, draw: int) -> Path:
    """Return where a batch is kept."""
    return folder / f"draw_{draw:03d}.csv"


def write_batch(folder: Path, batch: Batch) -> Path:
    """Write a batch into the desk's folder."""
    path = batch_path(folder, batch.draw)
    with atomic_path(path) as temporary:
        temporary.write_text(batch.text, encoding="utf-8", newline="")
    return path


def read_batches(folder: Path, year: int) -> list[Batch]:
    """Read every batch of a flyover, by draw.

    Raises:
        InputError: a file is damaged.
    """
    paths = sorted(folder.glob("draw_*.csv"))
    return [_read_batch(path, year) for path in paths]


def _read_batch(path: Path, year: int) -> Batch:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        slots = [_read_slot(row) for row in rows]
        draw = int(path.stem.removeprefix("draw_"))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({error}); remove it: its answers stay in the book of looks"
        ) from error
    return Batch(year=year, draw=draw, slots=tuple(slots))


def _read_slot(row: dict[str, str]) -> Slot:
    return Slot(
        parcel_id=row["parcel_id"],
        part=row["part"],
        chance=float(row["chance"]),
        readers=int(row["readers"]),
    )
