"""What scoring and refitting cost.

Scoring is the frozen network beside a plain loop; refitting is a year's head from cached features.
"""

import io
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torchvision.transforms as T
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, Dataset

from benchmarks.table import Row, interleave, wall_s
from demo_city.city import build_demo_city
from imagery.chips.store import StoredChip
from models.engine_name import engine_name
from models.feature_cache import PARTS
from models.flyover_stats import FlyoverStats, measure_flyover
from models.measures import MEASURES
from models.network import Backbones, load_backbones
from models.preprocess import chip_views
from models.scoring import chip_features
from models.spec import ModelSpec
from roofwatch.config import read_city
from roofwatch.demo_truth import read_truth
from roofwatch.stages.tile import tile
from roofwatch.year import City
from training.design import head_design
from training.fit import fit_head
from training.labeled_features import Group, LabeledFeatures
from training.splits import block_folds

PARCELS = 600
SAMPLE = 24
"""Chips in one pass of the timing."""
FOLDS = 5
LABELS = 15_000
BLOCKS = 900
FAILING = 0.08
YEAR = 2021
"""First flyover of the made-up labels."""
FLYOVERS = 3
DIMENSIONS = 60
"""The made-up features vary in so many directions, apart from noise."""
TELLING = 40
"""So many of them tell failing roofs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabeledChips:
    """The chips of a demo city's first year, and what is known of them."""

    chips: list[StoredChip]
    """The chips, N of them."""
    failing: NDArray[np.int64]
    """0 or 1, (N,)."""
    blocks: NDArray[np.object_]
    """Blocks, (N,)."""


def scoring(out: Path) -> list[Row]:
    """G7: what scoring costs beside a plain loop, and what its shortcuts change."""
    spec = ModelSpec()
    backbones = load_backbones(spec)
    labeled = _read_demo(out, spec)
    few = labeled.chips[:SAMPLE]
    pngs = _as_pngs(few, spec)

    torch.set_num_threads(1)
    cpu_s = interleave(
        {
            "ours": partial(chip_features, spec, backbones, few, threads=1),
            "plain": partial(_score_plainly, pngs, backbones),
        },
        3,
    )
    ours = _auroc(labeled, chip_features(spec, backbones, labeled.chips), spec)
    exact = _auroc(labeled, _exact_features(labeled.chips, spec, backbones), spec)

    chips = f"{len(labeled.chips)} demo chips, out of fold"
    return [
        Row(
            goal="G7",
            what=f"plain loop / scoring, CPU seconds, same network and images ({engine_name()})",
            want=">= 8",
            got=cpu_s["plain"] / cpu_s["ours"],
        ),
        Row(
            what="scoring, CPU ms an image with its preprocessing",
            got=1000 * cpu_s["ours"] / len(pngs),
        ),
        Row(what="plain loop, CPU ms an image", got=1000 * cpu_s["plain"] / len(pngs)),
        Row(
            goal="G7",
            what=f"AUROC by these features less by those of eager fp32 ({chips})",
            want="<= 0.002",
            got=abs(ours - exact),
        ),
    ]


def refitting() -> list[Row]:
    """G10: what a refit on made-up features of 15,000 labels in three flyovers costs."""
    labeled = _make_labeled(ModelSpec())
    with_copies = replace(labeled, relit=labeled.features[::-1].copy())
    features = labeled.features.shape[1]
    flyover = _flyover_of(labeled.features)  # kept beside the features
    return [
        Row(
            goal="G10",
            what=f"refit of {LABELS} labels x {features} features: {FOLDS} folds of blocks, "
            f"{FLYOVERS} flyovers left out whole, calibration, the head that ships; wall s",
            want="<= 5",
            got=wall_s(partial(_refit, labeled, flyover)),
        ),
        Row(
            what="the same with copies in other light, wall s",
            got=wall_s(partial(_refit, with_copies, flyover)),
        ),
    ]


def _read_demo(out: Path, spec: ModelSpec) -> LabeledChips:
    """Build a small demo city unless it is there, and cut its first year."""
    path = out / "city.toml"
    if not path.exists():
        path = build_demo_city(out, parcels=PARCELS, seed=0)

    city = City(file=read_city(path), quiet=True)
    first = min(source.year for source in city.file.flyover)
    store = tile(city.year(first), spec)
    truth = read_truth(out)

    rows = store.manifest[store.manifest["status"] == "chip"]
    rows = rows.merge(truth[truth["year"] == first], on="parcel_id", how="left")
    rows = rows.merge(city.roll.table[["parcel_id", "block"]], on="parcel_id")
    chips = [store.read(parcel_id) for parcel_id in rows["parcel_id"]]
    return LabeledChips(
        chips=[chip for chip in chips if chip is not None],
        failing=rows["failing"].fillna(0).to_numpy(np.int64),
        blocks=rows["block"].to_numpy(object),
    )


