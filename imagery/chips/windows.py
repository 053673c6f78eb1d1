"""Windows: rectangles of pixels as tables of named arrays; no file is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from imagery.boxes import PixelBox
from imagery.chips.affine import Floats, Ints, Mask


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Rectangles of pixels, one per row; stops are exclusive."""

    row_start: Ints
    """First row of each, (n,)."""
    row_stop: Ints
    """Row after the last, (n,)."""
    column_start: Ints
    """First column of each, (n,)."""
    column_stop: Ints
    """Column after the last, (n,)."""

    @classmethod
    def of(cls, boxes: Sequence[PixelBox]) -> "Windows":
        """Collect boxes into a table."""
        return cls(
            row_start=np.array([box.row_start for box in boxes], np.int64),
            row_stop=np.array([box.row_stop for box in boxes], np.int64),
            column_start=np.array([box.column_start for box in boxes], np.int64),
            column_stop=np.array([box.column_stop for box in boxes], np.int64),
        )

    @property
    def heights(self) -> Ints:
        """Return the rows of each window, 0 or less where it is empty."""
        return self.row_stop - self.row_start

    @property
    def widths(self) -> Ints:
        """Return the columns of each window, 0 or less where it is empty."""
        return self.column_stop - self.column_start

    @property
    def has_pixels(self) -> Mask:
        """Tell which windows are not empty, (n,)."""
        return (self.heights > 0) & (self.widths > 0)

    @property
    def centers(self) -> Floats:
        """Return the middle of each window as (row, column), (n, 2)."""
        row = (self.row_start + self.row_stop) / 2
        column = (self.column_start + self.column_stop) / 2
        return np.column_stack([row, column])

    def take(self, chosen: Ints | Mask) -> "Windows":
        """Return some windows, by number or by mask."""
        return Windows(
            row_start=self.row_start[chosen],
            row_stop=self.row_stop[chosen],
            column_start=self.column_start[chosen],
            column_stop=self.column_stop[chosen],
        )

    def overlap(self, other: "Windows") -> "Windows":
        """Return what each window shares with the window in the same row of `other`."""
        return Windows(
            row_start=np.maximum(self.row_start, other.row_start),
            row_stop=np.minimum(self.row_stop, other.row_stop),
            column_start=np.maximum(self.column_start, other.column_start),
            column_stop=np.minimum(self.column_stop, other.column_stop),
        )

    def relative_to(self, origin: "Windows") -> "Windows":
        """Return each window counted from the upper left corner of one in `origin`."""
        return Windows(
            row_start=self.row_start - origin.row_start,
            row_stop=self.row_stop - origin.row_start,
            column_start=self.column_start - origin.column_start,
            column_stop=self.column_stop - origin.column_start,
        )

    def boxes(self) -> list[PixelBox]:
        """Return the windows one by one."""
        columns = (self.row_start, self.row_stop, self.column_start, self.column_stop)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            PixelBox(row_start=top, row_stop=bottom, column_start=left, column_stop=right)
            for top, bottom, left, right in rows
        ]


def windows_around(corners_px: Floats, pad_px: Ints) -> Windows:
    """Return the windows that hold some corners and a few pixels around them.

    Args:
        corners_px: Column-row pairs, (n, 4, 2).
        pad_px: Pixels around, (n,).
    """
    low = np.floor(corners_px.min(axis=1)).astype(np.int64) - pad_px[:, None]
    high = np.ceil(corners_px.max(axis=1)).astype(np.int64) + pad_px[:, None]
    return Windows(
        row_start=low[:, 1],
        row_stop=high[:, 1],
        column_start=low[:, 0],
        column_stop=high[:, 0],
    )


def merge_windows(windows: Windows, group: Ints, *, count: int) -> Windows:
    """Return the smallest window around each of `count` groups, all zero for an empty group."""
    starts = pd.DataFrame({"row": windows.row_start, "column": windows.column_start})
    stops = pd.DataFrame({"row": windows.row_stop, "column": windows.column_stop})
    start = starts.groupby(group).min().reindex(range(count), fill_value=0)
    stop = stops.groupby(group).max().reindex(range(count), fill_value=0)

    return Windows(
        row_start=start["row"].to_numpy(np.int64),
        row_stop=stop["row"].to_numpy(np.int64),
        column_start=start["column"].to_numpy(np.int64),
        column_stop=stop["column"].to_numpy(np.int64),
    )
