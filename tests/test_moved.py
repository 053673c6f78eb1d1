"""A city in a copied folder with an odd name: everything goes on there, the original stays."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from cities import DoneCity, Roofwatch

from imagery.flyover.sources import image_files
from models.anchor import PLACES, anchor_places, find_file
from models.database import database_address, database_path
from models.registry import Registry, alias_version, resolve_model
from models.tracking import open_client

ODD = 'Ward #3, 50%20 "old"? d\'Été & söhne;x=1'
"""A folder whose name holds what URLs, SQL and shells make something else of."""
ALONE = ("--executor", "serial", "--quiet")


@pytest.fixture(scope="module")
def moved(done_city: DoneCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of a done city in an odd folder."""
    copy = tmp_path_factory.mktemp("moved") / ODD
    shutil.copytree(done_city.path.parent, copy)
    return copy


def stamps_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file."""
    stamps = {}
    for path in folder.rglob("*"):
        if path.is_file():
            facts = path.stat()
            stamps[str(path.relative_to(folder))] = facts.st_size, facts.st_mtime_ns
    return stamps


def registry_of(workspace: Path) -> Registry:
    """Return the registry of the tiny city in a workspace."""
    return Registry(
        uri=database_address(workspace / "mlflow.db"),
        artifacts=str(workspace / "mlruns"),
        experiment="Tinyville",
        model="tinyville-roof",
    )


def recorded_places(database: Path) -> Iterator[str]:
    """Yield every place that MLflow recorded."""
    with closing(sqlite3.connect(database)) as connection:
        for table, _, column in PLACES:
            rows = connection.execute(f'SELECT {column} FROM "{table}"').fetchall()
            yield from (str(place) for (place,) in rows if place)


def test_all_stages_go_on_in_the_copy_and_the_original_stays(
    done_city: DoneCity, moved: Path, roofwatch: Roofwatch
) -> None:
    """Train on other labels, promote, score, export and verify."""
    original = done_city.path.parent
    before = stamps_of(original)
    labels = pd.read_csv(moved / "labels.csv", dtype=str)
    labels.iloc[:-2].to_csv(moved / "labels.csv", index=False)

    city = moved / "city.toml"
    year = ("--year", 2023, *ALONE)
    promotion = ("--version", 2, "--by", "Ann", "--why", "a test", "--force")
    commands = (
        ("train", city, *year),
        ("promote", city, *promotion, *ALONE),
        ("score", city, *year),
        ("export", city, *year),
        ("verify", moved / "workspace"),
        ("audit", city),
    )
    for command in commands:
        ran = roofwatch(*command)
        assert ran.code == 0, (command[0], ran.err or ran.out)

    assert stamps_of(original) == before
    assert {path.name for path in moved.parent.iterdir()} == {ODD}
    root = (moved / "workspace" / "mlruns").as_uri()
    assert all(place.startswith(root) for place in recorded_places(moved / "workspace/mlflow.db"))
    assert not [path for path in (moved / "workspace").rglob(".*lock*")]


def test_a_renamed_workspace_still_has_its_models(done_city: DoneCity, tmp_path: Path) -> None:
    """Also when nothing may be written into it, as on a mounted backup."""
    workspace = tmp_path / "backup of 2024"
    shutil.copytree(done_city.workspace, workspace)
    root = workspace / "mlruns"
    with closing(sqlite3.connect(workspace / "mlflow.db")) as connection:
        (source,) = connection.execute("SELECT source FROM model_versions").fetchone()

    found = find_file(source, root)
    assert found is not None
    assert found.is_relative_to(root)
    assert found.is_dir()

    version = resolve_model(registry_of(workspace), "champion")
    assert version.folder.is_relative_to(root)
    assert alias_version(registry_of(workspace), "champion") == version.version


@pytest.mark.parametrize(
    "source",
    ["file:///old%20place/mlruns/abc/artifacts/model", "/old place/mlruns/abc/artifacts/model"],
)
def test_places_of_earlier_versions_are_found(source: str, tmp_path: Path) -> None:
    """The files here are taken, else those of the recorded place; other machines are left alone."""
    root = tmp_path / "mlruns"
    assert find_file(source, root) == Path("/old place/mlruns/abc/artifacts/model")
    (root / "abc/artifacts/model").mkdir(parents=True)
    assert find_file(source, root) == root / "abc/artifacts/model"
    assert find_file("mlflow-artifacts:/1/abc/artifacts/model", root) is None
    assert find_file("s3://bucket/mlruns/abc", root) is None


def test_a_database_that_others_share_is_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    uri = database_address(shared / "mlflow.db")
    with open_client(uri) as mlflow:
        mlflow.create_experiment("Tinyville", artifact_location="file:///elsewhere/mlruns")

    anchor_places(uri, tmp_path / "workspace" / "mlruns")
    assert "file:///elsewhere/mlruns" in recorded_places(shared / "mlflow.db")
    anchor_places(uri, shared / "mlruns")
    assert "file:///elsewhere/mlruns" not in recorded_places(shared / "mlflow.db")


@pytest.mark.parametrize("name", ["a b", "50%20", "a?b=c", "#", "it's", 'a"b', "ö", "a&b;c", "%"])
def test_every_path_has_an_address(name: str, tmp_path: Path) -> None:
    path = tmp_path / name / "mlflow.db"
    assert database_path(database_address(path)) == path


def test_folders_of_a_glob_are_taken_as_they_are(tmp_path: Path) -> None:
    """A folder whose name holds signs of a glob."""
    folder = tmp_path / "ward [3] *" / "tiles"
    folder.mkdir(parents=True)
    tiles = [folder / "a.tif", folder / "b.tif"]
    for tile in tiles:
        tile.touch()

    for pattern in (folder / "*.tif", folder.parent / "**" / "*.tif", folder.parent / "t*" / "*"):
        assert image_files(2024, str(pattern)) == [str(tile) for tile in tiles]


def test_no_file_of_a_workspace_names_its_place(done_city: DoneCity, moved: Path) -> None:
    """What remains is what MLflow records, which is corrected when it is opened."""
    own = os.fsencode(done_city.path.parent)
    naming = set()
    for path in done_city.workspace.rglob("*"):
        if path.is_file() and own in path.read_bytes():
            naming.add(str(path.relative_to(done_city.workspace)))
    assert naming == {"mlflow.db"}
