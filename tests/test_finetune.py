"""Fine-tuning learns, and its reported scores come from roofs it has not seen.

One process or two make the same network.
"""

import os
import subprocess
import sys
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
from models.files import Model, load_model, save_model
from models.head import head_logits
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
ROOFS, SIDE_PX = 24, 24
Change = augment.Change


@dataclass(frozen=True, kw_only=True, eq=False)
class Toy:
    """Roofs to learn from."""

    labels: pd.DataFrame
    places: tuple[ChipPlace, ...]
    backbones: Backbones

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
    """See `models.features.chip_features`; in float32 on any machine."""
    parts = []
    for backbone in backbones:
        images = np.concatenate([chip_views(chip, spec, spec.input_px) for chip in chips])
        with torch.inference_mode():
            pooled = backbone(torch.from_numpy(images)).numpy()
        parts.append(
            pooled.reshape(len(chips), len(spec.views), spec.turns, -1)
            .mean(axis=2)
            .reshape(len(chips), -1)
        )
    return np.concatenate(parts, axis=1)


def make_toy(folder: Path) -> Toy:
    """Write 24 roofs in 3 blocks, which are the folds.

    Every other one is failing, which shows as coarse noise. All differ in color and light.
    """
    rng, size = np.random.default_rng(4), SIDE_PX
    failing = np.arange(ROOFS) % 2
    places = []
    with shard_path(folder, 0).open("wb") as stream:
        for number in range(ROOFS):
            pixels = rng.integers(40, 200, (3, 1, 1)) + rng.normal(0, 6, (3, size, size))
            mask = np.zeros((size, size), np.uint8)
            mask[4:-4, 5:-3] = 1
            if failing[number]:
                pixels += np.kron(rng.normal(0, 40, (size // 4, size // 4)), np.ones((4, 4))) * mask
            places.append(
                ChipPlace(folder=folder, shard=0, offset=stream.tell(), height=size, width=size)
            )
            stream.write(np.clip(pixels, 1, 255).astype(np.uint8).tobytes() + mask.tobytes())
    blocks = np.arange(ROOFS) // 2 % 3
    labels = pd.DataFrame(
        {
            "parcel_id": [f"P{number}" for number in range(ROOFS)],
            "failing": failing,
            "block": [f"B{block}" for block in blocks],
            "fold": blocks,
        }
    )
    backbones = load_backbones(SPEC)
    features = toy_features(backbones, [read_chip(place) for place in places])
    return Toy(
        labels=labels.assign(features=pd.Series(list(features), dtype=object)),
        places=tuple(places),
        backbones=backbones,
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On busy cores, threads that wait for each other take many times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return make_toy(tmp_path_factory.mktemp("chips"))


@pytest.fixture(scope="module")
def tuned(toy: Toy) -> Tuned:
    return toy.tune()


def plain_start(spec: ModelSpec) -> LinearStart:
    scaling = Scaling(center=np.zeros(spec.features), scale=np.ones(spec.features))
    return LinearStart(scaling=scaling, weights=np.ones(spec.features), bias=0.0)


def raw_logits(one: Tuned) -> NDArray[np.float64]:
    return np.asarray(
        (logit(one.fit.out_of_fold) - one.fit.head.offset) / one.fit.head.slope, np.float64
    )


def test_it_learns(toy: Toy) -> None:
    """Roofs of left-out blocks come to be ranked right.

    The head knows nothing at first, because it was fitted on the features of other roofs.
    """
    shuffled = np.random.default_rng(0).permutation(ROOFS)
    lost = toy.labels.assign(features=toy.labels["features"].iloc[shuffled].to_numpy())
    tuned = toy.tune(replace(SETTINGS, epochs=6, batch=4, learning_rate=5e-3), labels=lost)
    assert (
        average_precision_score(toy.labels["failing"], tuned.fit.out_of_fold) > 0.7
    )  # by chance 0.5; each network learns from 8 roofs
    assert tuned.epochs > 1
    assert backbone_checksum(tuned.backbones) != backbone_checksum(toy.backbones)
    losses = [one.loss for one in tuned.history if one.name == "all labels"]
    assert losses[-1] < losses[1]


def test_same_seed_same_weights(toy: Toy, tuned: Tuned) -> None:
    """To the last bit."""
    again = toy.tune()
    assert backbone_checksum(again.backbones) == backbone_checksum(tuned.backbones)
    np.testing.assert_array_equal(again.fit.head.weights, tuned.fit.head.weights)
    np.testing.assert_array_equal(again.fit.out_of_fold, tuned.fit.out_of_fold)


def test_reported_fold_is_never_seen(toy: Toy, tuned: Tuned) -> None:
    """Inverting the labels of a fold changes neither its logits nor when its training stopped.

    The logits of other folds do change.
    """
    mine = toy.labels["fold"].to_numpy() == 2
    turned = toy.tune(
        labels=toy.labels.assign(
            failing=np.where(mine, 1 - toy.labels["failing"], toy.labels["failing"])
        )
    )
    before, after = raw_logits(tuned), raw_logits(turned)
    np.testing.assert_allclose(before[mine], after[mine], atol=1e-9)
    assert np.abs(before[~mine] - after[~mine]).max() > 1e-3
    watched = [
        [repr(epoch) for epoch in one.history if epoch.name.startswith("fold 2")]
        for one in (tuned, turned)
    ]
    assert watched[0] == watched[1]


def test_earlier_segments_stay(toy: Toy, tuned: Tuned) -> None:
    """With unfreeze = 1, everything before the last segment keeps every bit.

    Batch-norm statistics are kept everywhere.
    """
    before, after = toy.backbones[0].network.state_dict(), tuned.backbones[0].network.state_dict()
    changed = {name for name, part in before.items() if not torch.equal(part, after[name])}
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
    assert {id(part) for group in groups for part in group["params"]} == {
        id(part) for part in network.parameters() if part.requires_grad
    }
    assert sum(len(group["params"]) for group in groups) == sum(
        part.requires_grad for part in network.parameters()
    )
    assert not any(part.requires_grad for part in toy.backbones[0].parameters())


def test_head_fits_the_backbones(toy: Toy, tuned: Tuned, tmp_path: Path) -> None:
    """Saved and loaded, networks and head answer as in training.

    Heads for the interval differ from it, and are near the networks of their folds.
    """
    folder = tmp_path / "model"
    sha256 = save_model(folder, Model(spec=SPEC, head=tuned.fit.head, backbones=tuned.backbones))
    model = load_model(folder, sha256)
    chips = [read_chip(place) for place in toy.places]
    logits = head_logits(model.head, toy_features(model.backbones, chips))
    assert logits.shape == (ROOFS, 4)
    assert average_precision_score(toy.labels["failing"], logits[:, 0]) > 0.9
    assert (logits[:, 1:].std(axis=1) > 1e-4).all()
    folds = toy.labels["fold"].to_numpy()
    nearer = np.abs(logits[np.arange(ROOFS), 1 + folds] - raw_logits(tuned)) < np.abs(
        logits[:, 0] - raw_logits(tuned)
    )
    assert nearer.mean() > 0.6


def test_features_are_those_of_scoring(toy: Toy) -> None:
    """Several views, turns and networks come in the order that scoring has.

    One network has constant maps at 1 px; gradients are finite all the same.
    """
    spec = replace(SPEC, backbone="efficientnet_lite0+resnet18", views=("roof", "near"), turns=4)
    backbones = (*load_backbones(SPEC), PooledBackbone("resnet18").eval().requires_grad_(False))
    chips = LabeledChips(toy.places, spec, seed=0)
    images = tuple(
        torch.stack(parts) for parts in zip(*(chips[row][0] for row in range(3)), strict=True)
    )
    start = plain_start(spec)
    network = RoofNetwork(backbones, views=2, unfreeze=3, start=start)
    features = network.features(images)
    read = [read_chip(place) for place in toy.places[:3]]
    np.testing.assert_allclose(
        features.detach().numpy(), toy_features(backbones, read, spec), atol=1e-4
    )
    network(images).sum().backward()
    assert all(
        torch.isfinite(part.grad).all() for part in network.parameters() if part.grad is not None
    )


def test_splits_are_scored(toy: Toy, tuned: Tuned) -> None:
    """Rows that no split tests are NaN, and all steps are reported.

    Inverting the labels of the tested rows changes nothing.
    """
    said: list[tuple[int, int]] = []
    splits, tested = (
        splits_of(toy.labels["fold"].to_numpy())[:1],
        toy.labels["fold"].to_numpy() == 0,
    )
    turned = toy.labels.assign(
        failing=np.where(tested, 1 - toy.labels["failing"], toy.labels["failing"])
    )
    ours, theirs = (
        finetune_splits(
            replace(toy.inputs(), labels=labels),
            splits,
            tuned,
            progress=lambda *step: said.append(step),
        )
        for labels in (toy.labels, turned)
    )
    np.testing.assert_allclose(ours[tested], theirs[tested], atol=1e-9)
    assert average_precision_score(toy.labels["failing"][tested], ours[tested]) > 0.9
    assert np.isnan(ours[~tested]).all()
    assert said[: len(said) // 2] == sorted(said[: len(said) // 2])
    assert {total for _, total in said} == {said[-1][0]}


def test_nan_loss_is_one_line(toy: Toy) -> None:
    """A loss that is no number stops the training at that epoch."""
    diverging = load_backbones(SPEC)
    last = dict(diverging[0].network.named_modules())["blocks.6"]
    last.register_forward_hook(
        lambda layer, seen, out: out * float("nan") if torch.is_grad_enabled() else out
    )
    with pytest.raises(
        InputError,
        match=r"^\[train\] fold 0: the loss is nan in epoch 1; learning_rate is 0.001; lower it",
    ) as caught:
        toy.tune(backbones=diverging)
    assert "\n" not in str(caught.value)


def test_nan_weights_are_one_line(toy: Toy) -> None:
    """A network that answers with NaN is not trained at all."""
    broken = load_backbones(SPEC)
    torch.nn.init.constant_(next(iter(broken[0].network.parameters())), float("nan"))
    with pytest.raises(
        InputError,
        match=r"^\[train\] the network answers with NaN or infinity; "
        r"learning_rate is 0.001; lower it",
    ) as caught:
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
    scores=tuned.fit.out_of_fold.tolist(),
    weights=tuned.fit.head.weights[0].tolist(),
)
(folder / f"rank{{os.environ['RANK']}}.json").write_text(json.dumps(found))
"""


def test_two_processes_make_the_same_network(toy: Toy, tmp_path: Path) -> None:
    """Both hold the same weights to the last bit.

    They are those of one process, up to rounding.
    """
    (tmp_path / "other").mkdir()
    script = tmp_path / "script.py"
    script.write_text(
        "if __name__ == '__main__':\n"
        + "".join(
            f"    {line}\n"
            for line in TORCHRUN.format(
                tests=str(Path(__file__).parent), folder=str(tmp_path)
            ).splitlines()
        )
    )
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        str(script),
    ]
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
    first, second = (pd.read_json(tmp_path / f"rank{rank}.json", typ="series") for rank in (0, 1))
    assert first["sha256"] == second["sha256"]
    assert first["scores"] == second["scores"]
    alone = toy.tune(replace(SETTINGS, epochs=1))
    np.testing.assert_allclose(first["weights"], alone.fit.head.weights[0], atol=2e-3)
    np.testing.assert_allclose(first["scores"], alone.fit.out_of_fold, atol=0.02)


@st.composite
def chips(draw: st.DrawFn) -> StoredChip:
    """Chips of any size, some pixels without imagery, at least one in the mask."""
    height, width = draw(st.integers(1, 20)), draw(st.integers(1, 20))
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
    one, two = (change(chip, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(chip.pixels, before.pixels)
    np.testing.assert_array_equal(chip.mask, before.mask)
    np.testing.assert_array_equal(one.pixels, two.pixels)
    np.testing.assert_array_equal(one.mask, two.mask)
    assert one.pixels.dtype == np.uint8
    assert one.mask.dtype == np.bool_
    assert one.pixels.shape == (3, *one.mask.shape)
    assert one.mask.any()
    if change not in (augment.turn, augment.scale, augment.augment):
        assert one.mask.shape == chip.mask.shape
        np.testing.assert_array_equal(one.pixels.any(axis=0), chip.pixels.any(axis=0))


def test_turns_are_the_eight_orientations() -> None:
    """Pixels tell their own place: mask and pixels turn alike, and all eight come up."""
    rows, columns = np.mgrid[:3, :3]
    chip = StoredChip(
        pixels=np.stack([rows * 3 + columns + 1] * 3).astype(np.uint8), mask=rows * 3 + columns < 4
    )
    turned = [augment.turn(chip, np.random.default_rng(seed)) for seed in range(100)]
    assert len({one.pixels.tobytes() for one in turned}) == 8
    assert all(set(one.pixels[0][one.mask].tolist()) == {1, 2, 3, 4} for one in turned)


def test_dataset_repeats_itself(toy: Toy) -> None:
    """Epoch 0 is the chip as it is in all turns.

    Later epochs differ from each other, and are the same when they are read again.
    """
    data = LabeledChips(toy.places, SPEC, seed=3)
    (plain,), row = data[5]
    np.testing.assert_array_equal(
        plain.numpy(),
        chip_views(read_chip(toy.places[5]), SPEC, 32),
    )
    first, second, again = (data[epoch * ROOFS + 5][0][0] for epoch in (1, 2, 1))
    assert (row, tuple(plain.shape), tuple(first.shape)) == (5, (2, 3, 32, 32), (1, 3, 32, 32))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_workers_read_the_same(toy: Toy) -> None:
    """A worker gets places only, and makes of them what this process does, pass after pass."""
    passes = []
    for workers in (0, 1):
        batches = Batches(4, rank=0, world=1)
        loader = load_chips(
            LabeledChips(toy.places, SPEC, seed=3), batches, workers=workers, pin=False
        )
        for epoch in (1, 2):
            batches.shuffle(np.arange(5), epoch=epoch, length=ROOFS, seed=0)
            passes.append([(rows.tolist(), images[0].numpy().tobytes()) for images, rows in loader])
    assert passes[:2] == passes[2:]
    assert passes[0] != passes[1]


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 4), st.integers(0, 5))
def test_batches_are_dealt_out(rows: int, batch: int, world: int, epoch: int) -> None:
    """All processes take equally many steps of equal size.

    Together they see every row; reading in order sees every row once.
    """
    chosen = np.arange(rows) * 2
    parts = [Batches(batch, rank=rank, world=world) for rank in range(world)]
    for part in parts:
        part.shuffle(chosen, epoch=epoch, length=100, seed=0)
    assert {len(part) for part in parts} == {parts[0].steps(rows)}
    assert {len(step) for part in parts for step in part} == {parts[0].batch // world}
    assert {number for part in parts for step in part for number in step} == set(
        (chosen + 100 * epoch).tolist()
    )
    for part in parts:
        part.in_order(chosen)
    assert sorted(number for part in parts for step in part for number in step) == chosen.tolist()


def test_places_come_from_the_store(tmp_path: Path) -> None:
    """A label finds the chip of its own year; one without a chip is named."""
    rows = [("A", "chip", "", 1, 40, 5, 6), ("B", "not_assessed", "no_imagery", -1, -1, 0, 0)]
    manifest = pd.DataFrame(
        rows, columns=["parcel_id", "status", "reason", "shard", "offset", "height", "width"]
    )
    store = ChipStore(folder=tmp_path, manifest=manifest, rows={"A": 0, "B": 1})
    assert chip_places(pd.DataFrame({"parcel_id": ["A"], "year": [2023]}), {2023: store}) == (
        ChipPlace(folder=tmp_path, shard=1, offset=40, height=5, width=6),
    )
    with pytest.raises(InputError, match=r"parcel B has no chip in 2023 \(no_imagery\)"):
        chip_places(pd.DataFrame({"parcel_id": ["B"], "year": [2023]}), {2023: store})
