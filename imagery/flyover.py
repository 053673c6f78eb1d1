"""One year's imagery, indexed by the headers of its tiles; no pixel is read here."""

import glob
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader

from imagery.errors import InputError, MissingInput

for _name in ("PROJ_LIB", "PROJ_DATA"):  # another install's PROJ data breaks rasterio's own
    os.environ.pop(_name, None)

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".jpg", ".jpeg", ".vrt", ".png")
LOSSY_DRIVERS = ("JPEG", "JP2OpenJPEG")


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Header of one image file."""

    path: str
    """A file or a GDAL virtual path."""
    crs: str
    """WKT of the tile's CRS; "" when the file could not be used."""
    transform: tuple[float, float, float, float, float, float]
    """Affine a..f from (column, row) to CRS units."""
    width: int
    """Columns."""
    height: int
    """Rows."""
    bands: tuple[int, ...]
    """Band numbers read as red, green, blue (a single grey band stands three times)."""
    alpha: int
    """Band number of the alpha band, 0 for none."""
    nodata: float | None
    """Declared nodata value."""
    lossy: bool
    """Lossy compression: an undeclared black border is near 0, not exactly 0."""
    depth: str
    """Numpy name of the pixel type, e.g. "uint8"."""
    problem: str
    """Why the file cannot be used; "" when it can."""

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Return the four corners in the tile's CRS, in ring order."""
        a, b, c, d, e, f = self.transform
        ends = ((0, 0), (self.width, 0), (self.width, self.height), (0, self.height))
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in ends]


@dataclass(frozen=True, kw_only=True)
class Flyover:
    """One year's imagery."""

    year: int
    """Year the imagery stands for."""
    flown: date | None
    """Date of the flight, None when not known."""
    tiles: tuple[Tile, ...]
    """Usable tiles, sorted by path; they may differ in CRS, size and band count."""
    broken: tuple[Tile, ...]
    """Files whose header could not be read or used, each with its problem."""
    white: float
    """Pixel value shown as 255; 255 for 8-bit imagery, else the 99.5th percentile of a sample of the tiles."""


def open_flyover(year: int, paths: tuple[str, ...], flown: date | None = None, *, crs: str = "") -> Flyover:
    """Read every tile header of one year.

    Args:
        year: Year the imagery stands for.
        paths: Folders, globs, files or GDAL virtual paths.
        flown: Date of the flight.
        crs: CRS of tiles that carry none and have no .prj beside them, e.g. "EPSG:4326"; "" leaves them unused.

    Raises:
        MissingInput: a path that holds no image at all.
        InputError: no tile can be used.
    """
    files = sorted({file for path in paths for file in _image_files(year, path)})
    headers = [_read_header(file, crs) for file in files]
    tiles = tuple(tile for tile in headers if not tile.problem)
    broken = tuple(tile for tile in headers if tile.problem)
    if not tiles:
        raise InputError(f"flyover {year}: none of {len(files)} files can be used; first: {broken[0].path}: {broken[0].problem}")
    return Flyover(year=year, flown=flown, tiles=tiles, broken=broken, white=_white(tiles))


def _image_files(year: int, path: str) -> list[str]:
    if path.startswith("/vsi") or path.lower().endswith(".vrt"):
        return [path]
    if Path(path).is_dir():
        found = [str(file) for file in Path(path).iterdir() if file.suffix.lower() in RASTER_SUFFIXES and not file.name.startswith(".")]
    else:
        found = glob.glob(path)
    if not found:
        raise MissingInput(f"flyover {year}: no image file at {path}; want a folder, glob or file of {', '.join(RASTER_SUFFIXES)}")
    return found


def _read_header(path: str, crs: str) -> Tile:
    try:
        with rasterio.open(path) as source:
            return _describe(path, source, source.crs or _sidecar_crs(path, crs))
    except (RasterioError, CRSError, ValueError) as error:
        return _broken(path, " ".join(str(error).split()))


def _sidecar_crs(path: str, crs: str) -> CRS | None:
    """Return the CRS of the .prj beside a file, else the one the city file gives, else None."""
    beside = Path(path).with_suffix(".prj")
    text = beside.read_text(encoding="utf-8") if beside.exists() else crs
    return CRS.from_user_input(text) if text else None


def _describe(path: str, source: DatasetReader, crs: CRS | None) -> Tile:
    if crs is None:
        return _broken(path, "has no CRS; add a .prj or .aux.xml beside it, or give [[flyover]] crs")
    if source.transform.is_identity or source.transform.determinant == 0:
        return _broken(path, "is not georeferenced; add a world file")
    alpha = [band for band, color in enumerate(source.colorinterp, 1) if color == ColorInterp.alpha]
    colors = [band for band in source.indexes if band not in alpha]
    a, b, c, d, e, f = source.transform[:6]
    compression = str(source.profile.get("compress", "")).lower()
    return Tile(
        path=path, crs=crs.to_wkt(), transform=(a, b, c, d, e, f), width=source.width, height=source.height,
        bands=(colors[0], colors[1], colors[2]) if len(colors) >= 3 else (colors[0],) * 3, alpha=alpha[0] if alpha else 0,
        nodata=source.nodata, lossy=source.driver in LOSSY_DRIVERS or compression == "jpeg", depth=source.dtypes[0], problem="",
    )  # fmt: skip


def _broken(path: str, problem: str) -> Tile:
    return Tile(
        path=path, crs="", transform=(1, 0, 0, 0, -1, 0), width=0, height=0, bands=(), alpha=0, nodata=None, lossy=False, depth="", problem=problem
    )  # fmt: skip


def _white(tiles: tuple[Tile, ...]) -> float:
    deep = [tile for tile in tiles if tile.depth != "uint8"]
    if not deep:
        return 255.0
    samples = []
    for tile in deep[:: max(1, len(deep) // 5)][:5]:
        with rasterio.open(tile.path) as source:
            small = source.read(sorted(set(tile.bands)), out_shape=(len(set(tile.bands)), min(256, tile.height), min(256, tile.width)))
        held = small[np.isfinite(small) & (small != tile.nodata)]
        samples += [np.percentile(held, 99.5)] if held.size else []
    return float(max(np.median(samples), 1e-9)) if samples else 255.0
