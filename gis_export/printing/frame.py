"""Where a printed map is on the page, and which ground it shows. Arithmetic only."""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from imagery.boxes import GroundBox

PAPER_DPI = 150
_MM_PER_INCH = 25.4


@dataclass(frozen=True, kw_only=True)
class PageBox:
    """A rectangle of the page, millimeters from its upper left corner."""

    left_mm: float
    """Left edge."""
    top_mm: float
    """Upper edge."""
    width_mm: float
    """Width."""
    height_mm: float
    """Height."""

    @property
    def right_mm(self) -> float:
        """Return the right edge."""
        return self.left_mm + self.width_mm

    @property
    def bottom_mm(self) -> float:
        """Return the lower edge."""
        return self.top_mm + self.height_mm


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle of the page and the ground it shows, north up."""

    crs: CRS
    """Metric CRS of the ground."""
    center: tuple[float, float]
    """Easting and northing of its middle, in `crs`."""
    scale: float
    """Meters of ground per meter of paper: 2500 for 1:2,500."""
    page: PageBox
    """Where it is on the page."""

    def __post_init__(self) -> None:
        """Check that it shows anything."""
        page = self.page
        if not (self.scale > 0 and page.width_mm > 0 and page.height_mm > 0):
            raise ValueError(
                f"frame of {page.width_mm} x {page.height_mm} mm at 1:{self.scale}, "
                "want more than 0"
            )

    @property
    def ground(self) -> GroundBox:
        """Return the ground it shows, in `crs`."""
        x, y = self.center
        half_width_m = self.page.width_mm / 2000 * self.scale
        half_height_m = self.page.height_mm / 2000 * self.scale

        return GroundBox(
            west=x - half_width_m,
            south=y - half_height_m,
            east=x + half_width_m,
            north=y + half_height_m,
        )

    @property
    def shape_px(self) -> tuple[int, int]:
        """Return (height, width) of its picture."""
        height_px = round(self.page.height_mm / _MM_PER_INCH * PAPER_DPI)
        width_px = round(self.page.width_mm / _MM_PER_INCH * PAPER_DPI)
        return height_px, width_px

    @property
    def transform(self) -> Affine:
        """Return the affine of its picture, pixels to `crs`."""
        ground = self.ground
        height_px, width_px = self.shape_px

        return Affine(
            (ground.east - ground.west) / width_px,
            0.0,
            ground.west,
            0.0,
            (ground.south - ground.north) / height_px,
            ground.north,
        )

    @property
    def gsd_m(self) -> float:
        """Return meters per pixel of its picture."""
        return float(self.transform.a)

    def place(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points of the ground are on the page.

        Args:
            xy: Easting and northing in `crs`, (n, 2).

        Returns:
            Millimeters from the left and upper edge of the page, (n, 2).
        """
        ground = self.ground
        m_per_mm = self.scale / 1000
        x_mm = self.page.left_mm + (xy[:, 0] - ground.west) / m_per_mm
        y_mm = self.page.top_mm + (ground.north - xy[:, 1]) / m_per_mm
        return np.column_stack([x_mm, y_mm])


def frame_around(
    ground: GroundBox, crs: CRS, page: PageBox, *, finest: float, room: float = 0.94
) -> Frame:
    """Return the frame that shows some ground with a margin around it.

    Args:
        ground: What it must show, in `crs`.
        crs: Metric CRS.
        page: Where it is on the page.
        finest: Finest scale that is used, such as 1250.
        room: Share of the frame that the ground may take.
    """
    scale = max(
        finest,
        (ground.east - ground.west) / (page.width_mm / 1000) / room,
        (ground.north - ground.south) / (page.height_mm / 1000) / room,
    )
    return Frame(crs=crs, center=ground.center, scale=scale, page=page)
