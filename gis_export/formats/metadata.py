"""The .shp.xml beside a shapefile: what the layer is, where it comes from, what its fields mean.

The document is in Esri's own format with the older FGDC words beside it, since ArcGIS and QGIS
read those two from a .shp.xml. The same content in ISO 19139 goes into a file of its own
(`gis_export.formats.iso`).
"""

from dataclasses import dataclass
from datetime import date
from html import escape
from xml.etree.ElementTree import Element, SubElement

import geopandas as gpd
import pandas as pd
from pyproj import CRS, Transformer

from gis_export.formats.qml import Geometry
from gis_export.formats.xml_document import add_text, document, nest
from gis_export.table.fields import Field
from gis_export.table.inputs import ExportInputs
from gis_export.table.values import VALUES
from imagery.boxes import GroundBox
from inference.hazard import USE_LIMIT

ABSTRACT = (
    "Every vacant building of the city once, and what this year's aerial photo shows of its roof."
)
PURPOSE = "Pre-plan and inspection: which vacant roofs to look at first."
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
    run: str
    """Run that made the ledger, with the log that seals it."""
    models: tuple[tuple[str, str], ...]
    """Label and sha256 of every model that scored a row; "" when the file is not known."""
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
    note: str = ""
    """What every product says of the photos and of the model; "" where nothing is."""

    @property
    def statement(self) -> str:
        """Return the lineage in words."""
        photo = f"flown {self.flown.isoformat()}" if self.flown else "day of the flight not known"
        models = [f"{label} (sha256 {sha256 or 'not known'})" for label, sha256 in self.models]
        return (
            f"Flyover of {self.year}, {photo}, {self.tiles} tiles. "
            f"{self.vacants} vacant buildings, {self.scored} scored. "
            f"Model: {'; '.join(models) or 'none'}. Run {self.run}. "
            f"Made {self.made.isoformat()}. Sources: {self.sources}"
            f"{' ' if self.note else ''}{self.note}"
        )

    @property
    def keywords(self) -> tuple[str, ...]:
        """Return what a catalog finds the layer by."""
        return ("vacant building", "roof", "aerial photo", self.city, str(self.year))


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What a layer is."""

    title: str
    """Title for people."""
    fields: tuple[Field, ...]
    """Its fields in their order."""
    crs: CRS
    """Its CRS."""
    extent: GroundBox | None
    """Its extent in WGS 84 degrees; None when it is empty."""
    geometry: Geometry
    """Parcels, or a point inside each."""


def lineage_of(inputs: ExportInputs) -> Lineage:
    """Return where the products of an export come from."""
    table = inputs.ledger.table
    labels = sorted({str(label) for label in table["model_version"].dropna()})
    notices = inputs.roll.notices

    return Lineage(
        city=inputs.city,
        year=inputs.year,
        flown=_flight_day(inputs),
        run=inputs.run,
        models=tuple((label, inputs.models.get(label, "")) for label in labels),
        made=inputs.today,
        tiles=len(inputs.flyover.tiles) if inputs.flyover else 0,
        vacants=len(table),
        scored=int((table["status"] == "scored").sum()),
        sources=f"the city's orthophoto of {inputs.year}, its parcels, "
        f"and {notices} vacancy notices.",
        note=inputs.note,
    )


def _flight_day(inputs: ExportInputs) -> date | None:
    """Return the day of the flight, without a flyover the latest day of the ledger."""
    if inputs.flyover:
        return inputs.flyover.flown

    days = [day for day in inputs.ledger.table["img_date"] if pd.notna(day)]
    return max(days, default=None)


def extent_of(shapes: gpd.GeoSeries) -> GroundBox | None:
    """Return the extent of some shapes in WGS 84 degrees, None when there are none."""
    if not len(shapes):
        return None

    to_degrees = Transformer.from_crs(shapes.crs, "EPSG:4326", always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*shapes.total_bounds)
    return GroundBox(west=west, south=south, east=east, north=north)


def crs_code(crs: CRS) -> tuple[str, str]:
    """Return code space and code, ("", its name) for a CRS that is in no register."""
    return crs.to_authority() or ("", crs.name)


def layer_metadata(layer: Layer, lineage: Lineage) -> str:
    """Return the .shp.xml of a layer."""
    root = Element("metadata", {"xml:lang": "en"})
    _add_esri(root, layer, lineage)
    _identify(SubElement(root, "dataIdInfo"), layer, lineage)
    history = nest(root, "dqInfo", "dataLineage")
    _add_html(history, "statement", lineage.statement)
    _add_reference(root, layer.crs)
    _add_attributes(root, layer)
    add_text(root, "mdDateSt", f"{lineage.made:%Y%m%d}").set("Sync", "TRUE")
    _add_fgdc(root, layer, lineage)
    return document(root)


def _add_esri(root: Element, layer: Layer, lineage: Lineage) -> None:
    esri = SubElement(root, "Esri")
    add_text(esri, "CreaDate", f"{lineage.made:%Y%m%d}")
    add_text(esri, "CreaTime", "00000000")
    add_text(esri, "ArcGISFormat", "1.0")
    add_text(esri, "SyncOnce", "FALSE")
    add_text(nest(esri, "DataProperties", "itemProps"), "itemName", layer.title)


def _identify(info: Element, layer: Layer, lineage: Lineage) -> None:
    """Add title, abstract, purpose, keywords, use limit and extent."""
    citation = SubElement(info, "idCitation")
    add_text(citation, "resTitle", layer.title)
    dates = SubElement(citation, "date")
    add_text(dates, "createDate", f"{lineage.made.isoformat()}T00:00:00")
    add_text(dates, "pubDate", f"{lineage.made.isoformat()}T00:00:00")

    _add_html(info, "idAbs", f"{ABSTRACT} {USE_LIMIT}")
    _add_html(info, "idPurp", PURPOSE)
    language = SubElement(info, "dataLang")
    SubElement(language, "languageCode", {"value": "eng"})

    keys = SubElement(info, "searchKeys")
    for word in lineage.keywords:
        add_text(keys, "keyword", word)
    _add_html(nest(info, "resConst", "Consts"), "useLimit", USE_LIMIT)
    _add_extent(SubElement(info, "dataExt"), layer, lineage)


def _add_extent(extent: Element, layer: Layer, lineage: Lineage) -> None:
    if layer.extent:
        box = nest(extent, "geoEle", "GeoBndBox")
        add_text(box, "exTypeCode", "1")
        _add_sides(box, ("westBL", "southBL", "eastBL", "northBL"), layer.extent)

    if lineage.flown:
        moment = nest(extent, "tempEle", "TempExtent", "exTemp", "TM_Instant")
        add_text(moment, "tmPosition", f"{lineage.flown.isoformat()}T00:00:00")


def _add_sides(box: Element, names: tuple[str, ...], extent: GroundBox) -> None:
    """Add the four sides of an extent: west, south, east, north."""
    for name, degrees in zip(names, extent.bounds, strict=True):
        add_text(box, name, f"{degrees:.6f}")


def _add_reference(root: Element, crs: CRS) -> None:
    space, code = crs_code(crs)
    identity = nest(root, "refSysInfo", "RefSystem", "refSysID")
    SubElement(identity, "identCode", {"code": code})
    add_text(identity, "idCodeSpace", space)


def _add_attributes(root: Element, layer: Layer) -> None:
    """Add every field with its type, its meaning and the values that it may hold."""
    information = SubElement(root, "eainfo")
    detailed = SubElement(information, "detailed", {"Name": layer.title})
    kind = SubElement(detailed, "enttyp")
    add_text(kind, "enttypd", f"One row per vacant building. {USE_LIMIT}")

    for field in layer.fields:
        attribute = SubElement(detailed, "attr")
        add_text(attribute, "attrlabl", field.name)
        add_text(attribute, "attalias", field.alias)
        add_text(attribute, "attrtype", _TYPES[field.kind])
        add_text(attribute, "attwidth", str(field.width))
        add_text(attribute, "atprecis", str(field.precision))
        add_text(attribute, "attrdef", field.meaning)
        add_text(attribute, "attrdefs", "roofwatch field table")
        if field.name in VALUES:
            _add_domain(attribute, VALUES[field.name])


def _add_domain(attribute: Element, values: dict[str, str]) -> None:
    domain = SubElement(attribute, "attrdomv")
    for value, meaning in values.items():
        entry = SubElement(domain, "edom")
        add_text(entry, "edomv", value)
        add_text(entry, "edomvd", meaning)


def _add_fgdc(root: Element, layer: Layer, lineage: Lineage) -> None:
    """Add the same in FGDC's words, which many readers still look for."""
    info = SubElement(root, "idinfo")
    citation = nest(info, "citation", "citeinfo")
    add_text(citation, "title", layer.title)
    add_text(citation, "pubdate", f"{lineage.made:%Y%m%d}")

    described = SubElement(info, "descript")
    add_text(described, "abstract", f"{ABSTRACT} {USE_LIMIT}")
    add_text(described, "purpose", PURPOSE)
    if layer.extent:
        box = nest(info, "spdom", "bounding")
        _add_sides(box, ("westbc", "southbc", "eastbc", "northbc"), layer.extent)
    add_text(info, "useconst", USE_LIMIT)

    step = nest(root, "dataqual", "lineage", "procstep")
    add_text(step, "procdesc", lineage.statement)
    add_text(step, "procdate", f"{lineage.made:%Y%m%d}")


def _add_html(parent: Element, tag: str, text: str) -> None:
    """Add a text that Esri and QGIS both read as HTML inside XML."""
    add_text(parent, tag, escape(text, quote=False))
