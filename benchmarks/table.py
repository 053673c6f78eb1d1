"""How every benchmark measures and prints.

Works are interleaved in one process (ABCABC); what counts is the median of their CPU seconds.
"""

import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

OUT = Path("out/bench")
REPEATS = 5
BLOCK_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    """What was measured."""
    got: float
    """The figure."""
    goal: str = ""
    """Name in the list of goals; "" for a part of the line above."""
    want: str = ""
    """The goal."""


def show(rows: list[Row], name: str) -> None:
    """Print the table, and write it to `out/bench/<name>.json`."""
    for row in rows:
        print(f"{row.goal:4s} {row.what:78s} {row.want:>10s} {row.got:9.3f}", flush=True)

    OUT.mkdir(parents=True, exist_ok=True)
    table = [dataclasses.asdict(row) for row in rows]
    (OUT / f"{name}.json").write_text(json.dumps(table, indent=1))


def interleave(work: dict[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Run the works one after the other, several times; return the median CPU seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, run in work.items():
            times[name].append(cpu_s(run))

    return {name: statistics.median(seconds) for name, seconds in times.items()}


def cpu_s(run: Callable[[], object]) -> float:
    """Run once; return the CPU seconds of this process."""
    start = time.process_time()
    run()
    return time.process_time() - start


def wall_s(run: Callable[[], object]) -> float:
    """Run once; return the seconds of the wall clock."""
    start = time.monotonic()
    run()
    return time.monotonic() - start


def write_bytes(path: Path, size: int) -> None:
    """Write about as many bytes as something else did, and nothing else: the limit of the disk."""
    block = bytes(BLOCK_BYTES)
    with path.open("wb") as stream:
        for _ in range(size // BLOCK_BYTES):
            stream.write(block)
