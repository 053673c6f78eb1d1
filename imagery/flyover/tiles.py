"""A tile: one image file as its header describes it, or one of its overviews."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.io import DatasetReader

from imagery.flyover.guard import READ_ERRORS, ImageLimits, call_guarded
from imagery.flyover.units import is_too_large, unit_mb
from imagery.limits import refuse_no_handles

REMOTE_FILE_SYSTEMS = (
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
"""How GDAL virtual paths to other machines begin."""
START_OF_JPEG = b"\xff\xd8"
FINE_ENOUGH = 1.05
"""An overview may be coarser than the wanted scale by this factor."""


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
    relative: str = ""
    """Path from where the [[flyover]] path of the city file begins; "" for a path of its own."""
    bands: tuple[int, ...] = ()
    """Band numbers read as red, green, blue; a single gray or palette band is given three times."""
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
    jpeg_space: str = ""
    """Color space of the JPEG data, "YCbCr", "RGB" or "gray", that libjpeg-turbo decodes as GDAL
    does; "" for all else, such as planes or four bands in JPEG."""
    block: tuple[int, int] = (1, 1)
    """(rows, columns) of the blocks that the file is stored in."""
    overviews: tuple[int, ...] = ()
    """By how much each overview is coarser."""
    level: int = -1
    """Overview that this header describes; -1 is the full resolution."""
    gsd_m: float = 0.0
    """Meters per pixel on the ground."""
    stamp: str = field(default="", repr=False)
    """TIFFTAG_DATETIME as written in the file, "YYYY:MM:DD HH:MM:SS"; "" for none.

    It is kept out of `repr` because chips do not depend on it."""
    max_mb: float = field(default=ImageLimits.max_block_mb, repr=False)
    """Largest unit that may be decoded, MB; chips do not depend on it."""
    max_seconds: float = 0.0
    """Longest time a read may take in the decoding process, seconds; 0 reads in place."""
    assumed: str = field(default="", repr=False)
    """What was taken for granted of the bands although the file does not declare it."""
    stale_overview: str = field(default="", repr=False)
    """Name of an overview that is older than what it shows, and is not used; "" for none."""
    missing_sources: tuple[str, ...] = field(default=(), repr=False)
    """Names of files that a VRT refers to and that are not there."""
    evidence: str = ""
    """Sizes and times of all files that the picture depends on; see `find_evidence`."""
    displaced: bool = False
    """The tile is misaligned; do not use it to assess roofs."""
    problem: str = ""
    """Why the file cannot be used; "" when it can."""

    @property
    def facts(self) -> str:
        """Return all that chips depend on, as a text that is the same wherever the folder lies."""
        return repr(replace(self, path=self.relative or self.path))

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Return the four corners in the tile's CRS, in ring order."""
        a, b, c, d, e, f = self.transform
        ends = ((0, 0), (self.width, 0), (self.width, self.height), (0, self.height))
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in ends]

    @property
    def pixel_side(self) -> float:
        """Return the side of a square as large as a pixel, CRS units."""
        a, b, _, d, e, _ = self.transform
        return float(np.sqrt(abs(a * e - b * d)))

    @property
    def name(self) -> str:
        """Return the file name, without what is secret in a signed address."""
        path = self.path.split("?")[0] if self.remote else self.path
        return Path(path).name

    @property
    def lossy(self) -> bool:
        """Tell whether an undeclared black border is near 0, not exactly 0."""
        return self.driver in ("JPEG", "JP2OpenJPEG") or self.compression == "jpeg"

    @property
    def remote(self) -> bool:
        """Tell whether GDAL fetches the file from another machine."""
        return self.path.startswith(REMOTE_FILE_SYSTEMS)


def at_scale(tile: Tile, gsd_m: float) -> Tile:
    """Return the coarsest overview that is still as fine as `gsd_m`, or the tile itself.

    The tile itself also takes the place of an overview that is damaged.
    """
    most = gsd_m / tile.gsd_m * FINE_ENOUGH
    levels = [level for level, factor in enumerate(tile.overviews) if factor <= most]
    if tile.level >= 0 or not levels:
        return tile

    level = max(levels, key=lambda level: (tile.overviews[level], level))
    try:
        return call_guarded(tile.path, tile.max_seconds, open_overview, tile, level)
    except READ_ERRORS as error:
        refuse_no_handles(error)
        return tile


def open_overview(tile: Tile, level: int) -> Tile:
    """Return the header of one overview, or the tile itself where its blocks are too large."""
    with rasterio.open(tile.path, overview_level=level) as source:
        if unit_mb(source) > tile.max_mb or is_too_large(source.block_shapes[0]):
            return tile
        return _coarser(tile, level, source)


def _coarser(tile: Tile, level: int, source: DatasetReader) -> Tile:
    """Return the header of an opened overview."""
    is_jpeg = bool(tile.jpeg_space) and _is_inner_jpeg(tile, level)
    x_factor = tile.width / source.width
    y_factor = tile.height / source.height
    a, b, c, d, e, f = tile.transform

    return replace(
        tile,
        level=level,
        jpeg_space=tile.jpeg_space if is_jpeg else "",
        width=source.width,
        height=source.height,
        transform=(a * x_factor, b * y_factor, c, d * x_factor, e * y_factor, f),
        block=source.block_shapes[0],
        gsd_m=tile.gsd_m * float(np.sqrt(x_factor * y_factor)),
    )


def _is_inner_jpeg(tile: Tile, level: int) -> bool:
    """Tell whether an overview is stored in the file itself, as JPEG of the same shape of blocks.

    GDAL gives places of blocks also for an overview in an .ovr, where they count in that file.
    """
    if tile.driver != "GTiff":
        return False

    with rasterio.open(tile.path) as source:
        has_other_file = any(name.lower().endswith(".ovr") for name in source.files)
        place = source.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1, ovr=level)
    if has_other_file or not place:
        return False

    with Path(tile.path).open("rb") as stream:
        stream.seek(int(place))
        return stream.read(len(START_OF_JPEG)) == START_OF_JPEG
