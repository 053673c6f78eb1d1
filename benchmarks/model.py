"""What scoring and refitting cost: the frozen network against a plain loop, and a year's refit from cached features."""

import io
import time
from pathlib import Path

import numpy as np
import torch
import torchvision.transforms as T
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, Dataset

from benchmarks.table import Row, interleave
from demo_city.city import build_demo_city
from imagery.chips.store import ChipStore, StoredChip
from models.engine import engine_name
from models.features import chip_features
from models.network import Backbones, load_backbones
from models.preprocess import chip_views
from models.spec import ModelSpec
from roofwatch.config import read_city
from roofwatch.demo_truth import read_truth
from roofwatch.stages.tile import tile
from roofwatch.year import City
from training.fit import Fit, fit_head
from training.labeled_features import LabeledFeatures
from training.splits import block_folds

PARCELS, LABELS, BLOCKS = 600, 15_000, 900
SAMPLE = 24
"""Chips in one pass of the timing."""


def scoring(out: Path) -> list[Row]:
    """G7: what scoring costs beside a plain loop, and what its shortcuts change."""
    spec = ModelSpec()
    backbones = load_backbones(spec)
    store, failing, blocks = _demo(out, spec)
    chips = [
        chip
        for chip in (
            store.read(one)
            for one in store.manifest.loc[store.manifest["status"] == "chip", "parcel_id"]
        )
        if chip is not None
    ]
    views = len(spec.views) * spec.turns
    few = chips[:SAMPLE]
    pngs = [
        _png(view) for chip in few for view in chip_views(chip, spec, spec.side_px(spec.backbone))
    ]
    torch.set_num_threads(1)
    cpu = interleave(
        {
            "ours": lambda: chip_features(spec, backbones, few, threads=1),
            "plain": lambda: _plain(pngs, backbones),
        },
        3,
    )
    images = SAMPLE * views
    ours, exact = (
        _auroc(features, failing, blocks, spec)
        for features in (chip_features(spec, backbones, chips), _exact(chips, spec, backbones))
    )
    return [
        Row(
            goal="G7",
            what=f"plain loop / scoring, CPU seconds, same network and images ({engine_name()})",
            want=">= 8",
            got=cpu["plain"] / cpu["ours"],
        ),
        Row(
            what="scoring, CPU ms an image with its preprocessing", got=1000 * cpu["ours"] / images
        ),
        Row(what="plain loop, CPU ms an image", got=1000 * cpu["plain"] / images),
        Row(
            goal="G7",
            what=f"AUROC by these features less by those of eager fp32 ({len(chips)} demo chips, out of fold)",
            want="<= 0.002",
            got=abs(ours - exact),
        ),
    ]


def refitting() -> list[Row]:
    """G10: what a refit on made-up features of 15,000 labels costs."""
    spec, rng = ModelSpec(), np.random.default_rng(0)
    failing = (rng.random(LABELS) < 0.08).astype(np.int64)
    blocks = rng.integers(BLOCKS, size=LABELS)
    features = (
        rng.normal(size=(LABELS, 60)) @ rng.normal(size=(60, spec.features))
        + rng.normal(size=(LABELS, spec.features))
    ).astype(np.float32)
    features[:, :40] += failing[:, None]
    rows = LabeledFeatures(
        features=features,
        relit=None,
        failing=failing,
        folds=blocks % 5,
        blocks=blocks.astype(str).astype(object),
        groups=spec.groups,
    )
    alone, with_copies = (_seconds(part) for part in (rows, _with_copies(rows)))
    return [
        Row(
            goal="G10",
            what=f"refit of {LABELS} labels x {spec.features} features: 5 folds of blocks, calibration, the head that ships; wall s",
            want="<= 5",
            got=alone,
        ),
        Row(what="the same with copies in other light, wall s", got=with_copies),
    ]


def _with_copies(rows: LabeledFeatures) -> LabeledFeatures:
    return LabeledFeatures(
        features=rows.features,
        relit=rows.features[::-1].copy(),
        failing=rows.failing,
        folds=rows.folds,
        blocks=rows.blocks,
        groups=rows.groups,
    )


def _seconds(rows: LabeledFeatures) -> float:
    start = time.monotonic()
    fit_head(rows, rung="network", penalty=1.0, light=0.1)
    return time.monotonic() - start


def _demo(out: Path, spec: ModelSpec) -> tuple[ChipStore, NDArray[np.int64], NDArray[np.object_]]:
    """Return the chips of a small demo city's first year, and truth and block of each that was cut."""
    path = out / "city.toml"
    if not path.exists():
        path = build_demo_city(out, parcels=PARCELS, seed=0, progress=lambda *_: None)
    city = City(file=read_city(path), quiet=True)
    year = min(source.year for source in city.file.flyover)
    store, truth = tile(city, year, spec), read_truth(out)
    rows = (
        store.manifest[store.manifest["status"] == "chip"]
        .merge(truth[truth["year"] == year], on="parcel_id", how="left")
        .merge(city.roll.table[["parcel_id", "block"]], on="parcel_id")
    )
    return store, rows["failing"].fillna(0).to_numpy(np.int64), rows["block"].to_numpy(object)


def _auroc(
    features: NDArray[np.float32],
    failing: NDArray[np.int64],
    blocks: NDArray[np.object_],
    spec: ModelSpec,
) -> float:
    import pandas as pd

    folds = block_folds(pd.DataFrame({"block": blocks, "failing": failing}), 5)
    fit: Fit = fit_head(
        LabeledFeatures(
            features=features,
            relit=None,
            failing=failing,
            folds=folds,
            blocks=blocks,
            groups=spec.groups,
        ),
        rung="network",
        penalty=1.0,
        light=0.0,
    )
    return float(roc_auc_score(failing, fit.out_of_fold))


def _exact(chips: list[StoredChip], spec: ModelSpec, backbones: Backbones) -> NDArray[np.float32]:
    """Return the features by torch in full precision."""
    rows = []
    with torch.inference_mode():
        for chip in chips:
            images = torch.from_numpy(chip_views(chip, spec, spec.side_px(spec.backbone)))
            rows.append(
                backbones[0](images)
                .reshape(len(spec.views), spec.turns, -1)
                .mean(dim=1)
                .ravel()
                .numpy()
            )
    return np.stack(rows)


class _Pictures(Dataset[torch.Tensor]):
    """PNG files in memory, decoded and normalized as everybody does it."""

    def __init__(self, files: list[bytes], side_px: int) -> None:
        """Keep the files."""
        self.files = files
        self.transform = T.Compose(
            [T.Resize((side_px, side_px)), T.ToTensor(), T.Normalize((0.498,) * 3, (0.502,) * 3)]
        )

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.files)

    def __getitem__(self, number: int) -> torch.Tensor:
        """Return one picture, (3, P, P)."""
        picture: torch.Tensor = self.transform(
            Image.open(io.BytesIO(self.files[number])).convert("RGB")
        )
        return picture


def _plain(files: list[bytes], backbones: Backbones) -> None:
    (backbone,) = backbones
    with torch.inference_mode():
        for batch in DataLoader(_Pictures(files, backbone.kind.side_px), batch_size=16):
            backbone.network(batch)


def _png(image: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))).save(stream, "png")
    return stream.getvalue()
