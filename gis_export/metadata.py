"""The .shp.xml beside a shapefile: title, use limit and the meaning of every field, as ArcGIS and QGIS read them."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gis_export.fields import Field
from inference.hazard import USE_LIMIT


def layer_metadata(fields: tuple[Field, ...], *, title: str) -> str:
    """Return the metadata document of a layer."""
    root = Element("metadata", {"xml:lang": "en"})
    esri = SubElement(root, "Esri")
    _text(esri, "ArcGISFormat", "1.0")
    _citation(SubElement(root, "dataIdInfo"), title)
    _identification(SubElement(root, "idinfo"), title)
    detailed = SubElement(SubElement(root, "eainfo"), "detailed")
    for field in fields:
        attribute = SubElement(detailed, "attr")
        _text(attribute, "attrlabl", field.name)
        _text(attribute, "attalias", field.alias)
        _text(attribute, "attrdef", field.meaning)
        _text(attribute, "attwidth", str(field.width))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _citation(info: Element, title: str) -> None:
    _text(SubElement(info, "idCitation"), "resTitle", title)
    _text(info, "idAbs", f"Vacant buildings and what this year's photo shows of their roofs. {USE_LIMIT}")
    _text(SubElement(SubElement(info, "resConst"), "Consts"), "useLimit", USE_LIMIT)


def _identification(info: Element, title: str) -> None:
    """Say the same in the older FGDC words, which many readers still look for."""
    _text(SubElement(SubElement(info, "citation"), "citeinfo"), "title", title)
    _text(info, "useconst", USE_LIMIT)


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text
