"""Whether the city's layers can be brought onto its imagery well enough. No file is opened.

Layers of one datum meet exactly. Datums of other ages, such as NAD27 and NAD83, meet as well as the
best transformation that PROJ has here; a better one often wants a grid file.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.transformer import TransformerGroup

from imagery.crs import Place, crs_words
from imagery.roll.declared import Layer
from imagery.shapes import Shapes

GEOCENTRIC_M = 6_378_137.0
"""Equatorial radius of the ellipsoids of satellite datums: WGS 84, NAD83, ETRS89, GDA2020."""
SAME_RADIUS_M = 0.5
"""Ellipsoids whose radii differ by less are of one kind."""
MOST_OFF = 1 / 3
"""Share of the median lot width that a transformation may be off."""
AROUND = 0.1
"""How far around the middle of the city transformations are asked for, degrees."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """The best way from one datum to another that is possible here."""

    name: str
    """Name of the operation."""
    accuracy_m: float
    """How far it may be off, meters; infinite where nothing is known."""
    grids: tuple[str, ...]
    """Grid files of a better one, which are not installed."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What layers are laid onto."""

    name: str
    """Its name, such as "imagery"."""
    crs: tuple[str, ...]
    """WKT of every CRS that it has."""


def find_datum_lines(
    layers: tuple[Layer, ...], ground: Ground, *, shapes: Shapes, place: Place | None
) -> list[str]:
    """Name the layers that cannot be brought onto a ground within a third of a lot's width.

    Args:
        layers: Files of places.
        ground: What they are laid onto.
        shapes: Outlines of the vacants in meters, None where there is none.
        place: Middle of the vacants.
    """
    lines = []
    for layer in layers:
        others = [CRS(wkt) for wkt in ground.crs if needs_shift(layer.crs, CRS(wkt))]
        if not others or place is None:
            continue

        width_m = median_width_m(shapes)
        shifts = [find_shift(layer.crs, other, place) for other in others]
        worst = int(np.argmax([shift.accuracy_m for shift in shifts]))
        if shifts[worst].accuracy_m > MOST_OFF * width_m:
            start = f"{layer.name} in {crs_words(layer.crs.to_wkt())} and {ground.name}"
            lines.append(_datum_line(start, others[worst], shifts[worst], width_m))
    return lines


def needs_shift(one: CRS, other: CRS) -> bool:
    """Tell whether two CRSs have datums that do not meet within a meter or two.

    Satellite datums (WGS 84, NAD83, ETRS89) count as one: vendors declare one for the other, and no
    grid file brings them nearer.
    """
    if _is_geocentric(one) and _is_geocentric(other):
        return False

    ours = one.geodetic_crs
    theirs = other.geodetic_crs
    if ours is None or theirs is None:
        return False
    return not ours.equals(theirs, ignore_axis_order=True) and ours.datum != theirs.datum


def _is_geocentric(crs: CRS) -> bool:
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        return False
    return abs(ellipsoid.semi_major_metre - GEOCENTRIC_M) < SAME_RADIUS_M


def find_shift(one: CRS, other: CRS, place: Place) -> Shift:
    """Return the best transformation between two CRSs around a place; asks no network.

    Where PROJ knows none but to leave degrees as they are, both are brought to WGS 84, as the
    chips are.
    """
    direct = _best(one, other, place)
    if np.isfinite(direct.accuracy_m):
        return direct

    degrees = CRS.from_epsg(4326)
    steps = [_best(crs, degrees, place) for crs in (one, other) if not _is_geocentric(crs)]
    return Shift(
        name=" and ".join(step.name for step in steps),
        accuracy_m=sum(step.accuracy_m for step in steps),
        grids=direct.grids,
    )


def _best(one: CRS, other: CRS, place: Place) -> Shift:
    """Return the best transformation from one CRS to another that is possible here."""
    around = AreaOfInterest(
        place.lon - AROUND, place.lat - AROUND, place.lon + AROUND, place.lat + AROUND
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a missing grid is told in the line
        group = TransformerGroup(
            one,
            other,
            always_xy=True,
            area_of_interest=around,  # type: ignore[arg-type]  # the stub names a private class
        )

    name = "no transformation"
    accuracy_m = np.inf
    if group.transformers:
        first = group.transformers[0]
        name = _operation_name(first.description)
        accuracy_m = first.accuracy if first.accuracy >= 0 else np.inf

    for operation in group.unavailable_operations:
        grids = tuple(grid.short_name for grid in operation.grids if not grid.available)
        if grids and 0 <= operation.accuracy < accuracy_m:
            return Shift(name=name, accuracy_m=float(accuracy_m), grids=grids)
    return Shift(name=name, accuracy_m=float(accuracy_m), grids=())


def _operation_name(description: str) -> str:
    """Return the part of an operation's name that changes the datum."""
    steps = [step.strip() for step in description.split(" + ")]
    telling = [step for step in steps if " to " in step]
    return " + ".join(telling) or description


def median_width_m(shapes: Shapes) -> float:
    """Return the median short side of the smallest turned rectangle around shapes, meters."""
    boxes = shapely.oriented_envelope(shapes[~shapely.is_missing(shapes)])
    boxes = boxes[shapely.get_type_id(boxes) == shapely.GeometryType.POLYGON]
    if not len(boxes):
        return 0.0

    rings = shapely.get_coordinates(boxes).reshape(-1, 5, 2)
    sides_m = np.linalg.norm(np.diff(rings[:, :3], axis=1), axis=2)  # (n, 2)
    return float(np.median(sides_m.min(axis=1)))


def _datum_line(start: str, other: CRS, shift: Shift, width_m: float) -> str:
    off = "nobody knows how well"
    if np.isfinite(shift.accuracy_m):
        off = f"only to {shift.accuracy_m:.1f} m"
    theirs = crs_words(other.to_wkt())
    code = f"EPSG:{theirs.epsg}" if theirs.epsg else "its CRS"

    remedy = f"bring the file to {code} with the transformation of your surveyor"
    if shift.grids:
        files = " and ".join(shift.grids)
        commands = " && ".join(f"pyproj sync --file {grid}" for grid in shift.grids)
        remedy = f"install {files} ({commands}); where that is not enough, {remedy}"
    return (
        f"{start} in {theirs} agree {off} ({shift.name}), "
        f"want {MOST_OFF * width_m:.1f} m, a third of the median lot width; "
        f"{remedy}"
    )
