"""What a WFS answers, read. No service is asked, by GDAL neither."""

import hashlib
import json
import re
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pyogrio
import shapely
from pyogrio.raw import read_arrow

from imagery.services.client import Json
from imagery.services.failures import Failed
from imagery.services.json_values import object_of, objects_of, whole_of
from imagery.services.xml_answers import exception_words, parse_xml
from imagery.tables.layers import READ_ERRORS
from imagery.troubles import shown

ANY = "{*}"
JSON_FORMATS = (
    "application/json",
    "application/geo+json",
    "application/json; subtype=geojson",
    "application/vnd.geo+json",
    "geojson",
)
"""Names of GeoJSON as servers write them, the best first."""
GML_ID = "gml_id"
ID = "id"
ENVELOPE = ("lowerCorner", "upperCorner")
"""Corners of a feature's `boundedBy`, which GDAL takes for columns."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the capabilities say of a feature type."""

    name: str
    """With its prefix."""
    version: str
    """Of the service, "2.0.0" or "1.1.0"."""
    json_format: str
    """How the service calls GeoJSON, "" where it has none."""
    crs: str
    """In which it is kept, as the service writes it; "" where it does not say."""
    bounds: tuple[float, ...]
    """West, south, east and north in degrees; empty where it does not say."""

    @property
    def chosen(self) -> Json:
        """Return the parameters that choose it."""
        name = "TYPENAMES" if self.version.startswith("2.") else "TYPENAME"
        return {"VERSION": self.version, name: self.name}

    @property
    def most(self) -> str:
        """Return the name of the parameter of most rows."""
        return "COUNT" if self.version.startswith("2.") else "MAXFEATURES"


def read_xml(content: bytes) -> ET.Element:
    """Return the root of an answer.

    Raises:
        Failed: it is no XML as it should be, or says that it failed.
    """
    root = parse_xml(content)
    words = exception_words(root)
    if words:
        raise Failed(f"it answers with an exception: {shown(words[:300])}")
    return root


def read_about(content: bytes) -> list[About]:
    """Return the feature types of capabilities.

    Raises:
        Failed: they are none of a WFS 2.0 or 1.1.
    """
    root = read_xml(content)
    version = root.get("version", "")
    if not root.tag.endswith("WFS_Capabilities") or not version.startswith(("2.", "1.1")):
        raise Failed(
            f"want the capabilities of a WFS 2.0 or 1.1, got {shown(root.tag)} {version}",
            is_final=True,
        )
    offered = {}
    for operation in root.iterfind(f".//{ANY}Operation[@name='GetFeature']"):
        for value in operation.iterfind(f"{ANY}Parameter[@name='outputFormat']//{ANY}Value"):
            offered[(value.text or "").strip().lower()] = (value.text or "").strip()
    formats = [offered[name] for name in JSON_FORMATS if name in offered]
    crs = "DefaultCRS" if version.startswith("2.") else "DefaultSRS"
    return [
        About(
            name=(one.findtext(f"{ANY}Name") or "").strip(),
            version=version,
            json_format="".join(formats[:1]),
            crs=(one.findtext(f"{ANY}{crs}") or "").strip(),
            bounds=_bounds(one),
        )
        for one in root.iterfind(f".//{ANY}FeatureType")
    ]


def _bounds(feature_type: ET.Element) -> tuple[float, ...]:
    corners = f"{ANY}WGS84BoundingBox/{ANY}"
    words = [feature_type.findtext(corners + name) or "" for name in ("LowerCorner", "UpperCorner")]
    numbers = tuple(float(word) for word in re.findall(r"-?[\d.]+(?:e[-+]?\d+)?", " ".join(words)))
    return numbers if len(numbers) == 4 else ()


def read_hits(content: bytes) -> int:
    """Return how many features a service counts.

    Raises:
        Failed: it says no number.
    """
    root = read_xml(content)
    number = root.get("numberMatched") or root.get("numberOfFeatures") or ""
    if not number.isdecimal():
        raise Failed(f"it does not count its rows: it says {shown(number)}")
    return int(number)


def read_page(content: bytes, *, is_json: bool, most: int) -> list[Json]:
    """Return the features of a page as GeoJSON has them.

    Args:
        content: The answer.
        is_json: GeoJSON was asked for, else GML.
        most: Rows that were asked for.

    Raises:
        Failed: the page is not whole, empty, or too long.
    """
    if is_json and content.lstrip()[:1] == b"{":
        rows, returned = _read_json(content)
    else:
        number = read_xml(content).get("numberReturned", "")
        if is_json:
            raise Failed("it answers XML where GeoJSON was asked for")
        rows, returned = read_gml(content), int(number) if number.isdecimal() else None
    if returned is not None and returned != len(rows):
        raise Failed(f"a page of {returned:,} rows holds {len(rows):,}")
    if not 0 < len(rows) <= most:
        raise Failed(f"{most:,} rows were asked for, and {len(rows):,} came")
    return rows


def _read_json(content: bytes) -> tuple[list[Json], int | None]:
    try:
        answer = json.loads(content)
    except ValueError:
        raise Failed("the answer is cut short") from None
    if not isinstance(answer.get("features"), list):
        raise Failed("the answer is no list of features")
    return objects_of(answer, "features"), whole_of(answer, "numberReturned")


def read_gml(content: bytes) -> list[Json]:
    """Return the features of GML as GeoJSON has them; all values are text, as written.

    Raises:
        Failed: GDAL cannot read it.
    """
    before = pyogrio.get_gdal_config_option("GML_FIELDTYPES")
    pyogrio.set_gdal_config_options({"GML_FIELDTYPES": "ALWAYS_STRING"})
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.gml"
            path.write_bytes(content)
            meta, table = read_arrow(path, DOWNLOAD_SCHEMA="NO", EXPOSE_GML_ID="YES")
    except READ_ERRORS as error:
        raise Failed(f"its GML cannot be read: {shown(str(error)[:200])}") from None
    finally:
        pyogrio.set_gdal_config_options({"GML_FIELDTYPES": before})

    place = meta["geometry_name"] or "wkb_geometry"
    corners = [name for name in ENVELOPE if name in table.column_names]
    rows: list[Json] = []
    for values in table.drop_columns(corners).to_pylist():
        shape = values.pop(place, None)
        row: Json = {ID: values.pop(GML_ID, None), "properties": values}
        text = shapely.to_geojson(shapely.from_wkb(shape)) if shape else None
        rows.append({**row, "geometry": json.loads(text) if text else None})
    return rows


def has_id(row: Json) -> bool:
    """Tell whether a feature has an id; GDAL writes an empty one where GML has none."""
    return row.get(ID) not in (None, "")


def row_name(row: Json) -> bytes:
    """Return what tells a feature from others: its id, or all of it where it has none.

    A column without a value counts as one that is not there: GML of another page may lack it.
    """
    values = object_of(row, "properties")
    held = {name: value for name, value in values.items() if value is not None}
    content = row.get(ID) if has_id(row) else [held, row.get("geometry")]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
