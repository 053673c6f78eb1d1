"""The QGIS style of a layer: the outline of the parcel, and in its middle the symbol of the hazard word with its letter."""

from typing import Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gis_export.table.fields import Field
from gis_export.table.symbols import BY_CODE, NO_WORD, SYMBOLS, Symbol

Geometry: TypeAlias = Literal["polygon", "point"]

_INK = "0,0,0,255"
_ANY_OTHER = ""  # what QGIS draws any other value as
_PEN = {"solid": "solid", "dash": "dash", "dot": "dot", "dash dot": "dash dot"}


def layer_style(
    fields: tuple[Field, ...], *, long_names: bool, geometry: Geometry = "polygon"
) -> str:
    """Return a .qml that works from QGIS 3.22 on.

    Args:
        fields: Fields of the layer; their aliases show in tables and forms.
        long_names: Whether the layer carries long names.
        geometry: Whether the layer holds parcels or their centroids.
    """
    root = Element("qgis", {"version": "3.22.0", "styleCategories": "Symbology|Fields"})
    attribute = "hazard_level" if long_names else "RISK_LVL"
    renderer = SubElement(
        root,
        "renderer-v2",
        {
            "type": "categorizedSymbol",
            "attr": attribute,
            "symbollevels": "1",
            "forceraster": "0",
            "enableorderby": "0",
        },
    )
    categories, symbols = SubElement(renderer, "categories"), SubElement(renderer, "symbols")
    for index, (symbol, value) in enumerate(
        (*((one, one.code) for one in SYMBOLS), (BY_CODE["NA"], _ANY_OTHER))
    ):
        label = f"{symbol.word.value}: {symbol.meaning if value else NO_WORD}"
        SubElement(
            categories,
            "category",
            {"symbol": str(index), "value": value, "label": label, "render": "true"},
        )
        _add_symbol(
            symbols,
            symbol,
            name=str(index),
            geometry=geometry,
            level=len(SYMBOLS) - SYMBOLS.index(symbol),
        )
    if geometry == "point":
        _draw_worst_last(renderer, attribute)
    aliases = SubElement(root, "aliases")
    for index, field in enumerate(fields):
        name = field.alias if long_names else field.name
        SubElement(
            aliases,
            "alias",
            {"index": str(index), "field": name, "name": field.alias.replace("_", " ")},
        )
    SubElement(root, "layerGeometryType").text = "2" if geometry == "polygon" else "0"
    indent(root)
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        + tostring(root, encoding="unicode")
        + "\n"
    )


def _draw_worst_last(renderer: Element, attribute: str) -> None:
    """Draw whole symbols one after another, the worst on top; symbol levels would draw all shapes and then all letters."""
    renderer.set("symbollevels", "0")
    renderer.set("enableorderby", "1")
    words = " ".join(
        f"WHEN \"{attribute}\" = '{symbol.code}' THEN {-place}"
        for place, symbol in enumerate(SYMBOLS)
    )
    clause = SubElement(
        SubElement(renderer, "orderby"), "orderByClause", {"asc": "1", "nullsFirst": "1"}
    )
    clause.text = f"CASE {words} END"


def _add_symbol(
    symbols: Element, symbol: Symbol, *, name: str, geometry: Geometry, level: int
) -> None:
    kind = "fill" if geometry == "polygon" else "marker"
    top = SubElement(
        symbols,
        "symbol",
        {"type": kind, "name": name, "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"},
    )
    if geometry == "point":
        _add_marker(top, symbol, level=level)
        return
    fill = SubElement(
        top, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"}
    )
    _props(
        fill,
        {
            "color": f"{_rgb(symbol.color)},90",
            "outline_color": _INK,
            "outline_style": _PEN[symbol.outline],
            "outline_width": "0.4",
            "outline_width_unit": "MM",
            "style": "solid",
            "joinstyle": "miter",
        },
    )
    center = SubElement(
        top, "layer", {"class": "CentroidFill", "enabled": "1", "locked": "0", "pass": str(level)}
    )
    _props(center, {"point_on_surface": "1", "point_on_all_parts": "0", "clip_points": "0"})
    marker = SubElement(
        center,
        "symbol",
        {
            "type": "marker",
            "name": f"@{name}@1",
            "alpha": "1",
            "clip_to_extent": "1",
            "force_rhr": "0",
        },
    )
    _add_marker(marker, symbol, level=0)


def _add_marker(parent: Element, symbol: Symbol, *, level: int) -> None:
    common = {
        "color": f"{_rgb(symbol.color)},255",
        "outline_color": _INK,
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "outline_style": "solid",
    }
    size = symbol.size_mm
    if symbol.shape == "tag":
        marker = SubElement(
            parent,
            "layer",
            {"class": "EllipseMarker", "enabled": "1", "locked": "0", "pass": str(level)},
        )
        _props(
            marker,
            common
            | {
                "symbol_name": "rectangle",
                "symbol_width": f"{size * 1.3:.2f}",
                "symbol_height": f"{size * 0.8:.2f}",
                "symbol_width_unit": "MM",
                "symbol_height_unit": "MM",
                "size": f"{size:.2f}",
                "size_unit": "MM",
            },
        )
    else:
        marker = SubElement(
            parent,
            "layer",
            {"class": "SimpleMarker", "enabled": "1", "locked": "0", "pass": str(level)},
        )
        _props(marker, common | {"name": symbol.shape, "size": f"{size:.2f}", "size_unit": "MM"})
    letter = SubElement(
        parent, "layer", {"class": "FontMarker", "enabled": "1", "locked": "0", "pass": str(level)}
    )
    drop = size * 0.12 if symbol.shape == "triangle" else 0.0
    _props(
        letter,
        {
            "chr": symbol.letter,
            "font": "DejaVu Sans",
            "font_style": "Bold",
            "color": _INK,
            "size": f"{size * 0.55:.2f}",
            "size_unit": "MM",
            "offset": f"0,{drop:.2f}",
            "offset_unit": "MM",
            "horizontal_anchor_point": "1",
            "vertical_anchor_point": "1",
        },
    )


def _props(layer: Element, values: dict[str, str]) -> None:
    """Write values both ways: <prop> for QGIS before 3.26, <Option> from there on."""
    options = SubElement(layer, "Option", {"type": "Map"})
    for name, value in values.items():
        SubElement(options, "Option", {"type": "QString", "name": name, "value": value})
    for name, value in values.items():
        SubElement(layer, "prop", {"k": name, "v": value})


def _rgb(color: str) -> str:
    return ",".join(str(int(color[start : start + 2], 16)) for start in (1, 3, 5))
