"""Commands that ask services, killed midway by SIGKILL: the same command goes on."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cities import CityBuilder, DoneCity, Roofwatch
from feature_layer import FeatureLayer, fields_as_packed, serve_layer
from photo_cases import LEVEL, city_text, corner, photo_files, sharp_picture, xyz
from tile_service import TileService, serve_tiles

from gis_export.formats import esri_layer
from gis_export.table.fields import Tier
from roofwatch.audit import first_broken_line, read_audit
from roofwatch.begun_publishes import begun_notes

ROOT = Path(__file__).parents[1]
DEEP = LEVEL + 1
"""Level at which the tiny city needs more tiles than are looked at first."""
START = """
import os, signal, sys
from roofwatch.cli import main
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
{prepare}
sys.exit(main(sys.argv[1:]))
"""
AT_THE_END = {
    "files written": "import imagery.photo_services.fetch as at; at.write_copy = die",
    "table written": "import roofwatch.photo_snapshots as at; at.seal_snapshot = die",
    "table sealed": """
import roofwatch.photo_snapshots as at
seal = at.seal_snapshot
at.seal_snapshot = lambda *words: (seal(*words), die())
""",
    "table in its place": "import imagery.photo_services.fetch as at; at.FetchedPhotos = die",
}
"""What makes `snapshot` of tiles kill itself at a place where no request tells it."""
SMALL_CHUNKS = "from gis_export.formats import esri_layer; esri_layer.EDIT_ROWS = 5"


def start(prepare: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start roofwatch as a process of its own, after some code."""
    return subprocess.Popen(
        [sys.executable, "-c", START.format(prepare=prepare), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: "subprocess.Popen[str]", *, kill: bool = True) -> None:
    """Kill a process, or wait until it has killed itself."""
    if kill:
        process.send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, err
    assert "Traceback" not in err


@pytest.fixture
def tiles() -> Iterator[TileService]:
    """Yield a server of tiles."""
    row, column = corner(DEEP)
    service = TileService(picture=sharp_picture(12), row=row, column=column, level=DEEP)
    with serve_tiles(service):
        yield service
        service.released.set()


def kept_tiles(city: Path) -> set[str]:
    """Return the tiles that a killed run has kept, as they are asked for."""
    path = city.parent / "workspace" / "sources" / "flyover_2023" / ".tiles.db"
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT level, tile_row, tile_column FROM tiles").fetchall()
    return {f"/photo/{level}/{row}/{column}.png" for level, row, column in found}


def products_of(city: Path) -> dict[str, bytes]:
    """Return every file of the tiles."""
    folder = photo_files(city)[0].parent
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.timeout(180)
def test_a_killed_snapshot_of_tiles_asks_for_none_twice_that_was_kept(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, tiles: TileService
) -> None:
    """Killed in the samples, after them, and at each step of the end, one after the other."""
    text = city_text(xyz(tiles), f"zoom = {DEEP}")
    calm = tiny_city(tmp_path / "calm", text)
    assert roofwatch("snapshot", calm, "--quiet").code == 0
    calm_asked = sorted(tiles.asked)
    assert len(calm_asked) == len(set(calm_asked)) > 30

    city = tiny_city(tmp_path / "killed", text)
    total = 0
    for answered in (7, 24):
        before = kept_tiles(city) if total else set()
        tiles.asked.clear()
        tiles.held.clear()
        tiles.holds_after = answered - total
        process = start("", "snapshot", city, "--quiet")
        assert tiles.held.wait(60)
        end(process)
        assert before.isdisjoint(tiles.asked)
        assert len(kept_tiles(city)) == answered
        total = answered
    tiles.released.set()

    for place, prepare in AT_THE_END.items():
        before = kept_tiles(city)
        tiles.asked.clear()
        end(start(prepare, "snapshot", city, "--quiet"), kill=False)
        assert before.isdisjoint(tiles.asked), place
        cut = roofwatch("tile", city, "--year", 2023, "--executor", "serial", "--quiet")
        assert cut.code == (0 if "in its place" in place else 3), place

    before = kept_tiles(city)
    assert before == set(calm_asked)
    tiles.asked.clear()
    assert roofwatch("snapshot", city, "--quiet").code == 0
    assert tiles.asked == []
    assert products_of(city) == products_of(calm)
    assert roofwatch("audit", city).code == 0
    assert first_broken_line(city.parent / "workspace" / "audit.csv") is None


@pytest.fixture
def done(tmp_path: Path, done_city: DoneCity, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the city file of a finished city of one test's own, and set the layer's token."""
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    path = tmp_path / "city" / done_city.path.name
    path.write_text(path.read_text() + "\n[snapshot]\nwait_s = 0.001\nrequests_per_s = 100000\n")
    monkeypatch.setenv("ROOFS_TOKEN", "t0p-secret")
    monkeypatch.setattr(esri_layer, "EDIT_ROWS", 5)
    return path


@pytest.fixture
def layer() -> Iterator[FeatureLayer]:
    """Yield a layer of housing."""
    with serve_layer(FeatureLayer(fields=fields_as_packed(Tier.HOUSING))) as served:
        yield served
        served.released.set()


def rows_of(layer: FeatureLayer) -> list[tuple[object, ...]]:
    """Return what a layer holds, without its own ids, sorted."""
    found = []
    for row in layer.rows.values():
        attributes = row["attributes"]
        assert isinstance(attributes, dict)
        values = {name: value for name, value in attributes.items() if name != "FID"}
        found.append((str(values), str(row["geometry"])))
    return sorted(found)


def killed_publish(path: Path, layer: FeatureLayer, fault: str) -> None:
    """Publish, and kill it in the third chunk of five rows."""
    layer.faults = ["", "", fault]
    process = start(SMALL_CHUNKS, "publish", path, "--year", 2023, "--quiet", "--to", layer.url)
    assert layer.held.wait(60)
    end(process)


@pytest.mark.timeout(120)
def test_a_killed_publish_is_finished_by_the_next_one(
    done: Path, layer: FeatureLayer, roofwatch: Roofwatch
) -> None:
    """The third chunk was done, and nobody was told."""
    words = ("publish", done, "--year", 2023, "--quiet", "--json", "--to")
    with serve_layer(FeatureLayer(fields=fields_as_packed(Tier.HOUSING))) as calm:
        assert roofwatch(*words, calm.url).code == 0
    killed_publish(done, layer, "held after")
    assert len(layer.rows) == 15
    (note,) = begun_notes(read_audit(done.parent / "workspace" / "audit.csv"))
    assert note in roofwatch("audit", done).out
    assert "/FeatureServer/0 (HOUSING) has begun and not ended" in note

    ran = roofwatch(*words, layer.url)
    assert (ran.code, ran.answer["added"], ran.answer["same"]) == (0, 10, 15)
    assert rows_of(layer) == rows_of(calm)
    assert "has begun and not ended" not in roofwatch("audit", done).out
    assert roofwatch(*words, layer.url).answer["same"] == 25
    assert not begun_notes(read_audit(done.parent / "workspace" / "audit.csv"))


@pytest.mark.timeout(120)
def test_a_publish_that_was_killed_after_its_last_row_is_ended_by_the_next_one(
    done: Path, layer: FeatureLayer, roofwatch: Roofwatch
) -> None:
    """Nothing is left to send, and the log says that it has ended."""
    words = ("publish", done, "--year", 2023, "--quiet", "--json", "--to")
    layer.faults = ["held after"]
    process = start("", "publish", done, "--year", 2023, "--quiet", "--to", layer.url)
    assert layer.held.wait(60)
    end(process)
    log = done.parent / "workspace" / "audit.csv"
    assert len(begun_notes(read_audit(log))) == 1

    layer.edits.clear()
    assert roofwatch(*words, layer.url).answer["same"] == 25
    assert layer.edits == []
    assert not begun_notes(read_audit(log))


@pytest.mark.timeout(120)
def test_an_edit_of_a_killed_publish_that_comes_late_is_undone_and_told(
    done: Path, layer: FeatureLayer, roofwatch: Roofwatch
) -> None:
    """The server does the third chunk of the killed run while the next run is at work."""
    words = ("publish", done, "--year", 2023, "--quiet", "--json", "--to")
    killed_publish(done, layer, "held before")
    assert len(layer.rows) == 10

    layer.faults = ["", "lets go"]
    ran = roofwatch(*words, layer.url)
    assert ran.code == 3
    assert "5 rows are not as they were sent; what had been changed was undone" in ran.error
    assert len(rows_of(layer)) == 10
    ran = roofwatch(*words, layer.url)
    assert (ran.code, ran.answer["added"], ran.answer["same"]) == (0, 15, 10)
    assert len(layer.rows) == len(layer.values("PARCEL_ID", 2023)) == 25
