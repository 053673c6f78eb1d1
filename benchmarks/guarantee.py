"""How often the recall of LIKELY and POSSIBLE keeps its aim: blocks of labels split in two a hundred times, thresholds from one half.

python -m benchmarks.guarantee [WORKSPACE/YEAR/report/out_of_fold.parquet]
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from training.settings import TrainSettings
from training.thresholds import choose_thresholds

REPETITIONS = 100
SCORES = Path("demo/workspace/2024/report/out_of_fold.parquet")


def repeat(table: pd.DataFrame, settings: TrainSettings) -> list[tuple[float, float]]:
    """Return recall on the other half with the bound that ships, and with the weaker one that holds on average."""
    blocks, found = np.array(sorted(table["block"].unique())), []
    for seed in range(REPETITIONS):
        first = set(np.random.default_rng(seed).permutation(blocks)[: len(blocks) // 2])
        inside = table["block"].isin(first)
        here, there = table[inside], table[~inside & (table["failing"] == 1)]
        chosen = choose_thresholds(
            here["network"].to_numpy(np.float64), here["failing"].to_numpy(np.int64), settings
        )
        found.append(
            (
                float((there["network"] >= chosen.possible).mean()),
                float((there["network"] >= chosen.average_recall.threshold).mean()),
            )
        )
    return found


def main() -> None:
    """Print how often the aim was kept."""
    settings, path = TrainSettings(), Path(sys.argv[1]) if len(sys.argv) > 1 else SCORES
    table = pd.read_parquet(path)
    kept, average = np.array(repeat(table, settings)).T
    print(
        f"{len(table)} labels, {int(table['failing'].sum())} failing, {table['block'].nunique()} blocks; aim: recall {settings.recall}, confidence {settings.confidence}"
    )
    print(
        f"the bound that ships: kept in {int((kept >= settings.recall).sum())} of {REPETITIONS} repetitions, mean recall {kept.mean():.3f}"
    )
    print(
        f"conformal risk control: mean recall {average.mean():.3f}, kept in {int((average >= settings.recall).sum())}"
    )


if __name__ == "__main__":
    main()
