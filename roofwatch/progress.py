"""Progress: a bar on a terminal, plain lines with the time left elsewhere, nothing when quiet."""

import sys
import time
from types import TracebackType
from typing import Never

from tqdm import tqdm

LINE_EVERY_S = 10.0


class Progress:
    """Counts parcels of one stage on stderr."""

    def __init__(self, stage: str, *, quiet: bool) -> None:
        """Name the stage."""
        self.stage, self.quiet = stage, quiet
        self.done, self.total = 0, 0
        self.start = self.said = time.monotonic()
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
            print(
                f"{self.stage}: {self.done} done in {time.monotonic() - self.start:.1f} s",
                file=sys.stderr,
            )

    def advance(self, count: int) -> None:
        """Count `count` more as done."""
        self.update(self.done + count, self.total)

    def update(self, done: int, total: int) -> None:
        """Set how many of how many are done."""
        step, self.done, self.total = done - self.done, done, total
        if self.quiet:
            return
        if sys.stderr.isatty():
            if self.bar is None:
                self.bar = tqdm(total=total or None, desc=self.stage, unit="", leave=False)
            self.bar.update(step)
            return
        now = time.monotonic()
        if now - self.said >= LINE_EVERY_S and done:
            self.said = now
            left = (
                f", about {(now - self.start) * (total - done) / done:.0f} s left"
                if total > done
                else ""
            )
            print(f"{self.stage}: {done}{f' of {total}' if total else ''}{left}", file=sys.stderr)
