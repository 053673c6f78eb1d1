"""Registration: how far each tile lies off, measured on its own chips, so that no pixel is decoded for it.

A chip of this year is matched with the chip of the same parcel in an earlier flyover (both lie on the same grid), or, where there is
none, its edges with the roof's outline. Correlations are added up over the chips of a tile before their peak is looked for, so that
one that changed, or one without texture, does not decide.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy import fft

from imagery.chips.store import ChipStore, StoredChip, open_store
from imagery.chips.windows import Floats
from imagery.flyover.tiles import Tile

SAMPLE = 24
"""Chips per tile, at most."""
REACH_M = 4.0
"""Longest shift that is looked for, meters."""
CELL_M = 0.1
"""Side of the cells in which correlations are added up, meters."""
COARSE_M = 0.2
"""Chips are averaged to about this many meters a pixel first."""
PROMINENT = 1.4
"""How much higher than any other peak more than `APART_M` away the peak must stand above the mean to be believed."""
APART_M = 1.0
LOOK_TWICE_M = 0.4
"""Longer shifts are measured again on the full pixels, meters."""
BATCH_TILES = 64
"""Tiles per task."""
LEAST_CHIPS = 6
"""Chips that a tile needs before its shift is believed."""
AGREE_M = 0.3
"""How far the peaks of two halves of the chips may lie apart for their sum to be believed, meters."""


@dataclass(frozen=True, kw_only=True)
class TileShift:
    """How far one tile lies off."""

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
        """Say how far the tile lies off."""
        east, north = self.east_m or 0.0, self.north_m or 0.0
        where = f"{abs(east):.2f} m {'east' if east >= 0 else 'west'} and {abs(north):.2f} m {'north' if north >= 0 else 'south'}"
        return f"{self.tile} lies {where} of its place, against {self.against} ({self.chips} chips)"


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


Mapper = Callable[[Callable[[ShiftBatch], Shifts], Sequence[ShiftBatch]], Iterator[Shifts]]


def tile_shifts(
    folder: Path, before: Path | None, *, against: str, mapper: Mapper
) -> list[TileShift]:
    """Estimate the shift of every tile by the chips that lie in it alone.

    Args:
        folder: The year's `chips/` folder.
        before: Likewise of an earlier flyover; tiles that cannot be compared with it are compared with the outlines.
        against: Year of that flyover.
        mapper: How batches are executed.
    """
    names = sorted(_own_chips(open_store(folder).manifest)["tiles"].unique())
    batches = [
        ShiftBatch(
            folder=folder,
            before=before,
            against=against,
            tiles=tuple(names[start : start + BATCH_TILES]),
        )
        for start in range(0, len(names), BATCH_TILES)
    ]
    return sorted(
        (shift for shifts in mapper(shift_batch, batches) for shift in shifts.found),
        key=lambda shift: shift.tile,
    )


def shift_batch(batch: ShiftBatch) -> Shifts:
    """Estimate the shifts of some tiles. Runs in a worker."""
    store, before = open_store(batch.folder), open_store(batch.before) if batch.before else None
    chips, found = _own_chips(store.manifest), []
    for name, rows in chips[chips["tiles"].isin(batch.tiles)].groupby("tiles"):
        shift = (
            _tile_shift(str(name), rows, store, before, against=batch.against) if before else None
        )
        shift = (
            shift
            if shift and shift.east_m is not None
            else _tile_shift(str(name), rows, store, None, against="outlines")
        )
        if shift.length_m > LOOK_TWICE_M:
            shift = _tile_shift(
                str(name),
                rows,
                store,
                before if shift.against != "outlines" else None,
                against=shift.against,
                coarse_m=0.0,
            )
        found.append(shift)
    return Shifts(found=tuple(found))


def _own_chips(manifest: pd.DataFrame) -> pd.DataFrame:
    return manifest[
        (manifest["status"] == "chip") & ~manifest["tiles"].str.contains("|", regex=False)
    ]


def displaced(shifts: list[TileShift], limit_m: float) -> list[TileShift]:
    """Return the tiles that certainly lie further off than `limit_m`."""
    return [shift for shift in shifts if shift.length_m > limit_m]


def move_back(tile: Tile, shift: TileShift, metric_crs: CRS) -> Tile:
    """Return a tile laid where it belongs."""
    to_metric = Transformer.from_crs(tile.crs, metric_crs, always_xy=True)
    x, y = np.array(tile.corners).mean(axis=0)
    east, north = to_metric.transform(x, y)
    true_x, true_y = to_metric.transform(
        east - (shift.east_m or 0.0), north - (shift.north_m or 0.0), direction="INVERSE"
    )
    a, b, c, d, e, f = tile.transform
    return replace(tile, transform=(a, b, c + float(true_x - x), d, e, f + float(true_y - y)))


def _tile_shift(
    name: str,
    rows: pd.DataFrame,
    store: ChipStore,
    before: ChipStore | None,
    *,
    against: str,
    coarse_m: float = COARSE_M,
) -> TileShift:
    """Add up the correlations of a tile's chips in two halves and find their common peak."""
    side = 2 * round(REACH_M / CELL_M) + 1
    halves, chips = np.zeros((2, side, side), np.float32), 0
    for row in rows.iloc[np.unique(np.linspace(0, len(rows) - 1, SAMPLE).astype(int))].itertuples():
        now = store.read(str(row.parcel_id))
        then = before.read(str(row.parcel_id)) if before else now
        if now is None or then is None or now.mask.shape != then.mask.shape:
            continue
        axes = np.array([(row.grid_a, row.grid_b), (row.grid_d, row.grid_e)])
        factor = max(1, round(coarse_m / float(np.hypot(*axes[:, 0]))))
        images = (_gray(now), _gray(then) if before else now.mask.astype(np.float32) * 255)
        here, there = (_orientation(_coarse(image, factor)) for image in images)
        halves[chips % 2] += _to_ground(_correlate(here, there), axes * factor, side)
        chips += 1
    first, second, (east, north) = (
        _peak(part) for part in (halves[0], halves[1], halves.sum(axis=0))
    )
    agree = np.hypot(first[0] - second[0], first[1] - second[1]) <= AGREE_M
    if chips < LEAST_CHIPS or not agree or not _stands_out(halves.sum(axis=0)):
        return TileShift(tile=name, chips=chips, against=against, east_m=None, north_m=None)
    return TileShift(
        tile=name, chips=chips, against=against, east_m=round(east, 3), north_m=round(north, 3)
    )


