"""A small server with one feature layer that can be edited, as Esri's REST API documents it.

Conditions are answered by a real SQL engine. Edits are refused as a server refuses them: an unknown
field, a text that is too long, a wrong type. It fails where a test says so.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from service_cases import Answer, ServiceHandler, serving

from gis_export.table.fields import Tier, fields_of

TYPES = {"text": "String", "int": "Integer", "real": "Double", "date": "Date"}
PYTHON = {
    "String": str,
    "Integer": int,
    "Double": float | int,
    "Date": int,
    "DateOnly": str,
    "OID": int,
}


def fields_as_packed(tier: Tier) -> list[Answer]:
    """Return the fields of a layer that was made from a pack of the tier, and the city's own."""
    fields: list[Answer] = [
        {"name": "FID", "type": "esriFieldTypeOID"},
        {"name": "FLY_YEAR", "type": "esriFieldTypeInteger"},
    ]
    for packed in fields_of(tier):
        described: Answer = {"name": packed.name, "type": f"esriFieldType{TYPES[packed.kind]}"}
        fields.append(described | ({"length": packed.width} if packed.kind == "text" else {}))
    return [*fields, {"name": "crew_note", "type": "esriFieldTypeString", "length": 50}]


@dataclass(kw_only=True, eq=False)
class FeatureLayer:
    """What the server keeps, what it was asked, and what fails next."""

    fields: list[Answer]
    """As Esri describes them; the first one is the object id."""
    info: Answer = field(default_factory=dict)
    """More of what the layer says of itself."""
    wkid: int = 2248
    """CRS of the geometry."""
    most: int = 3
    """Most rows of one answer."""
    token: str = "t0p-secret"
    """Without it nothing is told, "" for a layer that is open to all."""
    can_roll_back: bool = True
    """Whether a chunk with a row that is refused changes nothing."""
    rows: dict[int, Answer] = field(default_factory=dict)
    """Attributes and geometry by object id."""
    last_id: int = 0
    """Object id of the row that was added last."""
    faults: list[str] = field(default_factory=list)
    """Faults of the next edits, in order; "" is none."""
    edits: list[Answer] = field(default_factory=list)
    """Edits that were sent, also those that failed."""
    paths: list[str] = field(default_factory=list)
    """Path and query of every request."""
    host: str = ""
    """Address of the server."""
    held: threading.Event = field(default_factory=threading.Event)
    """Set when an edit is not answered ("held before" and "held after" it was done)."""
    released: threading.Event = field(default_factory=threading.Event)
    """Lets what is held go on."""
    done: threading.Event = field(default_factory=threading.Event)
    """Set when what was held has been done."""

    @property
    def url(self) -> str:
        """Return the address with a token from the environment."""
        return f"{self.host}/rest/services/Roofs/FeatureServer/0?token=$ROOFS_TOKEN"

    def add(self, attributes: Answer, geometry: Answer | None = None) -> int:
        """Add a row and return its object id."""
        self.last_id += 7
        empty = {str(described["name"]): None for described in self.fields}
        values = {**empty, **attributes, "FID": self.last_id}
        self.rows[self.last_id] = {"attributes": values, "geometry": geometry}
        return self.last_id

    def described(self, name: str) -> Answer:
        """Return the description of a field."""
        return next(found for found in self.fields if found["name"] == name)

    def values(self, name: str, year: int = 2026) -> dict[object, object]:
        """Return the values of a field by parcel, of one year."""
        attributes = [row["attributes"] for row in self.rows.values()]
        found: dict[object, object] = {}
        for row in attributes:
            assert isinstance(row, dict)
            if row["FLY_YEAR"] == year:
                found[row["PARCEL_ID"]] = row[name]
        return found

    def select(self, condition: str) -> list[int]:
        """Return the object ids of the rows that meet a condition of SQL."""
        names = [str(described["name"]) for described in self.fields]
        with sqlite3.connect(":memory:") as database:
            database.execute(f"CREATE TABLE layer ({', '.join(names)})")
            marks = ", ".join("?" * len(names))
            for row in self.rows.values():
                attributes = row["attributes"]
                assert isinstance(attributes, dict)
                values = [attributes[name] for name in names]
                database.execute(f"INSERT INTO layer VALUES ({marks})", values)
            found = database.execute(f"SELECT FID FROM layer WHERE {condition}").fetchall()
        database.close()
        return [row[0] for row in found]


@contextmanager
def serve_layer(layer: FeatureLayer) -> Iterator[FeatureLayer]:
    """Serve a layer until the block ends."""
    handler = type("Handler", (LayerHandler,), {"layer": layer})
    with serving(handler) as layer.host:
        yield layer


