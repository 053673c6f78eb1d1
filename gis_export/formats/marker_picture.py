"""The symbol of a hazard word as a small picture, for maps that cannot draw its shape."""

import io
import math

from PIL import Image, ImageDraw, ImageFont

from gis_export.printing.fonts import font_file
from gis_export.table.symbols import Shape, Symbol

# Drawn so much larger, then reduced.
_SMOOTH = 8
# Shares of the height: the line, the letter, and how much lower than the middle the letter is.
# The middle of a triangle is lower than that of its box.
_LINE = 0.07
_LETTER = {"hexagon": 0.56, "triangle": 0.46, "diamond": 0.5, "circle": 0.58, "tag": 0.66}
_DROP = {"triangle": 0.14}
_WIDTH = {"hexagon": 1.12, "triangle": 1.12, "tag": 1.5}
_INK = (0, 0, 0, 255)
_CLEAR = (255, 255, 255, 0)

Point = tuple[float, float]


def picture_size(symbol: Symbol, height_px: int) -> tuple[int, int]:
    """Return width and height of the picture of a symbol."""
    return round(height_px * _WIDTH.get(symbol.shape, 1.0)), height_px


def marker_png(symbol: Symbol, height_px: int) -> bytes:
    """Draw shape, color and letter on a clear ground and return the PNG."""
    width, height = (side * _SMOOTH for side in picture_size(symbol, height_px))
    image = Image.new("RGBA", (width, height), _CLEAR)
    draw = ImageDraw.Draw(image)
    _draw_shape(draw, symbol, width, height)
    _draw_letter(draw, symbol, width, height)

    small = image.resize(picture_size(symbol, height_px), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    small.save(target, "PNG", optimize=True)
    return target.getvalue()


def _draw_shape(draw: ImageDraw.ImageDraw, symbol: Symbol, width: int, height: int) -> None:
    line = round(height * _LINE)
    corners = [
        (line / 2 + x * (width - line - 1), line / 2 + y * (height - line - 1))
        for x, y in _corners(symbol.shape)
    ]
    draw.polygon(corners, fill=symbol.color)

    # Drawn past its start, so that the first corner is joined too.
    ring = [*corners, corners[0], corners[1]]
    draw.line(ring, fill=_INK, width=line, joint="curve")


def _draw_letter(draw: ImageDraw.ImageDraw, symbol: Symbol, width: int, height: int) -> None:
    font = ImageFont.truetype(font_file("B"), height * _LETTER[symbol.shape])
    left, top, right, bottom = draw.textbbox((0, 0), symbol.letter, font=font)
    middle = height * (0.5 + _DROP.get(symbol.shape, 0.0))

    corner = (width / 2 - (left + right) / 2, middle - (top + bottom) / 2)
    draw.text(corner, symbol.letter, font=font, fill=_INK)


def _corners(shape: Shape) -> list[Point]:
    """Return the corners of a shape that fills the unit square."""
    corners: dict[Shape, list[Point]] = {
        "hexagon": _ring(6, y_scale=1 / math.sqrt(3)),
        "triangle": [(0.5, 0), (1, 1), (0, 1)],
        "diamond": [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)],
        "circle": _ring(90, y_scale=0.5),
        "tag": [(0, 0.16), (1, 0.16), (1, 0.84), (0, 0.84)],
    }
    return corners[shape]


def _ring(count: int, *, y_scale: float) -> list[Point]:
    """Return the corners of a regular polygon around the middle of the unit square.

    Args:
        count: How many corners.
        y_scale: Half its height, of a circle of radius 1.
    """
    turns = [math.radians(360 / count * corner) for corner in range(count)]
    return [(math.cos(turn) / 2 + 0.5, math.sin(turn) * y_scale + 0.5) for turn in turns]
