"""The Turkey earthquake buildings (QuickQuakeBuildings), official folds held out in turn, beside the published figures.

    python -m benchmarks.turkey --data FOLDER

FOLDER holds flyover/2023, parcels.gpkg, vacant.csv and labels.csv, with the official folds as `block`. The product's defaults
are used; only the scale and the margin are those of the imagery.
"""

import argparse
from pathlib import Path

from roofwatch.config import read_city
from roofwatch.stages.train import train
from roofwatch.year import City
from training.figures import Figures, Spread

CITY = """
[city]
name = "Turkey"
workspace = "{workspace}"
[parcels]
path = "{data}/parcels.gpkg"
id = "parcel_id"
block = "block"
[vacant]
path = "{data}/vacant.csv"
id = "parcel_id"
[labels]
path = "{data}/labels.csv"
id = "parcel_id"
collapsed = "collapsed"
year = "year"
[[flyover]]
year = 2023
path = "{data}/flyover/2023"
[model]
gsd_m = 0.3
margin_m = 6
"""
PUBLISHED = (
    ("random forest, optical", "0.810 (0.062)", ""),
    ("CNN, optical", "0.853 (0.045)", ""),
    ("ResNet18, optical", "0.941 (0.026)", "0.605"),
    ("SAR + optical", "0.962 (0.023)", ""),
)
"""Name, AUROC and F1 of Sun, Wang and Eineder (IEEE GRSL 2024, doi 10.1109/LGRS.2024.3406966): five folds, the epoch chosen on the test fold."""
FLOOR = ("frozen floor, three views, four turns", "0.920 (0.023)", "0.572 (0.096)")
"""On three folds; docs/experiments.md says how."""


def run(data: Path, workspace: Path) -> list[str]:
    """Train on the set and return the table."""
    workspace.mkdir(parents=True, exist_ok=True)
    file = workspace / "city.toml"
    file.write_text(
        CITY.format(data=data.resolve(), workspace=workspace.resolve()), encoding="utf-8"
    )
    trained = train(City(file=read_city(file)), 2023)
    lines = [f"{'':42}{'AUROC':>16}{'AP':>16}{'F1':>16}{'precision in top n':>20}"]
    lines += [
        f"{name + ' (published)':42}{auroc:>16}{'':16}{f1:>16}" for name, auroc, f1 in PUBLISHED
    ]
    lines += [
        f"{FLOOR[0]:42}{FLOOR[1]:>16}{FLOOR[2]:>16}",
        *(_line(one) for one in trained.evaluation.rungs),
    ]
    ours = trained.figures
    return [
        *lines,
        f"{ours.labels} labels, {ours.failing} failing, folds are blocks; mean (std) over folds, all out of fold; report: {trained.report}",
    ]


def _line(one: Figures) -> str:
    def show(value: Spread) -> str:
        return f"{value.mean:.3f} ({value.std:.3f})"

    return f"{one.name:42}{show(one.auroc_by_fold):>16}{show(one.average_precision_by_fold):>16}{show(one.f1_by_fold):>16}{show(one.precision_n_by_fold):>20}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="folder of the set"
    )
    parser.add_argument(
        "--workspace",
        type=Path,
        default=Path("out/turkey"),
        metavar="FOLDER",
        help="where everything is written (default: out/turkey)",
    )
    options = parser.parse_args()
    print("\n".join(run(options.data, options.workspace)))
