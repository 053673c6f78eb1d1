"""Two kinds of boxes that are never mixed up: pixels of an image, and ground in a CRS."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PixelBox:
    """A rectangle of pixels; stops are exclusive."""

    row_start: int
    """First row, pixels."""
    row_stop: int
    """Row after the last, pixels."""
    column_start: int
    """First column, pixels."""
    column_stop: int
    """Column after the last, pixels."""

    @classmethod
    def whole(cls, height: int, width: int) -> "PixelBox":
        """Return the box of all pixels of an image."""
        return cls(row_start=0, row_stop=height, column_start=0, column_stop=width)

    @property
    def height(self) -> int:
        """Return the rows, 0 or less where it is empty."""
        return self.row_stop - self.row_start

    @property
    def width(self) -> int:
        """Return the columns, 0 or less where it is empty."""
        return self.column_stop - self.column_start

    @property
    def is_empty(self) -> bool:
        """Tell whether it holds no pixel."""
        return self.height <= 0 or self.width <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Return what takes its rows and columns out of an array (H, W)."""
        rows = slice(self.row_start, self.row_stop)
        columns = slice(self.column_start, self.column_stop)
        return rows, columns

    def grown(self, margin: int) -> "PixelBox":
        """Return it with a margin on every side, pixels; it may reach beyond the image."""
        return PixelBox(
            row_start=self.row_start - margin,
            row_stop=self.row_stop + margin,
            column_start=self.column_start - margin,
            column_stop=self.column_stop + margin,
        )

    def overlap(self, other: "PixelBox") -> "PixelBox":
        """Return what both share; it may be empty."""
        return PixelBox(
            row_start=max(self.row_start, other.row_start),
            row_stop=min(self.row_stop, other.row_stop),
            column_start=max(self.column_start, other.column_start),
            column_stop=min(self.column_stop, other.column_stop),
        )

    def split(self, side_px: int) -> Iterator["PixelBox"]:
        """Yield the squares of a side that it falls into, row by row; the last are smaller."""
        for top in range(self.row_start, self.row_stop, side_px):
            for left in range(self.column_start, self.column_stop, side_px):
                yield PixelBox(
                    row_start=top,
                    row_stop=min(top + side_px, self.row_stop),
                    column_start=left,
                    column_stop=min(left + side_px, self.column_stop),
                )

    def relative_to(self, origin: "PixelBox") -> "PixelBox":
        """Return it counted from the upper left corner of another box."""
        return PixelBox(
            row_start=self.row_start - origin.row_start,
            row_stop=self.row_stop - origin.row_start,
            column_start=self.column_start - origin.column_start,
            column_stop=self.column_stop - origin.column_start,
        )


@dataclass(frozen=True, kw_only=True)
class GroundBox:
    """A rectangle of ground along the axes of a CRS, in its units."""

    west: float
    """Least x."""
    south: float
    """Least y."""
    east: float
    """Greatest x."""
    north: float
    """Greatest y."""

    @property
    def width(self) -> float:
        """Return its extent in x."""
        return self.east - self.west

    @property
    def height(self) -> float:
        """Return its extent in y."""
        return self.north - self.south

    @property
    def center(self) -> tuple[float, float]:
        """Return x and y of its middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north, as shapely, pyproj and rasterio take them."""
        return self.west, self.south, self.east, self.north
