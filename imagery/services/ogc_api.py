"""A collection of an OGC API Features service, page after page by its links "next".

Places come in longitude and latitude of CRS84, which is what the standard gives by default.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl, quote, urlsplit

import numpy as np
import pyarrow as pa
import shapely
from pyproj import CRS

from imagery.services.client import Client, Json
from imagery.services.columns import guessed_array
from imagery.services.failures import Failed
from imagery.services.joining import join_pages
from imagery.services.json_values import object_of, objects_of, text_of, whole_of
from imagery.services.layer import LayerRows, Tell
from imagery.services.pages import KeptPages
from imagery.shapes import Shapes

ROWS = "rows"
NEXT = "next"
MATCHED = "numberMatched"
ID = "id"
"""Column of the ids of features, where they have no property of that name."""
LON_LAT = "EPSG:4326"
COLLECTIONS = "/collections/"


@dataclass(frozen=True, kw_only=True, eq=False)
class OgcLayer:
    """One collection."""

    client: Client
    """Asks the service."""
    place: str
    """What follows the address to the collection; "" where the address has it."""
    count: int | None
    """How many features the service says it has; None where it does not say."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return no name: the features themselves tell."""
        return ()

    @property
    def about(self) -> Json:
        """Return what tells this state of the collection from another."""
        return {
            "address": self.client.service.identity,
            "layer": self.client.service.layer,
            "count": self.count,
            "page_rows": self.client.settings.page_rows,
        }

    def fetch(self, pages: KeptPages, tell: Tell) -> None:
        """Fetch every page that is not here yet.

        Raises:
            InputError: the service failed, or its pages do not add up to the whole.
        """
        parameters: Json = {"limit": self.client.settings.page_rows}
        asked = []
        number = 0
        rows = 0
        while parameters:
            if parameters in asked:
                pages.remove()
                raise self.client.error("its pages go round in a circle")
            asked.append(parameters)
            page = pages.read(number)
            if page is None:
                page = self._fetch_page(parameters, before=rows)
                pages.write(number, page)
            fetched = len(objects_of(page, ROWS))
            tell(fetched)
            rows += fetched
            number += 1
            parameters = object_of(page, NEXT)

        self._check_whole(pages, rows)

    def read(self, pages: KeptPages) -> LayerRows:
        """Return the features of all pages."""
        tables = []
        parts = []
        for page in pages.all():
            features = objects_of(page, ROWS)
            tables.append(read_properties(features))
            parts.append(read_geojson([object_of(feature, "geometry") for feature in features]))

        table = join_pages(tables)
        shapes = np.concatenate(parts)
        is_table = bool(shapely.is_missing(shapes).all())
        notes: tuple[str, ...] = ()
        if self.count is None:
            notes = (f"the service does not say how many rows it has; {table.num_rows:,} came",)
        return LayerRows(
            table=table,
            shapes=None if is_table else shapes,
            crs=None if is_table else CRS(LON_LAT),
            notes=notes,
        )

    def _fetch_page(self, parameters: Json, before: int) -> Json:
        """Ask for one page until it is whole."""
        whole = partial(check_page, before=before, own=self.client.service.parameters)
        answer = self.client.ask(f"{self.place}/items", parameters, check=whole)
        return {
            ROWS: objects_of(answer, "features"),
            NEXT: next_parameters(answer, self.client.service.parameters),
            MATCHED: whole_of(answer, MATCHED),
        }

    def _check_whole(self, pages: KeptPages, rows: int) -> None:
        """Compare the rows with the service's own count, and see that none came twice.

        Raises:
            InputError: they do not add up.
        """
        counts = {page.get(MATCHED) for page in pages.all()} | {self.count}
        if counts - {None, rows}:
            pages.remove()
            told = ", ".join(f"{count:,}" for count in sorted(_wholes(counts)))
            raise self.client.error(f"{rows:,} rows came, and it counts {told}")

        ids = [
            json.dumps(feature[ID])
            for page in pages.all()
            for feature in objects_of(page, ROWS)
            if feature.get(ID) is not None
        ]
        twice = len(ids) - len(set(ids))
        if twice:
            pages.remove()
            raise self.client.error(f"{twice:,} rows came twice: it changed while it was copied")


def _wholes(values: set[object]) -> Iterator[int]:
    return (value for value in values if isinstance(value, int))


def check_page(answer: Json, *, before: int, own: Collection[str]) -> None:
    """Check that a page holds as many features as it says, and does not end too early.

    Args:
        answer: The page.
        before: Features of the pages before it.
        own: Names of the parameters of the address.

    Raises:
        Failed: it does not.
    """
    if not isinstance(answer.get("features"), list):
        raise Failed("the answer is no list of features")
    count = len(objects_of(answer, "features"))
    returned = whole_of(answer, "numberReturned")
    if returned is not None and returned != count:
        raise Failed(f"a page of {returned:,} rows holds {count:,}")

    matched = whole_of(answer, MATCHED)
    is_last = not next_parameters(answer, own)
    if is_last and matched is not None and before + count < matched:
        raise Failed(f"it counts {matched:,} rows and ends after {before + count:,}")


def next_parameters(answer: Json, own: Collection[str]) -> Json:
    """Return the parameters of the next page, none after the last one.

    Only they are taken from the link: its host may be one that the city file does not name, and
    what the address of the service has already, such as a token, is not kept.

    Args:
        answer: The page.
        own: Names of the parameters of the address.
    """
    for link in objects_of(answer, "links"):
        if link.get("rel") == "next":
            pairs = parse_qsl(urlsplit(text_of(link, "href")).query)
            return {name: value for name, value in pairs if name not in own}
    return {}


def read_properties(features: Sequence[Json]) -> pa.Table:
    """Return the properties of features, and their ids where no property is called so."""
    properties = [object_of(feature, "properties") for feature in features]
    names = list(dict.fromkeys(name for values in properties for name in values))
    arrays = {name: guessed_array([row.get(name) for row in properties]) for name in names}
    has_ids = any(ID in feature for feature in features)
    if has_ids and ID not in {name.lower() for name in names}:
        arrays[ID] = guessed_array([feature.get(ID) for feature in features])
    return pa.table(arrays)


def read_geojson(geometries: Sequence[Json]) -> Shapes:
    """Return a shapely geometry for each of GeoJSON's; None where it is empty."""
    texts = [json.dumps(geometry) if geometry else None for geometry in geometries]
    shapes = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    return np.asarray(shapely.force_2d(shapes), dtype=object)


def open_ogc_api(client: Client) -> OgcLayer:
    """Ask what a collection is, and how many features it has.

    Raises:
        InputError: no such collection.
    """
    place = find_collection(client)
    client.ask(place)
    first = client.ask(f"{place}/items", {"limit": 1})
    return OgcLayer(client=client, place=place, count=whole_of(first, MATCHED))


def find_collection(client: Client) -> str:
    """Return what follows the address to the collection.

    Raises:
        InputError: there is none, or several could be meant.
    """
    if COLLECTIONS in client.service.shown:
        return ""
    if client.service.layer:
        return COLLECTIONS + quote(client.service.layer, safe="")

    collections = objects_of(client.ask("/collections"), "collections")
    names = [text_of(collection, "id") for collection in collections]
    if len(names) != 1:
        raise client.error(
            f"want one collection, and it has {', '.join(names[:8]) or 'none'}",
            remedy=f"name it with [{client.service.section}] layer",
        )
    return COLLECTIONS + quote(names[0], safe="")
