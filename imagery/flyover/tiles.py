"""The header of one image file: where it lies, how it is stored, why it cannot be used. No pixel is read here."""

import html
import os
import re
import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from imagery.flyover.guard import (
    READ_ERRORS,
    ImageLimits,
    call_guarded,
    decodes_in_place,
    opens_in_place,
)
from imagery.flyover.plain_files import not_plain, special_kind

LARGEST_BLOCK_PX = 160_000_000
"""Larger blocks are not decoded: half a gigabyte each."""
FARTHEST = 1e10
"""Largest coordinate of a tile, in any unit of length."""
MOST_PX_AWAY = 1e15
"""Largest distance of a tile from the origin of its CRS, pixels."""
FRAME_DRIVERS = ("JPEG", "PNG", "BMP", "GIF")
"""Formats that are decoded from the first line to the last."""
CMYK = (ColorInterp.cyan, ColorInterp.magenta, ColorInterp.yellow, ColorInterp.black)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Header of one image file, or of one of its overviews."""

    path: str
    """A file or a GDAL virtual path."""
    crs: str = ""
    """WKT of the tile's CRS; "" when the file could not be used."""
    transform: tuple[float, float, float, float, float, float] = (1, 0, 0, 0, -1, 0)
    """Affine a..f from (column, row) to CRS units."""
    width: int = 0
    """Columns."""
    height: int = 0
    """Rows."""
    bands: tuple[int, ...] = ()
    """Band numbers read as red, green, blue (a single gray or palette band stands three times)."""
    alpha: int = 0
    """Band number of the alpha band, 0 for none."""
    masked: bool = False
    """The file carries a mask of its own."""
    palette: bool = False
    """The band holds numbers of colors."""
    nodata: float | None = None
    """Declared nodata value."""
    depth: str = ""
    """Numpy name of the pixel type, e.g. "uint8"."""
    driver: str = ""
    """GDAL's name of the format."""
    compression: str = ""
    """GDAL's name of the compression, lower case; "" for none."""
    colorspace: str = ""
    """Color space inside a JPEG as GDAL names it; "" elsewhere."""
    block: tuple[int, int] = (1, 1)
    """(rows, columns) of the blocks that the file is stored in."""
    overviews: tuple[int, ...] = ()
    """By how much each overview is coarser."""
    level: int = -1
    """Overview that this header describes; -1 is the full resolution."""
    gsd_m: float = 0.0
    """Meters per pixel on the ground."""
    stamp: str = field(default="", repr=False)
    """TIFFTAG_DATETIME as it stands, "YYYY:MM:DD HH:MM:SS"; "" for none. Kept out of `repr`, for chips do not depend on it."""
    max_mb: float = field(default=ImageLimits.max_block_mb, repr=False)
    """Largest unit that may be decoded, MB; chips do not depend on it."""
    max_seconds: float = 0.0
    """Longest time a read may take in the decoding process, seconds; 0 reads in place."""
    displaced: bool = False
    """The tile lies off, and nobody should judge a roof by it."""
    problem: str = ""
    """Why the file cannot be used; "" when it can."""

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Return the four corners in the tile's CRS, in ring order."""
        a, b, c, d, e, f = self.transform
        ends = ((0, 0), (self.width, 0), (self.width, self.height), (0, self.height))
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in ends]

    @property
    def name(self) -> str:
        """Return the file name, without what is secret in a signed address."""
        return Path(self.path.split("?")[0] if self.remote else self.path).name

    @property
    def lossy(self) -> bool:
        """Tell whether an undeclared black border is near 0, not exactly 0."""
        return self.driver in ("JPEG", "JP2OpenJPEG") or self.compression == "jpeg"

    @property
    def remote(self) -> bool:
        """Tell whether GDAL fetches the file from another machine."""
        return self.path.startswith(
            (
                "/vsicurl",
                "/vsis3",
                "/vsiaz",
                "/vsigs",
                "/vsiadls",
                "/vsioss",
                "/vsiswift",
                "/vsihdfs",
                "/vsiwebhdfs",
            )
        )


