"""The header of one image file: where it lies, how it is stored, why it cannot be used. No pixel is read here."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader

LARGEST_BLOCK_PX = 160_000_000
"""Larger blocks are not decoded: half a gigabyte each."""
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
        """Return the file name."""
        return Path(self.path).name

    @property
    def lossy(self) -> bool:
        """Tell whether an undeclared black border is near 0, not exactly 0."""
        return self.driver in ("JPEG", "JP2OpenJPEG") or self.compression == "jpeg"

    @property
    def remote(self) -> bool:
        """Tell whether GDAL fetches the file from another machine."""
        return self.path.startswith(("/vsicurl", "/vsis3", "/vsiaz", "/vsigs", "/vsiadls", "/vsioss", "/vsiswift", "/vsihdfs", "/vsiwebhdfs"))


def read_header(path: str, crs: str = "") -> Tile:
    """Read one header; a file that cannot be used comes back with its problem.

    Args:
        path: A file or a GDAL virtual path.
        crs: CRS of a file that carries none and has no .prj beside it; "" leaves it unused.
    """
    try:
        with rasterio.open(path) as source:
            return _describe(path, source, source.crs or _sidecar_crs(path, crs))
    except (RasterioError, CRSError, ValueError, OSError, pyproj.exceptions.CRSError) as error:
        return Tile(path=path, problem=_plain(path, error))


def at_scale(tile: Tile, gsd_m: float) -> Tile:
    """Return the coarsest overview that is still as fine as `gsd_m`, or the tile itself."""
    steps = [(factor, level) for level, factor in enumerate(tile.overviews) if factor <= gsd_m / tile.gsd_m * 1.05]
    if tile.level >= 0 or not steps:
        return tile
    level = max(steps)[1]
    with rasterio.open(tile.path, overview_level=level) as source:
        x, y = tile.width / source.width, tile.height / source.height
        a, b, c, d, e, f = tile.transform
        return replace(
            tile, level=level, width=source.width, height=source.height, transform=(a * x, b * y, c, d * x, e * y, f),
            block=source.block_shapes[0], gsd_m=tile.gsd_m * float(np.sqrt(x * y)),
        )  # fmt: skip


def _describe(path: str, source: DatasetReader, crs: CRS | None) -> Tile:
    if crs is None:
        return Tile(path=path, problem="has no CRS; add a .prj or .aux.xml beside it, or give [[flyover]] crs")
    if source.transform.is_identity or source.transform.determinant == 0 or not np.isfinite(source.transform).all():
        return Tile(path=path, problem="is not georeferenced; add a world file")
    if any(color in CMYK for color in source.colorinterp):
        return Tile(path=path, problem="is CMYK, want RGB; convert it with a color profile first (gdalwarp does not)")
    if np.dtype(source.dtypes[0]).kind not in "uif":
        return Tile(path=path, problem=f"holds {source.dtypes[0]} pixels, want whole or real numbers; convert it with gdal_translate -ot Byte")
    alpha = [band for band, color in enumerate(source.colorinterp, 1) if color == ColorInterp.alpha]
    colors = [band for band in source.indexes if band not in alpha]
    if not colors:
        return Tile(path=path, problem="holds an alpha band alone, want red, green, blue or gray")
    compression = str(source.profile.get("compress", "")).lower()
    rows, columns = source.block_shapes[0]
    if compression and rows * columns > LARGEST_BLOCK_PX:
        return Tile(path=path, problem=f"has blocks of {columns} x {rows} pixels, which do not fit into memory; write it anew with gdal_translate -co TILED=YES")
    a, b, c, d, e, f = source.transform[:6]
    tile = Tile(
        path=path, crs=crs.to_wkt(), transform=(a, b, c, d, e, f), width=source.width, height=source.height,
        bands=(colors[0], colors[1], colors[2]) if len(colors) >= 3 else (colors[0],) * 3, alpha=alpha[0] if alpha else 0,
        masked=MaskFlags.per_dataset in source.mask_flag_enums[0] and not alpha, palette=source.colorinterp[0] == ColorInterp.palette,
        nodata=source.nodata, depth=source.dtypes[0], driver=source.driver, compression=compression,
        colorspace=source.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE", ""), block=(rows, columns), overviews=tuple(source.overviews(1)),
    )  # fmt: skip
    return replace(tile, gsd_m=_gsd_m(tile))


def _gsd_m(tile: Tile) -> float:
    """Return the ground sample distance: exact for projected CRS, at the tile's latitude for degrees."""
    _, _, degrees, meters = crs_facts(tile.crs)
    a, b, _, d, e, f = tile.transform
    side = float(np.sqrt(abs(a * e - b * d)))
    return side * 111_320 * float(np.sqrt(np.cos(np.radians(min(abs(f), 89.0))))) if degrees else side * meters


@lru_cache(maxsize=64)
def crs_facts(wkt: str) -> tuple[str, str, bool, float]:
    """Return name, unit, whether it is in degrees, and meters per unit (1 for degrees) of a CRS."""
    crs = pyproj.CRS(wkt)
    axis = crs.axis_info[0]
    return crs.name, axis.unit_name, crs.is_geographic, 1.0 if crs.is_geographic else axis.unit_conversion_factor


def _sidecar_crs(path: str, crs: str) -> CRS | None:
    """Return the CRS of the .prj beside a file, else the one the city file gives, else None."""
    beside = Path(path).with_suffix(".prj")
    text = beside.read_text(encoding="utf-8") if beside.exists() else crs
    return CRS.from_user_input(text) if text else None


def _plain(path: str, error: Exception) -> str:
    """Say in one line why a file could not be opened, and what to do."""
    try:
        empty = not path.startswith("/vsi") and Path(path).stat().st_size == 0
    except OSError as broken:
        return f"cannot be opened ({broken.strerror}); mend the link or copy the file"
    if empty:
        return "is empty (0 bytes); copy it again from the delivery"
    text = " ".join(str(error).split())
    return f"cannot be read: {text}; copy it again, or convert it to GeoTIFF" if "not recognized" not in text else "is no image that GDAL knows; copy it again, or convert it to GeoTIFF"
