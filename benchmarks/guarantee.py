"""How often the recall of LIKELY and POSSIBLE keeps its aim.

    python -m benchmarks.guarantee [WORKSPACE/YEAR/report/out_of_fold.parquet]

The blocks of the labels are split in two a hundred times; thresholds come from one half. POSSIBLE
is judged at even odds, where the share failing of a flyover plays no part.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.report import tried_in
from training.settings import TrainSettings
from training.thresholds import Chosen, choose_thresholds

REPETITIONS = 100
RUNG = "joined"
"""Judged: the rung that ships."""
SCORES = Path("demo/workspace/2024/report/out_of_fold.parquet")


def main() -> None:
    """Print how often the aim was kept."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else SCORES
    settings = TrainSettings()
    table = pd.read_parquet(path)
    recalls = repeat(table, settings)
    kept = (recalls >= settings.recall).sum(axis=0)
    means = recalls.mean(axis=0)

    print(
        f"{len(table)} labels, {int(table['failing'].sum())} failing, "
        f"{table['block'].nunique()} blocks; "
        f"aim: recall {settings.recall}, confidence {settings.confidence}"
    )
    print(
        f"the bound that ships: kept in {kept[0]} of {REPETITIONS} repetitions, "
        f"mean recall {means[0]:.3f}"
    )
    print(f"conformal risk control: mean recall {means[1]:.3f}, kept in {kept[1]}")


def repeat(table: pd.DataFrame, settings: TrainSettings) -> NDArray[np.float64]:
    """Return the recall on the other half, (repetitions, 2).

    The first column is the bound that ships, the second the weaker one that holds on average.
    """
    blocks = np.array(sorted(table["block"].unique()))
    recalls = []
    for seed in range(REPETITIONS):
        shuffled = np.random.default_rng(seed).permutation(blocks)
        is_inside = table["block"].isin(shuffled[: len(blocks) // 2])
        chosen = _choose(table[is_inside], settings)

        failing = table[~is_inside & (table["failing"] == 1)]
        scores = failing[f"{RUNG}_even"].to_numpy(np.float64)
        on_average = chosen.average_recall.threshold
        recalls.append(((scores >= chosen.possible).mean(), (scores >= on_average).mean()))
    return np.array(recalls, np.float64)


def _choose(labels: pd.DataFrame, settings: TrainSettings) -> Chosen:
    return choose_thresholds(tried_in(labels, RUNG), settings, tried=False)


if __name__ == "__main__":
    main()
