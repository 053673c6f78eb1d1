"""Outlines that a text table holds as WKT, with the CRS where that is certain."""

import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from pyproj.exceptions import CRSError

from imagery.errors import CrsMismatch
from imagery.tables.table_file import GEOMETRY_TEXT, Table, TableFile

_WKT = re.compile(
    r"\s*(SRID=(?P<srid>\d+);)?\s*(MULTI)?(POLYGON|POINT|LINESTRING|GEOMETRYCOLLECTION)\b",
    re.IGNORECASE,
)
_PROBED = 200
"""Rows that are looked at for WKT."""


def place_shapes(table: Table, file: TableFile) -> Table:
    """Turn the column of WKT into outlines.

    The CRS is the one in the texts (SRID=2248;POLYGON ...) or that of a .prj beside the file.
    A table without such a column is returned as it is.

    Raises:
        CrsMismatch: neither names a CRS.
    """
    name = _wkt_column(table.rows)
    if not name:
        return table

    texts = table.rows[name].astype("str")
    parts = texts.str.extract(
        r"^\s*(?:SRID=(?P<srid>\d+);)?(?P<wkt>.*)$", flags=re.IGNORECASE | re.DOTALL
    )
    crs = _crs_of(parts["srid"], file)
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkt(
            parts["wkt"].fillna("").to_numpy(dtype=object), on_invalid="ignore"
        )
    columns = pd.DataFrame(table.rows).drop(columns=name)
    return replace(table, rows=gpd.GeoDataFrame(columns, geometry=shapes, crs=crs))


def _wkt_column(rows: pd.DataFrame) -> str:
    """Return the first column whose filled cells are WKT, "" where there is none."""
    names = sorted((str(name) for name in rows.columns), key=lambda name: name != GEOMETRY_TEXT)
    for name in names:
        filled = rows[name][rows[name].str.strip() != ""].head(_PROBED)
        if len(filled) and filled.map(lambda text: _WKT.match(text) is not None).mean() > 0.5:
            return name
    return ""


def _crs_of(srids: pd.Series, file: TableFile) -> pyproj.CRS:
    """Return the CRS that is declared.

    Raises:
        CrsMismatch: there is none, or several.
    """
    declared = sorted(set(srids.dropna()))
    beside = [path for path in file.path.parent.glob("*") if _is_prj(path, file)]
    try:
        if len(declared) == 1:
            return pyproj.CRS.from_epsg(int(declared[0]))
        if not declared and beside:
            return pyproj.CRS.from_user_input(beside[0].read_text(encoding="utf-8").strip())
    except (CRSError, UnicodeDecodeError) as error:
        raise CrsMismatch(f"[{file.what}] path: {file.name}: {error}; correct its CRS") from error

    got = "no CRS" if not declared else f"several CRS ({', '.join(declared)})"
    raise CrsMismatch(
        f"[{file.what}] path: {file.name} holds outlines as text with {got}; "
        f"put {file.path.stem}.prj beside it, or convert it to GeoPackage with its true CRS "
        "(ogr2ogr -a_srs)"
    )


def _is_prj(path: Path, file: TableFile) -> bool:
    return path.stem == file.path.stem and path.suffix.lower() == ".prj"