def read_header(path: str, crs: str = "", *, limits: ImageLimits | None = None) -> Tile:
    """Read one header; a file that cannot be used comes back with its problem.

    Args:
        path: A file or a GDAL virtual path.
        crs: CRS of a file that carries none and has no .prj beside it; "" leaves it unused.
        limits: What the file may cost.
    """
    limits = limits or ImageLimits()
    problem = not_plain(path) or _special_source(path)
    if problem:
        return Tile(path=path, problem=problem)
    if _runs_in_circles(path):
        return Tile(
            path=path,
            problem="is a VRT that refers back to itself; build it anew with gdalbuildvrt from the tiles alone",
        )

    seconds = 0.0 if opens_in_place(path) else limits.max_seconds
    try:
        return call_guarded(path, seconds, open_header, path, crs, limits)
    except RasterioError as error:
        return Tile(path=path, problem=_plain(path, error))


def open_header(path: str, crs: str, limits: ImageLimits) -> Tile:
    """Open a file and describe it; see `read_header`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said as the tile's problem
            with rasterio.open(path) as source:
                return _describe(path, source, crs, limits)
    except (*READ_ERRORS, CRSError, pyproj.exceptions.CRSError) as error:
        return Tile(path=path, problem=_plain(path, error))


def at_scale(tile: Tile, gsd_m: float) -> Tile:
    """Return the coarsest overview that is still as fine as `gsd_m`, or the tile itself, also where the overview is damaged."""
    steps = [
        (factor, level)
        for level, factor in enumerate(tile.overviews)
        if factor <= gsd_m / tile.gsd_m * 1.05
    ]
    if tile.level >= 0 or not steps:
        return tile
    level = max(steps)[1]
    try:
        return call_guarded(tile.path, tile.max_seconds, open_overview, tile, level)
    except READ_ERRORS:
        return tile


def open_overview(tile: Tile, level: int) -> Tile:
    """Return the header of one overview, or the tile itself where its blocks are too large."""
    with rasterio.open(tile.path, overview_level=level) as source:
        return _coarser(tile, level, source)


def _coarser(tile: Tile, level: int, source: DatasetReader) -> Tile:
    if _unit_mb(source) > tile.max_mb or _is_too_large(source.block_shapes[0]):
        return tile
    x, y = tile.width / source.width, tile.height / source.height
    a, b, c, d, e, f = tile.transform
    return replace(
        tile,
        level=level,
        width=source.width,
        height=source.height,
        transform=(a * x, b * y, c, d * x, e * y, f),
        block=source.block_shapes[0],
        gsd_m=tile.gsd_m * float(np.sqrt(x * y)),
    )


def _describe(path: str, source: DatasetReader, given: str, limits: ImageLimits) -> Tile:
    own = source.crs
    crs = own if own is not None and _on_earth(own.to_wkt()) else _sidecar_crs(path, given)
    if crs is None:
        lack = "no CRS" if own is None else "a local CRS that lies nowhere on earth"
        return Tile(
            path=path,
            problem=f"has {lack}; add a .prj or .aux.xml beside it, or give [[flyover]] crs",
        )
    if (
        source.transform.is_identity
        or source.transform.determinant == 0
        or not np.isfinite(source.transform).all()
    ):
        return Tile(path=path, problem="is not georeferenced; add a world file")
    if not _is_within_reach(source):
        return Tile(
            path=path, problem="has coordinates that lie nowhere on earth; correct its georeference"
        )
    colorspace = source.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE", "")
    if any(color in CMYK for color in source.colorinterp) or (
        colorspace == "CMYK" and source.driver == "GTiff"
    ):
        return Tile(
            path=path,
            problem="is CMYK, want RGB; convert it with a color profile first (gdalwarp does not)",
        )
    if np.dtype(source.dtypes[0]).kind not in "uif":
        return Tile(
            path=path,
            problem=f"holds {source.dtypes[0]} pixels, want whole or real numbers; convert it with gdal_translate -ot Byte",
        )
    alpha = [band for band, color in enumerate(source.colorinterp, 1) if color == ColorInterp.alpha]
    colors = [band for band in source.indexes if band not in alpha]
    if not colors:
        return Tile(path=path, problem="holds an alpha band alone, want red, green, blue or gray")
    compression = str(source.profile.get("compress", "")).lower()
    rows, columns = source.block_shapes[0]
    problem = _too_large(source, limits)
    if problem:
        return Tile(path=path, problem=problem)
    a, b, c, d, e, f = source.transform[:6]
    tile = Tile(
        path=path,
        crs=crs.to_wkt(),
        transform=(a, b, c, d, e, f),
        width=source.width,
        height=source.height,
        bands=(colors[0], colors[1], colors[2]) if len(colors) >= 3 else (colors[0],) * 3,
        alpha=alpha[0] if alpha else 0,
        masked=MaskFlags.per_dataset in source.mask_flag_enums[0] and not alpha,
        palette=source.colorinterp[0] == ColorInterp.palette,
        nodata=source.nodata,
        depth=source.dtypes[0],
        driver=source.driver,
        compression=compression,
        colorspace=colorspace,
        block=(rows, columns),
        overviews=tuple(source.overviews(1)),
        stamp=source.tags().get("TIFFTAG_DATETIME", ""),
        max_mb=limits.max_block_mb,
        max_seconds=0.0 if decodes_in_place(source.driver, compression) else limits.max_seconds,
    )
    return replace(tile, gsd_m=_gsd_m(tile))


def _is_within_reach(source: DatasetReader) -> bool:
    """Tell whether the corners have coordinates that a CRS can have, and pixels that can be counted."""
    a, b, c, d, e, f = source.transform[:6]
    width = float(source.width)
    height = float(source.height)
    farthest = abs(c) + abs(f) + (abs(a) + abs(d)) * width + (abs(b) + abs(e)) * height
    side = float(np.sqrt(abs(a * e - b * d)))
    return bool(farthest < FARTHEST and farthest < side * MOST_PX_AWAY)


def _too_large(source: DatasetReader, limits: ImageLimits) -> str:
    """Say why the units of a file are too large to be decoded, "" if they are not."""
    rows, columns = _unit_shape(source)
    size_mb = _unit_mb(source)
    if size_mb <= limits.max_block_mb and not _is_too_large(source.block_shapes[0]):
        return ""

    remedy = "rewrite it with gdal_translate -co TILED=YES, or raise [tile] max_block_mb"
    return (
        f"has blocks of {columns} x {rows} pixels, {size_mb:,.0f} MB when unpacked, which do not "
        f"fit into memory; want {limits.max_block_mb:,.0f} MB at most; {remedy}"
    )


def _unit_mb(source: DatasetReader) -> float:
    """Return the unpacked size of all bands of what must be decoded at once."""
    rows, columns = _unit_shape(source)
    bytes_per_px = sum(np.dtype(name).itemsize for name in source.dtypes)
    return float(rows * columns * bytes_per_px) / 1e6


def _unit_shape(source: DatasetReader) -> tuple[int, int]:
    """Return the (rows, columns) that must be decoded for any pixel: a block, or the whole picture."""
    if source.driver in FRAME_DRIVERS or _is_single_strip(source):
        return source.height, source.width
    rows, columns = source.block_shapes[0]
    return rows, columns


def _is_single_strip(source: DatasetReader) -> bool:
    """Tell whether a compressed TIFF is one strip, which GDAL shows as many blocks of one line."""
    if source.driver != "GTiff" or not source.compression or source.block_shapes[0][0] > 1:
        return False

    lines = (0, 1, source.height - 1)
    names = [f"BLOCK_OFFSET_0_{line}" for line in lines]
    found = [bool(source.get_tag_item(name, "TIFF", bidx=1)) for name in names]
    return found == [True, False, False]


def _is_too_large(block: tuple[int, int]) -> bool:
    return block[0] * block[1] > LARGEST_BLOCK_PX


def _gsd_m(tile: Tile) -> float:
    """Return the ground sample distance: exact for projected CRS, at the tile's latitude for degrees."""
    _, _, degrees, meters = crs_facts(tile.crs)
    a, b, _, d, e, f = tile.transform
    side = float(np.sqrt(abs(a * e - b * d)))
    return (
        side * 111_320 * float(np.sqrt(np.cos(np.radians(min(abs(f), 89.0)))))
        if degrees
        else side * meters
    )


