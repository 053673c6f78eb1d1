"""Reading the header of one image file: where it is, how it is stored, why it cannot be used.

No pixel is read here.
"""

import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from imagery.crs import meters_per_unit
from imagery.flyover.guard import (
    READ_ERRORS,
    ImageLimits,
    call_guarded,
    decodes_in_place,
    opens_in_place,
)
from imagery.flyover.plain_files import not_plain
from imagery.flyover.tiles import Tile
from imagery.flyover.units import is_too_large, unit_mb, unit_shape
from imagery.flyover.virtual_files import find_vrt_problem
from imagery.limits import refuse_no_handles

FARTHEST = 1e10
"""Largest coordinate of a tile, in any unit of length."""
MOST_PX_AWAY = 1e15
"""Largest distance of a tile from the origin of its CRS, pixels."""
DEGREE_M = 111_320
"""Length of a degree at the equator, meters."""
CMYK = (ColorInterp.cyan, ColorInterp.magenta, ColorInterp.yellow, ColorInterp.black)


def read_header(path: str, crs: str = "", *, limits: ImageLimits | None = None) -> Tile:
    """Read one header; a file that cannot be used comes back with its problem.

    Args:
        path: A file or a GDAL virtual path.
        crs: CRS of a file that carries none and has no .prj beside it; "" leaves it unused.
        limits: What the file may cost.
    """
    limits = limits or ImageLimits()
    problem = not_plain(path) or find_vrt_problem(path)
    if problem:
        return Tile(path=path, problem=problem)

    seconds = 0.0 if opens_in_place(path) else limits.max_seconds
    try:
        return call_guarded(path, seconds, open_header, path, crs, limits)
    except RasterioError as error:
        return Tile(path=path, problem=_explain_failure(path, error))


def open_header(path: str, crs: str, limits: ImageLimits) -> Tile:
    """Open a file and describe it; see `read_header`."""
    try:
        with warnings.catch_warnings():
            # A missing georeference is told as the tile's problem.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                return _describe(path, source, crs, limits)
    except (*READ_ERRORS, CRSError, pyproj.exceptions.CRSError) as error:
        refuse_no_handles(error)
        return Tile(path=path, problem=_explain_failure(path, error))


def _describe(path: str, source: DatasetReader, given_crs: str, limits: ImageLimits) -> Tile:
    """Turn an open file into a tile, or into one that has only a problem."""
    crs = _find_crs(path, source, given_crs)
    if crs is None:
        return Tile(path=path, problem=_crs_problem(source))
    problem = _place_problem(source) or _color_problem(source) or _size_problem(source, limits)
    if problem:
        return Tile(path=path, problem=problem)

    bands = _color_bands(source)
    alpha = _alpha_bands(source)
    compression = _compression(source)
    in_place = decodes_in_place(source.driver, compression)
    a, b, c, d, e, f = source.transform[:6]
    tile = Tile(
        path=path,
        crs=crs.to_wkt(),
        transform=(a, b, c, d, e, f),
        width=source.width,
        height=source.height,
        bands=(bands[0], bands[1], bands[2]) if len(bands) >= 3 else (bands[0],) * 3,
        alpha=alpha[0] if alpha else 0,
        masked=MaskFlags.per_dataset in source.mask_flag_enums[0] and not alpha,
        palette=source.colorinterp[0] == ColorInterp.palette,
        nodata=source.nodata,
        depth=source.dtypes[0],
        driver=source.driver,
        compression=compression,
        colorspace=_colorspace(source),
        block=tuple(source.block_shapes[0]),
        overviews=tuple(source.overviews(1)),
        stamp=source.tags().get("TIFFTAG_DATETIME", ""),
        max_mb=limits.max_block_mb,
        max_seconds=0.0 if in_place else limits.max_seconds,
    )
    return replace(tile, gsd_m=_gsd_m(tile))


def _find_crs(path: str, source: DatasetReader, given_crs: str) -> CRS | None:
    """Return the CRS of the file, else of the .prj beside it, else the given one, else None.

    A local CRS of the file counts as none: it has no place on the earth.

    Raises:
        CRSError: the .prj or `given_crs` holds something else.
    """
    own = source.crs
    if own is not None and _is_on_earth(own.to_wkt()):
        return own

    beside = Path(path).with_suffix(".prj")
    sidecar = ""
    if beside.exists():
        sidecar = beside.read_text(encoding="utf-8", errors="replace").strip()
    text = sidecar or given_crs
    if not text:
        return None

    try:
        return CRS.from_user_input(text)
    except (CRSError, ValueError) as error:
        where = beside.name if sidecar else "[[flyover]] crs"
        raise CRSError(f"{where} holds no CRS but {text[:40]!r}") from error


def _crs_problem(source: DatasetReader) -> str:
    lack = "no CRS" if source.crs is None else "a local CRS without a place on earth"
    return f"has {lack}; add a .prj or .aux.xml beside it, or give [[flyover]] crs"


