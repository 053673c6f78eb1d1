"""The demo city's maps and lists: parcels, footprints, the vacant roll, labels, the truth."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
from shapely import box as rectangle
from shapely import transform, union_all
from shapely.geometry.base import BaseGeometry

from demo_city.folder import writing_path
from demo_city.layout import FEET_PER_M, Block, CityPlan, block_at, hood_name
from demo_city.lots import LOT_DEPTH_M, Lot
from demo_city.noise import stream
from demo_city.states import YEARS, is_occupied, label_block, vacant_histories
from demo_city.tiles import CITY_CRS

STRIPPED_IDS = 0.3
"""Share of notices whose parcel id has lost its blank."""
FIRST_NOTICE = np.datetime64("2006-01-01")
STRAY_NOTICES = (("9998 014", "14 NOWHERE ST"), ("0001X002", "2 UNKNOWN CT"))
"""Notices that match no parcel: id, address."""
STRAY_DAY = "2019-05-14"
SPELLINGS = {"missing": 0.02, "misspelled": 0.015, "range": 0.04, "long": 0.2}
"""Shares of the dispatcher's addresses that are not spelled as on the tax roll."""
LONG_WORDS = {"N": "NORTH", "E": "EAST", "S": "SOUTH", "W": "WEST", "ST": "STREET"}
FIXED_TIME = "2024-03-01T00:00:00.000Z"
"""Time in every GeoPackage, so that equal cities are equal files."""


def write_parcels(plan: CityPlan, path: Path) -> None:
    """Write every parcel with what the assessor knows of it."""
    rows = []
    shapes = []
    for block in _blocks(plan):
        for lot in block.lots:
            rows.append(_parcel_row(plan, block, lot))
            shapes.append(_on_map(block, _lot_shape(lot)))

    _write_map(gpd.GeoDataFrame(rows, geometry=shapes, crs=CITY_CRS), path)


def write_footprints(plan: CityPlan, path: Path) -> None:
    """Write outlines as a survey has them: one for each run of houses wall to wall.

    Houses that were razed since are still there.
    """
    shapes = []
    for block in _blocks(plan):
        shapes += [_on_map(block, shape) for shape in _outlines(block)]

    names = [f"B{number:06d}" for number in range(1, len(shapes) + 1)]
    _write_map(gpd.GeoDataFrame({"building_id": names}, geometry=shapes, crs=CITY_CRS), path)


def write_vacant(plan: CityPlan, path: Path) -> None:
    """Write the vacancy notices; some ids have lost their blank, two notices match no parcel."""
    rows: list[tuple[str, str, str]] = []
    for block in _blocks(plan):
        rng = stream(plan.seed, "notices", block.index)
        for index in vacant_histories(plan, block.index):
            lot = block.lots[index]
            day = FIRST_NOTICE + int(rng.integers(0, 5800))
            is_stripped = rng.random() < STRIPPED_IDS
            spelled = lot.parcel_id.replace(" ", "") if is_stripped else lot.parcel_id
            rows.append((spelled, str(day), lot.address))

    rows += [(parcel_id, STRAY_DAY, address) for parcel_id, address in STRAY_NOTICES]
    _write_csv(path, ("parcel_id", "notice_date", "address"), rows)


def write_addresses(plan: CityPlan, path: Path) -> None:
    """Write the addresses that dispatch knows, in its own spelling.

    Some are in long words, some under a range of numbers, some wrong, some missing.
    """
    rows: list[tuple[str, str]] = []
    for block in _blocks(plan):
        draws = stream(plan.seed, "dispatch", block.index).random(len(block.lots))
        for lot, draw in zip(block.lots, draws.tolist(), strict=True):
            rows += _spell(lot.address, draw)
    _write_csv(path, ("address", "alias"), rows)


def write_labels(plan: CityPlan, path: Path, draw: int = 0) -> None:
    """Write what reviewers said of the first two years; see `label_block`."""
    rows = []
    for block in _blocks(plan):
        for label in label_block(plan, block.index, draw):
            rows.append((label.parcel_id, label.year, label.roof_pct, label.source))
    _write_csv(path, ("parcel_id", "year", "roof_pct", "source"), rows)


