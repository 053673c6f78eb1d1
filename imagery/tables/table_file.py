"""A table file of the city, and what was read from it. No file is opened."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from imagery.troubles import Trouble

GEOMETRY_TEXT = "geometry as text"
"""Column that holds the texts of a column "geometry" that is no geometry."""


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A file to be read, and what the city file says of it."""

    path: Path
    """The file, or a GDAL virtual path."""
    what: str
    """Section of the city file, for messages."""
    layer: str = ""
    """Layer or sheet; "" where the city file names none."""
    key: tuple[str, ...] = ()
    """Columns of the id, which no row may lose."""
    columns: tuple[str, ...] = ()
    """Other columns that the city file names."""
    must_have_shapes: bool = False
    """Whether a layer without geometry is no candidate."""

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return self.path.name

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return every column that the city file names, once."""
        return tuple(dict.fromkeys(name for name in (*self.key, *self.columns) if name))


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of the city as it was read."""

    rows: gpd.GeoDataFrame
    """Its rows; texts are as in the file."""
    row_numbers: pd.Series
    """The row (of a text file the line) in which each stands as a person counts them, from 1."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed."""
    empty: int = 0
    """Rows of the file without any value, which are not among the rows."""
    left_out: int = 0
    """Rows of the file that are no data, such as totals; a trouble names them."""
    bare: frozenset[int] = frozenset()
    """Row numbers of rows that kept their id alone: nobody can tell their cells apart."""

    def name_row(self, place: int) -> str:
        """Return the name of the row at a place, as messages use it."""
        return f"row {self.row_numbers.iloc[place]}"
