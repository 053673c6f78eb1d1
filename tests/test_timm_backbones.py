"""Networks of timm by name: their maps, their side, their weights, and what cannot be used.

All have random weights, and nothing is downloaded.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from cities import CityBuilder, Roofwatch
from heads import plain_head
from safetensors.torch import save_file

from imagery.chips.store import StoredChip
from imagery.errors import ConfigError, MissingInput
from models.engine import compile_engine
from models.features import load_networks
from models.files import load_model, save_model
from models.network import (
    PooledBackbone,
    backbone_checksum,
    load_backbones,
    segments,
)
from models.scoring import chip_features
from models.spec import ModelSpec, spec_from_json, spec_to_json
from models.weight_sums import weights_checksum
from roofwatch.city_file import ModelSettings

VIT = "timm:test_vit"
RESNET = "timm:resnet10t"


def spec_of(backbone: str) -> ModelSpec:
    """Return a small spec."""
    return ModelSpec(backbone=backbone, input_px=64, views=("roof_grey", "near"), turns=2)


def write_weights(path: Path, name: str, *, classifier: bool) -> dict[str, torch.Tensor]:
    """Write random weights as timm stores them, with the classifier or without."""
    import timm

    torch.manual_seed(3)
    classes = 10 if classifier else 0
    network = timm.create_model(name.removeprefix("timm:"), pretrained=False, num_classes=classes)
    state: dict[str, torch.Tensor] = network.state_dict()
    save_file(state, path)
    return state


def test_stages_become_three_maps() -> None:
    """Channels by hand: timm's resnet10t has 128, 256 and 512 in its last three stages."""
    spec = spec_of(RESNET)
    assert spec.groups == (128, 128, 256, 256, 512, 512) * 2
    assert spec.side_px(RESNET) == 64
    assert ModelSpec(backbone=RESNET).side_px(RESNET) == 176

    maps = PooledBackbone(RESNET).eval().maps(torch.zeros((1, 3, 64, 64), dtype=torch.uint8))
    assert [tuple(values.shape[1:]) for values in maps] == [(128, 8, 8), (256, 4, 4), (512, 2, 2)]


def test_tokens_become_one_map_without_their_prefix() -> None:
    """A transformer's last tokens, without the class token, row by row."""
    spec = spec_of(VIT)
    assert spec.groups == (64, 64) * 2
    assert ModelSpec(backbone=VIT).side_px(VIT) == 160

    backbone = PooledBackbone(VIT).eval().requires_grad_(False)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64)))
    normal = (images.float() / 255 - 0.5) / 0.5  # timm states 0.5 for this network
    tokens = backbone.network.forward_features(normal)  # type: ignore[operator]  # timm's own
    (found,) = backbone.maps(images)
    expected = tokens[:, 1:].reshape(2, 4, 4, 64).permute(0, 3, 1, 2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", [VIT, RESNET])
def test_engines_agree_on_networks_of_timm(name: str) -> None:
    """The engine that traces a network gives what torch gives."""
    torch.manual_seed(0)
    backbone = PooledBackbone(name).eval().requires_grad_(False)
    images = np.random.default_rng(1).integers(0, 256, (3, 3, 64, 64), dtype=np.uint8)
    theirs = compile_engine(backbone, 64, 1, "openvino-fp32")(images)
    ours = backbone(torch.from_numpy(images)).numpy()
    assert theirs.shape == (3, backbone.kind.features)
    np.testing.assert_allclose(theirs, ours, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("classifier", [True, False])
def test_weights_come_from_a_local_file(tmp_path: Path, *, classifier: bool) -> None:
    """As timm stores them; a classifier is left out. A model with them is saved and loaded."""
    path = tmp_path / "weights.safetensors"
    state = write_weights(path, VIT, classifier=classifier)
    spec = spec_of(VIT)
    backbones = load_backbones(spec, str(path))

    ours = backbones[0].network.state_dict()
    assert set(state) - set(ours) == ({"head.weight", "head.bias"} if classifier else set())
    assert all(torch.equal(tensor, state[name]) for name, tensor in ours.items())

    chip = StoredChip(pixels=np.full((3, 40, 30), 90, np.uint8), mask=np.ones((40, 30), bool))
    assert chip_features(spec, backbones, [chip]).shape == (1, spec.features)

    sha256 = save_model(tmp_path / "model", spec, plain_head(spec.features), backbones)
    loaded = load_model(tmp_path / "model", sha256)
    assert loaded.spec == spec == spec_from_json(spec_to_json(spec))
    wanted = backbone_checksum(backbones)
    assert backbone_checksum(load_networks(loaded.network)) == wanted
    assert weights_checksum(loaded.network.weights) == wanted


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"backbone": "timm:test_vitt"}, "did you mean 'timm:test_vit'"),
        ({"backbone": "timm:"}, "has no such|lacks"),
        ({"backbone": "timm:hf-hub:someone/something"}, "lacks"),
        ({"backbone": "timm:test_vit.of_nowhere"}, "cannot be used: Invalid pretrained tag"),
        ({"backbone": VIT, "input_px": 50}, "with images of 50 px: .*divisible by patch size"),
        ({"backbone": f"{VIT}+{VIT}"}, "want each once"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    changes: dict[str, str | int], expected: str
) -> None:
    backbone = str(changes["backbone"])
    with pytest.raises(ValueError, match=expected) as caught:
        ModelSpec(backbone=backbone, input_px=int(changes.get("input_px", 0)))
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_there() -> None:
    with pytest.raises(MissingInput, match=f'none are packaged for {VIT}.*weights = "download"'):
        load_backbones(spec_of(VIT))


def test_segments_are_what_lies_behind_the_last_maps() -> None:
    """Fine-tuning frees these, from the last."""
    network = PooledBackbone(RESNET).network
    found = segments(RESNET, network)
    assert [list(layers) for layers in found] == [
        [network.get_submodule(name)] for name in ("layer2", "layer3", "layer4")
    ]


def test_checksum_of_the_weights_is_compared(tmp_path: Path) -> None:
    """Before they are used; the line names both."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()

    assert ModelSettings(weights=str(path), weights_sha256=sha256.upper()).trusted_weights == str(
        path
    )
    assert ModelSettings(weights=str(path)).trusted_weights == str(path)
    with pytest.raises(ConfigError, match=f"has sha256 {sha256[:12]}, want {'0' * 12}"):
        _ = ModelSettings(weights=str(path), weights_sha256="0" * 64).trusted_weights
    with pytest.raises(ConfigError, match="no file to compare"):
        _ = ModelSettings(weights_sha256=sha256).trusted_weights


def test_a_city_trains_and_scores_with_a_network_of_timm(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, city_toml: str
) -> None:
    """From the city file to the ledger."""
    write_weights(tmp_path / "weights.safetensors", VIT, classifier=True)
    sha256 = hashlib.sha256((tmp_path / "weights.safetensors").read_bytes()).hexdigest()
    keys = f'[model]\nbackbone = "{VIT}"\nweights = "../weights.safetensors"\n'
    keys += f'weights_sha256 = "{sha256}"\n'
    path = tiny_city(tmp_path / "city", city_toml.replace("[model]\n", keys))

    for command in ("train", "score"):
        ran = roofwatch(command, path, "--year", 2023, "--executor", "serial", "--quiet", "--json")
        assert (ran.code, ran.err) == (0, "")
    assert ran.answer["rows"] == 25
