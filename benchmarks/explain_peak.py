"""`python -m benchmarks.explain_peak`: how often the heat map's peak lies in the part of a roof that truly fails, in a demo city.

Roofs that are 10% to 60% open, in the year that was scored last; the peak counts when it lies in the open part or within 1 m of it.
Beside it: chance (the share of the roof that counts), the middle of the roof, and its darkest spot of 1 m.
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

from demo_city.failing_area import failing_area, vacant_lots
from demo_city.layout import CityPlan
from imagery.chips.store import GRID_COLUMNS, StoredChip, open_store
from imagery.chips.tiling import metric_crs
from inference.explain_heat import heat_map, peak
from inference.hazard import HazardWord
from models.files import Model, load_model
from models.registry import resolve_model
from roofwatch.config import read_city
from roofwatch.year import City

FAILING_PCT = (10, 60)
NEAR_M = 1.0


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
    for name, rows in (
        ("all", hits),
        ("LIKELY or POSSIBLE", hits[hits["listed"]]),
        ("not listed", hits[~hits["listed"]]),
    ):
        if len(rows):
            shares = ", ".join(
                f"{column} {rows[column].mean():.2f}"
                for column in ("peak", "chance", "middle", "darkest")
            )
            print(
                f"{options.year} {name}: {len(rows)} roofs, within {NEAR_M:g} m of the open part: {shares}"
            )


def measure_peaks(demo: Path, year: int) -> list[Hit]:
    """Explain the failing roofs of a demo city with its champion."""
    city = City(file=read_city(demo / "city.toml"))
    plan = CityPlan(
        **{
            name: json.loads((demo / "demo.json").read_text(encoding="utf-8"))[name]
            for name in ("parcels", "seed")
        }
    )
    version = resolve_model(city.registry, "champion")
    model, crs, lots = (
        load_model(version.folder, version.sha256),
        metric_crs(city.roll),
        vacant_lots(plan),
    )
    folder = city.folder(year)
    store, ledger = (
        open_store(folder / "chips"),
        pd.read_parquet(folder / "ledger.parquet", columns=["parcel_id", "status", "hazard"]),
    )
    truth = pd.read_csv(demo / "truth.csv", dtype={"parcel_id": str})
    rows = ledger[ledger["status"] == "scored"].merge(
        truth[(truth["year"] == year) & truth["roof_pct"].between(*FAILING_PCT)], on="parcel_id"
    )
    hits = []
    for parcel_id, word in zip(rows["parcel_id"], rows["hazard"], strict=True):
        row = store.manifest.iloc[store.rows[parcel_id]]
        chip = store.read(parcel_id)
        assert chip is not None
        grid = Affine(*(float(row[name]) for name in GRID_COLUMNS))
        area = failing_area(
            plan, lots[parcel_id], year, shape=chip.mask.shape, transform=grid, crs=crs
        )
        hits.append(
            measure_peak(
                model,
                chip,
                area,
                gsd_m=model.spec.gsd_m,
                listed=word in (HazardWord.LIKELY.value, HazardWord.POSSIBLE.value),
            )
        )
    return hits


def measure_peak(
    model: Model, chip: StoredChip, area: NDArray[np.bool_], *, gsd_m: float, listed: bool
) -> Hit:
    """Compare the peak of one roof with the part that truly fails (H, W)."""
    reach = round(NEAR_M / gsd_m)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    counts = np.asarray(cv2.dilate(area.astype(np.uint8), disk), np.bool_)
    gray = cv2.blur(
        np.ascontiguousarray(chip.pixels.mean(axis=0, dtype=np.float32)), (reach, reach)
    )
    darkest = np.unravel_index(int(np.where(chip.mask, gray, np.inf).argmin()), gray.shape)
    rows, columns = np.nonzero(chip.mask)
    middle = (int(rows.min() + rows.max()) // 2, int(columns.min() + columns.max()) // 2)
    return Hit(
        listed=listed,
        chance=float(counts[chip.mask].mean()),
        peak=bool(counts[peak(heat_map(model, chip), chip.mask, gsd_m=gsd_m)]),
        middle=bool(counts[middle]),
        darkest=bool(counts[darkest]),
    )


if __name__ == "__main__":
    main()
