"""The model's files and its head: what was saved is loaded, and nothing else is."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from heads import plain_head, random_head
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t as student

from imagery.errors import ConfigError, MissingInput, TamperedModel
from models.checksum import model_checksum
from models.features import load_networks
from models.files import load_model, save_model
from models.flyover_stats import FlyoverStats
from models.head import RUNGS, Head, head_logits, head_scores
from models.measures import MEASURES
from models.network import Backbones, backbone_checksum, load_backbones
from models.spec import ModelSpec, spec_from_json, spec_to_json
from models.weight_sums import weights_checksum

SPEC = ModelSpec(input_px=32, gsd_m=0.5, margin_m=2, views=("roof_grey",), turns=1)


def make_head(seed: int, features: int = SPEC.features, *, rung: str = "network") -> Head:
    """Return a head of three folds with random numbers."""
    return replace(
        random_head(features, rung, seed=seed),
        covariance=np.array([[0.02, 0.01], [0.01, 0.03]]),
        separation=1.7,
        share=0.3,
        rates=np.array([[0.8, 0.1], [0.7, 0.05]]),
        tried=2,
    )


def make_flyover(year: int, width: int) -> FlyoverStats:
    """Return the statistics of a flyover, random numbers."""
    rng = np.random.default_rng(year)
    return FlyoverStats(
        year=year, chips=300, center=rng.normal(size=width), spread=rng.random(width) + 0.5
    )


@pytest.fixture(scope="module")
def backbones() -> Backbones:
    """Return the packaged network."""
    return load_backbones(SPEC)


@pytest.fixture
def saved(tmp_path: Path, backbones: Backbones) -> tuple[Path, str]:
    """Return a model folder and its checksum."""
    folder = tmp_path / "model"
    sha256 = save_model(folder, SPEC, make_head(0), backbones)
    return folder, sha256


@pytest.mark.parametrize("rung", RUNGS)
def test_saved_model_is_loaded(tmp_path: Path, backbones: Backbones, rung: str) -> None:
    """Spec, head, network and the statistics of the flyovers come back to the last bit.

    Whichever rung ships.
    """
    looks = len(MEASURES) + SPEC.features
    known = {"measures": len(MEASURES), "dark_share": 1, "joined": looks}
    flyovers = tuple(make_flyover(year, looks) for year in (2022, 2024))
    expected = replace(make_head(0, known.get(rung, SPEC.features), rung=rung), flyovers=flyovers)
    folder = tmp_path / "model"
    sha256 = save_model(folder, SPEC, expected, backbones)

    loaded = load_model(folder, sha256)

    assert loaded.spec == SPEC
    wanted = backbone_checksum(backbones)
    assert backbone_checksum(load_networks(loaded.network)) == wanted
    assert weights_checksum(loaded.network.weights) == wanted
    assert (loaded.head.rung, loaded.head.likely, loaded.head.possible_even) == (rung, 0.6, 0.2)
    features = np.random.default_rng(1).normal(size=(5, len(expected.center))).astype(np.float32)
    ours = np.stack(head_scores(loaded.head, features))
    np.testing.assert_array_equal(ours, np.stack(head_scores(expected, features)))

    for ours_of, theirs_of in zip(loaded.head.flyovers, flyovers, strict=True):
        assert (ours_of.year, ours_of.chips) == (theirs_of.year, theirs_of.chips)
        np.testing.assert_array_equal(ours_of.center, theirs_of.center)
        np.testing.assert_array_equal(ours_of.spread, theirs_of.spread)
    for name in ("separation", "share", "tried"):
        assert getattr(loaded.head, name) == getattr(expected, name)
    np.testing.assert_array_equal(loaded.head.rates, expected.rates)


def test_same_model_has_the_same_checksum(
    saved: tuple[Path, str], backbones: Backbones, tmp_path: Path
) -> None:
    """Saving again gives the same bytes; another head does not."""
    assert save_model(tmp_path / "again", SPEC, make_head(0), backbones) == saved[1]
    assert save_model(tmp_path / "other", SPEC, make_head(1), backbones) != saved[1]


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


@pytest.mark.parametrize("name", ["head.safetensors", "backbone.safetensors", "spec.json"])
def test_a_pickle_under_the_right_name_is_refused(saved: tuple[Path, str], name: str) -> None:
    """Even with a checksum to match, pickled bytes are no model."""
    (saved[0] / name).write_bytes(pickle.dumps({"center": 1}))
    with pytest.raises(TamperedModel, match="cannot be read"):
        load_model(saved[0], model_checksum(saved[0]))


@pytest.mark.parametrize(
    "other",
    [
        {"views": ["roof_grey", "near"]},
        {"views": ["roof", "roof"]},
        {"views": []},
        {"views": [["roof"]]},
        {"backbone": "efficientnet_lite2"},
        {"backbone": "resnet18"},
        {"backbone": 5},
        {"backbone": "alexnet"},
        {"input_px": 32.5},
        {"input_px": "big"},
        {"turns": 3},
        {"gsd_m": float("nan")},
        {"mean": [1]},
        {"std": ["a", "b", "c"]},
        {"stretch": "yes"},
        {"colour": 1},
    ],
    ids=str,
)
def test_a_spec_that_does_not_fit_is_refused(
    saved: tuple[Path, str], other: dict[str, object]
) -> None:
    """Though the checksum matches: other views, another network, values that no spec has."""
    file = saved[0] / "spec.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **other}))
    with pytest.raises(TamperedModel, match="cannot be read") as caught:
        load_model(saved[0], model_checksum(saved[0]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "efficientnet_lite0/"])
def test_own_weights(tmp_path: Path, backbones: Backbones, prefix: str) -> None:
    """A local state dict replaces the packaged one, with or without the network's name."""
    state = backbones[0].network.state_dict()
    path = tmp_path / "own.pth"
    torch.save({f"{prefix}{key}": weights for key, weights in state.items()}, path)
    loaded = load_backbones(SPEC, str(path))
    assert backbone_checksum(loaded) == backbone_checksum(backbones)


