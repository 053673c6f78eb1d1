"""Cut and score a whole demo city: `python -m benchmarks.whole_city`.

One flyover is rendered (for 240,000 parcels: 2,206 tiles, about 20 minutes on two cores) and kept
for the next time. The model comes from a demo city of 2,000 parcels, `make demo`, whose registry
is used as it is. Wall seconds, and peak anonymous memory of all processes.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import pandas as pd

from benchmarks.commands import run_command
from demo_city.city import build_demo_city
from imagery.workspace import Workspace

OUT = Path("out/whole")
YEAR = 2022


def main() -> None:
    """Build, cut, score; print a table and write out/whole/whole_city.json."""
    options = _parse()
    city = _build(options.out, options.parcels, model=options.model)

    costs = {}
    for stage in ("tile", "score"):
        costs[stage] = run_command([stage, str(city), "--year", str(YEAR)])
        print(
            f"{stage:6s} {costs[stage].wall_s / 60:6.1f} min   peak anonymous memory "
            f"{costs[stage].together_mb:6.0f} MB, all processes together"
        )

    files = Workspace(folder=options.out / "workspace").year(YEAR)
    status = pd.read_parquet(files.ledger, columns=["status"])["status"]
    scored = int((status == "scored").sum())
    print(f"{options.parcels} parcels, {len(status)} vacants, {scored} scored")

    facts = {
        "parcels": options.parcels,
        "vacants": len(status),
        "seconds_and_peak_mb": {
            stage: (cost.wall_s, cost.together_mb) for stage, cost in costs.items()
        },
    }
    (options.out / "whole_city.json").write_text(json.dumps(facts, indent=2))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=240_000)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument(
        "--model",
        type=Path,
        default=Path("demo"),
        help="demo city whose model scores (default: demo)",
    )
    return parser.parse_args()


def _build(out: Path, parcels: int, *, model: Path) -> Path:
    """Build the city with the registry of another one; return its city file."""
    city = build_demo_city(out, parcels=parcels, seed=0, years=(YEAR,), progress=_report)
    registry = Workspace(folder=model / "workspace").mlflow_db.resolve()
    own = city.read_text(encoding="utf-8").split("[mlflow]")[0]
    city.write_text(f'{own}[mlflow]\nuri = "sqlite:///{registry}"\n', encoding="utf-8")
    return city


def _report(stage: str, done: int, total: int) -> None:
    print(f"{stage} {done} of {total}", file=sys.stderr)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
