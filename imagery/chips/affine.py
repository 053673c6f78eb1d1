"""Affine maps between pixels and ground; letters a to f as in rasterio."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Affine6 = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: x = a * column + b * row + c and y = d * column + e * row + f."""


def pixel_to_xy(transform: Affine6, pixels: Floats) -> Floats:
    """Map column-row pairs (n, 2) to x-y pairs (n, 2)."""
    a, b, c, d, e, f = transform
    xy = pixels @ np.array([[a, d], [b, e]]) + np.array([c, f])
    return np.asarray(xy, dtype=np.float64)


def xy_to_pixel(transform: Affine6, xy: Floats) -> Floats:
    """Map x-y pairs (..., 2) to column-row pairs (..., 2)."""
    a, b, c, d, e, f = transform
    inverse = np.array([[e, -d], [-b, a]]) / (a * e - b * d)
    return np.asarray((xy - np.array([c, f])) @ inverse, dtype=np.float64)


def fit_matrices(corners_px: Floats, widths: Ints, heights: Ints) -> Floats:
    """Fit the affine map of every chip into an image, by least squares.

    Args:
        corners_px: Where the corners (0, 0), (w, 0), (w, h), (0, h) of each chip lie in the
            image, column-row pairs, (n, 4, 2).
        widths: Columns of each chip, (n,).
        heights: Rows of each chip, (n,).

    Returns:
        Maps from chip pixel corners to image pixel corners, (n, 2, 3).
    """
    widths = widths[:, None]
    heights = heights[:, None]
    first, second, third, fourth = corners_px.transpose(1, 0, 2)

    column = (second - first + third - fourth) / (2 * widths)
    row = (fourth - first + third - second) / (2 * heights)
    start = corners_px.mean(axis=1) - column * widths / 2 - row * heights / 2
    return np.stack([column, row, start], axis=2)
