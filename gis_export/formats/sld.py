"""The style of a layer as an OGC SLD 1.1 document (Symbology Encoding), for servers.

QGIS reads it too where a .qml is not wanted. It has the same five symbols as the .qml, in their
order. A reader that does not know the mark "hexagon" or "rectangle" draws its square; letter and
color still distinguish the words.
"""

from xml.etree.ElementTree import Element, SubElement, register_namespace

from gis_export.formats.qml import Geometry, hazard_attribute
from gis_export.formats.xml_document import document
from gis_export.table.symbols import BY_CODE, NO_WORD, SYMBOLS, Outline, Symbol
from inference.hazard import USE_LIMIT

SLD = "http://www.opengis.net/sld"
SE = "http://www.opengis.net/se"
OGC = "http://www.opengis.net/ogc"
XLINK = "http://www.w3.org/1999/xlink"
for _prefix, _uri in (("sld", SLD), ("se", SE), ("ogc", OGC), ("xlink", XLINK)):
    register_namespace(_prefix, _uri)

_INK = "#000000"
# The pixel that the standard means.
_PIXEL_MM = 0.28
_DASHES: dict[Outline, str] = {"solid": "", "dash": "4 2", "dot": "1 2", "dash dot": "4 2 1 2"}


def layer_sld(name: str, *, long_names: bool, geometry: Geometry) -> str:
    """Return the .sld of a layer.

    Args:
        name: Name of the layer, as servers know it.
        long_names: Whether the layer carries long names.
        geometry: Whether the layer holds parcels or a point inside each.
    """
    root = Element(f"{{{SLD}}}StyledLayerDescriptor", {"version": "1.1.0"})
    layer = SubElement(root, f"{{{SLD}}}NamedLayer")
    _se(layer, "Name", name)

    style = SubElement(layer, f"{{{SLD}}}UserStyle")
    _se(style, "Name", name)
    described = _se(style, "Description")
    _se(described, "Title", "Hazard words")
    _se(described, "Abstract", USE_LIMIT)

    rules = _se(style, "FeatureTypeStyle")
    attribute = hazard_attribute(long_names=long_names)
    for symbol in SYMBOLS:
        _add_rule(rules, symbol, geometry, attribute)
    _add_other_rule(rules, BY_CODE["NA"], geometry, attribute)
    return document(root)


def _add_rule(parent: Element, symbol: Symbol, geometry: Geometry, attribute: str) -> None:
    """Draw the rows that hold the symbol's code."""
    rule = _se(parent, "Rule")
    _se(rule, "Name", symbol.word.value)
    _se(_se(rule, "Description"), "Title", f"{symbol.word.value}: {symbol.meaning}")
    _equal(_ogc(rule, "Filter"), attribute, symbol.code)
    _draw(rule, symbol, geometry)


def _add_other_rule(parent: Element, symbol: Symbol, geometry: Geometry, attribute: str) -> None:
    """Draw the rows that hold none of our codes."""
    rule = _se(parent, "Rule")
    _se(rule, "Name", f"{symbol.word.value}, {NO_WORD}")
    _se(_se(rule, "Description"), "Title", f"{symbol.word.value}: {NO_WORD}")

    # QGIS 3.22 would draw an ElseFilter over everything.
    either = _ogc(_ogc(rule, "Filter"), "Or")
    _ogc(_ogc(either, "PropertyIsNull"), "PropertyName").text = attribute
    ours = _ogc(_ogc(either, "Not"), "Or")
    for known in SYMBOLS:
        _equal(ours, attribute, known.code)
    _draw(rule, symbol, geometry)


def _draw(rule: Element, symbol: Symbol, geometry: Geometry) -> None:
    if geometry == "polygon":
        area = _se(rule, "PolygonSymbolizer")
        _fill(area, symbol.color, opacity=0.35)
        _stroke(area, outline=symbol.outline)
    _mark(rule, symbol)
    _letter(rule, symbol)


def _mark(rule: Element, symbol: Symbol) -> None:
    graphic = _se(_se(rule, "PointSymbolizer"), "Graphic")
    mark = _se(graphic, "Mark")
    is_wide = symbol.shape == "tag"
    _se(mark, "WellKnownName", "rectangle" if is_wide else symbol.shape)
    _fill(mark, symbol.color)
    _stroke(mark)

    size_mm = symbol.size_mm * (1.3 if is_wide else 1)
    _se(graphic, "Size", _pixels(size_mm))
    if is_wide:
        _se(graphic, "VendorOption", "1.625").set("name", "widthHeightFactor")


def _letter(rule: Element, symbol: Symbol) -> None:
    graphic = _se(_se(rule, "PointSymbolizer"), "Graphic")
    mark = _se(graphic, "Mark")
    font = _se(mark, "OnlineResource")
    font.set(f"{{{XLINK}}}type", "simple")
    font.set(f"{{{XLINK}}}href", "ttf://DejaVu Sans Bold")
    _se(mark, "Format", "ttf")
    _se(mark, "MarkIndex", str(ord(symbol.letter)))
    _fill(mark, _INK)
    _se(graphic, "Size", _pixels(symbol.size_mm * 0.6))

    # The middle of a triangle is lower than that of its box.
    if symbol.shape == "triangle":
        displacement = _se(graphic, "Displacement")
        _se(displacement, "DisplacementX", "0")
        _se(displacement, "DisplacementY", _pixels(symbol.size_mm * 0.12))


def _pixels(size_mm: float) -> str:
    return f"{size_mm / _PIXEL_MM:.1f}"


def _fill(parent: Element, color: str, *, opacity: float = 1.0) -> None:
    fill = _se(parent, "Fill")
    _parameter(fill, "fill", color)
    if opacity < 1:
        _parameter(fill, "fill-opacity", f"{opacity}")


def _stroke(parent: Element, *, outline: Outline = "solid") -> None:
    stroke = _se(parent, "Stroke")
    _parameter(stroke, "stroke", _INK)
    _parameter(stroke, "stroke-width", _pixels(0.4))
    if _DASHES[outline]:
        _parameter(stroke, "stroke-dasharray", _DASHES[outline])


def _equal(parent: Element, attribute: str, code: str) -> None:
    equal = _ogc(parent, "PropertyIsEqualTo")
    _ogc(equal, "PropertyName").text = attribute
    _ogc(equal, "Literal").text = code


def _ogc(parent: Element, tag: str) -> Element:
    return SubElement(parent, f"{{{OGC}}}{tag}")


def _parameter(parent: Element, name: str, value: str) -> None:
    _se(parent, "SvgParameter", value).set("name", name)


def _se(parent: Element, tag: str, text: str | None = None) -> Element:
    child = SubElement(parent, f"{{{SE}}}{tag}")
    child.text = text
    return child
