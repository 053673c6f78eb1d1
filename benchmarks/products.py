"""`python -m benchmarks.products`: the whole export of 15,000 vacants with chips and without a flyover, step by step, CPU and wall seconds."""

import shutil
import time
from itertools import pairwise

from benchmarks.fire_city import fire_city
from benchmarks.table import OUT, Row, show
from gis_export.products import export_products
from gis_export.table.settings import ExportSettings

VACANTS = 15_000


def main() -> None:
    """Write every product into out/bench/products, and print what each step cost."""
    out = OUT / "products"
    shutil.rmtree(out, ignore_errors=True)
    inputs = fire_city(OUT / "fire_chips", vacants=VACANTS)
    begun = [("", time.process_time(), time.monotonic())]

    def tell(step: str) -> None:
        begun.append((step, time.process_time(), time.monotonic()))

    export_products(inputs, out / "2024", ExportSettings(), delivered=out, progress=tell)
    tell("")
    rows = [
        Row(what=f"   {step}: CPU s (wall {after[2] - wall:.1f})", got=after[1] - cpu)
        for (step, cpu, wall), after in pairwise(begun[1:])
    ]
    show(
        [
            Row(
                what=f"every product of {VACANTS:,} vacants, wall s", got=begun[-1][2] - begun[1][2]
            ),
            *rows,
        ],
        "products",
    )


if __name__ == "__main__":
    main()
