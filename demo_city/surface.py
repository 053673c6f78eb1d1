"""The canvas that all painters share: ground colors and heights, ten centimeters a pixel."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.noise import FloatImage, sample

PX_PER_M = 10

Color = tuple[float, float, float]
"""Red, green, blue, 0-255."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Surface:
    """A piece of ground or roof; painters change its arrays in place."""

    albedo: FloatImage
    """(H, W, 3) red, green, blue of the material in full sun, 0-255."""
    height: FloatImage
    """(H, W) meters above ground."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.height.shape[0], self.height.shape[1]

    def crop(self, y: int, x: int, height: int, width: int) -> "Surface":
        """Return a view of a rectangle, cut off at the edges."""
        rows = slice(max(y, 0), max(y + height, 0))
        columns = slice(max(x, 0), max(x + width, 0))
        return Surface(albedo=self.albedo[rows, columns], height=self.height[rows, columns])

    def inset(self, margin: int) -> "Surface":
        """Return a view without a margin on every side."""
        height, width = self.shape
        return self.crop(margin, margin, height - 2 * margin, width - 2 * margin)


def to_px(length_m: float) -> int:
    """Turn meters into whole pixels of a canvas."""
    return round(length_m * PX_PER_M)


def blank(shape: tuple[int, int], color: Color = (0.0, 0.0, 0.0)) -> Surface:
    """Return a flat canvas of one color."""
    albedo = np.empty((*shape, 3), np.float32)
    albedo[:] = color
    return Surface(albedo=albedo, height=np.zeros(shape, np.float32))


def mix(surface: Surface, weight: FloatImage, color: Color) -> None:
    """Blend a color in, by a weight (H, W) from 0 to 1."""
    surface.albedo[:] += weight[..., None] * (np.array(color, np.float32) - surface.albedo)


def mix_evenly(surface: Surface, weight: float, color: Color) -> None:
    """Blend a color in, by the same weight everywhere."""
    mix(surface, np.full(surface.shape, weight, np.float32), color)


def tint(
    surface: Surface, factor: FloatImage, *, limits: tuple[float, float] | None = None
) -> None:
    """Make a surface lighter or darker.

    Args:
        surface: What is changed.
        factor: Factor of each pixel, (H, W).
        limits: Lowest and highest factor; None where none can occur that is out of reason.
    """
    if limits is not None:
        factor = np.clip(factor, *limits).astype(np.float32)
    np.multiply(surface.albedo, factor[..., None], out=surface.albedo)


def roughen(rng: np.random.Generator, surface: Surface, strength: float) -> None:
    """Make a surface uneven: clouds of light and dark, and grain."""
    broad = sample(rng, "cloud", surface.shape)
    fine = sample(rng, "rough", surface.shape)
    tint(surface, 1 + strength * broad + 0.7 * strength * fine, limits=(0.35, 1.7))


def cover(surface: Surface, color: Color, *, rise_m: float = 0.0) -> None:
    """Give a surface one color, and raise it."""
    surface.albedo[:] = color
    surface.height[:] += rise_m


def paste(surface: Surface, y: int, x: int, piece: Surface) -> None:
    """Put a piece down with its upper left corner at `y`, `x`."""
    target = surface.crop(y, x, *piece.shape)
    target.albedo[:] = piece.albedo
    target.height[:] = piece.height


def smooth_step(field: FloatImage, low: float, high: float) -> FloatImage:
    """Ramp from 0 at `low` to 1 at `high`."""
    return np.asarray(np.clip((field - low) / (high - low), 0.0, 1.0), dtype=np.float32)


def lines_mask(shape: tuple[int, int], lines: NDArray[np.float64]) -> FloatImage:
    """Draw anti-aliased segments (n, 4) x0, y0, x1, y1 and return them as weights 0 to 1."""
    canvas = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1 in np.round(lines * 16).astype(int).tolist():
        cv2.line(canvas, (x0, y0), (x1, y1), 255, 1, cv2.LINE_AA, 4)

    return canvas.astype(np.float32) / 255.0
