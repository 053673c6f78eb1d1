"""Reading a part of a tile by GDAL, whatever its format."""

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window

from imagery.flyover.open_files import open_tile, tile_palette
from imagery.flyover.pixels import DATA, NODATA, Pixels, mark_nodata, to_eight_bits
from imagery.flyover.tiles import Tile


def read_gdal(tile: Tile, window: Window, white: float, out: Pixels) -> bool:
    """Read a window of a tile.

    Args:
        tile: Header of the file.
        window: The part, in pixels of the tile.
        white: Pixel value shown as 255 in tiles deeper than 8 bit.
        out: Filled, (h, w, 4).

    Returns:
        Whether all of it is data.
    """
    source = open_tile(tile)
    if tile.depth == "uint8" and tile.bands == (1, 2, 3) and not tile.alpha:
        source.read([1, 2, 3], window=window, out=out[..., :3].transpose(2, 0, 1))
        out[..., 3] = DATA
        is_whole = mark_nodata(tile, out)
    else:
        is_whole = _read_other(tile, source, window, white, out)

    if tile.driver == "GTiff" and tile.level < 0:
        has_holes = _mark_holes(tile, source, window, out)
        is_whole = is_whole and not has_holes
    if tile.masked:
        hidden = source.read_masks(1, window=window) == 0
        out[hidden, 3] = NODATA
        is_whole = is_whole and not hidden.any()
    return is_whole


def _read_other(
    tile: Tile, source: DatasetReader, window: Window, white: float, out: Pixels
) -> bool:
    """Read gray, palette, alpha or deep pixels; see `read_gdal`."""
    bands = sorted(set(tile.bands))
    alpha = [tile.alpha] if tile.alpha else []
    raw = source.read([*bands, *alpha], window=window)  # (bands, h, w)
    color = raw[: len(bands)]
    missing = np.zeros(raw.shape[1:], bool)

    if tile.palette:
        table = tile_palette(tile)
        rgba = table[np.clip(color[0], 0, len(table) - 1).astype(np.intp)]
        out[..., :3] = rgba[..., :3]
        missing |= rgba[..., 3] == 0
    else:
        eight = color if tile.depth == "uint8" else to_eight_bits(color, white)
        order = [bands.index(band) for band in tile.bands]
        out[..., :3] = eight[order].transpose(1, 2, 0)

    if tile.alpha:
        missing |= raw[-1] == 0
    if color.dtype.kind == "f":
        missing |= (~np.isfinite(color)).all(axis=0)
    if tile.nodata is not None:
        missing |= (color == tile.nodata).all(axis=0)
    out[..., 3] = np.where(missing, np.uint8(NODATA), np.uint8(DATA))
    return not missing.any()


def _mark_holes(tile: Tile, source: DatasetReader, window: Window, out: Pixels) -> bool:
    """Mark the blocks that a sparse GeoTIFF leaves out, which GDAL fills up with black.

    Returns:
        Whether there are any.
    """
    rows, columns = tile.block
    first_row = window.row_off // rows
    first_column = window.col_off // columns
    tops = _block_starts(window.row_off, window.height, rows)
    lefts = _block_starts(window.col_off, window.width, columns)
    bottoms = [*tops[1:], window.height]
    rights = [*lefts[1:], window.width]

    # Only blocks that begin black are looked at further.
    begins_black = ~out[np.ix_(tops, lefts)][..., :3].any(axis=2)
    has_holes = False
    for down, right in np.argwhere(begins_black).tolist():
        block = out[tops[down] : bottoms[down], lefts[right] : rights[right]]
        name = f"BLOCK_OFFSET_{first_column + right}_{first_row + down}"
        is_left_out = source.get_tag_item(name, "TIFF", bidx=1) is None
        if is_left_out and not block[..., :3].any():
            block[..., 3] = NODATA
            has_holes = True
    return has_holes


def _block_starts(start: int, size: int, step: int) -> list[int]:
    """Return where blocks begin inside a window, counted from its start; the first is cut off."""
    first = start // step * step
    return [max(0, place - start) for place in range(first, start + size, step)]
