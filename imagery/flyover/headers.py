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
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from imagery.crs import ground_meters_per_unit, is_on_earth
from imagery.flyover.allowed import find_description, find_foreign
from imagery.flyover.bands import COLORS, Bands, find_bands
from imagery.flyover.corners import find_degree_problem
from imagery.flyover.evidence import find_stale_overview, missing_sources
from imagery.flyover.guard import (
    READ_ERRORS,
    ImageLimits,
    call_guarded,
    decodes_in_place,
    opens_in_place,
)
from imagery.flyover.header_problems import (
    control_point_problem,
    crs_problem,
    explain_failure,
    pixel_problem,
    place_problem,
    size_problem,
)
from imagery.flyover.plain_files import not_plain
from imagery.flyover.remote_reads import look_again, refuse_failing_host
from imagery.flyover.side_files import AuxFacts, find_side_file, read_aux
from imagery.flyover.tiles import REMOTE_FILE_SYSTEMS, Tile
from imagery.flyover.virtual_files import find_vrt_problem
from imagery.limits import refuse_no_handles


def read_header(path: str, crs: str = "", *, limits: ImageLimits | None = None) -> Tile:
    """Read one header; a file that cannot be used comes back with its problem.

    Args:
        path: A file or a GDAL virtual path.
        crs: CRS of a file that carries none and has no .prj beside it; "" leaves it unused.
        limits: What the file may cost.
    """
    limits = limits or ImageLimits()
    problem = not_plain(path) or find_vrt_problem(path) or find_foreign(path, limits.allow)
    if problem:
        return Tile(path=path, problem=problem)

    seconds = 0.0 if opens_in_place(path) else limits.header_seconds
    try:
        tile = call_guarded(path, seconds, open_header, path, crs, limits)
    except RasterioError as error:
        return Tile(path=path, problem=explain_failure(path, error))
    return tile if tile.problem else _compare_files(tile)


def _compare_files(tile: Tile) -> Tile:
    """Leave out overviews that are older than the tile, and name sources of a VRT that are gone."""
    missing = missing_sources(tile.path)
    stale = find_stale_overview(tile.path)
    return replace(
        tile,
        missing_sources=missing,
        stale_overview=stale,
        overviews=() if stale else tile.overviews,
    )


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
        if path.startswith(REMOTE_FILE_SYSTEMS):
            refuse_failing_host(path, error)
            look_again(path)  # a name in a list that cannot be read seems to be no image
        return Tile(path=path, problem=explain_failure(path, error))


def _describe(path: str, source: DatasetReader, given_crs: str, limits: ImageLimits) -> Tile:
    """Turn an open file into a tile, or into one that has only a problem."""
    aux = read_aux(path)
    transform = source.transform
    if transform.is_identity and aux.transform:
        transform = Affine(*aux.transform)

    problem = find_description(source) or control_point_problem(source)
    crs = None if problem else _find_crs(path, source, aux.crs or given_crs)
    if crs is None:
        return Tile(path=path, problem=problem or crs_problem(source))

    bands = find_bands(_declared_colors(source, aux), source.descriptions)
    problem = (
        place_problem(source, transform)
        or find_degree_problem(transform, (source.height, source.width), crs, name=Path(path).name)
        or bands.problem
        or pixel_problem(source)
        or size_problem(source, limits)
    )
    if problem:
        return Tile(path=path, problem=problem)

    compression = _compression(source)
    in_place = decodes_in_place(source.driver, compression)
    a, b, c, d, e, f = transform[:6]
    tile = Tile(
        path=path,
        crs=crs.to_wkt(),
        transform=(a, b, c, d, e, f),
        width=source.width,
        height=source.height,
        bands=bands.color,
        alpha=bands.alpha,
        masked=_has_mask(source),
        palette=bands.palette,
        nodata=aux.nodata if source.nodata is None else source.nodata,
        depth=source.dtypes[0],
        driver=source.driver,
        compression=compression,
        jpeg_space=_jpeg_space(source, bands),
        block=tuple(source.block_shapes[0]),
        overviews=tuple(source.overviews(1)),
        stamp=source.tags().get("TIFFTAG_DATETIME", ""),
        max_mb=limits.max_block_mb,
        max_seconds=0.0 if in_place else limits.max_seconds,
        assumed=bands.assumed,
    )
    return replace(tile, gsd_m=_gsd_m(tile))


def _declared_colors(source: DatasetReader, aux: AuxFacts) -> list[ColorInterp]:
    """Return the color interpretation of every band; what an .aux.xml says comes first."""
    colors = list(source.colorinterp)
    for place, color in enumerate(aux.colors[: len(colors)]):
        if color is not None:
            colors[place] = color
    return colors


def _has_mask(source: DatasetReader) -> bool:
    """Tell whether the file carries a mask of its own, beside any alpha band."""
    flags = source.mask_flag_enums[0]
    return MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags


def _find_crs(path: str, source: DatasetReader, given_crs: str) -> CRS | None:
    """Return the CRS of the file, else of the .prj beside it, else the given one, else None.

    A local CRS of the file counts as none: it has no place on the earth.

    Raises:
        CRSError: the .prj or `given_crs` holds something else.
    """
    own = source.crs
    if own is not None and _has_place(own.to_wkt()):
        return own

    beside = Path(find_side_file(path, ".prj"))
    sidecar = ""
    if beside.name:
        sidecar = beside.read_text(encoding="utf-8", errors="replace").strip()
    text = sidecar or given_crs
    if not text:
        return None

    where = beside.name if sidecar else "[[flyover]] crs"
    try:
        given = CRS.from_user_input(text)
    except (CRSError, ValueError) as error:
        raise CRSError(f"{where} holds no CRS but {text[:40]!r}") from error
    if not _has_place(given.to_wkt()):
        raise CRSError(f"{where} holds a local CRS without a place on earth")
    return given


def _jpeg_space(source: DatasetReader, bands: Bands) -> str:
    """Return the color space of JPEG data that libjpeg-turbo can decode, "" for all else.

    Its three parts must be red, green, blue in this order, in one JPEG and not in a plane each.
    """
    structure = source.tags(ns="IMAGE_STRUCTURE")
    is_jpeg = source.driver == "JPEG" or (
        source.driver == "GTiff" and _compression(source) == "jpeg"
    )
    if not is_jpeg or source.dtypes[0] != "uint8":
        return ""

    space = str(structure.get("SOURCE_COLOR_SPACE", ""))
    if source.count == 1:
        return "gray" if not bands.palette and space == "" else ""

    is_plain = source.count == len(COLORS) and bands.color == (1, 2, 3)
    if not is_plain or structure.get("INTERLEAVE") != "PIXEL":
        return ""
    if space == "YCbCr":
        return space
    return "RGB" if source.driver == "GTiff" and space == "" else ""


def _compression(source: DatasetReader) -> str:
    return str(source.profile.get("compress", "")).lower()


def _gsd_m(tile: Tile) -> float:
    """Return the ground sample distance in the middle of a tile, meters."""
    x, y = np.mean(tile.corners, axis=0).tolist()
    return tile.pixel_side * ground_meters_per_unit(tile.crs, x, y)


@lru_cache(maxsize=64)
def _has_place(wkt: str) -> bool:
    """Tell whether a CRS is more than that of a drawing."""
    return is_on_earth(pyproj.CRS(wkt))
