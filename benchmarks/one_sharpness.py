"""Photos of every flyover blurred until their finest detail is that of the softest flyover."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.flyover_sets import FlyoverSet
from benchmarks.own_norm import spec_digest
from benchmarks.shifts import Image, look, shift_chip
from imagery.chips.store import StoredChip
from imagery.files import atomic_path
from inference.drift_photos import sharpness
from models.feature_cache import Matrix
from models.flyover_stats import measure_flyover
from models.light import light_seed, relight
from models.measures import MEASURES, roof_measures

CHIPS = 200
"""Chips that a blur is tried on, at most."""
MOST_BLUR_PX = 2.0
"""Largest standard deviation of a blur."""
STEPS = 7
"""Halvings of the range of blurs."""


def to_one_sharpness(sets: Sequence[FlyoverSet], workspace: Path) -> list[FlyoverSet]:
    """Blur the photos of every flyover to the sharpness of the softest one.

    Args:
        sets: Past flyovers and the coming one.
        workspace: Where what the model sees of blurred photos is kept.
    """
    softest = min(sharpness(known.stats) for known in sets)
    return [_soften(known, softest, workspace / "one_sharpness") for known in sets]


def _soften(flyover: FlyoverSet, wanted: float, folder: Path) -> FlyoverSet:
    """Return a flyover whose chips, and their copies in other light, are blurred."""
    found = sharpness(flyover.stats)
    blur_px = 0.0 if found <= wanted else find_blur_px(flyover, wanted)
    print(f"{flyover.name}: sharpness {found:.3f}, blurred by {blur_px:.2f} pixels", flush=True)
    if not blur_px:
        return flyover

    row_of = {f"{flyover.number} {name}": row for row, name in enumerate(flyover.parcel_ids)}
    rows = [row_of[name] for name in flyover.labels["parcel_id"]]
    stem = f"{flyover.name.replace(' ', '_')}_{blur_px:.2f}px_{spec_digest(flyover.spec)}"
    looks = _kept(folder / f"{stem}.npy", flyover, _blurred(flyover, range(len(row_of)), blur_px))
    relit = _kept(folder / f"{stem}_relit.npy", flyover, _relit(flyover, rows, blur_px))

    of_network = slice(len(MEASURES), None)
    labels = flyover.labels.assign(
        measures=list(looks[rows, : len(MEASURES)]),
        features=list(looks[rows, of_network]),
        features_relit=list(relit[:, of_network]),
    )
    return replace(flyover, looks=looks, labels=labels)


def find_blur_px(flyover: FlyoverSet, wanted: float) -> float:
    """Return the standard deviation of the blur that gives some sharpness, pixels."""
    step = -(-len(flyover.chips) // CHIPS)
    rows = range(0, len(flyover.chips), step)
    least, most = 0.0, MOST_BLUR_PX
    for _ in range(STEPS):
        middle = (least + most) / 2
        measures = np.stack([roof_measures(chip) for chip in _blurred(flyover, rows, middle)])
        stats = measure_flyover(0, [measures], len(MEASURES))
        if sharpness(stats) > wanted:
            least = middle
        else:
            most = middle
    return (least + most) / 2


def _blurred(flyover: FlyoverSet, rows: Sequence[int], blur_px: float) -> Iterator[StoredChip]:
    """Yield the chips of some rows, blurred."""
    shift = partial(_blur, blur_px=blur_px)
    for row in rows:
        yield shift_chip(flyover.chips[row], shift, flyover.spec.gsd_m)


def _relit(flyover: FlyoverSet, rows: Sequence[int], blur_px: float) -> Iterator[StoredChip]:
    """Yield the blurred chips of some rows in the other light that training gives them."""
    for row, chip in zip(rows, _blurred(flyover, rows, blur_px), strict=True):
        seed = light_seed(str(flyover.parcel_ids[row]))
        yield StoredChip(pixels=relight(chip.pixels, seed), mask=chip.mask)


def _blur(image: Image, _: float, *, blur_px: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), blur_px), np.uint8)


def _kept(path: Path, flyover: FlyoverSet, chips: Iterator[StoredChip]) -> Matrix:
    """Return what the model sees of chips, from the file where it was seen before."""
    if not path.exists():
        looks = look(flyover.spec, chips)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, looks, allow_pickle=False)
    return np.asarray(np.load(path, allow_pickle=False), np.float32)
