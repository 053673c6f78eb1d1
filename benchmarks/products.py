"""What a whole export costs, step by step: `python -m benchmarks.products`.

15,000 vacants with chips and without a flyover; CPU and wall seconds.
"""

import shutil
import time
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.fire_city import fire_city
from benchmarks.table import OUT, Row, show
from gis_export.products import Course, export_products
from gis_export.table.settings import ExportSettings

VACANTS = 15_000


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The begin of a step."""

    step: str
    """Its name; "" for the end of the last one."""
    cpu_s: float
    """CPU seconds of this process at its begin."""
    wall_s: float
    """Wall clock at its begin."""


class StepClock:
    """Notes when each step begins."""

    def __init__(self) -> None:
        """Wait for the first step."""
        self.begun: list[Begun] = []

    def begin(self, step: str) -> None:
        """Note that a step begins."""
        self.begun.append(Begun(step=step, cpu_s=time.process_time(), wall_s=time.monotonic()))

    def rows(self) -> list[Row]:
        """Return a line for all steps together, and one for each."""
        whole_s = self.begun[-1].wall_s - self.begun[0].wall_s
        rows = [Row(what=f"every product of {VACANTS:,} vacants, wall s", got=whole_s)]
        for begun, after in pairwise(self.begun):
            wall_s = after.wall_s - begun.wall_s
            what = f"   {begun.step}: CPU s (wall {wall_s:.1f})"
            rows.append(Row(what=what, got=after.cpu_s - begun.cpu_s))
        return rows


def main() -> None:
    """Write every product into out/bench/products, and print what each step cost."""
    out = OUT / "products"
    shutil.rmtree(out, ignore_errors=True)
    inputs = fire_city(OUT / "fire_chips", vacants=VACANTS)

    clock = StepClock()
    export_products(
        inputs, out / "2024", ExportSettings(), delivered=out, course=Course(tell=clock.begin)
    )
    clock.begin("")
    show(clock.rows(), "products")


if __name__ == "__main__":
    main()
