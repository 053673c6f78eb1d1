"""Correlation of two pictures of the same ground: where one must be moved to match the other."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from imagery.chips.affine import Floats

REACH_M = 4.0
"""Longest shift that is looked for, meters."""
CELL_M = 0.1
"""Side of the cells in which correlations are added up, meters."""
SIDE_CELLS = 2 * round(REACH_M / CELL_M) + 1
"""Cells on a side of a correlation on the ground; shift 0 is in the middle."""
PROMINENT = 1.4
"""How much higher above the mean the peak must be than any other one, to be believed."""
APART_M = 1.0
"""What is farther from the peak is another peak, meters."""

Grays = NDArray[np.float32]
"""(H, W)."""
Surface = NDArray[np.float32]
"""A correlation on the ground, (SIDE_CELLS, SIDE_CELLS): columns east, rows north."""


def ground_correlation(now: Grays, then: Grays, axes: Floats, *, factor: int) -> Surface:
    """Correlate two pictures on the same grid; the peak is where `now` is `then` moved to.

    Args:
        now: Gray levels.
        then: Gray levels of the same ground.
        axes: Meters east and north (rows) of one pixel's column and row (columns), (2, 2).
        factor: Squares of so many pixels are averaged first.
    """
    edges_now = _orientation(_average(now, factor))
    edges_then = _orientation(_average(then, factor))
    return _to_ground(_correlate(edges_now, edges_then), axes * factor)


def _average(gray: Grays, factor: int) -> Grays:
    """Average squares of `factor` pixels."""
    height = max(1, gray.shape[0] // factor)
    width = max(1, gray.shape[1] // factor)
    whole = gray[: height * factor, : width * factor]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _orientation(gray: Grays) -> NDArray[np.complex64]:
    """Return the doubled direction of the gradient as complex numbers of length 0-1, (H, W).

    Doubling makes bright-to-dark and dark-to-bright edges alike (orientation correlation,
    Fitch et al. 2002).
    """
    smooth = cv2.GaussianBlur(gray, (0, 0), 1.0)
    gradient = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) + 1j * cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.abs(gradient)
    weight = strength * (strength + 2 * strength.mean()) + 1e-6
    return np.asarray(gradient**2 / weight, dtype=np.complex64)


def _correlate(now: NDArray[np.complex64], then: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Return the circular cross-correlation (H, W), with shift 0 in the center."""
    spectrum = fft.fft2(now) * np.conj(fft.fft2(then))
    return np.asarray(fft.fftshift(fft.ifft2(spectrum).real) / now.size, dtype=np.float32)


def _to_ground(correlation: NDArray[np.float32], axes: Floats) -> Surface:
    """Turn a correlation over pixels into one over cells of ground."""
    steps_m = (np.arange(SIDE_CELLS) - SIDE_CELLS // 2) * CELL_M
    ground = np.stack(np.meshgrid(steps_m, steps_m), axis=-1)  # (cells, cells, 2) east, north

    height, width = correlation.shape
    pixels = ground @ np.linalg.inv(axes).T + np.array([width // 2, height // 2])
    columns = pixels[..., 0].astype(np.float32)
    rows = pixels[..., 1].astype(np.float32)
    return np.asarray(cv2.remap(correlation, columns, rows, cv2.INTER_LINEAR), np.float32)


def find_peak(total: Surface) -> tuple[float, float]:
    """Return the place of the peak (east, north) in meters, to a part of a cell."""
    smooth = _smooth(total)
    row, column = _highest(smooth)
    center = SIDE_CELLS // 2

    east_cells = column + _vertex(smooth[row], column) - center
    north_cells = row + _vertex(smooth[:, column], row) - center
    return east_cells * CELL_M, north_cells * CELL_M


def has_clear_peak(total: Surface) -> bool:
    """Tell whether the peak is not at the edge of the search, and clearly higher than any other."""
    smooth = _smooth(total) - total.mean()
    row, column = _highest(smooth)
    last = SIDE_CELLS - 2
    if not (1 < row < last and 1 < column < last):
        return False

    rows, columns = np.indices(smooth.shape)
    is_apart = np.hypot(rows - row, columns - column) * CELL_M > APART_M
    return bool(smooth[row, column] >= PROMINENT * smooth[is_apart].max())


def _smooth(total: Surface) -> Surface:
    """Smooth a correlation by one cell."""
    return np.asarray(cv2.GaussianBlur(total, (0, 0), 1.0), np.float32)


def _highest(smooth: Surface) -> tuple[int, int]:
    """Return row and column of the highest cell."""
    row, column = np.unravel_index(int(smooth.argmax()), smooth.shape)
    return int(row), int(column)


def _vertex(line: NDArray[np.float32], peak: int) -> float:
    """Return where the parabola through a peak and its neighbors has its top.

    Args:
        line: A row or a column of a correlation.
        peak: The place of its peak.

    Returns:
        -0.5 to 0.5 cells from the peak.
    """
    if not 0 < peak < len(line) - 1:
        return 0.0

    before, top, after = line[peak - 1 : peak + 2].tolist()
    bend = before - 2 * top + after
    if bend >= 0:
        return 0.0
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5))
