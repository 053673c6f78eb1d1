"""How every benchmark measures and prints: works interleaved in one process (ABCABC), the median of their CPU seconds, a line each."""

import dataclasses
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

OUT = Path("out/bench")
REPEATS = 5


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
    (OUT / f"{name}.json").write_text(
        json.dumps([dataclasses.asdict(row) for row in rows], indent=1)
    )


def interleave(work: dict[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Run the works one after the other, several times; return the median CPU seconds of each."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, run in work.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}
