"""`train` again: the weights of the networks come from the last model's file, without torch."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cities import DoneCity

from models.checksum import BACKBONE, model_checksum
from models.spec import DOWNLOAD, ModelSpec
from models.weight_sums import packaged_file, read_source, source_checksum
from roofwatch.config import read_city
from roofwatch.kept_weights import find_network
from roofwatch.year import City

RUN = "import sys; from roofwatch.cli import main; print(main({command}), 'torch' in sys.modules)"


def train(folder: Path) -> tuple[dict[str, object], str]:
    """Train in a process of its own; return the answer, and exit code and whether torch came."""
    command = ["train", str(folder / "city.toml"), "--year", "2023", "--json", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(command=command)],
        capture_output=True,
        text=True,
        check=True,
    )
    answer, end = done.stdout.rstrip().rsplit("\n", 1)
    return json.loads(answer), end


@pytest.fixture(scope="module")
def trained(done_city: DoneCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a city that was trained, whatever other tests left before."""
    folder = tmp_path_factory.mktemp("trained") / "city"
    shutil.copytree(done_city.path.parent, folder)
    train(folder)
    return folder


@pytest.fixture
def city(trained: Path, tmp_path: Path) -> City:
    """Return a copy of it."""
    folder = tmp_path / "city"
    shutil.copytree(trained, folder)
    return City(file=read_city(folder / "city.toml"), quiet=True)


def kept(city: City) -> str:
    """Return the weights that `train` starts from, from the workspace; "" for the packaged ones."""
    weights = find_network(city).weights
    return str(Path(weights).relative_to(city.workspace.folder)) if weights else ""


def test_the_same_labels_give_the_same_model_without_torch(city: City) -> None:
    """What was trained comes out to the last bit."""
    model = city.year(2023).files.model
    before = model_checksum(model)
    answer, end = train(city.workspace.folder.parent)
    assert end == "0 False"
    assert model_checksum(model) == before == answer["sha256"]


def test_weights_are_kept_where_nothing_changed_them(city: City) -> None:
    """A byte that differs, another network, and a model without a seal are not believed."""
    assert kept(city) == f"2023/model/{BACKBONE}"
    weights = Path(find_network(city).weights)
    spec = city.file.model.spec
    assert read_source(weights) == source_checksum(spec, "")

    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert kept(city) == ""

    content[-1] ^= 1
    weights.write_bytes(content)
    assert kept(city) == f"2023/model/{BACKBONE}"
    city.workspace.audit.unlink()
    assert kept(city) == ""


def test_what_weights_are_read_from_is_known_by_names_and_bytes(tmp_path: Path) -> None:
    """A local file is the same wherever it lies; nothing is known of a download."""
    spec = ModelSpec(backbone="efficientnet_lite0")
    copy = tmp_path / "weights.pth"
    shutil.copyfile(packaged_file("efficientnet_lite0"), copy)

    packaged = source_checksum(spec, "")
    assert packaged == source_checksum(spec, str(copy))
    assert packaged != source_checksum(replace(spec, backbone="efficientnet_lite1"), "")
    with copy.open("ab") as stream:
        stream.write(b"\0")
    assert source_checksum(spec, str(copy)) not in (packaged, "")

    assert source_checksum(spec, DOWNLOAD) == ""
    assert source_checksum(replace(spec, backbone="resnet18"), "") == ""
    assert read_source(copy) == ""
    assert read_source(tmp_path / "none") == ""
