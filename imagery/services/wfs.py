"""A feature type of a WFS 2.0 or 1.1, page after page by STARTINDEX.

Places are asked for in the layer's own CRS where that has meters or feet, else in WGS 84.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely
from pyproj import CRS

from imagery.services.client import Client, Json
from imagery.services.failures import ServiceError
from imagery.services.joining import join_pages
from imagery.services.json_values import object_of, objects_of
from imagery.services.layer import LayerRows, Tell
from imagery.services.ogc_api import LON_LAT, ROWS, read_geojson, read_properties
from imagery.services.pages import KeptPages
from imagery.services.wfs_answers import (
    About,
    has_id,
    read_about,
    read_hits,
    read_page,
    row_name,
)
from imagery.services.wfs_places import (
    DEGREES,
    are_degrees,
    is_elsewhere,
    is_turned,
    lost_m,
    own_crs,
)
from imagery.shapes import Shapes
from imagery.troubles import shown

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
PROBED_ROWS = 10
"""Rows that show how finely places are written."""
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
            "crs": self.about_type.crs,
            "format": self.about_type.json_format,
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
        if is_table:
            return LayerRows(table=join_pages(tables), shapes=None, crs=None)
        crs = self._crs_of(shapes)
        off_m = lost_m(shapes) if crs.is_geographic else 0.0
        notes = (f"its places are rounded, and off by up to {off_m:.2g} m",) if off_m else ()
        return LayerRows(table=join_pages(tables), shapes=shapes, crs=crs, notes=notes)

    def _crs_of(self, shapes: Shapes) -> CRS:
        """Return the CRS of places, (n,), that has been checked against the service's own box.

        Raises:
            InputError: they are in another one than was asked for.
        """
        remedy = "ask those who run it, or give the layer as a file"
        bounds = self.about_type.bounds
        own = own_crs(self.about_type.crs)
        if are_degrees(shapes):
            if is_turned(shapes, bounds):
                raise self.client.error(
                    "its places are latitude before longitude where the order should be the other",
                    remedy=remedy,
                )
            return CRS(LON_LAT)
        if own is None:
            raise self.client.error(
                f"its places are no degrees, so it answers in another CRS than {DEGREES}",
                remedy=remedy,
            )
        if is_elsewhere(shapes, own, bounds):
            raise self.client.error(
                "its places lie off the box that it gives for them, so they are not in "
                f"{shown(self.about_type.crs)}",
                remedy=remedy,
            )
        return own

    def _fetch_page(self, start: int) -> list[Json]:
        """Ask for one page until it is whole."""
        most = min(self.client.settings.page_rows, self.count - start)
        return fetch_rows(self.client, self.about_type, {"STARTINDEX": start}, most=most)

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
        self._check_last(pages, {*names, *bare})

    def _check_last(self, pages: KeptPages, known: set[bytes]) -> None:
        """See that no row comes after the last: a server may count no more than its own limit.

        Raises:
            InputError: one does.
        """
        rows = fetch_rows(self.client, self.about_type, {"STARTINDEX": self.count - 1}, most=2)
        if any(row_name(row) not in known for row in rows[1:]):
            pages.remove()
            raise self.client.error(
                f"it counts {self.count:,} rows and has more, so it limits its answers",
                remedy="ask those who run it to raise the limit (MapServer: wfs_maxfeatures), or "
                "give the layer as a file",
            )


def open_wfs(client: Client) -> WfsLayer:
    """Ask which feature types a WFS has, and how many features the wanted one has.

    Raises:
        InputError: no such feature type, or the service does not count.
    """
    service = client.service
    named = [text for name, text in service.parameters.items() if name.lower() in NAMES]
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
    about = found[0]
    count = count_rows(bare, about)
    if count == 0:
        raise client.error("it has no rows")
    about = finer(bare, about)
    return WfsLayer(client=bare, identity=service.identity, about_type=about, count=count)


def finer(client: Client, about: About) -> About:
    """Return a feature type without GeoJSON where GML has finer places, as of QGIS Server.

    Raises:
        InputError: the service failed.
    """
    if not about.json_format:
        return about
    json_lost_m = probe_lost_m(client, about)
    if not json_lost_m:
        return about
    gml = replace(about, json_format="")
    try:
        gml_lost_m = probe_lost_m(client, gml)
    except ServiceError:
        return about  # it may have no GML that can be read, and its GeoJSON will do
    return gml if gml_lost_m < json_lost_m else about


def probe_lost_m(client: Client, about: About) -> float:
    """Return how far off the places of the first rows may be, meters.

    Raises:
        InputError: the service failed.
    """
    rows = fetch_rows(client, about, {}, most=PROBED_ROWS)
    shapes = read_geojson([object_of(row, "geometry") for row in rows])
    return lost_m(shapes) if are_degrees(shapes) else 0.0


def fetch_rows(client: Client, about: About, start: Json, *, most: int) -> list[Json]:
    """Ask for a page of features until it is whole.

    Args:
        client: Asks the service.
        about: Of the feature type.
        start: The parameter of the first row; none for the very first.
        most: Rows that are wanted.

    Raises:
        InputError: the service failed.
    """
    asked: Json = {
        "REQUEST": "GetFeature",
        "SRSNAME": about.crs if own_crs(about.crs) else DEGREES,
        about.most: most,
        **start,
    }
    if about.json_format:
        asked["OUTPUTFORMAT"] = about.json_format
    read = partial(read_page, is_json=bool(about.json_format), most=most)
    rows = client.fetch("", {**FIXED, **about.chosen, **asked}, read)
    if rows is None:
        raise client.error("no such page")
    return rows


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
