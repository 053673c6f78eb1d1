"""The tiles hold every placed vacant at every zoom, and show in a web map.

They give no score for the unscored.
"""

import functools
import gzip
import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from chromium import CHROMIUM
from export_cases import make_inputs, make_ledger, make_roll
from PIL import Image, ImageColor
from playwright.sync_api import Page, sync_playwright
from pmtiles.reader import MmapSource, Reader, all_tiles

from gis_export.formats.pmtiles import MAX_ZOOM, MIN_ZOOM, write_pmtiles
from gis_export.table.export_table import ExportTable
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import SYMBOLS
from inference.hazard import USE_LIMIT

NPM = Path(os.environ.get("ROOFWATCH_NPM", Path(__file__).parent / ".npm"))
ODD = ('1 Peña & <b>Réunion</b> St "rear"', "=cmd()", "2 Main St\nUnit 3")


def make_table(count: int = 12, *, hazards: tuple[str, ...] | None = None) -> ExportTable:
    """Return the table of a small city with odd addresses."""
    roll = make_roll(count)
    for row, address in enumerate(ODD[:count]):
        roll.table.loc[row, "address"] = address
    ledger = make_ledger(roll, hazards) if hazards else None
    return build_table(make_inputs(roll, ledger), ExportSettings())


def write(table: ExportTable, folder: Path) -> Path:
    """Write the tiles of a table and return their path."""
    path = folder / "scores.pmtiles"
    write_pmtiles(table, path, title="Testville 2026")
    return path


def read_tiles(path: Path, layer: str, zoom: int = MAX_ZOOM) -> gpd.GeoDataFrame:
    """Return the features of a layer at a zoom."""
    return pyogrio.read_dataframe(path, layer=layer, ZOOM_LEVEL=zoom)


def raw_tiles(path: Path) -> list[bytes]:
    """Return the bytes of every tile."""
    with path.open("rb") as stream:
        return [gzip.decompress(data) for _, data in all_tiles(MmapSource(stream))]


def metadata_of(path: Path) -> dict[str, object]:
    """Return what the file says of itself."""
    with path.open("rb") as stream:
        return dict(Reader(MmapSource(stream)).metadata())


@pytest.mark.parametrize("zoom", range(MIN_ZOOM, MAX_ZOOM + 1))
def test_every_placed_vacant_has_a_point_inside_its_parcel_at_every_zoom(
    zoom: int, tmp_path: Path
) -> None:
    rows = make_table().rows

    points = read_tiles(write(ExportTable(rows=rows), tmp_path), "centroids", zoom)

    step_m = 40_075_017 / 2**zoom / 4096  # of the tile's coordinates at the equator; less here
    reach_ft = 2 * step_m / 0.3048
    assert sorted(points["hazard_level"]) == sorted(rows["RISK_LVL"])
    for place in points.to_crs(rows.crs).geometry:
        assert rows.geometry.distance(place).min() < reach_ft


def test_near_by_the_tiles_carry_the_parcels_and_their_words(tmp_path: Path) -> None:
    rows = make_table().rows

    path = write(ExportTable(rows=rows), tmp_path)

    parcels = read_tiles(path, "vacant_roofs").sort_values("parcel_id", ignore_index=True)
    assert list(parcels["parcel_id"]) == list(rows["PARCEL_ID"])
    assert parcels["parcel_id"][0] == "0216 001"
    assert list(parcels["address"][:3]) == list(ODD)
    assert list(parcels["hazard_text"]) == list(rows["RISK_TXT"])
    assert set(parcels["image_date"]) == {"2026-03-09"}
    area = parcels.to_crs(rows.crs).geometry.area / rows.geometry.area
    assert area.between(0.9, 1.1).all()
    assert sorted(read_tiles(path, "centroids")["parcel_id"]) == list(rows["PARCEL_ID"])


