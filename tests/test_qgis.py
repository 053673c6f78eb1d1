"""QGIS opens the layers by itself in our style, and renders every hazard word in its own color."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypedDict

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll
from numpy.typing import NDArray
from PIL import Image, ImageColor
from pyproj import CRS

from gis_export.formats.geopackage import write_geopackage
from gis_export.formats.qgis_project import PARCEL_SCALE, write_qgis_project
from gis_export.products import export_products
from gis_export.table.export_table import ExportTable
from gis_export.table.fields import Tier
from gis_export.table.inputs import ExportInputs, no_looks
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import BY_WORD, SYMBOLS
from imagery.roll.parcels import VacantRoll
from inference.hazard import USE_LIMIT
from inference.ledger import COLUMNS, Ledger

PARCELS = [f"{216 + row:04d} 001" for row in range(5)]
WEST_SIDES = [1_415_000 + 80 * row for row in range(5)]
PYTHON = Path("/usr/bin/python3")
WORDS = ("CONFIRMED", "LIKELY", "POSSIBLE", "NOT SEEN IN PHOTO", "NOT ASSESSED")
RENDER = """
import json, sys
from qgis.core import QgsApplication, QgsMapRendererSequentialJob, QgsMapSettings, QgsVectorLayer
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
app = QgsApplication([], False)
app.initQgis()
layer = QgsVectorLayer(sys.argv[1], "layer", "ogr")
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setDestinationCrs(layer.crs())
settings.setExtent(layer.extent().buffered(20))
settings.setOutputSize(QSize(1000, 300))
settings.setOutputDpi(150)
settings.setBackgroundColor(QColor("white"))
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(sys.argv[2])
renderer = layer.renderer()
categories = renderer.categories() if renderer.type() == "categorizedSymbol" else []
json.dump({
    "crs": layer.crs().authid(),
    "encoding": layer.dataProvider().encoding(),
    "rows": layer.featureCount(),
    "renderer": renderer.type(),
    "values": [category.value() for category in categories],
    "names": [field.name() for field in layer.fields()],
    "errors": [error.message for error in job.errors()],
}, open(sys.argv[3], "w"))
"""
PROJECT = """
import json, sys
from qgis.core import QgsApplication, QgsLayerNotesUtils, QgsMapRendererSequentialJob
from qgis.core import QgsMapSettings, QgsProject, QgsProjectBadLayerHandler
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
bad = []
class Bad(QgsProjectBadLayerHandler):
    def handleBadLayers(self, nodes):
        bad.extend(node.toElement().text() for node in nodes)
app = QgsApplication([], False)
app.initQgis()
project = QgsProject.instance()
project.setBadLayerHandler(Bad())
read = project.read(sys.argv[1])
nodes = project.layerTreeRoot().findLayers()
settings = QgsMapSettings()
settings.setLayers([node.layer() for node in nodes if node.isVisible()])
settings.setDestinationCrs(project.crs())
settings.setExtent(project.viewSettings().defaultViewExtent())
settings.setOutputSize(QSize(1000, 300))
settings.setOutputDpi(150)
settings.setBackgroundColor(QColor("white"))
scale = settings.scale()
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(sys.argv[2])
layers = []
fields = set()
for node in nodes:
    layer = node.layer()
    fields.update(field.name() for field in layer.fields())
    layers.append({
        "name": layer.name(),
        "visible": node.isVisible(),
        "valid": layer.isValid(),
        "rows": layer.featureCount(),
        "renderer": layer.renderer().type(),
        "note": QgsLayerNotesUtils.layerNotes(layer),
        "in_scale": layer.isInScaleRange(scale),
    })
json.dump({
    "read": read,
    "error": project.error(),
    "bad": bad,
    "title": project.title(),
    "crs": project.crs().authid(),
    "abstract": project.metadata().abstract(),
    "label": project.readEntry("TitleLabel", "/Label")[0],
    "shown": project.readBoolEntry("TitleLabel", "/Enabled")[0],
    "errors": [error.message for error in job.errors()],
    "scale": scale,
    "layers": layers,
    "fields": sorted(fields),
}, open(sys.argv[3], "w"))
"""


class LayerFacts(TypedDict):
    """What QGIS says of one layer."""

    crs: str
    encoding: str
    rows: int
    renderer: str
    values: list[str]
    names: list[str]
    errors: list[str]


class NodeFacts(TypedDict):
    """What QGIS says of one layer of a project."""

    name: str
    visible: bool
    valid: bool
    rows: int
    renderer: str
    note: str
    in_scale: bool


class ProjectFacts(TypedDict):
    """What QGIS says of a project."""

    read: bool
    error: str
    bad: list[str]
    title: str
    crs: str
    abstract: str
    label: str
    shown: bool
    errors: list[str]
    scale: float
    layers: list[NodeFacts]
    fields: list[str]


def has_qgis() -> bool:
    """Tell whether Debian's Python can import QGIS."""
    if not PYTHON.exists():
        return False
    command = [str(PYTHON), "-c", "import qgis.core"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_qgis(), reason="Debian's QGIS is not installed")


