"""The vacant roll: every vacant parcel once, its notices joined by id, then by place."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from imagery.crs import Place, is_lon_lat
from imagery.errors import CrsMismatch, InputError, Unbalanced
from imagery.roll.buildings import Buildings, find_far, find_misplaced, read_buildings
from imagery.roll.declared import Layer
from imagery.roll.files import FootprintFile, ParcelFile, VacantFile
from imagery.roll.joining import find_join_troubles, join_notices
from imagery.roll.keys import Matches, match_ids
from imagery.roll.lost_notices import ids_on_roll, rows_without_parcel
from imagery.roll.lots import KIND, PERMIT, read_lots
from imagery.roll.matching import MIN_MATCHED, MatchCount
from imagery.roll.neighbors import sides_of
from imagery.roll.notices import Notices, read_notices
from imagery.roll.places import WITHOUT_AREA, degrees_of, find_bad_outlines, place_of
from imagery.roll.row_balance import RollBalance, count_merged
from imagery.roll.strays import find_remote, lost_points, without_strays
from imagery.troubles import Trouble, only_troubles
from imagery.values.coded import NOT_KNOWN, find_turned_round

PARCEL_COLUMNS = (
    "parcel_id",
    "address",
    "block",
    "neighborhood",
    "fire_district",
    "inspection_district",
)
"""Of every parcel, vacant or not."""
ROLL_COLUMNS = (*PARCEL_COLUMNS, "notice_date", "occupied_sides", "street_sides", "geometry")
LOT_COLUMNS = (*PARCEL_COLUMNS, "occupied", "outline_fault", "geometry")
"""Of all parcels; `occupied` as in `imagery.values.coded`."""
REACH_COLUMNS = (KIND, PERMIT)
"""Further ones where parcels without a notice are looked at."""
TEXTS = ("address", "neighborhood", "fire_district", "inspection_district")
"""Columns of the roll that are empty where the city file names none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VacantRoll:
    """Every vacant parcel once, with or without a geometry."""

    table: gpd.GeoDataFrame
    """Columns `ROLL_COLUMNS`, one row per parcel.

    Ids and texts are str, "" when not known; `notice_date` is a date or None. `occupied_sides` are
    compass letters of occupied attached neighbors such as "E,W", "" for none, "U" when not known,
    "E,U" when more sides may be occupied;
    `street_sides` those on which no parcel adjoins. Geometry is in the parcel file's CRS or
    None."""
    notices: int
    """Notices read."""
    joined_by_place: int
    """Notices whose key matched nothing but whose point is in a parcel."""
    unmatched: tuple[str, ...]
    """Ids of notices that matched no parcel; they stay on the roll without geometry."""
    all_parcels: pd.Series = field(default_factory=lambda: pd.Series(dtype="str"))
    """Ids of all parcels of the parcel file, vacant or not, each once."""
    min_matched: float = MIN_MATCHED
    """Share of a list that has to match, `[vacant] min_matched`."""
    matches: tuple[MatchCount, ...] = ()
    """How much of other lists than the notices matches a parcel."""
    balance: RollBalance | None = None
    """Where every row of the vacancy file went; None for a roll that is no file's."""
    without_area: tuple[str, ...] = ()
    """Ids of vacants whose parcel has a place but no area, such as a point; without geometry."""
    layers: tuple[Layer, ...] = ()
    """The files whose places are used: parcels, notices joined by place, building outlines."""
    misplaced: str = ""
    """Why the building outlines cannot be those of this city, "" where they can."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed in the files of parcels, notices and outlines."""
    lots: gpd.GeoDataFrame | None = None
    """Every parcel once, columns `LOT_COLUMNS`, and `REACH_COLUMNS` where the city file has
    [reach]; None for a roll that is no file's."""

    def __post_init__(self) -> None:
        """Check columns, unique keys, CRS and the balance."""
        missing = set(ROLL_COLUMNS) - set(self.table.columns)
        if missing:
            raise InputError(f"vacant roll lacks columns {sorted(missing)}")
        if not self.table["parcel_id"].is_unique:
            twice = self.table.loc[self.table["parcel_id"].duplicated(), "parcel_id"].iloc[0]
            raise InputError(f"vacant roll: parcel {twice!r} appears twice; keep one row")
        if self.table.crs is None:
            raise CrsMismatch("vacant roll has no CRS; give the parcel file one")
        if self.balance and self.balance.vacants != len(self.table):
            raise Unbalanced(f"vacant roll of {len(self.table)} parcels: {self.balance.line}")

    def __len__(self) -> int:
        """Return the number of vacant parcels."""
        return len(self.table)

    @cached_property
    def known_ids(self) -> pd.Series:
        """Return every id that a label may mean: parcels, then notices without one."""
        ids = pd.concat([self.all_parcels, self.table["parcel_id"]], ignore_index=True)
        return pd.Series(ids.unique(), dtype="str")

    def match(self, ids: pd.Series) -> Matches:
        """Find which of `known_ids` each id means; notices without a parcel as they are spelled."""
        parcels = self.known_ids[: len(self.all_parcels) or None]
        matches = match_ids(ids, parcels)
        exact = pd.Index(self.known_ids).get_indexer(pd.Index(ids.astype("str")))
        is_exact = exact >= 0

        open_ids = set(matches.collisions) - set(ids[is_exact])
        others = {name: matches.collisions[name] for name in open_ids}
        return Matches(place=np.where(is_exact, exact, matches.place), collisions=others)

    @cached_property
    def block_of(self) -> dict[str, str]:
        """Return the block of each vacant parcel."""
        return dict(self.table[["parcel_id", "block"]].itertuples(index=False, name=None))

    @cached_property
    def place(self) -> Place | None:
        """Return the middle of most vacants, None where none has an outline."""
        return place_of(self.table.geometry.to_numpy(), CRS(self.table.crs))

    @cached_property
    def lon_lat(self) -> NDArray[np.float64]:
        """Return where the vacants with an outline are, longitude and latitude, (n, 2)."""
        shapes = self.table.geometry.dropna().to_numpy()
        lon, lat = degrees_of(shapely.bounds(shapes), CRS(self.table.crs))
        is_known = is_lon_lat(lon, lat).all(axis=1)
        return np.column_stack([lon[is_known].mean(axis=1), lat[is_known].mean(axis=1)])


