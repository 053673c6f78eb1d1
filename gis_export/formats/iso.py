"""The same metadata in ISO 19139, the XML of ISO 19115: for catalogs, beside the .shp.xml."""

from xml.etree.ElementTree import Element, SubElement, register_namespace

from gis_export.formats.metadata import ABSTRACT, Layer, Lineage, crs_code, document, xml_text
from inference.hazard import USE_LIMIT

GMD, GCO, GML = (
    "http://www.isotc211.org/2005/gmd",
    "http://www.isotc211.org/2005/gco",
    "http://www.opengis.net/gml/3.2",
)
_LISTS = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
_TYPES = {"text": "text", "int": "whole number", "real": "number", "date": "date"}
for _prefix, _uri in (("gmd", GMD), ("gco", GCO), ("gml", GML)):
    register_namespace(_prefix, _uri)


def iso_metadata(layer: Layer, lineage: Lineage) -> str:
    """Return an ISO 19139 document of a layer, with the meaning of every field in its supplemental information."""
    root = Element(_gmd("MD_Metadata"))
    _text(root, "language", "eng")
    _code(root, "characterSet", "MD_CharacterSetCode", "utf8")
    _code(root, "hierarchyLevel", "MD_ScopeCode", "dataset")
    SubElement(root, _gmd("contact"), {f"{{{GCO}}}nilReason": "withheld"})
    SubElement(SubElement(root, _gmd("dateStamp")), _gco("Date")).text = lineage.made.isoformat()
    _text(root, "metadataStandardName", "ISO 19115:2003/19139")
    _text(root, "metadataStandardVersion", "1.0")
    _reference(root, layer)
    _identify(_nest(root, "identificationInfo", "MD_DataIdentification"), layer, lineage)
    quality = _nest(root, "dataQualityInfo", "DQ_DataQuality")
    _code(_nest(quality, "scope", "DQ_Scope"), "level", "MD_ScopeCode", "dataset")
    _text(_nest(quality, "lineage", "LI_Lineage"), "statement", lineage.statement)
    return document(root)


def _reference(root: Element, layer: Layer) -> None:
    space, code = crs_code(layer.crs)
    identity = _nest(
        _nest(root, "referenceSystemInfo", "MD_ReferenceSystem"),
        "referenceSystemIdentifier",
        "RS_Identifier",
    )
    _text(identity, "code", code)
    if space:
        _text(identity, "codeSpace", space)


def _identify(info: Element, layer: Layer, lineage: Lineage) -> None:
    citation = _nest(info, "citation", "CI_Citation")
    _text(citation, "title", layer.title)
    for kind in ("creation", "publication"):
        day = _nest(citation, "date", "CI_Date")
        SubElement(SubElement(day, _gmd("date")), _gco("Date")).text = lineage.made.isoformat()
        _code(day, "dateType", "CI_DateTypeCode", kind)
    _text(info, "abstract", f"{ABSTRACT} {USE_LIMIT}")
    _text(info, "purpose", "Pre-plan and inspection: which vacant roofs to look at first.")
    keywords = _nest(info, "descriptiveKeywords", "MD_Keywords")
    for word in ("vacant building", "roof", "aerial photo", lineage.city, str(lineage.year)):
        _text(keywords, "keyword", word)
    _text(_nest(info, "resourceConstraints", "MD_Constraints"), "useLimitation", USE_LIMIT)
    _code(info, "spatialRepresentationType", "MD_SpatialRepresentationTypeCode", "vector")
    _text(info, "language", "eng")
    SubElement(
        SubElement(info, _gmd("topicCategory")), _gmd("MD_TopicCategoryCode")
    ).text = "structure"
    _extent(info, layer, lineage)
    said = (
        f"{field.name} ({field.alias}, {_TYPES[field.kind]}, {field.width} wide): {field.meaning}"
        for field in layer.fields
    )
    _text(info, "supplementalInformation", "Fields. " + " ".join(said))


def _extent(info: Element, layer: Layer, lineage: Lineage) -> None:
    if layer.extent is None and lineage.flown is None:
        return
    extent = _nest(info, "extent", "EX_Extent")
    if layer.extent:
        west, south, east, north = layer.extent
        box = _nest(extent, "geographicElement", "EX_GeographicBoundingBox")
        for name, value in (
            ("westBoundLongitude", west),
            ("eastBoundLongitude", east),
            ("southBoundLatitude", south),
            ("northBoundLatitude", north),
        ):
            SubElement(SubElement(box, _gmd(name)), _gco("Decimal")).text = f"{value:.6f}"
    if lineage.flown:
        time = SubElement(_nest(extent, "temporalElement", "EX_TemporalExtent"), _gmd("extent"))
        instant = SubElement(time, f"{{{GML}}}TimeInstant", {f"{{{GML}}}id": "flown"})
        SubElement(instant, f"{{{GML}}}timePosition").text = lineage.flown.isoformat()


def _nest(parent: Element, tag: str, kind: str) -> Element:
    return SubElement(SubElement(parent, _gmd(tag)), _gmd(kind))


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(SubElement(parent, _gmd(tag)), _gco("CharacterString")).text = xml_text(text)


def _code(parent: Element, tag: str, name: str, value: str) -> None:
    SubElement(
        SubElement(parent, _gmd(tag)),
        _gmd(name),
        {"codeList": f"{_LISTS}#{name}", "codeListValue": value},
    ).text = value


def _gmd(name: str) -> str:
    return f"{{{GMD}}}{name}"


def _gco(name: str) -> str:
    return f"{{{GCO}}}{name}"
