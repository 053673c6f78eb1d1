"""What a WMTS says of itself (OGC 07-057r7): layers, and their levels of tiles.

No service is asked here.
"""

import math
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pyproj import CRS
from pyproj.exceptions import CRSError

from imagery.photo_services.grid import TileGrid
from imagery.services.failures import Failed
from imagery.services.xml_answers import parse_xml

PIXEL_M = 0.00028
"""Side of a pixel for which scales are stated, meters."""
DEGREE_M = math.pi * 6_378_137 / 180
"""Meters that stand for a degree in scales."""
FORMATS = ("image/png", "image/jpeg", "image/png8", "image/jpgpng", "image/tiff")
"""Formats that are taken, best first."""


@dataclass(frozen=True, kw_only=True)
class WmtsLayer:
    """One layer."""

    name: str
    """Its identifier."""
    style: str
    """Its style."""
    format: str
    """What it sends."""
    template: str
    """Address of a tile with names in braces; "" where it is asked by parameters."""
    defaults: dict[str, str]
    """Values of its further dimensions."""
    sets: tuple[str, ...]
    """Its sets of levels."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """All that is used of a WMTS."""

    layers: dict[str, WmtsLayer]
    """By name."""
    grids: dict[str, list[TileGrid]]
    """Levels by the name of their set, coarsest first; only those of a known CRS."""


def read_capabilities(content: bytes) -> Capabilities:
    """Return what the XML says.

    Raises:
        Failed: it is no WMTS capabilities.
    """
    root = parse_xml(content)
    contents = root.find("{*}Contents")
    if contents is None:
        raise Failed("the answer is no capabilities of a WMTS", is_final=True)

    layers = [_read_layer(element) for element in contents.findall("{*}Layer")]
    grids = {}
    for element in contents.findall("{*}TileMatrixSet"):
        levels = _read_levels(element)
        if levels:
            grids[_text(element, "Identifier")] = levels
    return Capabilities(layers={layer.name: layer for layer in layers}, grids=grids)


def _read_layer(element: Element) -> WmtsLayer:
    formats = [found.text or "" for found in element.findall("{*}Format")]
    known = [name for name in FORMATS if name in formats]
    form = known[0] if known else ""
    styles = element.findall("{*}Style")
    chosen = [style for style in styles if style.get("isDefault") == "true"] or styles
    dimensions = element.findall("{*}Dimension")
    links = element.findall("{*}TileMatrixSetLink")
    return WmtsLayer(
        name=_text(element, "Identifier"),
        style=_text(chosen[0], "Identifier") if chosen else "",
        format=form,
        template=_find_template(element, form),
        defaults={_text(found, "Identifier"): _text(found, "Default") for found in dimensions},
        sets=tuple(_text(link, "TileMatrixSet") for link in links),
    )


def _find_template(element: Element, form: str) -> str:
    for resource in element.findall("{*}ResourceURL"):
        if resource.get("resourceType") == "tile" and resource.get("format") == form:
            return resource.get("template", "")
    return ""


def _read_levels(element: Element) -> list[TileGrid]:
    try:
        crs = CRS.from_user_input(_text(element, "SupportedCRS"))
    except CRSError:
        return []
    levels = [_read_level(matrix, crs) for matrix in element.findall("{*}TileMatrix")]
    return sorted(levels, key=lambda level: -level.side[1] / level.pixels[1])


def _read_level(matrix: Element, crs: CRS) -> TileGrid:
    unit_m = DEGREE_M if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
    try:
        pixel = float(_text(matrix, "ScaleDenominator")) * PIXEL_M / unit_m
        first, second = (float(part) for part in _text(matrix, "TopLeftCorner").split())
        rows, columns = (int(_text(matrix, name)) for name in ("TileHeight", "TileWidth"))
        height, width = (int(_text(matrix, name)) for name in ("MatrixHeight", "MatrixWidth"))
    except ValueError as error:
        raise Failed(f"a level of its tiles cannot be read: {error}", is_final=True) from error

    # The corner is written in the order of the axes of the CRS.
    is_north_first = crs.axis_info[0].direction.lower() == "north"
    left, top = (second, first) if is_north_first else (first, second)
    return TileGrid(
        level=_text(matrix, "Identifier"),
        crs=crs.to_wkt(),
        left=left,
        top=top,
        side=(pixel * rows, pixel * columns),
        pixels=(rows, columns),
        count=(height, width),
    )


def _text(element: Element, name: str) -> str:
    """Return the text of a child, "" where there is none."""
    return (element.findtext(f"{{*}}{name}") or "").strip()
