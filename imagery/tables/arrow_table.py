"""Parquet, GeoParquet and Feather, read by Arrow."""

import json

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
from pyproj.exceptions import ProjError

from imagery.errors import InputError
from imagery.tables.layers import READ_ERRORS, exact_type
from imagery.tables.table_file import TableFile

PARQUET = (".parquet", ".geoparquet", ".pq")
FEATHER = (".feather", ".arrow")
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What libraries raise over a description of the outlines that is none."""
_EXACT = {"types_mapper": exact_type, "ignore_metadata": True}
"""Indexes of pandas are columns like others; whole numbers stay whole."""


def read_arrow_table(file: TableFile) -> pd.DataFrame:
    """Read a table, with outlines where the file declares some.

    Raises:
        InputError: the declaration of the outlines cannot be read.
    """
    is_feather = file.path.suffix.lower() in FEATHER
    schema = _read_schema(file, is_feather=is_feather)
    metadata = schema.metadata or {}
    if b"geo" not in metadata:
        return _read_plain(file, is_feather=is_feather)

    read = gpd.read_feather if is_feather else gpd.read_parquet
    try:
        name = str(json.loads(metadata[b"geo"])["primary_column"])
        shapes: gpd.GeoDataFrame = read(file.path, to_pandas_kwargs=_EXACT)
        placed = gpd.GeoDataFrame(shapes.set_geometry(name))
        if name != "geometry":
            placed = gpd.GeoDataFrame(placed.rename_geometry("geometry"))
    except (*READ_ERRORS, *_DAMAGED, ProjError) as error:
        raise InputError(
            f"[{file.what}] path: {file.name}: its outlines cannot be read: {error}; "
            "export it as GeoPackage"
        ) from error
    table: pd.DataFrame = placed
    return table


def _read_schema(file: TableFile, *, is_feather: bool) -> pa.Schema:
    if is_feather:
        with pa.memory_map(str(file.path)) as source:
            return pa.ipc.open_file(source).schema
    return pyarrow.parquet.read_schema(file.path)


def _read_plain(file: TableFile, *, is_feather: bool) -> pd.DataFrame:
    read = pyarrow.feather.read_table if is_feather else pyarrow.parquet.read_table
    # What pandas noted of its own is not needed, and may be damaged.
    table: pd.DataFrame = read(file.path).replace_schema_metadata().to_pandas(**_EXACT)
    return table
