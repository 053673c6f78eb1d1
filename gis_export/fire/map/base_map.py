"""The map's photo: the city's own flyover, coarsened and cut into a pyramid of WebP tiles."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.windows import from_bounds

from gis_export.fire.map.ground import TILE_PX, Ground
from gis_export.printing.frame_fit import fit_matrix
from imagery.boxes import PixelBox
from imagery.crs import meters_per_unit
from imagery.files import reserve
from imagery.flyover.coarse import read_coarse
from imagery.flyover.flyover import Flyover
from imagery.flyover.guard import READ_ERRORS, call_guarded
from imagery.flyover.tiles import Tile
from imagery.limits import refuse_no_handles

Mosaic: TypeAlias = NDArray[np.uint8]
_WEBP_QUALITY = 72
_LOSSY_BLACK = 8
"""Brightest value of an undeclared black border that was compressed with loss."""
_PATCH_PX = 2_000
"""Side of the parts of the mosaic that are drawn at once."""
_OPAQUE = 255
"""Coverage of a pixel that shows photo all over."""
_IS_SEEN = 127
"""Pixels are drawn where the coverage is above this value, of 255."""


@dataclass(frozen=True, kw_only=True)
class BaseMap:
    """What was drawn."""

    tiles: tuple[str, ...]
    """Names "z/x_y" of the tiles that hold any photo."""
    unread: int
    """Flyover tiles that could not be read and are missing from the photo."""


def write_base_map(flyover: Flyover, ground: Ground, folder: Path) -> BaseMap:
    """Write base/z/x_y.webp for every tile that holds any photo."""
    unread = len(flyover.broken)

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        mosaic = _new_mosaic(Path(scratch) / "mosaic", ground.shape)
        for tile in flyover.tiles:
            was_read = _draw_tile(tile, ground, mosaic, white=flyover.white)
            unread += not was_read

        names = _write_pyramid(mosaic, ground.levels, folder / "base", Path(scratch))
        # The file can only be removed after the array has let go of it.
        del mosaic

    return BaseMap(tiles=tuple(names), unread=unread)


def _new_mosaic(file: Path, shape: tuple[int, int]) -> Mosaic:
    """Return an empty mosaic (H, W, 4) in a new file."""
    height, width = shape
    reserve(file, 4 * height * width)
    return np.memmap(file, dtype=np.uint8, mode="r+", shape=(height, width, 4))


def _draw_tile(tile: Tile, ground: Ground, mosaic: Mosaic, *, white: float) -> bool:
    """Draw one flyover tile into the mosaic; return whether it could be read."""
    box = _box_on(ground, tile)
    if box.is_empty:
        return True

    coarse = _read_tile(tile, ground.gsd_m, white)
    if coarse is None:
        return False

    for part in box.split(_PATCH_PX):
        patch = _warp(tile, coarse, ground, part)
        _lay(mosaic[part.slices], patch)
    return True


def _warp(tile: Tile, coarse: Mosaic, ground: Ground, box: PixelBox) -> Mosaic:
    """Return what a tile shows of a part of the mosaic, (h, w, 4)."""
    height, width, _ = coarse.shape
    from_tile = Affine.scale(width / tile.width, height / tile.height)
    matrix = fit_matrix(tile, from_tile, ground, box)

    used = _reach(matrix, box).overlap(PixelBox.whole(height, width))
    if used.is_empty:
        return np.zeros((box.height, box.width, 4), np.uint8)

    matrix[:, 2] -= (used.column_start, used.row_start)
    shown = coarse[used.slices]
    size = (box.width, box.height)
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    # Colors go on beyond the edge, where the coverage ends.
    drawn = cv2.warpAffine(shown, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    coverage = np.ascontiguousarray(shown[..., 3])
    drawn[..., 3] = cv2.warpAffine(coverage, matrix, size, flags=flags)
    return np.asarray(drawn, np.uint8)


def _reach(matrix: NDArray[np.float64], box: PixelBox) -> PixelBox:
    """Return the pixels that an affine takes those of a box to, and those around them."""
    ends = ((0, 0), (0, box.height), (box.width, 0), (box.width, box.height))
    columns, rows = matrix @ np.array([(*end, 1) for end in ends]).T
    around = PixelBox(
        row_start=math.floor(rows.min()),
        row_stop=math.ceil(rows.max()) + 1,
        column_start=math.floor(columns.min()),
        column_stop=math.ceil(columns.max()) + 1,
    )
    return around.grown(1)


def _lay(mosaic: Mosaic, drawn: Mosaic) -> None:
    """Write what a tile shows into its place, where it covers the ground."""
    is_seen = drawn[..., 3] > _IS_SEEN
    if is_seen.all():
        mosaic[:] = drawn
    elif is_seen.any():
        np.copyto(mosaic, drawn, where=is_seen[..., None])


def _box_on(ground: Ground, tile: Tile) -> PixelBox:
    """Return the pixels of the mosaic that a flyover tile may touch; empty when it is outside."""
    to_ground = Transformer.from_crs(CRS(tile.crs), ground.crs, always_xy=True)
    xs, ys = zip(*tile.corners, strict=True)
    bounds = to_ground.transform_bounds(min(xs), min(ys), max(xs), max(ys))

    window = from_bounds(*bounds, transform=ground.transform)
    touched = PixelBox(
        row_start=int(window.row_off),
        row_stop=int(window.row_off + window.height) + 2,
        column_start=int(window.col_off),
        column_stop=int(window.col_off + window.width) + 2,
    )
    return touched.overlap(PixelBox.whole(*ground.shape))


def _read_tile(tile: Tile, gsd_m: float, white: float) -> Mosaic | None:
    """Read red, green, blue and coverage of a tile at about the map's resolution, (h, w, 4).

    Returns:
        None when the tile cannot be read, or not in the time that is allowed.
    """
    pixel_m = tile.pixel_side * meters_per_unit(CRS(tile.crs))
    step = max(1.0, gsd_m / pixel_m)
    shape = (max(1, round(tile.height / step)), max(1, round(tile.width / step)))
    whole = PixelBox.whole(tile.height, tile.width)

    # A JPEG 2000 file can be made so that it never ends.
    try:
        pixels = call_guarded(
            tile.path, tile.max_seconds, read_coarse, tile, whole, shape, white=white
        )
    except READ_ERRORS as error:
        refuse_no_handles(error)
        return None

    border = collar(pixels.color, darkest=_LOSSY_BLACK if tile.lossy else 0)
    is_seen = pixels.is_data & ~border
    coverage = is_seen.astype(np.uint8) * _OPAQUE
    return np.asarray(cv2.merge([*pixels.color, coverage]), np.uint8)


def collar(color: Mosaic, *, darkest: int) -> NDArray[np.bool_]:
    """Return the undeclared black border of a tile: black in an unbroken run from an edge.

    Shadows inside the tile are not part of it.

    Args:
        color: (3, H, W).
        darkest: Brightest value that still counts as black.
    """
    is_black = (color <= darkest).all(axis=0)

    from_top = np.logical_and.accumulate(is_black, axis=0)
    from_left = np.logical_and.accumulate(is_black, axis=1)
    from_bottom = np.flip(np.logical_and.accumulate(np.flip(is_black, 0), axis=0), 0)
    from_right = np.flip(np.logical_and.accumulate(np.flip(is_black, 1), axis=1), 1)

    border: NDArray[np.bool_] = from_top | from_left | from_bottom | from_right
    return border


def _write_pyramid(mosaic: Mosaic, levels: int, folder: Path, scratch: Path) -> list[str]:
    """Write the tiles of every level that hold any photo; return their names, coarsest first.

    Args:
        mosaic: The finest level.
        levels: How many there are; each is half as fine as the next.
        folder: Where to write.
        scratch: Folder for the levels between.
    """
    names: list[str] = []
    for level in reversed(range(levels)):
        if level < levels - 1:
            mosaic = _halve(mosaic, scratch / f"level_{level}")
        names = _write_level(mosaic, level, folder) + names
    return names


def _halve(mosaic: Mosaic, file: Path) -> Mosaic:
    """Return a mosaic half as fine, in a new file; an odd edge goes on by a pixel."""
    height, width, _ = mosaic.shape
    half = _new_mosaic(file, (math.ceil(height / 2), math.ceil(width / 2)))
    for box in PixelBox.whole(height, width).split(_PATCH_PX):
        block = cv2.copyMakeBorder(
            mosaic[box.slices], 0, box.height % 2, 0, box.width % 2, cv2.BORDER_REPLICATE
        )
        size = (block.shape[1] // 2, block.shape[0] // 2)
        top = box.row_start // 2
        left = box.column_start // 2
        place = (slice(top, top + size[1]), slice(left, left + size[0]))
        half[place] = cv2.resize(block, size, interpolation=cv2.INTER_AREA)
    return half


def _write_level(mosaic: Mosaic, level: int, folder: Path) -> list[str]:
    """Write the tiles of one level; return the names of those that hold any photo."""
    height, width, _ = mosaic.shape
    names = []
    for box in PixelBox.whole(height, width).split(TILE_PX):
        block = mosaic[box.slices]
        if not block[..., 3].any():
            continue

        name = f"{level}/{box.column_start // TILE_PX}_{box.row_start // TILE_PX}"
        _write_tile(block, folder / f"{name}.webp")
        names.append(name)
    return names


def _write_tile(block: Mosaic, path: Path) -> None:
    """Write one tile of the map; see-through where the mosaic ends."""
    height, width, _ = block.shape
    if (height, width) == (TILE_PX, TILE_PX) and block[..., 3].min() == _OPAQUE:
        tile = Image.fromarray(np.ascontiguousarray(block[..., :3]))
    else:
        tile = Image.new("RGBA", (TILE_PX, TILE_PX))
        tile.paste(Image.fromarray(np.ascontiguousarray(block)))

    path.parent.mkdir(parents=True, exist_ok=True)
    tile.save(path, "WEBP", quality=_WEBP_QUALITY, method=2)
