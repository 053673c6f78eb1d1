"""The ArcGIS style is what the REST API takes.

It has five values in words, and pictures that show shape and letter. No row is left undrawn.
"""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest
from PIL import Image, ImageColor

from gis_export.formats.drawing_info import write_drawing_info
from gis_export.formats.marker_picture import marker_png
from gis_export.table.fields import FIELDS, Tier
from gis_export.table.symbols import BY_CODE, SYMBOLS, Symbol
from inference.hazard import USE_LIMIT

LINES = {"esriSLSSolid", "esriSLSDash", "esriSLSDot", "esriSLSDashDot"}
SIZE_KEYS = {"width", "height", "angle", "xoffset", "yoffset"}
PICTURE_KEYS = {"type", "imageData", "contentType", *SIZE_KEYS}
RENDERER_KEYS = {
    "type",
    "field1",
    "field2",
    "field3",
    "fieldDelimiter",
    "defaultSymbol",
    "defaultLabel",
    "uniqueValueInfos",
}


class Outline(TypedDict):
    """The line around a parcel."""

    type: str
    style: str
    color: list[int]
    width: float


class MapSymbol(TypedDict):
    """A symbol: a filled parcel (style, color, outline) or a picture (all others)."""

    type: str
    style: str
    color: list[int]
    outline: Outline
    imageData: str
    contentType: str
    width: float
    height: float
    angle: float
    xoffset: float
    yoffset: float


class ValueInfo(TypedDict):
    """How one hazard word is drawn."""

    value: str
    label: str
    description: str
    symbol: MapSymbol


class Renderer(TypedDict):
    """How all rows of a layer are drawn."""

    type: str
    field1: str
    field2: None
    field3: None
    fieldDelimiter: str
    defaultSymbol: MapSymbol
    defaultLabel: str
    uniqueValueInfos: list[ValueInfo]


class Expression(TypedDict):
    """A text of a label in Arcade."""

    expression: str


class Label(TypedDict):
    """How the labels of a layer are drawn."""

    labelExpressionInfo: Expression
    symbol: MapSymbol


class DrawingInfo(TypedDict):
    """How a layer is drawn."""

    renderer: Renderer
    transparency: int
    labelingInfo: list[Label]


class Layer(TypedDict):
    """One layer of the style."""

    id: int
    description: str
    drawingInfo: DrawingInfo


def read(tmp_path: Path, tier: Tier = Tier.RESPONDER) -> list[Layer]:
    """Write a style and return its layers."""
    path = tmp_path / "style.json"
    write_drawing_info(path, tier)
    layers: list[Layer] = json.loads(path.read_text(encoding="utf-8"))["layers"]
    return layers


def check_color(color: object) -> None:
    """Check that a color is four whole numbers of a byte."""
    assert isinstance(color, list)
    assert len(color) == 4
    assert all(type(part) is int and 0 <= part <= 255 for part in color)


def check_filled_parcel(symbol: MapSymbol) -> None:
    """Compare with "Symbol objects" of the REST API: these keys, these types, no other."""
    assert set(symbol) == {"type", "style", "color", "outline"}
    assert (symbol["type"], symbol["style"]) == ("esriSFS", "esriSFSSolid")
    check_color(symbol["color"])

    outline = symbol["outline"]
    assert set(outline) == {"type", "style", "color", "width"}
    assert outline["type"] == "esriSLS"
    assert outline["style"] in LINES
    assert outline["width"] > 0
    check_color(outline["color"])


def check_picture(symbol: MapSymbol) -> None:
    """Compare with "Symbol objects" of the REST API: these keys, these types, no other."""
    width = symbol["width"]
    height = symbol["height"]
    sizes = [width, height, symbol["angle"], symbol["xoffset"], symbol["yoffset"]]
    assert set(symbol) == PICTURE_KEYS
    assert (symbol["type"], symbol["contentType"]) == ("esriPMS", "image/png")
    assert all(isinstance(size, int | float) for size in sizes)

    data = base64.b64decode(symbol["imageData"], validate=True)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        assert image.mode == "RGBA"
        assert width / height == pytest.approx(image.width / image.height, abs=0.01)
        assert image.width * image.height * 4 < 40_000


