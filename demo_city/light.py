"""Sunlight on a canvas: cast shadows, relief shading, blue light from the sky."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo_city.noise import FloatImage
from demo_city.surface import PX_PER_M, Surface, smooth_step

MAX_DOUBLINGS = 8
SKY_TINT = np.array([0.86, 0.95, 1.10], np.float32)
SUN_TINT = np.array([1.02, 1.0, 0.97], np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sun:
    """Where the sun was during a flyover."""

    azimuth_deg: float
    """Clockwise from north."""
    elevation_deg: float
    """Above the horizon."""
    ambient: float
    """Brightness of open shade, as a share of full sun."""

    def toward_px(self, angle_rad: float) -> tuple[float, float]:
        """Return the horizontal unit vector (x, y) toward the sun.

        Args:
            angle_rad: Direction of the frame's x axis, counterclockwise from east; its y axis
                points down.
        """
        azimuth_rad = math.radians(self.azimuth_deg)
        east = math.sin(azimuth_rad)
        north = math.cos(azimuth_rad)
        cos = math.cos(angle_rad)
        sin = math.sin(angle_rad)
        return east * cos + north * sin, east * sin - north * cos

    @property
    def slope(self) -> float:
        """Meters by which the edge of a shadow falls per meter of ground."""
        return math.tan(math.radians(self.elevation_deg))


def light(
    surface: Surface, sun: Sun, angle_rad: float, branch_shade: FloatImage
) -> NDArray[np.uint8]:
    """Return the lit scene as seen from above.

    Args:
        surface: Colors and heights, (H, W).
        sun: Where the sun is.
        angle_rad: Direction of the surface's x axis, counterclockwise from east.
        branch_shade: Share of sun that trees take, (H, W).

    Returns:
        Red, green, blue, (H, W, 3).
    """
    toward = sun.toward_px(angle_rad)
    shadow = cast_shadow(surface.height, toward, sun.slope)
    relief = _relief(surface.height, toward, sun.slope)

    sky = sun.ambient * _openness(surface.height)
    direct = (1.0 - sun.ambient) * (1.0 - shadow) * (1.0 - branch_shade) * relief
    lit = sky[..., None] * SKY_TINT + direct[..., None] * SUN_TINT
    return np.clip(surface.albedo * lit, 0, 255).astype(np.uint8)


def cast_shadow(height_m: FloatImage, toward: tuple[float, float], slope: float) -> FloatImage:
    """Return the share (H, W) of direct sun that taller things take away.

    The horizon toward the sun is found by doubling steps: the highest sun line over 2n steps is
    the higher of that over n steps here and that over n steps further on.
    """
    line_m = height_m
    for doubling in range(MAX_DOUBLINGS):
        step_px = float(2**doubling)
        move = np.array([[1, 0, -toward[0] * step_px], [0, 1, -toward[1] * step_px]], np.float32)
        further = cv2.warpAffine(line_m, move, line_m.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        line_m = np.maximum(line_m, further - np.float32(step_px / PX_PER_M * slope))

    blocked = smooth_step(np.asarray(line_m - height_m, np.float32), 0.03, 0.3)
    return np.asarray(cv2.GaussianBlur(blocked, (0, 0), 0.9), dtype=np.float32)


def _relief(height_m: FloatImage, toward: tuple[float, float], slope: float) -> FloatImage:
    """Return how much more or less sun a sloping surface gets than a flat one."""
    soft = cv2.GaussianBlur(height_m, (0, 0), 0.8)
    dx = np.clip(cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=PX_PER_M / 8), -0.9, 0.9)
    dy = np.clip(cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=PX_PER_M / 8), -0.9, 0.9)

    facing = (slope - dx * toward[0] - dy * toward[1]) / (slope * np.sqrt(1.0 + dx * dx + dy * dy))
    return np.clip(facing, 0.15, 1.5).astype(np.float32)


def _openness(height_m: FloatImage) -> FloatImage:
    """Return how much sky a place sees: little in narrow yards and inside roofless rooms."""
    small = cv2.resize(height_m, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(small, (0, 0), 3.0)
    far = cv2.GaussianBlur(small, (0, 0), 9.0)

    size = height_m.shape[::-1]
    around = cv2.resize(np.maximum(near, far), size, interpolation=cv2.INTER_LINEAR)
    depth_m = np.asarray(around - height_m, np.float32)
    return (1.0 - 0.5 * smooth_step(depth_m, 0.2, 6.0)).astype(np.float32)
