"""What a roofwatch command costs, as a user starts it: a cold process with all its workers.

python -m benchmarks.commands train demo/city.toml --year 2024 --quiet
"""

import resource
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.memory import anonymous_mb, family

POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one command cost."""

    wall_s: float
    """Seconds of the wall clock."""
    cpu_s: float
    """CPU seconds of all its processes."""
    main_mb: float
    """Peak anonymous memory of the main process."""
    worker_mb: float
    """Peak anonymous memory of the largest other process."""
    together_mb: float
    """Peak anonymous memory of all its processes together."""


def run_command(arguments: list[str]) -> Cost:
    """Run one roofwatch command.

    Raises:
        SystemExit: it failed.
    """
    cpu_before_s = _children_cpu_s()
    start = time.monotonic()
    peaks: dict[int, float] = {}
    together_mb = 0.0
    with subprocess.Popen([sys.executable, "-m", "roofwatch.cli", *arguments]) as process:
        while process.poll() is None:
            now = {pid: anonymous_mb(pid) for pid in family(process.pid)}
            together_mb = max(together_mb, sum(now.values()))
            for pid, held_mb in now.items():
                peaks[pid] = max(peaks.get(pid, 0.0), held_mb)
            time.sleep(POLL_S)

    if process.returncode:
        raise SystemExit(process.returncode)
    main_mb = peaks.pop(process.pid, 0.0)
    return Cost(
        wall_s=time.monotonic() - start,
        cpu_s=_children_cpu_s() - cpu_before_s,
        main_mb=main_mb,
        worker_mb=max(peaks.values(), default=0.0),
        together_mb=together_mb,
    )


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    cost = run_command(sys.argv[1:])
    print(
        f"{cost.wall_s:.1f} s of wall, {cost.cpu_s:.1f} CPU s; peak anonymous memory "
        f"{cost.main_mb:.0f} MB, largest other process {cost.worker_mb:.0f} MB"
    )
