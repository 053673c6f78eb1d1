"""A whole year of 15,000 vacant lots through the command line: `python -m benchmarks.year`.

The city (240,000 parcels, 44 tiles of 10,000 pixels, see `benchmarks.year_city`) is made once
under out/year. The model comes from a finished demo city, whose registry is read as it is. The
year before is finished first and not counted. Then check, tile, drift, score and export run one
after the other, each a cold process with the executor `processes`: wall and CPU seconds of all
its processes, peak anonymous memory of the main process and of the largest other one. The same
is run again unchanged, and with 1% of the vacancy notices changed.

With --stages run it is the one command that does the whole year.
"""

import argparse
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyogrio

from benchmarks.commands import Cost, run_command
from benchmarks.year_city import YEARS, year_city
from imagery.workspace import Workspace

OUT = Path("out/year")
BEFORE, YEAR = YEARS
STAGES = ("check", "tile", "drift", "score", "export")
RUNS = ("first", "again", "changed")
CHANGED = 0.01
"""Share of the notices that leave the roll, and of new ones, before the third run."""
_PAGE_CACHE = Path("/proc/sys/vm/drop_caches")


def main() -> None:
    """Build, run three times, print the table and write out/year/year.json."""
    options = _parse()
    registry = Workspace(folder=options.model / "workspace").mlflow_db
    city = year_city(options.out, vacants=options.vacants, kind=options.kind, registry=registry)
    workspace = city.parent / "workspace"
    _finish_year_before(city, workspace)

    notices = city.parent / "vacant.csv"
    whole = pd.read_csv(notices, dtype="str")
    rows = []
    for run in RUNS:
        if run == "changed":
            _change(whole, _parcels(city)).to_csv(notices, index=False)
        for stage in options.stages:
            cost = _run_cold(run, stage, city)
            rows.append({"run": run, "stage": stage, **asdict(cost)})
    whole.to_csv(notices, index=False)

    table = pd.DataFrame(rows)
    _show(table, vacants=options.vacants)
    size_mb = _size_mb(workspace / str(YEAR))
    print(f"{size_mb:,.0f} MB on disk for the year")
    facts = {"vacants": options.vacants, "disk_mb": size_mb, "costs": rows}
    (options.out / "year.json").write_text(json.dumps(facts, indent=1))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vacants", type=int, default=15_000)
    parser.add_argument("--kind", choices=("cog", "jpeg", "deflate"), default="cog")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--stages", nargs="+", choices=(*STAGES, "run"), default=STAGES)
    parser.add_argument(
        "--model",
        type=Path,
        default=Path("demo"),
        help="finished demo city whose model scores (default: demo)",
    )
    return parser.parse_args()


def _finish_year_before(city: Path, workspace: Path) -> None:
    """Finish the year before, or go back to the moment when it was."""
    kept = city.parent / "before"
    if not kept.exists():
        shutil.rmtree(workspace, ignore_errors=True)
        for stage in STAGES:
            _run_cold("before", stage, city, year=BEFORE)
        kept.mkdir()
        _copy_state(workspace, kept)

    shutil.rmtree(workspace / str(YEAR), ignore_errors=True)
    _copy_state(kept, workspace)


def _copy_state(source: Path, target: Path) -> None:
    """Copy what is not of one year: the audit log, and what dispatch holds."""
    for path in target.iterdir():
        if path.name != str(BEFORE):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in source.iterdir():
        if path.is_dir() and path.name not in (str(BEFORE), str(YEAR)):
            shutil.copytree(path, target / path.name)
        elif path.is_file():
            shutil.copy2(path, target / path.name)


def _change(notices: pd.DataFrame, parcels: pd.Series) -> pd.DataFrame:
    """Return the notices without the last 1%, and with as many new ones."""
    count = round(CHANGED * len(notices))
    others = parcels[~parcels.isin(notices["parcel_id"]) & ~parcels.str.startswith("X")]
    new = others.iloc[:: len(others) // count].iloc[:count]
    added = pd.DataFrame({"parcel_id": new, "notice_date": "2024-01-15"})
    return pd.concat([notices.iloc[:-count], added], ignore_index=True)


def _parcels(city: Path) -> pd.Series:
    path = city.parent / "parcels.gpkg"
    table = pd.DataFrame(pyogrio.read_dataframe(path, columns=["parcel_id"], read_geometry=False))
    return table["parcel_id"]


def _run_cold(run: str, stage: str, city: Path, *, year: int = YEAR) -> Cost:
    """Run one command; nothing of the flyover is in the page cache."""
    _drop_page_cache()
    cost = run_command([stage, str(city), "--year", str(year), "--quiet"])
    print(
        f"{run:8s} {stage:7s} {cost.wall_s:7.1f} s wall {cost.cpu_s:7.1f} s CPU "
        f"{cost.main_mb:6.0f} MB main {cost.worker_mb:6.0f} MB worker",
        flush=True,
    )
    return cost


def _drop_page_cache() -> None:
    if os.access(_PAGE_CACHE, os.W_OK):
        os.sync()
        _PAGE_CACHE.write_text("1")


def _show(table: pd.DataFrame, *, vacants: int) -> None:
    for run, rows in table.groupby("run", sort=False):
        wall_s, cpu_s = rows["wall_s"].sum(), rows["cpu_s"].sum()
        print(
            f"{run:8s} whole   {wall_s:7.1f} s wall {cpu_s:7.1f} s CPU, "
            f"{1000 * cpu_s / vacants:.1f} CPU ms a vacant lot"
        )


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
