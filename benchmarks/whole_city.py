"""`python -m benchmarks.whole_city`: cut and score a whole demo city, with wall seconds and peak anonymous memory of all processes.

One flyover is rendered (for 240,000 parcels: 2,206 tiles, about 20 minutes on two cores, kept for the next time). The model comes from
a demo city of 2,000 parcels, `make demo`, whose registry is used as it is.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from benchmarks.memory import anonymous_mb, family
from demo_city.city import build_demo_city

OUT = Path("out/whole")
YEAR = 2022
POLL_S = 0.5


def main() -> None:
    """Build, cut, score; print a table and write out/whole/whole_city.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=240_000)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument(
        "--model",
        type=Path,
        default=Path("demo"),
        help="demo city whose model scores (default: demo)",
    )
    options = parser.parse_args()
    registry = (options.model / "workspace" / "mlflow.db").resolve()
    city = build_demo_city(
        options.out,
        parcels=options.parcels,
        seed=0,
        years=(YEAR,),
        progress=lambda stage, done, total: print(f"{stage} {done} of {total}", file=sys.stderr),
    )
    city.write_text(
        city.read_text(encoding="utf-8").split("[mlflow]")[0]
        + f'[mlflow]\nuri = "sqlite:///{registry}"\n',
        encoding="utf-8",
    )
    table = {
        stage: _measure([stage, str(city), "--year", str(YEAR)]) for stage in ("tile", "score")
    }
    ledger = pd.read_parquet(
        options.out / "workspace" / str(YEAR) / "ledger.parquet", columns=["status"]
    )
    for stage, (seconds, peak_mb) in table.items():
        print(
            f"{stage:6s} {seconds / 60:6.1f} min   peak anonymous memory {peak_mb:6.0f} MB, all processes together"
        )
    print(
        f"{options.parcels} parcels, {len(ledger)} vacants, {int((ledger['status'] == 'scored').sum())} scored"
    )
    (options.out / "whole_city.json").write_text(
        json.dumps(
            {"parcels": options.parcels, "vacants": len(ledger), "seconds_and_peak_mb": table},
            indent=2,
        )
    )


def _measure(arguments: list[str]) -> tuple[float, float]:
    """Run one roofwatch command; return wall seconds and the peak of anonymous memory in MB over its processes."""
    start, peak = time.monotonic(), 0.0
    with subprocess.Popen([sys.executable, "-m", "roofwatch.cli", *arguments]) as run:
        while run.poll() is None:
            peak = max(peak, sum(anonymous_mb(pid) for pid in family(run.pid)))
            time.sleep(POLL_S)
    if run.returncode:
        raise SystemExit(run.returncode)
    return time.monotonic() - start, peak


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
