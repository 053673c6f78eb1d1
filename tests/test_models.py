"""The model's files, its preprocessing and its features: the same for training and scoring, and sealed."""

import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imagery.errors import ConfigError, MissingInput, TamperedModel
from imagery.store import StoredChip
from models.features import FeatureBatch, extract_batch
from models.files import load_model, model_checksum, save_model
from models.head import Head, head_scores
from models.network import FEATURES, PooledBackbone, backbone_checksum, load_backbone, pooled_features
from models.preprocess import GREY, chip_views
from models.spec import ModelSpec, spec_from_json, spec_to_json

SPEC = ModelSpec(input_px=64, gsd_m=0.5, margin_m=2)


def make_head(seed: int, features: int = 3 * FEATURES) -> Head:
    rng = np.random.default_rng(seed)
    return Head(
        center=rng.normal(size=features), scale=rng.random(features) + 0.5, weights=rng.normal(size=(4, features)) / 50, bias=rng.normal(size=4), slope=1.3, offset=-0.4
    )  # fmt: skip


@pytest.fixture(scope="module")
def backbone() -> PooledBackbone:
    """The packaged network."""
    return load_backbone(SPEC)


@pytest.fixture
def saved(tmp_path: Path, backbone: PooledBackbone) -> tuple[Path, str]:
    """A model folder and its checksum."""
    return tmp_path / "model", save_model(tmp_path / "model", SPEC, make_head(0), backbone)


def test_saved_model_is_loaded(saved: tuple[Path, str], backbone: PooledBackbone) -> None:
    """Spec, head and network come back to the last bit."""
    spec, head, network = load_model(*saved)
    expected = make_head(0)
    assert spec == SPEC
    assert backbone_checksum(network) == backbone_checksum(backbone)
    features = np.random.default_rng(1).normal(size=(5, 3 * FEATURES)).astype(np.float32)
    for ours, theirs in zip(head_scores(head, features), head_scores(expected, features), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_same_model_has_the_same_checksum(saved: tuple[Path, str], backbone: PooledBackbone, tmp_path: Path) -> None:
    """Saving again gives the same bytes; another head does not."""
    assert save_model(tmp_path / "again", SPEC, make_head(0), backbone) == saved[1]
    assert save_model(tmp_path / "other", SPEC, make_head(1), backbone) != saved[1]


@pytest.mark.parametrize("name", ["head.safetensors", "backbone.safetensors", "spec.json"])
def test_one_changed_byte_is_refused(saved: tuple[Path, str], name: str) -> None:
    """Any file of the model is under the seal."""
    file = saved[0] / name
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(TamperedModel, match="sha256 is"):
        load_model(*saved)


def test_a_file_more_or_less_is_refused(saved: tuple[Path, str]) -> None:
    """A pickle beside the weights is never opened, whatever it would do."""
    (saved[0] / "head.pkl").write_bytes(pickle.dumps(print))
    with pytest.raises(TamperedModel, match=r"head\.pkl"):
        load_model(*saved)
    (saved[0] / "head.pkl").unlink()
    (saved[0] / "spec.json").unlink()
    with pytest.raises(TamperedModel, match="files are"):
        load_model(*saved)


def test_a_pickle_under_the_right_name_is_refused(saved: tuple[Path, str]) -> None:
    """Even with a checksum to match, pickled bytes are not weights."""
    (saved[0] / "head.safetensors").write_bytes(pickle.dumps({"center": 1}))
    with pytest.raises(TamperedModel, match="cannot be read"):
        load_model(saved[0], model_checksum(saved[0]))


def test_own_weights(tmp_path: Path, backbone: PooledBackbone) -> None:
    """A local state dict stands in for the packaged one; a wrong or poisoned file does not."""
    torch.save(backbone.network.state_dict(), tmp_path / "own.pth")
    assert backbone_checksum(load_backbone(SPEC, str(tmp_path / "own.pth"))) == backbone_checksum(backbone)
    torch.save({"weight": torch.zeros(1)}, tmp_path / "wrong.pth")
    with pytest.raises(ConfigError, match=r"wrong\.pth does not fit"):
        load_backbone(SPEC, str(tmp_path / "wrong.pth"))
    with pytest.raises(MissingInput):
        load_backbone(SPEC, str(tmp_path / "none.pth"))
    with pytest.raises(ValueError, match="resnet"):
        load_backbone(ModelSpec(backbone="resnet"))


@pytest.mark.parametrize("name", ["poison.pth", "poison.safetensors"])
def test_poisoned_weights(tmp_path: Path, name: str) -> None:
    """A pickle that would run a command, or plain rubbish, is an error of the city file."""
    (tmp_path / name).write_bytes(pickle.dumps(Path.unlink, protocol=2))
    with pytest.raises(ConfigError, match="does not fit"):
        load_backbone(SPEC, str(tmp_path / name))


@given(st.floats(0.01, 5), st.floats(0, 50), st.integers(32, 512), st.booleans())
def test_spec_is_read_as_written(gsd_m: float, margin_m: float, input_px: int, stretch: bool) -> None:
    """JSON and back is the same spec."""
    spec = ModelSpec(gsd_m=gsd_m, margin_m=margin_m, input_px=input_px, stretch=stretch)
    assert spec_from_json(spec_to_json(spec)) == spec


def test_views_by_hand() -> None:
    """Context, roof and roof without its surroundings of a chip twice the input in size."""
    pixels = np.zeros((3, 64, 128), np.uint8)
    pixels[:, 16:48, 32:96] = 200
    pixels[0, :, 64:] = 255
    mask = np.zeros((64, 128), bool)
    mask[16:48, 32:96] = True
    mask[16:32, 32:64] = False
    context, roof, gray = chip_views(StoredChip(pixels=pixels, mask=mask), ModelSpec(input_px=32))
    assert context.shape == roof.shape == gray.shape == (3, 32, 32)
    np.testing.assert_array_equal(context[0, 0], [0] * 16 + [255] * 16)
    np.testing.assert_array_equal(roof[1], np.full((32, 32), 200))
    np.testing.assert_array_equal(roof[0], np.repeat([[200] * 16 + [255] * 16], 32, axis=0))
    assert (gray[:, :16, :16] == GREY).all()
    np.testing.assert_array_equal(gray[:, 16:], roof[:, 16:])


def test_stretch() -> None:
    """A dim chip is stretched over all grays; without the setting it is left alone."""
    pixels = np.broadcast_to(np.linspace(50, 100, 64).astype(np.uint8), (3, 64, 64)).copy()
    chip = StoredChip(pixels=pixels, mask=np.ones((64, 64), bool))
    plain, stretched = (chip_views(chip, ModelSpec(input_px=64, stretch=stretch))[0] for stretch in (False, True))
    np.testing.assert_array_equal(plain, pixels)
    assert (stretched.min(), stretched.max()) == (0, pytest.approx(255, abs=1))


def test_features_do_not_hang_on_neighbors_in_the_batch(backbone: PooledBackbone) -> None:
    """An image has the same features alone and among others."""
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 64, 64)).astype(np.uint8)
    together = pooled_features(backbone, images)
    assert together.shape == (4, FEATURES)
    np.testing.assert_allclose(pooled_features(backbone, images[2:3])[0], together[2], atol=0.03, rtol=0.03)


