"""The QGIS style of a layer: the outline of the parcel, and in its middle the hazard's symbol."""

from typing import Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement

from gis_export.formats.xml_document import qgis_document
from gis_export.table import columns
from gis_export.table.fields import BY_NAME, Field
from gis_export.table.symbols import BY_CODE, NO_WORD, SYMBOLS, Symbol

Geometry: TypeAlias = Literal["polygon", "point"]

_INK = "0,0,0,255"
# The value of the category with which QGIS draws any other value.
_ANY_OTHER = ""
_PEN = {"solid": "solid", "dash": "dash", "dot": "dot", "dash dot": "dash dot"}


def layer_style(
    fields: tuple[Field, ...], *, long_names: bool, geometry: Geometry = "polygon"
) -> str:
    """Return a .qml that works from QGIS 3.22 on.

    Args:
        fields: Fields of the layer; their aliases show in tables and forms.
        long_names: Whether the layer carries long names.
        geometry: Whether the layer holds parcels or a point inside each.
    """
    root = Element("qgis", {"version": "3.22.0", "styleCategories": "Symbology|Fields"})
    _add_renderer(root, geometry, hazard_attribute(long_names=long_names))
    _add_aliases(root, fields, long_names=long_names)
    SubElement(root, "layerGeometryType").text = "2" if geometry == "polygon" else "0"
    return qgis_document(root)


def hazard_attribute(*, long_names: bool) -> str:
    """Return what a layer calls the attribute that its symbols depend on."""
    return BY_NAME[columns.RISK_LVL].column(long_names=long_names)


def _add_renderer(root: Element, geometry: Geometry, attribute: str) -> None:
    """Add a category and a symbol for every hazard word, and one for any other value."""
    look = {
        "type": "categorizedSymbol",
        "attr": attribute,
        "symbollevels": "1",
        "forceraster": "0",
        "enableorderby": "0",
    }
    renderer = SubElement(root, "renderer-v2", look)
    categories = SubElement(renderer, "categories")
    symbols = SubElement(renderer, "symbols")

    drawn = [(symbol, symbol.code) for symbol in SYMBOLS]
    drawn.append((BY_CODE["NA"], _ANY_OTHER))
    for index, (symbol, value) in enumerate(drawn):
        label = f"{symbol.word.value}: {symbol.meaning if value else NO_WORD}"
        category = {"symbol": str(index), "value": value, "label": label, "render": "true"}
        SubElement(categories, "category", category)
        _add_symbol(symbols, symbol, name=str(index), geometry=geometry)

    if geometry == "point":
        _draw_worst_last(renderer, attribute)


def _add_aliases(root: Element, fields: tuple[Field, ...], *, long_names: bool) -> None:
    aliases = SubElement(root, "aliases")
    for index, field in enumerate(fields):
        alias = {
            "index": str(index),
            "field": field.column(long_names=long_names),
            "name": field.alias.replace("_", " "),
        }
        SubElement(aliases, "alias", alias)


def _draw_worst_last(renderer: Element, attribute: str) -> None:
    """Draw whole symbols one after another, the worst on top.

    Symbol levels would draw all shapes first and then all letters.
    """
    renderer.set("symbollevels", "0")
    renderer.set("enableorderby", "1")
    cases = [
        f"WHEN \"{attribute}\" = '{symbol.code}' THEN {-place}"
        for place, symbol in enumerate(SYMBOLS)
    ]
    order = SubElement(renderer, "orderby")
    clause = SubElement(order, "orderByClause", {"asc": "1", "nullsFirst": "1"})
    clause.text = f"CASE {' '.join(cases)} END"


def _add_symbol(symbols: Element, symbol: Symbol, *, name: str, geometry: Geometry) -> None:
    """Add a marker, or a parcel with the marker in its middle; the worst is drawn last."""
    level = len(SYMBOLS) - SYMBOLS.index(symbol)
    if geometry == "point":
        marker = _add_frame(symbols, "marker", name)
        _add_marker(marker, symbol, level=level)
        return

    parcel = _add_frame(symbols, "fill", name)
    outline = {
        "color": f"{_rgb(symbol.color)},90",
        "outline_color": _INK,
        "outline_style": _PEN[symbol.outline],
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "style": "solid",
        "joinstyle": "miter",
    }
    _add_layer(parcel, "SimpleFill", outline, level=0)

    middle = {"point_on_surface": "1", "point_on_all_parts": "0", "clip_points": "0"}
    center = _add_layer(parcel, "CentroidFill", middle, level=level)
    _add_marker(_add_frame(center, "marker", f"@{name}@1"), symbol, level=0)


def _add_frame(parent: Element, kind: str, name: str) -> Element:
    """Add a symbol without layers."""
    look = {"type": kind, "name": name, "alpha": "1", "clip_to_extent": "1", "force_rhr": "0"}
    return SubElement(parent, "symbol", look)


def _add_marker(parent: Element, symbol: Symbol, *, level: int) -> None:
    """Add the shape and, on top of it, the letter."""
    common = {
        "color": f"{_rgb(symbol.color)},255",
        "outline_color": _INK,
        "outline_width": "0.4",
        "outline_width_unit": "MM",
        "outline_style": "solid",
    }
    if symbol.shape == "tag":
        _add_layer(parent, "EllipseMarker", common | _tag_size(symbol), level=level)
    else:
        shape = {"name": symbol.shape, "size": f"{symbol.size_mm:.2f}", "size_unit": "MM"}
        _add_layer(parent, "SimpleMarker", common | shape, level=level)

    # The middle of a triangle is lower than that of its box.
    drop_mm = symbol.size_mm * 0.12 if symbol.shape == "triangle" else 0.0
    letter = {
        "chr": symbol.letter,
        "font": "DejaVu Sans",
        "font_style": "Bold",
        "color": _INK,
        "size": f"{symbol.size_mm * 0.55:.2f}",
        "size_unit": "MM",
        "offset": f"0,{drop_mm:.2f}",
        "offset_unit": "MM",
        "horizontal_anchor_point": "1",
        "vertical_anchor_point": "1",
    }
    _add_layer(parent, "FontMarker", letter, level=level)


def _tag_size(symbol: Symbol) -> dict[str, str]:
    """Return the wide rectangle of a tag."""
    return {
        "symbol_name": "rectangle",
        "symbol_width": f"{symbol.size_mm * 1.3:.2f}",
        "symbol_height": f"{symbol.size_mm * 0.8:.2f}",
        "symbol_width_unit": "MM",
        "symbol_height_unit": "MM",
        "size": f"{symbol.size_mm:.2f}",
        "size_unit": "MM",
    }


def _add_layer(parent: Element, kind: str, values: dict[str, str], *, level: int) -> Element:
    """Add a symbol layer, its values both ways.

    QGIS before 3.26 reads <prop>, later versions read <Option>.
    """
    look = {"class": kind, "enabled": "1", "locked": "0", "pass": str(level)}
    layer = SubElement(parent, "layer", look)

    options = SubElement(layer, "Option", {"type": "Map"})
    for name, value in values.items():
        SubElement(options, "Option", {"type": "QString", "name": name, "value": value})
    for name, value in values.items():
        SubElement(layer, "prop", {"k": name, "v": value})
    return layer


def _rgb(color: str) -> str:
    """Return "#rrggbb" as "r,g,b"."""
    return ",".join(str(int(color[start : start + 2], 16)) for start in (1, 3, 5))