def read_roll(
    parcels: ParcelFile, vacant: VacantFile, footprints: FootprintFile | None = None
) -> VacantRoll:
    """Join vacancy notices to parcels and name the sides of each.

    Notices are joined by id as `match_ids` does, then by place.

    Raises:
        InputError: see `read_table`, `text_column`; no notices at all.
    """
    lots, bad_lots = read_lots(parcels)
    notices = read_notices(vacant)
    if not len(notices):
        raise InputError(
            f"[vacant] path: {vacant.path.name} holds no notice; want at least one vacant parcel"
        )

    buildings = read_buildings(footprints) if footprints else None
    roll = join_roll(
        lots,
        notices,
        buildings.outlines if buildings else None,
        occupancy=bool(parcels.occupied),
        min_matched=vacant.min_matched,
    )
    noticed = (*roll.troubles, *bad_lots, *notices.troubles)
    layer = Layer(section="parcels", file=parcels.path.name, crs=CRS(lots.crs))
    layers = (layer, notices.layer) if notices.layer and roll.joined_by_place else (layer,)
    roll = replace(roll, layers=layers, troubles=noticed)
    return _with_buildings(roll, buildings, least=vacant.min_matched) if buildings else roll


def _with_buildings(roll: VacantRoll, buildings: Buildings, *, least: float) -> VacantRoll:
    """Return the roll with what was noticed in the building outlines.

    Args:
        roll: The roll.
        buildings: The building outlines.
        least: Share of the vacants that have to have one.
    """
    outlines = roll.table.set_index("parcel_id").geometry
    misplaced = find_misplaced(outlines, buildings, least=least)
    far = find_far(roll.place, buildings)
    return replace(
        roll,
        layers=(*roll.layers, buildings.layer),
        misplaced=misplaced.line if misplaced else "",
        troubles=(*roll.troubles, *only_troubles([misplaced, far]), *buildings.troubles),
    )


