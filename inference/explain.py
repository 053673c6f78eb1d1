"""Why a roof has its score: where on the chip the head finds what speaks for failing, and which labeled roofs look alike.

The network's rung is a linear head on means and spreads of feature maps. Both are sums over the positions of a map, so every
position has its exact share of the logit; nothing is estimated (as in class activation maps, Zhou et al., 2016, "Learning Deep
Features for Discriminative Localization", extended to the spread). The other rungs are sums over named measures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from imagery.chips.store import StoredChip
from models.files import Model
from models.head import Floats, Head, head_scores
from models.measures import MEASURES
from models.network import PooledBackbone
from models.preprocess import Box, chip_views, view_box

NEAREST = 3
"""Labeled roofs, and measures, that are shown."""
SPOT_M = 0.5
"""Standard deviation of the spot whose hottest place is the peak, meters."""
WORDS = {
    "dark_share": ("more dark pixels", "fewer dark pixels"),
    "bright_share": ("more bright pixels", "fewer bright pixels"),
    "brightness": ("a brighter surface", "a darker surface"),
    "contrast": ("stronger contrast", "weaker contrast"),
    "saturation": ("stronger colors", "paler colors"),
    "warmth": ("redder colors", "bluer colors"),
    "greenness": ("more of plants' color", "less of plants' color"),
    "color_spread": ("more mixed colors", "more even colors"),
    "edge_density": ("more edges", "fewer edges"),
    "edge_spread": ("edges of more uneven strength", "edges of more even strength"),
    "fine_texture": ("more fine texture", "less fine texture"),
    "disorder": ("more disorder, as of rubble", "more straight lines"),
    "contrast_to_ground": ("brighter against its surroundings", "darker against its surroundings"),
}
"""What a measure above and below the labeled roofs' mean looks like."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Heat:
    """How the calibrated logit of one chip comes about: `values.sum() + beyond + constant`."""

    values: NDArray[np.float32]
    """Share of every pixel of the chip, (H, W); above 0 speaks for failing."""
    beyond: float
    """Share of what views show beyond the chip's edges: plain gray."""
    constant: float
    """Calibrated logit of a roof whose features are all at the training mean."""

    @property
    def logit(self) -> float:
        """Return the calibrated logit."""
        return float(self.values.sum(dtype=np.float64)) + self.beyond + self.constant


@dataclass(frozen=True, kw_only=True)
class MeasureShare:
    """What one measure adds to the calibrated logit."""

    name: str
    """Name, of `models.measures.MEASURES`."""
    share: float
    """Calibrated logit; above 0 speaks for failing."""
    words: str
    """What is seen, compared with the labeled roofs' mean."""


@dataclass(frozen=True, kw_only=True)
class Neighbor:
    """A labeled roof that looks alike."""

    row: int
    """Its row among the labeled roofs."""
    similarity: float
    """Cosine of the standardized features, -1 to 1."""
    score: float
    """Calibrated score that the head gives it."""


def heat_map(model: Model, chip: StoredChip) -> Heat:
    """Share the calibrated logit out to the pixels of a chip, in float32 on the CPU.

    Scoring runs at lower precision where the machine has it, so its logit may differ in the third digit.

    Raises:
        ValueError: the head does not look at the network's features, or the mask is empty.
    """
    head, spec = model.head, model.spec
    if head.rung != "network" or not chip.mask.any():
        raise ValueError(
            f"no heat map: the head looks at {head.rung!r}, {int(chip.mask.sum())} pixels in the outline; want 'network' and at least 1"
        )
    heat, total = np.zeros(chip.mask.shape), 0.0
    parts = _map_parts(head, spec.groups)
    for backbone in model.backbones:
        images = np.split(chip_views(chip, spec, spec.side_px(backbone.name)), len(spec.views))
        for name, turned in zip(spec.views, images, strict=True):
            for shares in view_shares(
                backbone, turned, [next(parts) for _ in backbone.kind.channels]
            ):
                heat += spread_over(shares, view_box(name, chip.mask), chip.mask.shape)
                total += float(shares.sum())
    values = heat.astype(np.float32)
    return Heat(
        values=values,
        beyond=total - float(values.sum(dtype=np.float64)),
        constant=head.slope * float(head.bias[0]) + head.offset,
    )


