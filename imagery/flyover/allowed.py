"""Where images may come from: a flyover may not make the machine read other files or ask a host.

GDAL opens whatever a file describes: a VRT or a service under the name of a TIFF, the sources of a
VRT, an overview that a side file names. So these are looked at before GDAL sees the file.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rasterio.io import DatasetReader

from imagery.flyover.side_files import side_paths
from imagery.flyover.virtual_files import is_vrt, other_sources, vrt_sources
from imagery.flyover.virtual_paths import SCHEMES, gdal_path

_ELSEWHERE = frozenset(
    {"VRT", "WMS", "WMTS", "WCS", "HTTP", "STACIT", "STACTA", "GTI", "PLMOSAIC", "EEDAI", "DERIVED"}
)
"""Drivers of GDAL whose files only say where the pixels are."""
_HEAD_BYTES = 1024
_IMAGE_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")
"""First bytes of what overviews and masks beside an image are: TIFF, BigTIFF, Erdas Imagine."""
_MOST_AUX_BYTES = 10_000_000
_SAY = "name the imagery itself in [[flyover]] path"


def roots_of(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the folders and hosts in which the paths of a [[flyover]] lie."""
    return tuple(_root_of(gdal_path(path)) for path in paths)


def _root_of(place: str) -> str:
    for scheme in SCHEMES.values():
        if place.startswith(scheme):
            return scheme + place.removeprefix(scheme).split("/")[0]
    if place.startswith("/vsi"):
        return place
    folder = Path(place)
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return str(folder)


def find_foreign(path: str, allow: tuple[str, ...]) -> str:
    """Say why a file must not be opened: it leads to what is not of the flyover.

    Args:
        path: A file or a GDAL virtual path.
        allow: Folders and addresses below which images may be, beside the folder of a VRT.

    Returns:
        The problem in one line, "" if there is none.
    """
    if path.startswith("/vsi"):
        return ""
    if is_vrt(path):
        return next(_foreign_sources(path, (str(Path(path).parent), *allow), ()), "")
    if _is_description(path):
        return f"is a text that describes imagery elsewhere, not an image; {_SAY}"
    return next(_foreign_side_files(path), "")


def find_description(source: DatasetReader) -> str:
    """Say that an open file describes imagery elsewhere, "" if it does not."""
    if source.driver in _ELSEWHERE and not source.name.lower().endswith(".vrt"):
        return f"is read by GDAL as {source.driver}, which describes imagery elsewhere; {_SAY}"
    if source.tags(ns="OVERVIEWS").get("OVERVIEW_FILE"):
        return "names an overview elsewhere in its metadata; remove that: gdal_edit.py -unsetmd"
    return ""


def is_allowed(source: str, allow: tuple[str, ...]) -> bool:
    """Tell whether a file or address lies below one that is allowed; links are followed."""
    place = gdal_path(source)
    if place.startswith("/vsi"):
        return any(place.startswith(_folder_of(gdal_path(root))) for root in allow)
    real = Path(os.path.realpath(place))
    return any(
        real.is_relative_to(os.path.realpath(root))
        for root in allow
        if not gdal_path(root).startswith("/vsi")
    )


def _folder_of(place: str) -> str:
    """Return an address with one slash at its end: a host may not be the start of another."""
    return place.rstrip("/") + "/"


def _foreign_sources(path: str, allow: tuple[str, ...], above: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with the sources of a VRT, and of those that it is made of."""
    real = os.path.realpath(path)
    if real in above:
        return
    for source in [*vrt_sources(path), *other_sources(path)]:
        if not is_allowed(source, allow):
            yield (
                f"is a VRT of {source}, which is not of this flyover; "
                "put it below the flyover's folder, or name its folder or address in "
                "[imagery] allow"
            )
        elif is_vrt(source):
            yield from _foreign_sources(source, allow, (*above, real))
        elif _is_description(source):
            yield f"is a VRT of {source}, which describes imagery elsewhere; {_SAY}"
        else:
            beside = _foreign_side_files(source)
            yield from (f"is a VRT of {Path(source).name}, which {why}" for why in beside)


def _is_description(path: str) -> bool:
    """Tell whether a file on this machine is XML or JSON, whatever its name."""
    head = _head(path).lstrip(b"\xef\xbb\xbf \t\r\n")
    return head[:1] in (b"<", b"{")


def _foreign_side_files(path: str) -> Iterator[str]:
    """Yield what is wrong with files beside an image that GDAL would open."""
    for beside in side_paths(path):
        lower = beside.lower()
        name = Path(beside).name
        if lower.endswith((".ovr", ".msk")) and not _head(beside).startswith(_IMAGE_HEADS):
            yield f"has {name} beside it, which is no image; remove it or build it again"
        elif lower.endswith(".aux.xml") and _names_overview(beside):
            yield f"has {name} beside it, which names an overview elsewhere; remove that"


def _names_overview(path: str) -> bool:
    try:
        if Path(path).stat().st_size > _MOST_AUX_BYTES:
            return True
        text = Path(path).read_bytes()
    except OSError:
        return False  # GDAL says why
    return b"OVERVIEW_FILE" in text


def _head(path: str) -> bytes:
    if path.startswith("/vsi"):
        return b""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except OSError:
        return b""  # GDAL says why
