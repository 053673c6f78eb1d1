"""What every product of a year is made from, gathered once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import geopandas as gpd

from gis_export.fire.dispatch.address_match import AddressBook
from gis_export.fire.dispatch.columns import ColumnMap
from gis_export.fire.dispatch.delivery import Dispatch
from gis_export.fire.dispatch.spelling import respelled
from gis_export.formats.metadata import Lineage
from gis_export.printing.photo import Photo, photo_of
from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.inputs import ExportInputs
from gis_export.table.left_out import is_left_out, kept_rows
from gis_export.table.settings import ExportSettings
from imagery.crs import utm_zone
from imagery.errors import InputError
from imagery.flyover.tiles import Tile


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportJob:
    """What every product is made from; it can be handed to another process."""

    table: ExportTable
    """A row per vacant parcel."""
    inputs: ExportInputs
    """Roll, ledger and imagery."""
    settings: ExportSettings
    """The city's choices."""
    lineage: Lineage
    """Where the rows come from."""
    dispatch: Dispatch
    """What changed for dispatch."""
    addresses: AddressBook | None
    """The dispatcher's list of addresses."""
    vendor: ColumnMap | None
    """How the vendor of dispatch wants its file."""
    pictures: Path
    """Folder of the heat maps that `score` left; it may be missing."""

    @property
    def apart(self) -> "ExportJob":
        """Return the job for another process: without the parcels that are not on the roll.

        They are most of a city, and only the page of the fire map and one list of housing show
        them. The list of addresses goes as it was read, without what was looked up in it.
        """
        roll = replace(self.inputs.roll, lots=None)
        addresses = replace(self.addresses) if self.addresses else None
        inputs = replace(self.inputs, roll=roll, reach=None)
        return replace(self, inputs=inputs, addresses=addresses)

    def title(self, ending: str) -> str:
        """Return the title of a product for people."""
        return f"{self.inputs.city} {self.inputs.year}, vacant roofs{ending}"

    @cached_property
    def fire_table(self) -> ExportTable:
        """Return the rows with addresses as dispatch spells them, which responders know."""
        return respelled(self.table, self.dispatch.match["DISPATCH_ADDRESS"].tolist())

    @cached_property
    def fire_rows(self) -> gpd.GeoDataFrame:
        """Return the rows that map and book show."""
        return kept_rows(self.fire_table.rows)

    @cached_property
    def rows(self) -> gpd.GeoDataFrame:
        """Return the rows that the lists of the housing department show."""
        return kept_rows(self.table.rows)

    @property
    def on_roll(self) -> list[str]:
        """Return the address of each of `fire_rows` as the vacant roll spells it."""
        kept = ~is_left_out(self.table.rows)
        addresses: list[str] = self.table.rows.loc[kept, columns.ADDRESS].tolist()
        return addresses

    @cached_property
    def ground(self) -> Photo | None:
        """Return the flyover as all printed maps read it; each tile is decoded for all of them."""
        crs = utm_zone(self.rows.geometry)
        return photo_of(self.inputs.flyover, crs) if crs is not None else None


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenedTiles:
    """Headers of the tiles of a flyover, opened once."""

    tiles: tuple[Tile, ...] | None
    """None when the imagery is gone."""

    def __call__(self) -> tuple[Tile, ...]:
        """Return them.

        Raises:
            InputError: the imagery is gone.
        """
        if self.tiles is None:
            raise InputError("the imagery of the year is gone")
        return self.tiles


def with_open_tiles(inputs: ExportInputs) -> ExportInputs:
    """Return inputs with the headers of all flyovers open, so that they can be handed over."""
    earlier = [replace(year, tiles=_opened(year.tiles)) for year in inputs.earlier]
    return replace(inputs, tiles=_opened(inputs.tiles), earlier=tuple(earlier))


def without_tiles(inputs: ExportInputs) -> ExportInputs:
    """Return inputs for products that name no tile."""
    gone = OpenedTiles(tiles=None)
    earlier = [replace(year, tiles=gone) for year in inputs.earlier]
    return replace(inputs, tiles=gone, earlier=tuple(earlier))


def _opened(tiles: Callable[[], tuple[Tile, ...]]) -> OpenedTiles:
    try:
        return OpenedTiles(tiles=tiles())
    except InputError:  # the imagery of an old year may be gone
        return OpenedTiles(tiles=None)