@lru_cache(maxsize=64)
def crs_facts(wkt: str) -> tuple[str, str, bool, float]:
    """Return name, unit, whether it is in degrees, and meters per unit (1 for degrees) of a CRS."""
    crs = pyproj.CRS(wkt)
    axis = crs.axis_info[0]
    return (
        crs.name,
        axis.unit_name,
        crs.is_geographic,
        1.0 if crs.is_geographic else axis.unit_conversion_factor,
    )


@lru_cache(maxsize=64)
def _on_earth(wkt: str) -> bool:
    """Tell whether a CRS is more than a drawing board's."""
    crs = pyproj.CRS(wkt)
    return bool(crs.is_geographic or crs.is_projected)


def _sidecar_crs(path: str, crs: str) -> CRS | None:
    """Return the CRS of the .prj beside a file, else the one the city file gives, else None.

    Raises:
        CRSError: the .prj holds something else.
    """
    beside = Path(path).with_suffix(".prj")
    text = beside.read_text(encoding="utf-8", errors="replace").strip() if beside.exists() else ""
    try:
        return CRS.from_user_input(text or crs) if text or crs else None
    except (CRSError, ValueError) as error:
        raise CRSError(
            f"{beside.name if text else '[[flyover]] crs'} holds no CRS but {(text or crs)[:40]!r}"
        ) from error


