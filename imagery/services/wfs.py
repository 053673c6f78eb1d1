"""A feature type of a WFS 2.0 or 1.1, page after page by STARTINDEX.

Places are asked for in WGS 84, and are longitude and latitude once they are read.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely
from pyproj import CRS

from imagery.services.client import Client, Json
from imagery.services.joining import join_pages
from imagery.services.json_values import object_of, objects_of
from imagery.services.layer import LayerRows, Tell
from imagery.services.ogc_api import ID, LON_LAT, ROWS, read_geojson, read_properties
from imagery.services.pages import KeptPages
from imagery.services.wfs_answers import About, read_about, read_hits, read_page
from imagery.shapes import Shapes

SRS = "urn:ogc:def:crs:EPSG::4326"
"""Asked for by name; GML has latitude first then, GeoJSON longitude."""
OURS = (
    "service",
    "request",
    "version",
    "outputformat",
    "srsname",
    "count",
    "maxfeatures",
    "startindex",
)
MOST_DEGREES = 180
"""Of a longitude."""
NAMES = ("typename", "typenames")
FIXED: Json = {"SERVICE": "WFS", "VERSION": "2.0.0"}


@dataclass(frozen=True, kw_only=True, eq=False)
class WfsLayer:
    """One feature type."""

    client: Client
    """Asks the service; its address has no parameter that is ours."""
    identity: str
    """Address as the city file has it, without what is secret."""
    about_type: About
    """What the capabilities say of it."""
    count: int
    """How many features the service counts."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return no name: the features themselves tell."""
        return ()

    @property
    def about(self) -> Json:
        """Return what tells this state of the feature type from another."""
        return {
            "address": self.identity,
            "layer": self.about_type.name,
            "count": self.count,
            "page_rows": self.client.settings.page_rows,
        }

    def fetch(self, pages: KeptPages, tell: Tell) -> None:
        """Fetch every page that is not here yet.

        Raises:
            InputError: the service failed, or its pages do not add up to the whole.
        """
        number = 0
        rows = 0
        while rows < self.count:
            page = pages.read(number)
            if page is None:
                page = {ROWS: self._fetch_page(rows)}
                pages.write(number, page)
            fetched = len(objects_of(page, ROWS))
            tell(fetched)
            rows += fetched
            number += 1
        self._check_whole(pages, rows)

    def read(self, pages: KeptPages) -> LayerRows:
        """Return the features of all pages."""
        tables = []
        parts: list[Shapes] = [np.empty(0, dtype=object)]
        for page in pages.all():
            features = objects_of(page, ROWS)
            tables.append(read_properties(features))
            parts.append(read_geojson([object_of(feature, "geometry") for feature in features]))
        shapes = np.concatenate(parts)
        is_table = bool(shapely.is_missing(shapes).all())
        if not is_table and not are_degrees(shapes):
            raise self.client.error(
                f"its places are no degrees, so it answers in another CRS than {SRS}",
                remedy="ask those who run it, or give the layer as a file",
            )
        if not is_table and is_turned(shapes, self.about_type.bounds):
            raise self.client.error(
                "its places are latitude before longitude where the order should be the other",
                remedy="ask those who run it, or give the layer as a file",
            )
        return LayerRows(
            table=join_pages(tables),
            shapes=None if is_table else shapes,
            crs=None if is_table else CRS(LON_LAT),
        )

    def _fetch_page(self, start: int) -> list[Json]:
        """Ask for one page until it is whole."""
        most = min(self.client.settings.page_rows, self.count - start)
        asked = {
            "REQUEST": "GetFeature",
            "SRSNAME": SRS,
            "STARTINDEX": start,
            self.about_type.most: most,
        }
        if self.about_type.json_format:
            asked["OUTPUTFORMAT"] = self.about_type.json_format
        read = partial(read_page, is_json=bool(self.about_type.json_format), most=most)
        rows = self.client.fetch("", {**FIXED, **self.about_type.chosen, **asked}, read)
        if rows is None:
            raise self.client.error("no such page")
        return rows

    def _check_whole(self, pages: KeptPages, rows: int) -> None:
        """Compare the rows with the service's own count, and see that none came twice.

        Raises:
            InputError: they do not add up.
        """
        again = count_rows(self.client, self.about_type)
        if {again, self.count} != {rows}:
            pages.remove()
            raise self.client.error(f"{rows:,} rows came, and it counts {again:,}")
        rows_of = [objects_of(page, ROWS) for page in pages.all()]
        names = Counter(row_name(row) for page in rows_of for row in page if has_id(row))
        twice = names.total() - len(names)
        remedy = "write &sortBy=KEY after the address, with a column that is unique"
        if twice:
            pages.remove()
            raise self.client.error(
                f"{twice:,} rows came twice, so that its pages may have gaps", remedy=remedy
            )
        # Of rows without an id that all differ none came twice, so none of as many is missing.
        bare = Counter(row_name(row) for page in rows_of for row in page if not has_id(row))
        alike = bare.total() - len(bare)
        if alike and len(rows_of) > 1:
            pages.remove()
            raise self.client.error(
                f"{bare.total():,} rows have no id, and {alike:,} of them are like another, so "
                "that its pages may have gaps",
                remedy=f"{remedy}, or set [snapshot] page_rows = {rows} to have one page",
            )


