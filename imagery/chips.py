"""Cutting one parcel out of a flyover: whole across seams, turned, resampled, with its mask."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from imagery.flyover import Tile
from imagery.windows import ChipGrid, chip_grid, draw_mask, grid_to_tile

OPEN_TILES = 16
"""Datasets kept open per worker."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the pixels inside the parcel allow."""

    covered_share: float
    """Share of parcel pixels inside some tile, 0-1."""
    nodata_share: float
    """Share of parcel pixels inside a tile but without data, 0-1."""
    sharpness: float
    """Standard deviation of the Laplacian of grey inside the parcel, grey levels."""
    dark_share: float
    """Share of parcel pixels darker than grey 60, 0-1 (a baseline, never a feature)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chip:
    """A parcel seen from above."""

    parcel_id: str
    """Raw parcel id."""
    year: int
    """Year of the flyover."""
    pixels: NDArray[np.uint8]
    """RGB, (3, H, W)."""
    mask: NDArray[np.bool_]
    """Inside of the parcel (and footprint), (H, W)."""
    transform: tuple[float, float, float, float, float, float]
    """Affine a..f from (column, row) to the metric CRS."""
    crs: str
    """The metric CRS."""
    gsd_m: float
    """Metres per pixel."""
    quality: Quality
    """Measures inside the mask."""

    def __post_init__(self) -> None:
        """Check shapes and types."""
        if self.pixels.dtype != np.uint8 or self.pixels.shape != (3, *self.mask.shape):
            raise ValueError(f"chip {self.parcel_id}: pixels {self.pixels.dtype} {self.pixels.shape}, mask {self.mask.shape}; want uint8 (3, H, W) and (H, W)")


@dataclass(frozen=True, kw_only=True)
class CutSettings:
    """How chips are cut."""

    gsd_m: float
    """Metres per pixel."""
    margin_m: float
    """Metres around the parcel."""
    max_side_m: float
    """Longest side of a chip in metres."""
    min_covered: float
    """Least share of the parcel that must lie inside tiles."""
    max_nodata: float
    """Largest share of the parcel without data."""
    white: float
    """Pixel value shown as 255."""
    metric_crs: str
    """CRS in metres that shapes are given in."""


def cut_chip(parcel_id: str, year: int, shape: BaseGeometry, *, tiles: tuple[Tile, ...], settings: CutSettings) -> tuple[Chip | None, Quality, str]:
    """Cut one parcel.

    Args:
        parcel_id: Raw id.
        year: Year of the flyover.
        shape: Parcel outline in the metric CRS.
        tiles: The tiles whose footprint touches the chip.
        settings: How to cut.

    Returns:
        The chip or None, its quality, and the reason when there is no chip: `no_imagery`, `partial_imagery`, `nodata`
        or `unreadable_tile`.
    """
    grid = chip_grid_of(shape, settings)
    mask = draw_mask(shape, grid)
    canvas = np.zeros((grid.height, grid.width, 3), dtype=np.uint8)
    inside, valid = np.zeros_like(mask), np.zeros_like(mask)
    unreadable = False
    for tile in tiles:
        try:
            pixels, data, covered = _warp_tile(grid, tile, settings)
        except RasterioError:
            unreadable = True
            continue
        fresh = data & ~valid
        canvas[fresh] = pixels[fresh]
        inside |= covered
        valid |= data
    quality = _measure(canvas, mask, inside, valid)
    reason = _reason(quality, settings, unreadable=unreadable)
    if reason:
        return None, quality, reason
    chip = Chip(
        parcel_id=parcel_id, year=year, pixels=np.ascontiguousarray(canvas.transpose(2, 0, 1)), mask=mask, transform=grid.transform,
        crs=settings.metric_crs, gsd_m=settings.gsd_m, quality=quality,
    )  # fmt: skip
    return chip, quality, ""


def chip_grid_of(shape: BaseGeometry, settings: CutSettings) -> ChipGrid:
    """Return the grid that the settings lay over a shape."""
    return chip_grid(shape, gsd_m=settings.gsd_m, margin_m=settings.margin_m, max_side_m=settings.max_side_m)


def _warp_tile(grid: ChipGrid, tile: Tile, settings: CutSettings) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return pixels (H, W, 3), where they hold data, and where the tile lies (both (H, W))."""
    shape = (grid.height, grid.width)
    matrix = grid_to_tile(grid, tile, _transformer(settings.metric_crs, tile.crs))
    ends = np.array([(0, 0, 1), (grid.width, 0, 1), (grid.width, grid.height, 1), (0, grid.height, 1)]) @ matrix.T
    step = max(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))  # tile pixels per chip pixel
    low = np.maximum(np.floor(ends.min(axis=0) - 2 * step), 0).astype(int)
    high = np.minimum(np.ceil(ends.max(axis=0) + 2 * step), (tile.width, tile.height)).astype(int)
    if (high <= low).any():
        return np.zeros((*shape, 3), np.uint8), np.zeros(shape, bool), np.zeros(shape, bool)
    columns, rows = high - low
    small = (max(1, round(columns / step)), max(1, round(rows / step)))
    pixels, data = _read(tile, Window(low[0], low[1], columns, rows), small, settings.white)
    scale = np.array([small[0] / columns, small[1] / rows])
    to_small = (matrix - np.array([[0, 0, low[0]], [0, 0, low[1]]])) * scale[:, None]
    to_small[:, 2] += to_small[:, :2] @ (0.5, 0.5) - 0.5  # pixel corners to pixel centers
    flags, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, (grid.width, grid.height)
    warped = cv2.warpAffine(pixels, to_small, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    nearest = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    ones = cv2.warpAffine(np.ones(small[::-1], np.uint8), to_small, size, flags=nearest, borderMode=cv2.BORDER_CONSTANT)
    held = cv2.warpAffine(data.astype(np.uint8), to_small, size, flags=nearest, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(warped, dtype=np.uint8), held.astype(bool), ones.astype(bool)


def _read(tile: Tile, window: Window, size: tuple[int, int], white: float) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read a window at (columns, rows) `size` as RGB (h, w, 3) and where it holds data (h, w)."""
    source = _open(tile.path, _stamp(tile.path))
    bands = sorted(set(tile.bands))
    extra = [tile.alpha] if tile.alpha else []
    raw = source.read(bands + extra, window=window, out_shape=(len(bands + extra), size[1], size[0]), resampling=Resampling.average)
    color = raw[: len(bands)]
    data = np.ones(color.shape[1:], dtype=bool)
    if tile.alpha:
        data &= raw[-1] > 0
    elif tile.nodata is not None:
        data &= (~np.isnan(color) if np.isnan(tile.nodata) else color != tile.nodata).any(axis=0)
    elif tile.lossy:
        black = (color.max(axis=0) <= 3).astype(np.uint8)
        data &= ~cv2.morphologyEx(black, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)).astype(bool)
    if tile.depth != "uint8":
        color = np.clip(np.nan_to_num(color.astype(np.float32)) * (255.0 / white), 0, 255).astype(np.uint8)
    chosen = color[[bands.index(band) for band in tile.bands]]
    return np.ascontiguousarray(chosen.transpose(1, 2, 0)), data


def _measure(canvas: NDArray[np.uint8], mask: NDArray[np.bool_], inside: NDArray[np.bool_], valid: NDArray[np.bool_]) -> Quality:
    count = int(mask.sum())
    grey = cv2.cvtColor(canvas, cv2.COLOR_RGB2GRAY)
    seen = mask & valid
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    return Quality(
        covered_share=float((mask & inside).sum() / count),
        nodata_share=float((mask & inside & ~valid).sum() / count),
        sharpness=float(edges[seen].std()) if seen.any() else 0.0,
        dark_share=float((grey[seen] < 60).mean()) if seen.any() else 0.0,
    )


def _reason(quality: Quality, settings: CutSettings, *, unreadable: bool) -> str:
    if unreadable and (quality.covered_share < settings.min_covered or quality.nodata_share > settings.max_nodata):
        return "unreadable_tile"
    if quality.covered_share == 0:
        return "no_imagery"
    if quality.covered_share < settings.min_covered:
        return "partial_imagery"
    if quality.nodata_share > settings.max_nodata:
        return "nodata"
    return ""


@lru_cache(maxsize=OPEN_TILES)
def _open(path: str, stamp: int) -> DatasetReader:
    """Open a tile once per worker and delivery; the cache closes nothing itself, GDAL does when the last reference goes."""
    return rasterio.open(path)


def _stamp(path: str) -> int:
    """Return when a file last changed, nanoseconds; 0 for GDAL virtual paths."""
    return Path(path).stat().st_mtime_ns if Path(path).exists() else 0


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
