"""The .shp.xml beside a shapefile: what the layer is, where it comes from, what it must not be used for, what its fields mean.

The document is in Esri's own format with the older FGDC words beside it, since those two are what ArcGIS and QGIS read from
a .shp.xml; the same in ISO 19139 goes into a file of its own (`gis_export.formats.iso`).
"""

from dataclasses import dataclass
from datetime import date
from html import escape
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import geopandas as gpd
import pandas as pd
from pyproj import CRS, Transformer

from gis_export.formats.qml import Geometry
from gis_export.table.fields import Field
from gis_export.table.inputs import ExportInputs
from gis_export.table.values import VALUES
from inference.hazard import USE_LIMIT

Box = tuple[float, float, float, float]

ABSTRACT = (
    "Every vacant building of the city once, and what this year's aerial photo shows of its roof."
)
_TYPES = {"text": "String", "int": "Integer", "real": "Double", "date": "Date"}


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Where a product comes from."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    flown: date | None
    """Day of the flight, None when not known."""
    run_id: str
    """Run that made the ledger."""
    models: tuple[tuple[str, str], ...]
    """Label and sha256 of every model that scored a row; "" where the file is not known."""
    made: date
    """Day of the export."""
    tiles: int
    """Tiles of the flyover."""
    vacants: int
    """Rows of the ledger."""
    scored: int
    """Those that were scored."""
    sources: str
    """What went in, in words."""

    @property
    def statement(self) -> str:
        """Return the lineage in words."""
        photo = f"flown {self.flown.isoformat()}" if self.flown else "day of the flight not known"
        models = (
            "; ".join(f"{label} (sha256 {sha256 or 'not known'})" for label, sha256 in self.models)
            or "none"
        )
        return (
            f"Flyover of {self.year}, {photo}, {self.tiles} tiles. {self.vacants} vacant buildings, {self.scored} scored. "
            f"Model: {models}. Run {self.run_id}. Made {self.made.isoformat()}. Sources: {self.sources}"
        )


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What a layer is."""

    title: str
    """Title for people."""
    fields: tuple[Field, ...]
    """Its fields in their order."""
    crs: CRS
    """Its CRS."""
    extent: Box | None
    """West, south, east, north in WGS 84 degrees; None when it is empty."""
    geometry: Geometry
    """Parcels, or a point inside each."""


def lineage_of(inputs: ExportInputs) -> Lineage:
    """Return where the products of an export come from."""
    table = inputs.ledger.table
    labels = sorted({str(label) for label in table["model_version"].dropna()})
    flown = (
        inputs.flyover.flown
        if inputs.flyover
        else max((day for day in table["img_date"] if pd.notna(day)), default=None)
    )
    return Lineage(
        city=inputs.city,
        year=inputs.year,
        flown=flown,
        run_id=inputs.run_id,
        models=tuple((label, inputs.models.get(label, "")) for label in labels),
        made=inputs.today,
        tiles=len(inputs.flyover.tiles) if inputs.flyover else 0,
        vacants=len(table),
        scored=int((table["status"] == "scored").sum()),
        sources=f"the city's orthophoto of {inputs.year}, its parcels, and {inputs.roll.notices} vacancy notices.",
    )


def extent_of(shapes: gpd.GeoSeries) -> Box | None:
    """Return west, south, east, north of some shapes in WGS 84 degrees, None when there are none."""
    if not len(shapes):
        return None
    west, south, east, north = shapes.total_bounds
    box: Box = Transformer.from_crs(shapes.crs, "EPSG:4326", always_xy=True).transform_bounds(
        west, south, east, north
    )
    return box


def layer_metadata(layer: Layer, lineage: Lineage) -> str:
    """Return the .shp.xml of a layer."""
    root = Element("metadata", {"xml:lang": "en"})
    _esri(root, layer, lineage)
    _identify(SubElement(root, "dataIdInfo"), layer, lineage)
    statement = SubElement(SubElement(root, "dqInfo"), "dataLineage")
    _text(statement, "statement", escape(lineage.statement, quote=False))
    _reference(root, layer.crs)
    _attributes(root, layer)
    _text(root, "mdDateSt", f"{lineage.made:%Y%m%d}", Sync="TRUE")
    _older_words(root, layer, lineage)
    return document(root)


def document(root: Element) -> str:
    """Return a finished XML document."""
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def xml_text(text: str) -> str:
    """Return a text without the characters that XML 1.0 cannot hold."""
    return "".join(
        letter
        for letter in text
        if letter in "\t\n\r"
        or "\x20" <= letter < "\ud800"
        or "\ue000" <= letter < "\ufffe"
        or letter > "\uffff"
    )


def crs_code(crs: CRS) -> tuple[str, str]:
    """Return code space and code, ("", its name) where the CRS is in no register."""
    return crs.to_authority() or ("", crs.name)


def _esri(root: Element, layer: Layer, lineage: Lineage) -> None:
    esri = SubElement(root, "Esri")
    _text(esri, "CreaDate", f"{lineage.made:%Y%m%d}")
    _text(esri, "CreaTime", "00000000")
    _text(esri, "ArcGISFormat", "1.0")
    _text(esri, "SyncOnce", "FALSE")
    _text(SubElement(SubElement(esri, "DataProperties"), "itemProps"), "itemName", layer.title)


def _identify(info: Element, layer: Layer, lineage: Lineage) -> None:
    """Say title, words and limits; Esri and QGIS both read these texts as HTML inside XML."""
    citation = SubElement(info, "idCitation")
    _text(citation, "resTitle", layer.title)
    dates = SubElement(citation, "date")
    _text(dates, "createDate", f"{lineage.made.isoformat()}T00:00:00")
    _text(dates, "pubDate", f"{lineage.made.isoformat()}T00:00:00")
    _text(info, "idAbs", escape(f"{ABSTRACT} {USE_LIMIT}", quote=False))
    _text(
        info,
        "idPurp",
        escape("Pre-plan and inspection: which vacant roofs to look at first.", quote=False),
    )
    SubElement(SubElement(info, "dataLang"), "languageCode", {"value": "eng"})
    keys = SubElement(info, "searchKeys")
    for word in ("vacant building", "roof", "aerial photo", lineage.city, str(lineage.year)):
        _text(keys, "keyword", word)
    _text(
        SubElement(SubElement(info, "resConst"), "Consts"),
        "useLimit",
        escape(USE_LIMIT, quote=False),
    )
    extent = SubElement(info, "dataExt")
    if layer.extent:
        box = SubElement(SubElement(extent, "geoEle"), "GeoBndBox")
        _text(box, "exTypeCode", "1")
        for name, value in zip(
            ("westBL", "southBL", "eastBL", "northBL"), layer.extent, strict=True
        ):
            _text(box, name, f"{value:.6f}")
    if lineage.flown:
        moment = SubElement(
            SubElement(SubElement(SubElement(extent, "tempEle"), "TempExtent"), "exTemp"),
            "TM_Instant",
        )
        _text(moment, "tmPosition", f"{lineage.flown.isoformat()}T00:00:00")


def _reference(root: Element, crs: CRS) -> None:
    space, code = crs_code(crs)
    identity = SubElement(SubElement(SubElement(root, "refSysInfo"), "RefSystem"), "refSysID")
    SubElement(identity, "identCode", {"code": code})
    _text(identity, "idCodeSpace", space)


def _attributes(root: Element, layer: Layer) -> None:
    detailed = SubElement(SubElement(root, "eainfo"), "detailed", {"Name": layer.title})
    _text(SubElement(detailed, "enttyp"), "enttypd", f"One row per vacant building. {USE_LIMIT}")
    for field in layer.fields:
        attribute = SubElement(detailed, "attr")
        _text(attribute, "attrlabl", field.name)
        _text(attribute, "attalias", field.alias)
        _text(attribute, "attrtype", _TYPES[field.kind])
        _text(attribute, "attwidth", str(field.width))
        _text(attribute, "atprecis", str(field.precision))
        _text(attribute, "attrdef", field.meaning)
        _text(attribute, "attrdefs", "roofwatch field table")
        if field.name in VALUES:
            domain = SubElement(attribute, "attrdomv")
            for value, meaning in VALUES[field.name].items():
                one = SubElement(domain, "edom")
                _text(one, "edomv", value)
                _text(one, "edomvd", meaning)


def _older_words(root: Element, layer: Layer, lineage: Lineage) -> None:
    """Say the same in FGDC's words, which many readers still look for."""
    info = SubElement(root, "idinfo")
    citation = SubElement(SubElement(info, "citation"), "citeinfo")
    _text(citation, "title", layer.title)
    _text(citation, "pubdate", f"{lineage.made:%Y%m%d}")
    described = SubElement(info, "descript")
    _text(described, "abstract", f"{ABSTRACT} {USE_LIMIT}")
    _text(described, "purpose", "Pre-plan and inspection: which vacant roofs to look at first.")
    if layer.extent:
        box = SubElement(SubElement(info, "spdom"), "bounding")
        for name, value in zip(
            ("westbc", "southbc", "eastbc", "northbc"), layer.extent, strict=True
        ):
            _text(box, name, f"{value:.6f}")
    _text(info, "useconst", USE_LIMIT)
    step = SubElement(SubElement(SubElement(root, "dataqual"), "lineage"), "procstep")
    _text(step, "procdesc", lineage.statement)
    _text(step, "procdate", f"{lineage.made:%Y%m%d}")


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = xml_text(text)
