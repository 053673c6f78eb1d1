"""The intake report: what imagery is there, what is missing, GO or FIX FIRST.

Headers only, no pixel is read.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field, fields

import numpy as np
import pyproj
import shapely
from pyproj import CRS

from imagery.chips.grids import chip_grids
from imagery.chips.settings import TileSettings
from imagery.chips.tiling import roof_shapes
from imagery.crs import crs_words
from imagery.flyover.decode import choose_decoder
from imagery.intake.coverage import (
    COVERED,
    NO_OUTLINE,
    PARTLY,
    UNCOVERED,
    Coverage,
    measure_coverage,
)
from imagery.intake.inputs import IntakeInputs
from imagery.intake.lines import find_fixes, find_warnings
from imagery.intake.tile_kinds import TileKind, tile_dates, tile_kinds
from imagery.intake.work_ahead import WorkAhead
from imagery.roll.matching import MatchCount
from imagery.roll.parcels import VacantRoll
from imagery.roll.row_balance import RollBalance
from imagery.shapes import Shapes

BYTES_PER_PIXEL = 4
"""Red, green, blue and mask, as the chip store holds them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Intake:
    """What `check` found."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    verdict: str
    """"GO" or "FIX FIRST"."""
    fixes: list[str]
    """What must be corrected, a line each."""
    warnings: list[str]
    """What should be known, a line each."""
    tiles: int
    """Usable tiles."""
    broken_tiles: list[str]
    """Path and problem of every unusable file."""
    tile_kinds: list[TileKind]
    """A row for every group of tiles that are stored alike."""
    decoder: str
    """What decodes the whole flyover."""
    crs: dict[str, int]
    """Tiles by CRS: name, EPSG code, unit."""
    parcels_crs: str
    """CRS of the parcels: name, EPSG code, unit."""
    gsd_m: list[float]
    """Smallest and largest ground sample distance, meters."""
    bands: dict[str, int]
    """Tiles by number of bands used and pixel type."""
    flown: str
    """Date of the flight, ISO; "" when not known."""
    tile_dates: list[str]
    """First and last date in the tiles' TIFFTAG_DATETIME, ISO; empty when none carries one."""
    vacants: int
    """Parcels on the roll."""
    vacants_without_geometry: int
    """Of these, without outline."""
    vacants_near_tiles: int
    """Of these, within the margin of a tile."""
    vacants_covered: int
    """With the whole outline on tiles."""
    vacants_partly_covered: int
    """With a part of the outline on tiles."""
    vacants_uncovered: int
    """With an outline, none of it on tiles."""
    tile_grid: str
    """Rows and columns of the grid the tiles are cut by, "" when there is none."""
    missing_tiles: list[str]
    """Cells of that grid without tile, among tiles or with an uncovered vacant in them."""
    ground_km2: float
    """Ground on tiles, square kilometers."""
    overlap_share: float
    """Share of it on two tiles or more."""
    overlap_pairs: int
    """Pairs of tiles that share ground."""
    displaced_tiles: list[str]
    """Misaligned tiles, a line each."""
    notices: int
    """Vacancy notices read."""
    notices_joined_by_place: int
    """Notices joined by coordinates."""
    roll_balance: RollBalance | None
    """Where every row of the vacancy file went; None for a roll that is no file's."""
    notices_unmatched: list[str]
    """Ids that match no parcel; they stay on the roll as NOT ASSESSED."""
    matches: list[MatchCount]
    """How much of the labels and of other lists matches a parcel."""
    work: WorkAhead = field(repr=False)
    """What the year will take; its figures are part of the answer."""
    coverage: Coverage = field(repr=False)
    """Outlines behind the figures; not part of the answer."""

    def answer(self) -> dict[str, object]:
        """Return what check.json holds."""
        names = [field.name for field in fields(self) if field.name not in ("coverage", "work")]
        facts = {name: getattr(self, name) for name in names}
        balance = asdict(self.roll_balance) if self.roll_balance else None
        return facts | {
            "cores": self.work.cores,
            "expected_seconds": round(self.work.all_s, 1),
            "expected_cut_seconds": round(self.work.cut_s, 1),
            "expected_score_seconds": round(self.work.score_s, 1),
            "expected_export_seconds": round(self.work.export_s, 1),
            "chips_bytes": self.work.chips_bytes,
            "expected_disk_bytes": self.work.disk_bytes,
            "hour_cores": self.work.hour_cores,
            "tile_kinds": [asdict(kind) for kind in self.tile_kinds],
            "roll_balance": balance,
            "matches": [asdict(count) for count in self.matches],
        }


