"""Where a table says that its rows are: points, text such as "(39.3, -76.6)", or two columns."""

from dataclasses import dataclass, field

import numpy as np

from imagery.values.degrees import read_degrees
from roofwatch.proposal.columns import ColumnLook
from roofwatch.proposal.overlaps import share_near
from roofwatch.proposal.tables import CityTable

NEAR_ENOUGH = 0.5
"""Share of the places that must lie near the parcels."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One way in which a table says where its rows are."""

    keys: dict[str, str] = field(default_factory=dict)
    """Keys of the city file and their columns; empty for points of the layer itself."""
    share: float
    """Share of the places that lie near the parcels."""
    evidence: str
    """The same in words."""


def find_places(table: CityTable, parcels: CityTable) -> list[Place]:
    """Return the ways in which a table says where its rows are, the best first."""
    found = [*_points(table, parcels), *_texts(table, parcels), *_columns(table, parcels)]
    return [place for place in found if place.share >= NEAR_ENOUGH]


def _points(table: CityTable, parcels: CityTable) -> list[Place]:
    share = share_near(table.points[:, 0], table.points[:, 1], parcels)
    words = f"{share:.0%} of its points lie near the parcels"
    return [Place(share=share, evidence=words)] if table.shapes is not None else []


def _texts(table: CityTable, parcels: CityTable) -> list[Place]:
    found = []
    for look in table.looks.values():
        lon = look.pairs.lon.to_numpy(np.float64)
        if not len(lon) or np.isfinite(lon).mean() < NEAR_ENOUGH:
            continue
        share = share_near(lon, look.pairs.lat.to_numpy(np.float64), parcels)
        words = f"{share:.0%} of the points in `{look.name}` lie near the parcels"
        found.append(Place(keys={"location": look.name}, share=share, evidence=words))
    return found


def _columns(table: CityTable, parcels: CityTable) -> list[Place]:
    """Return the pairs of columns of degrees in which most rows lie near the parcels."""
    middle = parcels.middle
    if middle is None:
        return []
    lons = [look for look in table.looks.values() if _is_near(look, middle.lon, "EW")]
    lats = [look for look in table.looks.values() if _is_near(look, middle.lat, "NS")]
    if not lons or not lats or lons[0] is lats[0]:
        return []

    lon = read_degrees(lons[0].texts, halves="EW").to_numpy(np.float64)
    lat = read_degrees(lats[0].texts, halves="NS").to_numpy(np.float64)
    share = share_near(lon, lat, parcels)
    keys = {"lon": lons[0].name, "lat": lats[0].name}
    words = f"{share:.0%} of `{lons[0].name}`, `{lats[0].name}` lie near the parcels"
    return [Place(keys=keys, share=share, evidence=words)]


def _is_near(look: ColumnLook, degrees: float, halves: str) -> bool:
    """Tell whether most cells are within a degree of a number, and not all alike."""
    if look.filled < NEAR_ENOUGH or not len(look.sample):
        return False
    numbers = read_degrees(look.sample, halves=halves)
    is_fine = look.sample.str.contains(r"\.\d{3}", regex=True).mean() > NEAR_ENOUGH
    return bool(is_fine) and float((np.abs(numbers - degrees) < 1).mean()) > 0.8
