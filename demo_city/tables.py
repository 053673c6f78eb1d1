"""The demo city's maps and lists: parcels, footprints, the vacant roll, labels, the truth."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
from shapely import box as rectangle
from shapely import transform, union_all
from shapely.geometry.base import BaseGeometry

from demo_city.layout import FEET_PER_M, LOT_DEPTH_M, Block, CityPlan, Lot, block_at, hood_name
from demo_city.noise import stream
from demo_city.states import YEARS, is_occupied, label_block, vacant_histories
from demo_city.tiles import CITY_CRS

STRIPPED_IDS = 0.3
SPELLINGS = {"missing": 0.02, "misspelled": 0.015, "range": 0.04, "long": 0.2}
"""Shares of the dispatcher's addresses that are not spelled as on the tax roll."""
LONG_WORDS = {"N": "NORTH", "E": "EAST", "S": "SOUTH", "W": "WEST", "ST": "STREET"}
STRAY_NOTICES = (("9998 014", "14 NOWHERE ST"), ("0001X002", "2 UNKNOWN CT"))


def write_parcels(plan: CityPlan, path: Path) -> None:
    """Write every parcel with what the assessor knows of it."""
    lots = [(b, lot) for b in _blocks(plan) for lot in b.lots]
    frame = gpd.GeoDataFrame(
        {
            "parcel_id": [lot.parcel_id for _, lot in lots],
            "block": [b.name for b, _ in lots],
            "address": [lot.address for _, lot in lots],
            "neighborhood": [hood_name(b.hood) for b, _ in lots],
            "fire_district": [f"F{b.hood % 4 + 1}" for b, _ in lots],
            "inspection_district": [f"I{b.hood // 2 % 5 + 1}" for b, _ in lots],
            "occupied": ["Y" if is_occupied(plan, b, lot) else "N" for b, lot in lots],
        },
        geometry=[_on_map(b, _lot_shape(lot)) for b, lot in lots],
        crs=CITY_CRS,
    )
    _write_map(frame, path)


def write_footprints(plan: CityPlan, path: Path) -> None:
    """Write outlines as a survey has them: one for each run of houses wall to wall; razed houses still there."""
    shapes = [_on_map(b, shape) for b in _blocks(plan) for shape in _outlines(b)]
    names = [f"B{i:06d}" for i in range(1, len(shapes) + 1)]
    _write_map(gpd.GeoDataFrame({"building_id": names}, geometry=shapes, crs=CITY_CRS), path)


def write_vacant(plan: CityPlan, path: Path) -> None:
    """Write the vacancy notices; some ids have lost their blank, two notices match no parcel."""
    rows: list[tuple[str, str, str]] = []
    for block in _blocks(plan):
        rng = stream(plan.seed, "notices", block.index)
        for index in vacant_histories(plan, block.index):
            lot = block.lots[index]
            day = np.datetime64("2006-01-01") + int(rng.integers(0, 5800))
            spelled = (
                lot.parcel_id.replace(" ", "") if rng.random() < STRIPPED_IDS else lot.parcel_id
            )
            rows.append((spelled, str(day), lot.address))
    rows += [(parcel_id, "2019-05-14", address) for parcel_id, address in STRAY_NOTICES]
    _write_csv(path, ("parcel_id", "notice_date", "address"), rows)


def write_addresses(plan: CityPlan, path: Path) -> None:
    """Write the addresses that dispatch knows, in its own spelling: some in long words, some under a range, some wrong, some not there."""
    rows = (
        row
        for block in _blocks(plan)
        for lot, draw in zip(block.lots, _draws(plan, block), strict=True)
        for row in _spelled(lot.address, draw)
    )
    _write_csv(path, ("address", "alias"), rows)


def _draws(plan: CityPlan, block: Block) -> list[float]:
    return [
        float(draw) for draw in stream(plan.seed, "dispatch", block.index).random(len(block.lots))
    ]