@pytest.mark.parametrize(
    ("number", "keys", "check_symbol"),
    [
        (0, {"renderer", "transparency", "labelingInfo"}, check_filled_parcel),
        (1, {"renderer", "transparency"}, check_picture),
    ],
    ids=["polygon", "point"],
)
@pytest.mark.parametrize("tier", list(Tier))
def test_the_renderer_is_what_the_rest_api_takes(
    tier: Tier,
    number: int,
    keys: set[str],
    check_symbol: Callable[[MapSymbol], None],
    tmp_path: Path,
) -> None:
    layer = read(tmp_path, tier)[number]
    assert layer["id"] == number
    assert USE_LIMIT in layer["description"]
    assert set(layer["drawingInfo"]) == keys

    renderer = layer["drawingInfo"]["renderer"]
    assert set(renderer) == RENDERER_KEYS
    assert (renderer["type"], renderer["field1"]) == ("uniqueValue", "RISK_LVL")
    assert renderer["field2"] is None
    assert renderer["field3"] is None
    assert renderer["field1"] in {field.name for field in FIELDS}

    values = renderer["uniqueValueInfos"]
    assert [value["value"] for value in values] == [symbol.code for symbol in SYMBOLS]
    for value in values:
        symbol = BY_CODE[value["value"]]
        assert set(value) == {"value", "label", "description", "symbol"}
        assert value["label"] == f"{symbol.word.value}: {symbol.meaning}"
        check_symbol(value["symbol"])
    check_symbol(renderer["defaultSymbol"])


@pytest.mark.parametrize("number", [0, 1])
def test_a_row_without_a_hazard_word_is_drawn_as_not_assessed(number: int, tmp_path: Path) -> None:
    renderer = read(tmp_path)[number]["drawingInfo"]["renderer"]
    by_value = {value["value"]: value["symbol"] for value in renderer["uniqueValueInfos"]}

    assert renderer["defaultLabel"].startswith("NOT ASSESSED")
    assert renderer["defaultSymbol"] == by_value.pop("NA")
    assert renderer["defaultSymbol"] not in by_value.values()


def test_parcels_differ_by_color_and_line_and_carry_the_letter(tmp_path: Path) -> None:
    info = read(tmp_path)[0]["drawingInfo"]
    symbols = [value["symbol"] for value in info["renderer"]["uniqueValueInfos"]]

    assert len({tuple(symbol["color"]) for symbol in symbols}) == 5
    assert {symbol["outline"]["style"] for symbol in symbols} == LINES

    (label,) = info["labelingInfo"]
    pairs = ", ".join(f"'{symbol.code}', '{symbol.letter}'" for symbol in SYMBOLS)
    assert label["labelExpressionInfo"]["expression"] == f"Decode($feature.RISK_LVL, {pairs}, '?')"
    assert label["symbol"]["type"] == "esriTS"
    check_color(label["symbol"]["color"])


@pytest.mark.parametrize("symbol", SYMBOLS, ids=lambda symbol: symbol.code)
def test_a_picture_has_color_shape_and_letter(symbol: Symbol) -> None:
    with Image.open(io.BytesIO(marker_png(symbol, 96))) as image:
        pixels = np.asarray(image).astype(int)
    color = np.array(ImageColor.getrgb(symbol.color))
    opaque = pixels[..., 3] > 250
    filled = opaque & (abs(pixels[..., :3] - color).max(axis=-1) < 6)
    ink = opaque & (pixels[..., :3].max(axis=-1) < 40)
    assert filled.mean() > 0.15

    height, width = filled.shape
    letter = ink[height // 4 : -height // 8, width // 3 : -width // 3]
    assert letter.sum() > 60

    corners = opaque[[[20], [-21]], [2, -3]]
    assert (corners == (symbol.shape == "tag")).all()
    assert marker_png(symbol, 96) == marker_png(symbol, 96)


def test_pictures_differ_without_color() -> None:
    gray = []
    for symbol in SYMBOLS:
        with Image.open(io.BytesIO(marker_png(symbol, 60))) as image:
            alpha = np.asarray(image.resize((60, 60)))[..., 3] > 128
        gray.append(alpha)
    for first in range(5):
        for second in range(first + 1, 5):
            assert (gray[first] != gray[second]).mean() > 0.05
