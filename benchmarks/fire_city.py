"""The fire map's bench city: vacant row houses on blocks over some 15 km, hazard words in a real city's shares, chips with grain.

Everything comes from one seed. There is no flyover, so the ground stays gray; the chips are as large as those of a 7.5 cm flyover.
"""

from datetime import date
from pathlib import Path

import cv2
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.affinity import rotate

from gis_export.table.inputs import ExportInputs, no_looks
from imagery.chips.store import ChipStore, shard_path
from imagery.roll.parcels import VacantRoll
from inference.ledger import COLUMNS, Ledger

YEAR, FLOWN, TODAY = 2024, date(2024, 3, 9), date(2024, 6, 1)
CITY_M, BLOCK_M, LOT_M = 15_000.0, (90.0, 70.0), (5.0, 22.0)
WEST_M, SOUTH_M = 350_000.0, 4_345_000.0
LOTS_A_BLOCK = 2 * int(BLOCK_M[0] / LOT_M[0])
SHARES = {
    "CONFIRMED": 0.01,
    "LIKELY": 0.05,
    "POSSIBLE": 0.09,
    "NOT ASSESSED": 0.07,
    "NOT SEEN IN PHOTO": 0.78,
}
STREETS = (
    "CAREY",
    "MOUNT",
    "GILMOR",
    "STRICKER",
    "FULTON",
    "MONROE",
    "CALHOUN",
    "PEÑA",
    "O'DONNELL",
    "EAGER",
    "BIDDLE",
    "PRESTON",
    "CHESTER",
    "WOLFE",
    "ASHLAND",
)
CHIP_PX, CHIPS = (330, 560), 48


def fire_city(folder: Path, *, vacants: int = 15_000, seed: int = 0) -> ExportInputs:
    """Return the inputs of a fire map of that many vacants.

    Args:
        folder: Where the chips are kept.
        vacants: Rows of the roll.
        seed: Seed of places, words and chips.
    """
    rng = np.random.default_rng(seed)
    table = _lots(rng, vacants)
    roll = VacantRoll(table=table, notices=vacants, joined_by_place=0, unmatched=())
    return ExportInputs(
        city="Bench City",
        year=YEAR,
        run_id="bench",
        roll=roll,
        ledger=_ledger(rng, table),
        flyover=None,
        chips=_chips(rng, table["parcel_id"].tolist(), folder),
        earlier=(),
        looks=no_looks(),
        models={},
        today=TODAY,
    )


