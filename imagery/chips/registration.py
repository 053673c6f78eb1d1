"""Registration: how far each tile is displaced, measured on its own chips.

No pixel is decoded for it. A chip of this year is compared with the chip of the same parcel in an
earlier flyover (both lie on the same grid). Where there is none, its edges are compared with the
roof's outline. Correlations are added up over the chips of a tile before their peak is looked for,
so that one chip that changed, or one without texture, does not decide.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from imagery.chips.correlation import (
    SIDE_CELLS,
    find_peak,
    ground_correlation,
    has_clear_peak,
)
from imagery.chips.store import ChipStore, StoredChip, open_store
from imagery.flyover.tiles import Tile

SAMPLE = 24
"""Chips per tile, at most."""
COARSE_M = 0.2
"""Chips are averaged to about this many meters a pixel first."""
FULL_M = 0.0
"""Stands for chips that are not averaged."""
LOOK_TWICE_M = 0.4
"""Longer shifts are measured again on the full pixels, meters."""
BATCH_TILES = 64
"""Tiles per task."""
LEAST_CHIPS = 6
"""Chips that a tile needs before its shift is believed."""
AGREE_M = 0.3
"""Largest distance between the peaks of two halves of the chips to be believed, meters."""


@dataclass(frozen=True, kw_only=True)
class TileShift:
    """How far one tile is displaced."""

    tile: str
    """File name."""
    chips: int
    """Chips that were compared."""
    against: str
    """Year of the flyover, or "outlines"."""
    east_m: float | None
    """How far east of its true place the tile lies, meters; None where it cannot be told."""
    north_m: float | None
    """Likewise north."""

    @property
    def length_m(self) -> float:
        """Return the length of the shift in meters, 0 where it cannot be told."""
        return float(np.hypot(self.east_m or 0.0, self.north_m or 0.0))

    def describe(self) -> str:
        """Say how far the tile is displaced."""
        east_m = self.east_m or 0.0
        north_m = self.north_m or 0.0
        east = f"{abs(east_m):.2f} m {'east' if east_m >= 0 else 'west'}"
        north = f"{abs(north_m):.2f} m {'north' if north_m >= 0 else 'south'}"
        compared = f"compared with {self.against} ({self.chips} chips)"
        return f"{self.tile} is displaced {east} and {north}, {compared}"


@dataclass(frozen=True, kw_only=True)
class ShiftBatch:
    """One task: some tiles of a year."""

    folder: Path
    """The year's `chips/` folder."""
    before: Path | None
    """Likewise of an earlier flyover; None compares with the outlines."""
    against: str
    """Year of that flyover."""
    tiles: tuple[str, ...]
    """File names."""


@dataclass(frozen=True, kw_only=True)
class Shifts:
    """What a task found."""

    found: tuple[TileShift, ...]
    """A row per tile."""

    def __int__(self) -> int:
        """Return the number of tiles, for progress."""
        return len(self.found)


ShiftRunner = Callable[[Callable[[ShiftBatch], Shifts], Sequence[ShiftBatch]], Iterator[Shifts]]
"""Executes batches, in any order and on any machine, and yields the results as they come."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """What the chips of a year are compared with."""

    store: ChipStore | None
    """Chips of an earlier flyover; None for the outlines of the roofs."""
    against: str
    """Year of that flyover, or "outlines"."""

    def picture(self, parcel_id: str, chip: StoredChip) -> NDArray[np.float32] | None:
        """Return what a chip is compared with, (H, W); None when the grids do not agree."""
        if self.store is None:
            return chip.mask.astype(np.float32) * 255

        before = self.store.read(parcel_id)
        if before is None or before.mask.shape != chip.mask.shape:
            return None
        return _gray(before)


OUTLINES = Reference(store=None, against="outlines")


@dataclass(frozen=True, kw_only=True, eq=False)
class TileChips:
    """The chips that lie in one tile alone."""

    tile: str
    """File name."""
    rows: pd.DataFrame
    """Their rows of the manifest."""
    store: ChipStore
    """The chips of the year."""


def tile_shifts(
    folder: Path, before: Path | None, *, against: str, runner: ShiftRunner
) -> list[TileShift]:
    """Estimate the shift of every tile by the chips that lie in it alone.

    Args:
        folder: The year's `chips/` folder.
        before: Likewise of an earlier flyover. Tiles that cannot be compared with it are compared
            with the outlines.
        against: Year of that flyover.
        runner: Executes batches.
    """
    names = sorted(_own_chips(open_store(folder).manifest)["tiles"].unique())
    batches = []
    for start in range(0, len(names), BATCH_TILES):
        tiles = tuple(names[start : start + BATCH_TILES])
        batches.append(ShiftBatch(folder=folder, before=before, against=against, tiles=tiles))

    found: list[TileShift] = []
    for shifts in runner(shift_batch, batches):
        found += shifts.found
    return sorted(found, key=lambda shift: shift.tile)


def shift_batch(batch: ShiftBatch) -> Shifts:
    """Estimate the shifts of some tiles. Runs in a worker."""
    store = open_store(batch.folder)
    references = [OUTLINES]
    if batch.before:
        before = Reference(store=open_store(batch.before), against=batch.against)
        references = [before, OUTLINES]

    chips = _own_chips(store.manifest)
    chips = chips[chips["tiles"].isin(batch.tiles)]
    found = []
    for name, rows in chips.groupby("tiles"):
        tile = TileChips(tile=str(name), rows=rows, store=store)
        found.append(find_shift(tile, references))
    return Shifts(found=tuple(found))


def _own_chips(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the chips that lie in one tile."""
    is_chip = manifest["status"] == "chip"
    is_on_seam = manifest["tiles"].str.contains("|", regex=False)
    return manifest[is_chip & ~is_on_seam]


