"""The CRS that a file of the city declares: refused in one line where it has no place on earth."""

from dataclasses import dataclass

import geopandas as gpd
from pyproj import CRS

from imagery.crs import crs_words, is_on_earth
from imagery.errors import CrsMismatch
from imagery.roll.places import Faults, find_wrong_crs
from imagery.shapes import Shapes

GIVE_CRS = "give it its true CRS, e.g. ogr2ogr -a_srs EPSG:2248 out.gpkg"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A file of the city that holds places, and the CRS that it declares."""

    section: str
    """Section of the city file that names the file, such as "parcels"."""
    file: str
    """Name of the file."""
    crs: CRS
    """Its CRS."""

    @property
    def name(self) -> str:
        """Return it as messages begin, such as "[parcels] path: parcels.gpkg"."""
        return f"[{self.section}] path: {self.file}"


def read_layer(rows: gpd.GeoDataFrame, *, section: str, file: str) -> Layer:
    """Return the CRS that a file declares.

    Args:
        rows: What was read from it.
        section: Section of the city file that names it.
        file: Its name.

    Raises:
        CrsMismatch: it has no geometry, no CRS, or one without a place on the earth.
    """
    name = f"[{section}] path: {file}"
    if rows.active_geometry_name is None:
        raise CrsMismatch(
            f"{name} has no geometry and no CRS; want a layer of places such as a GeoPackage"
        )
    if rows.crs is None:
        raise CrsMismatch(f"{name} has no CRS; add its .prj, or {GIVE_CRS} {file}")

    crs = CRS(rows.crs)
    if not is_on_earth(crs):
        raise CrsMismatch(
            f"{name} is in a local CRS ({crs.name}) without a place on the earth; {GIVE_CRS} {file}"
        )
    return Layer(section=section, file=file, crs=crs)


def check_places(layer: Layer, shapes: Shapes, faults: Faults) -> None:
    """Check that the numbers of most shapes can be those of the declared CRS.

    Args:
        layer: The file.
        shapes: Its shapes, (n,).
        faults: What is wrong with each; see `find_outline_faults`.

    Raises:
        CrsMismatch: they cannot.
    """
    wrong = find_wrong_crs(shapes, layer.crs, faults)
    if wrong:
        words = crs_words(layer.crs.to_wkt())
        raise CrsMismatch(f"{layer.name} declares the CRS {words}, but {wrong}")
