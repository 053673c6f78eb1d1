"""The map's photo: the city's own flyover, coarsened and cut into a pyramid of WebP tiles."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject
from rasterio.windows import Window, from_bounds

from gis_export.fire.map.ground import TILE_PX, Ground
from imagery.boxes import PixelBox
from imagery.flyover.coarse import read_coarse
from imagery.flyover.flyover import Flyover
from imagery.flyover.tiles import Tile

Mosaic: TypeAlias = NDArray[np.uint8]
_WEBP_QUALITY = 72
_LOSSY_BLACK = 8
_METERS_PER_DEGREE = 111_320.0


@dataclass(frozen=True, kw_only=True)
class BaseMap:
    """What was drawn."""

    tiles: tuple[str, ...]
    """Names "z/x_y" of the tiles that hold any photo."""
    unread: int
    """Flyover tiles that could not be read and are missing from the photo."""


def write_base_map(flyover: Flyover, ground: Ground, folder: Path) -> BaseMap:
    """Write base/z/x_y.webp for every tile that holds any photo."""
    height, width = ground.shape
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        mosaic = np.memmap(
            Path(scratch) / "mosaic", dtype=np.uint8, mode="w+", shape=(height, width, 4)
        )
        drawn = [_draw_tile(tile, ground, mosaic, white=flyover.white) for tile in flyover.tiles]
        names = _write_pyramid(mosaic, ground.levels, folder / "base")
        del mosaic
    return BaseMap(tiles=tuple(names), unread=drawn.count(False) + len(flyover.broken))


def _draw_tile(tile: Tile, ground: Ground, mosaic: Mosaic, *, white: float) -> bool:
    """Draw one flyover tile into the mosaic; return whether it could be read."""
    window = _window_on(ground, tile)
    if window is None:
        return True
    try:
        coarse = _read_coarse(tile, ground.gsd_m, white)
    except RasterioError:
        return False
    across, down = tile.width / coarse.shape[2], tile.height / coarse.shape[1]
    a, b, c, d, e, f = tile.transform
    placed = Affine(a * across, b * down, c, d * across, e * down, f)
    rows, columns = window.toslices()
    part = np.zeros((4, rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    reproject(
        coarse,
        part,
        src_transform=placed,
        src_crs=tile.crs,
        dst_transform=ground.transform_at(rows.start, columns.start),
        dst_crs=ground.crs.to_wkt(),
        resampling=Resampling.bilinear,
    )
    seen = part[3] > 127
    mosaic[rows, columns][seen] = np.moveaxis(part, 0, -1)[seen]
    return True


def _window_on(ground: Ground, tile: Tile) -> Window | None:
    """Return the whole pixels of the mosaic that a flyover tile may touch, None when it lies outside."""
    to_ground = Transformer.from_crs(CRS(tile.crs), ground.crs, always_xy=True)
    xs, ys = zip(*tile.corners, strict=True)
    box = from_bounds(
        *to_ground.transform_bounds(min(xs), min(ys), max(xs), max(ys)), transform=ground.transform
    )
    height, width = ground.shape
    top, bottom = max(0, int(box.row_off)), min(height, int(box.row_off + box.height) + 2)
    left, right = max(0, int(box.col_off)), min(width, int(box.col_off + box.width) + 2)
    return Window(left, top, right - left, bottom - top) if top < bottom and left < right else None


def _read_coarse(tile: Tile, gsd_m: float, white: float) -> Mosaic:
    """Read red, green, blue and coverage of a tile at about the map's resolution, (4, h, w)."""
    crs = CRS(tile.crs)
    unit_m = (
        _METERS_PER_DEGREE if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)
    )
    pixel_m = math.sqrt(abs(Affine(*tile.transform).determinant)) * unit_m
    step = max(1.0, gsd_m / pixel_m)
    shape = (max(1, round(tile.height / step)), max(1, round(tile.width / step)))

    whole = PixelBox(row_start=0, row_stop=tile.height, column_start=0, column_stop=tile.width)
    pixels = read_coarse(tile, whole, shape, white=white)
    border = collar(pixels.color, darkest=_LOSSY_BLACK if tile.lossy else 0)
    is_seen = pixels.is_data & ~border
    return np.concatenate([pixels.color, is_seen[None].astype(np.uint8) * 255])


def collar(color: Mosaic, *, darkest: int) -> NDArray[np.bool_]:
    """Return the undeclared black border of a tile: black in an unbroken run from an edge. Shadows inside stay.

    Args:
        color: (3, H, W).
        darkest: Brightest value that still counts as black.
    """
    black = (color <= darkest).all(axis=0)
    runs = (
        np.logical_and.accumulate(np.flip(black, axes), axis=axis)
        for axes, axis in (((), 0), ((0,), 0), ((), 1), ((1,), 1))
    )
    top, bottom, left, right = runs
    found: NDArray[np.bool_] = top | np.flip(bottom, 0) | left | np.flip(right, 1)
    return found


def _write_pyramid(mosaic: Mosaic, levels: int, folder: Path) -> list[str]:
    names: list[str] = []
    for level in range(levels):
        step = 2 ** (levels - 1 - level)
        span = TILE_PX * step
        for top in range(0, mosaic.shape[0], span):
            for left in range(0, mosaic.shape[1], span):
                block = mosaic[top : top + span, left : left + span]
                if block[..., 3].any():
                    name = f"{level}/{left // span}_{top // span}"
                    _write_tile(block, step, folder / f"{name}.webp")
                    names.append(name)
    return names


def _write_tile(block: Mosaic, step: int, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = (
        Image.fromarray(np.ascontiguousarray(block)).reduce(step)
        if step > 1
        else Image.fromarray(np.ascontiguousarray(block))
    )
    tile = Image.new("RGBA", (TILE_PX, TILE_PX))
    tile.paste(coarse)
    opaque = tile.getchannel("A").getextrema() == (255, 255)
    (tile.convert("RGB") if opaque else tile).save(path, "WEBP", quality=_WEBP_QUALITY, method=2)
