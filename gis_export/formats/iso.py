"""The metadata of a layer in ISO 19139, the XML of ISO 19115: for catalogs, beside the .shp.xml."""

from xml.etree.ElementTree import Element, SubElement, register_namespace

from gis_export.formats.metadata import ABSTRACT, PURPOSE, Layer, Lineage, crs_code
from gis_export.formats.xml_document import document, xml_text
from imagery.boxes import GroundBox
from inference.hazard import USE_LIMIT

GMD = "http://www.isotc211.org/2005/gmd"
GCO = "http://www.isotc211.org/2005/gco"
GML = "http://www.opengis.net/gml/3.2"
for _prefix, _uri in (("gmd", GMD), ("gco", GCO), ("gml", GML)):
    register_namespace(_prefix, _uri)

_LISTS = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
_TYPES = {"text": "text", "int": "whole number", "real": "number", "date": "date"}


def iso_metadata(layer: Layer, lineage: Lineage) -> str:
    """Return an ISO 19139 document of a layer.

    The meaning of every field is in its supplemental information.
    """
    root = Element(_gmd("MD_Metadata"))
    _text(root, "language", "eng")
    _code(root, "characterSet", "MD_CharacterSetCode", "utf8")
    _code(root, "hierarchyLevel", "MD_ScopeCode", "dataset")
    SubElement(root, _gmd("contact"), {_gco("nilReason"): "withheld"})
    _date(root, "dateStamp", lineage)
    _text(root, "metadataStandardName", "ISO 19115:2003/19139")
    _text(root, "metadataStandardVersion", "1.0")

    _reference(root, layer)
    _identify(_nest(root, "identificationInfo", "MD_DataIdentification"), layer, lineage)

    quality = _nest(root, "dataQualityInfo", "DQ_DataQuality")
    scope = _nest(quality, "scope", "DQ_Scope")
    _code(scope, "level", "MD_ScopeCode", "dataset")
    history = _nest(quality, "lineage", "LI_Lineage")
    _text(history, "statement", lineage.statement)
    return document(root)


def _reference(root: Element, layer: Layer) -> None:
    space, code = crs_code(layer.crs)
    system = _nest(root, "referenceSystemInfo", "MD_ReferenceSystem")
    identity = _nest(system, "referenceSystemIdentifier", "RS_Identifier")
    _text(identity, "code", code)
    if space:
        _text(identity, "codeSpace", space)


def _identify(info: Element, layer: Layer, lineage: Lineage) -> None:
    """Add title, abstract, purpose, keywords, use limit, extent and fields."""
    citation = _nest(info, "citation", "CI_Citation")
    _text(citation, "title", layer.title)
    for kind in ("creation", "publication"):
        day = _nest(citation, "date", "CI_Date")
        _date(day, "date", lineage)
        _code(day, "dateType", "CI_DateTypeCode", kind)

    _text(info, "abstract", f"{ABSTRACT} {USE_LIMIT}")
    _text(info, "purpose", PURPOSE)
    keywords = _nest(info, "descriptiveKeywords", "MD_Keywords")
    for word in lineage.keywords:
        _text(keywords, "keyword", word)
    constraints = _nest(info, "resourceConstraints", "MD_Constraints")
    _text(constraints, "useLimitation", USE_LIMIT)

    _code(info, "spatialRepresentationType", "MD_SpatialRepresentationTypeCode", "vector")
    _text(info, "language", "eng")
    _nest(info, "topicCategory", "MD_TopicCategoryCode").text = "structure"
    _extent(info, layer, lineage)

    meanings = [
        f"{field.name} ({field.alias}, {_TYPES[field.kind]}, {field.width} wide): {field.meaning}"
        for field in layer.fields
    ]
    _text(info, "supplementalInformation", "Fields. " + " ".join(meanings))


def _extent(info: Element, layer: Layer, lineage: Lineage) -> None:
    if layer.extent is None and lineage.flown is None:
        return

    extent = _nest(info, "extent", "EX_Extent")
    if layer.extent:
        _sides(_nest(extent, "geographicElement", "EX_GeographicBoundingBox"), layer.extent)

    if lineage.flown:
        period = _nest(extent, "temporalElement", "EX_TemporalExtent")
        time = SubElement(period, _gmd("extent"))
        instant = SubElement(time, _gml("TimeInstant"), {_gml("id"): "flown"})
        SubElement(instant, _gml("timePosition")).text = lineage.flown.isoformat()


def _sides(box: Element, extent: GroundBox) -> None:
    sides = {
        "westBoundLongitude": extent.west,
        "eastBoundLongitude": extent.east,
        "southBoundLatitude": extent.south,
        "northBoundLatitude": extent.north,
    }
    for name, degrees in sides.items():
        side = SubElement(box, _gmd(name))
        SubElement(side, _gco("Decimal")).text = f"{degrees:.6f}"


def _nest(parent: Element, tag: str, kind: str) -> Element:
    """Add an element and the one that ISO 19139 wants inside it, and return the inner one."""
    outer = SubElement(parent, _gmd(tag))
    return SubElement(outer, _gmd(kind))


def _text(parent: Element, tag: str, text: str) -> None:
    holder = SubElement(parent, _gmd(tag))
    SubElement(holder, _gco("CharacterString")).text = xml_text(text)


def _date(parent: Element, tag: str, lineage: Lineage) -> None:
    """Add the day of the export."""
    holder = SubElement(parent, _gmd(tag))
    SubElement(holder, _gco("Date")).text = lineage.made.isoformat()


def _code(parent: Element, tag: str, name: str, value: str) -> None:
    """Add a value of one of the standard's code lists."""
    holder = SubElement(parent, _gmd(tag))
    attributes = {"codeList": f"{_LISTS}#{name}", "codeListValue": value}
    SubElement(holder, _gmd(name), attributes).text = value


def _gmd(name: str) -> str:
    return f"{{{GMD}}}{name}"


def _gco(name: str) -> str:
    return f"{{{GCO}}}{name}"


def _gml(name: str) -> str:
    return f"{{{GML}}}{name}"
