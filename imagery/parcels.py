"""The vacant roll: every vacant parcel once."""

from dataclasses import dataclass

import geopandas as gpd

from imagery.errors import CrsMismatch, InputError

ROLL_COLUMNS = (
    "parcel_id", "parcel_key", "address", "block", "neighborhood", "fire_district", "inspection_district",
    "notice_date", "occupied_sides", "geometry",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class VacantRoll:
    """Every vacant parcel once, with or without a geometry."""

    table: gpd.GeoDataFrame
    """Columns `ROLL_COLUMNS`, one row per parcel: ids and texts as str ("" when not known), `notice_date` a date or None,
    `occupied_sides` compass letters of occupied attached neighbors such as "E,W", "" for none, "U" unknown; geometry in the parcel file's CRS or None."""

    def __post_init__(self) -> None:
        """Check columns, unique keys and CRS."""
        missing = set(ROLL_COLUMNS) - set(self.table.columns)
        if missing:
            raise InputError(f"vacant roll lacks columns {sorted(missing)}")
        if not self.table["parcel_id"].is_unique:
            twice = self.table.loc[self.table["parcel_id"].duplicated(), "parcel_id"].iloc[0]
            raise InputError(f"vacant roll: parcel {twice!r} stands twice, want once")
        if self.table.crs is None:
            raise CrsMismatch("vacant roll has no CRS; give the parcel file one")

    def __len__(self) -> int:
        """Return the number of vacant parcels."""
        return len(self.table)
