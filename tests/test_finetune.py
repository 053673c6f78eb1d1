"""Fine-tuning learns, and its reported scores come from roofs it has not seen.

One process or two make the same network.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.metrics import average_precision_score

from imagery.chips.store import ChipPlace, ChipStore, StoredChip, read_chip, shard_path
from imagery.errors import InputError
from models.features import load_networks
from models.files import load_model, save_model
from models.head import head_logits, offset_at
from models.network import Backbones, PooledBackbone, backbone_checksum, load_backbones
from models.preprocess import chip_views
from models.spec import ModelSpec
from training import augment
from training.dataset import Batches, LabeledChips, chip_places, load_chips
from training.design import Scaling
from training.finetune import Tuned, finetune, finetune_splits
from training.roof_network import LinearStart, RoofNetwork
from training.settings import TrainSettings
from training.splits import splits_of
from training.task import FinetuneInputs

SPEC = ModelSpec(input_px=32, gsd_m=0.5, margin_m=2, views=("roof",), turns=2)
SETTINGS = TrainSettings(mode="finetune", epochs=2, batch=8, learning_rate=1e-3, folds=3)
ROOFS = 24
SIDE_PX = 24
Change = augment.Change


@dataclass(frozen=True, kw_only=True, eq=False)
class Toy:
    """Roofs to learn from."""

    labels: pd.DataFrame
    """Columns parcel_id, failing, block, fold and features, one row per roof."""
    places: tuple[ChipPlace, ...]
    """Of the chips, in the order of the labels."""
    backbones: Backbones
    """Networks before they are tuned."""

    def inputs(self, settings: TrainSettings = SETTINGS) -> FinetuneInputs:
        """Return all that `finetune` needs."""
        return FinetuneInputs(
            labels=self.labels,
            chips=self.places,
            spec=SPEC,
            backbones=self.backbones,
            settings=settings,
            device="cpu",
        )

    def tune(
        self,
        settings: TrainSettings = SETTINGS,
        *,
        labels: pd.DataFrame | None = None,
        backbones: Backbones | None = None,
    ) -> Tuned:
        """Fine-tune, on other labels or networks if some are given."""
        inputs = self.inputs(settings)
        if labels is not None:
            inputs = replace(inputs, labels=labels)
        if backbones is not None:
            inputs = replace(inputs, backbones=backbones)
        return finetune(inputs)


def toy_features(
    backbones: Backbones, chips: list[StoredChip], spec: ModelSpec = SPEC
) -> NDArray[np.float32]:
    """See `models.scoring.chip_features`; in float32 on any machine."""
    parts = []
    for backbone in backbones:
        images = np.concatenate([chip_views(chip, spec, spec.input_px) for chip in chips])
        with torch.inference_mode():
            pooled = backbone(torch.from_numpy(images)).numpy()
        by_turn = pooled.reshape(len(chips), len(spec.views), spec.turns, -1)
        parts.append(by_turn.mean(axis=2).reshape(len(chips), -1))

    return np.concatenate(parts, axis=1)


def read_chips(places: tuple[ChipPlace, ...]) -> list[StoredChip]:
    """Read toy chips."""
    return [read_chip(place) for place in places]


def write_chips(folder: Path, failing: NDArray[np.int64]) -> tuple[ChipPlace, ...]:
    """Write a chip for each roof into shard 0 of a folder."""
    rng = np.random.default_rng(4)
    size = SIDE_PX
    places = []
    with shard_path(folder, 0).open("wb") as stream:
        for is_failing in failing:
            pixels = rng.integers(40, 200, (3, 1, 1)) + rng.normal(0, 6, (3, size, size))
            mask = np.zeros((size, size), np.uint8)
            mask[4:-4, 5:-3] = 1
            if is_failing:
                coarse = rng.normal(0, 40, (size // 4, size // 4))
                pixels += np.kron(coarse, np.ones((4, 4))) * mask

            offset = stream.tell()
            places.append(ChipPlace(folder=folder, shard=0, offset=offset, height=size, width=size))
            stream.write(np.clip(pixels, 1, 255).astype(np.uint8).tobytes() + mask.tobytes())
    return tuple(places)


def make_toy(folder: Path) -> Toy:
    """Write 24 roofs in 3 blocks, which are the folds.

    Every other one is failing, which shows as coarse noise. All differ in color and light.
    """
    failing = np.arange(ROOFS) % 2
    places = write_chips(folder, failing)
    backbones = load_backbones(SPEC)
    features = toy_features(backbones, read_chips(places))

    blocks = np.arange(ROOFS) // 2 % 3
    labels = pd.DataFrame(
        {
            "parcel_id": [f"P{number}" for number in range(ROOFS)],
            "failing": failing,
            "block": [f"B{block}" for block in blocks],
            "fold": blocks,
            "features": pd.Series(list(features), dtype=object),
        }
    )
    return Toy(labels=labels, places=places, backbones=backbones)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On busy cores, threads that wait for each other take many times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Return the roofs before any training."""
    return make_toy(tmp_path_factory.mktemp("chips"))


