"""The fire map's bench city: vacant row houses over some 15 km, and chips with grain.

Hazard words come in a real city's shares, everything from one seed. There is no flyover, so the
ground stays gray; the chips are as large as those of a 7.5 cm flyover.
"""

from dataclasses import dataclass, replace
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
from imagery.values.coded import NO, NOT_KNOWN, YES
from inference.ledger import COLUMNS, Ledger

YEAR = 2024
FLOWN = date(2024, 3, 9)
TODAY = date(2024, 6, 1)

CITY_M = 15_000.0
BLOCK_WIDTH_M = 90.0
BLOCK_HEIGHT_M = 70.0
LOT_WIDTH_M = 5.0
LOT_DEPTH_M = 22.0
ROW_PITCH_M = 30.0
WEST_M = 350_000.0
SOUTH_M = 4_345_000.0
LOTS_PER_ROW = int(BLOCK_WIDTH_M / LOT_WIDTH_M)
CENTERS = 12
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
OCCUPANCY = (YES, YES, NO, NOT_KNOWN, YES)
STREET_KINDS = ("ST", "AVE", "LN", "CT")

CHIP_HEIGHT = 330
CHIP_WIDTH = 560
CHIPS = 48
"""Different chips; the parcels share them."""


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Lot:
    """A place in the grid of blocks."""

    across: int
    """Column of the block, from the middle of the city."""
    down: int
    """Row of the block, from the middle of the city."""
    number: int
    """Number of the lot in its block, southern row first."""

    @property
    def parcel_key(self) -> str:
        """Block in five characters and lot in three."""
        return f"{(self.across + 100) * 400 + self.down + 200:05d}{self.number + 1:03d}"

    @property
    def block(self) -> str:
        """Block in five characters."""
        return self.parcel_key[:5]

    @property
    def parcel_id(self) -> str:
        """Block and lot with a blank."""
        return f"{self.block} {self.parcel_key[5:]}"

    @property
    def address(self) -> str:
        """House number and street."""
        number = 100 * (abs(self.across) + 1) + 2 * self.number
        direction = "W" if self.across < 0 else "E"
        street = STREETS[self.down % len(STREETS)]
        kind = STREET_KINDS[self.down % len(STREET_KINDS)]
        return f"{number} {direction} {street} {kind}"

    @property
    def fire_district(self) -> str:
        """Battalion."""
        return f"Bn {1 + (self.across // 30) % 6}"

    @property
    def outline(self) -> shapely.Polygon:
        """Outline in EPSG:26918."""
        row, place = divmod(self.number, LOTS_PER_ROW)
        west = WEST_M + self.across * BLOCK_WIDTH_M + place * LOT_WIDTH_M
        south = SOUTH_M + self.down * BLOCK_HEIGHT_M + row * ROW_PITCH_M
        upright = shapely.box(west, south, west + LOT_WIDTH_M, south + LOT_DEPTH_M)
        return rotate(upright, 4.0, origin=(WEST_M, SOUTH_M))


def fire_city(
    folder: Path, *, vacants: int = 15_000, parcels: int = 0, seed: int = 0
) -> ExportInputs:
    """Return the inputs of a fire map of that many vacants.

    Args:
        folder: Where the chips are kept.
        vacants: Rows of the roll.
        parcels: Parcels of the city with an address, those of the roll among them; 0 for none.
        seed: Seed of places, words and chips.
    """
    rng = np.random.default_rng(seed)
    lots = _choose_lots(rng, vacants)
    table = _make_table(rng, lots)
    parcel_ids = table["parcel_id"].tolist()
    return ExportInputs(
        city="Bench City",
        year=YEAR,
        run_id="bench",
        roll=VacantRoll(
            table=table,
            notices=vacants,
            joined_by_place=0,
            unmatched=(),
            lots=_make_parcels(lots, parcels) if parcels else None,
        ),
        ledger=_make_ledger(rng, parcel_ids),
        flyover=None,
        chips=_write_chips(rng, parcel_ids, folder),
        earlier=(),
        looks=no_looks(),
        models={},
        today=TODAY,
    )


def _choose_lots(rng: np.random.Generator, vacants: int) -> list[Lot]:
    """Choose lots, most of them close to a few centers, as vacancy is."""
    half_m = CITY_M / 2
    centers_m = rng.uniform(-0.7 * half_m, 0.7 * half_m, (CENTERS, 2))
    clustered = vacants * 6 // 7
    near_m = centers_m[rng.integers(0, CENTERS, clustered)]
    near_m = near_m + rng.normal(0, half_m / 8, (clustered, 2))
    far_m = rng.uniform(-half_m, half_m, (2 * vacants, 2))

    places_m = np.concatenate([near_m, far_m]).clip(-half_m, half_m)
    blocks = np.floor(places_m / (BLOCK_WIDTH_M, BLOCK_HEIGHT_M)).astype(int)
    numbers = rng.integers(0, 2 * LOTS_PER_ROW, len(blocks))

    # A dictionary drops doubles and keeps the order.
    lots: dict[Lot, None] = {}
    for (across, down), number in zip(blocks.tolist(), numbers.tolist(), strict=True):
        lots[Lot(across=across, down=down, number=number)] = None
    return sorted(list(lots)[:vacants])


