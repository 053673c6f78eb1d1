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
from PIL import Image, ImageDraw, ImageFont

from imagery.store import StoredChip
from inference.hazard import USE_LIMIT
from models.files import Model
from models.head import Floats, Head, head_scores
from models.measures import MEASURES
from models.network import PooledBackbone
from models.preprocess import Box, chip_views, view_box

NEAREST = 3
"""Labeled roofs, and measures, that are shown."""
WIDTH_PX, PAD_PX, TITLE_PX, HEADING_PX, CAPTION_PX, TOP_PX, NEAR_PX = 1000, 16, 36, 30, 30, 420, 240
"""Layout of the picture; the last two are the greatest heights of the panels above and below."""
PAPER, INK = (250, 250, 250), (20, 20, 20)
SPOT_M = 0.5
"""Standard deviation of the spot whose hottest place is the peak, meters."""
FAINT = 0.2
"""Share of the hottest that is left see-through."""
HEAT_CAPTION = "where the photo speaks for failing: brighter is more"
MEASURES_CAPTION = "what speaks for failing, compared with the labeled roofs"
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
        raise ValueError(f"no heat map: the head looks at {head.rung!r}, {int(chip.mask.sum())} pixels in the outline; want 'network' and at least 1")
    heat, total = np.zeros(chip.mask.shape), 0.0
    parts = _map_parts(head, spec.groups)
    for backbone in model.backbones:
        images = np.split(chip_views(chip, spec, spec.side_px(backbone.name)), len(spec.views))
        for name, turned in zip(spec.views, images, strict=True):
            for shares in view_shares(backbone, turned, [next(parts) for _ in backbone.kind.channels]):
                heat += spread_over(shares, view_box(name, chip.mask), chip.mask.shape)
                total += float(shares.sum())
    values = heat.astype(np.float32)
    return Heat(values=values, beyond=total - float(values.sum(dtype=np.float64)), constant=head.slope * float(head.bias[0]) + head.offset)


def view_shares(backbone: PooledBackbone, turned: NDArray[np.uint8], parts: Sequence["MapPart"]) -> list[Floats]:
    """Return the share of every position of each feature map (p, p), averaged over the orientations of one view and turned back.

    Args:
        backbone: The network.
        turned: One view in its orientations, uint8 (turns, 3, P, P).
        parts: The head's view of each feature map.
    """
    with torch.inference_mode():
        maps = [values.double().numpy() for values in backbone.maps(torch.from_numpy(turned))]
    return [
        np.mean([turn_back(position_shares(one, part), number) for number, one in enumerate(values)], axis=0) for values, part in zip(maps, parts, strict=True)
    ]  # fmt: skip


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
    shares = np.tensordot(part.mean_weights, values, 1) + np.tensordot(np.divide(excess, variance, out=np.zeros_like(excess), where=~flat), squares, 1)
    evenly = excess[flat].sum() - part.mean_weights @ part.mean_center
    return np.asarray((shares + evenly) / count, dtype=np.float64)


def turn_back(image: Floats, number: int) -> Floats:
    """Undo `models.preprocess.turn_image` on a map (p, p)."""
    upright = np.rot90(image, -(number % 4))
    return upright[:, ::-1] if number >= 4 else upright


def spread_over(shares: Floats, box: Box, shape: tuple[int, int]) -> Floats:
    """Spread a map (p, p) over a box of a chip of (height, width) `shape`, keeping its sum; what falls beyond the chip is dropped."""
    top, bottom, left, right = box
    over = _stretch(shares.shape[0], bottom - top) @ shares @ _stretch(shares.shape[1], right - left).T
    out = np.zeros(shape)
    rows, columns = slice(max(top, 0), min(bottom, shape[0])), slice(max(left, 0), min(right, shape[1]))
    out[rows, columns] = over[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return out


def _stretch(cells: int, pixels: int) -> Floats:
    """Return the linear interpolation from cells to pixels (pixels, cells), each cell's weights adding up to 1."""
    places = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    weights = np.maximum(1 - np.abs(places[:, None] - np.arange(cells)) / max(1.0, cells / pixels), 0)
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float64)


def _map_parts(head: Head, groups: Sequence[int]) -> Iterator[MapPart]:
    """Cut the shipped head into its views of the feature maps, in the order of `ModelSpec.groups`."""
    stops = np.cumsum(groups)[:-1]
    weights = np.split(head.slope * head.weights[0] / head.scale, stops)
    centers = np.split(head.center, stops)
    for at in range(0, len(groups), 2):
        yield MapPart(mean_weights=weights[at], mean_center=centers[at], spread_weights=weights[at + 1], spread_center=centers[at + 1])


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
        raise ValueError("the head looks at the network's features, which have no names; draw the heat map")
    standard = (measures.astype(np.float64) - head.center) / head.scale
    shares = head.slope * head.weights[0] * standard
    names = MEASURES[: len(head.center)]
    found = [MeasureShare(name=name, share=float(share), words=WORDS[name][int(place < 0)]) for name, share, place in zip(names, shares, standard, strict=True)]
    return sorted(found, key=lambda one: (-one.share, one.name))