def has_id(row: Json) -> bool:
    """Tell whether a feature has an id; GDAL writes an empty one where GML has none."""
    return row.get(ID) not in (None, "")


def row_name(row: Json) -> bytes:
    """Return what tells a feature from others: its id, or all of it where it has none."""
    content = row.get(ID) if has_id(row) else [row.get("properties"), row.get("geometry")]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


def are_degrees(shapes: Shapes) -> bool:
    """Tell whether shapes, (n,), may be degrees in either order."""
    return bool((np.abs(shapely.total_bounds(shapes)) <= MOST_DEGREES).all())


def is_turned(shapes: Shapes, bounds: Sequence[float]) -> bool:
    """Tell whether shapes lie where the service says only with their axes exchanged.

    Args:
        shapes: (n,), longitude and latitude as read, or None.
        bounds: West, south, east and north as the service has them; empty where it does not say.
    """
    if not bounds:
        return False
    west, south, east, north = bounds
    allowed = shapely.box(west, south, east, north).buffer(0.01)
    left, bottom, right, top = shapely.total_bounds(shapes)
    is_right = allowed.covers(shapely.box(left, bottom, right, top))
    return not is_right and bool(allowed.covers(shapely.box(bottom, left, top, right)))


def open_wfs(client: Client) -> WfsLayer:
    """Ask which feature types a WFS has, and how many features the wanted one has.

    Raises:
        InputError: no such feature type, or the service does not count.
    """
    service = client.service
    named = [value for name, value in service.parameters.items() if name.lower() in NAMES]
    wanted = service.layer or "".join(named[:1])
    bare = replace(client, service=service.without(OURS + NAMES))

    answer = bare.fetch("", {**FIXED, "REQUEST": "GetCapabilities"}, read_about)
    types = answer or []
    found = [one for one in types if not wanted or wanted in (one.name, one.name.split(":")[-1])]
    if len(found) != 1:
        names = ", ".join(one.name for one in types[:8])
        raise client.error(
            f"want one feature type, and it has {names or 'none'}",
            remedy=f"name it with [{service.section}] layer",
        )
    count = count_rows(bare, found[0])
    if count == 0:
        raise client.error("it has no rows")
    return WfsLayer(client=bare, identity=service.identity, about_type=found[0], count=count)


def count_rows(client: Client, about: About) -> int:
    """Return how many features the service counts.

    Raises:
        InputError: it does not answer, or with no number.
    """
    asked = {**FIXED, **about.chosen, "REQUEST": "GetFeature", "RESULTTYPE": "hits"}
    count = client.fetch("", asked, read_hits)
    if count is None:
        raise client.error("it does not count its rows")
    return count