def _make_parcels(lots: list[Lot], count: int) -> gpd.GeoDataFrame:
    """Return the lots and their neighbors in the same blocks, that many where there are enough."""
    every: dict[Lot, None] = dict.fromkeys(lots)
    for lot in lots:
        for number in range(2 * LOTS_PER_ROW):
            if len(every) < count:
                every[replace(lot, number=number)] = None

    parcels = sorted(every)
    return gpd.GeoDataFrame(
        {
            "parcel_id": [parcel.parcel_id for parcel in parcels],
            "address": [parcel.address for parcel in parcels],
            "occupied": [OCCUPANCY[parcel.number % len(OCCUPANCY)] for parcel in parcels],
        },
        geometry=[parcel.outline for parcel in parcels],
        crs="EPSG:26918",
    )


def _make_table(rng: np.random.Generator, lots: list[Lot]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "parcel_id": [lot.parcel_id for lot in lots],
            "parcel_key": [lot.parcel_key for lot in lots],
            "address": [lot.address for lot in lots],
            "block": [lot.block for lot in lots],
            "neighborhood": "",
            "fire_district": [lot.fire_district for lot in lots],
            "inspection_district": "",
            "notice_date": None,
            "occupied_sides": rng.choice(["", "E", "W", "E,W", "U"], len(lots)),
            "street_sides": "U",
        },
        geometry=[lot.outline for lot in lots],
        crs="EPSG:26918",
    )


def _make_ledger(rng: np.random.Generator, parcel_ids: list[str]) -> Ledger:
    count = len(parcel_ids)
    words = rng.choice(list(SHARES), count, p=list(SHARES.values()))
    is_scored = words != "NOT ASSESSED"
    score = pd.Series(np.where(is_scored, rng.uniform(0.01, 0.99, count), np.nan))

    table = pd.DataFrame(
        {
            "parcel_id": parcel_ids,
            "year": YEAR,
            "status": np.where(is_scored, "scored", "not_assessed"),
            "reason": [None if one else "canopy" for one in is_scored],
            "score": score,
            "score_low": score,
            "score_high": score,
            "score_raw": score,
            "hazard": words,
            "rank": score.rank(method="first", ascending=False).astype("Int32"),
            "model_version": pd.Series("bench/1", index=score.index, dtype="string").where(
                is_scored
            ),
            "img_date": pd.Series([FLOWN] * count, dtype=object),
            "covered_share": 1.0,
            "nodata_share": 0.0,
            "sharpness": 10.0,
            "dark_share": 0.2,
            "shadow_share": 0.0,
            "canopy_share": 0.0,
            "seam_share": 0.0,
            "ground_share": 0.0,
            "tiles": "a.tif",
            "note": "",
        }
    )
    return Ledger(year=YEAR, table=table[list(COLUMNS)])


def _write_chips(rng: np.random.Generator, parcel_ids: list[str], folder: Path) -> ChipStore:
    """Write a few dozen chips; the parcels share them."""
    folder.mkdir(parents=True, exist_ok=True)
    middle_row = CHIP_HEIGHT // 2
    middle_column = CHIP_WIDTH // 2
    mask = np.zeros((CHIP_HEIGHT, CHIP_WIDTH), np.uint8)
    mask[middle_row - 33 : middle_row + 33, middle_column - 140 : middle_column + 140] = 1

    with shard_path(folder, 0).open("wb") as stream:
        for _ in range(CHIPS):
            stream.write(_paint_roofs(rng).transpose(2, 0, 1).tobytes())
            stream.write(mask.tobytes())

    rows = np.arange(len(parcel_ids))
    manifest = pd.DataFrame(
        {
            "parcel_id": parcel_ids,
            "status": "chip",
            "shard": 0,
            "offset": 4 * mask.size * (rows % CHIPS),
            "height": CHIP_HEIGHT,
            "width": CHIP_WIDTH,
        }
    )
    by_id = dict(zip(parcel_ids, rows.tolist(), strict=True))
    return ChipStore(folder=folder, manifest=manifest, rows=by_id)


def _paint_roofs(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return roofs in rows with seams, shadows and grain, (H, W, 3)."""
    shape = (CHIP_HEIGHT, CHIP_WIDTH)
    rows = CHIP_HEIGHT // 66
    columns = CHIP_WIDTH // 90
    roofs = rng.normal(120, 45, (rows, columns, 1)) + rng.normal(0, 12, (rows, columns, 3))
    size = (CHIP_WIDTH, CHIP_HEIGHT)
    picture: NDArray[np.float32] = cv2.resize(
        roofs.astype(np.float32), size, interpolation=cv2.INTER_NEAREST
    ).astype(np.float32)

    stains = cv2.GaussianBlur(rng.normal(0, 60, shape), (0, 0), 2.5)
    picture += (stains + rng.normal(0, 6, shape))[..., None]
    picture[:: CHIP_HEIGHT // 5] *= 0.5
    picture[:, :: CHIP_WIDTH // 6] *= 0.6
    return np.clip(picture, 0, 255).astype(np.uint8)