@pytest.fixture(scope="module")
def tuned(toy: Toy) -> Tuned:
    """Return the networks tuned on the roofs."""
    return toy.tune()


def plain_start(spec: ModelSpec) -> LinearStart:
    """Return a start with equal weights."""
    scaling = Scaling(center=np.zeros(spec.features), scale=np.ones(spec.features))
    return LinearStart(scaling=scaling, weights=np.ones(spec.features), bias=0.0)


def raw_logits(tuned: Tuned) -> NDArray[np.float64]:
    """Return out-of-fold logits before calibration, (N,)."""
    head = tuned.fit.head
    found = tuned.fit.out_of_fold
    offset = offset_at(head, np.array([found.shares[0].used]))[0]
    return np.asarray((logit(found.scores) - offset) / head.slope, np.float64)


def invert(labels: pd.DataFrame, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    """Return labels in which the chosen ones have the other class."""
    failing = labels["failing"]
    return labels.assign(failing=np.where(chosen, 1 - failing, failing))


def test_it_learns(toy: Toy) -> None:
    """Roofs of left-out blocks come to be ranked right.

    The head knows nothing at first, because it was fitted on the features of other roofs.
    """
    shuffled = np.random.default_rng(0).permutation(ROOFS)
    lost = toy.labels.assign(features=toy.labels["features"].iloc[shuffled].to_numpy())
    tuned = toy.tune(replace(SETTINGS, epochs=6, batch=4, learning_rate=5e-3), labels=lost)

    # By chance it would be 0.5; each network learns from 8 roofs.
    assert average_precision_score(toy.labels["failing"], tuned.fit.out_of_fold.scores) > 0.7
    assert tuned.epochs > 1
    assert backbone_checksum(tuned.backbones) != backbone_checksum(toy.backbones)
    losses = [epoch.loss for epoch in tuned.history if epoch.name == "all labels"]
    assert losses[-1] < losses[1]


def test_same_seed_same_weights(toy: Toy, tuned: Tuned) -> None:
    """To the last bit."""
    again = toy.tune()
    assert backbone_checksum(again.backbones) == backbone_checksum(tuned.backbones)
    np.testing.assert_array_equal(again.fit.head.weights, tuned.fit.head.weights)
    np.testing.assert_array_equal(again.fit.out_of_fold.scores, tuned.fit.out_of_fold.scores)


def epochs_of(tuned: Tuned, name: str) -> list[str]:
    """Return all that was recorded of the epochs of a fold."""
    return [repr(epoch) for epoch in tuned.history if epoch.name.startswith(name)]


def test_reported_fold_is_never_seen(toy: Toy, tuned: Tuned) -> None:
    """Inverting the labels of a fold changes neither its logits nor when its training stopped.

    The logits of other folds do change.
    """
    mine = toy.labels["fold"].to_numpy() == 2
    inverted = toy.tune(labels=invert(toy.labels, mine))

    before = raw_logits(tuned)
    after = raw_logits(inverted)
    np.testing.assert_allclose(before[mine], after[mine], atol=1e-9)
    assert np.abs(before[~mine] - after[~mine]).max() > 1e-3
    assert epochs_of(tuned, "fold 2") == epochs_of(inverted, "fold 2")


def test_earlier_segments_stay(toy: Toy, tuned: Tuned) -> None:
    """With unfreeze = 1, everything before the last segment keeps every bit.

    Batch-norm statistics are kept everywhere.
    """
    before = toy.backbones[0].network.state_dict()
    after = tuned.backbones[0].network.state_dict()
    changed = {name for name, values in before.items() if not torch.equal(values, after[name])}
    assert changed
    assert all(name.startswith(("blocks.5", "blocks.6")) for name in changed)
    assert not any("running" in name for name in changed)


@pytest.mark.parametrize(
    ("unfreeze", "rates"), [(0, [3]), (1, [3, 1]), (2, [3, 1, 0.3]), (3, [3, 1, 0.3, 0.09])]
)
def test_earlier_segments_learn_more_slowly(toy: Toy, unfreeze: int, rates: list[float]) -> None:
    """Each segment before another learns at a fraction of its rate.

    Every part that learns has one rate.
    """
    start = plain_start(SPEC)
    network = RoofNetwork(toy.backbones, views=1, unfreeze=unfreeze, start=start)
    groups = torch.optim.AdamW(network.rates(1.0)).param_groups
    assert [group["lr"] for group in groups] == pytest.approx(rates)

    rated = []
    for group in groups:
        rated += [id(weights) for weights in group["params"]]
    learning = [id(weights) for weights in network.parameters() if weights.requires_grad]
    assert sorted(rated) == sorted(learning)
    assert not any(weights.requires_grad for weights in toy.backbones[0].parameters())


def test_head_fits_the_backbones(toy: Toy, tuned: Tuned, tmp_path: Path) -> None:
    """Saved and loaded, networks and head answer as in training.

    Heads for the interval differ from it, and are near the networks of their folds.
    """
    folder = tmp_path / "model"
    sha256 = save_model(folder, SPEC, tuned.fit.head, tuned.backbones)
    model = load_model(folder, sha256)

    logits = head_logits(
        model.head, toy_features(load_networks(model.network), read_chips(toy.places))
    )
    assert logits.shape == (ROOFS, 4)
    assert average_precision_score(toy.labels["failing"], logits[:, 0]) > 0.9
    assert (logits[:, 1:].std(axis=1) > 1e-4).all()

    of_fold = logits[np.arange(ROOFS), 1 + toy.labels["fold"].to_numpy()]
    expected = raw_logits(tuned)
    nearer = np.abs(of_fold - expected) < np.abs(logits[:, 0] - expected)
    assert nearer.mean() > 0.6


def test_features_are_those_of_scoring(toy: Toy) -> None:
    """Several views, turns and networks come in the order that scoring has.

    One network has constant maps at 1 px; gradients are finite all the same.
    """
    spec = replace(SPEC, backbone="efficientnet_lite0+resnet18", views=("roof", "near"), turns=4)
    backbones = (*load_backbones(SPEC), PooledBackbone("resnet18").eval().requires_grad_(False))
    dataset = LabeledChips(toy.places, spec, seed=0)
    samples = [dataset[row][0] for row in range(3)]
    images = tuple(torch.stack(views) for views in zip(*samples, strict=True))
    network = RoofNetwork(backbones, views=2, unfreeze=3, start=plain_start(spec))

    features = network.features(images)
    expected = toy_features(backbones, read_chips(toy.places[:3]), spec)
    np.testing.assert_allclose(features.detach().numpy(), expected, atol=1e-4)

    network(images).sum().backward()
    gradients = [weights.grad for weights in network.parameters() if weights.grad is not None]
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_splits_are_scored(toy: Toy, tuned: Tuned) -> None:
    """Rows that no split tests are NaN, and all steps are reported.

    Inverting the labels of the tested rows changes nothing.
    """
    folds = toy.labels["fold"].to_numpy()
    splits = splits_of(folds)[:1]
    tested = folds == 0
    steps: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        steps.append((done, total))

    other_inputs = replace(toy.inputs(), labels=invert(toy.labels, tested))
    ours = finetune_splits(toy.inputs(), splits, tuned, progress=tell).scores
    theirs = finetune_splits(other_inputs, splits, tuned, progress=tell).scores

    np.testing.assert_allclose(ours[tested], theirs[tested], atol=1e-9)
    assert average_precision_score(toy.labels["failing"][tested], ours[tested]) > 0.9
    assert np.isnan(ours[~tested]).all()
    first_half = steps[: len(steps) // 2]
    assert first_half == sorted(first_half)
    assert {total for _, total in steps} == {steps[-1][0]}


def test_nan_loss_is_one_line(toy: Toy) -> None:
    """A loss that is no number stops the training at that epoch."""
    diverging = load_backbones(SPEC)
    last = dict(diverging[0].network.named_modules())["blocks.6"]
    last.register_forward_hook(
        lambda layer, seen, out: out * float("nan") if torch.is_grad_enabled() else out
    )

    expected = r"^\[train\] fold 0: the loss is nan in epoch 1; learning_rate is 0.001; lower it"
    with pytest.raises(InputError, match=expected) as caught:
        toy.tune(backbones=diverging)
    assert "\n" not in str(caught.value)


def test_nan_weights_are_one_line(toy: Toy) -> None:
    """A network that answers with NaN is not trained at all."""
    broken = load_backbones(SPEC)
    torch.nn.init.constant_(next(iter(broken[0].network.parameters())), float("nan"))

    expected = (
        r"^\[train\] the network answers with NaN or infinity; learning_rate is 0.001; lower it"
    )
    with pytest.raises(InputError, match=expected) as caught:
        toy.tune(backbones=broken)
    assert "\n" not in str(caught.value)


def test_two_blocks_are_too_few(toy: Toy) -> None:
    """Nothing can be set aside for early stopping."""
    two = np.arange(ROOFS) % 4 // 2
    with pytest.raises(InputError, match="set aside for early stopping"):
        toy.tune(labels=toy.labels.assign(block=[f"B{block}" for block in two], fold=two))


@pytest.mark.parametrize(
    "key", ["epochs", "learning_rate", "batch", "unfreeze", "label_smoothing", "ema", "workers"]
)
def test_settings_are_checked(key: str) -> None:
    """No key takes a negative number."""
    make: Callable[..., TrainSettings] = TrainSettings
    with pytest.raises(ValueError, match=key):
        make(**{key: -1})


TORCHRUN = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_finetune import SETTINGS, SPEC, make_toy
from dataclasses import replace
from models.network import backbone_checksum
from training.finetune import finetune
from training.processes import first_alone, processes
folder = Path({folder!r})
with processes("cpu"):
    with first_alone():
        toy = make_toy(folder) if os.environ["RANK"] == "0" else make_toy(folder / "other")
    tuned = finetune(toy.inputs(replace(SETTINGS, epochs=1)))
found = dict(
    sha256=backbone_checksum(tuned.backbones),
    scores=tuned.fit.out_of_fold.scores.tolist(),
    weights=tuned.fit.head.weights[0].tolist(),
)
(folder / f"rank{{os.environ['RANK']}}.json").write_text(json.dumps(found))
"""


def write_script(folder: Path) -> Path:
    """Write what each of two processes runs."""
    code = TORCHRUN.format(tests=str(Path(__file__).parent), folder=str(folder))
    script = folder / "script.py"
    script.write_text("if __name__ == '__main__':\n" + textwrap.indent(code, "    "))
    return script


def test_two_processes_make_the_same_network(toy: Toy, tmp_path: Path) -> None:
    """Both hold the same weights to the last bit.

    They are those of one process, up to rounding.
    """
    (tmp_path / "other").mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*torchrun, "--nproc-per-node", "2", str(write_script(tmp_path))]
    root = Path(__file__).parents[1]
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "FutureWarning" not in done.stderr

    first = pd.read_json(tmp_path / "rank0.json", typ="series")
    second = pd.read_json(tmp_path / "rank1.json", typ="series")
    assert first["sha256"] == second["sha256"]
    assert first["scores"] == second["scores"]

    alone = toy.tune(replace(SETTINGS, epochs=1))
    np.testing.assert_allclose(first["weights"], alone.fit.head.weights[0], atol=2e-3)
    np.testing.assert_allclose(first["scores"], alone.fit.out_of_fold.scores, atol=0.02)


@st.composite
def chips(draw: st.DrawFn) -> StoredChip:
    """Draw chips of any size, some pixels without imagery, at least one in the mask."""
    height = draw(st.integers(1, 20))
    width = draw(st.integers(1, 20))
    pixels = draw(arrays(np.uint8, (3, height, width)))
    mask = draw(arrays(np.bool_, (height, width)))
    mask[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = True
    return StoredChip(pixels=pixels, mask=mask)


ALL_CHANGES = (augment.turn, *(change for change, _ in augment.CHANGES), augment.augment)


@pytest.mark.parametrize("change", ALL_CHANGES, ids=lambda change: str(change.__name__))
@given(chips(), st.integers(0, 2**32))
def test_augmented_chips_are_chips(change: Change, chip: StoredChip, seed: int) -> None:
    """Types and shapes fit, the mask is never empty, and unknown pixels stay unknown.

    The same seed does the same, and the chip that was given is not changed.
    """
    before = StoredChip(pixels=chip.pixels.copy(), mask=chip.mask.copy())
    changed = change(chip, np.random.default_rng(seed))
    again = change(chip, np.random.default_rng(seed))

    np.testing.assert_array_equal(chip.pixels, before.pixels)
    np.testing.assert_array_equal(chip.mask, before.mask)
    np.testing.assert_array_equal(changed.pixels, again.pixels)
    np.testing.assert_array_equal(changed.mask, again.mask)

    assert changed.pixels.dtype == np.uint8
    assert changed.mask.dtype == np.bool_
    assert changed.pixels.shape == (3, *changed.mask.shape)
    assert changed.mask.any()
    if change not in (augment.turn, augment.scale, augment.augment):
        assert changed.mask.shape == chip.mask.shape
        np.testing.assert_array_equal(changed.pixels.any(axis=0), chip.pixels.any(axis=0))


def test_turns_are_the_eight_orientations() -> None:
    """Pixels tell their own place: mask and pixels turn alike, and all eight come up."""
    rows, columns = np.mgrid[:3, :3]
    places = rows * 3 + columns
    pixels = np.stack([places + 1] * 3).astype(np.uint8)
    chip = StoredChip(pixels=pixels, mask=places < 4)

    turned = [augment.turn(chip, np.random.default_rng(seed)) for seed in range(100)]
    assert len({copy.pixels.tobytes() for copy in turned}) == 8
    assert all(set(copy.pixels[0][copy.mask].tolist()) == {1, 2, 3, 4} for copy in turned)


def test_dataset_repeats_itself(toy: Toy) -> None:
    """Epoch 0 is the chip as it is in all turns.

    Later epochs differ from each other, and are the same when they are read again.
    """
    dataset = LabeledChips(toy.places, SPEC, seed=3)
    (plain,), row = dataset[5]
    (chip,) = read_chips(toy.places[5:6])
    np.testing.assert_array_equal(plain.numpy(), chip_views(chip, SPEC, 32))

    first = dataset[ROOFS + 5][0][0]
    second = dataset[2 * ROOFS + 5][0][0]
    again = dataset[ROOFS + 5][0][0]
    assert (row, tuple(plain.shape), tuple(first.shape)) == (5, (2, 3, 32, 32), (1, 3, 32, 32))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_workers_read_the_same(toy: Toy) -> None:
    """A worker gets places only, and makes of them what this process does, pass after pass."""
    passes = []
    for workers in (0, 1):
        batches = Batches(4, rank=0, world=1)
        dataset = LabeledChips(toy.places, SPEC, seed=3)
        loader = load_chips(dataset, batches, workers=workers, pin=False)
        for epoch in (1, 2):
            batches.shuffle(np.arange(5), epoch=epoch, length=ROOFS, seed=0)
            passes.append([(rows.tolist(), images[0].numpy().tobytes()) for images, rows in loader])

    assert passes[:2] == passes[2:]
    assert passes[0] != passes[1]


def rows_dealt(samplers: list[Batches]) -> list[int]:
    """Return the rows of all steps of all processes."""
    rows: list[int] = []
    for sampler in samplers:
        for step in sampler:
            rows += step
    return rows


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 4), st.integers(0, 5))
def test_batches_are_dealt_out(rows: int, batch: int, world: int, epoch: int) -> None:
    """All processes take equally many steps of equal size.

    Together they see every row; reading in order sees every row once.
    """
    chosen = np.arange(rows) * 2
    samplers = [Batches(batch, rank=rank, world=world) for rank in range(world)]

    for sampler in samplers:
        sampler.shuffle(chosen, epoch=epoch, length=100, seed=0)
        assert len(sampler) == samplers[0].steps(rows)
        assert {len(step) for step in sampler} == {samplers[0].batch // world}
    assert set(rows_dealt(samplers)) == set((chosen + 100 * epoch).tolist())

    for sampler in samplers:
        sampler.in_order(chosen)
    assert sorted(rows_dealt(samplers)) == chosen.tolist()


def test_places_come_from_the_store(tmp_path: Path) -> None:
    """A label finds the chip of its own year; one without a chip is named."""
    columns = ["parcel_id", "status", "reason", "shard", "offset", "height", "width"]
    rows = [("A", "chip", "", 1, 40, 5, 6), ("B", "not_assessed", "no_imagery", -1, -1, 0, 0)]
    manifest = pd.DataFrame(rows, columns=columns)
    stores = {2023: ChipStore(folder=tmp_path, manifest=manifest, rows={"A": 0, "B": 1})}

    places = chip_places(pd.DataFrame({"parcel_id": ["A"], "year": [2023]}), stores)
    assert places == (ChipPlace(folder=tmp_path, shard=1, offset=40, height=5, width=6),)
    with pytest.raises(InputError, match=r"parcel B has no chip in 2023 \(no_imagery\)"):
        chip_places(pd.DataFrame({"parcel_id": ["B"], "year": [2023]}), stores)