def _gray(chip: StoredChip) -> NDArray[np.float32]:
    return np.asarray(
        cv2.cvtColor(np.ascontiguousarray(chip.pixels.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY),
        np.float32,
    )


def _coarse(gray: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Average squares of `factor` pixels."""
    size = max(1, gray.shape[1] // factor), max(1, gray.shape[0] // factor)
    return np.asarray(
        cv2.resize(
            gray[: size[1] * factor, : size[0] * factor], size, interpolation=cv2.INTER_AREA
        ),
        np.float32,
    )


def _orientation(gray: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return the doubled direction of the gradient as complex numbers of length 0-1, (H, W).

    Doubling makes bright-to-dark and dark-to-bright edges alike (orientation correlation, Fitch et al. 2002).
    """
    smooth = cv2.GaussianBlur(gray, (0, 0), 1.0)
    gradient = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) + 1j * cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.abs(gradient)
    return np.asarray(
        gradient**2 / (strength * (strength + 2 * strength.mean()) + 1e-6), dtype=np.complex64
    )


def _correlate(now: NDArray[np.complex64], then: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Return the circular cross-correlation with shift 0 in the center; its peak lies where `now` is `then` moved to."""
    spectrum = fft.fft2(now) * np.conj(fft.fft2(then))
    return np.asarray(fft.fftshift(fft.ifft2(spectrum).real) / now.size, dtype=np.float32)


def _to_ground(surface: NDArray[np.float32], axes: Floats, side: int) -> NDArray[np.float32]:
    """Turn a correlation over chip pixels into one over ground cells (side, side): columns east, rows north."""
    steps = (np.arange(side) - side // 2) * CELL_M
    ground = np.stack(np.meshgrid(steps, steps), axis=-1)  # (side, side, 2) east, north
    pixels = ground @ np.linalg.inv(axes).T + np.array(
        [surface.shape[1] // 2, surface.shape[0] // 2]
    )
    return np.asarray(
        cv2.remap(
            surface,
            pixels[..., 0].astype(np.float32),
            pixels[..., 1].astype(np.float32),
            cv2.INTER_LINEAR,
        ),
        np.float32,
    )


def _peak(total: NDArray[np.float32]) -> tuple[float, float]:
    """Return the place of the peak (east, north) in meters, to a part of a cell."""
    smooth = np.asarray(cv2.GaussianBlur(total, (0, 0), 1.0), np.float32)
    row, column = (int(part) for part in np.unravel_index(int(smooth.argmax()), smooth.shape))
    center = total.shape[0] // 2
    return (column + _vertex(smooth[row], column) - center) * CELL_M, (
        row + _vertex(smooth[:, column], row) - center
    ) * CELL_M


def _stands_out(total: NDArray[np.float32]) -> bool:
    """Tell whether the peak is no edge of the search and clearly higher than every other one."""
    smooth = np.asarray(cv2.GaussianBlur(total, (0, 0), 1.0), np.float32) - total.mean()
    row, column = (int(part) for part in np.unravel_index(int(smooth.argmax()), smooth.shape))
    rows, columns = np.indices(smooth.shape)
    apart = np.hypot(rows - row, columns - column) * CELL_M > APART_M
    inside = 1 < row < smooth.shape[0] - 2 and 1 < column < smooth.shape[1] - 2
    return inside and bool(smooth[row, column] >= PROMINENT * smooth[apart].max())


def _vertex(line: NDArray[np.float32], at: int) -> float:
    """Return where the parabola through a peak and its neighbors has its top, -0.5 to 0.5 cells from the peak."""
    if not 0 < at < len(line) - 1:
        return 0.0
    left, top, right = (float(value) for value in line[at - 1 : at + 2])
    bend = left - 2 * top + right
    return 0.0 if bend >= 0 else float(np.clip((left - right) / (2 * bend), -0.5, 0.5))
