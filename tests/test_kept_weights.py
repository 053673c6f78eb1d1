"""`train` again, without torch: the networks come from files that the last training left."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cities import DoneCity

from models.checksum import BACKBONE, model_checksum
from models.registry import list_versions
from models.spec import DOWNLOAD, ModelSpec
from models.weight_sums import packaged_file, read_source, source_checksum
from roofwatch.config import read_city
from roofwatch.damage import find_damage
from roofwatch.kept_weights import find_network
from roofwatch.repair import repair
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


def forget_features(city: City) -> None:
    """Remove what the networks saw of the chips."""
    for path in city.year(2023).files.chips.folder.glob("features*.parquet"):
        path.unlink()


def test_chips_are_looked_at_again_without_torch(city: City) -> None:
    """The networks were converted by the training before, and their files are sealed."""
    model = city.year(2023).files.model
    before = model_checksum(model)
    forget_features(city)
    assert train(city.workspace.folder.parent)[1] == "0 False"
    assert model_checksum(model) == before


def test_other_labels_give_another_model_without_torch(city: City) -> None:
    """It is registered, package and all, with nothing that takes seconds to load."""
    labels = city.workspace.folder.parent / "labels.csv"
    lines = labels.read_text().splitlines(keepends=True)
    labels.write_text("".join(lines[:-1]))
    before = model_checksum(city.year(2023).files.model)
    answer, end = train(labels.parent)
    assert end == "0 False"
    assert answer["sha256"] != before
    assert answer["version"] == max(list_versions(city.registry))


@pytest.mark.parametrize("name", ["network_0.xml", "network_0.bin"])
@pytest.mark.parametrize("what", ["flipped", "cut", "gone", "not sealed"])
def test_converted_networks_are_believed_only_as_sealed(city: City, name: str, what: str) -> None:
    """Whatever became of them, they are made anew, and the features are the same."""
    model = city.year(2023).files.model
    before = model_checksum(model)
    (path,) = city.workspace.networks.glob(f"*_features_*/{name}")
    content = path.read_bytes()
    if what == "flipped":
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    elif what == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif what == "gone":
        path.unlink()
    else:
        city.workspace.audit.unlink()

    forget_features(city)
    assert train(city.workspace.folder.parent)[1] == "0 True"
    assert model_checksum(model) == before
    assert path.stat().st_size > len(content) * 0.9
    assert not [line for line in find_damage(city) if "networks" in line.line]


def test_repair_removes_a_damaged_network(city: City) -> None:
    """It is made anew by the next command that wants it."""
    path = next(city.workspace.networks.glob("*_features_*/*.bin"))
    path.write_bytes(b"")
    damages = find_damage(city)
    assert [damage.line for damage in damages if damage.files == (path.resolve(),)]
    assert repair(city, damages) == [f"{path}: removed; it is made anew when it is wanted"]
    assert not find_damage(city)


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
