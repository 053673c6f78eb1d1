"""The QGIS project beside a GeoPackage: every layer in place, styled, titled, with its use limit.

Written by hand as QGIS 3.22 spells it, so that making it needs no QGIS; later versions read it
too. Paths are relative: the folder can be copied to a share or a stick.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import pyogrio
from pyproj import CRS

from gis_export.formats.contents import CENTROIDS, NOT_ASSESSED, ROOFS, YEAR_TO_YEAR
from gis_export.formats.styles import style_tree
from gis_export.formats.xml_document import add_text, nest, qgis_document
from gis_export.table.fields import Field, Tier, fields_of
from imagery.boxes import GroundBox
from inference.hazard import USE_LIMIT

PARCEL_SCALE = 2500
"""From this scale on, zooming in, the parcels are drawn instead of their points: 1 to 2,500."""
_VERSION = "3.22.16"
# Share of the larger side of the extent.
_MARGIN = 0.05
_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, kw_only=True)
class _MapLayer:
    """One layer of the project."""

    source: str
    """Layer of the GeoPackage."""
    name: str
    """Name in the legend."""
    shown: bool = True
    """Whether it is drawn when the project opens."""
    scales: tuple[int, int] = (0, 0)
    """Scales it is drawn between, as (zoomed out, zoomed in) denominators; 0 is no limit."""


_LAYERS = (
    _MapLayer(source=CENTROIDS, name="Vacant roofs (symbols)", scales=(0, PARCEL_SCALE)),
    _MapLayer(source=ROOFS, name="Vacant roofs (parcels)", scales=(PARCEL_SCALE, 0)),
    _MapLayer(source=NOT_ASSESSED, name="NOT ASSESSED, with the reason"),
    _MapLayer(source=YEAR_TO_YEAR, name="Changed since the flyover before", shown=False),
)
"""Top of the map first: NOT ASSESSED adds its reasons in words, and covers no worse symbol."""


@dataclass(frozen=True, kw_only=True)
class _Project:
    """What every part of the project is written from."""

    name: str
    """Name of the GeoPackage, without suffix."""
    title: str
    """Title for people."""
    crs: CRS
    """CRS of the layers and the map."""
    fields: tuple[Field, ...]
    """Fields of the layers."""
    layers: tuple[_MapLayer, ...]
    """Layers that the GeoPackage has."""
    extent: GroundBox | None
    """What the map shows at first, None when no parcel has a geometry."""

    def id(self, layer: _MapLayer) -> str:
        """Return the name by which the parts of the project refer to a layer."""
        return f"{self.name}_{layer.source}"

    def path(self, layer: _MapLayer) -> str:
        """Return where a layer is, relative to the project."""
        return f"./{self.name}.gpkg|layername={layer.source}"


def write_qgis_project(folder: Path, *, name: str, title: str, crs: CRS, tier: Tier) -> None:
    """Write `name`.qgs beside `name`.gpkg, which must exist.

    Args:
        folder: Folder of both.
        name: Name of both.
        title: Title for people.
        crs: CRS of the layers and the map.
        tier: Whose layers they are.
    """
    source = folder / f"{name}.gpkg"
    present = {str(layer) for layer, _ in pyogrio.list_layers(source)}
    project = _Project(
        name=name,
        title=title,
        crs=crs,
        fields=fields_of(tier),
        layers=tuple(layer for layer in _LAYERS if layer.source in present),
        extent=_map_extent(source),
    )
    text = qgis_document(_project_tree(project))
    (folder / f"{name}.qgs").write_text(text, encoding="utf-8")


def _project_tree(project: _Project) -> Element:
    root = Element("qgis", {"projectname": project.title, "version": _VERSION})
    SubElement(root, "homePath", {"path": ""})
    add_text(root, "title", project.title)
    SubElement(root, "projectCrs").append(_crs(project.crs))
    _add_legend(root, project)
    _add_canvas(root, project)

    layers = SubElement(root, "projectlayers")
    for layer in project.layers:
        layers.append(_map_layer(layer, project))
    order = SubElement(root, "layerorder")
    for layer in project.layers:
        SubElement(order, "layer", {"id": project.id(layer)})

    _add_properties(root, project.title)
    _add_metadata(root, project.title)
    if project.extent is not None:
        _add_view(root, project.crs, project.extent)
    return root


def _map_extent(source: Path) -> GroundBox | None:
    """Return the extent of all parcels with a margin, None when no parcel has a geometry."""
    bounds = pyogrio.read_info(source, layer=ROOFS, force_total_bounds=True)["total_bounds"]
    if bounds is None or not all(math.isfinite(side) for side in bounds):
        return None

    west, south, east, north = (float(side) for side in bounds)
    margin = max(east - west, north - south) * _MARGIN
    return GroundBox(
        west=west - margin,
        south=south - margin,
        east=east + margin,
        north=north + margin,
    )


def _add_legend(root: Element, project: _Project) -> None:
    legend = SubElement(root, "layer-tree-group")
    for layer in project.layers:
        entry = {
            "id": project.id(layer),
            "name": layer.name,
            "source": project.path(layer),
            "providerKey": "ogr",
            "checked": "Qt::Checked" if layer.shown else "Qt::Unchecked",
            "expanded": "1" if layer.source == CENTROIDS else "0",
        }
        SubElement(legend, "layer-tree-layer", entry)
    SubElement(legend, "custom-order", {"enabled": "0"})


def _add_canvas(root: Element, project: _Project) -> None:
    canvas = SubElement(root, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    if project.extent is not None:
        extent = SubElement(canvas, "extent")
        for side, text in _side_texts(project.extent).items():
            add_text(extent, side, text)
    add_text(canvas, "rotation", "0")
    SubElement(canvas, "destinationsrs").append(_crs(project.crs))


def _map_layer(layer: _MapLayer, project: _Project) -> Element:
    """Return a layer with its source, its style, its use limit and the title of its rows."""
    style = style_tree(layer.source, project.fields)
    is_points = layer.source == CENTROIDS
    look = {
        "type": "vector",
        "geometry": "Point" if is_points else "Polygon",
        "wkbType": "Point" if is_points else "MultiPolygon",
        "readOnly": "0",
        "labelsEnabled": style.get("labelsEnabled", "0"),
        "simplifyDrawingHints": "0" if is_points else "1",
        "styleCategories": "AllStyleCategories",
        "hasScaleBasedVisibilityFlag": "1" if any(layer.scales) else "0",
        "minScale": str(layer.scales[0]),
        "maxScale": str(layer.scales[1]),
    }
    element = Element("maplayer", look)
    add_text(element, "id", project.id(layer))
    add_text(element, "datasource", project.path(layer))
    add_text(element, "layername", layer.name)
    SubElement(element, "srs").append(_crs(project.crs))

    metadata = SubElement(element, "resourceMetadata")
    add_text(metadata, "title", layer.name)
    add_text(metadata, "abstract", USE_LIMIT)
    SubElement(element, "provider", {"encoding": "UTF-8"}).text = "ogr"
    _add_note(element, USE_LIMIT)
    element.extend(list(style))
    add_text(element, "previewExpression", """"parcel_id" || coalesce(', ' || "address", '')""")
    return element


def _add_note(element: Element, note: str) -> None:
    """Attach a layer note, which the legend marks with a sign."""
    SubElement(element, "userNotes", {"value": note})
    properties = SubElement(element, "customproperties")
    options = SubElement(properties, "Option", {"type": "Map"})
    SubElement(options, "Option", {"type": "QString", "name": "userNotes", "value": note})


def _add_properties(root: Element, title: str) -> None:
    properties = SubElement(root, "properties")
    _add_property(nest(properties, "Paths"), "Absolute", "bool", "false")
    _add_property(nest(properties, "SpatialRefSys"), "ProjectionsEnabled", "int", "1")

    # The decoration on the map and on every printed copy of it.
    label = SubElement(properties, "TitleLabel")
    _add_property(label, "Enabled", "bool", "true")
    _add_property(label, "Label", "QString", f"{title}\n{USE_LIMIT}")
    _add_property(label, "Placement", "int", "4")
    _add_property(label, "BackgroundColor", "QString", "255,255,255,235")


def _add_metadata(root: Element, title: str) -> None:
    metadata = SubElement(root, "projectMetadata")
    add_text(metadata, "title", title)
    add_text(metadata, "abstract", USE_LIMIT)


def _add_view(root: Element, crs: CRS, extent: GroundBox) -> None:
    settings = SubElement(root, "ProjectViewSettings", {"UseProjectScales": "0"})
    SubElement(settings, "DefaultViewExtent", _side_texts(extent)).append(_crs(crs))


def _side_texts(extent: GroundBox) -> dict[str, str]:
    """Return the sides of an extent as QGIS names and spells them."""
    return {side: f"{value:.4f}" for side, value in zip(_SIDES, extent.bounds, strict=True)}


def _crs(crs: CRS) -> Element:
    system = Element("spatialrefsys", {"nativeFormat": "Wkt"})
    add_text(system, "wkt", crs.to_wkt())
    authority = crs.to_authority()
    if authority is not None:
        add_text(system, "authid", ":".join(authority))
    add_text(system, "description", crs.name)
    return system


def _add_property(parent: Element, tag: str, kind: str, text: str) -> None:
    SubElement(parent, tag, {"type": kind}).text = text
