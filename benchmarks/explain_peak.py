"""How often the heat map's peak is in the part of a roof that truly fails, in a demo city.

    python -m benchmarks.explain_peak

Roofs that are 10% to 60% open, in the year that was scored last. The peak counts when it is in the
open part or within 1 m of it. Beside it: chance (the share of the roof that counts), the middle of
the roof, and its darkest spot of 1 m.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from affine import Affine
from numpy.typing import NDArray

from demo_city.failing_area import ChipGrid, failing_area, vacant_lots
from demo_city.layout import CityPlan
from imagery.chips.store import GRID_COLUMNS, ChipStore, StoredChip, open_store
from imagery.chips.tiling import metric_crs
from inference.explain_heat import heat_map, peak
from inference.explain_model import heat_model
from inference.hazard import HazardWord
from models.files import Model, load_model
from models.registry import resolve_model
from roofwatch.config import read_city
from roofwatch.year import City, CityYear

FAILING_PCT = (10, 60)
NEAR_M = 1.0
LISTED = (HazardWord.LIKELY, HazardWord.POSSIBLE)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What came of one roof."""

    listed: bool
    """Its word is LIKELY or POSSIBLE."""
    chance: float
    """Share of the roof that counts as a hit."""
    peak: bool
    """The heat map's peak is a hit."""
    middle: bool
    """The middle of the roof's box is a hit."""
    darkest: bool
    """The darkest spot is a hit."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--demo",
        type=Path,
        default=Path("demo"),
        help="a demo city that has been run (default: demo)",
    )
    parser.add_argument("--year", type=int, default=2024)
    options = parser.parse_args()

    hits = pd.DataFrame(measure_peaks(options.demo, options.year))
    _print_shares(f"{options.year} all", hits)
    _print_shares(f"{options.year} LIKELY or POSSIBLE", hits[hits["listed"]])
    _print_shares(f"{options.year} not listed", hits[~hits["listed"]])


def _print_shares(name: str, hits: pd.DataFrame) -> None:
    if hits.empty:
        return
    columns = ("peak", "chance", "middle", "darkest")
    shares = ", ".join(f"{column} {hits[column].mean():.2f}" for column in columns)
    print(f"{name}: {len(hits)} roofs, within {NEAR_M:g} m of the open part: {shares}")


def measure_peaks(demo: Path, year: int) -> list[Hit]:
    """Explain the failing roofs of a demo city with its champion."""
    city = City(file=read_city(demo / "city.toml"), quiet=True)
    record = json.loads((demo / "demo.json").read_text(encoding="utf-8"))
    plan = CityPlan(parcels=record["parcels"], seed=record["seed"])
    lots = vacant_lots(plan)

    version = resolve_model(city.registry, "champion")
    model = load_model(version.folder, version.sha256)
    store = open_store(city.year(year).files.chips.folder)
    crs = metric_crs(city.roll)

    hits = []
    failing = _failing_roofs(city.year(year), demo / "truth.csv")
    for parcel_id, word in zip(failing["parcel_id"], failing["hazard"], strict=True):
        chip = _read_chip(store, parcel_id)
        transform = _transform(store, parcel_id)
        grid = ChipGrid(shape=chip.mask.shape, transform=transform, crs=crs)
        area = failing_area(plan, lots[parcel_id], year, grid)
        hits.append(measure_peak(model, chip, area, listed=word in LISTED))
    return hits


def measure_peak(model: Model, chip: StoredChip, area: NDArray[np.bool_], *, listed: bool) -> Hit:
    """Compare the peak of one roof with the part that truly fails (H, W)."""
    gsd_m = model.spec.gsd_m
    reach_px = round(NEAR_M / gsd_m)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach_px + 1, 2 * reach_px + 1))
    is_hit = np.asarray(cv2.dilate(area.astype(np.uint8), disk), np.bool_)

    return Hit(
        listed=listed,
        chance=float(is_hit[chip.mask].mean()),
        peak=bool(is_hit[peak(heat_map(heat_model(model), chip), chip.mask, gsd_m=gsd_m)]),
        middle=bool(is_hit[_middle(chip)]),
        darkest=bool(is_hit[_darkest(chip, reach_px)]),
    )


def _failing_roofs(year: CityYear, truth_file: Path) -> pd.DataFrame:
    """Return the scored roofs that are partly open: parcel_id, hazard."""
    ledger = pd.read_parquet(year.files.ledger, columns=["parcel_id", "status", "hazard"])
    truth = pd.read_csv(truth_file, dtype={"parcel_id": str})
    is_failing = (truth["year"] == year.year) & truth["roof_pct"].between(*FAILING_PCT)

    scored = ledger[ledger["status"] == "scored"]
    return scored.merge(truth[is_failing], on="parcel_id")


def _read_chip(store: ChipStore, parcel_id: str) -> StoredChip:
    chip = store.read(parcel_id)
    if chip is None:
        raise ValueError(f"parcel {parcel_id} is scored and has no chip")
    return chip


def _transform(store: ChipStore, parcel_id: str) -> Affine:
    row = store.manifest.iloc[store.rows[parcel_id]]
    return Affine(*(float(row[name]) for name in GRID_COLUMNS))


def _middle(chip: StoredChip) -> tuple[int, int]:
    """Return the middle of the roof's box, (row, column)."""
    rows, columns = np.nonzero(chip.mask)
    return int(rows.min() + rows.max()) // 2, int(columns.min() + columns.max()) // 2


def _darkest(chip: StoredChip, side_px: int) -> tuple[int, int]:
    """Return the darkest spot of the roof, (row, column)."""
    gray = np.ascontiguousarray(chip.pixels.mean(axis=0, dtype=np.float32))
    spots = np.where(chip.mask, cv2.blur(gray, (side_px, side_px)), np.inf)
    row, column = np.unravel_index(int(spots.argmin()), spots.shape)
    return int(row), int(column)


if __name__ == "__main__":
    main()
