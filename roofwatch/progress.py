"""Progress: a bar on a terminal, plain lines with the time left elsewhere, nothing when quiet."""

import sys
import time
from types import TracebackType
from typing import Never

from tqdm import tqdm

from roofwatch.console import warn

LINE_EVERY_S = 10.0
"""Seconds between two plain lines."""


class Progress:
    """Counts parcels of one stage on stderr."""

    def __init__(self, stage: str, *, quiet: bool) -> None:
        """Name the stage."""
        self.stage = stage
        self.quiet = quiet
        self.done = 0
        self.total = 0
        self.start = time.monotonic()
        self.said = self.start
        self.bar: tqdm[Never] | None = None

    def __enter__(self) -> "Progress":
        """Start the clock."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the bar, or say how long it took."""
        if self.bar is not None:
            self.bar.close()
        elif not self.quiet and self.done and kind is None:
            seconds = time.monotonic() - self.start
            warn(f"{self.stage}: {self.done} done in {seconds:.1f} s")

    def advance(self, count: int) -> None:
        """Count `count` more as done."""
        self.update(self.done + count, self.total)

    def update(self, done: int, total: int) -> None:
        """Set how many of how many are done."""
        step = done - self.done
        self.done = done
        self.total = total
        if self.quiet:
            return

        if sys.stderr.isatty():
            self._move_bar(step)
        elif done and time.monotonic() - self.said >= LINE_EVERY_S:
            self._print_line()

    def _move_bar(self, step: int) -> None:
        if self.bar is None:
            self.bar = tqdm(total=self.total or None, desc=self.stage, unit="", leave=False)
        self.bar.update(step)

    def _print_line(self) -> None:
        now = time.monotonic()
        self.said = now
        of_total = f" of {self.total}" if self.total else ""

        time_left = ""
        if self.total > self.done:
            seconds = (now - self.start) * (self.total - self.done) / self.done
            time_left = f", about {seconds:.0f} s left"
        warn(f"{self.stage}: {self.done}{of_total}{time_left}")
