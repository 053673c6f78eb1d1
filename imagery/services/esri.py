"""A layer of an Esri FeatureServer or MapServer, paged by object id.

Esri's REST API: the ids of all rows are asked first, then the rows of a range of ids at a time,
until every id has its row. So neither a page that is cut short nor a row that is added meanwhile
can go unnoticed.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pyproj import CRS

from imagery.services.client import Client, Json
from imagery.services.esri_about import ALL, REFERENCE, ask_count, crs_of, find_layer
from imagery.services.esri_fields import EsriFields, read_fields
from imagery.services.esri_shapes import read_shapes
from imagery.services.joining import join_pages
from imagery.services.json_values import object_of, objects_of, text_of, whole_of
from imagery.services.layer import LayerRows, Tell
from imagery.services.pages import KeptPages

ROWS = "rows"
NO_CRS = "ask those who run it for the layer as a file, with its CRS"


@dataclass(frozen=True, kw_only=True, eq=False)
class EsriLayer:
    """One layer."""

    client: Client
    """Asks the service."""
    place: str
    """What follows the address to the layer, such as "/0"; "" where the address has it."""
    info: Json
    """What the service says of the layer."""
    ids: tuple[int, ...]
    """Object ids of all rows, rising."""
    id_field: str
    """Name of the field of object ids."""
    condition: str = ALL
    """Which rows are meant, as SQL."""

    @property
    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.ids)

    @cached_property
    def fields(self) -> EsriFields:
        """Return the fields."""
        return read_fields(self.info)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the fields."""
        return tuple(esri_field.name for esri_field in self.fields.fields)

    @property
    def page_rows(self) -> int:
        """Return how many rows are asked for at once."""
        allowed = whole_of(self.info, "maxRecordCount") or self.client.settings.page_rows
        return max(1, min(allowed, self.client.settings.page_rows))

    @property
    def about(self) -> Json:
        """Return what tells this state of the layer from another."""
        edited = object_of(self.info, "editingInfo")
        ids = ",".join(map(str, self.ids))
        return {
            "address": self.client.service.identity,
            "layer": self.client.service.layer,
            "fields": list(self.columns),
            "ids": hashlib.sha256(ids.encode()).hexdigest(),
            "page_rows": self.page_rows,
            "edited": edited.get("dataLastEditDate") or edited.get("lastEditDate"),
        }

    def fetch(self, pages: KeptPages, tell: Tell) -> None:
        """Fetch every page that is not here yet.

        Raises:
            InputError: the service failed, or does not give a row that it lists.
        """
        for number, ids in enumerate(self.id_pages()):
            if pages.read(number) is None:
                pages.write(number, self.fetch_page(ids))
            tell(len(ids))

        count = ask_count(self.client, self.place, self.condition)
        if count != self.count:
            pages.remove()
            raise self.client.error(
                f"it had {self.count:,} rows and has {count:,} now: it changed while it was copied"
            )

    def read(self, pages: KeptPages) -> LayerRows:
        """Return the rows of all pages.

        Raises:
            InputError: the service names no CRS that can be used.
        """
        fields = self.fields.with_times(
            values for page in pages.all() for values in _attributes(page)
        )
        tables = []
        shapes = []
        references = []
        bad_days: Counter[str] = Counter()
        for page in pages.all():
            table, bad = fields.table(_attributes(page))
            bad_days += bad
            tables.append(table)
            geometries = [object_of(row, "geometry") for row in objects_of(page, ROWS)]
            shapes.append(read_shapes(geometries))
            references.append(object_of(page, REFERENCE))

        has_shapes = bool(text_of(self.info, "geometryType"))
        return LayerRows(
            table=join_pages(tables),
            shapes=np.concatenate(shapes) if has_shapes else None,
            crs=self._read_crs(references) if has_shapes else None,
            notes=tuple(
                f"{name}: {count:,} values are no day and were left empty"
                for name, count in bad_days.items()
            ),
        )

    def id_pages(self) -> list[Sequence[int]]:
        """Return the ids of each page."""
        starts = range(0, len(self.ids), self.page_rows)
        return [self.ids[start : start + self.page_rows] for start in starts]

    def fetch_page(self, ids: Sequence[int]) -> Json:
        """Ask for rows until each id has one; an answer may hold fewer than were asked for."""
        rows: dict[int, Json] = {}
        reference: Json = {}
        wanted = set(ids)
        vain = 0
        while wanted:
            before = len(wanted)
            answer = self._ask_rows(min(wanted), max(wanted))
            reference = object_of(answer, REFERENCE) or reference
            for feature in objects_of(answer, "features"):
                row_id = whole_of(object_of(feature, "attributes"), self.id_field)
                if row_id in wanted:
                    rows[row_id] = feature
                    wanted.discard(row_id)

            if len(wanted) == before:
                vain += 1
                if vain == self.client.settings.tries:
                    raise self.client.error(
                        f"it lists {len(wanted):,} rows that it does not give, the first with "
                        f"{self.id_field} {min(wanted)}",
                        tries=vain,
                    )
                self.client.wait(vain)
        return {ROWS: [rows[row_id] for row_id in ids], REFERENCE: reference}

    @property
    def _other_condition(self) -> str:
        return "" if self.condition == ALL else f"({self.condition}) AND "

    def _ask_rows(self, first: int, last: int) -> Json:
        return self.client.ask(
            f"{self.place}/query",
            {
                "where": f"{self._other_condition}{self.id_field} >= {first} "
                f"AND {self.id_field} <= {last}",
                "outFields": "*",
                "returnGeometry": "true",
                "returnZ": "false",
                "returnM": "false",
                "f": "json",
            },
        )

    def _read_crs(self, references: Sequence[Json]) -> CRS:
        """Return the CRS that the pages name, or else the layer.

        Raises:
            InputError: none, or none that can be used.
        """
        extent = object_of(object_of(self.info, "extent"), REFERENCE)
        for reference in [*references, extent, object_of(self.info, "sourceSpatialReference")]:
            crs = crs_of(reference)
            if crs is not None:
                return crs
        raise self.client.error(f"it names no CRS that is known: {references[:1]}", remedy=NO_CRS)


def _attributes(page: Json) -> list[Json]:
    return [object_of(row, "attributes") for row in objects_of(page, ROWS)]


def open_esri(client: Client) -> EsriLayer:
    """Ask what a layer is, and for the ids of its rows.

    Raises:
        InputError: no such layer, or the service's count is not that of its ids.
    """
    place, info = find_layer(client)
    return list_rows(client, place, info)


def list_rows(client: Client, place: str, info: Json, condition: str = ALL) -> EsriLayer:
    """Ask for the ids of the rows of a layer.

    Args:
        client: Asks the service.
        place: What follows the address to the layer.
        info: What the service says of the layer.
        condition: Which rows are meant, as SQL.

    Raises:
        InputError: the service's count is not that of its ids.
    """
    count = ask_count(client, place, condition)
    answer = client.ask(
        f"{place}/query", {"where": condition, "returnIdsOnly": "true", "f": "json"}
    )
    listed = answer.get("objectIds")
    listed = listed if isinstance(listed, list) else []
    ids = {row_id for row_id in listed if isinstance(row_id, int)}
    if len(ids) != count:
        raise client.error(f"it counts {count:,} rows and lists {len(ids):,} ids")

    id_field = text_of(answer, "objectIdFieldName") or text_of(info, "objectIdField")
    return EsriLayer(
        client=client,
        place=place,
        info=info,
        ids=tuple(sorted(ids)),
        id_field=id_field or "OBJECTID",
        condition=condition,
    )