def test_an_unscored_vacant_has_no_score_and_gives_its_reason(tmp_path: Path) -> None:
    rows = make_table().rows

    path = write(ExportTable(rows=rows), tmp_path)

    for layer in ("centroids", "vacant_roofs"):
        table = read_tiles(path, layer).set_index("parcel_id").sort_index()
        assert list(table["score"].notna()) == list(rows["SCORED"] == "Y")

        unscored = table[table["scored"] == "N"]
        assert len(unscored) == 3
        assert set(unscored["hazard_level"]) == {"NA"}
        assert set(unscored["not_assessed_reason"]) == {"outside_imagery"}


def test_all_not_assessed_leaves_no_score_anywhere(tmp_path: Path) -> None:
    key = b"\x05score"  # a key of a tile: its length and its name

    tiles = raw_tiles(write(make_table(hazards=("NOT ASSESSED",)), tmp_path))

    assert tiles
    assert not any(key in tile for tile in tiles)


def test_what_has_no_place_is_counted_and_one_parcel_is_enough(tmp_path: Path) -> None:
    roll = make_roll(2)
    roll.table.loc[1, "geometry"] = None

    path = write(build_table(make_inputs(roll), ExportSettings()), tmp_path)

    description = metadata_of(path)["description"]
    assert description == f"{USE_LIMIT} 1 vacants have no location and are in no tile."
    assert list(read_tiles(path, "centroids")["parcel_id"]) == ["0216 001"]


def test_an_empty_city_is_a_valid_file_without_a_feature(tmp_path: Path) -> None:
    path = write(ExportTable(rows=make_table().rows.iloc[:0]), tmp_path)

    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    assert metadata_of(path)["name"] == "Testville 2026"
    assert raw_tiles(path) == [b""]
    assert layers == ["centroids", "vacant_roofs"]


def test_same_rows_give_the_same_bytes_and_leave_nothing_beside_them(tmp_path: Path) -> None:
    for name in ("a.pmtiles", "b.pmtiles"):
        write_pmtiles(make_table(), tmp_path / name, title="Testville 2026")
    assert (tmp_path / "a.pmtiles").read_bytes() == (tmp_path / "b.pmtiles").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pmtiles", "b.pmtiles"]


