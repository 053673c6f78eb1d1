"""The QGIS project beside a GeoPackage: opens with every layer in place, styled, titled, and with its use limit.

Written by hand as QGIS 3.22 spells it, so that making it needs no QGIS; later versions read it too. Paths are relative:
the folder can be copied to a share or a stick.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import pyogrio
from pyproj import CRS

from gis_export.formats.contents import CENTROIDS, NOT_ASSESSED, ROOFS, YEAR_TO_YEAR
from gis_export.formats.styles import style_tree
from gis_export.table.fields import Field, Tier, fields_of
from inference.hazard import USE_LIMIT

PARCEL_SCALE = 2500
"""From this scale on, zooming in, the parcels are drawn instead of their points: 1 to 2,500."""
_VERSION = "3.22.16"
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_MARGIN = 0.05  # of the larger side of the extent

Bounds = tuple[float, float, float, float]


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


def write_qgis_project(folder: Path, *, name: str, title: str, crs: CRS, tier: Tier) -> None:
    """Write `name`.qgs beside `name`.gpkg, which must be there.

    Args:
        folder: Folder of both.
        name: Name of both.
        title: Title for people.
        crs: CRS of the layers and the map.
        tier: Whose layers they are.
    """
    source = folder / f"{name}.gpkg"
    present = {str(layer) for layer, _ in pyogrio.list_layers(source)}
    layers = tuple(layer for layer in _LAYERS if layer.source in present)
    bounds = _map_bounds(source)
    root = Element("qgis", {"projectname": title, "version": _VERSION})
    SubElement(root, "homePath", {"path": ""})
    _text(root, "title", title)
    SubElement(root, "projectCrs").append(_crs(crs))
    _add_tree(root, layers, name)
    _add_canvas(root, crs, bounds)
    parts = SubElement(root, "projectlayers")
    for layer in layers:
        parts.append(_map_layer(layer, fields_of(tier), name=name, crs=crs))
    order = SubElement(root, "layerorder")
    for layer in layers:
        SubElement(order, "layer", {"id": _id(layer, name)})
    _add_properties(root, title)
    _add_metadata(root, title)
    if bounds is not None:
        _add_view(root, crs, bounds)
    indent(root)
    (folder / f"{name}.qgs").write_text(
        _DOCTYPE + tostring(root, encoding="unicode") + "\n", encoding="utf-8"
    )


def _map_bounds(source: Path) -> Bounds | None:
    """Return the bounds of all parcels with a margin, None where no parcel has a place."""
    bounds = pyogrio.read_info(source, layer=ROOFS, force_total_bounds=True)["total_bounds"]
    if bounds is None or not all(math.isfinite(side) for side in bounds):
        return None
    left, bottom, right, top = (float(side) for side in bounds)
    margin = max(right - left, top - bottom) * _MARGIN
    return left - margin, bottom - margin, right + margin, top + margin


def _add_tree(root: Element, layers: tuple[_MapLayer, ...], name: str) -> None:
    tree = SubElement(root, "layer-tree-group")
    for layer in layers:
        SubElement(
            tree,
            "layer-tree-layer",
            {
                "id": _id(layer, name),
                "name": layer.name,
                "source": _path(layer, name),
                "providerKey": "ogr",
                "checked": "Qt::Checked" if layer.shown else "Qt::Unchecked",
                "expanded": "1" if layer.source == CENTROIDS else "0",
            },
        )
    SubElement(tree, "custom-order", {"enabled": "0"})


def _add_canvas(root: Element, crs: CRS, bounds: Bounds | None) -> None:
    canvas = SubElement(root, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    if bounds is not None:
        extent = SubElement(canvas, "extent")
        for side, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True):
            _text(extent, side, f"{value:.4f}")
    _text(canvas, "rotation", "0")
    SubElement(canvas, "destinationsrs").append(_crs(crs))


def _map_layer(layer: _MapLayer, fields: tuple[Field, ...], *, name: str, crs: CRS) -> Element:
    points = layer.source == CENTROIDS
    style = style_tree(layer.source, fields)
    element = Element(
        "maplayer",
        {
            "type": "vector",
            "geometry": "Point" if points else "Polygon",
            "wkbType": "Point" if points else "MultiPolygon",
            "readOnly": "0",
            "labelsEnabled": style.get("labelsEnabled", "0"),
            "simplifyDrawingHints": "0" if points else "1",
            "styleCategories": "AllStyleCategories",
            "hasScaleBasedVisibilityFlag": "1" if any(layer.scales) else "0",
            "minScale": str(layer.scales[0]),
            "maxScale": str(layer.scales[1]),
        },
    )
    _text(element, "id", _id(layer, name))
    _text(element, "datasource", _path(layer, name))
    _text(element, "layername", layer.name)
    SubElement(element, "srs").append(_crs(crs))
    metadata = SubElement(element, "resourceMetadata")
    _text(metadata, "title", layer.name)
    _text(metadata, "abstract", USE_LIMIT)
    SubElement(element, "provider", {"encoding": "UTF-8"}).text = "ogr"
    _note(element, USE_LIMIT)
    element.extend(list(style))
    _text(element, "previewExpression", """"parcel_id" || coalesce(', ' || "address", '')""")
    return element


def _note(element: Element, note: str) -> None:
    """Attach a layer note, which the legend marks with a sign."""
    SubElement(element, "userNotes", {"value": note})
    options = SubElement(SubElement(element, "customproperties"), "Option", {"type": "Map"})
    SubElement(options, "Option", {"type": "QString", "name": "userNotes", "value": note})


def _add_properties(root: Element, title: str) -> None:
    properties = SubElement(root, "properties")
    _property(SubElement(properties, "Paths"), "Absolute", "bool", "false")
    _property(SubElement(properties, "SpatialRefSys"), "ProjectionsEnabled", "int", "1")
    label = SubElement(
        properties, "TitleLabel"
    )  # the decoration on the map and on every printed copy of it
    _property(label, "Enabled", "bool", "true")
    _property(label, "Label", "QString", f"{title}\n{USE_LIMIT}")
    _property(label, "Placement", "int", "4")
    _property(label, "BackgroundColor", "QString", "255,255,255,235")


def _add_metadata(root: Element, title: str) -> None:
    metadata = SubElement(root, "projectMetadata")
    _text(metadata, "title", title)
    _text(metadata, "abstract", USE_LIMIT)


def _add_view(root: Element, crs: CRS, bounds: Bounds) -> None:
    settings = SubElement(root, "ProjectViewSettings", {"UseProjectScales": "0"})
    sides = {
        side: f"{value:.4f}"
        for side, value in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True)
    }
    SubElement(settings, "DefaultViewExtent", sides).append(_crs(crs))


def _crs(crs: CRS) -> Element:
    system = Element("spatialrefsys", {"nativeFormat": "Wkt"})
    _text(system, "wkt", crs.to_wkt())
    authority = crs.to_authority()
    if authority is not None:
        _text(system, "authid", ":".join(authority))
    _text(system, "description", crs.name)
    return system


def _id(layer: _MapLayer, name: str) -> str:
    return f"{name}_{layer.source}"


def _path(layer: _MapLayer, name: str) -> str:
    return f"./{name}.gpkg|layername={layer.source}"


def _property(parent: Element, tag: str, kind: str, text: str) -> None:
    SubElement(parent, tag, {"type": kind}).text = text


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text