def find_shift(chips: TileChips, references: Sequence[Reference]) -> TileShift:
    """Estimate the shift of one tile by the first reference that tells it."""
    for reference in references:
        shift = measure_shift(chips, reference, coarse_m=COARSE_M)
        if shift.length_m > LOOK_TWICE_M:
            return measure_shift(chips, reference, coarse_m=FULL_M)
        if shift.east_m is not None:
            return shift
    return shift


def measure_shift(chips: TileChips, reference: Reference, *, coarse_m: float) -> TileShift:
    """Add up the correlations of a tile's chips in two halves and find their common peak.

    Args:
        chips: The chips of the tile.
        reference: What they are compared with.
        coarse_m: Chips are averaged to about this many meters a pixel first.
    """
    halves = np.zeros((2, SIDE_CELLS, SIDE_CELLS), np.float32)
    count = 0
    sample = np.unique(np.linspace(0, len(chips.rows) - 1, SAMPLE).astype(int))
    for row in chips.rows.iloc[sample].itertuples():
        now = chips.store.read(str(row.parcel_id))
        then = None if now is None else reference.picture(str(row.parcel_id), now)
        if now is None or then is None:
            continue

        axes = np.array([(row.grid_a, row.grid_b), (row.grid_d, row.grid_e)])
        gsd_m = float(np.hypot(*axes[:, 0]))
        factor = max(1, round(coarse_m / gsd_m))
        halves[count % 2] += ground_correlation(_gray(now), then, axes, factor=factor)
        count += 1

    unknown = TileShift(
        tile=chips.tile, chips=count, against=reference.against, east_m=None, north_m=None
    )
    total = halves.sum(axis=0)
    if count < LEAST_CHIPS or not _do_agree(halves[0], halves[1]) or not has_clear_peak(total):
        return unknown

    east_m, north_m = find_peak(total)
    return replace(unknown, east_m=round(east_m, 3), north_m=round(north_m, 3))


def _do_agree(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    """Tell whether the peaks of two halves of the chips are in the same place."""
    first_east_m, first_north_m = find_peak(first)
    second_east_m, second_north_m = find_peak(second)
    apart_m = np.hypot(first_east_m - second_east_m, first_north_m - second_north_m)
    return bool(apart_m <= AGREE_M)


def _gray(chip: StoredChip) -> NDArray[np.float32]:
    """Return the gray levels of a chip, (H, W)."""
    rgb = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)


def displaced(shifts: list[TileShift], limit_m: float) -> list[TileShift]:
    """Return the tiles that are certainly displaced by more than `limit_m`."""
    return [shift for shift in shifts if shift.length_m > limit_m]


def move_back(tile: Tile, shift: TileShift, metric_crs: CRS) -> Tile:
    """Return a tile moved to its true place."""
    to_metric = Transformer.from_crs(tile.crs, metric_crs, always_xy=True)
    x, y = np.array(tile.corners).mean(axis=0)
    east, north = to_metric.transform(x, y)
    true_east = east - (shift.east_m or 0.0)
    true_north = north - (shift.north_m or 0.0)
    true_x, true_y = to_metric.transform(true_east, true_north, direction="INVERSE")

    a, b, c, d, e, f = tile.transform
    return replace(tile, transform=(a, b, c + float(true_x - x), d, e, f + float(true_y - y)))