def _spelled(address: str, draw: float) -> list[tuple[str, str]]:
    """Return the row of one address, none where it is missing; `draw` in [0, 1) chooses the spelling."""
    number, direction, street, kind = address.split()
    edges = np.cumsum(list(SPELLINGS.values()))
    spelling = next(
        (name for name, edge in zip(SPELLINGS, edges, strict=True) if draw < edge), "same"
    )
    spelled = {
        "missing": [],
        "misspelled": [(f"{number} {direction} {street[:-1]} {kind}", "")],
        "range": [(f"{number}-{int(number) + 2} {direction} {street} {kind}", address)],
        "long": [(f"{number} {LONG_WORDS[direction]} {street} {LONG_WORDS[kind]}", "")],
    }
    return spelled.get(spelling, [(address, "")])


def write_labels(plan: CityPlan, path: Path) -> None:
    """Write what reviewers said of the first two years."""
    labels = [label for block in _blocks(plan) for label in label_block(plan, block.index)]
    _write_csv(
        path,
        ("parcel_id", "year", "roof_pct", "source"),
        ((x.parcel_id, x.year, x.roof_pct, x.source) for x in labels),
    )


def write_truth(plan: CityPlan, path: Path) -> None:
    """Write how every vacant roof really was in every year."""
    rows = (
        (block.lots[lot].parcel_id, year, roof.roof_pct, roof.condition)
        for block in _blocks(plan)
        for lot, history in vacant_histories(plan, block.index).items()
        for year, roof in zip(YEARS, history, strict=True)
    )
    _write_csv(path, ("parcel_id", "year", "roof_pct", "state"), rows)


def _blocks(plan: CityPlan) -> Iterable[Block]:
    return (block_at(plan, index) for index in range(plan.block_count))


def _lot_shape(lot: Lot) -> BaseGeometry:
    return _band(lot, 0.0, LOT_DEPTH_M, lot.left_m, lot.width_m)


def _house_shape(lot: Lot) -> BaseGeometry:
    house = lot.house
    rear_from = house.setback_m + house.front_depth_m
    front = _band(
        lot,
        house.setback_m,
        rear_from,
        lot.left_m + house.side_gap_m,
        lot.width_m - 2 * house.side_gap_m,
    )
    if not house.rear_depth_m:
        return front
    rear = _band(lot, rear_from, rear_from + house.rear_depth_m, lot.left_m, house.rear_width_m)
    return union_all([front, rear])


def _band(lot: Lot, near_m: float, far_m: float, left_m: float, width_m: float) -> BaseGeometry:
    """Return a rectangle of a lot, given by its distances from the front line, in block meters."""
    away = 1.0 if lot.row == 0 else -1.0
    ys = sorted((lot.front_m + away * near_m, lot.front_m + away * far_m))
    left, right = round(left_m, 3), round(left_m + width_m, 3)
    return rectangle(left, round(ys[0], 3), right, round(ys[1], 3))


def _outlines(block: Block) -> list[BaseGeometry]:
    """Merge houses that share a wall."""
    outlines: list[BaseGeometry] = []
    for row in range(2):
        shapes = [_house_shape(lot) for lot in block.lots if lot.row == row and lot.kind != "empty"]
        merged = union_all(shapes) if shapes else None
        if merged is not None:
            outlines += list(getattr(merged, "geoms", [merged]))
    return outlines


def _on_map(block: Block, shape: BaseGeometry) -> BaseGeometry:
    return transform(shape, lambda xy: block.to_ground_m(xy) * FEET_PER_M)


def _write_map(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoPackage under a temporary name, with a fixed date inside so that equal cities are equal files."""
    temporary = path.with_name(f".writing_{path.name}")
    temporary.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2024-03-01T00:00:00.000Z"})
    try:
        frame.to_file(temporary, layer=path.stem, driver="GPKG", engine="pyogrio")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    temporary.replace(path)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    temporary = path.with_name(f".writing_{path.name}")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    temporary.replace(path)