def make_lots() -> list[shapely.Polygon]:
    """Return five lots side by side."""
    return [shapely.box(west, 593_000, west + 60, 593_072) for west in WEST_SIDES]


def make_row_of_houses() -> VacantRoll:
    """Return a roll of five lots side by side."""
    table = gpd.GeoDataFrame(
        {
            "parcel_id": PARCELS,
            "address": "1 Peña St",
            "block": "",
            "neighborhood": "",
            "fire_district": "",
            "inspection_district": "",
            "notice_date": None,
            "occupied_sides": "",
            "street_sides": "",
        },
        geometry=make_lots(),
        crs="EPSG:2248",
    )
    return VacantRoll(table=table, notices=5, joined_by_place=0, unmatched=())


def make_ledger_of_all_words() -> Ledger:
    """Return a ledger with each hazard word once."""
    score = pd.Series([0.9, 0.8, 0.3, 0.1, np.nan])
    table = pd.DataFrame(
        {
            "parcel_id": PARCELS,
            "year": 2026,
            "status": ["scored"] * 4 + ["not_assessed"],
            "reason": [None] * 4 + ["too_blurred"],
            "score": score,
            "score_low": score,
            "score_high": score,
            "score_raw": score,
            "hazard": WORDS,
            "rank": pd.Series([1, 2, 3, 4, None], dtype="Int32"),
            "model_version": "m/1",
            "img_date": date(2026, 3, 9),
            "covered_share": 1.0,
            "nodata_share": 0.0,
            "sharpness": 1.0,
            "dark_share": 0.1,
            "tiles": "",
            "note": "",
            "shadow_share": 0.0,
            "canopy_share": 0.0,
            "seam_share": 0.0,
            "ground_share": 0.0,
        }
    )
    return Ledger(year=2026, table=table[list(COLUMNS)])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pack with one parcel of each hazard word, side by side."""
    folder = tmp_path_factory.mktemp("qgis")
    inputs = ExportInputs(
        city="Testville",
        year=2026,
        run_id="r",
        roll=make_row_of_houses(),
        ledger=make_ledger_of_all_words(),
        flyover=None,
        chips=None,
        earlier=(),
        looks=no_looks(),
        models={},
        today=date(2026, 11, 24),
    )
    export_products(inputs, folder / "2026", ExportSettings(), delivered=folder)
    return folder / "2026"


@pytest.mark.parametrize(
    ("source", "first_name"),
    [
        ("fire/fire.shp", "PARCEL_ID"),
        ("housing/housing.shp", "PARCEL_ID"),
        ("fire/fire.gpkg|layername=vacant_roofs", "fid"),
        ("housing/housing.gpkg|layername=centroids", "fid"),
    ],
)
def test_qgis_applies_our_style_and_renders_every_word(
    source: str, first_name: str, out: Path, tmp_path: Path
) -> None:
    said = ask_of_layer(str(out / source), tmp_path)
    assert (said["crs"], said["encoding"]) == ("EPSG:2248", "UTF-8")
    assert (said["rows"], said["errors"]) == (5, [])
    assert said["renderer"] == "categorizedSymbol"
    assert said["values"] == [*(symbol.code for symbol in SYMBOLS), ""]
    assert said["names"][0] == first_name

    pixels = read_picture(tmp_path)
    for column, word in enumerate(WORDS):
        lot = pixels[:, 200 * column : 200 * (column + 1)]
        assert drawn(lot, word) > 30, f"{word} is not drawn in {BY_WORD[word].color}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return both GeoPackages with their projects.

    They hold one parcel of each hazard word, side by side. All were POSSIBLE the year before.
    """
    folder = tmp_path_factory.mktemp("projects") / "a folder with blanks"
    roll = make_roll(5)
    roll = replace(roll, table=roll.table.set_geometry(make_lots(), crs="EPSG:2248"))
    before = make_ledger(roll, ("POSSIBLE",), year=2025)
    now = make_ledger(roll, ("LIKELY", *WORDS[1:]))
    rows = build_rows(make_inputs(roll, now, previous=before), ExportSettings())
    rows.loc[0, ["RISK_LVL", "RISK_TXT", "VERIFIED"]] = [
        "CONFIRMED",
        "CONFIRMED: a person saw the roof open or failing",
        "Y",
    ]

    for name, tier in (("fire", Tier.RESPONDER), ("housing", Tier.HOUSING)):
        (folder / name).mkdir(parents=True)
        write_geopackage(
            ExportTable(rows=rows),
            folder / name / f"{name}.gpkg",
            tier=tier,
            title="Testville 2026",
        )
        write_qgis_project(
            folder / name,
            name=name,
            title=f"Testville & <2026>, {name}",
            crs=CRS(rows.crs),
            tier=tier,
        )
    return folder


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("vacant_roofs", WORDS),
        ("centroids", WORDS),
        ("not_assessed", ("NOT ASSESSED",)),
        ("year_to_year", ("LIKELY", "NOT SEEN IN PHOTO", "NOT ASSESSED")),
    ],
)
def test_every_layer_of_the_geopackage_opens_in_its_style(
    layer: str, words: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    said = ask_of_layer(f"{folder / 'housing/housing.gpkg'}|layername={layer}", tmp_path)
    assert (said["crs"], said["renderer"], said["errors"]) == ("EPSG:2248", "categorizedSymbol", [])
    assert (said["names"][0], said["names"][1]) == ("fid", "parcel_id")

    pixels = read_picture(tmp_path)
    for word in words:
        assert drawn(pixels, word) > 30, f"{word} is not drawn"
    for word in set(WORDS) - set(words) - {"CONFIRMED"}:
        assert drawn(pixels, word) == 0, f"{word} is drawn"


@pytest.mark.parametrize(("name", "count"), [("fire", 3), ("housing", 4)])
def test_the_project_opens_complete_and_draws_every_word(
    name: str, count: int, folder: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder / name, moved)  # as if on a stick
    title = f"Testville & <2026>, {name}"

    said = ask_of_project(moved / f"{name}.qgs", tmp_path)

    assert (said["read"], said["error"], said["bad"], said["errors"]) == (True, "", [], [])
    assert (said["title"], said["crs"], said["abstract"]) == (title, "EPSG:2248", USE_LIMIT)
    assert (said["shown"], said["label"]) == (True, f"{title}\n{USE_LIMIT}")

    rows = {layer["name"]: layer["rows"] for layer in said["layers"]}
    assert rows["NOT ASSESSED, with the reason"] == 1
    assert rows["Vacant roofs (symbols)"] == 5
    assert rows["Vacant roofs (parcels)"] == 5
    assert len(rows) == count

    for layer in said["layers"]:
        assert layer["valid"]
        assert layer["renderer"] == "categorizedSymbol"
        assert layer["note"] == USE_LIMIT
        assert layer["visible"] == (not layer["name"].startswith("Changed"))

    pixels = read_picture(tmp_path)
    for word in WORDS:
        assert drawn(pixels, word) > 30, f"{word} is not drawn"

    hidden = {"score", "rank", "previous_hazard_level", "change", "notice_date"}
    if name == "fire":
        assert not hidden & set(said["fields"])


def test_a_project_draws_either_parcels_or_symbols(folder: Path, tmp_path: Path) -> None:
    said = ask_of_project(folder / "fire/fire.qgs", tmp_path)
    near = {layer["name"]: layer["in_scale"] for layer in said["layers"]}

    assert said["scale"] < PARCEL_SCALE
    assert near == {
        "Vacant roofs (symbols)": False,
        "Vacant roofs (parcels)": True,
        "NOT ASSESSED, with the reason": True,
    }


@pytest.mark.parametrize("count", [0, 1])
def test_the_project_of_a_city_of_none_or_one_opens(count: int, tmp_path: Path) -> None:
    rows = build_rows(make_inputs(make_roll(1)), ExportSettings()).iloc[:count]
    title = "Testville 2026"
    path = tmp_path / "fire.gpkg"
    write_geopackage(ExportTable(rows=rows), path, tier=Tier.RESPONDER, title=title)
    write_qgis_project(tmp_path, name="fire", title=title, crs=CRS(rows.crs), tier=Tier.RESPONDER)

    said = ask_of_project(tmp_path / "fire.qgs", tmp_path)

    assert said["read"]
    assert said["bad"] == []
    assert [layer["rows"] for layer in said["layers"]] == [count, count, 0]


def ask_of_layer(source: str, folder: Path) -> LayerFacts:
    """Return what QGIS says of a layer, and let it draw the layer."""
    facts: LayerFacts = json.loads(ask_qgis(RENDER, source, folder))
    return facts


def ask_of_project(path: Path, folder: Path) -> ProjectFacts:
    """Return what QGIS says of a project, and let it draw the project."""
    facts: ProjectFacts = json.loads(ask_qgis(PROJECT, str(path), folder))
    return facts


def ask_qgis(code: str, source: str, folder: Path) -> str:
    """Run code in QGIS and return the JSON that it writes.

    QGIS may crash when it exits, after the work is done. So its exit code does not count.
    """
    said_path = folder / "said.json"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)}
    ended = subprocess.run(
        [str(PYTHON), "-c", code, source, str(folder / "map.png"), str(said_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said_path.exists(), ended.stderr
    return said_path.read_text(encoding="utf-8")


def read_picture(folder: Path) -> NDArray[np.int64]:
    """Return what QGIS drew, (300, 1000, 3)."""
    with Image.open(folder / "map.png") as image:
        return np.asarray(image.convert("RGB")).astype(int)


def drawn(pixels: NDArray[np.int64], word: str) -> int:
    """Return how many pixels have the color of a word."""
    color = np.array(ImageColor.getrgb(BY_WORD[word].color))
    return int((abs(pixels - color).max(axis=-1) < 8).sum())
