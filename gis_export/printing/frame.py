"""A map on paper: which piece of the ground lies where on the page. Arithmetic only."""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

PAPER_DPI = 150
Box = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle of the page and the ground it shows, north up."""

    crs: CRS
    """Metric CRS of the ground."""
    center: tuple[float, float]
    """Easting and northing of its middle, in `crs`."""
    scale: float
    """Meters of ground per meter of paper: 2500 for 1:2,500."""
    left_mm: float
    """Left edge on the page."""
    top_mm: float
    """Top edge on the page."""
    width_mm: float
    """Width on the page."""
    height_mm: float
    """Height on the page."""

    def __post_init__(self) -> None:
        """Check that it shows anything."""
        if not (self.scale > 0 and self.width_mm > 0 and self.height_mm > 0):
            raise ValueError(
                f"frame of {self.width_mm} x {self.height_mm} mm at 1:{self.scale}, want more than 0"
            )

    @property
    def bounds(self) -> Box:
        """Return the ground it shows, in `crs`."""
        half_x, half_y = self.width_mm / 2000 * self.scale, self.height_mm / 2000 * self.scale
        return (
            self.center[0] - half_x,
            self.center[1] - half_y,
            self.center[0] + half_x,
            self.center[1] + half_y,
        )

    @property
    def shape_px(self) -> tuple[int, int]:
        """Return (height, width) of its picture."""
        return round(self.height_mm / 25.4 * PAPER_DPI), round(self.width_mm / 25.4 * PAPER_DPI)

    @property
    def transform(self) -> Affine:
        """Return the affine of its picture, pixels to `crs`."""
        west, south, east, north = self.bounds
        height, width = self.shape_px
        return Affine((east - west) / width, 0.0, west, 0.0, (south - north) / height, north)

    @property
    def gsd_m(self) -> float:
        """Return meters per pixel of its picture."""
        return float(self.transform.a)

    def place(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the place on the page in millimeters, (n, 2), of points on the ground, (n, 2)."""
        west, _, _, north = self.bounds
        per_mm = self.scale / 1000
        return np.column_stack(
            [self.left_mm + (xy[:, 0] - west) / per_mm, self.top_mm + (north - xy[:, 1]) / per_mm]
        )


def frame_around(box: Box, crs: CRS, place_mm: Box, *, finest: float, room: float = 0.94) -> Frame:
    """Return the frame that shows a box with some room around it.

    Args:
        box: The ground, in `crs`.
        crs: Metric CRS.
        place_mm: Left, top, width and height on the page.
        finest: Scale that is never undercut, such as 1250.
        room: Share of the frame that the box may take.
    """
    left, top, width, height = place_mm
    west, south, east, north = box
    scale = max(
        finest, (east - west) / (width / 1000) / room, (north - south) / (height / 1000) / room
    )
    return Frame(
        crs=crs,
        center=((west + east) / 2, (south + north) / 2),
        scale=scale,
        left_mm=left,
        top_mm=top,
        width_mm=width,
        height_mm=height,
    )