@pytest.mark.parametrize("name", ["poison.pth", "poison.safetensors"])
@pytest.mark.parametrize(
    "content",
    [pickle.dumps(Path.unlink, protocol=2), b"", b"rubbish" * 99],
    ids=["pickle", "empty", "rubbish"],
)
def test_poisoned_weights(tmp_path: Path, name: str, content: bytes) -> None:
    """A pickle that would run a command, or plain rubbish, is an error of the city file."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match="does not fit"):
        load_backbones(SPEC, str(tmp_path / name))


specs = st.builds(
    ModelSpec,
    gsd_m=st.floats(0.01, 5),
    margin_m=st.floats(0, 50),
    input_px=st.just(0) | st.integers(32, 512),
    stretch=st.booleans(),
    turns=st.sampled_from([1, 2, 4, 8]),
    views=st.permutations(["roof", "roof_grey", "near", "around", "context"]).map(
        lambda views: tuple(views[:3])
    ),
    backbone=st.sampled_from(["resnet18", "efficientnet_lite0+resnet50"]),
    mean=st.just(()) | st.tuples(*[st.floats(0, 255)] * 3),
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": torch.zeros(1)},
        {},
        {"a": 1},
        {1: torch.zeros(1)},
        [torch.zeros(1)],
        {"resnet18/fc.bias": torch.zeros(1000)},
    ],
    ids=["other layers", "empty", "number", "number as key", "list", "other network"],
)
def test_wrong_weights(tmp_path: Path, wrong: object) -> None:
    """A file of something else does not replace the packaged weights."""
    path = tmp_path / "wrong.pth"
    torch.save(wrong, path)
    with pytest.raises(ConfigError, match=r"wrong\.pth does not fit"):
        load_backbones(SPEC, str(path))


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        load_backbones(SPEC, str(tmp_path / "none.pth"))


@given(specs)
def test_spec_is_read_as_written(spec: ModelSpec) -> None:
    """JSON and back is the same spec; its groups add up to its features."""
    assert spec_from_json(spec_to_json(spec)) == spec
    assert sum(spec.groups) == spec.features

    known = {"efficientnet_lite0": 944, "resnet18": 1792, "resnet50": 7168}
    per_view = sum(known[name] for name in spec.backbones)
    assert spec.features == 3 * per_view


@settings(max_examples=20)
@given(st.integers(0, 99))
def test_scores_are_probabilities(seed: int) -> None:
    """Whatever the head, the score is within 0 and 1, and within its own interval."""
    features = np.random.default_rng(seed).normal(size=(9, 5)).astype(np.float32) * 50
    score, low, high = head_scores(make_head(seed, 5), features)
    assert ((low >= 0) & (low <= score) & (score <= high) & (high <= 1)).all()


def test_interval_by_hand() -> None:
    """Four heads that left a fold out give 1, 2, 3 and 4 where the head gives 2.

    The jackknife gives 3/4 * 5 = 3.75, to which the calibration adds its part.
    """
    head = replace(
        plain_head(1, "dark_share"),
        center=np.array([1.0]),
        scale=np.array([2.0]),
        weights=np.array([[4.0], [2.0], [4.0], [6.0], [8.0]]),
        bias=np.zeros(5),
        slope=0.5,
        offset=-1.0,
        covariance=np.array([[0.04, 0.01], [0.01, 0.09]]),
    )
    features = np.array([[2.0]], np.float32)  # standardized 0.5
    np.testing.assert_allclose(head_logits(head, features), [[2, 1, 2, 3, 4]])

    score, low, high = head_scores(head, features)
    variance = 0.5**2 * 3.75 + 2 * 2 * 0.04 + 2 * 2 * 0.01 + 0.09
    spread = student.ppf(0.95, 3) * np.sqrt(variance)
    np.testing.assert_allclose([score[0], low[0], high[0]], [0.5, expit(-spread), expit(spread)])
    assert logit(high[0]) - logit(score[0]) == pytest.approx(2.3534 * np.sqrt(variance), rel=1e-4)


BROKEN = [
    {"slope": 0.0},
    {"slope": -1.0},
    {"center": np.array([np.nan, 0])},
    {"bias": np.zeros(3)},
    {"scale": np.array([0.0, 1.0])},
    {"scale": np.ones(3)},
    {"rung": "forest"},
    {"covariance": np.eye(3)},
    {"covariance": np.full((2, 2), np.inf)},
    {"possible_even": 0.0},
    {"possible_even": 1.1},
    {"likely": 1.1},
    {"weights": np.ones(2)},
    {"separation": -0.1},
    {"separation": np.inf},
    {"share": 0.0},
    {"share": 1.0},
    {"share": np.nan},
    {"rates": np.array([0.8, 0.1])},
    {"rates": np.zeros((0, 2))},
    {"rates": np.array([[1.1, 0.1]])},
    {"rates": np.array([[0.8, np.nan]])},
    {"tried": -1},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: ",".join(broken))
def test_a_broken_head_cannot_be_made(broken: dict[str, NDArray[np.float64]]) -> None:
    """Shapes, finite values, positive scale and slope, shares, thresholds in order."""
    parts: dict[str, object] = {
        "rung": "network",
        "flyovers": (),
        "center": np.zeros(2),
        "scale": np.ones(2),
        "weights": np.ones((1, 2)),
        "bias": np.zeros(1),
        "slope": 1.0,
        "offset": 0.0,
        "covariance": np.zeros((2, 2)),
        "separation": 0.0,
        "share": 0.5,
        "rates": np.array([[0.8, 0.1]]),
        "share_error": 0.0,
        "tried": 0,
        "likely": 1.0,
        "possible_even": 1.0,
    }
    make: Callable[..., Head] = Head

    make(**parts)
    with pytest.raises(ValueError, match="head"):
        make(**{**parts, **broken})


def test_head_refuses_what_does_not_fit() -> None:
    """Features of another length, or NaN, are no features."""
    head = make_head(0, 2)
    with pytest.raises(ValueError, match="head wants"):
        head_logits(head, np.zeros((1, 3), np.float32))
    with pytest.raises(ValueError, match="NaN"):
        head_logits(head, np.array([[np.nan, 0]], np.float32))