class LayerHandler(ServiceHandler):
    """Answers as a feature layer."""

    layer: FeatureLayer

    def do_GET(self) -> None:
        """Answer a question."""
        self.layer.paths.append(self.path)
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        if self.is_known(query):
            is_query = address.path.endswith("/query")
            self.send(self.answer_query(query) if is_query else self.describe())

    def do_POST(self) -> None:
        """Take edits."""
        self.layer.paths.append(self.path)
        length = int(self.headers["Content-Length"])
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        if self.is_known(form):
            assert self.path.endswith("/FeatureServer/0/applyEdits")
            self.take_edits(form)

    def is_known(self, query: dict[str, str]) -> bool:
        """Tell whether the token is right; say so where it is not."""
        token = query.get("token", "")
        if token == self.layer.token or not self.layer.token:
            return True
        error = {"code": 498, "message": f"Invalid token: {token}", "details": []}
        self.send({"error": error if token else {"code": 499, "message": "Token Required"}})
        return False

    def describe(self) -> Answer:
        """Return what the layer says of itself."""
        reference = {"wkid": 102100, "latestWkid": 3857}
        if self.layer.wkid != 3857:
            reference = {"wkid": self.layer.wkid}
        said: Answer = {
            "id": 0,
            "fields": self.layer.fields,
            "objectIdField": "FID",
            "geometryType": "esriGeometryPolygon",
            "capabilities": "Create,Delete,Query,Update,Editing",
            "maxRecordCount": self.layer.most,
            "extent": {"xmin": 0, "spatialReference": reference},
        }
        return said | self.layer.info

    def answer_query(self, query: dict[str, str]) -> Answer:
        """Return ids, a count, or rows."""
        ids = self.layer.select(query["where"])
        if "returnCountOnly" in query:
            return {"count": len(ids)}
        if "returnIdsOnly" in query:
            return {"objectIdFieldName": "FID", "objectIds": ids or None}
        chosen = [deepcopy(self.layer.rows[row_id]) for row_id in sorted(ids)[: self.layer.most]]
        reference = {"wkid": self.layer.wkid}
        return {"features": chosen, "spatialReference": reference}

    def take_edits(self, form: dict[str, str]) -> None:
        """Change rows, or fail as the test says: before the edits were done, or after."""
        edits: Answer = {
            name: json.loads(form.get(name, "[]")) for name in ("adds", "updates", "deletes")
        }
        self.layer.edits.append(edits)
        fault = self.layer.faults.pop(0) if self.layer.faults else ""
        if fault == "lets go":
            self.layer.released.set()
            self.layer.done.wait(60)
        if fault.startswith("held"):
            self.hold(edits, is_done_first=fault == "held after")
        elif fault == "429":
            self.send({}, status=429, headers={"Retry-After": "0"})
        elif fault == "500":
            self.send({}, status=500)
        elif fault == "error with status 200":
            error = {"code": 500, "message": f"Unable to complete with {form['token']}"}
            self.send({"error": error})
        else:
            answer = self.apply(edits, refuses=fault == "refused")
            if fault == "500 after":
                self.send({}, status=500)
            elif fault == "half a JSON":
                self.send_bytes(json.dumps(answer).encode()[:-20])
            else:
                self.send(answer, length_off=100 if fault == "broken off" else 0)

    def hold(self, edits: Answer, *, is_done_first: bool) -> None:
        """Do edits before or after a long wait, and answer nobody."""
        if is_done_first:
            self.apply(edits, refuses=False)
        self.layer.held.set()
        self.layer.released.wait(60)
        if not is_done_first:
            self.apply(edits, refuses=False)
        self.layer.done.set()

    def apply(self, edits: Answer, *, refuses: bool) -> Answer:
        """Do the edits and return a result for each."""
        before = deepcopy(self.layer.rows)
        answer: Answer = {}
        failed = False
        for kind in ("adds", "updates", "deletes"):
            results = [self.edit(kind, row) for row in edits[kind]]  # type: ignore[attr-defined]  # JSON
            if refuses and results:
                error = {"code": -2147217395, "description": "Setting of Value for WHY failed."}
                results[-1] = {"objectId": -1, "success": False, "error": error}
            failed = failed or not all(result["success"] for result in results)
            if results:
                answer[f"{kind[:-1]}Results"] = results
        if failed and self.layer.can_roll_back:
            self.layer.rows = before
        return answer

    def edit(self, kind: str, row: object) -> Answer:
        """Do one edit and return its result."""
        if kind == "deletes":
            assert isinstance(row, int)
            del self.layer.rows[row]
            return {"objectId": row, "success": True}

        assert isinstance(row, dict)
        problem = self.problem_of(row["attributes"])
        if problem:
            error = {"code": 1000, "description": problem}
            return {"objectId": -1, "success": False, "error": error}
        if kind == "adds":
            return {"objectId": self.layer.add(**row), "success": True}
        there = self.layer.rows[row["attributes"]["FID"]]
        attributes = there["attributes"]
        assert isinstance(attributes, dict)
        attributes.update(row["attributes"])
        there["geometry"] = row.get("geometry", there["geometry"])
        return {"objectId": row["attributes"]["FID"], "success": True}

    def problem_of(self, attributes: Answer) -> str:
        """Say why a row is refused, "" if it is not."""
        for name, value in attributes.items():
            described = self.layer.described(name)
            kind = str(described["type"]).removeprefix("esriFieldType")
            if value is not None and not isinstance(value, PYTHON[kind]):
                return f"{name}: {value!r} is no {kind}"
            if isinstance(value, str) and len(value) > int(str(described.get("length", 10))):
                return f"{name}: {value!r} is too long"
        return ""
