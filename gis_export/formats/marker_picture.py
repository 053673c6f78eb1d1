"""The symbol of a hazard word as a small picture, for maps that cannot draw its shape."""

import io
import math
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

from gis_export.table.symbols import Shape, Symbol

_SMOOTH = 8  # drawn so much larger, then reduced
_LINE = 0.07  # of the height
_LETTER = {"hexagon": 0.56, "triangle": 0.46, "diamond": 0.5, "circle": 0.58, "tag": 0.66}
_DROP = {"triangle": 0.14}  # its middle lies below that of its box
_WIDTH = {"hexagon": 1.12, "triangle": 1.12, "tag": 1.5}
_INK = (0, 0, 0, 255)

Point = tuple[float, float]


def picture_size(symbol: Symbol, height_px: int) -> tuple[int, int]:
    """Return width and height of the picture of a symbol."""
    return round(height_px * _WIDTH.get(symbol.shape, 1.0)), height_px


def marker_png(symbol: Symbol, height_px: int) -> bytes:
    """Draw shape, color and letter on a clear ground and return the PNG."""
    width, height = (side * _SMOOTH for side in picture_size(symbol, height_px))
    image = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    line = round(height * _LINE)
    points = _outline(symbol.shape, width - line - 1, height - line - 1, line / 2)
    draw.polygon(points, fill=symbol.color)
    draw.line([*points, points[0], points[1]], fill=_INK, width=line, joint="curve")
    font = ImageFont.truetype(
        Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf",
        height * _LETTER[symbol.shape],
    )
    left, top, right, bottom = draw.textbbox((0, 0), symbol.letter, font=font)
    middle = height * (0.5 + _DROP.get(symbol.shape, 0.0))
    draw.text(
        (width / 2 - (left + right) / 2, middle - (top + bottom) / 2),
        symbol.letter,
        font=font,
        fill=_INK,
    )
    target = io.BytesIO()
    image.resize(picture_size(symbol, height_px), Image.Resampling.LANCZOS).save(
        target, "PNG", optimize=True
    )
    return target.getvalue()


def _outline(shape: Shape, width: float, height: float, inset: float) -> list[Point]:
    """Return the corners of a shape that fills a box."""
    corners: dict[Shape, list[Point]] = {
        "hexagon": [
            (math.cos(turn) / 2 + 0.5, math.sin(turn) / math.sqrt(3) + 0.5)
            for turn in (math.radians(60 * corner) for corner in range(6))
        ],
        "triangle": [(0.5, 0), (1, 1), (0, 1)],
        "diamond": [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)],
        "circle": [
            (math.cos(turn) / 2 + 0.5, math.sin(turn) / 2 + 0.5)
            for turn in (math.radians(4 * step) for step in range(90))
        ],
        "tag": [(0, 0.16), (1, 0.16), (1, 0.84), (0, 0.84)],
    }
    return [(inset + x * width, inset + y * height) for x, y in corners[shape]]