def _runs_in_circles(path: str, above: tuple[str, ...] = ()) -> bool:
    """Tell whether a local VRT refers back to itself; once GDAL has read one, it reads black out of others where sources are gone."""
    if not path.lower().endswith(".vrt") or path.startswith("/vsi") or not Path(path).is_file():
        return False
    real = os.path.realpath(path)
    return real in above or any(
        _runs_in_circles(name, (*above, real)) for name in _vrt_sources(path)
    )


def _special_source(path: str) -> str:
    """Say which source of a local VRT is a pipe or a device, "" if none is."""
    if not path.lower().endswith(".vrt") or path.startswith("/vsi") or not Path(path).is_file():
        return ""

    for name in _vrt_sources(path):
        problem = not_plain(name) if special_kind(name) or Path(name).exists() else ""
        if problem:
            return f"is a VRT of {Path(name).name}, which {problem}"
    return ""


def _vrt_sources(path: str) -> list[str]:
    """Return the paths that a local VRT refers to, each once, sorted."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    names = set(re.findall(r"<Source(?:Filename|Dataset)\b[^>]*>([^<]+)<", text))
    return sorted(str(Path(path).parent / html.unescape(name.strip())) for name in names)


def _plain(path: str, error: Exception) -> str:
    """Say in one line why a file could not be opened, and what to do."""
    try:
        empty = not path.startswith("/vsi") and Path(path).stat().st_size == 0
    except OSError as broken:
        return f"cannot be opened ({broken.strerror}); mend the link or copy the file"
    if empty:
        return "is empty (0 bytes); copy it again from the delivery"
    text = " ".join(str(error).split()).replace(f"'{path}' ", "")
    if isinstance(error, CRSError):
        return f"cannot be placed: {text}; mend that, want WKT or a code such as EPSG:26985"
    if "not recognized" in text:
        return "is no image that GDAL knows; copy it again, or convert it to GeoTIFF"
    return f"cannot be read: {text}; {'mend the address or the rights' if path.startswith('/vsi') else 'copy it again, or convert it to GeoTIFF'}"
