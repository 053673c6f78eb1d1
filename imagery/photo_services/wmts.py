"""A WMTS: its capabilities are asked once, then tiles by address or by parameters."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from imagery.photo_services.capabilities import Capabilities, WmtsLayer, read_capabilities
from imagery.photo_services.grid import TileGrid, TilePlace, TileRequest, TileSource
from imagery.photo_services.service import PhotoService
from imagery.services.client import Client

HALF = 0.01
"""A level is half of another when its tiles differ by less from that."""
FINE_ENOUGH = 1.05
"""A level may be coarser than the model wants by this factor."""

_QUESTION = ("service", "request", "version")
_NAMES = re.compile(r"\{([^{}]*)\}")
Gsd = Callable[[TileGrid], float]
"""Gives the meters per pixel of a level where the city is."""


@dataclass(frozen=True, kw_only=True)
class WmtsTiles:
    """Asks for the tiles of one level."""

    layer: WmtsLayer
    """The layer."""
    matrix_set: str
    """Name of its set of levels."""
    level: str
    """Name of the level."""

    def request(self, place: TilePlace) -> TileRequest:
        """Return what is asked for a tile."""
        values = {
            "service": "WMTS",
            "request": "GetTile",
            "version": "1.0.0",
            "layer": self.layer.name,
            "style": self.layer.style,
            "format": self.layer.format,
            "tilematrixset": self.matrix_set,
            "tilematrix": self.level,
            "tilerow": str(place.row),
            "tilecol": str(place.column),
        }
        dimensions = {name.lower(): value for name, value in self.layer.defaults.items()}
        if not self.layer.template:
            return TileRequest(path="", parameters=values | dimensions)

        fill = partial(_fill, values=values | dimensions)
        parts = urlsplit(self.layer.template)
        pairs = parse_qsl(parts.query)
        return TileRequest(
            path=quote(_NAMES.sub(fill, parts.path), safe="/:"),
            parameters={name: _NAMES.sub(fill, value) for name, value in pairs},
        )


def _fill(name: re.Match[str], values: dict[str, str]) -> str:
    return values.get(name[1].lower(), "")


def open_wmts(photo: PhotoService, client: Client, gsd: Gsd, wanted_m: float) -> TileSource:
    """Ask what a WMTS has, and choose the level.

    Args:
        photo: The service.
        client: Asks it.
        gsd: See `Gsd`.
        wanted_m: Meters per pixel that the model wants.

    Raises:
        InputError: it does not answer, or has no such layer or level.
    """
    client = replace(client, service=photo.service.without(_QUESTION))
    found = client.fetch("", _own_parameters(photo), read_capabilities)
    if found is None:
        raise client.error("there is no such WMTS", remedy="correct the address")
    layer, matrix_set = _find_layer(photo, client, found)
    levels = found.grids[matrix_set]
    number = _find_level(photo, client, levels, [gsd(level) for level in levels], wanted_m)

    tiles = WmtsTiles(layer=layer, matrix_set=matrix_set, level=levels[number].level)
    asks = replace(client, service=replace(photo.service, address=_tile_address(photo, layer)))
    source = TileSource(grid=levels[number], client=asks, request=tiles.request)
    if number and _is_half(levels[number], levels[number - 1]):
        above = levels[number - 1]
        coarser = replace(source, grid=above, request=replace(tiles, level=above.level).request)
        return replace(source, coarser=coarser)
    return source


def _own_parameters(photo: PhotoService) -> dict[str, object]:
    """Return the question for the capabilities, where the address is no document of them."""
    if photo.service.address.partition("?")[0].lower().endswith(".xml"):
        return {}
    return {"service": "WMTS", "request": "GetCapabilities"}


def _tile_address(photo: PhotoService, layer: WmtsLayer) -> str:
    """Return where tiles are asked for: on the host that the city file names, whatever is said."""
    address = photo.service.without(_QUESTION).address
    if not layer.template:
        return address
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, "", parts.query, ""))


def _find_layer(photo: PhotoService, client: Client, found: Capabilities) -> tuple[WmtsLayer, str]:
    """Return the layer, and the first of its sets of levels whose CRS is known."""
    section = photo.service.section
    layers = [layer for name, layer in found.layers.items() if photo.layer in ("", name)]
    if len(layers) != 1:
        raise client.error(
            f"want one layer, and it has {', '.join(list(found.layers)[:8]) or 'none'}",
            remedy=f"name it with [[flyover]] layer ({section})",
        )
    layer = layers[0]
    sets = [name for name in layer.sets if found.grids.get(name)]
    if not sets or not layer.format:
        raise client.error(
            f"layer {layer.name} has no tiles of a known CRS as PNG, JPEG or TIFF",
            remedy="name another layer",
        )
    return layer, sets[0]


def _find_level(
    photo: PhotoService,
    client: Client,
    levels: list[TileGrid],
    gsd_m: list[float],
    wanted_m: float,
) -> int:
    """Return the number of the level: the named one, or the coarsest that is fine enough."""
    names = [level.level for level in levels]
    if photo.zoom >= 0:
        ends = [name.rpartition(":")[2] for name in names]
        if str(photo.zoom) not in ends:
            raise client.error(
                f"no level {photo.zoom}, it has {', '.join(names)}", remedy="correct zoom"
            )
        return ends.index(str(photo.zoom))
    fine = [number for number, each_m in enumerate(gsd_m) if each_m <= wanted_m * FINE_ENOUGH]
    return min(fine, default=len(levels) - 1)


def _is_half(level: TileGrid, above: TileGrid) -> bool:
    """Tell whether four tiles of a level lie on each tile of another."""
    is_double = abs(above.side[1] / level.side[1] - 2) < HALF and above.pixels == level.pixels
    near = level.side[1] / level.pixels[1]
    is_same_corner = abs(above.left - level.left) < near and abs(above.top - level.top) < near
    return is_double and is_same_corner