def test_a_dense_city_loses_no_point_from_a_full_tile(tmp_path: Path) -> None:
    """GDAL by itself would thin a tile out to half a megabyte."""
    count = 1_500
    rng = np.random.default_rng(0)
    few = make_table(4).rows
    numbers = np.arange(count)
    left = 1_415_000 + 20 * (numbers % 100)
    bottom = 593_000 + 80 * (numbers // 100)
    lots = shapely.box(left, bottom, left + 15, bottom + 72)

    rows = pd.concat([few] * (count // 4), ignore_index=True)
    rows = rows.set_geometry(gpd.GeoSeries(lots, crs=few.crs))
    rows["PARCEL_ID"] = [f"{number:05d} 001" for number in numbers]
    rows["ADDRESS"] = [rng.bytes(500).hex() for _ in numbers]  # cannot be compressed
    path = write(ExportTable(rows=rows), tmp_path)

    assert len(read_tiles(path, "centroids", MIN_ZOOM)) == count
    assert read_tiles(path, "centroids", 12)["parcel_id"].nunique() == count


PAGE = """<!doctype html>
<meta charset="utf-8">
<title>tiles</title>
<link rel="stylesheet" href="/npm/maplibre/dist/maplibre-gl.css">
<style>html, body, #map { margin: 0; height: 100%; background: #fff }</style>
<div id="map"></div>
<script src="/npm/maplibre/dist/maplibre-gl.js"></script>
<script src="/npm/pmtiles/dist/pmtiles.js"></script>
<script>
maplibregl.addProtocol("pmtiles", new pmtiles.Protocol().tile);
const symbols = __SYMBOLS__;
const level = ["get", "hazard_level"];
const pairs = symbols.flatMap((symbol) => [symbol.code, symbol.color]);
const color = ["match", level, ...pairs, "#CC79A7"];
const source = "roofs";
const tiles = {type: "vector", url: `pmtiles://${location.origin}/scores.pmtiles`};
const ground = {id: "ground", type: "background", paint: {"background-color": "#fff"}};
const parcels = {
  id: "parcels",
  type: "fill",
  source,
  "source-layer": "vacant_roofs",
  paint: {"fill-color": color, "fill-opacity": 0.5, "fill-outline-color": "#000"},
};
const points = {
  id: "points",
  type: "circle",
  source,
  "source-layer": "centroids",
  paint: {
    "circle-color": color,
    "circle-radius": 7,
    "circle-stroke-width": 1.5,
    "circle-stroke-color": "#000",
  },
};
window.errors = [];
window.map = new maplibregl.Map({
  container: "map",
  preserveDrawingBuffer: true,
  canvasContextAttributes: {preserveDrawingBuffer: true},
  bounds: __BOUNDS__,
  fitBoundsOptions: {padding: 60},
  style: {version: 8, sources: {roofs: tiles}, layers: [ground, parcels, points]},
});
map.on("error", (event) => errors.push(String(event.error)));
map.on("idle", () => { document.title = "idle"; });
</script>"""


class _Ranges(SimpleHTTPRequestHandler):
    """A file server that answers a request for some bytes of a file, as tiles need it."""

    def do_GET(self) -> None:
        """Answer with the bytes that were asked for."""
        wanted = self.headers.get("Range")
        if not wanted:
            super().do_GET()
            return

        data = Path(self.translate_path(self.path)).read_bytes()
        first, last = wanted.removeprefix("bytes=").split("-")
        start = int(first)
        answer = data[start : int(last) + 1]

        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{start + len(answer) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder and yield its address."""
    handler = functools.partial(_Ranges, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_page(rows: gpd.GeoDataFrame, folder: Path) -> None:
    """Write the web page around the tiles of some rows."""
    symbols = [{"code": symbol.code, "color": symbol.color} for symbol in SYMBOLS]
    bounds = [round(float(side), 6) for side in rows.to_crs("EPSG:4326").total_bounds]
    text = PAGE.replace("__SYMBOLS__", json.dumps(symbols))
    text = text.replace("__BOUNDS__", json.dumps(bounds))
    (folder / "index.html").write_text(text, encoding="utf-8")
    (folder / "npm").symlink_to(NPM)


def features_of(page: Page, layer: str) -> list[dict[str, object]]:
    """Return the properties of the features of a layer that the map shows."""
    page.wait_for_function("document.title === 'idle'", timeout=60_000)
    features: list[dict[str, object]] = page.evaluate(
        f"map.queryRenderedFeatures({{layers: ['{layer}']}}).map((feature) => feature.properties)"
    )
    return features


@pytest.mark.skipif(
    not (NPM / "maplibre").is_dir() or not CHROMIUM.exists(),
    reason="no Chromium, or no MapLibre in tests/.npm: .ci/run puts it there",
)
def test_a_web_map_shows_every_vacant(tmp_path: Path) -> None:
    rows = make_table(20).rows
    write(ExportTable(rows=rows), tmp_path)
    write_page(rows, tmp_path)
    software_gl = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

    with serving(tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", *software_gl]
        )
        page = browser.new_page(viewport={"width": 900, "height": 400})
        page.goto(address)
        near = features_of(page, "parcels")
        shot = page.screenshot()
        page.evaluate("document.title = 'busy'; map.jumpTo({zoom: 9})")
        far = features_of(page, "points")
        errors = page.evaluate("errors")
        browser.close()

    assert errors == []
    assert {feature["parcel_id"] for feature in near} == set(rows["PARCEL_ID"])
    assert all(("score" in feature) == (feature["scored"] == "Y") for feature in near)
    assert {feature["address"] for feature in near} >= set(ODD)
    assert sorted(str(feature["hazard_level"]) for feature in far) == sorted(rows["RISK_LVL"])

    with Image.open(io.BytesIO(shot)) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    for symbol in SYMBOLS[1:]:  # no roof here is CONFIRMED
        color = np.array(ImageColor.getrgb(symbol.color))
        assert (abs(pixels - color).max(axis=1) < 8).sum() > 50, f"{symbol.word} is not drawn"
