"""QGIS opens the layers by itself in our style, and renders every hazard word in its own color."""

import json
import os
import subprocess
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from gis_export.inputs import ExportInputs, ExportSettings, no_looks
from gis_export.products import export_products
from gis_export.symbols import BY_WORD, SYMBOLS
from imagery.parcels import VacantRoll
from inference.ledger import COLUMNS, Ledger

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
json.dump({
    "crs": layer.crs().authid(), "encoding": layer.dataProvider().encoding(), "rows": layer.featureCount(), "renderer": renderer.type(),
    "values": [category.value() for category in renderer.categories()] if renderer.type() == "categorizedSymbol" else [],
    "names": [field.name() for field in layer.fields()], "errors": [error.message for error in job.errors()],
}, open(sys.argv[3], "w"))
"""


def has_qgis() -> bool:
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_qgis(), reason="Debian's QGIS is not installed")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with one parcel of each hazard word, side by side."""
    folder = tmp_path_factory.mktemp("qgis")
    ids = [f"{216 + row:04d} 001" for row in range(5)]
    roll = gpd.GeoDataFrame(
        {"parcel_id": ids, "parcel_key": ids, "address": "1 Peña St", "block": "", "neighborhood": "", "fire_district": ""}
        | {"inspection_district": "", "notice_date": None, "occupied_sides": ""},
        geometry=[shapely.box(1_415_000 + 80 * row, 593_000, 1_415_060 + 80 * row, 593_072) for row in range(5)], crs="EPSG:2248",
    )  # fmt: skip
    score = pd.Series([0.9, 0.8, 0.3, 0.1, np.nan])
    table = pd.DataFrame(
        {"parcel_id": ids, "year": 2026, "status": ["scored"] * 4 + ["not_assessed"], "reason": [None] * 4 + ["too_blurred"], "score": score}
        | {"score_low": score, "score_high": score, "hazard": WORDS, "rank": pd.Series([1, 2, 3, 4, None], dtype="Int32")}
        | {"model_version": "m/1", "img_date": date(2026, 3, 9), "covered_share": 1.0, "nodata_share": 0.0, "sharpness": 1.0}
        | {"dark_share": 0.1, "tiles": ""}
        | dict.fromkeys(("shadow_share", "canopy_share", "seam_share", "ground_share"), 0.0)
    )  # fmt: skip
    inputs = ExportInputs(
        city="Testville", year=2026, run_id="r", roll=VacantRoll(table=roll, notices=5, joined_by_place=0, unmatched=()),
        ledger=Ledger(year=2026, table=table[list(COLUMNS)]), flyover=None, chips=None, earlier=(), looks=no_looks(), models={}, today=date(2026, 11, 24),
    )  # fmt: skip
    export_products(inputs, folder / "2026", ExportSettings(), delivered=folder)
    return folder / "2026"


@pytest.mark.parametrize(
    ("source", "first_name"),
    [
        ("fire/fire.shp", "PARCEL_ID"), ("housing/housing.shp", "PARCEL_ID"), ("fire/fire.gpkg|layername=vacant_roofs", "fid"),
        ("housing/housing.gpkg|layername=centroids", "fid"),
    ],
)  # fmt: skip
def test_qgis_applies_our_style_and_renders_every_word(source: str, first_name: str, out: Path, tmp_path: Path) -> None:
    image_path, said_path = tmp_path / "map.png", tmp_path / "said.json"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    # QGIS may crash on its way out, after the work is done: what it wrote counts, not how it left.
    command = [str(PYTHON), "-c", RENDER, str(out / source), str(image_path), str(said_path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert said_path.exists(), ended.stderr
    said = json.loads(said_path.read_text(encoding="utf-8"))
    assert (said["crs"], said["encoding"], said["rows"], said["errors"]) == ("EPSG:2248", "UTF-8", 5, [])
    assert (said["renderer"], said["values"]) == ("categorizedSymbol", [symbol.code for symbol in SYMBOLS])
    assert said["names"][0] == first_name
    with Image.open(image_path) as image:
        pixels = np.asarray(image.convert("RGB"))
    for column, word in enumerate(WORDS):
        color = np.array([int(BY_WORD[word].color[start : start + 2], 16) for start in (1, 3, 5)])
        part = pixels[:, 200 * column : 200 * (column + 1)].reshape(-1, 3).astype(int)
        assert (abs(part - color).max(axis=1) < 8).sum() > 30, f"{word} is not drawn in {BY_WORD[word].color}"