def nearest_roofs(head: Head, features: NDArray[np.float32], labeled: NDArray[np.float32], *, roofs: Sequence[str], not_of: str = "", count: int = NEAREST) -> list[Neighbor]:
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
    ours, theirs = ((values.astype(np.float64) - head.center) / head.scale * head.weights[0] for values in (features, labeled))
    lengths = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours)
    cosine = theirs @ ours / np.maximum(lengths, 1e-12)
    rows: dict[str, int] = {}
    for row in np.argsort(-cosine, kind="stable").tolist():
        if len(rows) < count and roofs[row] != not_of:
            rows.setdefault(roofs[row], row)
    scores = head_scores(head, labeled[list(rows.values())])[0] if rows else np.zeros(0)
    return [Neighbor(row=row, similarity=float(cosine[row]), score=float(score)) for row, score in zip(rows.values(), scores, strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """A chip with what is written below it."""

    chip: StoredChip
    """Pixels and outline."""
    caption: str
    """One line."""


def draw_explanation(roof: Panel, heat: Heat | None, near: Sequence[Panel], *, title: str, lines: Sequence[str] = ()) -> Image.Image:
    """Draw one roof, what speaks for failing, and the labeled roofs that look most alike, with captions.

    Args:
        roof: The chip that was scored.
        heat: Drawn over the chip a second time; None draws `lines` in its place.
        near: Labeled roofs; none leaves their row out.
        title: Stands on top.
        lines: The named measures that speak for failing, in words.
    """
    half = (WIDTH_PX - 3 * PAD_PX) // 2
    third = (WIDTH_PX - (NEAREST + 1) * PAD_PX) // NEAREST
    photo = _framed(roof.chip, None, (half, TOP_PX))
    other = _written(lines, photo.size) if heat is None else _framed(roof.chip, heat, (half, TOP_PX))
    small = [_framed(one.chip, None, (third, NEAR_PX)) for one in near]
    second = 2 * PAD_PX + TITLE_PX + photo.height + CAPTION_PX
    below = HEADING_PX + max(one.height for one in small) + CAPTION_PX + PAD_PX if small else 0
    sheet = Image.new("RGB", (WIDTH_PX, second + below + CAPTION_PX), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((PAD_PX, PAD_PX), title, INK, ImageFont.load_default(22))
    for place, (image, caption) in enumerate(((photo, roof.caption), (other, MEASURES_CAPTION if heat is None else HEAT_CAPTION))):
        _place(sheet, image, caption, (PAD_PX + place * (half + PAD_PX), PAD_PX + TITLE_PX))
    if small:
        pen.text((PAD_PX, second), "Labeled roofs that look most alike", INK, ImageFont.load_default(18))
    for place, (image, one) in enumerate(zip(small, near, strict=True)):
        _place(sheet, image, one.caption, (PAD_PX + place * (third + PAD_PX), second + HEADING_PX))
    pen.text((PAD_PX, sheet.height - CAPTION_PX), USE_LIMIT, INK, ImageFont.load_default(15))
    return sheet


def _place(sheet: Image.Image, image: Image.Image, caption: str, left_top: tuple[int, int]) -> None:
    sheet.paste(image, left_top)
    ImageDraw.Draw(sheet).text((left_top[0], left_top[1] + image.height + 5), caption, INK, ImageFont.load_default(15))


def _written(lines: Sequence[str], size: tuple[int, int]) -> Image.Image:
    panel = Image.new("RGB", size, PAPER)
    ImageDraw.Draw(panel).multiline_text((PAD_PX, PAD_PX), "\n".join(lines), INK, ImageFont.load_default(20), spacing=12)
    return panel


def _framed(chip: StoredChip, heat: Heat | None, room_px: tuple[int, int]) -> Image.Image:
    """Scale a chip into (width, height) `room_px`, lay the heat over it, and draw the outline: white around black."""
    height, width = chip.mask.shape
    scale = min(room_px[0] / width, room_px[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    image = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA), np.uint8)
    if heat is not None:
        image = _glow(image, np.asarray(cv2.resize(heat.values, size, interpolation=cv2.INTER_LINEAR), np.float32))
    mask = np.asarray(cv2.resize(chip.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), np.uint8)
    rings, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for thick, tone in ((4, 0), (2, 255)):
        cv2.polylines(image, rings, isClosed=True, color=(tone,) * 3, thickness=thick, lineType=cv2.LINE_AA)
    return Image.fromarray(image)


def _glow(image: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay what speaks for failing over an image (H, W, 3): from see-through to opaque, dark red to pale yellow."""
    top = float(np.quantile(values, 0.998))
    if top <= 0:
        return image
    strength = np.clip(values / top, 0, 1)
    level = np.clip((strength - FAINT) / (1 - FAINT), 0, 1)
    color = cv2.applyColorMap((90 + 140 * level).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    alpha = (0.75 * np.sqrt(level))[..., None]
    return np.asarray(np.rint(image * (1 - alpha) + color * alpha), np.uint8)
