"""The style of every layer of a GeoPackage: the five symbols, and what a layer adds in words."""

from xml.etree.ElementTree import Element, SubElement, fromstring

from gis_export.formats.contents import CENTROIDS, NOT_ASSESSED, YEAR_TO_YEAR
from gis_export.formats.qml import Geometry, layer_style
from gis_export.formats.sld import layer_sld
from gis_export.formats.xml_document import qgis_document
from gis_export.table.fields import Field
from gis_export.table.symbols import BY_CODE

LABEL_SCALE = 2500
"""From this scale on, zooming in, labels show: 1 to 2,500."""

# The text below the symbol, as a QGIS expression over long names. The words are those of the
# fields.
_LABELS = {
    NOT_ASSESSED: """replace("not_assessed_reason", '_', ' ')""",
    YEAR_TO_YEAR: """CASE WHEN "change" = 'WAS NA' THEN 'was NOT ASSESSED'
        WHEN "change" = 'NOW NA' THEN 'NOW NOT ASSESSED\\nwas ' || "previous_hazard_level"
        ELSE "change" || '\\nwas ' || "previous_hazard_level" END""",
}
_WHITE = "255,255,255,255"
_INK = "0,0,0,255"


def style_tree(layer: str, fields: tuple[Field, ...]) -> Element:
    """Return the style of a layer with long names as QGIS 3.22 and later read it."""
    root = fromstring(layer_style(fields, long_names=True, geometry=_geometry(layer)))
    if layer == NOT_ASSESSED:
        _keep_not_assessed(root)

    root.set("labelsEnabled", "1" if layer in _LABELS else "0")
    if layer in _LABELS:
        root.set("styleCategories", "Symbology|Labeling|Fields")
        root.append(_labels(_LABELS[layer]))
    return root


def style_qml(layer: str, fields: tuple[Field, ...]) -> str:
    """Return the style of a layer as a .qml document."""
    return qgis_document(style_tree(layer, fields))


def style_sld(layer: str) -> str:
    """Return the style of a layer as an SLD document."""
    return layer_sld(layer, long_names=True, geometry=_geometry(layer))


def _geometry(layer: str) -> Geometry:
    return "point" if layer == CENTROIDS else "polygon"


def _keep_not_assessed(root: Element) -> None:
    """Leave the other words out of the legend of a layer that has none of them."""
    for categories in root.iter("categories"):
        for category in list(categories):
            if category.get("value") != BY_CODE["NA"].code:
                categories.remove(category)


def _labels(expression: str) -> Element:
    """Return black text on a white rim below the symbol, shown when zoomed in."""
    labeling = Element("labeling", {"type": "simple"})
    settings = SubElement(labeling, "settings", {"calloutType": "simple"})
    _add_text_style(settings, expression)
    SubElement(settings, "text-format", {"multilineAlign": "1"})

    placement = {
        "placement": "1",
        "quadOffset": "7",
        "xOffset": "0",
        "yOffset": "3.2",
        "offsetUnits": "MM",
        "offsetType": "0",
        "centroidInside": "1",
        "centroidWhole": "1",
    }
    SubElement(settings, "placement", placement)

    rendering = {
        "scaleVisibility": "1",
        "scaleMin": "0",
        "scaleMax": str(LABEL_SCALE),
        "obstacle": "0",
        "drawLabels": "1",
    }
    SubElement(settings, "rendering", rendering)
    return labeling


def _add_text_style(settings: Element, expression: str) -> None:
    text = {
        "fieldName": expression,
        "isExpression": "1",
        "fontFamily": "DejaVu Sans",
        "namedStyle": "Bold",
        "fontWeight": "75",
        "fontSize": "7.5",
        "fontSizeUnit": "Point",
        "textColor": _INK,
        "textOpacity": "1",
        "multilineHeight": "1",
    }
    style = SubElement(settings, "text-style", text)

    rim = {
        "bufferDraw": "1",
        "bufferSize": "0.9",
        "bufferSizeUnits": "MM",
        "bufferColor": _WHITE,
        "bufferOpacity": "1",
        "bufferJoinStyle": "128",
    }
    SubElement(style, "text-buffer", rim)
