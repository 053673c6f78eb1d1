"""What the page reads: columns of text, and outlines as whole decimeters in one row of numbers."""

import json
from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_export.fire.map.base_map import BaseMap
from gis_export.fire.map.ground import TILE_PX, Ground
from gis_export.table.aging import add_months, latest_day
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
)
_UNITS_A_METER = 10  # decimeters


def page_script(
    rows: gpd.GeoDataFrame,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    ground: Ground | None,
    base: BaseMap,
    has_photo: list[bool],
    on_roll: Sequence[str] = (),
) -> str:
    """Return data.js: one assignment, in which no text of the city can end the script."""
    legend: list[Json] = [
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
    columns: dict[str, Json] = {name: list[Json](csv_texts(rows[name])) for name in COLUMNS}
    columns["ON_ROLL"] = [
        other if other != own else ""
        for other, own in zip(on_roll or rows["ADDRESS"], rows["ADDRESS"], strict=True)
    ]
    columns["STALE"] = list[Json](_stale_after(rows, inputs, settings))
    data: dict[str, Json] = {
        "city": inputs.city,
        "year": inputs.year,
        "made": inputs.today.isoformat(),
        "frozen": bool(settings.as_of),
        "useLimit": USE_LIMIT,
        "symbols": legend,
        "neverPhotographed": list[Json](NEVER_PHOTOGRAPHED),
        "columns": columns,
        "photos": "".join("01"[has] for has in has_photo),
        "shapes": list[Json](shape_numbers(rows.geometry, ground)),
        "ground": _ground_json(ground, base),
    }
    text = json.dumps(data, separators=(",", ":")).replace(
        "<", "\\u003c"
    )  # in ASCII, which browsers read faster
    return f"window.ROOFWATCH={text};\n"


def _stale_after(
    rows: gpd.GeoDataFrame, inputs: ExportInputs, settings: ExportSettings
) -> list[str]:
    """Return the last day on which each row may still say NOT SEEN IN PHOTO, "" where it says something else."""

    def last(code: str, flown: date | None) -> str:
        return (
            add_months(latest_day(flown, inputs.year), settings.stale_months).isoformat()
            if code == BY_WORD[HazardWord.NOT_SEEN].code
            else ""
        )

    return [str(day) for day in by_distinct(last, rows["RISK_LVL"], rows["IMG_DATE"])]


def shape_numbers(shapes: gpd.GeoSeries, ground: Ground | None) -> list[int]:
    """Return every outline in one list of decimeters east and south of the map's northwest corner.

    A parcel is its number of rings, 0 without a place; then a point inside it; then each ring as its number of points,
    the first point counted from the point inside, and every further point counted from the one before. A ring closes by itself.
    """
    if ground is None:
        return [0] * len(shapes)
    numbers: list[int] = []
    for shape in shapes.to_crs(CRS(ground.crs)):
        rings = (
            []
            if shape is None
            else [_whole(part.exterior.coords, ground)[:-1] for part in shapely.get_parts(shape)]
        )
        numbers.append(len(rings))
        if shape is not None:
            inside = _whole(shapely.point_on_surface(_largest(shape)).coords, ground)
            numbers += inside[0].tolist()
            for ring in rings:
                steps = np.diff(ring, axis=0, prepend=inside)
                numbers += [len(ring), *steps.ravel().tolist()]
    return numbers


def _largest(shape: shapely.Geometry) -> shapely.Geometry:
    parts: list[shapely.Geometry] = shapely.get_parts(shape).tolist()
    return max(parts, key=shapely.area)


def _whole(coordinates: object, ground: Ground) -> NDArray[np.int64]:
    """Return points as whole decimeters on the map, (N, 2)."""
    points = np.asarray(coordinates, dtype=np.float64)[:, :2]
    return np.rint(ground.place(points) * _UNITS_A_METER).astype(np.int64)


def _ground_json(ground: Ground | None, base: BaseMap) -> Json:
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
    }