def write_truth(plan: CityPlan, path: Path) -> None:
    """Write how every vacant roof really was in every year."""
    rows = []
    for block in _blocks(plan):
        for lot, history in vacant_histories(plan, block.index).items():
            parcel_id = block.lots[lot].parcel_id
            for year, roof in zip(YEARS, history, strict=True):
                rows.append((parcel_id, year, roof.roof_pct, roof.condition))
    _write_csv(path, ("parcel_id", "year", "roof_pct", "state"), rows)


def _blocks(plan: CityPlan) -> Iterator[Block]:
    return (block_at(plan, index) for index in range(plan.block_count))


def _parcel_row(plan: CityPlan, block: Block, lot: Lot) -> dict[str, str]:
    return {
        "parcel_id": lot.parcel_id,
        "block": block.name,
        "address": lot.address,
        "neighborhood": hood_name(block.hood),
        "fire_district": f"F{block.hood % 4 + 1}",
        "inspection_district": f"I{block.hood // 2 % 5 + 1}",
        "occupied": "Y" if is_occupied(plan, block, lot) else "N",
    }


def _spell(address: str, draw: float) -> list[tuple[str, str]]:
    """Return the row (address, alias) of one address, none where it is missing.

    Args:
        address: As on the tax roll: number, direction, name, kind of street.
        draw: Chooses the spelling, 0 to 1.
    """
    number, direction, street, kind = address.split()
    match _choose_spelling(draw):
        case "missing":
            return []
        case "misspelled":
            return [(f"{number} {direction} {street[:-1]} {kind}", "")]
        case "range":
            return [(f"{number}-{int(number) + 2} {direction} {street} {kind}", address)]
        case "long":
            return [(f"{number} {LONG_WORDS[direction]} {street} {LONG_WORDS[kind]}", "")]
        case _:
            return [(address, "")]


def _choose_spelling(draw: float) -> str:
    edge = 0.0
    for spelling, share in SPELLINGS.items():
        edge += share
        if draw < edge:
            return spelling
    return "same"


def _lot_shape(lot: Lot) -> BaseGeometry:
    return _band(lot, (0.0, LOT_DEPTH_M), left_m=lot.left_m, width_m=lot.width_m)


def _house_shape(lot: Lot) -> BaseGeometry:
    house = lot.house
    front_m = house.setback_m
    yard_m = front_m + house.front_depth_m
    front = _band(
        lot,
        (front_m, yard_m),
        left_m=lot.left_m + house.side_gap_m,
        width_m=lot.width_m - 2 * house.side_gap_m,
    )
    if not house.rear_depth_m:
        return front

    rear_m = (yard_m, yard_m + house.rear_depth_m)
    rear = _band(lot, rear_m, left_m=lot.left_m, width_m=house.rear_width_m)
    return union_all([front, rear])


def _band(lot: Lot, depth_m: tuple[float, float], *, left_m: float, width_m: float) -> BaseGeometry:
    """Return a rectangle of a lot in block meters; `depth_m` counts from the front line."""
    away = 1.0 if lot.row == 0 else -1.0
    near_y, far_y = (lot.front_m + away * depth for depth in depth_m)
    top = round(min(near_y, far_y), 3)
    bottom = round(max(near_y, far_y), 3)
    return rectangle(round(left_m, 3), top, round(left_m + width_m, 3), bottom)


def _outlines(block: Block) -> list[BaseGeometry]:
    """Merge houses that share a wall."""
    outlines: list[BaseGeometry] = []
    for row in range(2):
        lots = [lot for lot in block.lots if lot.row == row and lot.kind != "empty"]
        if lots:
            merged = union_all([_house_shape(lot) for lot in lots])
            outlines += list(getattr(merged, "geoms", [merged]))
    return outlines


def _on_map(block: Block, shape: BaseGeometry) -> BaseGeometry:
    return transform(shape, lambda xy_m: block.to_ground_m(xy_m) * FEET_PER_M)


def _write_map(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoPackage under a temporary name and rename it."""
    temporary = writing_path(path)
    temporary.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_TIME})
    try:
        frame.to_file(temporary, layer=path.stem, driver="GPKG", engine="pyogrio")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    temporary.replace(path)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    temporary = writing_path(path)
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    temporary.replace(path)
