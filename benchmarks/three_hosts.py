"""A Dask cluster over three hosts in hard weather: are the bytes those of one machine?

    sudo python -m benchmarks.three_hosts [--demo DIR] [--cases calm power ...]

DIR is a finished demo (by default one of 300 parcels is made); work is done on a copy. Hosts are
network namespaces on a bridge: the office, which runs the commands and holds the shared folder, and
three hosts with one Dask worker each, the first also with the scheduler. Hosts reach the folder
over their links (benchmarks/host_network.py). `tile` and `score` are started in the office with
`--executor dask`, and in the midst of each the weather turns:

- calm: nothing happens.
- power: the second host loses power, in `tile`; the third, in `score`.
- short partition: the second host's link is cut for 20 seconds.
- partition: the second host's link is cut and stays so.
- slow link: the second host's link passes 2 Mbit/s.
- slow disk: the shared folder's disk reads and writes 2 MB/s and 100 requests/s.

Each case ends with chips, features and ledger compared, byte by byte, with those of one machine
and `--executor serial`. Printed are times, CPU seconds of all hosts and the bytes that passed their
links.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.host_network import (
    OFFICE,
    CpuClock,
    network,
    refuse_other_machines,
    share,
    slow_disk,
    start_with_share,
    throttle,
)
from benchmarks.weather import CASES, YEAR, Place
from imagery.files import sha256_file
from imagery.workspace import Workspace

HOSTS = ("one", "two", "three")
STAGES = ("tile", "score")
PARTS = {"tile": "shard_*.bin", "score": "features_*.npy"}
"""What workers leave in `chips/`: the weather turns when there are two."""
LIMIT_S = 400.0
"""Longest time a stage may take."""
DISK_MB = 500
COMMAND = """\
import sys
from imagery.chips import plan
plan.TASK_PARCELS = int(sys.argv.pop(1))
from roofwatch.cli import main
sys.exit(main())
"""
"""roofwatch with smaller tasks: a demo of 300 parcels is a single one else."""
ALL_THERE = """\
import sys
from distributed import Client
Client(sys.argv[1], timeout=60).wait_for_workers(3, 60)
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a case took."""

    wall_s: dict[str, float]
    """Seconds of each stage."""
    cpu_s: float
    """CPU seconds of all processes on all hosts while stages ran."""
    moved_mb: dict[str, float]
    """MB that passed the links of the hosts in each stage, both directions."""


def main() -> int:
    """Go through all weathers; return 1 when bytes differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, metavar="DIR")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--task-parcels", type=int, default=12, metavar="N")
    options = parser.parse_args()
    refuse_other_machines()

    with tempfile.TemporaryDirectory(prefix="hosts-") as name:
        folder = Path(name)
        demo = options.demo or make_demo(folder / "demo")
        command = (sys.executable, "-c", COMMAND, str(options.task_parcels))
        wanted, vacants = run_alone(copy_city(demo, folder), command)
        differing = False
        for case in options.cases:
            shared = folder / f"case-{case}"
            shared.mkdir()
            with place_of(demo, shared, has_own_disk=case == "slow-disk") as place:
                cost = run_case(place, command, case, folder / f"{case}.log")
                differences = compare(wanted, sums(place.city))
            say(case, cost, vacants)
            print(f"{'':16} bytes: {differences or 'equal'}", flush=True)
            differing = differing or bool(differences)
    return 1 if differing else 0


def make_demo(folder: Path) -> Path:
    """Make a demo of 300 parcels."""
    began = time.monotonic()
    words = ("demo", "--out", str(folder), "--parcels", "300", "--quiet")
    subprocess.run([sys.executable, "-m", "roofwatch.cli", *words], check=True)
    print(f"demo made in {time.monotonic() - began:.0f} s", flush=True)
    return folder


def copy_city(demo: Path, folder: Path) -> Path:
    """Copy a city into a folder, but not what its stages will make."""
    city = folder / "city"
    shutil.copytree(demo, city)
    year = Workspace(folder=city / "workspace").year(int(YEAR))
    shutil.rmtree(year.chips.folder)
    year.ledger.unlink()
    return city


def run_alone(city: Path, command: tuple[str, ...]) -> tuple[dict[str, str], int]:
    """Run both stages one by one on this machine; return all checksums and the vacants."""
    began = time.monotonic()
    for stage in STAGES:
        words = (stage, str(city / "city.toml"), "--year", YEAR, "--executor", "serial", "--quiet")
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{stage} alone: exit {done.returncode}: {done.stderr}")
    wanted = sums(city)
    shards = sum(name.endswith(".bin") for name in wanted)
    vacants = len((city / "vacant.csv").read_text(encoding="utf-8").splitlines()) - 1
    wall_s = time.monotonic() - began
    print(f"{'serial':16} {wall_s:5.1f} s, {vacants} vacants in {shards} shards", flush=True)
    shutil.rmtree(city)
    return wanted, vacants