def join_roll(
    lots: gpd.GeoDataFrame,
    notices: Notices,
    buildings: gpd.GeoSeries | None,
    *,
    occupancy: bool,
    min_matched: float = MIN_MATCHED,
) -> VacantRoll:
    """Join tables that have been read.

    Args:
        lots: Every parcel once, index from 0.
        notices: The notices, one for each row of their file that holds anything.
        buildings: Building outlines, None where there are none.
        occupancy: Whether the column `occupied` of `lots` says anything; see
            `imagery.values.coded`.
        min_matched: Share of the notices that has to match.
    """
    table = notices.table
    found_by = join_notices(table, lots)
    is_unsure = found_by.is_changed | table["is_partial"].to_numpy(bool)
    joined = table.assign(lot=found_by.lot, is_unsure=is_unsure)
    found = _first_notices(joined)
    places = found["lot"].to_numpy(dtype=np.intp)
    lots = without_strays(lots, places)

    lived_in = lots["occupied"].to_numpy(dtype=np.int8) if occupancy else None
    occupied, street = sides_of(lots.geometry, places, occupied=lived_in, buildings=buildings)
    known = lots.loc[places].assign(
        notice_date=found["notice_date"].to_numpy(), occupied_sides=occupied, street_sides=street
    )
    lost = rows_without_parcel(joined, lots)
    roll = _make_table(known, lost)

    is_flat = known["outline_fault"].isin(WITHOUT_AREA)
    return VacantRoll(
        table=roll,
        notices=len(notices),
        joined_by_place=found_by.by_place,
        unmatched=tuple(sorted(lost["parcel_id"])),
        all_parcels=lots["parcel_id"],
        lots=_all_lots(lots, occupancy=occupancy),
        min_matched=min_matched,
        without_area=tuple(sorted(known.loc[is_flat, "parcel_id"])),
        balance=_balance(notices, ids_on_roll(joined, lots), vacants=len(roll)),
        troubles=(
            *only_troubles(find_join_troubles(table, found_by, lots, least=min_matched)),
            *_vacant_troubles(known, lived_in, places),
            *only_troubles([lost_points(joined, lots), find_remote(lots, places)]),
        ),
    )


def _all_lots(lots: gpd.GeoDataFrame, *, occupancy: bool) -> gpd.GeoDataFrame:
    """Return `LOT_COLUMNS` of every parcel, and `REACH_COLUMNS` where they were read."""
    if not occupancy:
        lots = lots.assign(occupied=NOT_KNOWN)
    names = (*LOT_COLUMNS, *REACH_COLUMNS) if KIND in lots else LOT_COLUMNS
    return lots[list(names)]


def _first_notices(joined: pd.DataFrame) -> pd.DataFrame:
    """Return one notice for each parcel: of several the earliest counts."""
    found = joined.dropna(subset=["lot"]).sort_values("notice_date", na_position="last")
    return found.drop_duplicates("lot")


def _vacant_troubles(
    known: gpd.GeoDataFrame, lived_in: NDArray[np.int8] | None, places: NDArray[np.intp]
) -> tuple[Trouble, ...]:
    """Return what was noticed of the vacants that are parcels.

    Args:
        known: The vacants, in the order of `places`.
        lived_in: Whether each parcel is lived in, None where the city does not say.
        places: Places of the vacants among all parcels.
    """
    turned_round = None
    if lived_in is not None:
        turned_round = find_turned_round(lived_in[places], known["parcel_id"])

    bad = known[known.geometry.isna()].sort_values("parcel_id")
    outlines = find_bad_outlines(bad["parcel_id"], bad["outline_fault"])
    return only_troubles([turned_round, *outlines])


def _balance(notices: Notices, ids: pd.Series, *, vacants: int) -> RollBalance:
    """Count where every row of the vacancy file went."""
    merging = count_merged(ids, notices.table["row"])
    return RollBalance(
        rows=len(notices) + notices.empty + notices.left_out,
        vacants=vacants,
        merged=merging.count,
        empty=notices.empty,
        left_out=notices.left_out,
        merged_examples=merging.examples,
    )


def _make_table(known: gpd.GeoDataFrame, lost: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table of the roll, sorted by id."""
    table = pd.concat([known, lost], ignore_index=True) if len(lost) else known.copy()
    for column in (*TEXTS, "block"):
        table[column] = table[column].fillna("")
    table = table.sort_values("parcel_id").reset_index(drop=True)

    days = pd.to_datetime(table["notice_date"])
    table["notice_date"] = [None if pd.isna(day) else day.date() for day in days]
    return gpd.GeoDataFrame(table[list(ROLL_COLUMNS)], geometry="geometry", crs=known.crs)
