"""Tables and layers of a city, each opened once and within bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from imagery.crs import Place, is_on_earth, middle_of
from imagery.errors import InputError, MissingInput
from imagery.roll.declared import GIVE_CRS
from imagery.roll.tables import read_table, text_column
from imagery.shapes import is_area
from imagery.tables.layers import OWN_TABLES, READ_ERRORS, SINGLE, list_layers, why_unread
from imagery.troubles import shown
from roofwatch.proposal.columns import ColumnLook, plain_name
from roofwatch.proposal.walk import GEODATABASE, TEXTS

MOST_MB = 2_000
MOST_MB_OF = {".csv": 500, ".tsv": 500, ".psv": 500, ".xlsx": 100, ".xlsm": 100}
"""Larger files are named and not opened."""
MOST_ROWS = 1_000_000
"""Layers with more rows are named and not opened."""
MOST_TABLES = 200
"""Tables that are opened."""
MOST_COLUMNS = 300
_HEAD = 65_536
_STARTS = {
    ".gpkg": (b"SQLite format 3\0",),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".fgb": (b"fgb",),
}
"""First bytes of formats; GDAL goes by content, and opens services by a few lines of text."""
_JSON = (b'"FeatureCollection"', b'"Feature"')
_NO_LAYER = b"gdal_streamed_alg"


@dataclass(frozen=True, kw_only=True, eq=False)
class CityTable:
    """One table or layer."""

    path: Path
    """Its file."""
    layer: str
    """Its layer, "" where the file has one only."""
    rows: gpd.GeoDataFrame
    """As it was read."""

    @property
    def name(self) -> str:
        """Return how lines name it."""
        return f"{self.path.name} {self.layer}".strip()

    @property
    def plain(self) -> str:
        """Return file and layer as patterns expect them."""
        return plain_name(f"{self.path.stem} {self.layer}")

    @cached_property
    def looks(self) -> dict[str, ColumnLook]:
        """Return its columns by name."""
        names = [name for name in self.rows.columns if name != self._geometry][:MOST_COLUMNS]
        return {str(name): self._look(str(name)) for name in names if str(name).strip()}

    def _look(self, name: str) -> ColumnLook:
        texts = text_column(self.rows, (name,), what=self.path.name)
        is_float = pd.api.types.is_float_dtype(self.rows[name].dtype)
        return ColumnLook(name=name, texts=texts.astype("str").str.strip(), is_float=is_float)

    @property
    def _geometry(self) -> str | None:
        name = self.rows.active_geometry_name
        return str(name) if name else None

    @property
    def lacks_crs(self) -> bool:
        """Tell whether it has geometries that have no place on the earth."""
        return self._geometry is not None and self.shapes is None and self.rows.crs is None

    @cached_property
    def shapes(self) -> gpd.GeoSeries | None:
        """Return its geometries in lon and lat; None where it has none that have a place."""
        if self._geometry is None or self.rows.crs is None or not is_on_earth(self.rows.crs):
            return None
        shapes = gpd.GeoSeries(self.rows.geometry)
        known = shapes.to_numpy()
        if (shapely.is_missing(known) | shapely.is_empty(known)).all():
            return None
        return shapes.to_crs(4326)

    @cached_property
    def is_polygons(self) -> bool:
        """Tell whether most of its geometries are outlines."""
        if self.shapes is None:
            return False
        known = self.shapes.dropna().to_numpy()
        return bool(is_area(known).mean() > 0.5)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Return the middle of each geometry, lon and lat, (n, 2), NaN where there is none."""
        if self.shapes is None:
            return np.full((len(self.rows), 2), np.nan)
        bounds = shapely.bounds(self.shapes.to_numpy())
        return np.asarray((bounds[:, :2] + bounds[:, 2:]) / 2)

    @property
    def middle(self) -> Place | None:
        """Return the middle of most geometries."""
        found = middle_of(self.shapes) if self.shapes is not None else None
        return Place(lon=found[0], lat=found[1]) if found else None

    @cached_property
    def area_m2(self) -> NDArray[np.float64]:
        """Return the area of each geometry on the ground, (n,)."""
        middle = self.middle
        if self.shapes is None or middle is None:
            return np.zeros(len(self.rows))
        degree_m = 111_195.0
        scale = degree_m**2 * np.cos(np.radians(middle.lat))
        return np.asarray(shapely.area(self.shapes.to_numpy()) * scale)


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """All tables of a city."""

    tables: tuple[CityTable, ...]
    """In the order of their paths."""
    lines: tuple[str, ...]
    """What could not be opened, a line each."""


