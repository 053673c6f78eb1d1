"""Peak anonymous memory: what a process holds beside mapped files (Linux)."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

POLL_S = 0.02


class PeakWatcher(threading.Thread):
    """Looks again and again how much anonymous memory this process holds."""

    def __init__(self) -> None:
        """Start at what the process holds now."""
        super().__init__()
        self.peak_mb = anonymous_mb("self")
        self.is_done = threading.Event()

    def run(self) -> None:
        """Watch until told to stop."""
        while not self.is_done.is_set():
            self.peak_mb = max(self.peak_mb, anonymous_mb("self"))
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End the watch."""
        self.is_done.set()
        self.join()


def peak_anonymous_mb(work: Callable[[], object]) -> float:
    """Run `work` and return the peak of this process's anonymous memory meanwhile, MB."""
    watcher = PeakWatcher()
    watcher.start()
    work()
    watcher.stop()
    return watcher.peak_mb


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            pids += [int(child) for child in _read_if_there(children).split()]
    return pids


def anonymous_mb(pid: int | str) -> float:
    """Return the anonymous memory of a process in MB, 0 when it has ended."""
    for line in _read_if_there(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1000
    return 0.0


def _read_if_there(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