def _place_problem(source: DatasetReader) -> str:
    """Say why the file has no place on the ground, "" if it has one."""
    transform = source.transform
    is_finite = bool(np.isfinite(transform).all())
    if transform.is_identity or transform.determinant == 0 or not is_finite:
        return "is not georeferenced; add a world file"
    if not _is_within_reach(source):
        return "has coordinates that are nowhere on earth; correct its georeference"
    return ""


def _is_within_reach(source: DatasetReader) -> bool:
    """Tell whether a CRS can have the corners' coordinates, and whether pixels can be counted."""
    a, b, c, d, e, f = source.transform[:6]
    width = float(source.width)
    height = float(source.height)
    farthest = abs(c) + abs(f) + (abs(a) + abs(d)) * width + (abs(b) + abs(e)) * height
    side = float(np.sqrt(abs(a * e - b * d)))
    return bool(farthest < FARTHEST and farthest < side * MOST_PX_AWAY)


def _color_problem(source: DatasetReader) -> str:
    """Say why the bands are not colors that can be shown, "" if they are."""
    has_inks = any(color in CMYK for color in source.colorinterp)
    if has_inks or (_colorspace(source) == "CMYK" and source.driver == "GTiff"):
        return "is CMYK, want RGB; convert it with a color profile first (gdalwarp does not)"
    if np.dtype(source.dtypes[0]).kind not in "uif":
        return (
            f"holds {source.dtypes[0]} pixels, want whole or real numbers; "
            "convert it with gdal_translate -ot Byte"
        )
    if not _color_bands(source):
        return "holds an alpha band alone, want red, green, blue or gray"
    return ""


def _size_problem(source: DatasetReader, limits: ImageLimits) -> str:
    """Say why the units of a file are too large to be decoded, "" if they are not."""
    rows, columns = unit_shape(source)
    size_mb = unit_mb(source)
    if size_mb <= limits.max_block_mb and not is_too_large(source.block_shapes[0]):
        return ""

    remedy = "rewrite it with gdal_translate -co TILED=YES, or raise [tile] max_block_mb"
    return (
        f"has blocks of {columns} x {rows} pixels, {size_mb:,.0f} MB when unpacked, which do not "
        f"fit into memory; want {limits.max_block_mb:,.0f} MB at most; {remedy}"
    )


def _alpha_bands(source: DatasetReader) -> list[int]:
    colors = enumerate(source.colorinterp, start=1)
    return [band for band, color in colors if color == ColorInterp.alpha]


def _color_bands(source: DatasetReader) -> list[int]:
    alpha = _alpha_bands(source)
    return [band for band in source.indexes if band not in alpha]


def _colorspace(source: DatasetReader) -> str:
    return str(source.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE", ""))


def _compression(source: DatasetReader) -> str:
    return str(source.profile.get("compress", "")).lower()


def _gsd_m(tile: Tile) -> float:
    """Return the ground sample distance, meters.

    It is exact for a projected CRS, and that at the tile's latitude for degrees.
    """
    per_unit_m = _meters_per_unit(tile.crs)
    if per_unit_m is not None:
        return tile.pixel_side * per_unit_m

    latitude = min(abs(tile.transform[5]), 89.0)
    return tile.pixel_side * DEGREE_M * float(np.sqrt(np.cos(np.radians(latitude))))


@lru_cache(maxsize=64)
def _meters_per_unit(wkt: str) -> float | None:
    """Return the meters of one unit of a CRS, None for degrees."""
    crs = pyproj.CRS(wkt)
    return None if crs.is_geographic else meters_per_unit(crs)


@lru_cache(maxsize=64)
def _is_on_earth(wkt: str) -> bool:
    """Tell whether a CRS is more than that of a drawing."""
    crs = pyproj.CRS(wkt)
    return bool(crs.is_geographic or crs.is_projected)


def _explain_failure(path: str, error: Exception) -> str:
    """Say in one line why a file could not be opened, and what to do."""
    is_virtual = path.startswith("/vsi")
    try:
        is_empty = not is_virtual and Path(path).stat().st_size == 0
    except OSError as broken:
        return f"cannot be opened ({broken.strerror}); correct the link or copy the file"
    if is_empty:
        return "is empty (0 bytes); copy it again from the delivery"

    text = " ".join(str(error).split()).replace(f"'{path}' ", "")
    if isinstance(error, CRSError):
        return f"cannot be placed: {text}; correct that, want WKT or a code such as EPSG:26985"
    if "not recognized" in text:
        return "is not an image that GDAL knows; copy it again, or convert it to GeoTIFF"
    if is_virtual:
        return f"cannot be read: {text}; correct the address or fix the permissions"
    return f"cannot be read: {text}; copy it again, or convert it to GeoTIFF"
