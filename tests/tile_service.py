"""A small server of tiles on this machine: XYZ, WMTS by address and by parameters, ImageServer.

It cuts tiles from one picture, counts what is asked, and fails where a test says so.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray
from service_cases import ServiceHandler, serving

HALF_WORLD = 20_037_508.342789244


@dataclass(kw_only=True, eq=False)
class TileService:
    """What is served, what was asked, and what fails next."""

    picture: NDArray[np.uint8]
    """(rows, columns, 3), red, green, blue; its corner is the corner of tile `row`, `column`."""
    row: int
    """Row of its first tile, at its own level."""
    column: int
    """Column of its first tile."""
    level: int
    """Level at which it is the picture's own pixels."""
    token: str = ""
    """Without it nothing is told, "" for none."""
    missing: set[tuple[int, int]] = field(default_factory=set)
    """Tiles (row, column) that are not there."""
    placeholder: bytes = b""
    """Sent in the place of missing tiles, b"" for 404."""
    faults: list[str] = field(default_factory=list)
    """Faults of the next tiles, in order; "" is none."""
    asked: list[str] = field(default_factory=list)
    """Path and query of every request."""
    url: str = ""
    """Address of the server."""
    capabilities: str = ""
    """What the WMTS says, with HOST for the address."""
    info: dict[str, object] = field(default_factory=dict)
    """What the ImageServer says."""
    holds_after: int = 10**9
    """Tiles after which no more is answered, until `released`."""
    held: threading.Event = field(default_factory=threading.Event)
    """Set when a tile is not answered."""
    released: threading.Event = field(default_factory=threading.Event)
    """Lets what is held go on."""

    def tile(self, level: int, row: int, column: int) -> bytes | None:
        """Return a tile as PNG; None outside the picture. Coarser levels are averages."""
        factor = 2.0 ** (self.level - level)
        side = round(256 * factor) if factor >= 1 else 256 * factor
        top = row * side - self.row * 256
        left = column * side - self.column * 256
        if (row, column) in self.missing and level == self.level:
            return self.placeholder or None
        if top < 0 or left < 0 or top + side > self.picture.shape[0]:
            return None
        if left + side > self.picture.shape[1]:
            return None
        if side < 256:
            return as_png(self.enlarged(left, top, side / 256))
        piece = self.picture[int(top) : int(top + side), int(left) : int(left + side)]
        if side > 256:
            size = (256, 256)
            piece = np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)
        return as_png(piece)

    def enlarged(self, left: float, top: float, step: float) -> NDArray[np.uint8]:
        """Return 256 x 256 pixels that are smaller than those of the picture, by bilinear means."""
        start = step / 2 - 0.5
        matrix = np.array([[step, 0, left + start], [0, step, top + start]])
        way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(self.picture, matrix, (256, 256), flags=way), np.uint8)


def as_png(piece: NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG."""
    done, content = cv2.imencode(".png", piece[:, :, ::-1])
    assert done
    return bytes(content)


@contextmanager
def serve_tiles(service: TileService) -> Iterator[TileService]:
    """Serve tiles until the block ends."""
    handler = type("Handler", (TileHandler,), {"tiles": service})
    with serving(handler) as service.url:
        yield service


class TileHandler(ServiceHandler):
    """Answers as a service of tiles."""

    tiles: TileService

    def do_GET(self) -> None:
        """Answer one question."""
        self.tiles.asked.append(self.path)
        address = urlsplit(self.path)
        query = {name.lower(): value for name, value in parse_qsl(address.query)}
        found = re.search(r"/(\d+)/(\d+)/(\d+)\.png$", address.path)
        if self.tiles.token and query.get("token") != self.tiles.token:
            self.send({}, status=403)
        elif found:
            level, row, column = map(int, found.groups())
            self.send_tile(level, row, column)
        elif query.get("request") == "GetTile":
            level = int(query["tilematrix"])
            self.send_tile(level, int(query["tilerow"]), int(query["tilecol"]))
        elif address.path.endswith("/exportImage"):
            self.send_square(query)
        elif address.path.endswith("/ImageServer"):
            self.send(self.tiles.info)
        else:
            self.send_bytes(self.tiles.capabilities.replace("HOST", self.tiles.url).encode())

    def send_square(self, query: dict[str, str]) -> None:
        """Send the tile that a box is, which must lie on the grid of tiles."""
        side = 2 * HALF_WORLD / 2**self.tiles.level
        left, _, _, top = map(float, query["bbox"].split(","))
        row, column = (HALF_WORLD - top) / side, (left + HALF_WORLD) / side
        assert abs(row - round(row)) < 1e-6 > abs(column - round(column))
        assert query["size"] == "256,256"
        self.send_tile(self.tiles.level, round(row), round(column))

    def send_tile(self, level: int, row: int, column: int) -> None:
        """Send a tile, or fail as the test says."""
        if len(self.tiles.asked) > self.tiles.holds_after and not self.tiles.released.is_set():
            self.tiles.held.set()
            self.tiles.released.wait(60)
            return
        fault = self.tiles.faults.pop(0) if self.tiles.faults else ""
        content = self.tiles.tile(level, row, column)
        if fault == "429":
            self.send({}, status=429, headers={"Retry-After": "0"})
        elif fault == "500":
            self.send({}, status=500)
        elif fault == "a web page":
            self.send_bytes(b"<html>Service is starting</html>")
        elif fault == "error with status 200":
            self.send({"error": {"code": 500, "message": "Unable to complete", "details": []}})
        elif content is None:
            self.send({}, status=404)
        elif fault == "broken off":
            self.send_bytes(content, length_off=1000)
        elif fault == "half a picture":
            self.send_bytes(content[: len(content) // 2])
        else:
            self.send_bytes(content)


def wmts(levels: tuple[int, ...], *, template: bool) -> str:
    """Return capabilities of a WMTS of web mercator with levels that are named as numbers."""
    pixel_m = 0.00028
    matrices = ""
    for level in levels:
        scale = 2 * HALF_WORLD / 2**level / 256 / pixel_m
        matrices += f"""<TileMatrix><ows:Identifier>{level}</ows:Identifier>
<ScaleDenominator>{scale!r}</ScaleDenominator>
<TopLeftCorner>{-HALF_WORLD} {HALF_WORLD}</TopLeftCorner>
<TileWidth>256</TileWidth><TileHeight>256</TileHeight>
<MatrixWidth>{2**level}</MatrixWidth><MatrixHeight>{2**level}</MatrixHeight></TileMatrix>"""
    place = "http://inside.invalid/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png"
    resource = f'<ResourceURL format="image/png" resourceType="tile" template="{place}"/>'
    return f"""<Capabilities xmlns="http://www.opengis.net/wmts/1.0"
 xmlns:ows="http://www.opengis.net/ows/1.1"><Contents><Layer>
<ows:Identifier>photo</ows:Identifier><Style isDefault="true">
<ows:Identifier>default</ows:Identifier></Style><Format>image/png</Format><TileMatrixSetLink><TileMatrixSet>mercator</TileMatrixSet>
</TileMatrixSetLink>{resource if template else ""}</Layer><TileMatrixSet>
<ows:Identifier>mercator</ows:Identifier><ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>
{matrices}</TileMatrixSet></Contents></Capabilities>"""