def _as_pngs(chips: list[StoredChip], spec: ModelSpec) -> list[bytes]:
    """Return every view of every chip, turned, as a PNG file."""
    side_px = spec.side_px(spec.backbone)
    pngs = []
    for chip in chips:
        for view in chip_views(chip, spec, side_px):
            stream = io.BytesIO()
            Image.fromarray(np.ascontiguousarray(view.transpose(1, 2, 0))).save(stream, "png")
            pngs.append(stream.getvalue())
    return pngs


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
        image = Image.open(io.BytesIO(self.files[number])).convert("RGB")
        picture: torch.Tensor = self.transform(image)
        return picture


def _score_plainly(files: list[bytes], backbones: Backbones) -> None:
    """Score as everybody does it: a loader, and the network in full precision."""
    (backbone,) = backbones
    with torch.inference_mode():
        for batch in DataLoader(_Pictures(files, backbone.kind.side_px), batch_size=16):
            backbone.network(batch)


def _exact_features(
    chips: list[StoredChip], spec: ModelSpec, backbones: Backbones
) -> NDArray[np.float32]:
    """Return the features by torch in full precision, (N, F)."""
    (backbone,) = backbones
    side_px = spec.side_px(spec.backbone)
    rows = []
    with torch.inference_mode():
        for chip in chips:
            features = backbone(torch.from_numpy(chip_views(chip, spec, side_px)))
            over_turns = features.reshape(len(spec.views), spec.turns, -1).mean(dim=1)
            rows.append(over_turns.ravel().numpy())
    return np.stack(rows)


def _auroc(labeled: LabeledChips, features: NDArray[np.float32], spec: ModelSpec) -> float:
    """Return the AUROC of out-of-fold scores by some features (N, F)."""
    labels = pd.DataFrame({"block": labeled.blocks, "failing": labeled.failing})
    flyover = _flyover_of(features)
    own = flyover.part(PARTS["network"])
    count = len(labeled.failing)
    rows = LabeledFeatures(
        features=((features - own.center) / own.spread).astype(np.float32),
        relit=None,
        failing=labeled.failing,
        folds=block_folds(labels, FOLDS),
        blocks=labeled.blocks,
        flyovers=np.full(count, YEAR),
        weights=np.ones(count),
        groups=_groups_of(spec),
    )
    design = head_design(rows, penalty=1.0, light=0.0)
    fit = fit_head(rows, design, rung="network", flyovers=[flyover])
    return float(roc_auc_score(labeled.failing, fit.out_of_fold.scores))


def _flyover_of(features: NDArray[np.float32]) -> FlyoverStats:
    """Return the statistics of features (N, F), after measures that do not matter."""
    measures = np.zeros((len(features), len(MEASURES)), np.float32)
    looks = np.concatenate([measures, features], axis=1)
    return measure_flyover(YEAR, [looks], looks.shape[1])


def _groups_of(spec: ModelSpec) -> tuple[Group, ...]:
    """Return the groups of features of the network."""
    return tuple(Group(features=features) for features in spec.groups)


def _make_labeled(spec: ModelSpec) -> LabeledFeatures:
    """Make up features and labels."""
    rng = np.random.default_rng(0)
    failing = (rng.random(LABELS) < FAILING).astype(np.int64)
    blocks = rng.integers(BLOCKS, size=LABELS)

    places = rng.normal(size=(LABELS, DIMENSIONS))
    signal = places @ rng.normal(size=(DIMENSIONS, spec.features))
    features = (signal + rng.normal(size=(LABELS, spec.features))).astype(np.float32)
    features[:, :TELLING] += failing[:, None]

    return LabeledFeatures(
        features=features,
        relit=None,
        failing=failing,
        folds=blocks % FOLDS,
        blocks=blocks.astype(str).astype(object),
        flyovers=YEAR + rng.integers(FLYOVERS, size=LABELS),
        weights=np.ones(LABELS),
        groups=_groups_of(spec),
    )


def _refit(labeled: LabeledFeatures, flyover: FlyoverStats) -> None:
    design = head_design(labeled, penalty=1.0, light=0.1)
    fit_head(labeled, design, rung="network", flyovers=[flyover])
