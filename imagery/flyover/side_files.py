"""Files beside an image that change its picture: world file, .prj, .ovr, .aux.xml, mask.

They are found whatever the case of their names, as Windows writes and reads them.
"""

import os
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rasterio.enums import ColorInterp

WORLD_SUFFIXES = (
    ".tfw",
    ".tifw",
    ".tiffw",
    ".jgw",
    ".jpgw",
    ".jpegw",
    ".j2w",
    ".jp2w",
    ".pgw",
    ".pngw",
    ".wld",
)
SIDE_SUFFIXES = (
    *WORLD_SUFFIXES,
    ".prj",
    ".ovr",
    ".aux.xml",
    ".aux",
    ".msk",
    ".rrd",
    ".ige",
    ".rde",
)
"""How names of side files end, in lower case."""


@dataclass(frozen=True, kw_only=True)
class AuxFacts:
    """What an .aux.xml file declares of the image beside it."""

    crs: str = ""
    """WKT or code; "" for none."""
    transform: tuple[float, ...] = ()
    """Affine a..f; empty for none."""
    nodata: float | None = None
    """Nodata value of the first band."""
    colors: tuple[ColorInterp | None, ...] = ()
    """Color interpretation of the bands, None where the file says nothing of one."""


def side_paths(path: str) -> list[str]:
    """Return the side files of an image, sorted; none for GDAL virtual paths.

    Args:
        path: An image, such as tile.tif: tile.TFW and TILE.tif.ovr belong to it.
    """
    if path.startswith("/vsi"):
        return []

    folder = str(Path(path).parent)
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116  # once per tile
    except OSError:
        return []

    names = _side_names(folder, changed)
    file = Path(path)
    found = {*names.get(file.stem.lower(), ()), *names.get(file.name.lower(), ())}
    return [str(Path(folder) / name) for name in sorted(found - {file.name})]


def find_side_file(path: str, suffix: str) -> str:
    """Return the side file of an image that ends in `suffix`; "" when there is none.

    Where several differ by case alone, the one in the case of the image comes first.
    """
    stem = Path(path).stem
    found = [name for name in side_paths(path) if name.lower().endswith(suffix)]
    found.sort(key=lambda name: (not Path(name).name.startswith(stem), not name.endswith(suffix)))
    return found[0] if found else ""


def read_aux(path: str) -> AuxFacts:
    """Read the .aux.xml of an image where GDAL misses it because of the case of its name."""
    file = find_side_file(path, ".aux.xml")
    if not file or Path(f"{path}.aux.xml").exists():
        return AuxFacts()

    try:
        root = ElementTree.parse(file).getroot()
        return _read_facts(root)
    except (ElementTree.ParseError, ValueError, OSError):
        return AuxFacts()


def _read_facts(root: ElementTree.Element) -> AuxFacts:
    """Return what the root of an .aux.xml holds.

    Raises:
        ValueError: a number is none.
    """
    transform: tuple[float, ...] = ()
    text = root.findtext("GeoTransform") or ""
    if text:
        left, width, row_shear, top, column_shear, height = map(float, text.split(","))
        transform = (width, row_shear, left, column_shear, height, top)

    bands = root.findall("PAMRasterBand")
    nodata = bands[0].findtext("NoDataValue") if bands else None
    colors = [_color((band.findtext("ColorInterp") or "").lower()) for band in bands]
    return AuxFacts(
        crs=(root.findtext("SRS") or "").strip(),
        transform=transform,
        nodata=float(nodata) if nodata else None,
        colors=tuple(colors),
    )


def _color(name: str) -> ColorInterp | None:
    return ColorInterp[name] if name in ColorInterp.__members__ else None


@lru_cache(maxsize=256)
def _side_names(folder: str, changed: int) -> dict[str, tuple[str, ...]]:
    """Return the side files of a folder that last changed at `changed`.

    Returns:
        Their names by what stands before the suffix, in lower case.
    """
    found: dict[str, tuple[str, ...]] = {}
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        base = _without_suffix(name.lower())
        if base:
            found[base] = (*found.get(base, ()), name)
    return found


def _without_suffix(name: str) -> str:
    """Return what stands before the suffix of a side file, "" for another file."""
    for suffix in SIDE_SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return ""
