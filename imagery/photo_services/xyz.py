"""XYZ tiles in web mercator: an address with {z}, {x} and {y}."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from pyproj import CRS

from imagery.errors import ConfigError
from imagery.photo_services.grid import TileGrid, TilePlace, TileRequest, TileSource
from imagery.photo_services.service import PhotoService
from imagery.services.client import Client

HALF_WORLD = 20_037_508.342789244
"""Half of the equator in web mercator, its units."""
TILE_PX = 256
"""Side of a tile, until one has been seen."""
DEEPEST = 24

_NAMES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class XyzAddress:
    """An address with names in braces."""

    address: str
    """As the city file has it."""
    zoom: int
    """Level."""

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            ConfigError: one is missing or not known, or the level is none.
        """
        names = set(_NAMES.findall(self.address))
        if not {"z", "x"} <= names or not names & {"y", "-y"} or names - {"z", "x", "y", "-y"}:
            raise ConfigError(
                f"flyover path: got {self.address.partition('?')[0]!r}, want {{z}}, {{x}} and "
                "{y} (or {-y} where rows count from the south), and no other name in braces"
            )
        if not 0 <= self.zoom <= DEEPEST:
            raise ConfigError(f"flyover zoom: got {self.zoom}, want 0 to {DEEPEST}")

    @property
    def start(self) -> str:
        """Return what comes before the first folder with a name, and the own parameters."""
        before, _, query = self.address.partition("?")
        pairs = [pair for pair in query.split("&") if pair and not _NAMES.search(pair)]
        folder = before if "{" not in before else before[: before.index("{")].rpartition("/")[0]
        return "?".join(part for part in (folder, "&".join(pairs)) if part)

    def request(self, place: TilePlace) -> TileRequest:
        """Return what is asked for a tile."""
        path = urlsplit(self.address).path
        folder = urlsplit(self.start).path
        pairs = parse_qsl(urlsplit(self.address).query)
        return TileRequest(
            path=self._fill(path.removeprefix(folder), place),
            parameters={
                name: self._fill(value, place) for name, value in pairs if _NAMES.search(value)
            },
        )

    def _fill(self, text: str, place: TilePlace) -> str:
        values = {
            "z": self.zoom,
            "x": place.column,
            "y": place.row,
            "-y": 2**self.zoom - 1 - place.row,
        }
        fill: Callable[[re.Match[str]], str] = lambda name: str(values[name[1]])  # noqa: E731
        return _NAMES.sub(fill, text)


def open_xyz(photo: PhotoService, client: Client) -> TileSource:
    """Return the level that the city file names; nothing is asked.

    Raises:
        ConfigError: the address lacks a name, or the level is none.
    """
    address = XyzAddress(address=photo.service.address, zoom=photo.zoom)
    service = replace(photo.service, address=address.start)
    source = _level(address, replace(client, service=service))
    if photo.zoom == 0:
        return source
    coarser = _level(replace(address, zoom=photo.zoom - 1), source.client)
    return replace(source, coarser=coarser)


def _level(address: XyzAddress, client: Client) -> TileSource:
    count = 2**address.zoom
    side = 2 * HALF_WORLD / count
    grid = TileGrid(
        level=str(address.zoom),
        crs=CRS("EPSG:3857").to_wkt(),
        left=-HALF_WORLD,
        top=HALF_WORLD,
        side=(side, side),
        pixels=(TILE_PX, TILE_PX),
        count=(count, count),
    )
    return TileSource(grid=grid, client=client, request=address.request)
