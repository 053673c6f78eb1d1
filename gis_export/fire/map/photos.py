"""The photos on a card: this year's chip and the last one's, turned as the map is, north up.

A photo is named by what it is drawn from, so that it keeps its name as long as it does not change:
the next export takes it over, and a copy on a tablet need only be given the new ones.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from gis_export.part_record import NO_FILES, LastFiles
from imagery.chips.picture import outlined
from imagery.chips.store import GRID_COLUMNS, ChipPlace, ChipStore, StoredChip, read_chip

_DRAWN = 1
"""Increase this when the same chip gives another photo."""
NO_PHOTO = "0"
LONG_SIDE_ACROSS = "1"
NORTH_UP = "2"
_QUALITY = 72
_LONGEST_PX = 480
_ACROSS_AT_MOST = 0.7
"""Chips that are shrunk more than this are shrunk before they are turned."""


@dataclass(frozen=True, kw_only=True)
class Photos:
    """Which rows have a photo of the roof."""

    turned: str
    """A letter for each row: `NO_PHOTO`, `LONG_SIDE_ACROSS` or `NORTH_UP`."""
    names: tuple[str, ...]
    """Name of each photo, "" for none."""

    @classmethod
    def none(cls, rows: int) -> "Photos":
        """Return what there is of rows without a photo."""
        return cls(turned=NO_PHOTO * rows, names=("",) * rows)

    def take(self, rows: Sequence[int]) -> "Photos":
        """Return those of some rows."""
        turned = "".join(self.turned[row] for row in rows)
        return Photos(turned=turned, names=tuple(self.names[row] for row in rows))


@dataclass(frozen=True, kw_only=True)
class NorthUp:
    """The picture of a card: a box of ground with north up."""

    transform: Affine
    """From its (column, row) to the metric CRS of the chips."""
    height: int
    """Rows."""
    width: int
    """Columns."""


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """The photo of one roof, before it is drawn."""

    chip: ChipPlace
    """The chip."""
    grid: Affine | None
    """From (column, row) of the chip to meters; None where the store does not tell."""
    frame: NorthUp | None
    """What is drawn; None for the chip with its long side across."""

    @property
    def name(self) -> str:
        """Return the checksum of what it is drawn from."""
        chip = self.chip
        # A chip of an early version is known by its place alone.
        pixels = chip.sha256 or (chip.shard, chip.offset)
        facts = (_DRAWN, pixels, chip.height, chip.width, self.grid, self.frame)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def photo_path(name: str) -> str:
    """Return the place of a photo under chips/.

    Photos lie in many folders: file systems of memory sticks slow down with many in one.
    """
    return f"{name[:2]}/{name}.webp"


def write_photos(
    chips: ChipStore | None,
    parcel_ids: list[str],
    folder: Path,
    *,
    frames: ChipStore | None = None,
    last: LastFiles = NO_FILES,
) -> Photos:
    """Write a WebP photo for every parcel that has a chip.

    Args:
        chips: The chips of a year.
        parcel_ids: The parcels, one a row.
        folder: Where to write.
        frames: The chips whose ground is shown; those of `chips` itself where None.
        last: The folder as the last export left it; photos that have not changed come from there.
    """
    if chips is None:
        return Photos.none(len(parcel_ids))

    portraits = list(_portraits(chips, frames, parcel_ids))
    names = tuple(portrait.name if portrait else "" for portrait in portraits)
    by_name = {name: portrait for name, portrait in zip(names, portraits, strict=True) if portrait}
    for name in by_name:
        (folder / photo_path(name)).parent.mkdir(parents=True, exist_ok=True)

    new = [name for name in by_name if not last.take(photo_path(name), folder / photo_path(name))]
    # Threads are enough: Python's lock is released while a photo is encoded.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(lambda name: _draw(by_name[name], folder / photo_path(name)), new):
            pass

    return Photos(turned="".join(_letter(portrait) for portrait in portraits), names=names)


def _letter(portrait: Portrait | None) -> str:
    """Return how a photo is turned."""
    if portrait is None:
        return NO_PHOTO
    return LONG_SIDE_ACROSS if portrait.frame is None else NORTH_UP


def _draw(portrait: Portrait, path: Path) -> None:
    """Write one photo."""
    chip = read_chip(portrait.chip)
    if portrait.grid is None or portrait.frame is None:
        picture = _shrink(chip)
    else:
        picture = _turn(chip, portrait.grid, portrait.frame)
    Image.fromarray(picture).save(path, "WEBP", quality=_QUALITY, method=1)


def _portraits(
    chips: ChipStore, frames: ChipStore | None, parcel_ids: list[str]
) -> Iterator[Portrait | None]:
    """Yield the photo of each parcel, None where there is none."""
    places, grids = _places_of(chips), _grids_of(chips)
    framed = (places, grids) if frames is None else (_places_of(frames), _grids_of(frames))
    for parcel_id in parcel_ids:
        place, grid = places.get(parcel_id), grids.get(parcel_id)
        frame = _frame_of(framed[0].get(parcel_id), framed[1].get(parcel_id))
        is_lost = frames is not None and (grid is None or frame is None)
        has_both = grid is not None and frame is not None
        if place is None or is_lost:
            yield None
        else:
            yield Portrait(chip=place, grid=grid, frame=frame if has_both else None)


def _places_of(chips: ChipStore) -> dict[str, ChipPlace]:
    """Return where each chip is stored, by parcel."""
    rows = chips.manifest[chips.manifest["status"] == "chip"]
    return dict(zip(rows["parcel_id"], chips.places(rows), strict=True))


def _grids_of(chips: ChipStore) -> dict[str, Affine]:
    """Return the affine of each chip, pixels to meters, by parcel, as far as the store tells."""
    if not set(GRID_COLUMNS) <= set(chips.manifest.columns):
        return {}
    values = chips.manifest[list(GRID_COLUMNS)].to_numpy(np.float64)
    known = np.isfinite(values).all(axis=1)
    ids = chips.manifest["parcel_id"].to_numpy()[known]
    return {str(key): Affine(*row) for key, row in zip(ids, values[known].tolist(), strict=True)}


def _frame_of(place: ChipPlace | None, grid: Affine | None) -> NorthUp | None:
    """Return the picture around a chip, with north up."""
    if grid is None or place is None:
        return None

    corners = ((0, 0), (place.width, 0), (0, place.height), (place.width, place.height))
    xs, ys = np.array([grid * corner for corner in corners]).T
    gsd_m = max(float(np.hypot(grid.a, grid.d)), float(max(np.ptp(xs), np.ptp(ys))) / _LONGEST_PX)
    return NorthUp(
        transform=Affine(gsd_m, 0.0, float(xs.min()), 0.0, -gsd_m, float(ys.max())),
        height=max(1, round(float(np.ptp(ys)) / gsd_m)),
        width=max(1, round(float(np.ptp(xs)) / gsd_m)),
    )


def _turn(chip: StoredChip, grid: Affine, frame: NorthUp) -> NDArray[np.uint8]:
    """Return a chip turned into a picture with the outline of its parcel, (h, w, 3)."""
    pixels = np.asarray(cv2.merge(list(chip.pixels)), np.uint8)
    mask = chip.mask.astype(np.uint8)
    scale = float(np.hypot(grid.a, grid.d)) / frame.transform.a
    if scale < _ACROSS_AT_MOST:
        pixels, mask = _resize(pixels, mask, scale)
        height, width = mask.shape
        grid = grid @ Affine.scale(chip.mask.shape[1] / width, chip.mask.shape[0] / height)

    # OpenCV counts from the middle of a pixel.
    half = Affine.translation(0.5, 0.5)
    to_chip = ~half @ ~grid @ frame.transform @ half
    matrix = np.array(to_chip[:6], dtype=np.float64).reshape(2, 3)
    size = (frame.width, frame.height)
    nearest = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    linear = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = np.asarray(cv2.warpAffine(pixels, matrix, size, flags=linear), np.uint8)
    inside = cv2.warpAffine(mask, matrix, size, flags=nearest) > 0
    return outlined(turned, np.asarray(inside, np.bool_))


def _shrink(chip: StoredChip) -> NDArray[np.uint8]:
    """Return a chip with the outline of its parcel, (h, w, 3), at most `_LONGEST_PX` long."""
    pixels = np.moveaxis(chip.pixels, 0, -1)
    mask = chip.mask.astype(np.uint8)
    scale = _LONGEST_PX / max(mask.shape)
    if scale < 1:
        pixels, mask = _resize(pixels, mask, scale)
    return outlined(pixels, mask > 0)


def _resize(
    pixels: NDArray[np.uint8], mask: NDArray[np.uint8], scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pixels (h, w, 3) and mask (h, w) at a smaller scale."""
    height, width = mask.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    small_mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return small, small_mask
