"""The map of one fire district as a single HTML file, made from the finished map of the city."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np

from gis_export.fire.map.base_map import BaseMap
from gis_export.fire.map.ground import TILE_PX, Ground
from gis_export.fire.map.houses import NO_ROW, Houses
from gis_export.fire.map.houses_data import houses_data
from gis_export.fire.map.page_data import DrawnMap, Extent, Json, page_data
from gis_export.fire.map.page_file import DataScript, page_html
from gis_export.fire.map.photos import photo_path
from gis_export.fire.map.sides import Sides
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from imagery.file_names import safe_names

NOT_KNOWN = "not known"
"""Name of the district of buildings whose district is not known."""
_AROUND_M = 60.0
"""Ground around the roofs of a district."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Around:
    """All addresses of the city, and who is next to whom."""

    houses: Houses
    """The addresses."""
    sides: Sides
    """Their sides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FireMap:
    """The finished map of the city."""

    folder: Path
    """Where it is."""
    rows: gpd.GeoDataFrame
    """The rows of the export."""
    on_roll: Sequence[str]
    """Address of every row as the vacant roll spells it."""
    drawn: DrawnMap
    """Ground and photos."""
    around: Around | None
    """All addresses; None where there is no map."""


def write_district_maps(
    city: FireMap, out: Path, inputs: ExportInputs, settings: ExportSettings
) -> None:
    """Write one HTML file for every fire district, with this year's photos inside.

    Args:
        city: The finished map.
        out: Where to write.
        inputs: City, year and day.
        settings: The city's choices.
    """
    districts = np.array([name or NOT_KNOWN for name in city.rows["FIRE_DIST"]], dtype=object)
    names = safe_names(districts.tolist())

    out.mkdir(parents=True)
    for district, name in names.items():
        rows = np.flatnonzero(districts == district)
        text = _page(city, rows, district, inputs, settings)
        (out / f"{name}.html").write_text(text, encoding="utf-8")


def _page(
    city: FireMap,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    district: str,
    inputs: ExportInputs,
    settings: ExportSettings,
) -> str:
    """Return the page of one district."""
    numbers = rows.tolist()
    own = gpd.GeoDataFrame(city.rows.iloc[rows].reset_index(drop=True))
    extent = _extent(own, city.drawn.ground)
    drawn = DrawnMap(
        ground=city.drawn.ground if extent else None,
        base=_base_within(city.drawn, extent),
        photos=city.drawn.photos.take(numbers),
        before=("",) * len(numbers),
        extent=extent,
    )
    on_roll = [city.on_roll[row] for row in numbers]
    data = page_data(own, inputs, settings, drawn=drawn, on_roll=on_roll)

    scripts = (
        DataScript(file="data.js", name="ROOFWATCH", value={**data, "part": district}),
        DataScript(
            file="addresses.js",
            name="ROOFWATCH_HOUSES",
            value=_addresses(city.around, numbers, extent),
        ),
        DataScript(file="files.js", name="ROOFWATCH_FILES", value=_files(city.folder, drawn)),
    )
    return page_html(inputs, scripts, part=district)


def _extent(rows: gpd.GeoDataFrame, ground: Ground | None) -> Extent | None:
    """Return the ground around some roofs, None where none has a place."""
    if ground is None or rows.geometry.isna().all():
        return None

    west, south, east, north = rows.geometry.to_crs(ground.crs).total_bounds.tolist()
    return Extent(
        west=west - ground.west_m - _AROUND_M,
        north=ground.north_m - north - _AROUND_M,
        east=east - ground.west_m + _AROUND_M,
        south=ground.north_m - south + _AROUND_M,
    )


def _base_within(drawn: DrawnMap, extent: Extent | None) -> BaseMap:
    """Return the tiles of the ground that touch an extent."""
    if drawn.ground is None or extent is None:
        return replace(drawn.base, tiles=())

    kept = []
    for name in drawn.base.tiles:
        level, place = name.split("/")
        column, row = (int(number) for number in place.split("_"))
        side_m = TILE_PX * drawn.ground.gsd_m * 2 ** (drawn.ground.levels - 1 - int(level))
        is_across = column * side_m <= extent.east and (column + 1) * side_m >= extent.west
        if is_across and row * side_m <= extent.south and (row + 1) * side_m >= extent.north:
            kept.append(name)
    return replace(drawn.base, tiles=tuple(kept))


def _addresses(around: Around | None, rows: list[int], extent: Extent | None) -> Json:
    """Return the addresses within an extent, the rows counted anew.

    Those of other districts stay vacant, without a row.
    """
    if around is None or extent is None:
        return None

    houses = around.houses
    new_row = {row: place for place, row in enumerate(rows)}
    x, y = houses.places.T
    is_near = (x >= extent.west) & (x <= extent.east) & (y >= extent.north) & (y <= extent.south)
    is_own = np.array([house.row in new_row for house in houses.table], dtype=np.bool_)
    kept = np.flatnonzero(is_near | is_own)
    near = [houses.table[place] for place in kept]
    return houses_data(
        Houses(
            table=tuple(replace(house, row=new_row.get(house.row, NO_ROW)) for house in near),
            shapes=houses.shapes[kept],
            places=houses.places[kept],
        ),
        around.sides.among(kept),
    )


def _files(folder: Path, drawn: DrawnMap) -> dict[str, Json]:
    """Return the photos of a district as data addresses, under the names that its page asks for."""
    files = [f"base/{name}.webp" for name in drawn.base.tiles]
    files += [f"chips/{photo_path(name)}" for name in drawn.photos.names if name]
    return {name: _data_address(folder / name) for name in files}


def _data_address(path: Path) -> str:
    """Return a photo as text that stands for it in a page."""
    return f"data:image/webp;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
