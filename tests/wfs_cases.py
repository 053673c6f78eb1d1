"""A small server that behaves like a WFS 2.0, in GeoJSON or GML, and fails where a test says so."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from service_cases import serving
from shapely.geometry import Polygon, mapping, shape

Feature = dict[str, object]
"""GeoJSON's, a polygon without holes in longitude and latitude."""
WFS = 'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:ows="http://www.opengis.net/ows/1.1"'
GML = 'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:city="http://city.example/city"'
ENVELOPE = (
    "<gml:Envelope><gml:lowerCorner>1 2</gml:lowerCorner>"
    "<gml:upperCorner>3 4</gml:upperCorner></gml:Envelope>"
)
EXCEPTION = (
    f'<ows:ExceptionReport {WFS}><ows:Exception exceptionCode="NoApplicableCode">'
    "<ows:ExceptionText>database is away</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
)

FAULTS = {"429": (429, ""), "400": (400, EXCEPTION), "exception": (200, EXCEPTION)}
"""Status and text of answers that are none."""


@dataclass(kw_only=True, eq=False)
class FakeWfs:
    """What is served, what was asked, and what fails next."""

    features: list[Feature]
    """All features of the type city:lots."""
    has_json: bool = True
    """Whether it offers GeoJSON."""
    is_turned: bool = False
    """Whether it has the axes the wrong way round."""
    version: str = "2.0.0"
    """What it speaks; 1.1.0 has other names of parameters and counts."""
    own_crs: str = ""
    """In which it says that it keeps its rows, and answers where it is asked for it."""
    sent_crs: str = ""
    """In which it answers in place of that, "" for the same."""
    json_name: str = "application/json"
    """How it calls GeoJSON."""
    is_qgis: bool = False
    """Whether GeoJSON is in degrees of six decimals, and GML has a box of each feature."""
    most: int = 10**6
    """Most rows of one answer."""
    most_counted: int = 10**6
    """Most rows that it counts, as MapServer with `wfs_maxfeatures`."""
    token: str = ""
    """Token without which nothing is told, "" for none."""
    url: str = ""
    """Address of the server."""
    faults: list[str] = field(default_factory=list)
    """Faults of the next pages, in order; "" is none."""
    count_off: int = 0
    """Added to every count."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """Parameters of every request, names in capitals."""

    @property
    def pages(self) -> list[dict[str, str]]:
        """Return the requests for rows."""
        return [asked for asked in self.asked if "STARTINDEX" in asked]

    @property
    def is_two(self) -> bool:
        """Tell whether it speaks 2.0."""
        return self.version.startswith("2.")

    def answer(self, query: dict[str, str]) -> tuple[int, str]:
        """Return status and text."""
        if self.token and query.get("TOKEN") != self.token:
            return 403, f"wrong {query.get('TOKEN')}"
        if query["REQUEST"] == "GetCapabilities":
            return 200, self.capabilities()
        if query["TYPENAMES" if self.is_two else "TYPENAME"] != "city:lots":
            return 400, EXCEPTION
        if query.get("RESULTTYPE") == "hits":
            count = min(len(self.features) + self.count_off, self.most_counted)
            counted = "numberMatched" if self.is_two else "numberOfFeatures"
            return 200, f'<wfs:FeatureCollection {WFS} {counted}="{count}"/>'

        fault = self.faults.pop(0) if self.faults and "STARTINDEX" in query else ""
        if fault in FAULTS:
            return FAULTS[fault]
        start = int(query.get("STARTINDEX", 0))
        wanted = int(query["COUNT" if self.is_two else "MAXFEATURES"])
        chosen = self.features[start : start + min(wanted, self.most)]
        if fault == "other order":
            chosen = self.features[: len(chosen)]
        is_json = "OUTPUTFORMAT" in query
        chosen = self.placed(chosen, query["SRSNAME"], is_json=is_json)
        text = self.geojson(chosen) if is_json else self.gml(chosen, query["SRSNAME"])
        if fault == "cut":
            text = text[:-60]
        return 200, text

    def placed(self, features: list[Feature], srs: str, *, is_json: bool) -> list[Feature]:
        """Return features in the CRS in which it answers."""
        if self.is_qgis and is_json:
            return rounded(features)
        return moved(features, self.sent_crs or srs) if srs == self.own_crs else features

    def capabilities(self) -> str:
        """Return what it offers."""
        shapes = [json.dumps(one["geometry"]) for one in self.features]
        points = [point for text in shapes for point in json.loads(text)["coordinates"][0]]
        west, south = (min(point[axis] for point in points) for axis in (0, 1))
        east, north = (max(point[axis] for point in points) for axis in (0, 1))
        formats = ["application/gml+xml; version=3.2", *[self.json_name] * self.has_json]
        values = "".join(f"<ows:Value>{name}</ows:Value>" for name in formats)
        crs = f"Default{'CRS' if self.is_two else 'SRS'}"
        kept = f"<wfs:{crs}>{self.own_crs}</wfs:{crs}>" if self.own_crs else ""
        return (
            f'<wfs:WFS_Capabilities version="{self.version}" {WFS}>'
            '<ows:Operation name="GetFeature">'
            f'<ows:Parameter name="outputFormat"><ows:AllowedValues>{values}</ows:AllowedValues>'
            "</ows:Parameter></ows:Operation><wfs:FeatureType><wfs:Name>city:lots</wfs:Name>"
            f"{kept}"
            f"<ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner>"
            f"<ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:WGS84BoundingBox>"
            "</wfs:FeatureType></wfs:WFS_Capabilities>"
        )

    def geojson(self, features: list[Feature]) -> str:
        """Return a page, longitude first unless it is turned."""
        rows = json.loads(json.dumps(features))
        for row in rows if self.is_turned else []:
            ring = row["geometry"]["coordinates"][0]
            row["geometry"]["coordinates"] = [[point[::-1] for point in ring]]
        return json.dumps({"type": "FeatureCollection", "features": rows})

    def gml(self, features: list[Feature], srs: str) -> str:
        """Return a page in a CRS, of degrees latitude first unless it is turned."""
        members = []
        step = 1 if self.is_turned or srs == self.own_crs else -1
        for row in json.loads(json.dumps(features)):
            ring = row["geometry"]["coordinates"][0]
            places = " ".join(f"{value!r}" for point in ring for value in point[:2][::step])
            texts = "".join(
                f"<city:{name}>{value}</city:{name}>" for name, value in row["properties"].items()
            )
            row_id = f' gml:id="{row["id"]}"' if "id" in row else ""
            box = f"<gml:boundedBy>{ENVELOPE}</gml:boundedBy>" if self.is_qgis else ""
            members.append(
                f"<wfs:member><city:lots{row_id}>{box}{texts}<city:geom>"
                f'<gml:Polygon srsName="{srs}">'
                f"<gml:exterior><gml:LinearRing><gml:posList>{places}</gml:posList>"
                "</gml:LinearRing></gml:exterior></gml:Polygon></city:geom></city:lots>"
                "</wfs:member>"
            )
        return (
            f'<wfs:FeatureCollection {WFS} {GML} numberMatched="unknown" '
            f'numberReturned="{len(features)}">{"".join(members)}</wfs:FeatureCollection>'
        )


def moved(features: list[Feature], crs: str) -> list[Feature]:
    """Return features in another CRS, east first."""
    to_crs = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    move = partial(shapely.transform, transformation=to_crs.transform, interleaved=False)
    return [with_shape(row, move) for row in features]


def rounded(features: list[Feature]) -> list[Feature]:
    """Return features with six decimals."""
    return [with_shape(row, partial(shapely.transform, transformation=six)) for row in features]


def six(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers with six decimals."""
    return np.round(places, 6)


def with_shape(row: Feature, change: Callable[[Polygon], Polygon]) -> Feature:
    """Return a feature whose shape was changed."""
    return {**row, "geometry": json.loads(json.dumps(mapping(change(shape(row["geometry"])))))}  # type: ignore[arg-type]  # JSON


@contextmanager
def serve_wfs(features: list[Feature]) -> Iterator[FakeWfs]:
    """Serve features until the block ends."""
    wfs = FakeWfs(features=features)

    class Handler(BaseHTTPRequestHandler):
        """Answers as a WFS."""

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer one question."""
            pairs = parse_qsl(urlsplit(self.path).query)
            query = {name.upper(): value for name, value in pairs}
            wfs.asked.append(query)
            status, text = wfs.answer(query)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    with serving(Handler) as host:
        wfs.url = f"{host}/wfs"
        yield wfs
