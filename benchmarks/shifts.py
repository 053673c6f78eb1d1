"""What another flyover may do to the same roofs, made on their chips."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.flyover_sets import FlyoverSet
from imagery.chips.store import ChipPlace, StoredChip, read_chip
from imagery.files import atomic_path
from models.extract import CHIPS_AT_ONCE
from models.feature_cache import Matrix
from models.measures import roof_measures
from models.network import load_backbones
from models.scoring import chip_features
from models.spec import ModelSpec

Image = NDArray[np.uint8]
Shift = Callable[[Image, float], Image]
"""Changes RGB (H, W, 3), given meters per pixel."""


def brighter(image: Image, _: float) -> Image:
    """Lift the light by a third of a stop."""
    return _clip(image * 1.26)


def darker(image: Image, _: float) -> Image:
    """Take half a stop away."""
    return _clip(image * 0.71)


def haze(image: Image, _: float) -> Image:
    """Mix a quarter of gray-blue haze in."""
    return _clip(image * 0.75 + np.array([190.0, 200.0, 210.0]) * 0.25)


def warm(image: Image, _: float) -> Image:
    """Shift the white balance to warm."""
    return _clip(image * np.array([1.12, 1.0, 0.86]))


def autumn(image: Image, _: float) -> Image:
    """Turn green to brown, as the leaves do."""
    green = image[..., 1].astype(np.float64) - image[..., [0, 2]].mean(axis=2)
    part = np.clip(green / 20, 0, 1)[..., None]
    brown = image * np.array([1.25, 0.9, 0.7])
    return _clip(image * (1 - part) + brown * part)


def jpeg(image: Image, _: float) -> Image:
    """Compress hard."""
    _, packed = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 30])
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert unpacked is not None
    return np.ascontiguousarray(unpacked[..., ::-1]).astype(np.uint8)


def blur(image: Image, gsd_m: float) -> Image:
    """Blur by 0.3 m."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.3 / gsd_m), np.uint8)


def coarse(image: Image, _: float) -> Image:
    """Halve the resolution."""
    height, width = image.shape[:2]
    small = cv2.resize(
        image, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def moved_half_meter(image: Image, gsd_m: float) -> Image:
    """Move the photo against the outlines by 0.5 m."""
    return _move(image, 0.5 / gsd_m)


def moved_meter(image: Image, gsd_m: float) -> Image:
    """Move the photo against the outlines by 1 m."""
    return _move(image, 1.0 / gsd_m)


SHIFTS: dict[str, Shift] = {
    "brighter": brighter,
    "darker": darker,
    "haze": haze,
    "warm": warm,
    "autumn": autumn,
    "JPEG 30": jpeg,
    "blur 0.3 m": blur,
    "half resolution": coarse,
    "moved 0.5 m": moved_half_meter,
    "moved 1 m": moved_meter,
}


def shifted(flyover: FlyoverSet, name: str, workspace: Path) -> FlyoverSet:
    """Return a flyover whose chips were shifted; what the model sees of them is kept.

    Args:
        flyover: As it was flown.
        name: Key of `SHIFTS`.
        workspace: Where the features are kept.
    """
    label = f"{flyover.name}, {name}"
    path = workspace / "shifts" / f"{label.replace(' ', '_').replace(',', '')}.npy"
    if not path.exists():
        gsd_m = flyover.spec.gsd_m
        chips = (shift_chip(place, SHIFTS[name], gsd_m) for place in flyover.chips)
        looks = look(flyover.spec, chips)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, looks, allow_pickle=False)

    looks = np.load(path, allow_pickle=False)
    return replace(flyover, name=label, looks=looks, labels=flyover.labels.iloc[:0])


def look(spec: ModelSpec, chips: Iterable[StoredChip]) -> Matrix:
    """Return measures and features of chips, float32 (N, F)."""
    backbones = load_backbones(spec, "")
    remaining = iter(chips)
    parts = []
    while batch := list(islice(remaining, CHIPS_AT_ONCE)):
        measures = np.stack([roof_measures(chip) for chip in batch])
        parts.append(np.concatenate([measures, chip_features(spec, backbones, batch)], axis=1))
    return np.concatenate(parts).astype(np.float32)


def shift_chip(place: ChipPlace, shift: Shift, gsd_m: float) -> StoredChip:
    """Read a chip and shift it; where there is no imagery, there is none afterwards."""
    chip = read_chip(place)
    image = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    changed = shift(image, gsd_m) * image.any(axis=2, keepdims=True)
    pixels = np.ascontiguousarray(changed.transpose(2, 0, 1), np.uint8)
    return StoredChip(pixels=pixels, mask=chip.mask)


def _clip(image: NDArray[np.floating]) -> Image:
    levels: NDArray[np.floating] = np.clip(np.rint(image), 1, 255)
    return levels.astype(np.uint8)


def _move(image: Image, pixels: float) -> Image:
    step = np.array([[1.0, 0.0, pixels * 0.7], [0.0, 1.0, pixels * 0.7]])
    height, width = image.shape[:2]
    moved = cv2.warpAffine(image, step, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