def test_features_are_those_of_full_precision(backbone: PooledBackbone) -> None:
    """Half precision keeps the direction of the features."""
    images = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8), (9, 9), 3).transpose(2, 0, 1)[None].copy()
    with torch.inference_mode():
        exact = backbone(torch.from_numpy(images)).numpy()[0]
    half = pooled_features(backbone, images)[0]
    assert exact @ half / np.linalg.norm(exact) / np.linalg.norm(half) > 0.99


@settings(max_examples=10)
@given(st.integers(0, 99))
def test_scores_are_probabilities(seed: int) -> None:
    """Whatever the head, the score is within 0 and 1, and within its own interval."""
    score, low, high = head_scores(make_head(seed, 5), np.random.default_rng(seed).normal(size=(9, 5)).astype(np.float32) * 50)
    assert ((low >= 0) & (low <= score) & (score <= high) & (high <= 1)).all()


@pytest.mark.parametrize(
    "broken", [{"slope": 0.0}, {"slope": -1.0}, {"center": np.array([np.nan, 0])}, {"bias": np.zeros(3)}, {"scale": np.array([0.0, 1.0])}, {"scale": np.ones(3)}]
)
def test_a_broken_head_cannot_be_made(broken: dict[str, NDArray[np.float64]]) -> None:
    """Shapes, finite values, positive scale and slope."""
    parts: dict[str, object] = {"center": np.zeros(2), "scale": np.ones(2), "weights": np.ones((1, 2)), "bias": np.zeros(1), "slope": 1.0, "offset": 0.0}
    make: Callable[..., Head] = Head
    with pytest.raises(ValueError, match="head"):
        make(**{**parts, **broken})


def test_threads_do_not_change_the_bytes(tmp_path: Path, done_city: object) -> None:
    """Serial runs with all threads, a worker with one: the features are the same to the last bit."""
    from imagery.store import open_store

    workspace = getattr(done_city, "workspace", tmp_path)
    store = open_store(workspace / "2023" / "chips")
    rows = store.manifest[store.manifest["status"] == "chip"].sort_values("index")
    files, before = [], torch.get_num_threads()
    for threads in (1, 2):
        target = tmp_path / f"{threads}.npy"
        chips = tuple(zip(rows["offset"], rows["height"], rows["width"], strict=True))
        extract_batch(FeatureBatch(folder=store.folder, shard=0, chips=chips, spec=SPEC, weights="", target=target, threads=threads))
        files.append(target.read_bytes())
    torch.set_num_threads(before)
    assert files[0] == files[1]
