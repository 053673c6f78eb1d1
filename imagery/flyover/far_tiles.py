"""Tiles that lie too far from every vacant to be used, and tiles whose x and y are swapped.

They are set aside before anything is chosen that all chips share, such as the decoder.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy.spatial import KDTree

from imagery.crs import EARTH_M, crs_words, is_lon_lat
from imagery.flyover.corners import Box, swap_box, ullr_command
from imagery.flyover.tiles import Tile
from imagery.troubles import Trouble, only_troubles, trouble_of

LonLat = NDArray[np.float64]
"""Longitude and latitude of places, degrees, (n, 2)."""
NOWHERE: LonLat = np.empty((0, 2))
"""No place at all."""
NEAR_KM = 5.0
"""A tile farther than this from every vacant shows neither one nor its surroundings."""
SOUTHERNMOST = -56.0
"""No city lies farther south, degrees of latitude."""
NORTHERNMOST = 72.0
"""No city lies farther north."""
SWAPPED = "tiles whose x and y are swapped"
FAR = "tiles that are not used because every vacant is more than {km:g} km away"
MANY = 0.5
"""Share of tiles with swapped axes above which the city cannot go on."""


@dataclass(frozen=True, kw_only=True)
class CloseTiles:
    """The tiles that vacants can use."""

    tiles: tuple[Tile, ...]
    """They, in the given order; all of them where none is near any vacant."""
    troubles: tuple[Trouble, ...] = ()
    """What the others are."""


def set_far_aside(tiles: tuple[Tile, ...], vacants: LonLat) -> CloseTiles:
    """Return the tiles near some vacant.

    Args:
        tiles: Tiles that can be read.
        vacants: Where the vacants are; where there is none all tiles are kept.
    """
    if not len(tiles) or not len(vacants):
        return CloseTiles(tiles=tiles)

    away_km = rims_away_km(tiles, vacants)
    is_near = away_km <= NEAR_KM
    far = [tiles[number] for number in np.flatnonzero(~is_near).tolist()]
    swapped = find_swapped(far, vacants)
    swapped_trouble = _swapped_trouble(tiles, swapped)
    if not is_near.any():
        return CloseTiles(tiles=tiles, troubles=only_troubles([swapped_trouble]))

    named = []
    for tile, distance_km in zip(tiles, away_km.tolist(), strict=True):
        if not distance_km <= NEAR_KM and tile.path not in swapped:
            named.append(f"{tile.name} ({_away(distance_km)})")
    return CloseTiles(
        tiles=tuple(tiles[number] for number in np.flatnonzero(is_near).tolist()),
        troubles=only_troubles([swapped_trouble, _far_trouble(named)]),
    )


def rims_away_km(tiles: tuple[Tile, ...], places: LonLat) -> NDArray[np.float64]:
    """Return about how far the rim of each tile is from the nearest place, km, (tiles,).

    It is 0 where a place lies on the tile, and infinite for a tile that is not on the earth.
    """
    centers = _centers(tiles)
    away_km = np.full(len(tiles), np.inf)
    is_placed = is_lon_lat(centers[:, 0], centers[:, 1])
    if is_placed.any():
        reach_m = [tile.gsd_m * np.hypot(tile.width, tile.height) / 2 for tile in tiles]
        rim_m = _nearest_m(centers[is_placed], places) - np.array(reach_m)[is_placed]
        away_km[is_placed] = np.maximum(0, rim_m) / 1000
    return away_km


def find_swapped(tiles: list[Tile], vacants: LonLat) -> dict[str, Box]:
    """Return the tiles that swapping x and y brings onto the city, with their true corners.

    Args:
        tiles: Tiles that are far from every vacant.
        vacants: Where the vacants are, one at least.
    """
    if not is_settled(vacants[:, 1]):
        return {}  # rather the parcels are swapped

    found = {}
    for tile in tiles:
        box = swap_box(tile.transform, (tile.height, tile.width))
        if box is None or not _is_near(_to_degrees(tile.crs, np.array([box.center])), vacants):
            continue
        if CRS(tile.crs).is_geographic or not is_in_area(tile):
            found[tile.path] = box
    return found


def is_settled(latitudes: NDArray[np.float64]) -> bool:
    """Tell whether a city can be there."""
    return SOUTHERNMOST < float(np.median(latitudes)) < NORTHERNMOST


def is_in_area(tile: Tile) -> bool:
    """Tell whether a tile lies where its CRS is used, and where a city can be."""
    center = _centers((tile,))
    if not is_settled(center[:, 1]):
        return False

    code = crs_words(tile.crs).epsg
    area = CRS.from_epsg(code).area_of_use if code else None
    return area is None or bool(
        area.west <= center[0, 0] <= area.east and area.south <= center[0, 1] <= area.north
    )


def _is_near(place: LonLat, vacants: LonLat) -> bool:
    """Tell whether a place, (1, 2), is near some vacant."""
    if not is_lon_lat(place[:, 0], place[:, 1]).all():
        return False
    return bool(_nearest_m(place, vacants)[0] <= NEAR_KM * 1000)


def _centers(tiles: tuple[Tile, ...]) -> LonLat:
    """Return where the middle of each tile is."""
    centers = np.full((len(tiles), 2), np.nan)
    for wkt in dict.fromkeys(tile.crs for tile in tiles):
        numbers = [number for number, tile in enumerate(tiles) if tile.crs == wkt]
        xy = np.array([np.mean(tiles[number].corners, axis=0) for number in numbers])
        centers[numbers] = _to_degrees(wkt, xy)
    return centers


def _to_degrees(wkt: str, xy: NDArray[np.float64]) -> LonLat:
    to_degrees = Transformer.from_crs(wkt, 4326, always_xy=True)
    return np.column_stack(to_degrees.transform(*xy.T))


def _nearest_m(places: LonLat, others: LonLat) -> NDArray[np.float64]:
    """Return how far each place is from the nearest of others on the sphere, meters."""
    chords = KDTree(_on_sphere(others)).query(_on_sphere(places))[0]
    return np.asarray(2 * EARTH_M * np.arcsin(np.clip(chords / 2, 0, 1)))


def _on_sphere(places: LonLat) -> NDArray[np.float64]:
    """Return places on the unit sphere, (n, 3)."""
    lon, lat = np.radians(places).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _away(away_km: float) -> str:
    return f"{away_km:,.0f} km" if np.isfinite(away_km) else "not on the earth"


def _far_trouble(named: list[str]) -> Trouble | None:
    return trouble_of(
        named,
        what=FAR.format(km=NEAR_KM),
        remedy=(
            "take them out of [[flyover]] path, or correct their CRS if they are of this city "
            "(gdal_edit.py -a_srs)"
        ),
    )


def _swapped_trouble(tiles: tuple[Tile, ...], swapped: dict[str, Box]) -> Trouble | None:
    """Name the tiles whose x and y are swapped, and what corrects the first."""
    found = [tile for tile in tiles if tile.path in swapped]
    if not found:
        return None

    first = found[0]
    x, y = np.mean(first.corners, axis=0).tolist()
    names = [f"{first.name} (x {x:.7g}, y {y:.7g})", *(tile.name for tile in found[1:])]
    other = ""
    if len(found) == len(tiles) and is_in_area(first):
        other = ", unless it is the parcels that are swapped"
    command = ullr_command(swapped[first.path], first.name)
    return Trouble(
        what=SWAPPED,
        examples=tuple(names),
        remedy=f"give each its true corners: {command}{other}",
        is_fix=len(found) > MANY * len(tiles),
    )
