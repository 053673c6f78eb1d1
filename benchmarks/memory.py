"""Peak anonymous memory: what a process holds beside mapped files (Linux)."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

POLL_S = 0.02


def peak_anonymous_mb(work: Callable[[], object]) -> float:
    """Run `work` and return the peak of this process's anonymous memory meanwhile, MB."""
    peak, done = [anonymous_mb("self")], threading.Event()

    def watch() -> None:
        while not done.is_set():
            peak.append(max(peak[-1], anonymous_mb("self")))
            time.sleep(POLL_S)

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    done.set()
    watcher.join()
    return peak[-1]


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    pids = [pid]
    for parent in pids:
        for thread in Path(f"/proc/{parent}/task").glob("*/children"):
            pids += [int(child) for child in _text(thread).split()]
    return pids


def anonymous_mb(pid: int | str) -> float:
    """Return the anonymous memory of a process in MB, 0 when it is gone."""
    lines = [
        line
        for line in _text(Path(f"/proc/{pid}/status")).splitlines()
        if line.startswith("RssAnon")
    ]
    return int(lines[0].split()[1]) / 1000 if lines else 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
