"""Write the offline map folder: page, data, photo of the ground, photos of the roofs."""

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import jinja2
import shapely
from pyproj import CRS

from gis_export.fire_map.base_map import BaseMap, write_base_map
from gis_export.fire_map.ground import TILE_PX, Ground, ground_of
from gis_export.fire_map.photos import write_photos
from gis_export.inputs import ExportInputs, ExportSettings
from gis_export.symbols import SYMBOLS
from gis_export.tables import csv_texts
from inference.hazard import USE_LIMIT

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

COLUMNS = (
    "PARCEL_ID", "ADDRESS", "RISK_LVL", "RISK_TXT", "NA_REASON", "IMG_DATE", "ADJ_OCC", "OCC_SIDES", "SIGN_POST", "FIRE_DIST",
    "REVIEW_BY", "VERIFIED",
)  # fmt: skip
_NO_MAP = BaseMap(tiles=(), unread=0)


def write_fire_map(rows: gpd.GeoDataFrame, folder: Path, inputs: ExportInputs, settings: ExportSettings) -> None:
    """Write index.html and what it needs into the new folder `folder`."""
    with as_file(files("gis_export.fire_map") / "page") as page:
        shutil.copytree(page, folder)
    with as_file(files("gis_export.fire_map") / "vendor") as vendor:
        shutil.copytree(vendor, folder / "vendor")
    ground = ground_of(rows.geometry, gsd_m=settings.map.gsd_m, megapixels=settings.map.megapixels)
    base = _NO_MAP
    if ground is not None and inputs.flyover is not None:
        base = write_base_map(inputs.flyover, ground, folder)
    has_photo = write_photos(inputs.chips, rows["PARCEL_ID"].tolist(), folder / "chips")
    data = _page_data(rows, inputs, ground, base) | {"hasPhoto": list[Json](has_photo)}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    (folder / "data.js").write_text(f"window.ROOFWATCH={text};\n", encoding="utf-8")
    index = folder / "index.html"
    template = jinja2.Environment(autoescape=True).from_string(index.read_text(encoding="utf-8"))
    index.write_text(template.render(city=inputs.city, year=inputs.year, use_limit=USE_LIMIT), encoding="utf-8")


def _page_data(rows: gpd.GeoDataFrame, inputs: ExportInputs, ground: Ground | None, base: BaseMap) -> dict[str, Json]:
    legend: list[Json] = [
        {
            "code": symbol.code, "word": symbol.word.value, "shape": symbol.shape, "letter": symbol.letter, "color": symbol.color,
            "outline": symbol.outline, "meaning": symbol.meaning,
        }
        for symbol in SYMBOLS
    ]  # fmt: skip
    columns: dict[str, Json] = {name: list[Json](csv_texts(rows[name])) for name in COLUMNS}
    return {
        "city": inputs.city, "year": inputs.year, "made": inputs.today.isoformat(), "useLimit": USE_LIMIT, "symbols": legend,
        "columns": columns, "rings": _rings(rows, ground), "ground": _ground_json(ground, base),
    }  # fmt: skip


def _ground_json(ground: Ground | None, base: BaseMap) -> Json:
    if ground is None:
        return None
    return {
        "width": ground.width_m, "height": ground.height_m, "gsd": ground.gsd_m, "levels": ground.levels, "tilePx": TILE_PX,
        "tiles": list[Json](base.tiles), "unread": base.unread,
    }  # fmt: skip


def _rings(rows: gpd.GeoDataFrame, ground: Ground | None) -> list[Json]:
    """Return the outer rings of every parcel in meters on the map, [] without a geometry."""
    if ground is None:
        return [[] for _ in range(len(rows))]
    shapes = rows.geometry.to_crs(CRS(ground.crs))
    return [[] if shape is None else [_ring(part, ground) for part in shapely.get_parts(shape)] for shape in shapes]


def _ring(part: shapely.Polygon, ground: Ground) -> list[Json]:
    return [list[Json](ground.place(x, y)) for x, y in part.exterior.coords]
