"""Why an image cannot be used, as its header shows it: each problem in one line with its remedy."""

from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.errors import CRSError
from rasterio.io import DatasetReader

from imagery.flyover.guard import ImageLimits
from imagery.flyover.units import is_too_large, unit_mb, unit_shape

FARTHEST = 1e10
"""Largest coordinate of a tile, in any unit of length."""
MOST_PX_AWAY = 1e15
"""Largest distance of a tile from the origin of its CRS, pixels."""


def control_point_problem(source: DatasetReader) -> str:
    """Say that only control points or a camera model place the file, "" if more does."""
    if not source.transform.is_identity:
        return ""
    if source.gcps[0]:
        return (
            "is placed by ground control points alone; "
            "gdalwarp it first: gdalwarp -t_srs EPSG:... -r cubic IN.tif OUT.tif"
        )
    if source.rpcs is not None:
        return (
            "is placed by a camera model (RPC) alone; "
            "gdalwarp it first: gdalwarp -rpc -t_srs EPSG:... IN.tif OUT.tif"
        )
    return ""


def crs_problem(source: DatasetReader) -> str:
    """Say that nothing tells the CRS, and what would."""
    lack = "no CRS" if source.crs is None else "a local CRS without a place on earth"
    return f"has {lack}; add a .prj or .aux.xml beside it, or give [[flyover]] crs"


def place_problem(source: DatasetReader, transform: Affine) -> str:
    """Say why the file has no place on the ground, "" if it has one."""
    is_finite = bool(np.isfinite(transform[:6]).all())
    if transform.is_identity or transform.determinant == 0 or not is_finite:
        return "is not georeferenced; add a world file"
    if not _is_within_reach(source, transform):
        return "has coordinates that are nowhere on earth; correct its georeference"
    return ""


def _is_within_reach(source: DatasetReader, transform: Affine) -> bool:
    """Tell whether a CRS can have the corners' coordinates, and whether pixels can be counted."""
    a, b, c, d, e, f = transform[:6]
    width = float(source.width)
    height = float(source.height)
    farthest = abs(c) + abs(f) + (abs(a) + abs(d)) * width + (abs(b) + abs(e)) * height
    side = float(np.sqrt(abs(a * e - b * d)))
    return bool(farthest < FARTHEST and farthest < side * MOST_PX_AWAY)


def pixel_problem(source: DatasetReader) -> str:
    """Say why the pixels are not colors that can be shown, "" if they are."""
    structure = source.tags(ns="IMAGE_STRUCTURE")
    if structure.get("SOURCE_COLOR_SPACE") == "CMYK" and source.driver == "GTiff":
        return "is CMYK, want RGB; convert it with a color profile first (gdalwarp does not)"
    if structure.get("MINISWHITE") == "YES":
        return (
            "holds a negative (0 is white), want 0 to be black; convert it with "
            "gdal_translate -scale 0 255 255 0 -co PHOTOMETRIC=MINISBLACK"
        )
    if np.dtype(source.dtypes[0]).kind not in "uif":
        return (
            f"holds {source.dtypes[0]} pixels, want whole or real numbers; "
            "convert it with gdal_translate -ot Byte"
        )
    return ""


def size_problem(source: DatasetReader, limits: ImageLimits) -> str:
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


def explain_failure(path: str, error: Exception) -> str:
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