def make_intake(inputs: IntakeInputs) -> Intake:
    """Compare the roll with the tile headers of a year."""
    shapes, metric = _metric_shapes(inputs.roll)
    tiles = inputs.flyover.tiles
    coverage = measure_coverage(shapes, tiles, metric, margin_m=inputs.settings.margin_m)
    return _fill(inputs, coverage)


def _fill(inputs: IntakeInputs, coverage: Coverage) -> Intake:
    """Put the figures of a report together."""
    roll = inputs.roll
    flyover = inputs.flyover
    tiles = flyover.tiles
    fixes = find_fixes(inputs, coverage)
    decoder = choose_decoder(tiles)
    gsd_m = [tile.gsd_m for tile in tiles]
    near = int(coverage.near.sum())

    return Intake(
        city=inputs.city,
        year=flyover.year,
        verdict="FIX FIRST" if fixes else "GO",
        fixes=fixes,
        warnings=find_warnings(inputs, coverage),
        tiles=len(tiles),
        broken_tiles=[f"{tile.path}: {tile.problem}" for tile in flyover.broken],
        tile_kinds=tile_kinds(tiles, decoder),
        decoder=decoder,
        crs=dict(Counter(str(crs_words(tile.crs)) for tile in tiles)),
        parcels_crs=str(crs_words(CRS(roll.table.crs).to_wkt())),
        gsd_m=[round(min(gsd_m), 4), round(max(gsd_m), 4)],
        bands=dict(Counter(f"{len(set(tile.bands))} x {tile.depth}" for tile in tiles)),
        flown=flyover.flown.isoformat() if flyover.flown else "",
        tile_dates=_first_and_last(inputs),
        vacants=len(roll),
        vacants_without_geometry=coverage.count(NO_OUTLINE),
        vacants_near_tiles=near,
        vacants_covered=coverage.count(COVERED),
        vacants_partly_covered=coverage.count(PARTLY),
        vacants_uncovered=coverage.count(UNCOVERED),
        tile_grid=coverage.grid,
        missing_tiles=list(coverage.missing_places),
        ground_km2=round(coverage.ground_km2, 4),
        overlap_share=round(coverage.twice_share, 4),
        overlap_pairs=len(coverage.pairs),
        displaced_tiles=list(inputs.shifts),
        notices=roll.notices,
        notices_joined_by_place=roll.joined_by_place,
        roll_balance=roll.balance,
        notices_unmatched=list(roll.unmatched),
        matches=[*roll.matches, *inputs.matches],
        work=WorkAhead(
            parcels=len(roll) if roll.lots is None else len(roll.lots),
            vacants=near,
            chips_bytes=_chips_bytes(coverage.shapes[coverage.near], inputs.settings),
            cores=inputs.cores,
        ),
        coverage=coverage,
    )


def _metric_shapes(roll: VacantRoll) -> tuple[Shapes, CRS]:
    """Return the outlines in meters, and their CRS.

    Outlines whose coordinates cannot be in the CRS that the parcel file declares become None.
    """
    try:
        lots, metric = roof_shapes(roll, None)
    except (RuntimeError, pyproj.exceptions.ProjError):
        # There is no UTM zone: the coordinates are not on the earth.
        return np.full(len(roll), None, dtype=object), CRS("EPSG:3857")

    shapes = lots.to_numpy().copy()
    shapes[~np.isfinite(shapely.bounds(shapes)).all(axis=1)] = None
    return shapes, metric


def _first_and_last(inputs: IntakeInputs) -> list[str]:
    """Return the first and the last date that tiles carry; none where no tile carries one."""
    days = sorted(tile_dates(inputs.flyover.tiles).values())
    return [day.isoformat() for day in (*days[:1], *days[-1:])]


def _chips_bytes(shapes: Shapes, settings: TileSettings) -> int:
    grids = chip_grids(
        shapes, gsd_m=settings.gsd_m, margin_m=settings.margin_m, max_side_m=settings.max_side_m
    )
    return int((grids.heights * grids.widths).sum()) * BYTES_PER_PIXEL
