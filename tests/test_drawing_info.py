"""The ArcGIS style is what the REST API takes: five values in words, pictures that show shape and letter, no gap left blank."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gis_export.formats.drawing_info import write_drawing_info
from gis_export.formats.marker_picture import marker_png
from gis_export.table.fields import FIELDS, Tier
from gis_export.table.symbols import BY_CODE, SYMBOLS
from inference.hazard import USE_LIMIT

LINES = {"esriSLSSolid", "esriSLSDash", "esriSLSDot", "esriSLSDashDot"}


def read(tmp_path: Path, tier: Tier = Tier.RESPONDER) -> list[dict[str, Any]]:
    write_drawing_info(tmp_path / "style.json", tier)
    layers: list[dict[str, Any]] = json.loads(
        (tmp_path / "style.json").read_text(encoding="utf-8")
    )["layers"]
    return layers


def check_color(color: object) -> None:
    assert isinstance(color, list) and len(color) == 4
    assert all(type(part) is int and 0 <= part <= 255 for part in color)


def check_symbol(symbol: dict[str, Any], geometry: str) -> None:
    """Hold a symbol against "Symbol objects" of the REST API: these keys, these types, no other."""
    if geometry == "polygon":
        assert set(symbol) == {"type", "style", "color", "outline"}
        assert (symbol["type"], symbol["style"]) == ("esriSFS", "esriSFSSolid")
        check_color(symbol["color"])
        assert set(symbol["outline"]) == {"type", "style", "color", "width"}
        assert (
            symbol["outline"]["type"] == "esriSLS"
            and symbol["outline"]["style"] in LINES
            and symbol["outline"]["width"] > 0
        )
        check_color(symbol["outline"]["color"])
    else:
        assert set(symbol) == {
            "type",
            "imageData",
            "contentType",
            "width",
            "height",
            "angle",
            "xoffset",
            "yoffset",
        }
        assert (symbol["type"], symbol["contentType"]) == ("esriPMS", "image/png")
        assert all(
            isinstance(symbol[key], int | float)
            for key in ("width", "height", "angle", "xoffset", "yoffset")
        )
        with Image.open(io.BytesIO(base64.b64decode(symbol["imageData"], validate=True))) as image:
            assert image.format == "PNG" and image.mode == "RGBA"
            assert symbol["width"] / symbol["height"] == pytest.approx(
                image.width / image.height, abs=0.01
            )
            assert image.width * image.height * 4 < 40_000


@pytest.mark.parametrize(("number", "geometry"), [(0, "polygon"), (1, "point")])
@pytest.mark.parametrize("tier", list(Tier))
def test_the_renderer_is_what_the_rest_api_takes(
    tier: Tier, number: int, geometry: str, tmp_path: Path
) -> None:
    layer = read(tmp_path, tier)[number]
    assert layer["id"] == number and USE_LIMIT in layer["description"]
    info = layer["drawingInfo"]
    assert set(info) == (
        {"renderer", "transparency", "labelingInfo"}
        if geometry == "polygon"
        else {"renderer", "transparency"}
    )
    renderer = info["renderer"]
    assert set(renderer) == {
        "type",
        "field1",
        "field2",
        "field3",
        "fieldDelimiter",
        "defaultSymbol",
        "defaultLabel",
        "uniqueValueInfos",
    }
    assert (renderer["type"], renderer["field1"], renderer["field2"], renderer["field3"]) == (
        "uniqueValue",
        "RISK_LVL",
        None,
        None,
    )
    assert renderer["field1"] in {field.name for field in FIELDS}
    assert [one["value"] for one in renderer["uniqueValueInfos"]] == [
        symbol.code for symbol in SYMBOLS
    ]
    for one in renderer["uniqueValueInfos"]:
        assert set(one) == {"value", "label", "description", "symbol"}
        assert (
            one["label"] == f"{BY_CODE[one['value']].word.value}: {BY_CODE[one['value']].meaning}"
        )
        check_symbol(one["symbol"], geometry)
    check_symbol(renderer["defaultSymbol"], geometry)


@pytest.mark.parametrize("number", [0, 1])
def test_a_row_without_a_hazard_word_is_drawn_as_not_assessed(number: int, tmp_path: Path) -> None:
    renderer = read(tmp_path)[number]["drawingInfo"]["renderer"]
    by_value = {one["value"]: one["symbol"] for one in renderer["uniqueValueInfos"]}
    assert renderer["defaultSymbol"] == by_value["NA"]
    assert renderer["defaultLabel"].startswith("NOT ASSESSED")
    assert all(
        renderer["defaultSymbol"] != symbol for value, symbol in by_value.items() if value != "NA"
    )


def test_parcels_differ_by_color_and_line_and_carry_the_letter(tmp_path: Path) -> None:
    info = read(tmp_path)[0]["drawingInfo"]
    symbols = [one["symbol"] for one in info["renderer"]["uniqueValueInfos"]]
    assert len({tuple(symbol["color"]) for symbol in symbols}) == 5
    assert {symbol["outline"]["style"] for symbol in symbols} == LINES
    (label,) = info["labelingInfo"]
    pairs = ", ".join(f"'{symbol.code}', '{symbol.letter}'" for symbol in SYMBOLS)
    assert label["labelExpressionInfo"]["expression"] == f"Decode($feature.RISK_LVL, {pairs}, '?')"
    assert label["symbol"]["type"] == "esriTS"
    check_color(label["symbol"]["color"])


@pytest.mark.parametrize("symbol", SYMBOLS, ids=lambda symbol: symbol.code)
def test_a_picture_has_color_shape_and_letter(symbol: Any) -> None:
    with Image.open(io.BytesIO(marker_png(symbol, 96))) as image:
        pixels = np.asarray(image).astype(int)
    color = np.array([int(symbol.color[start : start + 2], 16) for start in (1, 3, 5)])
    opaque = pixels[..., 3] > 250
    filled = opaque & (abs(pixels[..., :3] - color).max(axis=-1) < 6)
    ink = opaque & (pixels[..., :3].max(axis=-1) < 40)
    assert filled.mean() > 0.15
    height, width = filled.shape
    assert ink[height // 4 : -height // 8, width // 3 : -width // 3].sum() > 60  # the letter
    corners = [bool(pixels[y, x, 3] > 250) for y in (20, -21) for x in (2, -3)]
    assert corners == [symbol.shape == "tag"] * 4
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
