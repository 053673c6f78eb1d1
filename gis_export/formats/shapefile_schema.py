"""Check a finished shapefile with a second reader: fiona, which brings a GDAL of its own.

GDAL widens a field that overflows without a word, and leaves the .prj out when Esri has no words
for the CRS. Neither may reach a hosted layer.
"""

import math
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import fiona
from pyproj import CRS

from gis_export.table.fields import Field
from imagery.crs import meters_per_unit
from imagery.errors import CrsMismatch, RoofwatchError

ENCODING = "UTF-8"
"""Encoding of every text in a shapefile."""


class WrongSchema(RoofwatchError, RuntimeError):
    """A shapefile was not written with the fields that it must have."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What a shapefile must be, whatever its rows hold."""

    fields: tuple[Field, ...]
    """Its fields in their order."""
    geometry: str
    """Its geometry, as fiona names it: Polygon or Point."""
    crs: CRS
    """The CRS of the rows."""

    @property
    def types(self) -> list[tuple[str, str]]:
        """Return name and type of every field, as fiona spells them."""
        return [(field.name, fiona_type(field)) for field in self.fields]


def check_schema(path: Path, wanted: Schema) -> None:
    """Check fields, geometry, encoding and CRS of a shapefile.

    Args:
        path: The .shp.
        wanted: What it must be.

    Raises:
        WrongSchema: fields, geometry or encoding differ.
        CrsMismatch: the .prj is missing, or says another kind of CRS or another unit.
    """
    with fiona.open(path) as layer:
        types = list(layer.schema["properties"].items())
        geometry = layer.schema["geometry"]
        crs_wkt = layer.crs_wkt
    encoding = path.with_suffix(".cpg").read_text(encoding="ascii").strip()

    _check_fields(path, types, wanted.types)
    if geometry != wanted.geometry or encoding != ENCODING:
        raise WrongSchema(
            f"{path.name}: geometry {geometry} in {encoding}, want {wanted.geometry} in {ENCODING}"
        )
    _check_crs(path, crs_wkt, wanted.crs)


def _check_fields(path: Path, found: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> None:
    """Check names and types, and name the first field that differs."""
    for got, want in zip_longest(found, wanted, fillvalue=("no", "field")):
        if got != want:
            raise WrongSchema(f"{path.name}: got {' '.join(got)}, want {' '.join(want)}")


def _check_crs(path: Path, crs_wkt: str, wanted: CRS) -> None:
    """Check that coordinates are read in the right unit.

    Names are not compared: Esri's words for a CRS differ from those of EPSG.
    """
    remedy = "set [export] crs to one that a shapefile can carry"
    if not crs_wkt:
        raise CrsMismatch(f"{path.name}: no .prj can say {wanted.name}; {remedy}")

    found = CRS.from_wkt(crs_wkt)
    is_same_kind = found.is_geographic == wanted.is_geographic
    is_same_unit = math.isclose(meters_per_unit(found), meters_per_unit(wanted), rel_tol=1e-7)
    if not (is_same_kind and is_same_unit):
        raise CrsMismatch(f"{path.name}: its .prj says {found.name}, want {wanted.name}; {remedy}")


def fiona_type(field: Field) -> str:
    """Return the type of a field as fiona spells it."""
    types = {
        "text": f"str:{field.width}",
        "int": f"int32:{field.width}",
        "real": f"float:{field.width}.{field.precision}",
        "date": "date",
    }
    return types[field.kind]