def open_tables(paths: list[Path]) -> Opened:
    """Open every table; what cannot be read becomes a line."""
    tables: list[CityTable] = []
    lines: list[str] = []
    for path in paths:
        if len(tables) >= MOST_TABLES:
            lines.append(f"more than {MOST_TABLES} tables: {path.name} and others were not opened")
            break
        try:
            for table in _open_file(path):
                if len(table.rows) and len(table.rows.columns):
                    tables.append(table)
                    lines += [_without_crs(table)] if table.lacks_crs else []
                else:
                    lines.append(f"{shown(table.name)} is empty")
        except (InputError, *READ_ERRORS, OSError, ValueError, MemoryError) as error:
            lines.append(_why_closed(path, error))
    return Opened(tables=tuple(tables), lines=tuple(lines))


def _without_crs(table: CityTable) -> str:
    return f"{shown(table.name)} has places but no CRS, so nothing can lie on it; {GIVE_CRS}"


def _why_closed(path: Path, error: Exception) -> str:
    text = str(error) if isinstance(error, InputError) else why_unread(error, path)
    text = "it is damaged" if text.startswith("Error occurred in") else text
    return f"{shown(path.name)}: {text.removeprefix('[table] path: ').removeprefix('[table]: ')}"


def _open_file(path: Path) -> Iterator[CityTable]:
    """Open the layers of one file.

    Raises:
        InputError: it is too large, of another kind than its suffix says, or damaged.
    """
    size_mb = path.stat().st_size / 1e6
    most_mb = MOST_MB_OF.get(path.suffix.lower(), MOST_MB)
    if size_mb > most_mb:
        raise InputError(f"has {size_mb:,.0f} MB, more than {most_mb:,}; name it by hand")
    _check_start(path)

    for layer in _layers(path):
        rows = read_table(path, layer=layer, what="table").rows
        yield CityTable(path=path, layer=layer, rows=rows)


def _check_start(path: Path) -> None:
    """Check that a file is of the kind that its suffix says, before GDAL goes by its content.

    Raises:
        InputError: it is another one.
    """
    if path.is_dir():
        return
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        raise InputError("is empty")

    suffix = path.suffix.lower()
    starts = _STARTS.get(suffix)
    is_odd = starts is not None and not head.startswith(starts)
    if suffix in (".geojson", ".json"):
        is_odd = not any(word in head for word in _JSON) or _NO_LAYER in head
    if is_odd:
        raise InputError(f"is no {suffix} file inside")


def _layers(path: Path) -> list[str]:
    """Return the layers to open; "" for a file that holds one.

    Raises:
        MissingInput: there is none.
        InputError: a layer is too large.
    """
    suffix = path.suffix.lower()
    if suffix in TEXTS or suffix in SINGLE or suffix not in (".gpkg", GEODATABASE):
        return [""]

    names = [name for name, _ in list_layers(path) if name not in OWN_TABLES]
    if not names:
        raise MissingInput("holds no layer")
    for name in names:
        rows = int(pyogrio.read_info(path, layer=name)["features"])
        if rows > MOST_ROWS:
            raise InputError(f"layer {name} has {rows:,} rows, more than {MOST_ROWS:,}")
    return [""] if len(names) == 1 else names
