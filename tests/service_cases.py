"""A small server that behaves like a FeatureServer and like an OGC API Features service.

It counts what is asked, and fails where a test says so.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

Row = dict[str, object]
"""One feature as the server keeps it: "id", "attributes", Esri's "geometry", GeoJSON's "shape"."""
Answer = dict[str, object]


@dataclass(kw_only=True, eq=False)
class Layer:
    """A layer that is served both ways."""

    fields: list[Answer]
    """As Esri describes them; the first one is the object id."""
    rows: list[Row]
    """All features."""
    geometry: str = ""
    """Esri's type of geometry, "" for a table."""
    wkid: int = 32618
    """CRS of Esri's geometry."""
    info: Answer = field(default_factory=dict)
    """More of what Esri says of the layer."""
    most: int = 10
    """Most rows of one answer."""
    token: str = ""
    """Token without which nothing is told, "" for none."""


@dataclass(kw_only=True, eq=False)
class FakeService:
    """What is served, what was asked, and what fails next."""

    layers: dict[str, Layer]
    """By the number (Esri) and name (OGC API) of the layer."""
    url: str = ""
    """Address of the server."""
    faults: list[str] = field(default_factory=list)
    """Faults of the next pages of rows, in order; "" is none."""
    retry_after: str = "0"
    """Seconds that a busy service asks to wait."""
    dies_after: int = 10**9
    """Pages of rows after which every one fails."""
    count_off: int = 0
    """Added to every count."""
    asked: list[str] = field(default_factory=list)
    """Path and query of every request."""

    @property
    def pages(self) -> list[str]:
        """Return the requests for rows."""
        return [asked for asked in self.asked if "outFields" in asked or "limit=" in asked]

    def esri(self, layer: str) -> str:
        """Return the address of a layer of the FeatureServer."""
        return f"{self.url}/rest/services/City/FeatureServer/{layer}"

    def ogc(self, layer: str) -> str:
        """Return the address of a collection."""
        return f"{self.url}/oapi/collections/{layer}"

    def next_fault(self) -> str:
        """Return the fault of this page."""
        if len(self.pages) > self.dies_after:
            return "500"
        return self.faults.pop(0) if self.faults else ""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer on this machine until the block ends; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve(layers: dict[str, Layer]) -> Iterator[FakeService]:
    """Serve layers until the block ends."""
    service = FakeService(layers=layers)
    handler = type("Handler", (ServiceHandler,), {"service": service})
    with serving(handler) as service.url:
        yield service


class ServiceHandler(BaseHTTPRequestHandler):
    """Answers as both kinds of service."""

    service: FakeService

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer one question."""
        self.service.asked.append(self.path)
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        found = re.search(r"/(?:FeatureServer|collections)/(\w+)(/query|/items)?$", address.path)
        if found is None:
            self.send(self.list_layers(address.path))
            return

        layer = self.service.layers.get(found.group(1))
        if layer is None:
            self.send({"code": "NotFound"}, status=404)
        elif layer.token and query.get("token") != layer.token:
            said = f"Invalid token: {query.get('token')}"
            self.send({"error": {"code": 498, "message": said, "details": []}})
        elif "FeatureServer" in address.path:
            self.answer_esri(found.group(1), layer, query, is_query=bool(found.group(2)))
        else:
            self.answer_ogc(layer, query, is_items=bool(found.group(2)))

    def list_layers(self, path: str) -> Answer:
        """Return the names of all layers."""
        names = list(self.service.layers)
        if path.endswith("/collections"):
            return {"collections": [{"id": name} for name in names]}
        return {"layers": [{"id": place, "name": name} for place, name in enumerate(names)]}

    def answer_esri(
        self, name: str, layer: Layer, query: dict[str, str], *, is_query: bool
    ) -> None:
        """Answer as a FeatureServer."""
        id_field = str(layer.fields[0]["name"])
        ids = [row["id"] for row in layer.rows]
        if not is_query:
            said = {"name": name, "fields": layer.fields, "maxRecordCount": layer.most}
            geometry = {"geometryType": layer.geometry} if layer.geometry else {}
            self.send({**said, **geometry, **layer.info})
        elif "returnCountOnly" in query:
            self.send({"count": len(ids) + self.service.count_off})
        elif "returnIdsOnly" in query:
            self.send({"objectIdFieldName": id_field, "objectIds": ids[::-1] or None})
        else:
            first, last = re.findall(r"-?\d+", query["where"])
            chosen = [row for row in layer.rows if int(first) <= int(str(row["id"])) <= int(last)]
            features = [esri_feature(row) for row in chosen[: layer.most]]
            answer: Answer = {
                "features": features,
                "exceededTransferLimit": len(chosen) > layer.most,
            }
            if layer.geometry:
                answer["spatialReference"] = {"wkid": layer.wkid}
            self.send_page(answer)

    def answer_ogc(self, layer: Layer, query: dict[str, str], *, is_items: bool) -> None:
        """Answer as an OGC API Features service."""
        if not is_items:
            self.send({"id": "a collection", "links": []})
            return
        limit = min(int(query["limit"]), layer.most)
        start = int(query.get("offset", 0))
        features = [geojson_feature(row) for row in layer.rows[start : start + limit]]
        answer: Answer = {
            "type": "FeatureCollection",
            "features": features,
            "numberReturned": len(features),
            "numberMatched": len(layer.rows) + self.service.count_off,
            "links": [],
        }
        if start + limit < len(layer.rows):
            more = urlencode({**query, "limit": limit, "offset": start + limit})
            # The host that a server behind a proxy believes to be.
            answer["links"] = [{"rel": "next", "href": f"http://inside.invalid/items?{more}"}]
        if limit == 1:
            self.send(answer)
        else:
            self.send_page(answer)

    def send_page(self, answer: Answer) -> None:
        """Send rows, or fail as the test says."""
        fault = self.service.next_fault()
        features = answer["features"]
        assert isinstance(features, list)
        if fault == "429":
            self.send({}, status=429, headers={"Retry-After": self.service.retry_after})
        elif fault == "500":
            self.send({}, status=500)
        elif fault == "error with status 200":
            self.send({"error": {"code": 500, "message": "Unable to complete", "details": []}})
        elif fault == "broken off":
            self.send(answer, length_off=1000)
        elif fault == "half a JSON":
            self.send_bytes(json.dumps(answer).encode()[:-40])
        elif fault == "a web page":
            self.send_bytes(b"<html>Service is starting</html>")
        elif fault == "fewer rows":
            self.send({**answer, "features": features[: len(features) // 2]})
        elif fault == "no rows":
            self.send({**answer, "features": []})
        elif fault == "other host":
            self.send({}, status=302, headers={"Location": "http://other.invalid/"})
        else:
            self.send(answer)

    def send(
        self,
        answer: Answer,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        length_off: int = 0,
    ) -> None:
        """Send an object of JSON."""
        content = json.dumps(answer).encode()
        self.send_bytes(content, status=status, headers=headers, length_off=length_off)

    def send_bytes(
        self,
        content: bytes,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        length_off: int = 0,
    ) -> None:
        """Send bytes, and say that they are more."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) + length_off))
        self.end_headers()
        self.wfile.write(content)


def esri_feature(row: Row) -> Answer:
    """Return a feature as Esri has it."""
    return {name: row[name] for name in ("attributes", "geometry") if name in row}


def geojson_feature(row: Row) -> Answer:
    """Return a feature as GeoJSON has it."""
    return {
        "type": "Feature",
        "id": row["id"],
        "properties": row["attributes"],
        "geometry": row.get("shape"),
    }
