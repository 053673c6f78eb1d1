"""The Turkey earthquake buildings (QuickQuakeBuildings), beside the published figures.

    python -m benchmarks.turkey --data FOLDER

FOLDER holds flyover/2023, parcels.gpkg, vacant.csv and labels.csv, with the official folds as
`block`; they are held out in turn. The product's defaults are used; only the scale and the margin
are those of the imagery.
"""

import argparse
from pathlib import Path

from roofwatch.config import read_city
from roofwatch.stages.train import train
from roofwatch.year import City
from training.figures import Figures, Spread

YEAR = 2023
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
"""Name, AUROC and F1 of Sun, Wang and Eineder (IEEE GRSL 2024, doi 10.1109/LGRS.2024.3406966).

Five folds; the epoch was chosen on the test fold."""
FLOOR = ("frozen floor, three views, four turns", "0.920 (0.023)", "0.572 (0.096)")
"""Name, AUROC and average precision on three folds; docs/experiments.md says how."""


def run(data: Path, workspace: Path) -> list[str]:
    """Train on the set and return the lines of the table."""
    workspace.mkdir(parents=True, exist_ok=True)
    file = workspace / "city.toml"
    text = CITY.format(data=data.resolve(), workspace=workspace.resolve())
    file.write_text(text, encoding="utf-8")

    city = City(file=read_city(file))
    trained = train(city.year(YEAR))
    ours = trained.figures
    return [
        _line("", auroc="AUROC", precision="AP", f1="F1", top="precision in top n"),
        *(_line(f"{name} (published)", auroc=auroc, f1=f1) for name, auroc, f1 in PUBLISHED),
        _line(FLOOR[0], auroc=FLOOR[1], precision=FLOOR[2]),
        *(_figures_line(figures) for figures in trained.evaluation.rungs),
        f"{ours.labels} labels, {ours.failing} failing, folds are blocks; "
        f"mean (std) over folds, all out of fold; report: {trained.report}",
    ]


def _figures_line(figures: Figures) -> str:
    return _line(
        figures.name,
        auroc=_spread(figures.auroc_by_fold),
        precision=_spread(figures.average_precision_by_fold),
        f1=_spread(figures.f1_by_fold),
        top=_spread(figures.precision_n_by_fold),
    )


def _line(name: str, *, auroc: str, precision: str = "", f1: str = "", top: str = "") -> str:
    return f"{name:42}{auroc:>16}{precision:>16}{f1:>16}{top:>20}".rstrip()


def _spread(spread: Spread) -> str:
    return f"{spread.mean:.3f} ({spread.std:.3f})"


def main() -> None:
    """Print the table."""
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


if __name__ == "__main__":
    main()
