"""The evidence packet as a page that opens anywhere, without script and without network."""

import base64
import io
from functools import cache
from importlib.resources import files

import jinja2
import markupsafe
from PIL import Image

from gis_export.housing.packets.packet import SCORE_IN_WORDS, Packet
from gis_export.table.symbols import Symbol
from inference.hazard import USE_LIMIT

_WEBP_QUALITY = 85
_HEXAGON = "29,20 24.5,27.8 15.5,27.8 11,20 15.5,12.2 24.5,12.2"
_SHAPES = {
    "hexagon": f'<polygon points="{_HEXAGON}" transform="translate(-20 -20) scale(2)"/>',
    "triangle": '<polygon points="20,3 38,35 2,35"/>',
    "diamond": '<polygon points="20,2 38,20 20,38 2,20"/>',
    "circle": '<circle cx="20" cy="20" r="15"/>',
    "tag": '<rect x="2" y="8" width="36" height="24"/>',
}
"""Shapes of the symbols in a square of 40 x 40."""


def packet_html(packet: Packet) -> str:
    """Return the packet as a page that makes no network requests."""
    return _template().render(
        packet=packet,
        mark=markupsafe.Markup(_svg(packet.symbol)),
        use_limit=USE_LIMIT,
        score_in_words=SCORE_IN_WORDS,
        data_uri=_data_uri,
    )


@cache
def _template() -> jinja2.Template:
    source = files("gis_export.housing.packets") / "evidence.html"
    environment = jinja2.Environment(autoescape=True)
    return environment.from_string(source.read_text(encoding="utf-8"))


def _svg(symbol: Symbol) -> str:
    """Return the symbol as a picture that screen readers skip: its word is beside it."""
    letter_y = 31 if symbol.shape == "triangle" else 26
    shape = _SHAPES[symbol.shape]
    font = 'font-size="17" font-weight="bold" font-family="Arial, sans-serif"'
    return (
        '<svg viewBox="0 0 40 40" aria-hidden="true">'
        f'<g fill="{symbol.color}" stroke="#000" stroke-width="2">{shape}</g>'
        f'<text x="20" y="{letter_y}" text-anchor="middle" {font}>{symbol.letter}</text>'
        "</svg>"
    )


def _data_uri(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=_WEBP_QUALITY, method=2)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"
