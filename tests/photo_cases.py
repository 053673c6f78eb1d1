"""The tiny city with a flyover that is a tile service, for several test modules."""

import math
from pathlib import Path

import cv2
import numpy as np
from cities import CITY_TOML, Ran
from numpy.typing import NDArray
from pyproj import Transformer
from tile_service import HALF_WORLD, TileService

LEVEL = 20
SIDE = 2 * HALF_WORLD / 2**LEVEL
"""Side of a tile, units of web mercator."""
TILES = 8
"""Tiles of the picture in each direction."""
QUICK = """
[snapshot]
wait_s = 0.001
requests_per_s = 100000
tries = 3
"""


def corner(level: int = LEVEL) -> tuple[int, int]:
    """Return row and column of a tile up and left of the tiny city, even ones."""
    side = 2 * HALF_WORLD / 2**level
    to_mercator = Transformer.from_crs(32618, 3857, always_xy=True)
    x, y = to_mercator.transform(360_000, 4_350_064)
    row = math.floor((HALF_WORLD - y) / side) - 1
    column = math.floor((x + HALF_WORLD) / side) - 1
    return row // 2 * 2, column // 2 * 2


def sharp_picture(tiles: int = TILES) -> NDArray[np.uint8]:
    """Return a picture of tiles x tiles with detail at every scale, (rows, columns, 3)."""
    rng = np.random.default_rng(7)
    side = tiles * 256
    picture = np.full((side, side, 3), 128.0, np.float32)
    for cell in (1, 2, 4, 8, 16, 32, 64):
        noise = rng.normal(0, 9, (side // cell, side // cell, 3)).astype(np.float32)
        picture += np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC))
    return np.clip(picture, 1, 254).astype(np.uint8)


def city_text(path: str, more: str = "") -> str:
    """Return the city file of the tiny city with another flyover of 2023."""
    return CITY_TOML.replace('"flyover/2023"', f'"{path}"\n{more}') + QUICK


def xyz(tiles: TileService) -> str:
    """Return the address of XYZ tiles."""
    return tiles.url + "/photo/{z}/{y}/{x}.png"


def photo_files(city: Path) -> list[Path]:
    """Return the files that were made of tiles."""
    return sorted((city.parent / "workspace" / "sources" / "flyover_2023").glob("*.tif"))


def taken_of(ran: Ran) -> dict[str, float]:
    """Return what the only service gave."""
    taken = ran.answer["taken"]
    assert isinstance(taken, list)
    (only,) = taken
    assert isinstance(only, dict)
    return only