def view_shares(
    backbone: PooledBackbone, turned: NDArray[np.uint8], parts: Sequence["MapPart"]
) -> list[Floats]:
    """Return the share of every position of each feature map (p, p), averaged over the orientations of one view and turned back.

    Args:
        backbone: The network.
        turned: One view in its orientations, uint8 (turns, 3, P, P).
        parts: The head's view of each feature map.
    """
    with torch.inference_mode():
        maps = [values.double().numpy() for values in backbone.maps(torch.from_numpy(turned))]
    return [
        np.mean(
            [turn_back(position_shares(one, part), number) for number, one in enumerate(values)],
            axis=0,
        )
        for values, part in zip(maps, parts, strict=True)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class MapPart:
    """The head's view of one feature map of C channels."""

    mean_weights: Floats
    """Calibrated logit per unit of each channel's mean, (C,)."""
    mean_center: Floats
    """Mean of the channels' means over the training labels, (C,)."""
    spread_weights: Floats
    """Calibrated logit per unit of each channel's spread, (C,)."""
    spread_center: Floats
    """Mean of the channels' spreads over the training labels, (C,)."""


def position_shares(values: Floats, part: MapPart) -> Floats:
    """Share `weights @ (features - center)` of one feature map (C, p, p) out to its positions (p, p), exactly.

    A mean is the sum of t / n over the n positions, and its center is shared out evenly. A spread s is the sum of d^2 / (n s) over the
    deviations d from the mean; its excess over the center goes to positions in proportion to d^2, so that where nothing happens nothing is
    claimed. (Sharing that center out evenly adds up as well; on 33 failing roofs of the demo city it put 22 hottest pixels within 1 m of the hole, not 30.)
    """
    count = values.shape[1] * values.shape[2]
    squares = np.square(values - values.mean(axis=(1, 2), keepdims=True))
    variance = squares.mean(axis=(1, 2))
    excess = part.spread_weights * (np.sqrt(variance) - part.spread_center)
    flat = variance <= 0
    shares = np.tensordot(part.mean_weights, values, 1) + np.tensordot(
        np.divide(excess, variance, out=np.zeros_like(excess), where=~flat), squares, 1
    )
    evenly = excess[flat].sum() - part.mean_weights @ part.mean_center
    return np.asarray((shares + evenly) / count, dtype=np.float64)


def turn_back(image: Floats, number: int) -> Floats:
    """Undo `models.preprocess.turn_image` on a map (p, p)."""
    upright = np.rot90(image, -(number % 4))
    return upright[:, ::-1] if number >= 4 else upright


def spread_over(shares: Floats, box: Box, shape: tuple[int, int]) -> Floats:
    """Spread a map (p, p) over a box of a chip of (height, width) `shape`, keeping its sum; what falls beyond the chip is dropped."""
    top, bottom, left, right = box
    over = (
        _stretch(shares.shape[0], bottom - top) @ shares @ _stretch(shares.shape[1], right - left).T
    )
    out = np.zeros(shape)
    rows, columns = (
        slice(max(top, 0), min(bottom, shape[0])),
        slice(max(left, 0), min(right, shape[1])),
    )
    out[rows, columns] = over[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
    return out


def _stretch(cells: int, pixels: int) -> Floats:
    """Return the linear interpolation from cells to pixels (pixels, cells), each cell's weights adding up to 1."""
    places = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    weights = np.maximum(
        1 - np.abs(places[:, None] - np.arange(cells)) / max(1.0, cells / pixels), 0
    )
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float64)


def _map_parts(head: Head, groups: Sequence[int]) -> Iterator[MapPart]:
    """Cut the shipped head into its views of the feature maps, in the order of `ModelSpec.groups`."""
    stops = np.cumsum(groups)[:-1]
    weights = np.split(head.slope * head.weights[0] / head.scale, stops)
    centers = np.split(head.center, stops)
    for at in range(0, len(groups), 2):
        yield MapPart(
            mean_weights=weights[at],
            mean_center=centers[at],
            spread_weights=weights[at + 1],
            spread_center=centers[at + 1],
        )


def peak(heat: Heat, mask: NDArray[np.bool_], *, gsd_m: float) -> tuple[int, int]:
    """Return row and column of the hottest spot inside the outline (H, W), of pixels of `gsd_m`; a spot is a Gaussian of `SPOT_M`."""
    spots = cv2.GaussianBlur(heat.values, (0, 0), SPOT_M / gsd_m)
    row, column = np.unravel_index(int(np.where(mask, spots, -np.inf).argmax()), mask.shape)
    return int(row), int(column)


def measure_shares(head: Head, measures: NDArray[np.float32]) -> list[MeasureShare]:
    """Return what each named measure (F,) adds to the calibrated logit, the strongest for failing first.

    Raises:
        ValueError: the head looks at the network's features.
    """
    if head.rung == "network":
        raise ValueError(
            "the head looks at the network's features, which have no names; draw the heat map"
        )
    standard = (measures.astype(np.float64) - head.center) / head.scale
    shares = head.slope * head.weights[0] * standard
    names = MEASURES[: len(head.center)]
    found = [
        MeasureShare(name=name, share=float(share), words=WORDS[name][int(place < 0)])
        for name, share, place in zip(names, shares, standard, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.share, one.name))


def nearest_roofs(
    head: Head,
    features: NDArray[np.float32],
    labeled: NDArray[np.float32],
    *,
    roofs: Sequence[str],
    not_of: str = "",
    count: int = NEAREST,
) -> list[Neighbor]:
    """Return the labeled roofs that look most alike to the head, each roof once.

    Args:
        head: Features are compared by what each says to it: standardized, times its weight.
        features: What the head looks at, (F,).
        labeled: The same of the labeled roofs, (N, F).
        roofs: Parcel id of every labeled roof, N of them; a roof labeled in two years stands there twice.
        not_of: Parcel that is left out: the roof itself.
        count: How many.
    """
    if not len(labeled):
        return []
    ours, theirs = (
        (values.astype(np.float64) - head.center) / head.scale * head.weights[0]
        for values in (features, labeled)
    )
    lengths = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours)
    cosine = theirs @ ours / np.maximum(lengths, 1e-12)
    rows: dict[str, int] = {}
    for row in np.argsort(-cosine, kind="stable").tolist():
        if len(rows) < count and roofs[row] != not_of:
            rows.setdefault(roofs[row], row)
    scores = head_scores(head, labeled[list(rows.values())])[0] if rows else np.zeros(0)
    return [
        Neighbor(row=row, similarity=float(cosine[row]), score=float(score))
        for row, score in zip(rows.values(), scores, strict=True)
    ]
