"""The ArcGIS style of hosted layers: the five symbols, and NOT ASSESSED for any other value.

Written as the body of `updateDefinition` of a feature service whose layer 0 holds the parcels
and layer 1 the points, as a published pack has them. Point symbols are pictures, since ArcGIS
markers have neither the hexagon nor the tag nor a letter. See the ArcGIS REST API, "Renderer
objects" and "Symbol objects".
"""

import base64
import json
from pathlib import Path
from typing import TypeAlias

from gis_export.formats.marker_picture import marker_png, picture_size
from gis_export.formats.qml import Geometry
from gis_export.table import columns
from gis_export.table.fields import Tier
from gis_export.table.symbols import BY_WORD, NO_WORD, SYMBOLS, Symbol
from inference.hazard import USE_LIMIT, HazardWord

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_READERS = {
    Tier.RESPONDER: "fire department",
    Tier.HOUSING: "housing department",
    Tier.DATA: "data team",
}
# Pixels of the picture for each of the screen, for sharp screens and print.
_SCALE = 3
_PT_PER_MM = 72 / 25.4
_PX_PER_PT = 96 / 72
_LINES = {
    "solid": "esriSLSSolid",
    "dash": "esriSLSDash",
    "dot": "esriSLSDot",
    "dash dot": "esriSLSDashDot",
}
_INK: list[Json] = [0, 0, 0, 255]
_WHITE: list[Json] = [255, 255, 255, 255]
_LETTER_SCALE = 2500


def write_drawing_info(path: Path, tier: Tier) -> None:
    """Write the style of both layers of a tier's pack as JSON."""
    description = f"For the {_READERS[tier]}. {USE_LIMIT}"
    parcels: dict[str, Json] = {
        "id": 0,
        "name": "Vacant roofs",
        "description": description,
        "displayField": columns.ADDRESS,
        "drawingInfo": drawing_info("polygon"),
    }
    points: dict[str, Json] = {
        "id": 1,
        "name": "Vacant roofs (points)",
        "description": description,
        "displayField": columns.ADDRESS,
        "drawingInfo": drawing_info("point"),
    }
    text = json.dumps({"layers": [parcels, points]}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def drawing_info(geometry: Geometry) -> dict[str, Json]:
    """Return the `drawingInfo` of a layer of parcels or of points."""
    unknown = BY_WORD[HazardWord.NOT_ASSESSED.value]
    renderer: dict[str, Json] = {
        "type": "uniqueValue",
        "field1": columns.RISK_LVL,
        "field2": None,
        "field3": None,
        "fieldDelimiter": ",",
        "defaultSymbol": _symbol(unknown, geometry),
        "defaultLabel": f"{unknown.word.value}: {NO_WORD}",
        "uniqueValueInfos": [_legend_entry(symbol, geometry) for symbol in SYMBOLS],
    }
    info: dict[str, Json] = {"renderer": renderer, "transparency": 0}
    if geometry == "polygon":
        info["labelingInfo"] = [_letters()]
    return info


def _legend_entry(symbol: Symbol, geometry: Geometry) -> Json:
    return {
        "value": symbol.code,
        "label": f"{symbol.word.value}: {symbol.meaning}",
        "description": "",
        "symbol": _symbol(symbol, geometry),
    }


def _symbol(symbol: Symbol, geometry: Geometry) -> Json:
    return _fill(symbol) if geometry == "polygon" else _picture(symbol)


def _fill(symbol: Symbol) -> dict[str, Json]:
    return {
        "type": "esriSFS",
        "style": "esriSFSSolid",
        "color": [*_rgb(symbol.color), 115],
        "outline": {
            "type": "esriSLS",
            "style": _LINES[symbol.outline],
            "color": _INK,
            "width": 1.5,
        },
    }


def _picture(symbol: Symbol) -> dict[str, Json]:
    height_pt = symbol.size_mm * _PT_PER_MM
    height_px = round(height_pt * _PX_PER_PT * _SCALE)
    width, height = picture_size(symbol, height_px)
    return {
        "type": "esriPMS",
        "imageData": base64.b64encode(marker_png(symbol, height_px)).decode("ascii"),
        "contentType": "image/png",
        "width": round(height_pt * width / height, 2),
        "height": round(height_pt, 2),
        "angle": 0,
        "xoffset": 0,
        "yoffset": 0,
    }


def _letters() -> dict[str, Json]:
    """Return labels that write the letter of the word into each parcel."""
    pairs = ", ".join(f"'{symbol.code}', '{symbol.letter}'" for symbol in SYMBOLS)
    unknown = BY_WORD[HazardWord.NOT_ASSESSED.value].letter
    expression = f"Decode($feature.{columns.RISK_LVL}, {pairs}, '{unknown}')"
    return {
        "labelExpressionInfo": {"expression": expression},
        "labelPlacement": "esriServerPolygonPlacementAlwaysHorizontal",
        "minScale": _LETTER_SCALE,
        "maxScale": 0,
        "useCodedValues": False,
        "symbol": {
            "type": "esriTS",
            "color": _INK,
            "haloColor": _WHITE,
            "haloSize": 1.5,
            "horizontalAlignment": "center",
            "verticalAlignment": "middle",
            "font": {"family": "Arial", "size": 10, "style": "normal", "weight": "bold"},
        },
    }


def _rgb(color: str) -> list[Json]:
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]