@contextmanager
def place_of(demo: Path, shared: Path, *, has_own_disk: bool) -> Iterator[Place]:
    """Yield hosts that share a folder with a copy of a city; all is gone at the end."""
    with ExitStack() as stack:
        device = stack.enter_context(slow_disk(shared, DISK_MB)) if has_own_disk else ""
        city = copy_city(demo, shared)
        hosts = stack.enter_context(network(HOSTS))
        yield Place(city=city, hosts=hosts, device=device)
        if device:
            throttle(device, 0, 0)


def run_case(place: Place, command: tuple[str, ...], case: str, log: Path) -> Cost:
    """Start the cluster, and both stages on it, in some weather."""
    address = start_cluster(place, log)
    clock = CpuClock(hosts=list(place.hosts.values()))
    before_s = clock.total_s()
    wall_s = {}
    moved_mb = {}
    for stage in STAGES:
        began = time.monotonic()
        before_bytes = moved_bytes(place)
        city = (str(place.city / "city.toml"), "--year", YEAR)
        words = (stage, *city, "--executor", "dask", "--scheduler", address, "--quiet")
        process = place.hosts[OFFICE].start(*command, *words)
        watch(place, process, stage, CASES[case], clock)
        if process.returncode:
            said = process.stderr.read() if process.stderr else ""
            raise SystemExit(
                f"{case}: {stage}: exit {process.returncode}: {said}{log.read_text()[-2000:]}"
            )
        wall_s[stage] = time.monotonic() - began
        moved_mb[stage] = (moved_bytes(place) - before_bytes) / 1e6
    return Cost(wall_s=wall_s, cpu_s=clock.total_s() - before_s, moved_mb=moved_mb)


def start_cluster(place: Place, log: Path) -> str:
    """Start a scheduler and three workers; return the scheduler's address when all are there."""
    office = place.hosts[OFFICE]
    first = place.hosts[HOSTS[0]]
    share(office, log)
    address = f"tcp://{first.address}:8786"
    dask = (sys.executable, "-m", "dask")
    board = ("--dashboard-address", "127.0.0.1:0")
    first.start(*dask, "scheduler", "--host", first.address, "--no-dashboard", *board, log=log)
    time.sleep(1.0)  # the server of files
    for name in HOSTS:
        host = place.hosts[name]
        scratch = ("--local-directory", str(log.parent / f"scratch-{name}"))
        where = ("--nthreads", "1", "--host", host.address)
        words = (*dask, "worker", address, *where, *board, *scratch)
        start_with_share(host, office, place.city.parent, words, log)

    waiting = office.start(sys.executable, "-c", ALL_THERE, address)
    if waiting.wait():
        raise SystemExit(f"no cluster of three hosts: {log.read_text(encoding='utf-8')[-3000:]}")
    return address


def watch(
    place: Place,
    process: "subprocess.Popen[str]",
    stage: str,
    turn: Callable[[Place, str], None],
    clock: CpuClock,
) -> None:
    """Wait for a stage; let the weather turn when two parts are there."""
    has_turned = False
    limit = time.monotonic() + LIMIT_S
    while process.poll() is None:
        clock.total_s()
        if not has_turned and len(list(place.chips.glob(PARTS[stage]))) >= 2:
            turn(place, stage)
            has_turned = True
        for moment in [moment for moment in place.turns_at if moment < time.monotonic()]:
            place.turns_at.pop(moment)()
        if time.monotonic() > limit:
            raise SystemExit(f"{stage} takes longer than {LIMIT_S:.0f} s")
        time.sleep(0.05)
    if not has_turned:
        print(f"{stage}: ended before the weather turned", flush=True)


def moved_bytes(place: Place) -> int:
    """Return the bytes that passed the links of the hosts."""
    return sum(place.hosts[name].moved_bytes for name in HOSTS)


def sums(city: Path) -> dict[str, str]:
    """Return the checksum of every file of the chips, features among them, and of the ledger."""
    year = Workspace(folder=city / "workspace").year(int(YEAR))
    files = [path for path in sorted(year.chips.folder.rglob("*")) if path.is_file()]
    return {path.name: sha256_file(path) for path in (*files, year.ledger)}


def compare(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return the names of what differs."""
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def say(case: str, cost: Cost, vacants: int) -> None:
    """Print what a case took, and what 1,000 vacant parcels would take at this rate."""
    times = ", ".join(
        f"{stage} {seconds:5.1f} s {cost.moved_mb[stage]:5.1f} MB"
        for stage, seconds in cost.wall_s.items()
    )
    rate = 1000 / vacants
    moved_mb = sum(cost.moved_mb.values())
    print(
        f"{case:16} {times}; CPU {cost.cpu_s:5.1f} s; "
        f"per 1,000 vacants {cost.cpu_s * rate:5.0f} CPU s, {moved_mb * rate:5.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
