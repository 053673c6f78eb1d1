"""What the page reads: columns of text, and outlines as one list of whole decimeters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_export.fire.dispatch.cad_words import CAD_REASONS
from gis_export.fire.map.base_map import BaseMap
from gis_export.fire.map.ground import TILE_PX, Ground
from gis_export.fire.map.photos import Photos
from gis_export.table.aging import add_months, as_date, latest_day
from gis_export.table.distinct import by_distinct
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_WORD, SYMBOLS
from gis_export.table.tables import csv_texts
from inference.hazard import USE_LIMIT, HazardWord
from inference.ledger import NEVER_PHOTOGRAPHED

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

COLUMNS = (
    "PARCEL_ID",
    "ADDRESS",
    "RISK_LVL",
    "RISK_TXT",
    "NA_REASON",
    "IMG_DATE",
    "ADJ_OCC",
    "OCC_SIDES",
    "SIGN_POST",
    "FIRE_DIST",
    "REVIEW_BY",
    "VERIFIED",
    "VER_DATE",
    "VISIT_TXT",
    "FIRE_DATE",
)
_UNITS_A_METER = 10
"""Outlines are whole decimeters."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """A part of the ground, meters east and south of the northwest corner."""

    west: float
    """Its western edge."""
    north: float
    """Its northern edge."""
    east: float
    """Its eastern edge."""
    south: float
    """Its southern edge."""


@dataclass(frozen=True, kw_only=True)
class DrawnMap:
    """What the map's folder shows beside the page."""

    ground: Ground | None
    """Where the map is; None when no parcel has a geometry."""
    base: BaseMap
    """The photo of the ground."""
    photos: Photos
    """Which rows have a photo of the roof."""
    before: tuple[str, ...]
    """Name of each row's photo of the year before, "" for none."""
    extent: Extent | None = None
    """What of the ground is shown first; None shows all of it."""


def page_data(
    rows: gpd.GeoDataFrame,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    drawn: DrawnMap,
    on_roll: Sequence[str] = (),
) -> dict[str, Json]:
    """Return what the page reads.

    Args:
        rows: The rows of the export.
        inputs: City, year and day.
        settings: The city's choices.
        drawn: Ground and photos.
        on_roll: Address of every row as the vacant roll spells it.
    """
    columns: dict[str, Json] = {name: list[Json](csv_texts(rows[name])) for name in COLUMNS}
    columns["ON_ROLL"] = _other_spellings(rows["ADDRESS"].tolist(), on_roll)
    columns["STALE"] = list[Json](_stale_after(rows, inputs, settings))

    data: dict[str, Json] = {
        "city": inputs.city,
        "year": inputs.year,
        "made": inputs.today.isoformat(),
        "frozen": bool(settings.as_of),
        "flown": _flown(rows),
        "staleAfter": _stale_day(rows, inputs, settings),
        "staleMonths": settings.stale_months,
        "useLimit": USE_LIMIT,
        "symbols": _legend(),
        "neverPhotographed": list[Json](NEVER_PHOTOGRAPHED),
        "reasons": {reason: words.lower() for reason, words in CAD_REASONS.items()},
        "columns": columns,
        "turned": drawn.photos.turned,
        "photos": list[Json](drawn.photos.names),
        "before": list[Json](drawn.before),
        "beforeFlown": _before_flown(inputs),
        "shapes": list[Json](shape_numbers(rows.geometry, drawn.ground)),
        "ground": _ground_json(drawn.ground, drawn.base, drawn.extent),
    }

    return data


def _other_spellings(addresses: list[str], on_roll: Sequence[str]) -> list[Json]:
    """Return the roll's spelling of each address, "" where it is the same."""
    if not on_roll:
        return [""] * len(addresses)

    pairs = zip(on_roll, addresses, strict=True)
    return ["" if roll == address else roll for roll, address in pairs]


def _flown(rows: gpd.GeoDataFrame) -> list[Json]:
    """Return the first and the last day of the flight, nothing where none is known."""
    days = _days(rows)
    return [days[0].isoformat(), days[-1].isoformat()] if days else []


