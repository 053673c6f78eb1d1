"""The canvas every painter shares: ground colors and heights at ten centimeters a pixel."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.noise import FloatImage

PX_PER_M = 10
Color = tuple[float, float, float]


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
        area = slice(max(y, 0), max(y + height, 0)), slice(max(x, 0), max(x + width, 0))
        return Surface(albedo=self.albedo[area], height=self.height[area])


def blank(shape: tuple[int, int], color: Color = (0.0, 0.0, 0.0), height_m: float = 0.0) -> Surface:
    """Return a canvas of one color and height."""
    albedo = np.empty((*shape, 3), np.float32)
    albedo[:] = color
    return Surface(albedo=albedo, height=np.full(shape, height_m, np.float32))


def mix(surface: Surface, weight: FloatImage, color: Color) -> None:
    """Blend a color in where `weight` (H, W) in 0..1 says so."""
    surface.albedo[:] += weight[..., None] * (np.array(color, np.float32) - surface.albedo)


def tint(surface: Surface, factor: FloatImage) -> None:
    """Make a surface lighter or darker by a factor per pixel (H, W)."""
    np.multiply(surface.albedo, factor[..., None], out=surface.albedo)


def box(
    surface: Surface, y: int, x: int, height: int, width: int, *, color: Color, rise_m: float = 0.0
) -> Surface:
    """Set a rectangle to a color, raise it, and return it."""
    piece = surface.crop(y, x, height, width)
    piece.albedo[:] = color
    piece.height[:] += rise_m
    return piece


def smooth_step(field: FloatImage, low: float, high: float) -> FloatImage:
    """Ramp from 0 at `low` to 1 at `high`."""
    return np.asarray(np.clip((field - low) / (high - low), 0.0, 1.0), dtype=np.float32)


def lines_mask(
    shape: tuple[int, int], lines: NDArray[np.float64], thickness: int = 1
) -> FloatImage:
    """Draw anti-aliased segments (n, 4) x0, y0, x1, y1 and return them as weights 0..1."""
    canvas = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1 in np.round(lines * 16).astype(int).tolist():
        cv2.line(canvas, (x0, y0), (x1, y1), 255, thickness, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255.0