def _lots(rng: np.random.Generator, vacants: int) -> gpd.GeoDataFrame:
    """Choose lots, most of them close to a few centers, as vacancy is."""
    side = CITY_M / 2
    centers = rng.uniform(-0.7 * side, 0.7 * side, (12, 2))
    near = centers[rng.integers(0, 12, vacants * 6 // 7)] + rng.normal(
        0, side / 8, (vacants * 6 // 7, 2)
    )
    places = np.concatenate([near, rng.uniform(-side, side, (2 * vacants, 2))]).clip(-side, side)
    blocks = np.floor(places / BLOCK_M).astype(int)
    lots = rng.integers(0, LOTS_A_BLOCK, len(blocks))
    chosen = list(
        dict.fromkeys(zip(blocks[:, 0].tolist(), blocks[:, 1].tolist(), lots.tolist(), strict=True))
    )[:vacants]
    frame = pd.DataFrame(sorted(chosen), columns=["across", "down", "lot"])
    ids = [
        f"{(row.across + 100) * 400 + row.down + 200:05d}{row.lot + 1:03d}"
        for row in frame.itertuples()
    ]
    sides = rng.choice(["", "E", "W", "E,W", "U"], vacants)
    return gpd.GeoDataFrame(
        {
            "parcel_id": [f"{one[:5]} {one[5:]}" for one in ids],
            "parcel_key": ids,
            "address": [_address(row.across, row.down, row.lot) for row in frame.itertuples()],
        }
        | {
            "block": [one[:5] for one in ids],
            "neighborhood": "",
            "fire_district": [f"Bn {1 + (row.across // 30) % 6}" for row in frame.itertuples()],
        }
        | {
            "inspection_district": "",
            "notice_date": None,
            "occupied_sides": sides,
            "street_sides": "U",
        },
        geometry=[_lot(row.across, row.down, row.lot) for row in frame.itertuples()],
        crs="EPSG:26918",
    )


def _lot(across: int, down: int, lot: int) -> shapely.Polygon:
    row, place = divmod(lot, LOTS_A_BLOCK // 2)
    west = WEST_M + across * BLOCK_M[0] + place * LOT_M[0]
    south = SOUTH_M + down * BLOCK_M[1] + row * 30.0
    return rotate(
        shapely.box(west, south, west + LOT_M[0], south + LOT_M[1]), 4.0, origin=(WEST_M, SOUTH_M)
    )


def _address(across: int, down: int, lot: int) -> str:
    street = STREETS[down % len(STREETS)]
    return f"{100 * (abs(across) + 1) + 2 * lot} {'EW'[across < 0]} {street} {('ST', 'AVE', 'LN', 'CT')[down % 4]}"


def _ledger(rng: np.random.Generator, table: gpd.GeoDataFrame) -> Ledger:
    words = rng.choice(list(SHARES), len(table), p=list(SHARES.values()))
    scored = words != "NOT ASSESSED"
    scores = pd.Series(np.where(scored, rng.uniform(0.01, 0.99, len(table)), np.nan))
    ledger = pd.DataFrame(
        {
            "parcel_id": table["parcel_id"],
            "year": YEAR,
            "status": np.where(scored, "scored", "not_assessed"),
            "reason": np.where(scored, None, "under_trees"),
        }
        | {
            "score": scores,
            "score_low": scores,
            "score_high": scores,
            "hazard": words,
            "rank": scores.rank(method="first", ascending=False).astype("Int32"),
        }
        | {
            "model_version": pd.Series(np.where(scored, "bench/1", None), dtype="string"),
            "img_date": pd.Series([FLOWN] * len(table), dtype=object),
        }
        | {
            "covered_share": 1.0,
            "nodata_share": 0.0,
            "sharpness": 10.0,
            "dark_share": 0.2,
            "tiles": "a.tif",
        }
        | dict.fromkeys(("shadow_share", "canopy_share", "seam_share", "ground_share"), 0.0)
    )
    return Ledger(year=YEAR, table=ledger[list(COLUMNS)])


def _chips(rng: np.random.Generator, ids: list[str], folder: Path) -> ChipStore:
    """Write a few dozen chips; the parcels share them."""
    folder.mkdir(parents=True, exist_ok=True)
    height, width = CHIP_PX
    mask = np.zeros(CHIP_PX, np.uint8)
    mask[height // 2 - 33 : height // 2 + 33, width // 2 - 140 : width // 2 + 140] = 1
    with shard_path(folder, 0).open("wb") as stream:
        for _ in range(CHIPS):
            stream.write(_picture(rng).transpose(2, 0, 1).tobytes())
            stream.write(mask.tobytes())
    offsets = [4 * height * width * (row % CHIPS) for row in range(len(ids))]
    manifest = pd.DataFrame(
        {
            "parcel_id": ids,
            "status": "chip",
            "shard": 0,
            "offset": offsets,
            "height": height,
            "width": width,
        }
    )
    return ChipStore(
        folder=folder, manifest=manifest, rows={parcel: row for row, parcel in enumerate(ids)}
    )


def _picture(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return roofs in rows with seams, shadows and grain, (H, W, 3)."""
    height, width = CHIP_PX
    roofs = rng.normal(120, 45, (height // 66, width // 90, 1)) + rng.normal(
        0, 12, (height // 66, width // 90, 3)
    )
    picture = cv2.resize(roofs.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    texture = cv2.GaussianBlur(rng.normal(0, 60, (height, width)), (0, 0), 2.5) + rng.normal(
        0, 6, (height, width)
    )
    picture += texture[..., None]
    picture[:: height // 5] *= 0.5
    picture[:, :: width // 6] *= 0.6
    return np.clip(picture, 0, 255).astype(np.uint8)