def _before_flown(inputs: ExportInputs) -> str:
    """Return when the photos of the year before were taken, "" where there is no such year."""
    if not inputs.earlier:
        return ""

    before = inputs.earlier[0]
    return before.flown.isoformat() if before.flown else str(before.year)


def _stale_day(rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings) -> str:
    """Return the last day on which the oldest photo may still say NOT SEEN IN PHOTO."""
    days = _days(rows)
    flown = latest_day(days[0] if days else None, inputs.year)
    return add_months(flown, settings.stale_months).isoformat()


def _days(rows: gpd.GeoDataFrame) -> list[date]:
    """Return the days on which the rows were photographed, sorted."""
    return sorted({day for day in map(as_date, rows["IMG_DATE"]) if day is not None})


def _stale_after(
    rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings
) -> list[str]:
    """Return the last day on which each row may still say NOT SEEN IN PHOTO, "" for others."""
    last_day = partial(_last_day, year=inputs.year, months=settings.stale_months)
    return [str(day) for day in by_distinct(last_day, rows["RISK_LVL"], rows["IMG_DATE"])]


def _last_day(code: str, flown: date | None, *, year: int, months: int) -> str:
    """Return the last day on which a word counts, "" unless it is NOT SEEN IN PHOTO."""
    if code != BY_WORD[HazardWord.NOT_SEEN].code:
        return ""
    return add_months(latest_day(flown, year), months).isoformat()


def _legend() -> list[Json]:
    """Return the hazard words and their symbols."""
    return [
        {
            "code": symbol.code,
            "word": symbol.word.value,
            "shape": symbol.shape,
            "letter": symbol.letter,
            "color": symbol.color,
            "outline": symbol.outline,
            "meaning": symbol.meaning,
        }
        for symbol in SYMBOLS
    ]


def shape_numbers(shapes: gpd.GeoSeries, ground: Ground | None) -> list[int]:
    """Return every outline in one list of decimeters east and south of the northwest corner.

    A parcel is its number of rings, 0 when it has no geometry. Then comes a point inside it, then
    each ring as its number of points and the points. The first point is counted from the point
    inside, every further point from the one before. A ring closes by itself.
    """
    if ground is None:
        return [0] * len(shapes)

    numbers: list[int] = []
    for shape in shapes.to_crs(CRS(ground.crs)):
        if shape is None:
            numbers.append(0)
        else:
            numbers += _outline_numbers(shape, ground)
    return numbers


def _outline_numbers(shape: shapely.Geometry, ground: Ground) -> list[int]:
    """Return the numbers of one parcel."""
    rings = [_whole(polygon.exterior.coords, ground)[:-1] for polygon in shapely.get_parts(shape)]
    inside = _whole(shapely.point_on_surface(_largest(shape)).coords, ground)

    numbers = [len(rings), *inside[0].tolist()]
    for ring in rings:
        steps = np.diff(ring, axis=0, prepend=inside)
        numbers += [len(ring), *steps.ravel().tolist()]
    return numbers


def _largest(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the largest polygon of a shape."""
    polygons: list[shapely.Geometry] = shapely.get_parts(shape).tolist()
    return max(polygons, key=shapely.area)


def _whole(coordinates: object, ground: Ground) -> NDArray[np.int64]:
    """Return points as whole decimeters on the map, (N, 2)."""
    points = np.asarray(coordinates, dtype=np.float64)[:, :2]
    return np.rint(ground.place(points) * _UNITS_A_METER).astype(np.int64)


def _ground_json(ground: Ground | None, base: BaseMap, extent: Extent | None) -> Json:
    """Return the grid of the map and the names of its tiles."""
    if ground is None:
        return None

    return {
        "width": ground.width_m,
        "height": ground.height_m,
        "gsd": ground.gsd_m,
        "levels": ground.levels,
        "tilePx": TILE_PX,
        "tiles": list[Json](base.tiles),
        "unread": base.unread,
        "extent": [extent.west, extent.north, extent.east, extent.south] if extent else None,
    }
