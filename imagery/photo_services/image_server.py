"""An Esri ImageServer: squares of its own pixels by exportImage, never finer than it has them."""

import math
from dataclasses import dataclass

from imagery.photo_services.grid import TileGrid, TilePlace, TileRequest, TileSource
from imagery.services.client import Client, Json
from imagery.services.esri_about import REFERENCE, crs_of
from imagery.services.json_values import object_of, text_of, whole_of

SQUARE_PX = 512
"""Side of a square that is asked for."""


@dataclass(frozen=True, kw_only=True)
class ExportedSquares:
    """Asks for the squares of a grid."""

    grid: TileGrid
    """The grid."""
    wkid: str
    """CRS as the service spells it."""

    def request(self, place: TilePlace) -> TileRequest:
        """Return what is asked for a square."""
        height, width = self.grid.side
        left = self.grid.left + place.column * width
        top = self.grid.top - place.row * height
        box = [left, top - height, left + width, top]
        rows, columns = self.grid.pixels
        return TileRequest(
            path="/exportImage",
            parameters={
                "bbox": ",".join(f"{side:.9f}" for side in box),
                "bboxSR": self.wkid,
                "imageSR": self.wkid,
                "size": f"{columns},{rows}",
                "format": "png",
                "pixelType": "U8",
                "interpolation": "RSP_NearestNeighbor",
                "f": "image",
            },
        )


def open_image_server(client: Client) -> TileSource:
    """Ask what an ImageServer has: its own pixels are the grid.

    Raises:
        InputError: it does not answer, or does not say where its pixels lie.
    """
    info = client.ask("", {"f": "json"})
    extent = object_of(info, "extent")
    reference = object_of(extent, REFERENCE)
    crs = crs_of(reference)
    wkid = whole_of(reference, "latestWkid") or whole_of(reference, "wkid")
    left, right = _number(extent, "xmin"), _number(extent, "xmax")
    bottom, top = _number(extent, "ymin"), _number(extent, "ymax")
    pixel_x, pixel_y = _number(info, "pixelSizeX"), _number(info, "pixelSizeY")
    if crs is None or wkid is None or not (pixel_x > 0 and pixel_y > 0 and right > left):
        raise client.error(
            "it does not say where its pixels lie (extent, pixelSizeX, pixelSizeY)",
            remedy="ask those who run it for its tiles as files",
        )
    kind = text_of(info, "pixelType")
    if kind not in ("U8", ""):
        raise client.error(
            f"its pixels are {kind}, want U8", remedy="name a service of 8-bit photos"
        )
    most = min(whole_of(info, "maxImageHeight") or SQUARE_PX, SQUARE_PX)
    square_px = max(16, most // 16 * 16)
    grid = TileGrid(
        level="own pixels",
        crs=crs.to_wkt(),
        left=left,
        top=top,
        side=(pixel_y * square_px, pixel_x * square_px),
        pixels=(square_px, square_px),
        count=(
            math.ceil((top - bottom) / (pixel_y * square_px)),
            math.ceil((right - left) / (pixel_x * square_px)),
        ),
    )
    squares = ExportedSquares(grid=grid, wkid=str(wkid))
    return TileSource(grid=grid, client=client, request=squares.request)


def _number(values: Json, name: str) -> float:
    """Return a number, NaN where there is none."""
    value = values.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(str(value)) if is_number else math.nan
